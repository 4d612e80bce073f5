"""What the operations' page asks of releases: lists in pages, sums, and how deliveries came in over time.

Every list is a page after a cursor, and every sum is made by the database, so that a release to 130,000 outlets can be
looked at while it goes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from sqlalchemy import ColumnElement, Connection, Integer, Row, Select, and_, cast, exists, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import JSON

from tasks.ledger.schema import attempts, deliveries, outlet_profiles, outlets, releases, reopenings, translations
from tasks.ledger.spans import Span, deliveries_of, span_between
from tasks.model.profile import read_profile
from tasks.model.states import State, Verdict

d, r = deliveries.c, releases.c
K = TypeVar("K")
Grouping = Literal["circuit", "transport", "country", "format"]
NO_CIRCUIT = "(no circuit)"


@dataclass(frozen=True)
class Sums:
    """How far a release version is. Moments are seconds since the epoch."""

    languages: dict[str, dict[str, int]] = field(default_factory=dict)
    """{language: {state: n}}"""
    oldest_due_at: float | None = None
    first_at: float | None = None
    """When the first delivery of it arrived."""
    last_at: float | None = None
    """When the last one arrived, so far."""
    first_due_at: float | None = None
    """When the first delivery of it could go out, by those that have gone first."""
    span: Span = field(kw_only=True)
    """Where the deliveries lie."""

    @property
    def states(self) -> Counter[str]:
        """Of all languages together."""
        total: Counter[str] = Counter()
        for states in self.languages.values():
            total.update(states)
        return total

    @property
    def is_open(self) -> bool:
        """Whether anything may still change by itself."""
        return any(self.states[state] for state in (State.HELD, State.DUE, State.CLAIMED))


def sums(connection: Connection, release_id: int) -> Sums:
    """Count the deliveries of a release, in one pass."""
    arrived, due = d.state == State.DELIVERED, d.state == State.DUE
    moments = (
        func.min(d.id), func.max(d.id), func.min(d.due_at).filter(due), func.min(d.ended_at).filter(arrived),
        func.max(d.ended_at).filter(arrived), func.min(d.first_due_at),
    )  # fmt: skip
    query = select(d.language, *_BY_STATE, *moments).where(*deliveries_of(connection, release_id)).group_by(d.language)
    rows = connection.execute(query.order_by(d.language)).all()
    columns = zip(*(row[-len(moments) :] for row in rows), strict=True) if rows else ((),) * len(moments)
    lowest, highest, oldest, first, last, first_due = columns
    languages = {row.language: _states(row[1:]) for row in rows}
    ends = (min(lowest), max(highest)) if rows else None
    return Sums(
        languages, oldest_due_at=_least(oldest), first_at=_least(first), last_at=max(_known(last), default=None),
        first_due_at=_least(first_due),
        span=span_between(release_id, ends, sum(n for states in languages.values() for n in states.values())),
    )  # fmt: skip


_BY_STATE = [func.count().filter(d.state == state) for state in State]
"""The number of deliveries in each state, as columns: to group by the state too would mean to sort by texts."""


def _states(row: Sequence[Any]) -> dict[str, int]:
    """What begins with the columns _BY_STATE, as {state: n}, without those in which none is."""
    return {state.value: n for state, n in zip(State, row, strict=False) if n}


def _known(moments: Iterable[float | None]) -> list[float]:
    return [moment for moment in moments if moment is not None]


def _least(moments: Iterable[float | None]) -> float | None:
    return min(_known(moments), default=None)


def failures(connection: Connection, span: Span) -> list[tuple[str, str | None, str | None, int]]:
    """Why deliveries of a release failed for good, or so far: (state, code, reason, n)."""
    tried = or_(d.state.in_([State.REJECTED, State.EXHAUSTED]), and_(d.state == State.DUE, d.attempt > 0))
    query = select(d.state, d.code, d.reason, func.count()).where(*span.deliveries, tried)
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query.group_by(d.state, d.code, d.reason))]


def grouped(connection: Connection, span: Span, by: Grouping) -> dict[str, dict[str, int]]:
    """Count the deliveries of a release by circuit, transport, country or format: {name: {state: n}}.

    Outlets count as they are now. An outlet in several circuits counts in each of them.
    """
    together: dict[tuple[str, ...], list[int]] = {}
    for names, counted in _groups(connection, span, by):
        _add(together, names, counted)
    found: dict[str, list[int]] = {}
    for names, counted in together.items():  # there are far fewer of these than of profiles
        for name in names:
            _add(found, name, counted)
    return {name: _states(counted) for name, counted in sorted(found.items(), key=lambda one: (-sum(one[1]), one[0]))}


def _add(to: dict[K, list[int]], key: K, counted: list[int]) -> None:
    """Add numbers to those of a key, one by one."""
    before = to.get(key)
    to[key] = counted if before is None else [a + b for a, b in zip(before, counted, strict=True)]


def _groups(connection: Connection, span: Span, by: Grouping) -> Iterator[tuple[tuple[str, ...], list[int]]]:
    """The names of each group of deliveries, and how many of them are in each state, as _BY_STATE has them."""
    of = span.deliveries
    if by == "format":
        query = select(d.format, *_BY_STATE).where(*of).group_by(d.format)
    elif by == "transport":
        scheme = _scheme(connection)
        joined = select(scheme, *_BY_STATE).join(outlets, outlets.c.id == d.outlet_id)
        query = joined.where(*of).group_by(scheme)
    else:
        query = _by_profile(of)
    for name, *counted in connection.execute(query):
        names = _of_profile(name, by) if by in ("country", "circuit") else (name or "unknown",)
        yield names, counted


def _of_profile(document: str | None, by: Grouping) -> tuple[str, ...]:
    """The country, or the circuits, of outlets with a profile."""
    read = None if document is None else read_profile(document)
    names = ("unknown",) if read is None else (read.country,) if by == "country" else read.circuits
    return names or (NO_CIRCUIT,)


def _by_profile(of: Sequence[ColumnElement[bool]]) -> Select[Any]:
    counted = (
        select(outlets.c.profile_id, *(column.label(f"n{place}") for place, column in enumerate(_BY_STATE)))
        .join(outlets, outlets.c.id == d.outlet_id)
        .where(*of)
        .group_by(outlets.c.profile_id)
        .subquery()
    )
    profile, *numbers = counted.c
    profiles = outlet_profiles.c
    return select(profiles.document, *numbers).outerjoin_from(counted, outlet_profiles, profiles.id == profile)


def _scheme(connection: Connection) -> ColumnElement[str]:
    """How the URL of an outlet begins."""
    document = outlets.c.document
    if connection.dialect.name == "postgresql":
        return func.split_part(cast(document, JSON)["url"].astext, ":", 1)
    url = func.json_extract(document, "$.url")
    return func.substr(url, 1, func.instr(url, ":") - 1)


@dataclass(frozen=True)
class FirstSending:
    """When deliveries of a release arrived for the first time, apart from what was sent again later. Moments are
    seconds since the epoch."""

    span: Span
    since: float
    """When the first could go out."""
    last: float
    """When the last one arrived, so far."""
    again: Mapping[int, float]
    """Of those that were opened again after their end: when each first arrived, by its number."""
    sent_again: int
    """How many of these had arrived before they were opened again."""


def first_sending(connection: Connection, sums: Sums) -> FirstSending | None:
    """When deliveries of a release first arrived; None if none has. `sums`: what was counted of it a moment ago."""
    again, sent_again, tried_at = _reopened(connection, sums.span)
    moments: Sequence[float | None] = (sums.first_due_at, sums.first_at, sums.last_at)
    if tried_at is not None:
        once = and_(*_arrived_once(again))
        columns = (func.min(d.first_due_at), func.min(d.ended_at).filter(once), func.max(d.ended_at).filter(once))
        moments = connection.execute(select(*columns).where(*sums.span.deliveries)).one()
    first_due, first, last = moments
    arrived = [*_known([first, last]), *again.values()]
    if not arrived:
        return None
    since = min([*_known([first_due, tried_at]), *arrived])
    return FirstSending(sums.span, since, max(arrived), again, sent_again)


def _reopened(connection: Connection, span: Span) -> tuple[dict[int, float], int, float | None]:
    """When those deliveries of a release first arrived that were opened again, how many of them had arrived before
    that, and when the first of them was tried."""
    reopened = (
        select(reopenings.c.delivery_id, func.max(reopenings.c.attempt).label("attempt"))
        .join(deliveries, d.id == reopenings.c.delivery_id)
        .where(span.has(reopenings.c.delivery_id), *span.deliveries)
        .group_by(reopenings.c.delivery_id)
        .subquery()
    )
    a = attempts.c
    arrived = a.verdict == Verdict.DELIVERED
    query = (
        select(
            a.delivery_id,
            func.min(a.started_at + a.seconds).filter(arrived).label("first"),
            func.count().filter(arrived, a.attempt <= reopened.c.attempt).label("before"),
            func.min(a.started_at).label("tried_at"),
        )
        .join(reopened, reopened.c.delivery_id == a.delivery_id)
        .group_by(a.delivery_id)
    )
    rows = connection.execute(query).all()
    again = {row.delivery_id: row.first for row in rows if row.first is not None}
    return again, sum(row.before > 0 for row in rows), min((row.tried_at for row in rows), default=None)


def _arrived_once(again: Mapping[int, float]) -> list[ColumnElement[bool]]:
    """Conditions on deliveries that arrived, and were not opened again after an end."""
    arrived = [d.state == State.DELIVERED, d.ended_at.is_not(None)]
    return [*arrived, ~exists().where(reopenings.c.delivery_id == d.id)] if again else arrived


def arrivals(connection: Connection, sending: FirstSending, width: float, until: float) -> list[tuple[float, int]]:
    """How deliveries first arrived over time, before `until`: (seconds after the begin, n) for each stretch of `width`
    seconds that has any."""
    place = (d.ended_at - sending.since) / width
    if connection.dialect.name == "postgresql":  # which rounds where SQLite cuts off
        place = func.floor(place)
    stretch = cast(place, Integer)
    arrived = (*sending.span.deliveries, *_arrived_once(sending.again), d.ended_at < until)
    query = select(stretch, func.count()).where(*arrived).group_by(stretch)
    counted = Counter({row[0]: row[1] for row in connection.execute(query)})
    counted.update(int((moment - sending.since) / width) for moment in sending.again.values() if moment < until)
    return [(number * width, n) for number, n in sorted(counted.items())]


def before(connection: Connection, number: int | None, count: int) -> list[Row[Any]]:
    """Release versions in the order in which they were taken, the newest first, from below this number on."""
    query = select(releases).order_by(r.id.desc()).limit(count)
    return list(connection.execute(query if number is None else query.where(r.id < number)))


def with_language(connection: Connection, numbers: Collection[int], language: str) -> set[int]:
    """Those of these release versions that have a text in a language."""
    t = translations.c
    found = select(t.release_id).where(t.release_id.in_(numbers), t.language == language)
    return set(connection.execute(found).scalars())


def versions(connection: Connection, uri: str) -> list[Row[Any]]:
    """The versions of a release, the newest first."""
    return list(connection.execute(select(releases).where(r.uri == uri).order_by(r.version.desc())))


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which deliveries of a release are listed; None or empty: whatever it is."""

    states: tuple[str, ...] = ()
    language: str | None = None
    code: str | None = None
    outlet: str | None = None
    """The beginning of an outlet's id."""
    outlet_is: str | None = None
    """An outlet's whole id."""
    after: tuple[str, str] | None = None
    """The language and outlet of the last delivery on the page before."""


