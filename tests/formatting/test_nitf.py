"""The nitf format, against the IPTC's schema and our own promises about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from lxml import etree

from tasks.formatting import Wire, make_rendition
from tasks.formatting.nitf_body import fill
from tasks.model.markup import clean_html
from tasks.model.release import Release, supplied

NITF = "{http://iptc.org/std/NITF/2006-10-18/}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Item:
    """A NITF document, asked by the names of its elements."""

    def __init__(self, body: bytes) -> None:
        self.root = etree.fromstring(body)

    def all(self, tag: str) -> list[Any]:
        return list(self.root.iter(NITF + tag))

    def one(self, tag: str) -> Any:
        (found,) = self.all(tag)
        return found

    def meta(self) -> dict[str, str]:
        return {element.get("name"): element.get("content") for element in self.all("meta")}


@pytest.fixture
def item(wire: Wire, received: datetime, first_received: datetime) -> Any:
    def make(release: Any, translation: Any, **options: Any) -> Item:
        rendition = make_rendition(release, translation, "nitf", wire, received, first_received, **options)
        assert rendition.content_type == "text/vnd.IPTC.NITF; charset=utf-8"
        return Item(rendition.body)

    return make


def test_says_what_the_release_says(make_release: Callable[..., Release], item: Any) -> None:
    release = make_release(embargo_until="2026-12-01T07:00:00+01:00")
    made = item(release, supplied(release, "en"))
    assert made.one("doc-id").attrib == {"id-string": f"{release.uri}:en", "regsrc": "Fanwire"}
    assert made.one("du-key").attrib == {"key": release.uri, "version": "1"}
    assert made.one("docdata").attrib == {"management-status": "usable"}
    assert made.one("urgency").get("ed-urg") == "4"
    assert made.one("date.issue").get("norm") == "20261122T093015Z"
    assert made.one("date.release").get("norm") == "20261201T060000Z"
    assert made.one("revision-history").get("norm") == "20261121T080000Z"
    assert [(one.get("value"), one.text) for one in made.all("classifier")] == [
        ("20000178", "Earnings"), ("04000000", "Economy, business and finance"), ("20099999", None),
    ]  # fmt: skip
    assert [(one.get("idsrc"), one.get("value")) for one in made.all("alt-code")] == [
        ("XLIS", "NWD"), ("NYSE", "NW.A"), ("ISIN", "PTNWD0AM0006"), ("LEI", "5299NORTHWIND00SA096"),
    ]  # fmt: skip
    assert (made.one("hl1").text, made.all("hl2")[0].text) == (release.headline, release.subheadline)
    dateline = made.one("dateline")
    assert "".join(dateline.itertext()) == "Porto, November 1, 2026 (Fanwire) —"
    assert [(part.tag, part.text) for part in dateline] == [
        (NITF + "location", "Porto"), (NITF + "story.date", "November 1, 2026"),
    ]  # fmt: skip
    assert made.one("story.date").get("norm") == "20261101"
    assert made.one("rights").text == "© 2026 Northwind SA"
    assert [one.text for one in made.all("person")] == ["Ana Reis", "Desk"]
    assert made.meta() == {"fanwire:translation": "source", "fanwire:direction": "ltr"}
    assert not made.all("correction")
    assert not made.all("ed-msg")


@pytest.mark.parametrize(("action", "status"), [("correct", "usable"), ("kill", "canceled"), ("test", "withheld")])
def test_says_what_is_to_be_done(action: str, status: str, make_release: Callable[..., Release], item: Any) -> None:
    version = 1 if action == "test" else 2
    killed = "canceled" if action == "kill" else "usable"
    release = make_release(version=version, status=killed, correction_note="The year.")
    made = item(release, supplied(release, "en"), test=action == "test")
    assert made.one("docdata").get("management-status") == status
    assert [one.get("id-string") for one in made.all("correction")] == [f"{release.uri}:en"] * (action != "test")
    first = made.all("note")[0]
    assert (first.get("noteclass"), first.get("type")) == ("editorsnote", "npa")
    assert ("The year." in "".join(first.itertext())) is (action != "test")
    assert (len(made.all("body.content")[-1]) == 0) is (action == "kill")


def test_a_translation_says_what_it_is_and_of_what(
    make_release: Callable[..., Release], translate: Any, item: Any
) -> None:
    release = make_release(version=2, correction_note="The year.")
    made = item(release, translate(release, "ar", source="en", status="checked"))
    assert made.root.get("baselang") == made.root.get(LANG) == "ar"
    assert made.one("body").get(LANG) == "ar-x-mtfrom-en"
    assert made.meta()["fanwire:translation-of"] == f"{release.uri}:en"
    assert made.meta()["fanwire:direction"] == "rtl"
    assert made.meta()["digitalsourcetype"].endswith("/algorithmicallyEnhanced")
    assert [one.get(LANG) for one in made.all("p") if one.text == "The year."] == ["en"]
    assert made.one("rights").get(LANG) == "en"


def test_the_wires_own_words_stand_apart_from_the_body(make_release: Callable[..., Release], item: Any) -> None:
    release = make_release()
    made = item(release, supplied(release, "en"))
    body = "".join(made.all("body.content")[-1].itertext())
    end = made.all("note")[-1]
    assert (end.get("noteclass"), end.get("type")) == ("end", "pa")
    kinds = [part.get("class") for part in end.iter(NITF + "p")]
    assert kinds == ["contacts", "contact", "contact", "disclaimer", "industries", "about"]
    assert not any("".join(part.itertext()) in body for part in end.iter(NITF + "p"))


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ("<p>a <b>b</b> <i lang='pt'>c</i></p>",
         '<p>a <em class="b">b</em> <em class="i" xml:lang="pt">c</em></p>'),
        ("loose<h3>h</h3><pre>x\n y</pre><hr>", '<p>loose</p><hl2 class="h3">h</hl2><pre>x\n y</pre><hr/>'),
        ("<pre>x <b>y</b></pre>", '<p class="pre">x <em class="b">y</em></p>'),
        ("<p>10<sup>6</sup>, CO<sub>2</sub></p>",
         "<p>10<num><sup>6</sup></num>, CO<num><sub>2</sub></num></p>"),
        ("<ol start='3'><li>a</li><li><p>b</p><ul><li>c</li></ul></li></ol>",
         '<ol seqnum="3"><li>a</li><li><p>b</p><ul><li>c</li></ul></li></ol>'),
        ("<ul></ul><p> </p><table></table>", ""),
        ("<dl><dt>t</dt><dd>d</dd></dl>", "<dl><dt>t</dt><dd><p>d</p></dd></dl>"),
        ("<blockquote>q</blockquote>", "<bq><block><p>q</p></block></bq>"),
        ("<p>see <img src='https://i.example/' alt='I' width='10' height='5%'> it</p>",
         '<p>see  it</p><media media-type="image"><media-reference source="https://i.example/" alternate-text="I" '
         'width="10"/></media>'),
        ("<figure><img src='https://i.example/'><figcaption>c <a href='https://a.example/'>d</a></figcaption></figure>",
         '<media media-type="image"><media-reference source="https://i.example/"/><media-caption>c '
         '<a href="https://a.example/">d</a></media-caption></media>'),
        ("<p><a href='https://a.example/'><img src='https://i.example/' alt='I'></a></p>",
         '<p><a href="https://a.example/">I</a></p><media media-type="image"><media-reference '
         'source="https://i.example/" alternate-text="I"/></media>'),
        ("<table><caption>c</caption><tfoot><tr><td>f</td></tr></tfoot><tbody><tr><td colspan='2'>a</td></tr></tbody>"
         "<tbody><tr><th>b</th></tr></tbody></table>",
         '<table><caption>c</caption><tfoot><tr><td>f</td></tr></tfoot><tbody><tr><td colspan="2">a</td></tr><tr>'
         "<th>b</th></tr></tbody></table>"),
    ],
)  # fmt: skip
def test_elements(body: str, blocks: str) -> None:
    content = etree.Element("body.content")
    fill(content, clean_html(body))
    made = etree.tostring(content, encoding="unicode")
    assert made.removeprefix("<body.content>").removesuffix("</body.content>").replace("<body.content/>", "") == blocks
