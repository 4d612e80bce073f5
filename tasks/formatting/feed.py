"""What entries of feeds have in common, whether Atom, RSS or JSON Feed: title, content, and Fanwire's own fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lxml import etree

from tasks.formatting import xml
from tasks.formatting.article import Article
from tasks.formatting.formats.json import document
from tasks.formatting.fragment import fragment
from tasks.formatting.media_html import title_of
from tasks.formatting.plain import paragraphs

MEDIA = "http://search.yahoo.com/mrss/"
"""Of Media RSS, which readers know in Atom as well."""
_MEDIUM = {"picture": "image", "video": "video", "audio": "audio", "document": "document"}
NAMESPACE = "urn:fanwire:release"
"""Of the elements that carry in Atom and RSS what neither has a place for."""
FIELDS = (
    "action", "status", "release", "version", "received", "first_received", "embargo_until", "urgency", "language",
    "direction", "translation", "also_in", "notice", "correction_note", "dateline", "issuer",
    "contacts", "rights", "boilerplate",
)  # fmt: skip
"""The fields of the format `json` that feeds have no element for."""
_EACH = {"contacts": "contact", "tickers": "ticker"}
"""What one part of a list is called; by default as the list is."""


def moment(article: Article, format: str) -> datetime:
    """When the wire took this version; raises ValueError for an article that does not say, since no feed can do
    without."""
    if article.received is None:
        raise ValueError(f"{format} needs the moment at which the release was received")
    return article.received


def title(article: Article) -> str:
    """The headline; that of a kill or a test says so, for programs that show nothing else."""
    if article.action in ("kill", "test") and article.label:
        return f"[{article.label}] {article.headline}"
    return article.headline


def content(article: Article) -> str:
    """The article as HTML without its headline, which is the title of the entry."""
    html = str(fragment(article, headline=False))
    return html.replace("&#34;", "&quot;")  # there are readers that take the first for the end of its attribute


def summary(article: Article) -> str | None:
    """One sentence or paragraph: the notice of a kill, else the subheadline, else the beginning of the body."""
    if article.action == "kill":
        return article.lead
    return article.subheadline or next(iter(paragraphs(article.body_parts[1], article.house)), None)


def add_media(entry: Any, article: Article) -> None:
    """Add the media as Media RSS: each a group of the file and, of a picture, its smaller sizes."""
    for item in article.media:
        group = _media(entry, "group")
        for href, content_type, size, width, height in (
            (item.href, item.content_type, item.bytes, item.width, item.height),
            *((one.href, one.content_type, one.bytes, one.width, one.height) for one in item.sizes),
        ):
            content = _media(group, "content", url=href, medium=_MEDIUM[item.type])
            known = {"type": content_type, "fileSize": size, "width": width, "height": height}
            if href == item.href:
                known |= {"duration": round(item.duration or 0), "isDefault": "true"}
            xml.put(content, **{name: str(value) for name, value in known.items() if value})
        for name, text in (("title", title_of(item)), ("description", item.alt), ("credit", item.credit)):
            if text:
                _media(group, name).text = xml.clean(text)
        if item.rights:
            _media(group, "copyright").text = xml.clean(item.rights)


def _media(parent: Any, name: str, **attributes: str) -> Any:
    made = etree.SubElement(parent, f"{{{MEDIA}}}{name}")
    xml.put(made, **attributes)
    return made


def author(article: Article) -> tuple[str, str | None]:
    """Name and web address of the issuer, or of the wire if the release names none."""
    issuer = article.release.issuer
    return (issuer.name, issuer.url) if issuer else (article.wire.name, article.wire.url)


def fields(article: Article) -> dict[str, Any]:
    """Fanwire's own fields, called as in the format `json`, without those that are empty."""
    known = document(article)
    return {name: known[name] for name in FIELDS if known[name] not in (None, [], {})}


def extend(entry: Any, article: Article) -> None:
    """Add Fanwire's own fields as elements: an object has its fields as elements inside, a list one for each part."""
    for name, value in fields(article).items():
        _element(entry, name, value)


def _element(parent: Any, name: str, value: Any) -> None:
    if isinstance(value, list):
        for part in value:
            _element(parent, _EACH.get(name, name), part)
    elif value is not None:
        made = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
        if isinstance(value, dict):
            for inner, part in value.items():
                _element(made, inner, part)
        else:
            made.text = xml.clean(str(value))
