"""Seals: signed blocks of rows that are final, each bound to the one before by its hash.

Whoever prunes rows calls `entomb`, in the same transaction and before rows are deleted or their texts emptied, which
drops the leaves and records that in an audit entry; the notes in `reopenings` go together with their deliveries. A seal
without leaves still holds the chain together, with its hash and the number of its leaves; its rows are no longer looked
for. One that no audit entry names is a finding. Audit entries are never pruned, so that their seals always have leaves.
Seals are never deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, Update, bindparam, exists, func, select, text, tuple_, update

from tasks.ledger import audit as audit_entries
from tasks.ledger.portions import portions
from tasks.ledger.schema import attempts, audit, deliveries, publications, releases, reopenings, seals
from tasks.ledger.sealed_rows import Kind
from tasks.model.acts import Act
from tasks.model.states import FINAL

SHARE = 0.25
"""Of a release's age that passes between two looks at it."""
PUT_OFF = 3600.0
"""Seconds until a release is looked at again of which a seal cannot be read."""
_LOCK = 7265560
"""A number of our own, as in deliveries/locks.py."""


class Took(StrEnum):
    """What retention took from a release version, as the audit entry says it."""

    RENDITIONS = "the bytes of renditions"
    ANSWERS = "the texts of answers"
    ATTEMPTS = "attempts that did not arrive"
    DELIVERIES = "deliveries"
    TEXTS = "texts"


@dataclass(frozen=True)
class Due:
    """A release of which something may have to be sealed."""

    id: int
    uri: str
    version: int
    seal_at: float
    received_at: float
    planned: bool


def keep_view(connection: Connection) -> None:
    """Have this transaction see the ledger as it stands at its first look, although others write meanwhile: it begins
    with this. On SQLite each transaction does."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def one_sealer_at_a_time(connection: Connection) -> None:
    """Let nobody else add a seal until this transaction ends. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


def last(connection: Connection) -> Row[Any] | None:
    """The newest seal; None if there is none."""
    return connection.execute(_LAST).first()


_LAST = select(seals).order_by(seals.c.id.desc()).limit(1)


def add(connection: Connection, **values: Any) -> None:
    """Write a seal."""
    connection.execute(seals.insert().values(values))


def every(connection: Connection) -> Iterator[Row[Any]]:
    """All seals in their order, few of them in memory at a time."""
    yield from connection.execute(select(seals).order_by(seals.c.id), execution_options={"yield_per": 50})


def of_release(connection: Connection, release_id: int) -> list[Row[Any]]:
    """The seals of a release's deliveries and of its texts, in their order."""
    return list(connection.execute(select(seals).where(seals.c.release_id == release_id).order_by(seals.c.id)))


def sealed_releases(connection: Connection) -> list[int]:
    """The numbers of the releases that have seals."""
    query = select(seals.c.release_id).where(seals.c.release_id.is_not(None)).distinct().order_by(seals.c.release_id)
    return list(connection.execute(query).scalars())


def of_audit(connection: Connection, since: float) -> list[Row[Any]]:
    """The seals of audit entries with one of this moment or later."""
    return list(connection.execute(_OF_AUDIT, {"since": since}))


_OF_AUDIT = select(seals).where(seals.c.kind == Kind.AUDIT, seals.c.until >= bindparam("since")).order_by(seals.c.id)


def audit_until(connection: Connection) -> float:
    """The latest moment of a sealed audit entry, seconds since the epoch; 0 if none is sealed."""
    return connection.execute(select(func.max(seals.c.until)).where(seals.c.kind == Kind.AUDIT)).scalar() or 0.0


