"""The report of a release: how many have it, who not and why, and how it went over time.

It is gathered in one pass over the deliveries, of which only counts and moments are kept; `lines` reads them again one
by one. So a release to 130,000 outlets needs little memory. report_documents.py writes it as HTML, JSON, CSV and PDF.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, select

from tasks import ledger
from tasks.ledger import counts, post_edits, publications, seals
from tasks.ledger import outlets as outlet_rows
from tasks.ledger import releases as release_rows
from tasks.ledger.post_edits import EditRate
from tasks.ledger.schema import attempts, deliveries, outlets, releases
from tasks.ledger.spans import Span, span_between
from tasks.model.codes import Code
from tasks.model.countries import country_name
from tasks.model.languages import LanguageTag
from tasks.model.release import Release
from tasks.model.states import FINAL, State, Writing
from tasks.operations.report_groups import Group, Groups, transport_name
from tasks.operations.sealed import readable

STATES_IN_ORDER = (
    State.HELD, State.DUE, State.CLAIMED, State.DELIVERED, State.REJECTED, State.EXHAUSTED, State.SUPERSEDED,
    State.CANCELED,
)  # fmt: skip
"""As a delivery passes through them."""
WITH_REASON = frozenset({State.REJECTED, State.EXHAUSTED, State.CANCELED, State.DUE})
"""The states in which a delivery says why it is not delivered."""
NO_CIRCUIT = "(none)"
"""The group of deliveries to outlets that are in no circuit."""
_AT_ONCE = 1000
"""Rows that are in memory at a time."""


@dataclass(frozen=True, slots=True)
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


class Version(NamedTuple):
    """A version of the release, as the ledger took it."""

    version: int
    received_at: float
    status: str
    """usable, or canceled for a kill"""
    sent_by: str | None


@dataclass(frozen=True)
class Sealed:
    """What the ledger has sealed of the release when the report was made (tasks/operations/sealer.py)."""

    deliveries: int
    """Deliveries whose end is sealed."""
    blocks: list[tuple[int, str]]
    """The seals of its deliveries: number and hash."""
    head: tuple[int, str] | None
    """The last seal of the ledger: number and hash."""


@dataclass(frozen=True)
class Report:
    """Everything that a report says of one release version. Moments are seconds since the epoch."""

    release: Release
    made_at: float
    received_at: float
    first_received_at: float
    first_due_at: float | None
    versions: list[Version]
    lines: Lines
    """Every delivery."""
    undelivered: Lines
    """The deliveries that are not delivered, each with its reason."""
    delivered_at: array[float]
    """The moments of delivery, sorted."""
    languages: dict[str, dict[str, int]]
    by_language: list[Group]
    by_country: list[Group]
    by_circuit: list[Group]
    """A delivery counts in each circuit of its outlet that the release was ordered for."""
    by_transport: list[Group]
    reasons: list[dict[str, Any]]
    """Why deliveries are not delivered: state, code, commonest reason and number, the commonest first."""
    verdicts: dict[str, int]
    """How many attempts ended how: {verdict: n}."""
    tries: dict[int, int]
    """How many deliveries had how many attempts."""
    holds: list[dict[str, Any]]
    writing: dict[str, Writing]
    """Who is behind each text, by language."""
    sealed: Sealed
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
    def number(self) -> int:
        """Number of deliveries."""
        return sum(self.states.values())

    @property
    def finished(self) -> bool:
        """Whether nothing of it can change any more but by a replay, or what outlets say."""
        return all(state in FINAL for state in self.states)

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


def reasons(connection: Connection, span: Span) -> list[dict[str, Any]]:
    """Why deliveries are rejected, exhausted, canceled or still due: state, reason and number, the commonest first."""
    d = deliveries.c
    query = (
        select(d.state, d.code, d.reason, func.count())
        .where(*span.deliveries, d.state.in_(WITH_REASON))
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


@dataclass(frozen=True)
class Lines:
    """The deliveries of a release, read one by one each time: by the connection of the report as long as it is open,
    and by one of their own afterwards."""

    connection: Connection
    release_id: int
    places: dict[tuple[str, str], Place]
    delivered: bool
    """Whether the delivered ones are among them."""
    number: int

    def __len__(self) -> int:
        return self.number

    def __iter__(self) -> Iterator[Line]:
        if not self.connection.closed:
            yield from self._read(self.connection)
            return
        with ledger.read() as connection:
            yield from self._read(connection)

    def _read(self, connection: Connection) -> Iterator[Line]:
        query = _deliveries(self.release_id)
        if not self.delivered:
            query = query.where(deliveries.c.state != State.DELIVERED)
        for found in connection.execute(query, execution_options={"yield_per": _AT_ONCE}):
            document = json.loads(found.document)
            place = self.places.get((found.outlet_id, found.language))
            yield Line(
                found.outlet_id, document["name"], document["country"], found.language, found.state, found.reason,
                found.status, found.attempt, found.ended_at, _code(found),
                *((place.status, place.url, place.reason) if place else ()),
            )  # fmt: skip


def _deliveries(release_id: int) -> Select[Any]:
    d, o = deliveries.c, outlets.c
    columns = (d.id, d.outlet_id, o.document, d.language, d.state, d.reason, d.status, d.attempt, d.ended_at,
               d.first_due_at, d.code, d.hold_kind)  # fmt: skip
    query = select(*columns).join(outlets, o.id == d.outlet_id).where(d.release_id == release_id)
    return query.order_by(d.language, d.outlet_id)


def _code(row: Row[Any]) -> str | None:
    return row.hold_kind if row.state == State.HELD else code_of(row.code, row.reason)


@cache
def _language_name(tag: str) -> str:
    return LanguageTag(tag).english_name


@dataclass
class _Gathered:
    """What one pass over the deliveries counts."""

    ordered: frozenset[str]
    """The circuits that the release was ordered for; empty: all."""
    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(language, state): n"""
    ends: tuple[int, int] | None = None
    """The numbers of the first delivery and of the last."""
    languages: Groups = field(default_factory=Groups)
    countries: Groups = field(default_factory=Groups)
    circuits: Groups = field(default_factory=Groups)
    transports: Groups = field(default_factory=Groups)
    delivered_at: array[float] = field(default_factory=lambda: array("d"))
    first_due_at: float | None = None
    reasons: Counter[tuple[str, str | None, str | None]] = field(default_factory=Counter)
    tries: Counter[int] = field(default_factory=Counter)

    @property
    def by_language(self) -> dict[str, dict[str, int]]:
        """{language: {state: n}}"""
        found: dict[str, dict[str, int]] = {}
        for (language, state), n in sorted(self.states.items()):
            found.setdefault(language, {})[state] = n
        return found

    def span(self, release_id: int) -> Span:
        """Where the deliveries lie."""
        return span_between(release_id, self.ends, self.states.total())

    def add(self, row: Row[Any]) -> None:
        """Count a delivery."""
        document = json.loads(row.document)
        state, ended_at = row.state, row.ended_at
        self.states[row.language, state] += 1
        first, last = self.ends or (row.id, row.id)
        self.ends = min(first, row.id), max(last, row.id)
        self.languages.add(row.language, _language_name(row.language), state, ended_at)
        self.countries.add(document["country"], country_name(document["country"]), state, ended_at)
        transport = transport_name(document.get("url", ""))
        self.transports.add(transport, transport, state, ended_at)
        theirs = set(document.get("circuits", ()))
        for circuit in (theirs & self.ordered if self.ordered else theirs) or {NO_CIRCUIT}:
            self.circuits.add(circuit, circuit, state, ended_at)
        self.tries[row.attempt] += 1
        if row.first_due_at is not None:
            self.first_due_at = min(row.first_due_at, self.first_due_at or row.first_due_at)
        if state != State.DELIVERED:
            self.reasons[state, _code(row), row.reason] += 1
        elif ended_at is not None:
            self.delivered_at.append(ended_at)


