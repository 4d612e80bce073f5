"""The ninjs format, against the IPTC's schema and our own promises about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tasks.formatting import Wire, make_rendition
from tasks.language_data import known_languages
from tasks.model.markup import clean_html
from tasks.model.release import MEDIA_TOPIC, Release, supplied

from .conftest import BODY


@pytest.fixture
def item(wire: Wire, received: datetime, first_received: datetime, ninjs_errors: Any) -> Any:
    """The item that a translation makes. If the schema is there, it must have nothing against it."""

    def make(release: Any, translation: Any) -> dict[str, Any]:
        rendition = make_rendition(release, translation, "ninjs", wire, received, first_received)
        assert ninjs_errors is None or ninjs_errors(rendition.body) == []
        assert rendition.content_type == "application/json; charset=utf-8"
        return json.loads(rendition.body)

    return make


@pytest.mark.parametrize("language", known_languages())
def test_the_schema_has_nothing_against_it(
    language: str,
    make_release: Callable[..., Release],
    translate: Any,
    wire: Wire,
    validate: Callable[[str, bytes], None],
) -> None:
    release = make_release(version=3, embargo_until="2026-12-01T07:00:00+01:00", correction_note="The year.")
    text = supplied(release, language) or translate(release, language)
    validate("ninjs", make_rendition(release, text, "ninjs", wire).body)


@pytest.mark.parametrize("language", known_languages())
def test_says_which_release_it_is_in_every_language(
    language: str, make_release: Callable[..., Release], translate: Any, item: Any
) -> None:
    release = make_release(version=3, embargo_until="2026-12-01T07:00:00+01:00", correction_note="The year.")
    made = item(release, supplied(release, language) or translate(release, language))
    assert made["language"] == language
    assert made["uri"] == f"{release.uri}:{language}"
    assert made["altIds"] == [{"role": "release", "value": release.uri}]
    assert made["version"] == "3"
    assert made["embargoedUntil"] == "2026-12-01T07:00:00+01:00"
    assert "{" not in json.dumps(made["edNote"])


def test_says_what_the_release_says(make_release: Callable[..., Release], item: Any, links: tuple[str, ...]) -> None:
    release = make_release()
    made = item(release, supplied(release, "en"))
    assert made["pubStatus"] == "usable"
    assert made["urgency"] == 4
    assert made["located"] == "Porto"
    assert made["copyrightNotice"] == "© 2026 Northwind SA"
    assert made["usageTerms"].startswith("This release was provided by a third party")
    assert [headline["role"] for headline in made["headlines"]] == ["main", "sub"]
    assert [subject["uri"] for subject in made["subjects"]] == [MEDIA_TOPIC + topic for topic in release.topics]
    assert [subject.get("name") for subject in made["subjects"]] == ["Earnings", "Economy, business and finance", None]
    (organisation,) = made["organisations"]
    assert organisation["symbols"] == [
        {"exchange": "XLIS", "symbol": "NWD"},
        {"exchange": "NYSE", "symbol": "NW.A"},
        {"symbolType": "http://www.wikidata.org/entity/P946", "symbol": "PTNWD0AM0006"},
    ]
    assert organisation["literal"] == "lei:5299NORTHWIND00SA096"
    assert made["people"][0]["contactInfo"][0] == {"type": "email", "role": "Press", "value": "ana@northwind.example"}
    assert (made["versionCreated"], made["firstCreated"]) == ("2026-11-22T09:30:15Z", "2026-11-21T08:00:00Z")
    html, text, dateline = made["bodies"]
    assert (dateline["role"], dateline["value"]) == ("dateline", "Porto, November 1, 2026 (Fanwire) —")
    assert (html["contentType"], html["value"]) == ("text/html", clean_html(BODY))
    assert all(link in text["value"] for link in links)
    assert not {"edNote", "digitalSourceType", "embargoedUntil"} & made.keys()
    (picture,) = made["associations"]
    assert (picture["rel"], picture["type"]) == ("media", "picture")
    assert picture["descriptions"] == [
        {"role": "caption", "contentType": "text/plain", "value": "Porto, 2026"},
        {"role": "alt", "contentType": "text/plain", "value": "The yard"},
    ]
    assert [file["href"] for file in picture["renditions"]] == ["https://northwind.example/yard.jpg"]


def test_a_translation_names_what_it_was_made_from(
    make_release: Callable[..., Release], translate: Any, item: Any
) -> None:
    release = make_release(version=2)
    source, _ = item(release, translate(release, "fr"))["associations"]
    assert source["uri"] == item(release, supplied(release, "en"))["uri"]
    assert (source["rel"], source["language"], source["version"]) == ("translatedFrom", "en", "2")


def test_a_translation_of_a_translation_names_that(
    make_release: Callable[..., Release], translate: Any, item: Any
) -> None:
    release = make_release()
    made = item(release, translate(release, "ms", source="id", status="checked"))
    assert [(source["rel"], source["uri"], source["language"]) for source in made["associations"][:2]] == [
        ("translatedFrom", f"{release.uri}:id", "id"),
        ("alternateLanguage", f"{release.uri}:en", "en"),
    ]


@pytest.mark.parametrize(
    ("engine", "status", "sources"),
    [
        ("apertium", "checked", [("model 1", "translator", "apertium"), ("Fanwire", "translation-unreviewed", None)]),
        ("deepl", "approved", [("model 1", "translator", "deepl"), ("Fanwire", "translation-approver", None)]),
        ("memory", "approved", [("Fanwire", "translation-approver", None)]),
        ("supplied", None, []),
    ],
)
def test_says_who_answers_for_a_translation(
    engine: str, status: str | None, sources: list[Any], make_release: Callable[..., Release], translate: Any, item: Any
) -> None:
    release = make_release()
    made = item(release, translate(release, "es", engine, status=status, source="en"))
    found = [(source["name"], source["role"], source.get("literal")) for source in made["infoSources"]]
    assert found == [("Northwind SA", "originator", None), ("Fanwire", "distributor", None), *sources]


@pytest.mark.parametrize(
    ("engine", "code"),
    [
        ("apertium", "algorithmicallyEnhanced"),
        ("opencc", "algorithmicallyEnhanced"),
        ("apertium-apy+opencc", "algorithmicallyEnhanced"),
        ("memory+apertium", "algorithmicallyEnhanced"),
        ("deepl", "compositeWithTrainedAlgorithmicMedia"),
        ("apertium+deepl", "compositeWithTrainedAlgorithmicMedia"),
        ("memory", None),
        ("source", None),
        ("supplied", None),
    ],
)
def test_says_which_machine_wrote_it(
    engine: str, code: str | None, make_release: Callable[..., Release], translate: Any, item: Any
) -> None:
    release = make_release()
    made = item(release, translate(release, "es", engine))
    assert made.get("digitalSourceType", {}).get("name") == code
    assert ("automáticamente" in made.get("edNote", "")) is (code is not None)
    assert ("translator" in [source["role"] for source in made["infoSources"]]) is (code is not None)


@pytest.mark.parametrize("language", known_languages())
def test_a_kill_has_no_body(language: str, make_release: Callable[..., Release], translate: Any, item: Any) -> None:
    release = make_release(version=2, status="canceled", body_html=None, correction_note="Sent in error.")
    made = item(release, translate(release, language))
    assert made["pubStatus"] == "canceled"
    assert "bodies" not in made
    assert "Fanwire" in made["edNote"]
    assert "Sent in error." in made["edNote"]


def test_a_kill_repeats_no_word_of_a_body_it_was_sent_with(make_release: Callable[..., Release], item: Any) -> None:
    release = make_release(status="canceled")
    assert "bodies" not in item(release, supplied(release, "en"))


def test_a_bare_release_is_valid_too(make_release: Callable[..., Release], item: Any) -> None:
    bare = dict.fromkeys(("subheadline", "dateline", "issuer", "rights"))
    release = make_release(**bare, contacts=[], topics=[])
    assert not {"located", "organisations", "people", "subjects"} & item(release, supplied(release, "en")).keys()
