"""The outlet document: a configured receiver of releases.

`read_outlets(path, offered)` reads a file of them (YAML, JSON or CSV) and says of each row whether it is good.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from tasks.model.countries import Country
from tasks.model.documents import Document, DocumentRefused, Yaml, read, unreadable
from tasks.model.languages import LanguageTag
from tasks.model.release import Line, Slug, Topic
from tasks.runtime.errors import Problem, pattern
from tasks.runtime.secrets import SecretReference

HEADER_NAME = pattern(r"^[A-Za-z0-9-]+$", "must be a header's name: letters, digits and '-'")


@dataclass(frozen=True, kw_only=True)
class Offered:
    """What an installation can do for outlets. Documents that are imported are read with it, so that none of them asks
    for more; one that the ledger has is read without, since what it asks for may be out of order for a while."""

    formats: Collection[str]
    """Their names."""
    transports: Mapping[str, Callable[[str], None] | None]
    """By URL scheme, with what checks such a URL, if anything does; it raises ValueError."""


def _format(value: str, info: ValidationInfo) -> str:
    offered: Offered | None = (info.context or {}).get("offered")
    if offered and value not in offered.formats:
        known = " or ".join(", ".join(map(repr, sorted(offered.formats))).rsplit(", ", 1))
        raise ValueError(f"must be {known}, not {value[:40]!r}")
    return value


def _url(value: str, info: ValidationInfo) -> str:
    scheme = urlsplit(value).scheme
    offered: Offered | None = (info.context or {}).get("offered")
    if offered and scheme not in offered.transports:
        known = ", ".join(sorted(offered.transports))
        raise ValueError(f"begins with {scheme or 'no scheme'!r}; Fanwire delivers over {known}")
    if not scheme or re.search(r"[\s\x00-\x1f]", value):
        raise ValueError("has no scheme or has spaces in it")
    if offered and (check := offered.transports[scheme]):
        check(value)
    return value


def _once(values: list[str]) -> list[str]:
    """`[de, DE]` is one language."""
    return list(dict.fromkeys(values))


class Auth(Document):
    """How an outlet knows that it is us. Secrets are named, never written: `env:NAME` or `file:PATH`."""

    type: Literal["none", "bearer", "basic", "header"] = "none"
    user: Line | None = None
    """With `basic`."""
    header: Annotated[str, Field(pattern=HEADER_NAME)] | None = Field(None, examples=["X-Api-Key"])
    """With `header`: its name."""
    secret: SecretReference | None = None
    """The token, password or header value."""
    signing_secret: SecretReference | None = None
    """Signs each delivery after Standard Webhooks; its value is `whsec_` and base64."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [
            name
            for name, needed in (
                ("secret", self.type != "none"),
                ("user", self.type == "basic"),
                ("header", self.type == "header"),
            )
            if needed and getattr(self, name) is None
        ]
        if missing:
            raise ValueError(f"type {self.type!r} needs {' and '.join(missing)}")
        return self


class Limits(Document):
    """What an outlet can take."""

    in_flight: int | None = Field(None, ge=1, examples=[2])
    per_minute: int | None = Field(None, ge=1, examples=[60])


class Retry(Document):
    """How long and how often a failed delivery is tried again; what is left out is as configured for all (settings)."""

    base: float | None = Field(None, gt=0, le=3600, examples=[5])
    """Seconds before the first retry; they double from then on."""
    cap: float | None = Field(None, gt=0, le=7 * 86400, examples=[14400])
    """Seconds between retries at most."""
    horizon: float | None = Field(None, gt=0, le=30 * 86400, examples=[259200])
    """Seconds since it was first due after which a delivery is exhausted."""


class Outlet(Document):
    """One receiver."""

    id: Slug = Field(examples=["berliner-bote"])
    name: Line = Field(examples=["Berliner Bote"])
    country: Country
    languages: Annotated[list[LanguageTag], AfterValidator(_once)] = Field(min_length=1, examples=[["de"]])
    """It gets one delivery of a release in each of these."""
    topics: list[Topic] = []
    """Empty: all topics."""
    circuits: list[Slug] = []
    format: Annotated[str, AfterValidator(_format)] = Field("ninjs", max_length=100, examples=["ninjs"])
    url: Annotated[str, AfterValidator(_url)] = Field(max_length=2000, examples=["https://bote.example/wire"])
    auth: Auth = Auth()
    headers: dict[
        Annotated[str, Field(pattern=HEADER_NAME)],
        Annotated[str, Field(pattern=pattern(r"^[^\r\n\x00]*$", "must be a single line"))],
    ] = {}
    limits: Limits = Limits()
    retry: Retry = Retry()
    machine_translation: Literal["accept", "approved", "refuse"] = Field("accept", examples=["refuse"])
    """accept: what the policy of the language lets out · approved: only what a person has approved · refuse: only what
    the producer wrote."""
    status: Literal["active", "paused", "disabled"] = Field("active", examples=["active"])

    def to_json(self) -> str:
        return json.dumps(self.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)


