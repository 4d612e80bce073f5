"""What drains take: due deliveries, each of them for one worker until its lease ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from tasks.ledger.deliveries import locks
from tasks.ledger.deliveries.conditions import (
    IS_CLAIMED,
    IS_DUE,
    awaits_person,
    d,
    rendition_exists,
    translation_made,
)
from tasks.ledger.deliveries.holds import promote
from tasks.ledger.schema import deliveries, releases, renditions
from tasks.model.states import ArtifactState, Hold, State

URGENCIES = range(1, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that belongs to this worker until its lease ends."""

    id: int
    release_id: int
    language: str
    outlet_id: str
    format: str
    urgency: int
    attempt: int
    tries: int
    first_due_at: float


def claim(
    connection: Connection, worker: str, *, now: float, lease: float, limit: int, without: Collection[str] = ()
) -> list[Claim]:
    """Take up to `limit` due rows for `lease` seconds: the most urgent first, then the longest due; none in the formats
    of `without`.

    What they say stays as it is until this transaction ends, so that the caller can read it.
    """
    locks.claiming(connection)
    taken: list[Claim] = []
    for urgency in URGENCIES:
        if len(taken) < limit:
            taken += _claim_class(connection, worker, urgency, now, now + lease, limit - len(taken), without)
    back = _put_back(connection, [one.id for one in taken]) if taken else frozenset()
    for release_id, language in sorted({(one.release_id, one.language) for one in taken if one.id in back}):
        promote(connection, release_id, now, language)  # for what was made in this very moment
    return [one for one in taken if one.id not in back]


def _put_back(connection: Connection, ids: list[int]) -> frozenset[int]:
    """Hold those of these rows whose text changes, or is not approved although it has to be; their numbers. It was no
    attempt: what the one before has to say still counts."""
    unapproved = awaits_person()
    changing = rendition_exists(renditions.c.state != ArtifactState.MADE)
    kind = case(
        (~translation_made(), literal(Hold.TRANSLATION.value)),
        (unapproved, literal(Hold.APPROVAL.value)),
        else_=literal(Hold.RENDITION.value),
    )
    held: dict[str, Any] = {
        "state": State.HELD,
        "hold_kind": kind,
        "hold_detail": None,
        "code": None,
        "reason": func.replace(kind, "_", " "),
        "due_at": None,
        "first_due_at": None,
        "attempt": d.attempt - 1,
        "lease_until": None,
        "claimed_by": None,
    }
    back = update(deliveries).where(d.id.in_(ids), or_(changing, unapproved)).values(held).returning(d.id)
    return frozenset(connection.execute(back).scalars())


def _claim_class(
    connection: Connection,
    worker: str,
    urgency: int,
    now: float,
    until: float,
    limit: int,
    without: Collection[str],
) -> list[Claim]:
    """Claim within one urgency: the index leads straight to what is due, past all retries still waiting."""
    said: dict[str, Any] = {"wanted_urgency": urgency, "moment": now, "at_most": limit, "worker": worker}
    said |= {"lease_end": until} | ({"left_out": list(without)} if without else {})
    rows = sorted(connection.execute(_take(bool(without)), said), key=lambda row: (row.due_at, row.id))
    return [Claim(**dict(zip(Claim.__slots__, row, strict=False))) for row in rows]


@cache  # building it costs ten times as much as executing it
def _take(leaves_out: bool) -> ReturningUpdate[Any]:
    other_formats = [d.format.notin_(bindparam("left_out", expanding=True))] if leaves_out else []
    pick = (
        select(d.id)
        .where(
            IS_DUE,
            d.urgency == bindparam("wanted_urgency"),
            d.due_at <= bindparam("moment"),
            or_(d.version == 1, ~_older_in_flight()),
            *other_formats,
        )
        .order_by(d.due_at, d.id)
        .limit(bindparam("at_most"))
        .with_for_update(skip_locked=True)  # PostgreSQL; SQLite has one writer at a time anyway
        .cte()
    )
    taken = {
        "state": State.CLAIMED,
        "claimed_by": bindparam("worker"),
        "lease_until": bindparam("lease_end"),
        "attempt": d.attempt + 1,
    }
    columns = [d[name] for name in Claim.__slots__]
    return update(deliveries).where(d.id.in_(select(pick.c.id))).values(taken).returning(*columns, d.due_at)


def _older_in_flight() -> ColumnElement[bool]:
    """Whether an older version of the same release is on its way to the same outlet in the same language.

    A correction waits for it: sent now it could arrive first, and the older one would then replace it.
    """
    other, mine, theirs = deliveries.alias(), releases.alias(), releases.alias()
    return (
        select(other.c.id)
        .join(theirs, theirs.c.id == other.c.release_id)
        .join(mine, mine.c.uri == theirs.c.uri)
        .where(
            other.c.outlet_id == d.outlet_id,
            other.c.state == literal_column("'claimed'"),
            other.c.language == d.language,
            other.c.version < d.version,
            mine.c.id == d.release_id,
        )
        .correlate(deliveries)
        .exists()
    )


def in_flight(connection: Connection, outlet_ids: Collection[str]) -> Counter[str]:
    """How many deliveries to each of these outlets are claimed, by any worker."""
    query = select(d.outlet_id, func.count()).where(IS_CLAIMED, d.outlet_id.in_(outlet_ids)).group_by(d.outlet_id)
    return Counter({row.outlet_id: row[1] for row in connection.execute(query)})


def next_due(connection: Connection) -> float | None:
    """The moment at which the first of all due deliveries is due, seconds since the epoch; None if nothing is due."""
    return connection.execute(select(func.min(d.due_at)).where(IS_DUE)).scalar()


def count_due(connection: Connection, now: float, at_most: int) -> int:
    """How many deliveries are due, counted up to `at_most`."""
    some = select(d.id).where(IS_DUE, d.due_at <= now).limit(at_most).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def any_claimed(connection: Connection) -> bool:
    """Whether a worker has claimed any delivery."""
    return connection.execute(select(d.id).where(IS_CLAIMED).limit(1)).first() is not None
