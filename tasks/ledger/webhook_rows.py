"""Which releases producers want to hear of, and the messages to their webhooks until these have arrived.

A release is watched from the transaction in which it is taken, if its producer has a webhook. A message is written in
the transaction in which it is found that there is something to say, and is sent until it has arrived: so it may come
twice, with the same id.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from tasks.ledger import producer_rows
from tasks.ledger.schema import releases, watched_releases, webhook_messages

FIRST_LOOK = 2.0
"""Seconds after a release was taken at which it is first looked at."""
KEPT_DAYS = 30
"""Days for which messages are kept."""

Told = Mapping[str, Sequence[str]]
"""{event: languages}."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A release of which a producer wants to hear."""

    release_id: int
    producer: str
    told: Told


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message that is to be sent now."""

    id: int
    message_id: str
    producer: str
    body: str
    made_at: float
    failures: int


def watch(connection: Connection, release_id: int, producer: str, now: float) -> None:
    """Watch a release that was taken, if its producer has a webhook."""
    row = producer_rows.get(connection, producer)
    if row is None or row.revoked_at is not None or producer_rows.document_of(row).webhook is None:
        return
    values = {"release_id": release_id, "producer": producer, "told": "{}", "look_at": now + FIRST_LOOK}
    connection.execute(watched_releases.insert().values(values))


def any_to_look_at(connection: Connection, now: float) -> bool:
    """Whether a watched release is to be looked at."""
    return connection.execute(_ANY_TO_LOOK_AT, {"moment": now}).first() is not None


_ANY_TO_LOOK_AT = (
    select(watched_releases.c.release_id).where(watched_releases.c.look_at <= bindparam("moment")).limit(1)
)


def to_look_at(connection: Connection, now: float, count: int) -> list[tuple[Watched, Row[Any] | None]]:
    """The watched releases that are to be looked at, those longest due first, each with its row if it is there yet;
    held until the transaction ends."""
    w = watched_releases.c
    query = select(watched_releases).where(w.look_at <= now).order_by(w.look_at).limit(count)
    found = {
        row.release_id: Watched(release_id=row.release_id, producer=row.producer, told=json.loads(row.told))
        for row in connection.execute(query.with_for_update(skip_locked=True))
    }
    rows = {row.id: row for row in connection.execute(select(releases).where(releases.c.id.in_(found)))}
    return [(one, rows.get(number)) for number, one in found.items()]


def look_again(connection: Connection, release_id: int, told: Told, at: float) -> None:
    """Note what the producer has been told of a release, and when it is looked at next."""
    watched = update(watched_releases).where(watched_releases.c.release_id == release_id)
    connection.execute(watched.values(told=json.dumps(told, sort_keys=True), look_at=at))


def watch_no_more(connection: Connection, release_id: int) -> None:
    """Watch a release no more."""
    connection.execute(delete(watched_releases).where(watched_releases.c.release_id == release_id))


def add(connection: Connection, producer: str, event: str, body: str, now: float) -> None:
    """Write a message to a producer, to be sent at once; older messages than `KEPT_DAYS` are struck."""
    m = webhook_messages.c
    connection.execute(delete(webhook_messages).where(m.made_at < now - KEPT_DAYS * 24 * 3600))
    values = {"message_id": f"msg_{uuid.uuid4().hex}", "producer": producer, "event": event, "body": body}
    connection.execute(webhook_messages.insert().values(made_at=now, due_at=now, failures=0, **values))


def any_due(connection: Connection, now: float) -> bool:
    """Whether a message is to be sent."""
    return connection.execute(_ANY_DUE, {"moment": now}).first() is not None


_ANY_DUE = select(webhook_messages.c.id).where(webhook_messages.c.due_at <= bindparam("moment")).limit(1)


def claim_due(connection: Connection, now: float, count: int, until: float) -> list[Message]:
    """The messages that are to be sent, the oldest first. Nobody else sends them before `until`, when they are due
    again unless it was noted what came of them."""
    m = webhook_messages.c
    due = select(webhook_messages).where(m.due_at <= now).order_by(m.due_at, m.id).limit(count)
    rows = list(connection.execute(due.with_for_update(skip_locked=True)))
    ids = [row.id for row in rows]
    connection.execute(update(webhook_messages).where(m.id.in_(ids)).values(due_at=until))
    fields = ("id", "message_id", "producer", "body", "made_at", "failures")
    return [Message(**{name: getattr(row, name) for name in fields}) for row in rows]


def mark_arrived(connection: Connection, message: Message, now: float) -> None:
    """Note that a message has arrived."""
    done = {"due_at": None, "arrived_at": now, "problem": None}
    connection.execute(update(webhook_messages).where(webhook_messages.c.id == message.id).values(done))


def mark_failed(connection: Connection, message: Message, problem: str, again_at: float | None) -> None:
    """Note that a message has not arrived, and when it is sent again; None: it is given up."""
    failed = {"due_at": again_at, "failures": message.failures + 1, "problem": problem}
    connection.execute(update(webhook_messages).where(webhook_messages.c.id == message.id).values(failed))
