"""What each format owes its receivers, whichever it is: a new format is tried by being there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from lxml import html as lxml_html

from tasks.formatting import FORMATS, Wire, make_rendition
from tasks.language_data import known_languages
from tasks.model.languages import LanguageTag
from tasks.model.release import Release, supplied
from tests.support.renditions import words

FIELDS = {
    "headline": "Fährbau in Porto",
    "subheadline": "Zwölf Schiffe",
    "uri": "urn:newsml:northwind.example:20261122:ferries",
    "embargo": "2026-11-30T",
    "note": "The year.",
    "lead": "BERICHTIG",
    "dateline": "(Fanwire) –",
    "topic": "20000178",
    "topic name": "Geschäftszahlen",
    "issuer": "Northwind SA",
    "ticker": "NW.A",
    "ISIN": "PTNWD0AM0006",
    "LEI": "5299NORTHWIND00SA096",
    "version in another language": "urn:newsml:northwind.example:20261122:ferries:fr",
    "picture": "https://northwind.example/yard.jpg",
    "caption": "Die Werft, von der See aus",
    "alternative text": "Kräne am Kai",
    "credit": "Jo Doe / Northwind",
    "video": "https://northwind.example/launch.mp4",
    "caption of the video": "Stapellauf",
    "document": "https://northwind.example/terms.pdf",
    "source": "urn:newsml:northwind.example:20261122:ferries:en",
    "contact": "ana@northwind.example",
    "phone": "+351 22 123 456",
    "rights": "© 2026 Northwind SA",
    "disclaimer": "von einem Dritten bereitgestellt",
    "about": "Fanwire verbreitet",
    "machine notice": "maschinell",
    "provenance": "unreviewed",
}
"""What stands in a corrected, machine-translated German rendition of the full release, somewhere."""
WITHOUT = {
    "newsmlg2": {"about"},
    "ninjs": {"about"},
    "ninjs2": {"about"},
}
"""What a format has no place for, and leaves out."""
LOOKS = {"embargo": {"nitf": "20261130T"}}
"""How a format writes it, where that is its own."""
Make = Callable[..., str]


@pytest.fixture
def made(wire: Wire, received: datetime, schema_errors: Mapping[str, Callable[[bytes], list[str]]]) -> Make:
    """`made(format, release, translation)`: the words of a rendition, against which its schema has nothing."""

    def make(format: str, release: Release, translation: Any, **options: Any) -> str:
        assert translation is not None
        body = make_rendition(release, translation, format, wire, received, received, **options).body
        assert format not in schema_errors or schema_errors[format](body) == []
        return words(format, body)

    return make


def corrected(make_release: Callable[..., Release], translate: Any) -> tuple[Release, Any]:
    french = {"headline": "Des ferries", "body_html": "<p>Oui.</p>"}
    release = make_release(
        version=2,
        embargo_until="2026-11-30T09:30:00Z",
        correction_note="The year.",
        translations={"fr": french},
        body_html="<p>Northwind will build 12 ferries.</p>",
        media=MEDIA,
    )
    german = {"headline": FIELDS["headline"], "subheadline": FIELDS["subheadline"], "media": GERMAN_MEDIA}
    return release, translate(release, "de", source="en", status="checked", **german)


@pytest.mark.parametrize("format", FORMATS.all())
def test_carries_all_that_an_editor_needs(
    format: str, make_release: Callable[..., Release], translate: Any, made: Make
) -> None:
    text = made(format, *corrected(make_release, translate))
    looks = {name: LOOKS.get(name, {}).get(format, value) for name, value in FIELDS.items()}
    assert {name for name, value in looks.items() if value not in text} == WITHOUT.get(format, set())


@pytest.mark.parametrize("language", ["ar", "de", "ja", "th", "zh-Hans"])
@pytest.mark.parametrize("format", FORMATS.all())
def test_the_demos_release_has_every_sentence_and_link(format: str, language: str, demo: Release, made: Make) -> None:
    translation = supplied(demo, language)
    assert translation is not None
    text = made(format, demo, translation)
    body = lxml_html.fragment_fromstring(translation.body_html, create_parent="div")
    assert translation.headline in text
    assert [link for link in body.iter("a") if link.get("href").removeprefix("mailto:") not in text] == []
    last = [paragraph for paragraph in body.iter("p") if not len(paragraph)][-1].text_content()
    assert _bare(last) in _bare(text)
    assert LanguageTag(language) in text


def _bare(text: str) -> str:
    """The letters of a text: quotation marks and spaces are the format's own to escape or to fold."""
    return "".join(filter(str.isalnum, text))


