"""What intake could not take: kept with the reason, so that nothing a producer sent is lost."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from tasks.ledger.schema import refusals

KEEP_BYTES = 64 * 1024
"""This much of a refused item is kept: enough to see what it was, whatever its size."""

LONGEST_REASON = 4000
"""Characters."""


def keep(
    connection: Connection, body: bytes, reason: str, now: float, uri: str | None = None, sent_by: str | None = None
) -> None:
    """Keep an item that intake refused, with the reason. `sent_by`: who is known to have sent it."""
    connection.execute(
        refusals.insert().values(
            received_at=now,
            uri=uri,
            reason=reason[:LONGEST_REASON],
            bytes=len(body),
            body=body[:KEEP_BYTES],
            sent_by=sent_by,
        )
    )


def latest(connection: Connection, count: int, *, before: int | None = None) -> list[dict[str, Any]]:
    """The items that intake refused last, or before the one with this number, newest first."""
    query = select(refusals).order_by(refusals.c.id.desc()).limit(count)
    if before is not None:
        query = query.where(refusals.c.id < before)
    return [dict(row._mapping) for row in connection.execute(query)]
