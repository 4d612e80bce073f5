"""Captions and alternative texts are translated like every sentence; those that the body shows, once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.formatting import Wire
from tasks.formatting.article import make_article
from tasks.model.media import PublishedMedia, Size
from tasks.model.release import Release, supplied
from tasks.translation.drafts import Resources
from tasks.translation.translate import draft, translate

from .samples import Stub

A = "https://a.example"
WIRE = Wire(name="Fanwire", url="https://fanwire.example/")
MEDIA = [
    {"id": "hall", "type": "picture", "url": f"{A}/hall.jpg", "caption": "A plant", "alt": "The plant is old"},
    {"id": "film", "type": "video", "url": f"{A}/f.mp4", "caption": "A plant", "alt": "The plant is new"},
    {"id": "report", "type": "document", "url": f"{A}/r.pdf", "rights": "Free"},
]  # fmt: skip
BODY = '<p>A plant.</p><p><img src="media:hall"></p><p>x <img src="https://a.example/i.png" alt="A small plant"> y</p>'


def spanish(text: str) -> str:
    words = {"A plant": "Una planta", "The plant is": "La planta es", "old": "vieja", "new": "nueva",
             "small": "pequeña", "A pequeña plant": "Una pequeña planta", "x": "x", "y": "y"}  # fmt: skip
    for english, said in words.items():
        text = text.replace(english, said)
    return text


@pytest.fixture
def release(make_release: Callable[..., Release]) -> Release:
    return make_release(headline="A plant", subheadline=None, body_html=BODY, media=MEDIA)


def test_words_that_the_body_does_not_show_are_units(release: Release) -> None:
    found = draft(release, "es", Resources([Stub(spanish)]))
    made = found.translation
    assert made is not None, found.reason
    names = [unit.unit.name for unit in found.units]
    assert names[-2:] == ["caption of film", "alternative text of film"]
    assert sum("hall" in name for name in names) == 0  # the body has them: `alt 'The plant is old'`, `caption 1`
    words = {id: (said.caption, said.alt) for id, said in made.media.items()}
    assert words == {
        "hall": ("Una planta", "La planta es vieja"),
        "film": ("Una planta", "La planta es nueva"),
        "img-4ef827c90d68": (None, "Una pequeña planta"),
    }
    assert '<img src="media:hall" alt="La planta es vieja"><figcaption>Una planta</figcaption>' in made.body_html


def test_a_caption_that_fails_its_checks_holds_the_language(release: Release) -> None:
    found = draft(release, "es", Resources([Stub(lambda text: "" if "is new" in text else spanish(text))]))
    assert found.translation is None
    assert "alternative text of film: it came back empty" in str(found.reason)


def test_an_article_has_the_words_and_addresses_of_its_language(release: Release) -> None:
    small = Size(width=320, height=200, href="https://wire.example/s.jpg", bytes=5)
    hall = PublishedMedia(
        href="https://wire.example/hall.png?a=1&b=2", content_type="image/png", bytes=10, sha256="00", width=640,
        height=400, sizes=(small,),
    )  # fmt: skip
    article = make_article(release, translate(release, "es", engines=[Stub(spanish)]), WIRE, published={"hall": hall})
    picture, film, report, inline = article.media
    assert (picture.caption, picture.alt, picture.name) == ("Una planta", "La planta es vieja", "hall.png")
    assert (picture.href, picture.width, picture.sizes, picture.in_body) == (hall.href, 640, (small,), True)
    assert '<img src="https://wire.example/hall.png?a=1&amp;b=2" alt="La planta es vieja">' in article.body_html
    assert (film.href, film.caption, film.in_body, film.type) == (
        "https://a.example/f.mp4",
        "Una planta",
        False,
        "video",
    )
    assert (report.rights, report.caption, inline.in_body) == ("Free", None, True)
    assert '<img src="https://a.example/i.png" alt="Una pequeña planta">' in article.body_html


def test_a_kill_has_no_media(release: Release) -> None:
    kill = Release.model_validate(release.model_dump() | {"version": 2, "status": "canceled"})
    text = supplied(kill, "en")
    assert text is not None
    assert make_article(kill, text, WIRE).media == ()


@pytest.mark.parametrize(
    ("media", "body", "problem"),
    [
        (
            [{"id": "hall", "type": "picture", "stored": "media:" + "00" * 32}],
            "<p>x</p>",
            "media.hall: .* FANWIRE_WEB_URL",
        ),
        ([], '<p><img src="media:gone"></p>', "the body shows 'media:gone', which the release has not"),
    ],
)
def test_what_has_no_address_is_not_published(
    make_release: Callable[..., Release], media: list[dict[str, str]], body: str, problem: str
) -> None:
    release = make_release(body_html="<p>x</p>", media=media)
    text = supplied(release, "en")
    assert text is not None
    with pytest.raises(ValueError, match=problem):
        make_article(release, text.model_copy(update={"body_html": body}), WIRE)