@pytest.mark.parametrize("format", FORMATS.all())
def test_a_kill_says_so_and_repeats_nothing(
    format: str, make_release: Callable[..., Release], translate: Any, made: Make
) -> None:
    release = make_release(version=2, status="canceled", correction_note="Sent in error.")
    text = made(format, release, translate(release, "de"))
    assert "Fanwire hat diese Mitteilung zurückgezogen" in text
    assert "Sent in error." in text
    assert release.uri in text
    assert "12 ferries" not in text
    assert "Zwölf" not in text


@pytest.mark.parametrize("format", FORMATS.all())
def test_a_test_says_so(format: str, make_release: Callable[..., Release], made: Make) -> None:
    release = make_release()
    assert "TEST – DO NOT PUBLISH" in made(format, release, supplied(release, "en"), test=True)


@pytest.mark.parametrize("format", FORMATS.all())
def test_a_first_version_says_nothing_of_corrections(
    format: str, make_release: Callable[..., Release], made: Make
) -> None:
    release = make_release(correction_note="for the desk only")
    assert "for the desk only" not in made(format, release, supplied(release, "en"))


@pytest.mark.parametrize("format", FORMATS.all())
def test_a_bare_release_will_do(format: str, make_release: Callable[..., Release], made: Make) -> None:
    bare = dict.fromkeys(("subheadline", "dateline", "issuer", "rights"))
    release = make_release(**bare, contacts=[], topics=[])
    text = made(format, release, supplied(release, "en"))
    assert release.headline in text
    assert "None" not in text


@pytest.mark.parametrize("format", ["json", "jsonfeed", "ninjs", "ninjs2", "wordpress"])
def test_json_has_one_object_and_each_field_once(format: str, make_release: Callable[..., Release], made: Make) -> None:
    fields: list[list[str]] = []

    def noted(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields.append([name for name, _ in pairs])
        return dict(pairs)

    release = make_release()
    json.loads(made(format, release, supplied(release, "en")), object_pairs_hook=noted)
    assert all(len(names) == len(set(names)) for names in fields)


HOSTILE = "]]></headline></script><b>x</b><!-- & \u2028\x0b\x01\ufffe \" ' {{ 7 * 7 }} {wire}\t| `c` *d* _e_ #f ."


@pytest.mark.parametrize("format", FORMATS.all())
def test_hostile_text_spoils_no_document(
    format: str, make_release: Callable[..., Release], translate: Any, made: Make
) -> None:
    release = make_release(
        headline=HOSTILE,
        subheadline=HOSTILE,
        rights=HOSTILE,
        version=2,
        correction_note=HOSTILE,
        dateline={"place": HOSTILE, "date": "2026-11-01"},
        issuer={"name": HOSTILE, "tickers": ["A:B"], "url": "http://:x@["},
        contacts=[{"name": HOSTILE, "role": HOSTILE, "email": '"><b>@x', "phone": HOSTILE}],
        body_html="<p>]]&gt; &lt;/script&gt; &amp;amp; 😀 \u200f שלום</p>",
    )
    for translation in (supplied(release, "en"), translate(release, "ar", model=HOSTILE, engine="a<b")):
        text = made(format, release, translation)
        assert not {"\x0b", "\x01", "\ufffe"} & set(text)
        assert "😀" in text
        assert "שלום" in text


MEDIA = [
    {
        "id": "yard",
        "type": "picture",
        "url": "https://northwind.example/yard.jpg",
        "credit": "Jo Doe / Northwind",
        "rights": "Free until 2027",
        "width": 4000,
        "height": 3000,
    },
    {"id": "launch", "type": "video", "url": "https://northwind.example/launch.mp4", "duration": 42.5, "bytes": 4711},
    {
        "id": "terms",
        "type": "document",
        "url": "https://northwind.example/terms.pdf",
        "content_type": "application/pdf",
    },
]
GERMAN_MEDIA = {
    "yard": {"caption": "Die Werft, von der See aus", "alt": "Kräne am Kai"},
    "launch": {"caption": "Stapellauf"},
}
IN_LANGUAGES = {"newsmlg2": known_languages(), "nitf": known_languages(), "ninjs2": ["en", "ar", "ja"]}


@pytest.mark.parametrize(("format", "language"), [(name, tag) for name, tags in IN_LANGUAGES.items() for tag in tags])
def test_the_schema_has_nothing_against_it_in_any_language(
    format: str,
    language: str,
    make_release: Callable[..., Release],
    translate: Any,
    wire: Wire,
    received: datetime,
    validate: Callable[[str, bytes], None],
) -> None:
    release = make_release(version=3, embargo_until="2026-12-01T07:00:00+01:00", correction_note="The year.")
    text = supplied(release, language) or translate(release, language, source="en", status="checked")
    validate(format, make_rendition(release, text, format, wire, received).body)
