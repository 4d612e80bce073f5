"""The report of a release: how many have it, who not and why, and how it went over time. As HTML, JSON or CSV."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from tasks.ledger import counts, post_edits, publications
from tasks.ledger import outlets as outlet_rows
from tasks.ledger import releases as release_rows
from tasks.ledger.post_edits import EditRate
from tasks.ledger.schema import deliveries, outlets, releases
from tasks.model.codes import Code
from tasks.model.languages import LanguageTag
from tasks.model.release import Release
from tasks.model.states import State, Writing
from tasks.runtime import moments
from tasks.runtime.foreign_text import printable, printable_json, printable_value
from tasks.runtime.spreadsheets import safe_cell

STATES_IN_ORDER = (
    State.HELD, State.DUE, State.CLAIMED, State.DELIVERED, State.REJECTED, State.EXHAUSTED, State.SUPERSEDED,
    State.CANCELED,
)  # fmt: skip
"""As a delivery passes through them."""
_WITH_REASON = (State.REJECTED, State.EXHAUSTED, State.CANCELED, State.DUE)
BARS = 60
"""Columns of the picture of deliveries over time."""
_TEMPLATE = Path(__file__).with_name("report.html")


@dataclass(frozen=True)
class Line:
    """One delivery, as a report shows it."""

    outlet: str
    name: str
    country: str
    language: str
    state: str
    reason: str | None
    status: int | None
    attempts: int
    ended_at: float | None
    code: str | None
    """What it met (tasks/model/codes.py); of a held one, what it waits for."""
    publication: str | None = None
    """What became of it, as the outlet says: published, accepted, rejected or taken down."""
    publication_url: str | None = None
    publication_reason: str | None = None


@dataclass(frozen=True)
class Place:
    """What became of the release at an outlet in a language, as the outlet says."""

    outlet: str
    name: str
    country: str
    language: str
    version: int
    """The version that the outlet said it of."""
    status: str
    """published, accepted, rejected or taken down"""
    url: str | None
    reason: str | None
    at: float
    """When it happened, as the outlet says."""


@dataclass(frozen=True)
class Report:
    """Everything that a report says of one release version. Moments are seconds since the epoch."""

    release: Release
    received_at: float
    first_received_at: float
    first_due_at: float | None
    lines: list[Line]
    languages: dict[str, dict[str, int]]
    holds: list[dict[str, Any]]
    writing: dict[str, Writing]
    """Who is behind each text, by language."""
    edited: list[EditRate] = field(default_factory=list)
    """How much people changed in the drafts of engines, by engine and language."""
    places: list[Place] = field(default_factory=list)
    """What outlets say became of it, by country, language and outlet."""

    @property
    def published(self) -> dict[str, int]:
        """How many outlets say what: {published, accepted, rejected or taken down: n}."""
        return dict(Counter(place.status for place in self.places))

    @property
    def states(self) -> dict[str, int]:
        """Number of deliveries in each state: {state: n}."""
        return counts.total(self.languages)

    @property
    def delivered_at(self) -> list[float]:
        """The moments of delivery, sorted."""
        return sorted(line.ended_at for line in self.lines if line.state == State.DELIVERED and line.ended_at)

    @property
    def undelivered(self) -> list[Line]:
        """The deliveries that are not delivered, each with its reason."""
        return [line for line in self.lines if line.state != State.DELIVERED]

    @property
    def spread(self) -> float | None:
        """Seconds between the first delivery and the last; None if nothing is delivered."""
        moments = self.delivered_at
        return moments[-1] - moments[0] if moments else None

    @property
    def kill(self) -> bool:
        """Whether this version withdraws the release: then delivered means that the outlet confirmed it."""
        return self.release.status == "canceled"

    def after(self, share: float) -> float | None:
        """Seconds from the moment the release could go out until this share of those who have it had it."""
        moments = self.delivered_at
        if not moments or self.first_due_at is None:
            return None
        return moments[max(0, round(share * len(moments)) - 1)] - self.first_due_at


def reasons(connection: Connection, release_id: int) -> list[dict[str, Any]]:
    """Why deliveries are rejected, exhausted, canceled or still due: state, reason and number, the commonest first."""
    d = deliveries.c
    query = (
        select(d.state, d.code, d.reason, func.count())
        .where(d.release_id == release_id, d.state.in_(_WITH_REASON))
        .group_by(d.state, d.code, d.reason)
    )
    return by_code((state, code_of(code, reason), reason, n) for state, code, reason, n in connection.execute(query))


def code_of(code: str | None, reason: str | None) -> str | None:
    """The code of a delivery; `unknown` if it has a reason and no code, for an older worker wrote it."""
    return code or (Code.UNKNOWN if reason else None)


def by_code(rows: Iterable[tuple[str, str | None, str | None, int]]) -> list[dict[str, Any]]:
    """Count (state, code, reason, n) by state and code, the commonest first; `reason` is the commonest one of each."""
    counted: dict[tuple[str, str | None], Counter[str]] = {}
    for state, code, reason, n in rows:
        counted.setdefault((state, code), Counter())[reason or "not tried yet"] += n
    found = [
        {"state": state, "code": code, "reason": reasons.most_common(1)[0][0], "n": reasons.total()}
        for (state, code), reasons in counted.items()
    ]
    return sorted(found, key=lambda row: -int(str(row["n"])))


def report(connection: Connection, release_id: int) -> Report:
    """Gather the report of a release."""
    row = connection.execute(select(releases).where(releases.c.id == release_id)).one()
    d, o = deliveries.c, outlets.c
    query = (
        select(
            d.outlet_id,
            o.document,
            d.language,
            d.state,
            d.reason,
            d.status,
            d.attempt,
            d.ended_at,
            d.first_due_at,
            d.code,
            d.hold_kind,
        )
        .join(outlets, o.id == d.outlet_id)
        .where(d.release_id == release_id)
        .order_by(d.language, d.outlet_id)
    )
    lines, first_due = [], []
    places = {(place.outlet, place.language): place for place in _places(connection, row.uri, row.version)}
    for found in connection.execute(query):
        document = json.loads(found.document)
        place = places.get((found.outlet_id, found.language))
        lines.append(
            Line(found.outlet_id, document["name"], document["country"], found.language, found.state, found.reason,
                 found.status, found.attempt, found.ended_at,
                 found.hold_kind if found.state == State.HELD else code_of(found.code, found.reason),
                 *((place.status, place.url, place.reason) if place else ()))
        )  # fmt: skip
        if found.first_due_at is not None:
            first_due.append(found.first_due_at)
    return Report(
        Release.from_ledger(row.document),
        row.received_at,
        release_rows.first_received(connection, row.uri),
        min(first_due, default=None),
        lines,
        counts.states(connection, release_id),
        counts.holds(connection, release_id),
        counts.writing(connection, release_id),
        post_edits.rates(connection, release_id=release_id),
        list(places.values()),
    )


def _places(connection: Connection, uri: str, version: int) -> list[Place]:
    """What became of a release, by country, language and outlet."""
    standings = publications.of_release(connection, uri, version)
    documents = outlet_rows.documents(connection, {outlet for outlet, _ in standings}, removed=True)
    found = []
    for (outlet, language), standing in standings.items():
        of, fate = documents[outlet], standing.fate
        found.append(
            Place(outlet, of.get("name", outlet), of.get("country", ""), language, standing.version, fate.words,
                  fate.url, fate.reason, fate.at)
        )  # fmt: skip
    return sorted(found, key=lambda place: (place.country, place.language, place.outlet))


def as_json(found: Report) -> str:
    """The report as a JSON document."""
    document = json.dumps(
        {
            "release": found.release.uri,
            "version": found.release.version,
            "headline": found.release.headline,
            "dateline": found.release.dateline and found.release.dateline.model_dump(mode="json"),
            "received_at": _moment(found.received_at),
            "first_received_at": _moment(found.first_received_at),
            "embargo_until": found.release.embargo_until and moments.written(found.release.embargo_until),
            "states": found.states,
            "languages": found.languages,
            "texts": found.writing,
            "held": found.holds,
            "edited": [rate._asdict() | {"edit_rate": round(rate.rate, 4)} for rate in found.edited],
            "seconds": {name: found.after(share) for name, share in _SHARES.items()} | {"spread": found.spread},
            "published": found.published,
            "publications": [vars(place) | {"at": _moment(place.at)} for place in found.places],
            "deliveries": [vars(line) | {"ended_at": _moment(line.ended_at)} for line in found.lines],
        },
        ensure_ascii=False,
        indent=1,
    )
    return printable_json(document)


_SHARES = {"half": 0.5, "95 %": 0.95, "99 %": 0.99, "all": 1.0}


def as_csv(found: Report) -> str:
    """The report as CSV, one line a delivery, for spreadsheets."""
    text = io.StringIO()
    writer = csv.writer(text)
    columns = list(Line.__dataclass_fields__)
    writer.writerow(columns)
    for line in found.lines:
        values = vars(line) | {"ended_at": _moment(line.ended_at)}
        writer.writerow(_cell(values[column]) for column in columns)
    return text.getvalue()


def _cell(value: Any) -> Any:
    return printable(safe_cell(value)) if isinstance(value, str) else value


def as_html(found: Report, wire: str) -> str:
    """The report as one HTML file, without scripts, which loads nothing from elsewhere."""
    from jinja2 import Environment, FileSystemLoader, select_autoescape  # few processes make such a page

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATE.parent),
        autoescape=select_autoescape(),
        finalize=printable_value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE.name).render(
        policy=_content_policy(),
        r=found,
        wire=wire,
        total=len(found.lines),
        bars=_bars(found),
        shares={name: found.after(share) for name, share in _SHARES.items()},
        shown=moments.shown,
        with_utc=moments.with_utc,
        language_name=lambda tag: LanguageTag(tag).english_name,
        reasons=_reasons(found),
    )


@cache
def _content_policy() -> str:
    """What a browser may use of the report (CSP): its own style, and nothing else, not even what is in it."""
    style = _TEMPLATE.read_text("utf-8").partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _bars(found: Report) -> list[tuple[float, int, float]]:
    """(second, deliveries, height 0 … 1) of each column of the picture."""
    moments = found.delivered_at
    if not moments or found.first_due_at is None:
        return []
    width = max(moments[-1] - found.first_due_at, 0.001) / BARS
    columns = [0] * BARS
    for moment in moments:
        columns[max(0, min(BARS - 1, int((moment - found.first_due_at) / width)))] += 1
    return [(number * width, n, n / max(columns)) for number, n in enumerate(columns)]


def _reasons(found: Report) -> list[dict[str, Any]]:
    return by_code((line.state, line.code, line.reason, 1) for line in found.undelivered)


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else moments.utc(seconds, "milliseconds")
