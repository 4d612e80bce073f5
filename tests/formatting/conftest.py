"""Releases to format: one with everything in it, and ways to vary it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import demo_release
import pytest
from jsonschema import Draft202012Validator
from lxml import etree
from referencing import Registry, Resource

from tasks.formatting import Wire
from tasks.model.readers import read_release
from tasks.model.release import Release, Translation

SCHEMAS = Path(os.environ.get("IPTC_SCHEMAS") or Path(__file__).parents[3] / "shared" / "schemas")
"""The IPTC's schemas, which are not ours to copy; each is called as the IPTC calls it."""

BODY = (
    '<p>Northwind said on <a href="https://northwind.example/news?id=1&amp;lang=en">Tuesday</a> that its yard '
    "in Porto will build 12 ferries.</p><h2>Figures</h2>"
    '<ul><li>Output rises to 10<sup>6</sup> m<sup>2</sup></li><li>More at <a href="https://northwind.example/yard">the '
    "yard</a><ul><li>and the docks</li></ul></li></ul>"
    "<table><caption>Plan</caption><tr><th>Year</th><th>Ferries</th></tr>"
    '<tr><td>2027</td><td><a href="https://northwind.example/2027">4</a></td></tr></table>'
    "<blockquote><p>The river made us.</p><p>— Ana Reis</p></blockquote>"
    '<p>Write to <a href="mailto:press@northwind.example">press@northwind.example</a>.</p>'
    '<figure><img src="https://northwind.example/yard.jpg" alt="The yard"><figcaption>Porto, 2026</figcaption></figure>'
)

LINKS = (
    "https://northwind.example/news?id=1&lang=en",
    "https://northwind.example/yard",
    "https://northwind.example/2027",
    "https://northwind.example/yard.jpg",
    "press@northwind.example",
)

FULL: dict[str, Any] = {
    "uri": "urn:newsml:northwind.example:20261122:ferries",
    "language": "en",
    "headline": "Northwind to build ferries in Porto",
    "subheadline": "Twelve ships by 2030",
    "dateline": {"place": "Porto", "date": "2026-11-01"},
    "body_html": BODY,
    "issuer": {
        "name": "Northwind SA",
        "tickers": ["XLIS:NWD", "NYSE:NW.A"],
        "isin": ["PTNWD0AM0006"],
        "lei": "5299NORTHWIND00SA096",
        "url": "https://northwind.example/",
    },
    "contacts": [
        {"name": "Ana Reis", "role": "Press", "email": "ana@northwind.example", "phone": "+351 22 123 456"},
        {"name": "Desk"},
    ],
    "topics": ["medtop:20000178", "04000000", "20099999"],
    "urgency": 4,
    "rights": "© 2026 Northwind SA",
}


@pytest.fixture(scope="session")
def demo() -> Release:
    """The release of the demo, in ten languages, read once."""
    return read_release(demo_release.release())


@pytest.fixture
def links() -> tuple[str, ...]:
    """Every address that the body of the full release holds."""
    return LINKS


@pytest.fixture
def wire() -> Wire:
    return Wire(name="Fanwire", url="https://fanwire.example/")


@pytest.fixture
def received() -> datetime:
    """When the wire took the release."""
    return datetime(2026, 11, 22, 9, 30, 15, tzinfo=UTC)


@pytest.fixture
def first_received() -> datetime:
    """When the wire took the first version of the release."""
    return datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@pytest.fixture
def make_release() -> Callable[..., Release]:
    """`make_release(version=2)`: the full release with some fields changed."""
    return lambda **changes: read_release({**FULL, **changes})


@pytest.fixture
def translate() -> Callable[..., Translation]:
    """`translate(release, "fr")`: a translation by machine; its words are those of the source."""

    def make(release: Release, language: str, engine: str = "apertium", **changes: Any) -> Translation:
        fields = {"headline": release.headline, "subheadline": release.subheadline, "body_html": release.html}
        return Translation(language=language, engine=engine, **{"model": "model 1", **fields, **changes})

    return make


Errors = Callable[[bytes], list[str]]
"""What a schema says against an item."""


@pytest.fixture(scope="session")
def schema_errors() -> Mapping[str, Errors]:
    """By the IPTC's schemas, for each format that has one; empty where they are not."""
    if not SCHEMAS.is_dir():
        return {}
    return {
        "newsmlg2": _xml_errors("NewsML-G2_2.35-spec-All-Power.xsd"),
        "nitf": _xml_errors("nitf-3-6.xsd"),
        "ninjs": _json_errors("ninjs-schema_3.1.json"),
        "ninjs2": _json_errors("ninjs-schema_2.2.json"),
    }


def _xml_errors(name: str) -> Errors:
    schema = etree.XMLSchema(etree.parse(SCHEMAS / name))

    def errors(body: bytes) -> list[str]:
        schema.validate(etree.fromstring(body))
        return [str(entry) for entry in cast("Any", schema.error_log)]

    return errors


def _json_errors(name: str) -> Errors:
    schema = json.loads((SCHEMAS / name).read_text())
    geojson = Resource.from_contents(json.loads((SCHEMAS / "GeoJSON-schema.json").read_text()))
    registry = Registry().with_resource("https://geojson.org/schema/GeoJSON.json", geojson)
    registry = registry.with_resource("https://geojson.org/schema/GeoJSON.json#", geojson)
    validator = Draft202012Validator(schema, registry=registry)
    return lambda body: [error.message for error in validator.iter_errors(json.loads(body))]


@pytest.fixture
def newsmlg2_errors(schema_errors: Mapping[str, Errors]) -> Errors | None:
    return schema_errors.get("newsmlg2")


@pytest.fixture
def ninjs_errors(schema_errors: Mapping[str, Errors]) -> Errors | None:
    return schema_errors.get("ninjs")


@pytest.fixture
def validate(schema_errors: Mapping[str, Errors]) -> Callable[[str, bytes], None]:
    """`validate(format, body)` fails the test if the format's schema has something against an item, and skips it where
    there is no schema."""

    def validated(format: str, body: bytes) -> None:
        if not schema_errors:
            pytest.skip(f"the IPTC's schemas are not at {SCHEMAS}; IPTC_SCHEMAS may say where they are")
        assert schema_errors[format](body) == []

    return validated
