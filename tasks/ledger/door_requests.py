"""Requests at the door that have an Idempotency-Key: each is done once, and one that is repeated gets its answer again.

A request is claimed before it is done. A process that dies meanwhile leaves a claim without an answer; after a while
whoever repeats the request takes the claim over. What was done by then is known by itself: a release is taken once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, select, update

from tasks.ledger.inserts import insert_into
from tasks.ledger.schema import door_requests

KEPT_SECONDS = 24 * 3600.0
"""For so long a repeated request gets the same answer."""
ABANDONED_AFTER = 120.0
"""Seconds after which a claim without an answer may be taken over."""


class Found(StrEnum):
    """What there is of a request."""

    NEW = "new"
    """It is the caller's to do."""
    ANSWERED = "answered"
    BUSY = "busy"
    """The same request is being done."""
    OTHER = "other"
    """The key belongs to another request."""


@dataclass(frozen=True)
class Claim:
    """What came of claiming a request; with the answer, if it has one."""

    found: Found
    status: int = 0
    body: str = ""


def claim(connection: Connection, producer: str, key: str, digest: str, now: float) -> Claim:
    """Claim a request of a producer by its key, or say what there is of it. `digest`: SHA-256 of the request."""
    r = door_requests.c
    connection.execute(delete(door_requests).where(r.at < now - KEPT_SECONDS))
    row = insert_into(connection, door_requests).values(producer=producer, key=key, digest=digest, at=now)
    if connection.execute(row.on_conflict_do_nothing().returning(r.key)).first() is not None:
        return Claim(Found.NEW)
    mine = (r.producer == producer) & (r.key == key)
    known = connection.execute(select(door_requests).where(mine)).one()
    if known.digest != digest:
        return Claim(Found.OTHER)
    if known.status is not None:
        return Claim(Found.ANSWERED, known.status, known.body)
    if known.at > now - ABANDONED_AFTER:
        return Claim(Found.BUSY)
    taken_over = update(door_requests).where(mine, r.status.is_(None), r.at == known.at).values(at=now)
    return Claim(Found.NEW if connection.execute(taken_over).rowcount else Found.BUSY)


def answer(connection: Connection, producer: str, key: str, status: int, body: str) -> None:
    """Keep the answer to a request that was claimed."""
    r = door_requests.c
    mine = update(door_requests).where(r.producer == producer, r.key == key)
    connection.execute(mine.values(status=status, body=body))


def drop(connection: Connection, producer: str, key: str) -> None:
    """Give up a claim without an answer: the request may be sent again, for it came to nothing."""
    r = door_requests.c
    connection.execute(delete(door_requests).where(r.producer == producer, r.key == key, r.status.is_(None)))
