"""Media of a release: pictures of bodies become items, words are shared between both, and what is wrong is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks.model.documents import DocumentRefused
from tasks.model.media import MAX_MEDIA
from tasks.model.pictures import with_addresses
from tasks.model.readers import read_release, read_with_warnings
from tasks.model.release import Release, Translation, supplied

PLANT = "https://a.example/plant.jpg"
OTHER = "media:img-0dbb0e5bd1a8"  # of https://a.example/a
STORED = "media:" + "0f" * 32


def release(body: str = "<p>x</p>", media: Any = (), **more: Any) -> Release:
    fields = {"uri": "urn:x:y", "language": "en", "headline": "h", "body_html": body, "media": list(media)}
    return read_release(fields | more)


def picture(**more: Any) -> dict[str, Any]:
    return {"id": "plant", "type": "picture", "url": PLANT} | more


@pytest.mark.parametrize(
    ("body", "media", "read", "words"),
    [
        ("<p>x</p>", [picture(caption="A\n plant ", alt="B")], "<p>x</p>", {"plant": ("A plant", "B")}),
        ('<p><img src="https://a.example/a" alt="Q"></p>', [],
         f'<figure><img src="{OTHER}" alt="Q"></figure>', {"img-0dbb0e5bd1a8": (None, "Q")}),
        ('<figure><img src="HTTPS://a.example/a"><figcaption>a <b>c</b></figcaption></figure>', [],
         f'<figure><img src="{OTHER}"><figcaption>a <b>c</b></figcaption></figure>',
         {"img-0dbb0e5bd1a8": ("a c", None)}),
        ('<p>in <img src="https://a.example/a"> words</p>', [],
         f'<p>in <img src="{OTHER}"> words</p>', {"img-0dbb0e5bd1a8": (None, None)}),
        (f'<p><img src="{PLANT}"></p>', [picture(caption="A", alt="B")],
         '<figure><img src="media:plant" alt="B"><figcaption>A</figcaption></figure>', {"plant": ("A", "B")}),
        ('<div><img src="media:plant" alt="body\'s"></div>', [picture(alt="own")],
         '<img src="media:plant" alt="body\'s">', {"plant": (None, "own")}),
        ('<figure><img src="media:plant" alt="p"><img src="https://a.example/a"><figcaption>two</figcaption></figure>',
         [picture(caption="A")],
         f'<figure><img src="media:plant" alt="p"><img src="{OTHER}"><figcaption>two</figcaption></figure>',
         {"plant": ("A", "p"), "img-0dbb0e5bd1a8": (None, None)}),
        ('<p><img src="https://a.example/ü(1).jpg?a=1&amp;b=2"></p>',
         [picture(url="https://a.example/ü(1).jpg?a=1&b=2")], '<figure><img src="media:plant"></figure>',
         {"plant": (None, None)}),
    ],
)  # fmt: skip
def test_a_picture_in_a_body_is_an_item_of_media(body: str, media: Any, read: str, words: Any) -> None:
    made = release(body, media)
    assert made.html == read
    assert {item.id: (item.caption, item.alt) for item in made.media} == words
    assert Release.from_ledger(made.to_json()) == made
    assert read_release(made.to_json()) == made  # what was read once is read again


def test_what_a_picture_in_a_body_says_of_its_size_is_kept() -> None:
    (item,) = release('<p><img src="https://a.example/a" width="640" height="50%"></p>').media
    assert (item.type, item.url, item.width, item.height) == ("picture", "https://a.example/a", 640, None)


def test_markdown_shows_items_too() -> None:
    made = release(body="", body_html=None, body_markdown='![Alt](media:plant "T")', media=[picture(caption="C")])
    expected = '<figure><img src="media:plant" alt="Alt" title="T"><figcaption>C</figcaption></figure>'
    assert made.html == expected


def test_a_translation_by_the_producer_has_words_of_its_own() -> None:
    body = f'<p>x</p><p><img src="{PLANT}" alt="Fabrik"></p>'
    german = {"headline": "h", "body_html": body, "media": {"plant": {"caption": "Porto"}, "film": {"alt": "Ein Film"}}}
    film = {"id": "film", "type": "video", "url": "https://a.example/f.mp4", "alt": "A film", "caption": "Sea"}
    made = release(body, [picture(caption="A plant"), film], translations={"de": german})
    text = supplied(made, "de")
    assert text is not None
    assert text.body_html.endswith(
        '<figure><img src="media:plant" alt="Fabrik"><figcaption>Porto</figcaption></figure>'
    )
    words = {id: (said.caption, said.alt) for id, said in text.media.items()}
    assert words == {"plant": ("Porto", "Fabrik"), "film": (None, "Ein Film")}
    assert [item.id for item in made.media] == ["plant", "film"]


def test_a_translation_without_captions_is_a_warning() -> None:
    german = {"headline": "h", "body_html": "<p>x</p>", "media": {"plant": {"alt": "y"}}}
    fields = {
        "uri": "urn:x:y",
        "language": "en",
        "headline": "h",
        "body_html": "<p>x</p>",
        "media": [picture(caption="A")],
    }
    [warning] = read_with_warnings(fields | {"translations": {"de": german}}).warnings
    assert str(warning) == "translations.de.media: has no caption for plant: in this language there is none"
    german["media"] = {"plant": {"caption": "B"}}
    assert read_with_warnings(fields | {"translations": {"de": german}}).warnings == []


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"media": [picture(url=None)]}, "media.0", "plant: give url or stored, and not both"),
    ({"media": [picture(stored=STORED)]}, "media.0", "plant: give url or stored, and not both"),
    ({"media": [picture(url=None, stored="media:12")]}, "media.0.stored", "the 64 digits that `fanwire media add`"),
    ({"media": [picture(), picture()]}, "media", "has the id 'plant' twice"),
    ({"media": [picture(id="A b")]}, "media.0.id", "must be lower-case letters"),
    ({"media": [picture(type="film")]}, "media.0.type", "must be 'picture', 'video', 'audio' or 'document'"),
    ({"media": [picture(url="ftp://a.example/")]}, "media.0.url", "must be a web address"),
    ({"media": [picture(content_type="video/mp4")]}, "media.0", "a file of the content type video/mp4 is no picture"),
    ({"media": [picture(size=3)]}, "media.0.size", "is not a known field; known fields are alt, bytes, caption"),
    ({"media": [picture(alt="a\u202eb", url=f"{PLANT}\u202e")]}, "media.0.url", "holds"),
    ({"media": [picture(id=f"p{n}") for n in range(MAX_MEDIA + 1)]}, "media", "most"),
    ({"body": '<p><img src="media:plane"></p>', "media": [picture()]}, "(document)",
     "the body shows 'media:plane', and media has no such id: it is plant"),
    ({"body": '<p><img src="media:f"></p>', "media": [{"id": "f", "type": "video", "url": PLANT}]}, "(document)",
     "shows 'media:f' as a picture, and in media it is: video"),
    ({"body": '<p><a href="media:plant">x</a></p>', "media": [picture()]}, "body_html", "addresses are absolute"),
    ({"body": '<p><img src="mailto:a@a.example"></p>'}, "body_html", "begin with http, https, media"),
    ({"body": "".join(f'<p><img src="https://a.example/{n}"></p>' for n in range(MAX_MEDIA + 1))}, "(document)",
     "a release has at most 100 pictures"),
    ({"translations": {"de": {"headline": "h", "body_html": "<p>x</p>", "media": {"film": {"alt": "x"}}}}},
     "(document)", "translations.de.media: the release has no item 'film'"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "field", "problem"), REFUSED)
def test_what_is_wrong_is_refused_with_its_place(fields: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        release(**fields)
    (found,) = refused.value.problems
    assert found.field == field
    assert problem in found.problem


def test_releases_without_media_are_as_they_were() -> None:
    """The digest is that of version 0.1: the same release sent again is known, and old workers can read it."""
    made = release(translations={"de": {"headline": "h", "body_html": "<p>y</p>"}})
    assert made.digest() == "1c07b4b70af61189a3eb9235f5c230ddafe3df30f592a6656efe0a6c6f91c5a6"
    assert '"media"' not in made.to_json()
    text = supplied(made, "de")
    assert text is not None
    assert '"media"' not in text.model_dump_json()


def test_a_body_of_before_keeps_its_pictures() -> None:
    old = json.dumps({"uri": "urn:x:y", "language": "en", "headline": "h", "body_html": f'<p><img src="{PLANT}"></p>'})
    made = Release.from_ledger(old)
    assert (made.html, made.media) == (f'<p><img src="{PLANT}"></p>', [])
    assert with_addresses(made.html, {}) == made.html


@pytest.mark.parametrize(
    "change", [{"url": "https://a.example/2.jpg"}, {"caption": "New"}, {"credit": "Somebody else"}]
)
def test_a_correction_may_change_a_picture_only(change: dict[str, Any]) -> None:
    before, after = (release(media=[picture(caption="A", credit="B") | more]) for more in ({}, change))
    assert before.digest() != after.digest()


def test_a_ninjs_item_brings_what_is_associated_with_it() -> None:
    sizes = [
        {
            "name": "thumbnail",
            "href": "https://a.example/s.jpg",
            "contentType": "image/jpeg",
            "width": 100,
            "height": 50,
        },
        {"name": "large", "href": PLANT, "contentType": "image/jpeg", "width": 1600, "height": 900, "sizeInBytes": 9},
        {"name": "secret", "width": 9999, "height": 9999},
    ]
    told = [{"value": "A plant"}, {"role": "altText", "value": "White hall"}]
    associations = [
        {"name": "Main Picture", "uri": "urn:p", "type": "picture", "by": "Jane", "copyrightNotice": "©",
         "renditions": sizes, "descriptions": told},
        {"name": "source", "rel": "translatedFrom", "uri": "urn:x:z"},
        {"name": "Main Picture", "uri": "urn:d", "renditions": [
            {"name": "x", "href": "https://a.example/r.pdf", "contentType": "application/pdf"}]},
        {"name": "v", "uri": "urn:v", "type": "video", "renditions": [
            {"name": "x", "href": "https://a.example/v.mp4", "duration": 4.5}]},
        {"name": "t", "uri": "urn:t", "type": "text", "renditions": [{"name": "x", "href": "https://a.example/t.html"}]},
    ]  # fmt: skip
    body = {"contentType": "text/html", "value": f'<p>x</p><p><img src="{PLANT}"></p>'}
    item = {"uri": "urn:x:y", "language": "en", "title": "h", "bodies": [body], "associations": associations}
    made = read_release(json.dumps(item))
    main, document, film = made.media
    assert (main.id, main.url, main.width, main.bytes) == ("main-picture", PLANT, 1600, 9)
    assert (main.caption, main.alt, main.credit, main.rights) == ("A plant", "White hall", "Jane", "©")
    assert made.html.endswith(
        '<figure><img src="media:main-picture" alt="White hall"><figcaption>A plant</figcaption></figure>'
    )
    assert (document.id, document.type, document.content_type) == ("main-picture-2", "document", "application/pdf")
    assert (film.type, film.duration) == ("video", 4.5)


def test_words_of_older_translations_are_read() -> None:
    stored = '{"language": "de", "headline": "h", "body_html": "<p>x</p>", "engine": "apertium", "contact_roles": []}'
    assert Translation.model_validate_json(stored).media == {}