def entomb(connection: Connection, release_ids: Collection[int], took: Took) -> None:
    """Drop the leaves of the seals of what is about to be pruned of these releases, and record of which seals."""
    kind = Kind.TEXTS if took is Took.TEXTS else Kind.DELIVERIES
    these = (seals.c.release_id.in_(release_ids), seals.c.kind == kind, seals.c.leaves.is_not(None))
    emptied: dict[int, list[int]] = defaultdict(list)
    for id, release_id in connection.execute(
        update(seals).where(*these).values(leaves=None).returning(seals.c.id, seals.c.release_id)
    ):
        emptied[release_id].append(id)
    for release_id, ids in sorted(emptied.items()):
        note_taken(connection, release_id, took, sorted(ids))


def note_taken(connection: Connection, release_id: int, took: Took, ids: Collection[int] = ()) -> None:
    """Record that retention took something of a release version, with the leaves of these seals."""
    r = releases.c
    uri, version = connection.execute(select(r.uri, r.version).where(r.id == release_id)).one()
    new = {"took": took.value} | ({"seals": list(ids)} if ids else {})
    audit_entries.record(connection, audit_entries.of_release(Act.RETAIN, uri, version, new=new))


def due(connection: Connection, now: float) -> Due | None:
    """The release that is to be looked at next: of those that are due, the one that became so last; then one that would
    not be looked at for longer than any ever is, for that nobody but an intruder has written."""
    in_time, too_late = _due()
    row = connection.execute(in_time, {"moment": now}).first() or connection.execute(too_late, {"moment": now}).first()
    return Due(*row) if row else None


@cache
def _due() -> tuple[Select[Any], Select[Any]]:
    """What is due in time, and what would be too late."""
    r, now = releases.c, bindparam("moment", type_=releases.c.seal_at.type)
    query = select(r.id, r.uri, r.version, r.seal_at, r.received_at, r.planned_at.is_not(None)).limit(1)
    in_time = query.where(r.seal_at <= now).order_by(r.seal_at.desc(), r.id.desc())
    latest = now + PUT_OFF
    return in_time, query.where(r.seal_at > latest, r.seal_at > latest + (now - r.received_at) * SHARE)


def looked(connection: Connection, release: Due, again_at: float | None) -> None:
    """Say when a release is to be looked at again; None: never, unless something is opened again. What somebody has
    said since it was read stays."""
    same = (releases.c.id == release.id, releases.c.seal_at == release.seal_at)
    connection.execute(update(releases).where(*same).values(seal_at=again_at))


def look_again(connection: Connection, release_ids: Collection[int], now: float) -> None:
    """Have these releases looked at soon: something that had ended goes on."""
    connection.execute(update(releases).where(releases.c.id.in_(release_ids)).values(seal_at=now))


def look_after_all(connection: Connection, release_id: int, now: float) -> None:
    """Have a release looked at soon if all of it was sealed: a text of it is ready that nobody waited for any more."""
    connection.execute(_look_after_all(), {"release": release_id, "moment": now})


@cache
def _look_after_all() -> Update:
    sealed = update(releases).where(releases.c.id == bindparam("release"), releases.c.seal_at.is_(None))
    return sealed.values(seal_at=bindparam("moment"))


def look_later(connection: Connection, delivery_ids: Collection[int], now: float) -> None:
    """Have the releases of these deliveries looked at again if all of them was sealed: outlets have said something.
    They say it over days, so the next look is as far away as one that is due by the release's age."""
    r = releases.c
    theirs = select(deliveries.c.release_id).where(deliveries.c.id.in_(delivery_ids))
    later = now + (now - r.received_at) * SHARE
    connection.execute(update(releases).where(r.seal_at.is_(None), r.id.in_(theirs)).values(seal_at=later))


def rows_of(
    connection: Connection, release_id: int, *, after: tuple[str, str] = ("", ""), limit: int | None = None
) -> list[dict[str, Any]]:
    """The deliveries of a release by language and outlet, those after `after`, with all that is sealed of an end."""
    said = {"release": release_id, "language": after[0], "outlet": after[1]}
    query = _rows_of() if limit is None else _rows_of().limit(limit)
    return [dict(row._mapping) for row in connection.execute(query, said)]


