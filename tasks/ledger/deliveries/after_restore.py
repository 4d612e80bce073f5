"""What a restored ledger does with deliveries that may have left after its backup: they wait until somebody decides.

What was open in the backup may be delivered by now, and the ledger cannot know. So all of it is held (`Hold.RESTORED`),
with an attempt whose outcome is unknown, so that a correction or a kill reaches whoever may have it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, literal, or_, select, update

from tasks.ledger import rendition_rows
from tasks.ledger.deliveries.conditions import IS_CLAIMED, IS_DUE, IS_HELD, NOT_HELD, d, held_for
from tasks.ledger.deliveries.holds import begin
from tasks.ledger.portions import portions
from tasks.ledger.schema import attempts, deliveries, releases
from tasks.model.codes import Code
from tasks.model.states import Hold, State, Verdict

_AT_ONCE = 500
"""Rows that are read from the ledger at a time."""
MAY_BE_THERE = "the ledger was restored from a backup; the outlet may have it"


@dataclass(frozen=True, slots=True)
class Undecided:
    """A delivery of which nobody knows whether it left after the backup."""

    id: int
    uri: str
    version: int
    language: str
    outlet_id: str


def _is_undecided() -> ColumnElement[bool]:
    return d.hold_kind == Hold.RESTORED.value


def hold_open(connection: Connection, now: float, detail: str) -> int:
    """Hold every delivery that is not final; how many. `detail`: of when the backup is."""
    still = or_(IS_HELD, IS_DUE, IS_CLAIMED)
    unknown = select(
        d.id,
        d.attempt + 1,
        literal(Verdict.UNSURE.value),
        literal(Code.RESTORED.value),
        literal(MAY_BE_THERE),
        literal(now),
        literal(0.0),
    )
    columns = ["delivery_id", "attempt", "verdict", "code", "detail", "started_at", "seconds"]
    connection.execute(insert(attempts).from_select(columns, unknown.where(still)))
    held: dict[str, Any] = held_for(Hold.RESTORED, detail) | {
        "attempt": d.attempt + 1, "lease_until": None, "claimed_by": None, "verdict": Verdict.UNSURE,
    }  # fmt: skip
    return connection.execute(update(deliveries).where(still).values(held)).rowcount


def undecided(connection: Connection) -> Iterator[Undecided]:
    """The deliveries that wait for a decision."""
    query = (
        select(d.id, releases.c.uri, releases.c.version, d.language, d.outlet_id)
        .join(releases, releases.c.id == d.release_id)
        .where(IS_HELD, _is_undecided())
        .order_by(d.id)
    )
    for row in connection.execute(query, execution_options={"yield_per": _AT_ONCE}):
        yield Undecided(*row)


def count_undecided(connection: Connection) -> list[tuple[str, int, int]]:
    """How many deliveries of each release version wait for a decision: (URI, version, number)."""
    r = releases.c
    query = select(r.uri, r.version, func.count()).join(deliveries, d.release_id == r.id)
    query = query.where(IS_HELD, _is_undecided()).group_by(r.id, r.uri, r.version).order_by(r.id)
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def confirm(connection: Connection, ids: Collection[int], now: float) -> int:
    """End those of these deliveries that wait for a decision as delivered: somebody knows that they were; how many."""
    ended = NOT_HELD | {"state": State.DELIVERED, "verdict": Verdict.DELIVERED, "code": Code.RESTORED, "reason": None}
    done: list[int] = []
    for chunk in portions(sorted(ids)):
        which = update(deliveries).where(d.id.in_(chunk), IS_HELD, _is_undecided())
        done += connection.execute(which.values(ended | {"ended_at": now}).returning(d.id)).scalars()
    for chunk in portions(done):
        noted = update(attempts).where(attempts.c.delivery_id.in_(chunk), attempts.c.code == Code.RESTORED)
        connection.execute(noted.values(verdict=Verdict.DELIVERED))
    return len(done)


def let_go(connection: Connection, now: float, uri: str | None = None) -> int:
    """Send what waits for a decision, all of it or that of one release: as if it were just planned, with the same
    idempotency keys; how many deliveries."""
    chosen = [IS_HELD, _is_undecided(), *_of(uri)]
    anew = held_for(Hold.EMBARGO) | {"first_due_at": None, "tries": 0}
    rows = connection.execute(update(deliveries).where(*chosen).values(anew).returning(d.release_id)).scalars().all()
    rendition_rows.rebuild_without_bytes(connection, set(rows), now)
    for release_id in sorted(set(rows)):
        begin(connection, release_id, now)
    return len(rows)


def drop(connection: Connection, uri: str | None = None) -> int:
    """End what waits for a decision as canceled, all of it or that of one release; how many deliveries."""
    ended = NOT_HELD | {
        "state": State.CANCELED,
        "code": Code.RESTORED,
        "reason": f"{MAY_BE_THERE}; it was not sent again",
    }
    which = update(deliveries).where(IS_HELD, _is_undecided(), *_of(uri))
    return connection.execute(which.values(ended | {"due_at": None})).rowcount


def _of(uri: str | None) -> list[ColumnElement[bool]]:
    return [] if uri is None else [d.release_id.in_(select(releases.c.id).where(releases.c.uri == uri))]
