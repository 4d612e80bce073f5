"""What drains take: due deliveries, each of them for one worker until its lease ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Executable,
    Row,
    Select,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from tasks.ledger.artifacts import IS_MADE
from tasks.ledger.deliveries import locks
from tasks.ledger.deliveries.conditions import IS_CLAIMED, IS_DUE, d, first_attempt, held_for
from tasks.ledger.deliveries.holds import promote
from tasks.ledger.portions import portions
from tasks.ledger.schema import DRAFT, deliveries, releases, renditions, translations
from tasks.model.states import Hold, State

URGENCIES = range(1, 10)
_EACH_URGENCY = [d.urgency == literal_column(str(urgency)) for urgency in URGENCIES]


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
    tried_since: float | None = None
    """When its first attempt since then began, seconds since the epoch; `claim` leaves it out (`first_attempts`)."""


_COLUMNS = [one.name for one in fields(Claim) if one.name != "tried_since"]


def claim(
    connection: Connection, worker: str, *, now: float, lease: float, limit: int, without: Collection[str] = ()
) -> list[Claim]:
    """Take up to `limit` due rows for `lease` seconds: the most urgent first, then the longest due; none in the formats
    of `without`.

    What they say stays as it is until this transaction ends, so that the caller can read it.
    """
    locks.claiming(connection)
    taken: list[Row[Any]] = []
    for urgency in connection.execute(_urgencies(), {"moment": now}).scalars().all():
        if len(taken) < limit:
            taken += _claim_class(connection, worker, urgency, now, now + lease, limit - len(taken), without)
    waiting = _waiting_again(connection, taken) if taken else {}
    for hold in Hold:
        _put_back(connection, hold, [id for id, why in waiting.items() if why is hold])
    for release_id, language in sorted({(row.release_id, row.language) for row in taken if row.id in waiting}):
        promote(connection, release_id, now, language)  # for what was made in this very moment
    return [Claim(**dict(zip(_COLUMNS, row, strict=False))) for row in taken if row.id not in waiting]


_OF_THESE: BindParameter[Any] = bindparam("numbers", expanding=True)
_t, _r = translations.c, renditions.c
_MADE = select(_t.release_id, _t.language, _t.status).where(_t.release_id.in_(_OF_THESE), _t.state == IS_MADE)
_UNMADE = select(_r.release_id, _r.language, _r.format).where(_r.release_id.in_(_OF_THESE), _r.state != IS_MADE)


def _waiting_again(connection: Connection, taken: Collection[Row[Any]]) -> dict[int, Hold]:
    """Those of these rows whose text changes, or is not approved although it has to be, by their numbers, and what each
    of them waits for. Their releases are few, so this asks for these and not for each row."""
    numbers = {"numbers": list({row.release_id for row in taken})}
    texts = {(row.release_id, row.language): row.status for row in connection.execute(_MADE, numbers)}
    changing = {tuple(row) for row in connection.execute(_UNMADE, numbers)}
    found: dict[int, Hold] = {}
    for row in taken:
        text = (row.release_id, row.language)
        status = texts.get(text)
        unapproved = status == DRAFT or (row.approval and status != "approved")
        if unapproved or (*text, row.format) in changing:
            after_text = Hold.APPROVAL if unapproved else Hold.RENDITION
            found[row.id] = after_text if text in texts else Hold.TRANSLATION
    return found


def _put_back(connection: Connection, hold: Hold, ids: list[int]) -> None:
    """Hold these claimed rows again. It was no attempt: what the one before has to say still counts."""
    if ids:
        again = held_for(hold) | {"first_due_at": None, "attempt": d.attempt - 1}
        again |= {"lease_until": None, "claimed_by": None}
        connection.execute(update(deliveries).where(d.id.in_(ids)).values(again))


@cache
def _urgencies() -> Executable:
    """Those in which something is due, the most urgent first: to try to claim in each costs an UPDATE for each."""
    is_due = (
        (urgency, select(d.id).where(IS_DUE, is_of, d.due_at <= bindparam("moment")).exists())
        for urgency, is_of in zip(URGENCIES, _EACH_URGENCY, strict=True)
    )
    return union_all(
        *(select(literal_column(str(urgency)).label("urgency")).where(there) for urgency, there in is_due)
    ).order_by("urgency")


def _claim_class(
    connection: Connection,
    worker: str,
    urgency: int,
    now: float,
    until: float,
    limit: int,
    without: Collection[str],
) -> list[Row[Any]]:
    """Claim within one urgency: the index leads straight to what is due, past all retries still waiting."""
    said: dict[str, Any] = {"wanted_urgency": urgency, "moment": now, "at_most": limit, "worker": worker}
    said |= {"lease_end": until} | ({"left_out": list(without)} if without else {})
    return sorted(connection.execute(_take(bool(without)), said), key=lambda row: (row.due_at, row.id))


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
    taking = update(deliveries).where(d.id.in_(select(pick.c.id))).values(taken)
    return taking.returning(*(d[name] for name in _COLUMNS), d.due_at, d.approval)


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


def first_attempts(connection: Connection, ids: Collection[int]) -> dict[int, float]:
    """When the first attempt of each of these claimed deliveries began since it was first due, seconds since the epoch.
    A delivery that has had none before this claim is left out."""
    began: dict[int, float] = {}
    for some in portions(sorted(ids)):
        query = select(d.id, first_attempt().label("at")).where(d.id.in_(some))
        began |= {row.id: row.at for row in connection.execute(query) if row.at is not None}
    return began


def in_flight(connection: Connection, outlet_ids: Collection[str]) -> Counter[str]:
    """How many deliveries to each of these outlets are claimed, by any worker."""
    # of all outlets: what is claimed is little, and SQLite, asked for some, would go through all they have ever got
    wanted = set(outlet_ids)
    return Counter({row.outlet_id: row[1] for row in connection.execute(_IN_FLIGHT) if row.outlet_id in wanted})


_IN_FLIGHT = select(d.outlet_id, func.count()).where(IS_CLAIMED).group_by(d.outlet_id)


def next_due(connection: Connection) -> float | None:
    """The moment at which the first of all due deliveries is due, seconds since the epoch; None if nothing is due."""
    return connection.execute(_first_due()).scalar()


@cache
def _first_due() -> Select[Any]:
    """Urgency by urgency, so that the index by which rows are claimed leads to each first one."""
    firsts = (select(func.min(d.due_at).label("due_at")).where(IS_DUE, is_of) for is_of in _EACH_URGENCY)
    return select(func.min(union_all(*firsts).subquery().c.due_at))


def count_due(connection: Connection, now: float, at_most: int) -> int:
    """How many deliveries are due, counted up to `at_most`."""
    return int(connection.execute(_due_until(), {"moment": now, "at_most": at_most}).scalar_one())


@cache
def _due_until() -> Select[Any]:
    ready = (select(d.id).where(IS_DUE, is_of, d.due_at <= bindparam("moment")) for is_of in _EACH_URGENCY)
    return select(func.count()).select_from(union_all(*ready).limit(bindparam("at_most")).subquery())


def any_claimed(connection: Connection) -> bool:
    """Whether a worker has claimed any delivery."""
    return connection.execute(select(d.id).where(IS_CLAIMED).limit(1)).first() is not None
