"""Translation memory in the ledger: approved entries, and what engines made before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, func, literal_column, or_, select, tuple_

from tasks.ledger import translation_rows
from tasks.ledger.inserts import insert_into
from tasks.ledger.portions import portions
from tasks.ledger.schema import memory

_AT_ONCE = 500
"""Rows that are read from the ledger at a time."""
_LONGEST = 300
"""Characters of a maker or an origin."""
_APPROVED: ColumnElement[str] = literal_column("'approved'")
"""Written out, as in the index over all others."""


def recall(connection: Connection, keys: Collection[str], maker: str) -> dict[str, str]:
    """The memory entries of this maker under these keys: {key: packed translation}."""
    found: dict[str, str] = {}
    for chunk in portions(sorted(keys)):
        rows = connection.execute(_RECALL, {"keys": chunk, "by": maker[:_LONGEST]})
        found.update({row.key: row.target for row in rows})
    return found


_RECALL = select(memory.c.key, memory.c.target).where(
    memory.c.key.in_(bindparam("keys", expanding=True)), memory.c.maker == bindparam("by")
)


def approved_languages(connection: Connection) -> list[str]:
    """The languages into which people approved translations."""
    query = select(memory.c.target_language).where(memory.c.maker == _APPROVED).distinct()
    return sorted(connection.execute(query).scalars())


def keep(connection: Connection, rows: Sequence[Mapping[str, Any]], *, now: float, are_units: bool = False) -> None:
    """Keep memory entries (the columns of `memory` but `kept_at`); a later one replaces an earlier one of the same key
    and maker. What people approved lets translations be tried that only wait for such, and builds drafts anew: those in
    which it stands if all of it `are_units` of translations, else all into these languages, for it may be any text."""
    if not rows:
        return
    insert = insert_into(connection, memory)
    newer = {name: insert.excluded[name] for name in ("source", "target", "origin", "kept_at")}
    insert = insert.on_conflict_do_update(index_elements=["key", "maker"], set_=newer)
    unique = {(row["key"], row["maker"][:_LONGEST]): dict(row) for row in rows}
    for (_, maker), row in unique.items():
        row |= {"maker": maker, "origin": row["origin"][:_LONGEST], "kept_at": now}
    # in one order whoever keeps them: two workers with the same sentences would otherwise wait for each other
    connection.execute(insert, [unique[which] for which in sorted(unique)])
    approved = [row for row in unique.values() if row["maker"] == "approved"]
    if approved:
        languages = sorted({row["target_language"] for row in approved})
        keys = {row["key"] for row in approved} if are_units else None
        translation_rows.wake_for(connection, languages, now=now, keys=keys)


def entries(
    connection: Connection, *, source: str | None = None, target: str | None = None, approved_only: bool = True
) -> Iterator[Row]:  # type: ignore[type-arg]
    """The rows of the memory for people, by languages and source, as they are read."""
    query = select(memory).order_by(*(memory.c[name] for name in _ORDER))
    if source:
        query = query.where(memory.c.source_language == source)
    if target:
        query = query.where(memory.c.target_language == target)
    if approved_only:
        query = query.where(memory.c.maker == _APPROVED)
    yield from connection.execute(query, execution_options={"yield_per": _AT_ONCE})


class ApprovedRow(NamedTuple):
    """An entry that a person approved, as near matches are looked for in them."""

    source: str
    target: str
    source_language: str
    target_language: str
    origin: str
    kept_at: float


def approved(connection: Connection, base: str) -> Iterator[ApprovedRow]:
    """What people approved into a language, given without script and territory, and into its variants, as it is
    read."""
    column = memory.c.target_language
    theirs = or_(column == base, column.startswith(f"{base}-", autoescape=True))
    query = select(*(memory.c[name] for name in ApprovedRow._fields)).where(memory.c.maker == _APPROVED, theirs)
    for rows in connection.execute(query, execution_options={"yield_per": _AT_ONCE}).partitions():
        yield from map(ApprovedRow._make, rows)


_ORDER = ("source_language", "target_language", "source", "maker", "key")


def examples(connection: Connection, source: str, target: str, *, at_most: int) -> list[tuple[str, str]]:
    """Sentences of the memory in their forms, with their translations as they are packed: what people approved, then
    the latest."""
    query = (
        select(memory.c.source, memory.c.target)
        .where(memory.c.source_language == source, memory.c.target_language == target)
        .order_by((memory.c.maker == _APPROVED).desc(), memory.c.kept_at.desc())
        .limit(at_most)
    )
    return [(row.source, row.target) for row in connection.execute(query)]


def count(connection: Connection) -> list[Row]:  # type: ignore[type-arg]
    """Count the memory entries: (source_language, target_language, approved, machine)."""
    approved = func.count().filter(memory.c.maker == _APPROVED)
    machine = func.count().filter(memory.c.maker != _APPROVED)
    pair = (memory.c.source_language, memory.c.target_language)
    query = select(*pair, approved.label("approved"), machine.label("machine")).group_by(*pair).order_by(*pair)
    return list(connection.execute(query))


def forget(connection: Connection, *, before: float, at_most: int) -> int:
    """Forget what engines translated before that moment, the oldest first and no more than `at_most`; returns how many
    entries."""
    old = (
        select(memory.c.key, memory.c.maker)
        .where(memory.c.kept_at < before, memory.c.maker != _APPROVED)
        .order_by(memory.c.kept_at)
        .limit(at_most)
    )
    return connection.execute(delete(memory).where(tuple_(memory.c.key, memory.c.maker).in_(old))).rowcount


def remove(connection: Connection, keys: Collection[str]) -> int:
    """Remove the memory entries under a few keys, whoever made them; returns how many there were."""
    return connection.execute(delete(memory).where(memory.c.key.in_(keys))).rowcount


def drop(connection: Connection, keys: Collection[str], maker: str) -> None:
    """Remove this maker's memory entries under these keys: what it says now is kept under others."""
    for chunk in portions(sorted(keys)):
        connection.execute(delete(memory).where(memory.c.key.in_(chunk), memory.c.maker == maker))
