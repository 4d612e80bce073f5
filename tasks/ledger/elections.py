"""Offices that one process holds at a time, such as the clock's."""

from __future__ import annotations

from sqlalchemy import Connection, or_, select, update

from tasks.ledger.inserts import insert_into
from tasks.ledger.schema import elections

LONGEST_TERM = 600.0
"""Seconds. A term that ends later than so was written by a clock that is wrong, and binds nobody."""


def holder(connection: Connection, office: str, now: float) -> str | None:
    """Who holds `office` now; None if nobody does."""
    query = select(elections.c.holder).where(
        elections.c.office == office, elections.c.until > now, elections.c.until < now + LONGEST_TERM
    )
    return connection.execute(query).scalar()


def run_for(connection: Connection, office: str, candidate: str, now: float, until: float) -> bool:
    """Become or stay leader for `office` until `until` (epoch seconds); False if another process is."""
    first = insert_into(connection, elections).values(office=office, holder=candidate, until=until)
    connection.execute(first.on_conflict_do_nothing())
    free = or_(elections.c.until <= now, elections.c.until >= now + LONGEST_TERM, elections.c.holder == candidate)
    take = update(elections).where(elections.c.office == office, free).values(holder=candidate, until=until)
    return bool(connection.execute(take).rowcount)
