"""What became of the deliveries and attempts of one outlet."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from tasks.ledger.schema import attempts, deliveries, releases
from tasks.model.states import State


def states(connection: Connection, outlet_id: str) -> dict[str, int]:
    """Count the deliveries of an outlet: {state: n}."""
    query = select(deliveries.c.state, func.count()).where(deliveries.c.outlet_id == outlet_id)
    return {row.state: row[1] for row in connection.execute(query.group_by(deliveries.c.state))}


def next_try(connection: Connection, outlet_id: str) -> float | None:
    """When the first of an outlet's due deliveries may be tried, seconds since the epoch; None if none is due."""
    due = (deliveries.c.outlet_id == outlet_id, deliveries.c.state == State.DUE)
    return connection.execute(select(func.min(deliveries.c.due_at)).where(*due)).scalar()


def recent(connection: Connection, outlet_id: str, count: int) -> list[dict[str, Any]]:
    """The last attempts at deliveries of an outlet, the newest first, `count` at most; moments as seconds since the
    epoch."""
    a, d = attempts.c, deliveries.c
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
        .join(deliveries, d.id == a.delivery_id)
        .join(releases, releases.c.id == d.release_id)
        .where(d.outlet_id == outlet_id)
        .order_by(a.started_at.desc(), a.delivery_id.desc())
        .limit(count)
    )
    return [dict(row._mapping) for row in connection.execute(query)]
