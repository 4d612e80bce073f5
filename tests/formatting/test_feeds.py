"""Entries of feeds: Atom, RSS and JSON Feed say the same, each in its own elements."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from lxml import etree
from lxml import html as lxml_html

from tasks.formatting import Wire, make_rendition
from tasks.model.release import MEDIA_TOPIC, Release, supplied

NAMES = {
    "a": "http://www.w3.org/2005/Atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "f": "urn:fanwire:release",
}
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@pytest.fixture
def body(wire: Wire, received: datetime, first_received: datetime) -> Callable[..., bytes]:
    """`body(format, release, translation)`: the bytes of the entry."""

    def make(format: str, release: Release, translation: Any, **options: Any) -> bytes:
        return make_rendition(release, translation, format, wire, received, first_received, **options).body

    return make


def content_of(format: str, body: bytes) -> str:
    """The HTML of the entry."""
    if format == "jsonfeed":
        return str(json.loads(body)["items"][0]["content_html"])
    path = "a:content" if format == "atom" else "channel/item/content:encoded"
    return str(etree.fromstring(body).findtext(path, namespaces=NAMES))


def title_of(format: str, body: bytes) -> str:
    if format == "jsonfeed":
        return str(json.loads(body)["items"][0]["title"])
    return str(etree.fromstring(body).findtext("a:title" if format == "atom" else "channel/item/title", None, NAMES))


def test_atom_says_what_the_release_says(make_release: Callable[..., Release], body: Any) -> None:
    release = make_release(embargo_until="2026-12-01T07:00:00+01:00")
    entry = etree.fromstring(body("atom", release, supplied(release, "en")))
    said = {etree.QName(one).localname: one.text for one in entry.iterfind("a:*", NAMES)}
    assert entry.tag == f"{{{NAMES['a']}}}entry"
    assert said["id"] == f"{release.uri}:en"
    assert (said["title"], said["summary"]) == (release.headline, release.subheadline)
    assert (said["updated"], said["published"]) == ("2026-11-22T09:30:15Z", "2026-11-21T08:00:00Z")
    assert (entry.findtext("a:author/a:name", None, NAMES), said["rights"]) == ("Northwind SA", "© 2026 Northwind SA")
    categories = [(one.get("scheme"), one.get("term"), one.get("label")) for one in entry.iterfind("a:category", NAMES)]
    assert categories[0] == (MEDIA_TOPIC, "20000178", "Earnings")
    assert categories[2] == (MEDIA_TOPIC, "20099999", None)
    own = {etree.QName(one).localname: one.text for one in entry.iterfind("f:*", NAMES)}
    assert (own["action"], own["status"], own["version"], own["urgency"]) == ("publish", "usable", "1", "4")
    assert own["embargo_until"] == "2026-12-01T07:00:00+01:00"
    tickers = entry.iterfind("f:issuer/f:ticker/f:symbol", NAMES)
    assert [one.text for one in tickers] == ["NWD", "NW.A"]
    assert entry.findtext("f:contact/f:email", None, NAMES) == "ana@northwind.example"


def test_rss_says_what_the_release_says(make_release: Callable[..., Release], body: Any, received: datetime) -> None:
    release = make_release()
    root = etree.fromstring(body("rss", release, supplied(release, "en")))
    assert (root.get("version"), root.findtext("channel/title")) == ("2.0", "Fanwire")
    (item,) = root.iterfind("channel/item")
    assert (item.findtext("guid"), item.find("guid").get("isPermaLink")) == (f"{release.uri}:en", "false")
    assert item.findtext("description") == release.subheadline
    assert parsedate_to_datetime(str(item.findtext("pubDate"))) == received
    assert (item.find("category").text, item.find("category").get("domain")) == ("Earnings", MEDIA_TOPIC + "20000178")
    found = {name: item.findtext(f"dc:{name}", None, NAMES) for name in ("creator", "publisher", "language", "rights")}
    assert list(found.values()) == ["Northwind SA", "Fanwire", "en", "© 2026 Northwind SA"]


def test_json_feed_says_what_the_release_says(make_release: Callable[..., Release], body: Any) -> None:
    release = make_release(embargo_until="2026-12-01T07:00:00+01:00")
    feed = json.loads(body("jsonfeed", release, supplied(release, "en")))
    assert (feed["version"], feed["title"]) == ("https://jsonfeed.org/version/1.1", "Fanwire")
    (item,) = feed["items"]
    assert (item["id"], item["title"], item["summary"]) == (f"{release.uri}:en", release.headline, release.subheadline)
    assert (item["date_published"], item["date_modified"]) == ("2026-11-21T08:00:00Z", "2026-11-22T09:30:15Z")
    assert item["authors"] == [{"name": "Northwind SA", "url": "https://northwind.example/"}]
    assert item["tags"] == ["Earnings", "Economy, business and finance"]
    assert (item["_fanwire"]["version"], item["_fanwire"]["embargo_until"]) == (1, "2026-12-01T07:00:00+01:00")


@pytest.mark.parametrize("format", ["atom", "rss", "jsonfeed"])
@pytest.mark.parametrize("language", ["ar", "ja"])
def test_the_content_is_the_article_without_its_headline(
    format: str,
    language: str,
    make_release: Callable[..., Release],
    translate: Any,
    body: Any,
    links: tuple[str, ...],
) -> None:
    release = make_release(version=2, correction_note="The year.")
    html = content_of(format, body(format, release, translate(release, language, source="en", status="checked")))
    article: Any = lxml_html.fragment_fromstring(html)
    assert article.get("lang") == f"{language}-x-mtfrom-en"
    assert article.get("dir") == ("rtl" if language == "ar" else "ltr")
    assert not list(article.iter("h1"))
    found = {one.get("href") or one.get("src") for one in article.iter("a", "img")}
    assert found >= {link if ":" in link else f"mailto:{link}" for link in links}
    assert article.find_class("note")[0].text == "The year."
    assert article.find_class("disclaimer")[0].getparent().tag == "footer"


@pytest.mark.parametrize("format", ["atom", "rss", "jsonfeed"])
def test_a_title_says_that_it_must_not_be_published(
    format: str, make_release: Callable[..., Release], translate: Any, body: Any
) -> None:
    killed = make_release(version=2, status="canceled", correction_note="Sent in error.")
    made = body(format, killed, translate(killed, "de"))
    assert title_of(format, made) == f"[ZURÜCKGEZOGEN – NICHT VERÖFFENTLICHEN] {killed.headline}"
    assert "12 ferries" not in made.decode()
    usable = make_release()
    assert title_of(format, body(format, usable, supplied(usable, "en"), test=True)).startswith("[TEST – DO NOT PUB")


def test_a_translation_names_what_it_was_made_from(
    make_release: Callable[..., Release], translate: Any, body: Any
) -> None:
    release = make_release()
    text = translate(release, "ar", "deepl", source="en", status="approved")
    entry = etree.fromstring(body("atom", release, text))
    link = entry.find("a:link", NAMES)
    assert link is not None
    assert (link.get("rel"), link.get("href")) == ("https://schema.org/translationOfWork", f"{release.uri}:en")
    assert entry.get(LANG) == "ar-x-mtfrom-en"
    assert entry.findtext("f:translation/f:engine", None, NAMES) == "deepl"
    item = etree.fromstring(body("rss", release, text)).find("channel/item")
    assert item is not None
    assert item.findtext("dc:source", None, NAMES) == f"{release.uri}:en"
    assert json.loads(body("jsonfeed", release, text))["items"][0]["_fanwire"]["translation"]["review"] == "approved"


def test_a_description_in_rss_is_html(make_release: Callable[..., Release], body: Any) -> None:
    release = make_release(subheadline="Profit < loss & <b>more</b>")
    root = etree.fromstring(body("rss", release, supplied(release, "en")))
    assert root.findtext("channel/item/description") == "Profit &lt; loss &amp; &lt;b&gt;more&lt;/b&gt;"


@pytest.mark.parametrize("format", ["atom", "rss"])
def test_without_a_moment_there_is_no_entry(format: str, make_release: Callable[..., Release], wire: Wire) -> None:
    release = make_release()
    text = supplied(release, "en")
    assert text is not None
    with pytest.raises(ValueError, match=f"{format} needs the moment"):
        make_rendition(release, text, format, wire)
