"""Notices: what operations should know, written in the transaction in which it happened, and posted later."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from tasks.ledger.schema import notices

NOTICE_AGAIN = 3600.0
"""Seconds until the next notice of what stays wrong."""


def add(connection: Connection, kind: str, subject: str, text: str, now: float) -> None:
    """Write a notice of `subject`, an outlet or a host."""
    connection.execute(notices.insert().values(at=now, kind=kind, subject=subject, text=text))


def add_unless_known(
    connection: Connection, kind: str, subject: str, text: str, now: float, again: float = NOTICE_AGAIN
) -> None:
    """Write a notice, unless there is one of this kind and subject from the last `again` seconds."""
    same = (notices.c.kind == kind, notices.c.subject == subject, notices.c.at > now - again)
    if connection.execute(select(notices.c.id).where(*same).limit(1)).first() is None:
        add(connection, kind, subject, text, now)


def latest(connection: Connection, count: int, *, before: int | None = None) -> list[dict[str, Any]]:
    """The last notices, or those before the one with this number, newest first, `count` at most."""
    query = select(notices).order_by(notices.c.id.desc()).limit(count)
    if before is not None:
        query = query.where(notices.c.id < before)
    return [dict(row._mapping) for row in connection.execute(query)]


def last_of(connection: Connection, kind: str, subjects: Collection[str]) -> dict[str, float]:
    """When the last notice of this kind was written of each of these subjects: {subject: seconds since the epoch}."""
    query = select(notices.c.subject, func.max(notices.c.at)).group_by(notices.c.subject)
    rows = connection.execute(query.where(notices.c.kind == kind, notices.c.subject.in_(subjects)))
    return {row.subject: row[1] for row in rows}


def unposted(connection: Connection, count: int) -> list[dict[str, Any]]:
    """The notices that were not posted yet, oldest first, `count` at most."""
    return [dict(row._mapping) for row in connection.execute(_UNPOSTED, {"at_most": count})]


_UNPOSTED = select(notices).where(notices.c.told_at.is_(None)).order_by(notices.c.id).limit(bindparam("at_most"))


def mark_posted(connection: Connection, ids: Sequence[int], now: float) -> None:
    """Note that these notices were posted."""
    connection.execute(update(notices).where(notices.c.id.in_(ids)).values(told_at=now))
