"""What tests of review share: a release that a real engine translates, and files as people send them back."""

from __future__ import annotations

from typing import Any

from lxml import etree

from tasks.translation.exchange.xliff import NAMESPACE

CHINESE: dict[str, Any] = {
    "language": "zh-Hans",
    "headline": "公司发布新软件",
    "body_html": '<p>该公司的<a href="https://acme.example/s?a=1&amp;b=2">服务器</a>运行新的软件。员工很高兴。</p>',
    "dateline": None,
}


def with_target(data: bytes, id: str, xml: str, state: str = "translated") -> bytes:
    """An XLIFF file with another target in one unit."""
    root: Any = etree.fromstring(data)
    [segment] = root.xpath(f"//x:unit[@id='{id}']/x:segment", namespaces={"x": NAMESPACE})
    segment.set("state", state)
    for old in segment.findall(f"{{{NAMESPACE}}}target"):
        segment.remove(old)
    segment.append(etree.fromstring(f'<target xmlns="{NAMESPACE}">{xml}</target>'))
    return etree.tostring(root)