@cache
def _rows_of() -> Select[Any]:
    d = deliveries.c
    names = ("id", "language", "outlet_id", "format", "state", "verdict", "status", "code", "reason", "attempt",
             "tries", "first_due_at", "ended_at")  # fmt: skip
    return (
        select(*(d[name] for name in names), releases.c.uri, releases.c.version.label("release_version"))
        .join(releases, releases.c.id == d.release_id)
        .where(
            d.release_id == bindparam("release"),
            tuple_(d.language, d.outlet_id) > tuple_(bindparam("language"), bindparam("outlet")),
        )
        .order_by(d.language, d.outlet_id)
    )


def planned_of(connection: Connection, release_id: int) -> list[tuple[int, str, str]]:
    """All deliveries of a release: number, language and outlet."""
    d = deliveries.c
    query = select(d.id, d.language, d.outlet_id).where(d.release_id == release_id)
    return [(row.id, row.language, row.outlet_id) for row in connection.execute(query)]


def any_open(connection: Connection, release_id: int) -> bool:
    """Whether any delivery of a release has not ended."""
    still = (deliveries.c.release_id == release_id, deliveries.c.state.not_in(FINAL))
    return connection.execute(select(deliveries.c.id).where(*still).limit(1)).first() is not None


def all_sealed(connection: Connection, release_id: int) -> bool:
    """Whether everything of a release has ended and was sealed."""
    query = select(releases.c.id).where(releases.c.id == release_id, releases.c.seal_at.is_(None))
    return connection.execute(query).first() is not None


def never_sealed(connection: Connection) -> list[tuple[str, int]]:
    """The release versions (URI, version) of which nothing is sealed, although all is said to be."""
    r = releases.c
    sealed = exists().where(seals.c.release_id == r.id)
    return [
        (row.uri, row.version)
        for row in connection.execute(select(r.uri, r.version).where(r.seal_at.is_(None), ~sealed))
    ]


def count_unsealed(connection: Connection) -> int:
    """How many releases are not sealed as a whole yet."""
    return connection.execute(select(func.count()).where(releases.c.seal_at.is_not(None))).scalar_one()


def attempts_of(connection: Connection, ids: Collection[int]) -> Iterator[dict[str, Any]]:
    """The attempts at these deliveries, by delivery and attempt."""
    yield from _of(connection, attempts, ids)


def reopenings_of(connection: Connection, ids: Collection[int]) -> Iterator[dict[str, Any]]:
    """The notes that these deliveries were opened again, by delivery and attempt."""
    yield from _of(connection, reopenings, ids)


def publications_of(connection: Connection, ids: Collection[int]) -> Iterator[dict[str, Any]]:
    """What outlets said became of these deliveries, by delivery and number."""
    yield from _of(connection, publications, ids, "id")


def _of(connection: Connection, table: Table, ids: Collection[int], then: str = "attempt") -> Iterator[dict[str, Any]]:
    for some in portions(sorted(ids)):
        for row in connection.execute(_of_deliveries(table, then), {"ids": some}):
            yield dict(row._mapping)


@cache
def _of_deliveries(table: Table, then: str) -> Select[Any]:
    theirs = table.c.delivery_id.in_(bindparam("ids", expanding=True))
    return select(table).where(theirs).order_by(table.c.delivery_id, table.c[then])


def replays(connection: Connection) -> list[Row[Any]]:
    """When somebody replayed deliveries, of which release, and to which outlet, by the audit entries: by moment."""
    a = audit.c
    return list(connection.execute(select(a.at, a.uri, a.outlet_id).where(a.act == Act.REPLAY).order_by(a.at)))


def entries(connection: Connection, *, since: float, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """The audit entries of this moment or later, by moment and number."""
    query = _ENTRIES if limit is None else _ENTRIES.limit(limit)
    for row in connection.execute(query, {"since": since}, execution_options={"yield_per": 1000}):
        yield dict(row._mapping)


_ENTRIES = select(audit).where(audit.c.at >= bindparam("since")).order_by(audit.c.at, audit.c.id)