@dataclass(frozen=True)
class OutletFile:
    """What a file of outlets held: the good ones, and for each bad row where it is and why."""

    outlets: list[Outlet] = field(default_factory=list)
    refused: list[tuple[str, DocumentRefused]] = field(default_factory=list)


def outlet_schema(offered: Offered) -> dict[str, Any]:
    """The JSON Schema of an outlet document, with the names of the formats that are offered."""
    schema = Outlet.model_json_schema()
    schema["properties"]["format"] |= {"enum": sorted(offered.formats)}
    return schema


def read_outlet(document: Any, offered: Offered) -> Outlet:
    """An outlet document that is to be imported; raises DocumentRefused."""
    name = document.get("id", "?") if isinstance(document, dict) else "?"
    return read(Outlet, document, f"outlet {name}", context={"offered": offered})


def read_outlets(path: Path, offered: Offered, form: str | None = None) -> OutletFile:
    """Read a file; its name ends in `.yaml`, `.json` or `.csv` unless `form` says which it is.

    Raises DocumentRefused when the file as a whole cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DocumentRefused(str(path), [Problem("(file)", unreadable(error))]) from None
    return parse_outlets(data, form or path.suffix.removeprefix("."), str(path), offered)


def parse_outlets(data: bytes, form: str, name: str, offered: Offered) -> OutletFile:
    """Read `data` as `csv`, `json` or (anything else) YAML; `name` is what a refusal calls it.

    CSV has a header line of field names (`limits.in_flight`, `auth.secret` for inner fields); lists are separated by
    spaces or semicolons. Raises DocumentRefused when the whole cannot be read.
    """
    result = OutletFile()
    seen: dict[str, str] = {}
    for where, row in _rows(data, form, name):
        try:
            outlet = read_outlet(row, offered)
            if outlet.id in seen:
                raise DocumentRefused(
                    f"outlet {outlet.id}", [Problem("id", f"{outlet.id!r} stands already in {seen[outlet.id]}")]
                )
        except DocumentRefused as refusal:
            result.refused.append((where, refusal))
        else:
            seen[outlet.id] = where
            result.outlets.append(outlet)
    return result


def _rows(data: bytes, form: str, name: str) -> list[tuple[str, Any]]:
    try:
        text = data.decode("utf-8-sig")
        if form == "csv":
            reader = csv.DictReader(io.StringIO(text))
            return [(f"line {reader.line_num}", _unflatten(row)) for row in reader]
        found = json.loads(text) if form == "json" else yaml.load(text, Loader=Yaml)  # noqa: S506, a safe loader
    except (ValueError, RecursionError, yaml.YAMLError, csv.Error) as error:
        raise DocumentRefused(name, [Problem("(file)", unreadable(error))]) from None
    if isinstance(found, dict):
        found = found.get("outlets", [found] if "id" in found else None)
    if not isinstance(found, list):
        problem = "must hold a list of outlets, or an object with a list 'outlets'"
        raise DocumentRefused(name, [Problem("(file)", problem)])
    return [(f"entry {number}", row) for number, row in enumerate(found, 1)]


_LISTS = ("languages", "topics", "circuits")


def _unflatten(row: dict[str, Any]) -> dict[str, Any]:
    """A CSV row as a document: empty cells left out, lists split, `limits.in_flight` under `limits`."""
    document: dict[str, Any] = {}
    for column, cell in row.items():
        if column is None:
            document["(extra cells)"] = cell
        elif cell not in (None, ""):
            outer, _, inner = column.partition(".")
            value = re.findall(r"[^;\s]+", cell) if outer in _LISTS else cell
            if inner:
                document.setdefault(outer, {})[inner] = value
            else:
                document[outer] = value
    return document