def listed(connection: Connection, release_id: int, wanted: Wanted, count: int) -> list[Row[Any]]:
    """Deliveries of a release by language and outlet, with names of outlets as their documents have them: `count` at
    most, after the cursor."""
    conditions = [d.release_id == release_id, *_conditions(wanted)]
    if wanted.after is not None:
        conditions.append(tuple_(d.language, d.outlet_id) > wanted.after)
    query = (
        select(deliveries, outlets.c.document, outlets.c.status.label("outlet_status"))
        .join(outlets, outlets.c.id == d.outlet_id)
        .where(*conditions)
        .order_by(d.language, d.outlet_id)
        .limit(count)
    )
    return list(connection.execute(query))


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [d.state.in_(wanted.states)] if wanted.states else []
    if wanted.language:
        found.append(d.language == wanted.language)
    if wanted.code:
        found.append(d.code == wanted.code)
    if wanted.outlet:
        found.append(d.outlet_id.startswith(wanted.outlet, autoescape=True))
    if wanted.outlet_is:
        found.append(d.outlet_id == wanted.outlet_is)
    return found


def states_of(connection: Connection, release_id: int, wanted: Wanted) -> dict[str, int]:
    """How many deliveries of a release `wanted` describes, by state."""
    query = (
        select(d.state, func.count())
        .where(*deliveries_of(connection, release_id), *_conditions(wanted))
        .group_by(d.state)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def may_have(connection: Connection, uri: str, version: int) -> int:
    """How many outlets have, or may have, a release in one of its versions up to this one."""
    mine = select(r.id).where(r.uri == uri, r.version <= version)
    a = attempts.c
    arrived = exists().where(a.delivery_id == d.id, a.verdict.in_([Verdict.DELIVERED, Verdict.UNSURE]))
    there = or_(d.state == State.DELIVERED, d.state == State.CLAIMED, arrived)
    query = select(func.count(d.outlet_id.distinct())).where(d.release_id.in_(mine), there)
    return connection.execute(query).scalar_one()


def delivery(connection: Connection, number: int) -> Row[Any] | None:
    """A delivery with its release and outlet; None if there is none of this number."""
    query = (
        select(deliveries, r.uri, outlets.c.document, outlets.c.status.label("outlet_status"))
        .join(releases, r.id == d.release_id)
        .join(outlets, outlets.c.id == d.outlet_id)
        .where(d.id == number)
    )
    return connection.execute(query).first()


def attempts_of(connection: Connection, number: int, count: int) -> list[Row[Any]]:
    """The attempts at a delivery, the latest first, `count` at most."""
    a = attempts.c
    return list(
        connection.execute(select(attempts).where(a.delivery_id == number).order_by(a.attempt.desc()).limit(count))
    )
