"""What is kept for people to read, page by page: what intake refused, and notices. Commands and pages list it alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from tasks.ledger import deliveries
from tasks.ledger import notices as notice_rows
from tasks.ledger import refusals as refusal_rows
from tasks.model.readers import uri_of


def refusals(connection: Connection, count: int, *, before: int | None = None) -> list[dict[str, Any]]:
    """What intake refused last, or before the refusal with this number, the newest first.

    `claimed_uri` is the URI that an item says it is of, where nobody has checked that; `body` is its beginning.
    """
    return [_with_claim(row) for row in refusal_rows.latest(connection, count, before=before)]


def refusal(connection: Connection, number: int) -> dict[str, Any] | None:
    """One of them, by its number; None if there is none."""
    rows = refusal_rows.latest(connection, 1, before=number + 1)
    return _with_claim(rows[0]) if rows and rows[0]["id"] == number else None


def _with_claim(row: dict[str, Any]) -> dict[str, Any]:
    cut = len(row["body"]) < row["bytes"]
    return row | {"claimed_uri": None if row["uri"] or cut else uri_of(row["body"])}


def notices(connection: Connection, count: int, *, before: int | None = None) -> list[dict[str, Any]]:
    """The last notices, or those before the one with this number, the newest first. `delivered_since`: when the outlet
    that a notice is about has taken a delivery after it, seconds since the epoch; None if it has not."""
    rows = notice_rows.latest(connection, count, before=before)
    taken = deliveries.last_taken(connection, {row["subject"] for row in rows})
    for row in rows:
        last = taken.get(row["subject"], 0.0)
        row["delivered_since"] = last if last > row["at"] else None
    return rows
