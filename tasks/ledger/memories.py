"""Translation memory in the ledger: approved entries, and what engines made before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from tasks.ledger.schema import memory

_AT_ONCE = 500
"""Keys in one question: SQLite binds no more than some thousands."""


def recall(ledger: Connection, keys: Collection[str], maker: str) -> dict[str, str]:
    """{key: packed result} of what this maker has left under these keys."""
    found: dict[str, str] = {}
    rest = iter(sorted(keys))
    while chunk := list(islice(rest, _AT_ONCE)):
        query = select(memory.c.key, memory.c.target).where(memory.c.key.in_(chunk), memory.c.maker == maker)
        found.update({row.key: row.target for row in ledger.execute(query)})
    return found


def keep(ledger: Connection, rows: Sequence[Mapping[str, Any]], *, now: float) -> None:
    """Keep entries (the columns of `memory` but `kept_at`); a later one of the same key and maker takes the place of
    an earlier one."""
    if not rows:
        return
    dialect = postgresql if ledger.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(memory)
    newer = {name: insert.excluded[name] for name in ("source", "target", "origin", "kept_at")}
    insert = insert.on_conflict_do_update(index_elements=["key", "maker"], set_=newer)
    unique = {(row["key"], row["maker"]): {**row, "kept_at": now} for row in rows}
    ledger.execute(insert, list(unique.values()))


def forget(ledger: Connection, *, before: float, besides: str) -> int:
    """Forget what was kept before that moment by anybody `besides` one maker; the number of entries."""
    return ledger.execute(delete(memory).where(memory.c.kept_at < before, memory.c.maker != besides)).rowcount
