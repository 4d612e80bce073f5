"""What became of the deliveries and attempts of one outlet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select, union

from tasks.ledger.deliveries.conditions import IS_FAILED
from tasks.ledger.schema import attempts, deliveries, outlets, releases
from tasks.model.states import State, Verdict

_UNENDED = (State.DUE.value, State.CLAIMED.value, State.HELD.value)
"""States of deliveries that say nothing of their last attempt: they may wait for a rest since."""


def states(connection: Connection, outlet_id: str) -> dict[str, int]:
    """Count the deliveries of an outlet: {state: n}."""
    query = select(deliveries.c.state, func.count()).where(deliveries.c.outlet_id == outlet_id)
    return {row.state: row[1] for row in connection.execute(query.group_by(deliveries.c.state))}


def next_try(connection: Connection, outlet_id: str) -> float | None:
    """When the first of an outlet's due deliveries may be tried, seconds since the epoch; None if none is due."""
    due = (deliveries.c.outlet_id == outlet_id, deliveries.c.state == State.DUE)
    return connection.execute(select(func.min(deliveries.c.due_at)).where(*due)).scalar()


_LOOKED_AT = 200
"""The newest deliveries of an outlet, among which those that are tried again are looked for, and the last attempts: no
index has them by outlet and moment, for it would be written at each step."""


def recent(connection: Connection, outlet_id: str, count: int) -> list[dict[str, Any]]:
    """The last attempts at the newest deliveries of an outlet, and at those that failed last, the newest first, `count`
    at most; moments as seconds since the epoch."""
    a, d = attempts.c, deliveries.c
    of = select(d.id, d.ended_at).where(d.outlet_id == outlet_id)
    newest = of.order_by(d.id.desc()).limit(max(count, _LOOKED_AT)).subquery()
    failed = of.where(IS_FAILED).order_by(d.ended_at.desc()).limit(count).subquery()
    either = union(select(newest), select(failed)).subquery()
    last = select(either.c.id).order_by(either.c.ended_at.desc().nulls_last()).limit(count).subquery()
    query = (
        select(
            a.started_at,
            releases.c.uri.label("release"),
            releases.c.version,
            d.language,
            a.attempt,
            a.verdict,
            a.code,
            a.status,
            a.detail,
            a.seconds,
        )
        .join(last, last.c.id == a.delivery_id)
        .join(deliveries, d.id == a.delivery_id)
        .join(releases, releases.c.id == d.release_id)
        .order_by(a.started_at.desc(), a.delivery_id.desc())
        .limit(count)
    )
    return [dict(row._mapping) for row in connection.execute(query)]


@dataclass(frozen=True, kw_only=True)
class Health:
    """How the newest deliveries of an outlet went. Moments are seconds since the epoch."""

    delivered_at: float | None = None
    """When its newest delivered delivery arrived."""
    tried_at: float | None = None
    """When the last attempt at one of its newest deliveries ended."""
    verdict: str | None = None
    """Of that attempt; also `code`, the HTTP `status` and the `reason` for people."""
    code: str | None = None
    status: int | None = None
    reason: str | None = None


def health(connection: Connection, outlet_ids: Collection[str]) -> dict[str, Health]:
    """How the newest delivery of these outlets in each state went, among those that were tried: by index, however many
    they have had. What a delivery waits for now, such as a rest, is no answer of its outlet."""
    d = deliveries.c
    query = select(*(one.correlate(outlets).scalar_subquery() for one in _newest())).where(outlets.c.id.in_(outlet_ids))
    ids = [id for row in connection.execute(query) for id in row if id is not None] if outlet_ids else []
    columns = (d.id, d.outlet_id, d.state, d.verdict, d.code, d.status, d.reason, d.ended_at)
    found = defaultdict(list)
    for row in connection.execute(select(*columns).where(d.id.in_(ids), d.ended_at.is_not(None))) if ids else ():
        found[row.outlet_id].append(row)
    unended = [row.id for rows in found.values() for row in rows if row.state in _UNENDED]
    tried = _last_attempts(connection, unended)
    return {outlet_id: _health([tried.get(row.id, row) for row in rows]) for outlet_id, rows in found.items()}


def _last_attempts(connection: Connection, ids: Collection[int]) -> dict[int, Any]:
    """The last attempt at each of these deliveries, with the columns that `_health` reads of a delivery."""
    a, d = attempts.c, deliveries.c
    ended = (a.started_at + a.seconds).label("ended_at")
    columns = (d.id, d.state, a.verdict, a.code, a.status, a.detail.label("reason"), ended)
    of_these = select(*columns).join(deliveries, d.id == a.delivery_id).where(a.delivery_id.in_(ids))
    rows = connection.execute(of_these.order_by(a.delivery_id, a.attempt)) if ids else ()
    return {row.id: row for row in rows}


def _newest() -> tuple[Select[tuple[int]], ...]:
    """The number of an outlet's newest delivery that was delivered, of the one that failed last, and of the one tried
    last of those that have not ended."""
    d, a = deliveries.c, attempts.c
    of = select(d.id).where(d.outlet_id == outlets.c.id)
    newest = of.add_columns(d.state).order_by(d.id.desc()).limit(_LOOKED_AT).correlate(outlets).subquery()
    tried = select(a.delivery_id).join(newest, newest.c.id == a.delivery_id).where(newest.c.state.in_(_UNENDED))
    return (
        of.where(d.state == State.DELIVERED).order_by(d.id.desc()).limit(1),
        of.where(IS_FAILED, d.verdict != Verdict.DEFERRED).order_by(d.ended_at.desc()).limit(1),
        tried.order_by(a.started_at.desc(), a.delivery_id.desc()).limit(1),
    )


def _health(rows: list[Any]) -> Health:
    last = max(rows, key=lambda row: float(row.ended_at))
    return Health(
        delivered_at=max((row.ended_at for row in rows if row.state == State.DELIVERED), default=None),
        tried_at=last.ended_at,
        verdict=last.verdict,
        code=last.code,
        status=last.status,
        reason=last.reason,
    )


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A delivery of an outlet with its attempts, the last one first."""

    delivery: dict[str, Any]
    attempts: list[dict[str, Any]]


def tried(connection: Connection, outlet_id: str, *, before: int | None = None, limit: int = 20) -> list[Tried]:
    """The newest deliveries of an outlet, or those before the one with this number, each with its attempts."""
    d, r, a = deliveries.c, releases.c, attempts.c
    columns = (
        d.id, r.uri, d.version, d.language, d.format, d.state, d.hold_kind, d.hold_detail, d.reason, d.due_at, d.tries,
        d.verdict, d.code, d.status, d.ended_at,
    )  # fmt: skip
    query = select(*columns).join(releases, r.id == d.release_id).where(d.outlet_id == outlet_id)
    if before is not None:
        query = query.where(d.id < before)
    rows = [dict(row._mapping) for row in connection.execute(query.order_by(d.id.desc()).limit(limit))]
    of: dict[int, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
    made = select(attempts).where(a.delivery_id.in_(of)).order_by(a.delivery_id, a.attempt.desc())
    for row in connection.execute(made) if rows else ():
        of[row.delivery_id].append(dict(row._mapping))
    return [Tried(delivery=row, attempts=of[row["id"]]) for row in rows]
