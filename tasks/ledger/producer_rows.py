"""Producers that come to the door of the web server, how much each has sent in a day, and how often it comes.

A token is never here, only its SHA-256: a token is 32 random bytes, so nobody can find one by its digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, case, delete, or_, select, update

from tasks.ledger.inserts import insert_into
from tasks.ledger.schema import producer_days, producer_minutes, producers
from tasks.model.producers import DoorProducer

DAYS_KEPT = 40
"""Days for which the counts of a day are kept."""
USED_AGAIN = 60.0
"""Seconds after which the use of a token is noted again."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """A producer whose token is good."""

    name: str
    document: DoorProducer
    used_at: float | None


def add(connection: Connection, name: str, document: DoorProducer, sha256: str, now: float) -> bool:
    """Keep a producer with the SHA-256 of its token; one that was revoked begins anew. False if it is there already."""
    values = {
        "document": document.model_dump_json(exclude_unset=True), "token_sha256": sha256, "made_at": now,
        "old_token_sha256": None, "old_token_until": None, "used_at": None, "revoked_at": None,
    }  # fmt: skip
    row = insert_into(connection, producers).values(name=name, **values)
    row = row.on_conflict_do_update(
        index_elements=["name"], set_=values, where=producers.c.revoked_at.is_not(None)
    )  # fmt: skip
    return connection.execute(row.returning(producers.c.name)).first() is not None


def get(connection: Connection, name: str) -> Row[Any] | None:
    """The row of a producer, revoked or not."""
    return connection.execute(select(producers).where(producers.c.name == name)).first()


def every(connection: Connection) -> list[Row[Any]]:
    """The rows of all producers, those that were revoked too, by name."""
    return list(connection.execute(select(producers).order_by(producers.c.name)))


def document_of(row: Row[Any]) -> DoorProducer:
    """What a row says of its producer."""
    return _read(row.document)


@lru_cache(maxsize=4096)
def _read(document: str) -> DoorProducer:
    return DoorProducer.model_validate_json(document)


def standing(connection: Connection) -> dict[str, DoorProducer]:
    """All producers that are not revoked, by name."""
    query = select(producers.c.name, producers.c.document).where(producers.c.revoked_at.is_(None))
    return {row.name: _read(row.document) for row in connection.execute(query)}


def by_token(connection: Connection, sha256: str, now: float, *, hold: bool = False) -> Known | None:
    """The producer with the token that has this SHA-256; None if there is none, or not any more.

    `hold`: until this transaction ends, nobody revokes it.
    """
    p = producers.c
    old = (p.old_token_sha256 == sha256) & (p.old_token_until > now)
    query = select(producers).where(or_(p.token_sha256 == sha256, old), p.revoked_at.is_(None))
    row = connection.execute(query.with_for_update(read=True) if hold else query).first()
    return None if row is None else Known(name=row.name, document=document_of(row), used_at=row.used_at)


def note_use(connection: Connection, name: str, now: float) -> None:
    """Note that the token of a producer was used."""
    connection.execute(update(producers).where(producers.c.name == name).values(used_at=now))


def put_token(connection: Connection, name: str, sha256: str, old_until: float | None) -> None:
    """Give a producer another token; the one before is good until `old_until` (seconds since the epoch), or no more."""
    row = get(connection, name)
    assert row is not None, "the caller has looked"
    old = {"old_token_sha256": row.token_sha256 if old_until else None, "old_token_until": old_until}
    connection.execute(update(producers).where(producers.c.name == name).values(token_sha256=sha256, **old))


def put_document(connection: Connection, name: str, document: DoorProducer) -> None:
    """Give a producer other rights and limits."""
    text = document.model_dump_json(exclude_unset=True)
    connection.execute(update(producers).where(producers.c.name == name).values(document=text))


def revoke(connection: Connection, name: str, now: float) -> None:
    """End the tokens of a producer; its releases stay its own."""
    connection.execute(update(producers).where(producers.c.name == name).values(revoked_at=now, old_token_until=None))


def count(connection: Connection, name: str, day: str, most: int | None) -> bool:
    """Count one release more that a producer sent on a day (UTC), unless that would be more than `most`; whether it was
    counted. Two that count at once wait for each other."""
    d = producer_days.c
    row = insert_into(connection, producer_days).values(producer=name, day=day, releases=1)
    row = row.on_conflict_do_update(
        index_elements=["producer", "day"], set_={"releases": d.releases + 1},
        where=None if most is None else d.releases < most,
    )  # fmt: skip
    return connection.execute(row.returning(d.releases)).first() is not None


def counted(connection: Connection, day: str) -> dict[str, int]:
    """{producer: releases} that were counted on a day."""
    query = select(producer_days.c.producer, producer_days.c.releases).where(producer_days.c.day == day)
    return {row.producer: row.releases for row in connection.execute(query)}


def forget_days(connection: Connection, before: str) -> None:
    """Strike the counts of days before this one."""
    connection.execute(delete(producer_days).where(producer_days.c.day < before))


def permit(connection: Connection, name: str, minute: int, number: int, most: int) -> int:
    """How many more requests of a producer are permitted in a minute (minutes since the epoch): `number`, or what is
    left of `most`. Web servers that ask at once wait for each other, so all together permit no more than `most`.
    Whoever asks for a minute that is over, since it was slow, is counted in the present one."""
    m = producer_minutes.c
    row = insert_into(connection, producer_minutes).values(producer=name, minute=minute, requests=0)
    begun = row.on_conflict_do_update(
        index_elements=["producer"],
        set_={
            "minute": case((m.minute < minute, minute), else_=m.minute),
            "requests": case((m.minute < minute, 0), else_=m.requests),
        },
    )
    used = connection.execute(begun.returning(m.requests)).scalar_one()
    given: int = max(0, min(number, most - used))
    if given:
        connection.execute(update(producer_minutes).where(m.producer == name).values(requests=m.requests + given))
    return given
