"""Notices: what somebody should be told, written in the transaction of what happened, and told later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from tasks.ledger.schema import notices


def add(connection: Connection, kind: str, subject: str, text: str, now: float) -> None:
    """Note that somebody should be told of `subject` (an outlet or a host)."""
    connection.execute(notices.insert().values(at=now, kind=kind, subject=subject, text=text))


def latest(connection: Connection, count: int) -> list[dict[str, Any]]:
    """The last notices, newest first."""
    return [
        dict(row._mapping) for row in connection.execute(select(notices).order_by(notices.c.id.desc()).limit(count))
    ]


def untold(connection: Connection, count: int) -> list[dict[str, Any]]:
    """Those that nobody has been told yet, oldest first."""
    query = select(notices).where(notices.c.told_at.is_(None)).order_by(notices.c.id).limit(count)
    return [dict(row._mapping) for row in connection.execute(query)]


def told(connection: Connection, ids: Sequence[int], now: float) -> None:
    """Note that these were told."""
    connection.execute(update(notices).where(notices.c.id.in_(ids)).values(told_at=now))