def report(connection: Connection, release_id: int, *, seals_in: Connection | None = None) -> Report:
    """Gather the report of a release. `seals_in`: the ledger that has its seals, if that is another one than has its
    rows."""
    row = connection.execute(select(releases).where(releases.c.id == release_id)).one()
    release = Release.from_ledger(row.document)
    gathered = _Gathered(frozenset(release.circuits))
    for found in connection.execute(_deliveries(release_id), execution_options={"yield_per": _AT_ONCE}):
        gathered.add(found)
    states, span = gathered.by_language, gathered.span(release_id)
    total = counts.total(states)
    places = {(place.outlet, place.language): place for place in _places(connection, row.uri, row.version, span)}
    number, delivered = sum(total.values()), total.get(State.DELIVERED, 0)
    return Report(
        release=release,
        made_at=ledger.now(connection),
        received_at=row.received_at,
        first_received_at=release_rows.first_received(connection, row.uri),
        first_due_at=gathered.first_due_at,
        versions=_versions(connection, row.uri),
        lines=Lines(connection, release_id, places, True, number),
        undelivered=Lines(connection, release_id, places, False, number - delivered),
        delivered_at=array("d", sorted(gathered.delivered_at)),
        languages=states,
        by_language=gathered.languages.largest_first(),
        by_country=gathered.countries.largest_first(),
        by_circuit=gathered.circuits.largest_first(),
        by_transport=gathered.transports.largest_first(),
        reasons=by_code((*why, n) for why, n in gathered.reasons.items()),
        verdicts=_verdicts(connection, span),
        tries=dict(sorted(gathered.tries.items())),
        holds=counts.holds(connection, release_id) if State.HELD in total else [],
        writing=counts.writing(connection, release_id),
        sealed=_sealed(seals_in or connection, release_id),
        edited=post_edits.rates(connection, release_id=release_id),
        places=list(places.values()),
    )


