"""Pictures and other files in each format: at which place, with which words, measures and sizes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from lxml import etree

from tasks.formatting import Wire, make_rendition
from tasks.model.media import PublishedMedia, Size
from tasks.model.readers import read_release
from tasks.model.release import Release, supplied
from tests.support.markup import page, parsed

AT = "https://fanwire.example/media"
MEDIA: list[dict[str, Any]] = [
    {"id": "yard", "type": "picture", "url": "https://northwind.example/yard.jpg", "caption": "The yard & the sea",
     "alt": "Cranes", "credit": "Jo Doe", "rights": "Free"},
    {"id": "plan", "type": "picture", "url": "https://northwind.example/plan.tif", "alt": "A plan",
     "credit": "Ana Reis"},
    {"id": "film", "type": "video", "url": "https://northwind.example/f.mp4", "caption": "Launch", "duration": 42.5,
     "content_type": "video/mp4", "width": 640, "height": 360, "bytes": 99},
    {"id": "talk", "type": "audio", "url": "https://northwind.example/talk.mp3"},
    {"id": "terms", "type": "document", "url": "https://northwind.example/t.pdf", "content_type": "application/pdf"},
]  # fmt: skip
PUBLISHED = {
    "yard": PublishedMedia(
        href=f"{AT}/yard.jpg?a=1&b=2", content_type="image/jpeg", bytes=7000, sha256="a" * 64, width=2560, height=1440,
        sizes=(Size(width=640, height=360, href=f"{AT}/yard-640.jpg?a=1&b=2", bytes=90),),
    ),
    "plan": PublishedMedia(
        href=f"{AT}/plan.tif", content_type="image/tiff", bytes=9000, sha256="b" * 64, width=1000, height=800,
        sizes=(Size(width=640, height=512, href=f"{AT}/plan-640.jpg", bytes=80),),
    ),
}  # fmt: skip
BODY = '<figure><img src="media:yard"></figure><p>Northwind said <b>so</b>.</p><p>Again.</p>'
HREFS = [f"{AT}/yard.jpg?a=1&b=2", f"{AT}/plan.tif", *(item["url"] for item in MEDIA[2:])]
Made = Callable[[str], Any]


@pytest.fixture
def made(make_release: Callable[..., Release], wire: Wire, received: datetime) -> Made:
    """`made("ninjs")`: the release with a picture before its first words and four files that its body does not show."""
    release = make_release(body_html=BODY, media=MEDIA, subheadline=None)
    text = supplied(release, "en")
    assert text is not None

    def make(format: str) -> Any:
        body = make_rendition(release, text, format, wire, received, received, published=PUBLISHED).body
        return json.loads(body) if body.startswith(b"{") else body.decode()

    return make


def test_a_page_shows_them_with_their_sizes_and_credits(made: Made) -> None:
    found = page(made("html"))
    yard, plan, film, talk = found.find(".//article").iter("figure")
    picture = yard.find("img")
    assert dict(picture.attrib) == {
        "src": HREFS[0], "alt": "Cranes", "width": "640", "height": "360",
        "srcset": f"{AT}/yard-640.jpg?a=1&b=2 640w, {HREFS[0]} 2560w", "sizes": "(max-width: 640px) 100vw, 640px",
    }  # fmt: skip
    assert yard.findtext("figcaption") == "The yard & the sea "
    assert yard.find("figcaption/span[@class='credit']").text == "(Jo Doe)"
    assert plan.find("img").get("src") == f"{AT}/plan-640.jpg", "no browser shows a TIFF"
    assert plan.find("figcaption").text_content() == " (Ana Reis)"
    assert (film.find("video/source").get("src"), film.findtext("figcaption")) == (HREFS[2], "Launch")
    assert talk.find("audio/source").get("src") == HREFS[3]
    assert found.xpath("//p[@class='file']/a/@href") == [HREFS[4]]
    dateline = found.find(".//p/span[@class='dateline']")
    assert dateline.getparent().text_content().endswith("Northwind said so."), "the dateline stands before the words"


def test_a_pages_head_knows_them(made: Made) -> None:
    found = page(made("html"))
    assert found.xpath("//meta[@property='og:image']/@content") == [HREFS[0], f"{AT}/plan-640.jpg"]
    assert found.xpath("//meta[@property='og:image:width']/@content") == ["2560"]
    structured = json.loads(found.findtext(".//script"))
    assert [one["contentUrl"] for one in structured["image"]] == HREFS[:2]
    assert structured["image"][0] == {
        "@type": "ImageObject", "identifier": "yard", "contentUrl": HREFS[0], "encodingFormat": "image/jpeg",
        "thumbnailUrl": f"{AT}/yard-640.jpg?a=1&b=2", "width": 2560, "height": 1440, "contentSize": "7000",
        "caption": "The yard & the sea", "description": "Cranes", "creditText": "Jo Doe", "usageInfo": "Free",
    }  # fmt: skip
    assert [structured[kind][0]["contentUrl"] for kind in ("video", "audio", "associatedMedia")] == HREFS[2:]
    assert structured["video"][0]["duration"] == "PT42.5S"


def test_ninjs_associates_them_and_gives_back_what_it_was_given(made: Made) -> None:
    item = made("ninjs")
    media = [one for one in item["associations"] if one["rel"] == "media"]
    assert [one["name"] for one in media] == [one["id"] for one in MEDIA]
    assert [one.get("type") for one in media] == ["picture", "picture", "video", "audio", None]
    assert [file["name"] for file in media[0]["renditions"]] == ["original", "width-640"]
    assert (media[0]["by"], media[0]["usageTerms"]) == ("Jo Doe", "Free")
    again = read_release(item | {"uri": "urn:x:1"})
    theirs = [(one.id, one.type, one.url, one.caption, one.credit) for one in again.media]
    ours = [(one["id"], one["type"], href, one.get("caption"), one.get("credit"))
            for one, href in zip(MEDIA, HREFS, strict=True)]  # fmt: skip
    assert theirs[:3] == ours[:3]
    assert theirs[-1][1:3] == ours[-1][1:3]


def test_newsmlg2_links_to_them(made: Made) -> None:
    item = etree.fromstring(made("newsmlg2").encode())
    links = [link for link in item.iterfind("{*}itemMeta/{*}link") if link.get("href")]
    assert [link.get("href") for link in links] == HREFS
    assert [file.get("href") for file in links[0].iterfind("{*}remoteContent")] == [
        HREFS[0], f"{AT}/yard-640.jpg?a=1&b=2",
    ]  # fmt: skip
    assert links[0].findtext("{*}creditline") == "Jo Doe"
    icon = item.find("{*}contentMeta/{*}icon")
    assert icon is not None
    assert (icon.get("href"), icon.get("width")) == (HREFS[0], "2560")


def test_nitf_has_what_is_known_of_each(made: Made) -> None:
    media = list(etree.fromstring(made("nitf").encode()).iter("{*}media"))
    references = [one.find("{*}media-reference") for one in media]
    assert [one.get("source") for one in references if one is not None] == HREFS
    assert [one.get("media-type") for one in media] == ["image", "image", "video", "audio", "other"]
    assert [one.findtext("{*}media-caption") for one in media] == ["The yard & the sea", None, "Launch", None, None]
    assert [one.findtext("{*}media-producer") for one in media] == ["Jo Doe", "Ana Reis", None, None, None]
    assert [one.get("mime-type") for one in references if one is not None][:3] == [
        "image/jpeg",
        "image/tiff",
        "video/mp4",
    ]


def test_feeds_have_them_as_enclosures(made: Made) -> None:
    atom, rss = (etree.fromstring(made(format).encode()) for format in ("atom", "rss"))
    links = [link for link in atom.iterfind("{*}link") if link.get("rel") == "enclosure"]
    assert [link.get("href") for link in links] == HREFS
    enclosure = rss.find("channel/item/enclosure")
    assert enclosure is not None
    assert enclosure.items() == [("url", HREFS[0]), ("length", "7000"), ("type", "image/jpeg")]
    for feed in (atom, rss):
        groups = list(feed.iter("{http://search.yahoo.com/mrss/}group"))
        contents = [group.find("{*}content") for group in groups]
        assert [one.get("url") for one in contents if one is not None] == HREFS
        assert (groups[0].findtext("{*}title"), groups[0].findtext("{*}credit")) == ("The yard & the sea", "Jo Doe")
    feed = made("jsonfeed")["items"][0]
    assert [one["url"] for one in feed["attachments"]] == HREFS
    assert feed["attachments"][2]["duration_in_seconds"] == 42.5
    assert (feed["image"], feed["summary"]) == (HREFS[0], "Northwind said so.")


def test_text_and_markdown_say_what_and_where_they_are(made: Made) -> None:
    blocks = made("text").split("\n\n")
    assert blocks[1:8] == [
        f"Picture: The yard & the sea (Jo Doe)\nCranes ({HREFS[0]})",
        "Porto, November 1, 2026 (Fanwire) — Northwind said so.",
        "Again.",
        f"Picture: A plan (Ana Reis)\n{HREFS[1]}",
        f"Video: Launch\n{HREFS[2]}",
        f"Audio: talk\n{HREFS[3]}",
        f"Document: terms.pdf\n{HREFS[4]}",
    ]
    blocks = made("markdown").partition("\n---\n\n")[2].split("\n\n")
    assert blocks[1:8] == [
        f"![Cranes]({HREFS[0]})",
        "The yard & the sea (Jo Doe)",
        "Porto, November 1, 2026 (Fanwire) — Northwind said **so**.",
        "Again.",
        f"![A plan]({HREFS[1]})",
        "(Ana Reis)",
        f"[Launch]({HREFS[2]})",
    ]


def test_a_post_names_the_addresses_that_its_sender_may_replace(made: Made) -> None:
    post = made("wordpress")
    assert list(post["fanwire_media"]) == [one["id"] for one in MEDIA]
    assert list(post["fanwire_media"].values()) == [HREFS[0], f"{AT}/plan-640.jpg", *HREFS[2:]]
    content = parsed(post["content"])
    shown = {one.get("src") or one.get("href") for one in content.iter("img", "source", "a")}
    assert shown >= set(post["fanwire_media"].values())
    assert "srcset" not in post["content"]


def test_an_email_plays_nothing(made: Made) -> None:
    assert "<video" not in made("email")


@pytest.mark.parametrize("format", ["newsmlg2", "nitf", "ninjs", "ninjs2"])
def test_the_schema_has_nothing_against_them(format: str, made: Made, validate: Callable[[str, bytes], None]) -> None:
    rendition = made(format)
    validate(format, json.dumps(rendition).encode() if isinstance(rendition, dict) else rendition.encode())
