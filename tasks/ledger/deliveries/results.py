"""What drains bring back, and what becomes of the claims of workers that vanished."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Select,
    Update,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from tasks.ledger import outlets as documents
from tasks.ledger.deliveries.conditions import IS_CLAIMED, IS_DUE, IS_HELD, IS_KEPT, d, first_attempt
from tasks.ledger.deliveries.corrections import end_for_removed, end_replaced
from tasks.ledger.inserts import insert_by
from tasks.ledger.portions import portions
from tasks.ledger.schema import attempts, deliveries, outlets
from tasks.model.codes import Code
from tasks.model.states import Hold, State, Verdict

VANISHED = "the worker vanished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a claimed delivery, and where the delivery goes from here."""

    delivery_id: int
    attempt: int
    state: State
    verdict: Verdict
    status: int | None
    reason: str | None
    due_at: float | None
    tries: int
    ended_at: float
    started_at: float
    seconds: float
    code: str | None = None
    """What it met: tasks/model/codes.py."""
    hold: Hold | None = None
    """Why it is held, if it was not sent because its outlet is paused or disabled."""
    release_id: int | None = None
    first_due_at: float | None = None
    """When it could first have gone out, seconds since the epoch; this and its release are for metrics."""


def finish(connection: Connection, results: Sequence[Result]) -> int:
    """Write what came of claims; the number taken. Those of claims that were lost since are only kept as attempts.

    A claim whose lease ran out but that nobody has claimed anew still counts: the outlet's answer is in our hands. And
    if the outlet has it, that counts even where the row was held since, for a pause: it must not go out again. A row
    that would be tried again ends here if a newer version of its release came meanwhile.
    """
    if not results:
        return 0
    settled = (
        "delivery_id", "attempt", "state", "verdict", "status", "reason", "due_at", "tries", "ended_at", "code",
        "hold",
    )  # fmt: skip
    rows = [{f"b_{name}": getattr(result, name) for name in settled} for result in results]
    taken = connection.execute(_settle(), rows).rowcount
    again = [result.delivery_id for result in results if result.state in (State.DUE, State.HELD)]
    end_replaced(connection, again)
    _end_for_removed(connection, again)
    _say_why_held(connection, [result.delivery_id for result in results if result.hold])
    _note_attempts(connection, results)
    return taken


@cache  # building it costs more than executing it for a few rows
def _settle() -> Update:
    return (
        update(deliveries)
        .where(
            d.id == bindparam("b_delivery_id"),
            d.attempt == bindparam("b_attempt"),
            or_(IS_CLAIMED, IS_DUE, and_(IS_HELD, bindparam("b_verdict") == Verdict.DELIVERED.value)),
        )
        .values(
            state=bindparam("b_state"),
            verdict=bindparam("b_verdict"),
            status=bindparam("b_status"),
            reason=bindparam("b_reason"),
            due_at=bindparam("b_due_at"),
            tries=bindparam("b_tries"),
            ended_at=bindparam("b_ended_at"),
            hold_kind=bindparam("b_hold"),
            hold_detail=None,
            code=bindparam("b_code"),
            lease_until=None,
            claimed_by=None,
        )
    )


def unsettled(connection: Connection, results: Collection[Result]) -> set[int]:
    """The deliveries of these results that still wait for them: nothing has come of the attempt, or only that its
    worker vanished, and there is no newer one."""
    attempt_of = {result.delivery_id: result.attempt for result in results}
    found: set[int] = set()
    waits = or_(IS_CLAIMED, IS_HELD, and_(IS_DUE, d.code == Code.WORKER_VANISHED.value))
    for ids in portions(sorted(attempt_of)):
        query = select(d.id, d.attempt).where(d.id.in_(ids), waits)
        found |= {row.id for row in connection.execute(query) if row.attempt == attempt_of[row.id]}
    return found


def overdue_holders(connection: Connection, now: float) -> set[str]:
    """The processes whose leases are over."""
    return {name for name in connection.execute(_OVERDUE_HOLDERS, {"moment": now}).scalars() if name}


_OVERDUE_HOLDERS = select(d.claimed_by).where(IS_CLAIMED, d.lease_until < bindparam("moment")).distinct()


def _end_for_removed(connection: Connection, ids: list[int]) -> None:
    """End those of these deliveries that would be tried again although their outlet was removed meanwhile."""
    if ids:
        removed = connection.execute(_removed_outlets(), {"ids": ids}).scalars().all()
        if removed:
            end_for_removed(connection, removed, ids)


@cache
def _removed_outlets() -> Select[Any]:
    theirs = select(d.outlet_id).where(d.id.in_(bindparam("ids", expanding=True)))
    return theirs.join(outlets, outlets.c.id == d.outlet_id).where(outlets.c.status == "removed").distinct()


def _say_why_held(connection: Connection, ids: list[int]) -> None:
    """Write why the outlet of each of these rows is paused or disabled, if the row is held for that."""
    if ids:
        why = select(outlets.c.status_reason).where(outlets.c.id == d.outlet_id).scalar_subquery()
        connection.execute(update(deliveries).where(d.id.in_(ids), IS_HELD, IS_KEPT).values(hold_detail=why))


def _note_attempts(connection: Connection, results: Sequence[Result]) -> None:
    results = [result for result in results if result.verdict is not Verdict.DEFERRED]  # those were no attempts
    if not results:
        return
    connection.execute(
        _note(connection.dialect.name),
        [
            {
                "delivery_id": r.delivery_id,
                "attempt": r.attempt,
                "verdict": r.verdict,
                "status": r.status,
                "code": r.code,
                "detail": r.reason,
                "started_at": r.started_at,
                "seconds": r.seconds,
            }
            for r in results
        ],
    )


