"""The newsmlg2 format, against the IPTC's schema and our own promises about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

import demo_release
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml import html as lxml_html

from tasks.formatting import Wire, make_rendition
from tasks.language_data import known_languages
from tasks.model.documents import DocumentRefused
from tasks.model.languages import LanguageTag
from tasks.model.readers import read_release
from tasks.model.release import Release, supplied

NAMES = {"g2": "http://iptc.org/std/nar/2006-10-01/", "x": "http://www.w3.org/1999/xhtml"}
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Item:
    """A newsItem, asked by paths in which each step is an element of NewsML-G2."""

    def __init__(self, body: bytes) -> None:
        self.root = etree.fromstring(body)

    def all(self, path: str) -> list[Any]:
        return list(self.root.iterfind("/".join(f"g2:{step}" for step in path.split("/")), NAMES))

    def one(self, path: str) -> Any:
        (found,) = self.all(path)
        return found

    def qcodes(self, path: str) -> list[str]:
        return [element.get("qcode") for element in self.all(path)]


@pytest.fixture
def item(wire: Wire, received: datetime, first_received: datetime, newsmlg2_errors: Any) -> Any:
    """The item that a translation makes. If the schema is there, it must have nothing against it."""

    def make(release: Any, translation: Any) -> Item:
        rendition = make_rendition(release, translation, "newsmlg2", wire, received, first_received)
        assert newsmlg2_errors is None or newsmlg2_errors(rendition.body) == []
        assert rendition.content_type == "application/vnd.iptc.g2.newsitem+xml; charset=utf-8"
        return Item(rendition.body)

    return make


@pytest.mark.parametrize("language", known_languages())
def test_says_which_release_it_is_in_every_language(
    language: str, make_release: Callable[..., Release], translate: Any, item: Any
) -> None:
    release = make_release(version=3, embargo_until="2026-12-01T07:00:00+01:00", correction_note="The year.")
    made = item(release, supplied(release, language) or translate(release, language, source="en", status="checked"))
    root = made.root
    assert (root.get("guid"), root.get("version")) == (f"{release.uri}:{language}", "3")
    assert (root.get(LANG), root.get("dir")) == (language, LanguageTag(language).direction)
    assert made.one("contentMeta/altId").text == release.uri
    assert made.one("contentMeta/language").get("tag") == language
    assert made.one("itemMeta/embargoed").text == "2026-12-01T07:00:00+01:00"
    assert made.one("itemMeta/versionCreated").text == "2026-11-22T09:30:15+00:00"
    assert made.one("itemMeta/firstCreated").text == "2026-11-21T08:00:00+00:00"
    body = made.one("contentSet/inlineXML")
    assert body.get("dir") == body[0].get("dir") == LanguageTag(language).direction
    assert "{" not in etree.tostring(made.one("itemMeta"), encoding="unicode")


def test_says_what_the_release_says(make_release: Callable[..., Release], item: Any) -> None:
    release = make_release()
    made = item(release, supplied(release, "en"))
    assert made.qcodes("itemMeta/itemClass") == ["ninat:text"]
    assert made.one("itemMeta/provider/name").text == "Fanwire"
    assert made.qcodes("itemMeta/pubStatus") == ["stat:usable"]
    assert made.one("rightsInfo/copyrightNotice").text == "© 2026 Northwind SA"
    assert made.one("rightsInfo/usageTerms").text.startswith("This release was provided by a third party")
    assert made.one("contentMeta/urgency").text == "4"
    assert made.one("contentMeta/contentCreated").text == "2026-11-01"
    assert made.one("contentMeta/located/name").text == "Porto"
    assert made.one("contentMeta/dateline").text == "Porto, November 1, 2026 (Fanwire) —"
    assert [headline.text for headline in made.all("contentMeta/headline")] == [release.headline, release.subheadline]
    assert made.qcodes("contentMeta/subject") == [f"medtop:{topic}" for topic in release.topics]
    assert [name.text for name in made.all("contentMeta/subject/name")] == ["Earnings", "Economy, business and finance"]
    assert made.one("contentMeta/creator/name").text == "Northwind SA"
    instruments = made.all("contentMeta/creator/organisationDetails/hasInstrument")
    assert [(one.get("marketlabel") or one.get("symbolsrcuri"), one.get("symbol")) for one in instruments] == [
        ("XLIS", "NWD"), ("NYSE", "NW.A"), ("http://www.wikidata.org/entity/P946", "PTNWD0AM0006"),
    ]  # fmt: skip
    assert made.one("contentMeta/creator/related").get("value") == "5299NORTHWIND00SA096"
    contact = "contentMeta/infoSource/personDetails/contactInfo"
    assert [way.text for way in made.one(contact)] == ["ana@northwind.example", "+351 22 123 456"]
    picture = made.one("itemMeta/link")
    assert (picture.get("href"), picture.get("title")) == ("https://northwind.example/yard.jpg", "Porto, 2026")
    assert [text.text for text in made.all("itemMeta/link/description")] == ["Porto, 2026", "The yard"]
    assert made.one("itemMeta/link/remoteContent").get("href") == made.one("contentMeta/icon").get("href")
    for absent in ("edNote", "signal", "embargoed"):
        assert not made.all(f"itemMeta/{absent}")
    for absent in ("digitalSourceType", "contributor", "contentMetaExtProperty"):
        assert not made.all(f"contentMeta/{absent}")


def test_the_body_is_the_same_html_with_every_link_byte_for_byte(
    make_release: Callable[..., Release], item: Any, links: tuple[str, ...]
) -> None:
    release = make_release()
    made = item(release, supplied(release, "en"))
    (body,) = made.root.iterfind(".//x:html/x:body", NAMES)
    addresses = [element.get("href") or element.get("src") for element in body.iter(f"{{{NAMES['x']}}}*")]
    pages, picture, mail = links[:3], links[3], links[4]
    assert [address for address in addresses if address] == [*pages, f"mailto:{mail}", picture]
    source = lxml_html.fragment_fromstring(release.html, create_parent="div")
    assert "".join(body.itertext()) == source.text_content()
    assert [etree.QName(element).localname for element in body.iterdescendants()] == [
        element.tag for element in source.iterdescendants()
    ]


def test_a_correction_says_so(make_release: Callable[..., Release], translate: Any, item: Any) -> None:
    release = make_release(version=2, correction_note="The year.")
    made = item(release, translate(release, "ar"))
    assert made.qcodes("itemMeta/signal") == ["sig:correction"]
    lead, note, machine = made.all("itemMeta/edNote")
    assert (lead.get(LANG), machine.get(LANG)) == (None, None)  # the item's own language
    assert (note.text, note.get(LANG), note.get("dir")) == ("The year.", "en", "ltr")


@pytest.mark.parametrize("language", known_languages())
def test_a_kill_has_no_content(language: str, make_release: Callable[..., Release], translate: Any, item: Any) -> None:
    release = make_release(version=2, status="canceled", correction_note="Sent in error.")
    made = item(release, translate(release, language))
    assert made.qcodes("itemMeta/pubStatus") == ["stat:canceled"]
    assert not made.all("contentSet")
    assert not made.all("rightsInfo/usageTerms")
    assert [note.text for note in made.all("itemMeta/edNote")][1:] == ["Sent in error."]
    assert "ferries." not in etree.tostring(made.root, encoding="unicode")


def test_a_translation_carries_where_it_came_from(
    make_release: Callable[..., Release], translate: Any, item: Any
) -> None:
    release = make_release(version=2)
    made = item(release, translate(release, "zh-Hant", "opencc", source="zh-Hans", status="approved"))
    link, other, _ = made.all("itemMeta/link")
    assert link.get("reluri") == "https://schema.org/translationOfWork"
    assert (other.get("reluri"), other.get("residref")) == ("https://schema.org/workTranslation", f"{release.uri}:en")
    assert (link.get("residref"), link.get("version")) == (f"{release.uri}:zh-Hans", "2")
    assert link[0].get("tag") == "zh-Hans"
    assert made.qcodes("contentMeta/digitalSourceType") == ["digsrctype:algorithmicallyEnhanced"]
    engine = made.one("contentMeta/contributor")
    assert (engine.get("roleuri"), engine.get("literal")) == ("https://schema.org/translator", "opencc")
    assert engine[0].text == "model 1"
    assert made.one("contentMeta/contentMetaExtProperty").get("value") == "approved"
    for element in (made.all("contentMeta/headline")[0], made.one("contentSet/inlineXML")):
        assert element.get(LANG) == "zh-Hant-x-mtfrom-zh-Hans"
    assert "機器翻譯" in made.all("itemMeta/edNote")[-1].text


def test_what_people_translated_names_no_machine(
    make_release: Callable[..., Release], translate: Any, item: Any
) -> None:
    release = make_release()
    made = item(release, translate(release, "de", "supplied"))
    assert made.all("itemMeta/link")[0].get("residref") == f"{release.uri}:en"
    assert not made.all("contentMeta/contributor")
    assert not made.all("contentMeta/digitalSourceType")
    assert made.one("contentSet/inlineXML").get(LANG) == "de"


HOSTILE = "]]></headline><b>x</b><!-- & \u2028\x0b\x01\ufffe \" ' {{ 7 * 7 }} {wire}\t."


def test_hostile_text_stays_text(make_release: Callable[..., Release], translate: Any, item: Any) -> None:
    release = make_release(
        headline=HOSTILE,
        subheadline=HOSTILE,
        rights=HOSTILE,
        version=2,
        correction_note=HOSTILE,
        dateline={"place": HOSTILE, "date": "2026-11-01"},
        issuer={"name": HOSTILE, "tickers": ["A:B"]},
        contacts=[{"name": HOSTILE, "role": HOSTILE, "email": '"><b>@x', "phone": HOSTILE}],
    )
    for translation in (supplied(release, "en"), translate(release, "ar", model=HOSTILE, engine="a<b")):
        made = item(release, translation)
        assert not list(made.root.iter("b", "{*}b"))
        said = made.all("contentMeta/headline")[0].text
        assert said == "]]></headline><b>x</b><!-- & \u2028 \" ' {{ 7 * 7 }} {wire} ."


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.example", True),
        ("https://a.example:8443/ü/{x}?q=%C3%BC&r=|#top", True),
        ("https://新闻.example/", True),
        ("https://a.example/%zz", False),
        ("https://a.example/?q[]=1", False),
        ("https://a.example/#a#b", False),
        ("http://:x@[", False),
    ],
)
def test_an_address_that_would_spoil_the_item_is_left_out(
    url: str, kept: bool, make_release: Callable[..., Release], item: Any
) -> None:
    release = make_release(issuer={"name": "Northwind SA", "url": url})
    made = item(release, supplied(release, "en"))
    web = made.all("contentMeta/creator/organisationDetails/contactInfo/web")
    assert [element.text for element in web] == ([url] if kept else [])


def test_a_zone_that_xml_does_not_know_is_utc(make_release: Callable[..., Release], item: Any) -> None:
    release = make_release(embargo_until="2026-12-01T00:30:00-14:30")
    assert item(release, supplied(release, "en")).one("itemMeta/embargoed").text == "2026-12-01T15:00:00+00:00"


def test_a_language_that_is_none_stays_out_of_xml_lang(make_release: Callable[..., Release], item: Any) -> None:
    release = make_release(body_html='<p lang="no such thing">x <em lang="pt-PT" dir="auto">y</em></p>')
    made = item(release, supplied(release, "en"))
    (paragraph,) = made.root.iterfind(".//x:p", NAMES)
    assert (paragraph.get("lang"), paragraph.get(LANG)) == ("no such thing", None)
    assert (paragraph[0].get("lang"), paragraph[0].get(LANG)) == ("pt-PT", "pt-PT")


def test_elements_without_words_stay_html_when_cut_out(
    make_release: Callable[..., Release], wire: Wire, received: datetime
) -> None:
    release = make_release(body_html="<table><tr><td>a</td><td></td></tr></table><p>b<br>c</p>")
    text = supplied(release, "en")
    assert text is not None
    body = make_rendition(release, text, "newsmlg2", wire, received).body
    assert b"<td></td>" in body
    assert b"b<br/>c" in body


def test_a_bare_release_is_valid_too(make_release: Callable[..., Release], item: Any) -> None:
    bare = dict.fromkeys(("subheadline", "dateline", "issuer", "rights"))
    release = make_release(**bare, contacts=[], topics=[])
    made = item(release, supplied(release, "en"))
    for absent in ("located", "creator", "subject", "contentCreated"):
        assert not made.all(f"contentMeta/{absent}")


def test_without_a_moment_there_is_no_item(make_release: Callable[..., Release], wire: Wire) -> None:
    release = make_release()
    text = supplied(release, "en")
    assert text is not None
    with pytest.raises(ValueError, match="newsmlg2 needs the moment"):
        make_rendition(release, text, "newsmlg2", wire)


@cache
def demos_fields() -> dict[str, Any]:
    """The release of the demo, with the translations that its producer supplies."""
    return json.loads(json.dumps(demo_release.release(), default=str))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    language=st.sampled_from(known_languages()),
    version=st.integers(1, 2_000_000_000 - 1),
    status=st.sampled_from(["usable", "canceled"]),
    note=st.none() | st.text(min_size=1).filter(lambda text: text.strip() and not {"\r", "\n"} & set(text)),
    left_out=st.sets(st.sampled_from(["subheadline", "dateline", "issuer", "contacts", "topics", "rights", "protect"])),
    embargo=st.none() | st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat(timespec="seconds")),
)
def test_the_demos_release_is_sound_whatever_becomes_of_it(
    translate: Any,
    item: Any,
    ninjs_errors: Any,
    wire: Wire,
    language: str,
    version: Any,
    status: Any,
    note: Any,
    left_out: Any,
    embargo: Any,
) -> None:
    fields = {name: value for name, value in demos_fields().items() if name not in left_out}
    fields["translations"] = {tag: text for tag, text in fields["translations"].items() if tag in (language, "de")}
    changes = {"version": version, "status": status, "correction_note": note, "embargo_until": embargo}
    release = _readable({**fields, **changes})
    translation = supplied(release, language) or translate(release, language, source="en", status="checked")
    made = item(release, translation)
    body = make_rendition(release, translation, "ninjs", wire).body
    assert json.loads(body)["version"] == str(version)
    assert ninjs_errors is None or ninjs_errors(body) == []
    if status == "usable":
        assert {element.get("href") for element in made.root.iter(f"{{{NAMES['x']}}}a")} == {
            element.get("href") for element in lxml_html.fromstring(translation.body_html).iter("a")
        }


def _readable(document: dict[str, Any]) -> Release:
    """The release, without what the document's own rules refuse."""
    try:
        return read_release(document)
    except DocumentRefused:
        return read_release({**document, "correction_note": None, "embargo_until": None})
