"""The markdown format: read back by a parser of Markdown, it says what the release says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html
from markdown_it import MarkdownIt

from tasks.formatting import Wire, house_text, make_rendition
from tasks.formatting.markdown_body import markdown
from tasks.model.markup import clean_html
from tasks.model.release import Release, supplied

from .test_text_format import HOSTILE, HOSTILE_LINKS, TAGS, WORDS

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@pytest.fixture
def parts(wire: Wire) -> Callable[..., tuple[dict[str, Any], Any]]:
    """The front matter, and the rest as the tree of its HTML."""

    def make(release: Release, translation: Any) -> tuple[dict[str, Any], Any]:
        rendition = make_rendition(release, translation, "markdown", wire)
        assert rendition.content_type == "text/markdown; charset=utf-8"
        _, front, rest = rendition.body.decode().split("---\n", 2)
        return yaml.safe_load(front), lxml_html.fragment_fromstring(PARSER.render(rest), create_parent="div")

    return make


def test_has_front_matter_and_a_body(make_release: Callable[..., Release], parts: Any, links: tuple[str, ...]) -> None:
    release = make_release(embargo_until="2026-12-01T07:00:00+01:00")
    front, body = parts(release, supplied(release, "en"))
    assert (front["uri"], front["version"], front["status"]) == (f"{release.uri}:en", 1, "usable")
    assert (front["embargo_until"], front["urgency"], front["language"]) == ("2026-12-01T07:00:00+01:00", 4, "en")
    assert front["issuer"]["tickers"][0] == {"exchange": "XLIS", "symbol": "NWD"}
    assert not {"body_html", "body_text", "translation"} & front.keys()
    assert body[0].tag == "h1"
    assert body[0].text == release.headline
    assert body.find("p").text_content().startswith("Porto, November 1, 2026 (Fanwire) — Northwind said")
    addresses = {one.get("href") or one.get("src") for one in body.iter("a", "img")}
    assert addresses >= {link if ":" in link else f"mailto:{link}" for link in links}
    assert [cell.text_content() for cell in body.iter("td")] == ["2027", "4"]
    after = [one.text_content() for one in body.find("hr").itersiblings()]
    assert after[0] == "Media contact"
    assert after[-1].startswith("Fanwire distributes")


def test_a_correction_begins_with_its_note(make_release: Callable[..., Release], translate: Any, parts: Any) -> None:
    release = make_release(version=2, correction_note="The *year* _of_ 1. May")
    front, body = parts(release, translate(release, "ja", source="en", status="checked"))
    assert [one.tag for one in body[:3]] == ["blockquote", "blockquote", "h1"]
    assert body[1].text_content().strip() == "The *year* _of_ 1. May"
    assert front["translation"]["review"] == "unreviewed"


def test_a_kill_has_no_body(make_release: Callable[..., Release], translate: Any, parts: Any) -> None:
    release = make_release(version=2, status="canceled", correction_note="Sent in error.")
    front, body = parts(release, translate(release, "ar"))
    assert front["status"] == "canceled"
    assert [one.tag for one in body] == ["blockquote", "blockquote", "h1", "hr", "h2", "ul", "p"]


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ("<p>a <b>b</b> <i>c d</i> <s>e</s> <code>f`g</code></p>", "a **b** *c d* ~~e~~ ``f`g``"),
        ("<p>と<b>「船」</b>の</p>", "と<b>「船」</b>の"),
        ("<p>*a* _b_ snake_case [c](d) &lt;e&gt; &amp;amp; 2 * 3 | 4</p>",
         r"\*a\* \_b\_ snake_case \[c\](d) \<e\> \&amp; 2 \* 3 \| 4"),
        ("<p>a <b>(b):</b> c <i>d.</i>e</p>", "a **(b):** c <i>d.</i>e"),
        ("<p>1. May<br>- x<br># y</p>", "1\\. May\\\n\\- x\\\n\\# y"),
        ("<p>10<sup>6</sup> and <q>so</q></p>", "10<sup>6</sup> and “so”"),
        ("<h2>A</h2><h3>B #</h3><hr>", "## A\n\n### B \\#\n\n* * *"),
        ("<ul><li>a</li><li>b<ol start='3'><li>c</li></ol></li></ul><ul><li>d</li></ul>",
         "- a\n- b\n\n  3. c\n\n<!-- -->\n\n- d"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n> \n> b"),
        ("<pre>a\n  ```\n b</pre>", "````\na\n  ```\n b\n````"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>c | d</td><td>e<br>f</td></tr></table>",
         "| a | b |\n| --- | --- |\n| c \\| d | e<br>f |"),
        ("<table><tr><td colspan='2'>a</td></tr></table>",
         '<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>'),
        ("<p><a href='https://a.example/(b)_c?d=e&amp;f'>g ]h</a><img src='https://i.example/' alt='I'></p>",
         "[g \\]h](https://a.example/\\(b\\)_c?d=e&f)![I](https://i.example/)"),
        ("<p>Hey!<a href='https://a.example/'>b</a></p>", "Hey\\![b](https://a.example/)"),
        ("<dl><dt>t</dt><dd>d &lt;</dd></dl>", "<dl><dt>t</dt><dd>d &lt;</dd></dl>"),
    ],
)  # fmt: skip
def test_elements(body: str, blocks: str) -> None:
    assert markdown(clean_html(body), house_text("en")) == blocks


SIGNS = st.sampled_from(
    ["*", "_", "`", "[x]", "[a](b)", "![", "- ", "1. ", "# ", "> ", "&amp;lt;", "&lt;b&gt;", "~~", "|", "\\", "=",
     "\n", "  ", "「", "!", "<br>", "<b>z</b>", "<i>u v</i>", "<code>a`b</code>", "<em>*q*</em>"]
)  # fmt: skip
NODES = st.recursive(
    WORDS | SIGNS | HOSTILE | HOSTILE_LINKS,
    lambda inner: st.tuples(st.sampled_from([*TAGS, "s", "strong", "i", "mark"]), st.lists(inner, max_size=5)).map(
        lambda pair: f"<{pair[0]}>{''.join(pair[1])}</{pair[0]}>"
    ),
    max_leaves=25,
)


@settings(max_examples=100)
@given(NODES)
def test_read_back_it_has_the_same_words_and_links(body: str) -> None:
    source = clean_html(f"<p>x</p>{body}")
    written = markdown(source, house_text("en"))
    before = lxml_html.fragment_fromstring(source, create_parent="div")
    after = lxml_html.fragment_fromstring(PARSER.render(written), create_parent="div")
    assert sorted(str(one.get("href")) for one in after.iter("a")) == sorted(
        str(one.get("href")) for one in before.iter("a")
    )
    if all(one.text_content().strip() for one in before.iter("a")):  # else the address stands for the words
        assert _words(after) == _words(before)


def _words(tree: Any) -> str:
    """The text without spaces and quotation marks, those of pictures included."""
    for picture in tree.iter("img"):
        picture.tail = "".join(dict.fromkeys([picture.get("alt") or "", picture.get("title") or ""])) + (
            picture.tail or ""
        )
    return re.sub(r"[\s“”‘’–]", "", "".join(tree.itertext()))