@cache
def _note(dialect: str) -> Executable:
    note = insert_by(dialect, attempts)
    # an expired lease noted the attempt as unsure already; what its worker says later is better knowledge
    later = {name: note.excluded[name] for name in ("verdict", "status", "code", "detail", "started_at", "seconds")}
    return note.on_conflict_do_update(index_elements=["delivery_id", "attempt"], set_=later)


def refused_in_a_row(
    connection: Connection, outlet_ids: Collection[str], *, at_least: int
) -> dict[str, tuple[int, float]]:
    """Those of these outlets that have rejected `at_least` releases since they took one: how many, and when the first
    of these ended (seconds since the epoch)."""
    if not outlet_ids:
        return {}
    number = func.count(d.release_id.distinct())
    newest = select(func.max(d.id)).where(d.outlet_id == outlets.c.id, d.state == State.DELIVERED)
    taken = (  # asked once for an outlet, not for each of its refusals
        select(outlets.c.id, func.coalesce(newest.correlate(outlets).scalar_subquery(), 0).label("delivery_id"))
        .where(outlets.c.id.in_(outlet_ids))
        .cte("taken")
        .prefix_with("MATERIALIZED")
    )
    query = (
        select(taken.c.id, number, func.min(d.ended_at))
        .join(deliveries, and_(d.outlet_id == taken.c.id, d.id > taken.c.delivery_id))
        .where(func.coalesce(d.state, "") == State.REJECTED)  # not by the index of all that an outlet ever refused
        .group_by(taken.c.id)
        .having(number >= at_least)
    )
    return {row[0]: (row[1], row[2] or 0.0) for row in connection.execute(query)}


def last_taken(connection: Connection, outlet_ids: Collection[str]) -> dict[str, float]:
    """When these outlets took the newest of the deliveries that they have taken: {outlet: seconds since the epoch}."""
    ended = select(d.ended_at).where(d.outlet_id == outlets.c.id, d.state == State.DELIVERED, d.ended_at.is_not(None))
    newest = ended.order_by(d.id.desc()).limit(1).correlate(outlets).scalar_subquery()
    rows = connection.execute(select(outlets.c.id, newest.label("at")).where(outlets.c.id.in_(outlet_ids)))
    return {row.id: row.at for row in rows if row.at is not None}


def expire_leases(connection: Connection, now: float, horizon: float = float("inf"), gone: Collection[str] = ()) -> int:
    """Make due again what vanished workers had claimed: those in `gone`, and those whose leases are over. Returns the
    number of rows.

    Nobody knows whether they were sent. A try is charged, and the retry horizon holds here too, counted from the first
    attempt: a row that ends every worker that takes it must not go round for ever. `horizon`: seconds, for outlets
    whose document has no `retry.horizon` of its own. Rows that somebody has locked are left to the next time: a
    worker may stand still in the middle of a transaction, and the clock would stand still with it.
    """
    said = {"moment": now} | ({"gone": list(gone)} if gone else {})
    free = connection.execute(_vanished(bool(gone)), said).scalars().all()
    return sum(_expire(connection, d.id.in_(ids), now, horizon) for ids in portions(sorted(free)))


@cache
def _vanished(some_are_gone: bool) -> Select[Any]:
    over = d.lease_until < bindparam("moment")
    is_lost = or_(over, d.claimed_by.in_(bindparam("gone", expanding=True))) if some_are_gone else over
    return select(d.id).where(IS_CLAIMED, is_lost).with_for_update(skip_locked=True)


def locked_holders(connection: Connection, holders: Collection[str]) -> set[str]:
    """Those of these processes that have claims which somebody, such as they themselves, has locked."""
    if not holders:
        return set()
    theirs = and_(IS_CLAIMED, d.claimed_by.in_(holders))
    free = set(connection.execute(select(d.id).where(theirs).with_for_update(skip_locked=True)).scalars())
    rows = connection.execute(select(d.id, d.claimed_by).where(theirs))
    return {row.claimed_by for row in rows if row.id not in free}


def _expire(connection: Connection, these: ColumnElement[bool], now: float, horizon: float) -> int:
    over = d.lease_until < now
    lost = select(
        d.id,
        d.attempt,
        literal(Verdict.UNSURE.value),
        literal(Code.WORKER_VANISHED.value),
        literal(VANISHED),
        case((over, d.lease_until), else_=literal(now)),
        literal(0.0),
    )
    columns = ["delivery_id", "attempt", "verdict", "code", "detail", "started_at", "seconds"]
    connection.execute(insert(attempts).from_select(columns, lost.where(these)))
    too_old = first_attempt() + _horizons(connection, these, horizon) <= now
    values: dict[str, Any] = {
        "state": case((too_old, literal(State.EXHAUSTED.value)), else_=literal(State.DUE.value)),
        "due_at": case((too_old, null()), else_=literal(now)),
        "ended_at": now,
        "tries": d.tries + 1,
        "lease_until": None,
        "claimed_by": None,
        "verdict": Verdict.UNSURE,
        "code": Code.WORKER_VANISHED,
        "reason": VANISHED,
    }
    return connection.execute(update(deliveries).where(these).values(values)).rowcount


def _horizons(connection: Connection, which: ColumnElement[bool], usual: float) -> ColumnElement[float]:
    """The retry horizon of a row in seconds: its outlet's own, which only its document says, or the usual one."""
    ids = set(connection.execute(select(d.outlet_id).where(which)).scalars())  # DISTINCT would walk the whole table
    own = {id: outlet.retry.horizon for id, outlet in documents.some(connection, ids).items() if outlet.retry.horizon}
    return case(own, value=d.outlet_id, else_=literal(usual)) if own else literal(usual)
