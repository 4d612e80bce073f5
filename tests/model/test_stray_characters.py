"""Characters that nobody sees: taken out of texts with a warning, refused in what names something."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.formatting import FORMATS, Wire, make_rendition
from tasks.model.destinations import Destinations
from tasks.model.documents import DocumentRefused
from tasks.model.languages import LanguageTag
from tasks.model.outlet import Offered, TransportRules, read_outlet
from tasks.model.readers import Reading, read_with_warnings
from tasks.model.release import Release, supplied
from tasks.runtime.foreign_text import harmful
from tests.support.renditions import words

TURNED = "Acme \u202eemcA\u202c"


def document(**fields: Any) -> dict[str, Any]:
    return {"uri": "urn:x:1", "language": "en", "headline": "Acme", "body_html": "<p>Acme said.</p>"} | fields


def reading(**fields: Any) -> Reading:
    return read_with_warnings(json.dumps(document(**fields)))


def told(found: Reading) -> list[tuple[str, str]]:
    return [(warning.field, warning.problem) for warning in found.warnings]


def test_a_text_loses_them_and_the_producer_hears_of_it() -> None:
    text = {"headline": "Ac\0me", "body_html": "<p>Ac\x9bme \ud800said\uffff.</p>"}
    found = reading(
        headline=TURNED,
        dateline={"place": "Por\x1b[31mto", "date": "2026-11-22"},
        issuer={"name": "Acme\u0378"},
        contacts=[{"name": "Jane\x07 Doe"}],
        protect=["Robo\x00Lift"],
        translations={"de": text},
    )
    release = found.release
    assert harmful(release.to_json()) == []
    assert (release.headline, release.protect) == ("Acme emcA", ["RoboLift"])
    assert release.dateline is not None
    assert release.dateline.place == "Por[31mto"
    assert release.translations[LanguageTag("de")].html == "<p>Acme said.</p>"
    assert told(found)[0] == (
        "headline",
        "held U+202C (pop directional formatting) and U+202E (right-to-left override), which was taken out",
    )
    assert [field for field, _ in told(found)] == [
        "headline", "dateline.place", "issuer.name", "contacts.0.name", "protect.0", "translations.de.headline",
        "translations.de.body_html",
    ]  # fmt: skip


def test_every_form_of_a_release_loses_them() -> None:
    markdown = "---\nuri: urn:x:1\nlanguage: en\nheadline: Acme \u202eemcA\n---\n\nAcme \u2067said\u2069 &#8238;so."
    found = read_with_warnings(markdown)
    assert (found.release.headline, found.release.html) == ("Acme emcA", "<p>Acme said so.</p>")
    assert [field for field, _ in told(found)] == ["headline", "body_markdown"]
    ninjs = {
        "uri": "urn:x:1", "language": "en", "headlines": [{"role": "main", "value": TURNED}],
        "bodies": [{"contentType": "text/html", "value": "<p>Ac&#x202E;me &#146;said&#0; &lrm;so&rlm;.</p>"}],
    }  # fmt: skip
    found = read_with_warnings(ninjs)
    assert (found.release.headline, found.release.html) == ("Acme emcA", "<p>Acme ’said \u200eso\u200f.</p>")


@pytest.mark.parametrize(
    "body", ["&#8238;", "&#x202e;", "&#x00202E", "&#0;", "&#x9b;", "&#x81;", "&#xD800;", "&#xFFFF;", "\u202d"]
)
def test_no_reference_brings_one_in(body: str) -> None:
    release = reading(body_html=f"<p>Acme {body} said.</p>").release
    assert harmful(release.html) == []
    assert "&#" not in release.html


@pytest.mark.parametrize(
    "text", ["می\u200cروم", "👩\u200d🔬 at work", "\u200fعربي\u200e (3)", "1 < 2\u00a0€", "co\u00adop"]
)
def test_what_people_write_stays_without_a_warning(text: str) -> None:
    found = reading(headline=text)
    assert (found.release.headline, found.warnings) == (text, [])


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"uri": "urn:x:\u202e1"}, "uri"),
        ({"issuer": {"name": "Acme", "url": "https://acme.example/\u202e"}}, "issuer.url"),
        ({"contacts": [{"name": "A", "email": "a@b\u2066.example"}]}, "contacts.0.email"),
        ({"circuits": ["dach\0"]}, "circuits.0"),
        ({"hea\u202edline": "x"}, "(field)"),
    ],
)
def test_what_names_something_is_refused(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        reading(**fields)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert "U+" in str(refused.value)
    assert harmful(str(refused.value)) == []


@pytest.mark.parametrize("field", ["id", "name", "url", "country"])
def test_an_outlet_with_one_is_refused(field: str) -> None:
    fields = {"id": "a", "name": "A", "country": "DE", "languages": ["de"], "url": "https://a.example/"}
    offered = Offered(formats=["ninjs"], transports={"https": TransportRules()}, destinations=Destinations())
    read_outlet(fields, offered)
    with pytest.raises(DocumentRefused, match=r"U\+202E \(right-to-left override\): write it without"):
        read_outlet(fields | {field: fields[field] + "\u202e"}, offered)  # type: ignore[operator]


@pytest.mark.parametrize("format", FORMATS.all())
def test_what_an_engine_or_an_older_ledger_brings_in_goes_into_no_rendition(format: str) -> None:
    foul_words = {"name": TURNED, "role": TURNED, "phone": TURNED}
    stored = document(version=2, correction_note=TURNED, rights=TURNED, contacts=[foul_words], issuer={"name": TURNED})
    release = Release.from_ledger(json.dumps(stored))
    text = supplied(release, "en")
    assert text is not None
    foul = text.model_copy(update={"headline": "Ac\x9bme\u202e", "body_html": "<p>Ac\x1bme\u2066 said.</p>"})
    received = datetime(2026, 11, 22, tzinfo=UTC)
    made = make_rendition(release, foul, format, Wire(name="F", url="https://f.example/"), received)
    body = words(format, made.body)
    assert harmful(body) == []
    assert "Acme said." in body


def test_a_document_nested_deeply_is_refused() -> None:
    with pytest.raises(DocumentRefused, match="nested too deeply"):
        read_with_warnings('{"protect": ' + "[" * 900 + "]" * 900 + "}")