def _versions(connection: Connection, uri: str) -> list[Version]:
    r = releases.c
    query = select(r.version, r.received_at, r.status, r.sent_by).where(r.uri == uri).order_by(r.version)
    return [Version(*row) for row in connection.execute(query)]


def _verdicts(connection: Connection, span: Span) -> dict[str, int]:
    a = attempts.c
    query = select(a.verdict, func.count()).where(span.has(a.delivery_id)).group_by(a.verdict)
    if not span.is_whole:
        query = query.join(deliveries, deliveries.c.id == a.delivery_id).where(*span.deliveries)
    rows = connection.execute(query)
    return dict(sorted(((row[0], row[1]) for row in rows), key=lambda row: (-row[1], row[0])))


def _sealed(connection: Connection, release_id: int) -> Sealed:
    """What is sealed of a release; one of which the leaves were pruned counts as far as they are there."""
    blocks, head = seals.of_release(connection, release_id), seals.last(connection)
    ended: set[int] = set()
    for leaf in (leaf for block in blocks for leaf in readable(block)):
        if leaf.kind == "end":
            ended.add(leaf.number)
        elif leaf.kind == "reopened":
            ended.discard(leaf.number)
    return Sealed(
        len(ended),
        [(block.id, block.hash) for block in blocks],
        (head.id, head.hash) if head else None,
    )


def _places(connection: Connection, uri: str, version: int, span: Span) -> list[Place]:
    """What became of a release, by country, language and outlet; `span`: of this version."""
    standings = publications.of_release(connection, uri, version, span)
    documents = outlet_rows.documents(connection, {outlet for outlet, _ in standings}, removed=True)
    found = []
    for (outlet, language), standing in standings.items():
        of, fate = documents[outlet], standing.fate
        found.append(
            Place(outlet, of.get("name", outlet), of.get("country", ""), language, standing.version, fate.words,
                  fate.url, fate.reason, fate.at)
        )  # fmt: skip
    return sorted(found, key=lambda place: (place.country, place.language, place.outlet))
