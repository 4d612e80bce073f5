"""The glossary in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from tasks.ledger.schema import terms


def put(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep glossary terms (the columns of `terms`). A wanted term replaces the one for the same words, a forbidden one
    the same forbidden one."""
    unique = {_place(row): row for row in rows}
    for row in unique.values():
        connection.execute(_without(row))
    if unique:
        connection.execute(insert(terms), list(map(dict, unique.values())))


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    pair = (row["source_language"], row["target_language"], row["source"], row["forbidden"])
    return (*pair, row["target"]) if row["forbidden"] else pair


def _without(row: Mapping[str, Any]) -> Any:
    query = delete(terms).where(
        terms.c.source_language == row["source_language"],
        terms.c.target_language == row["target_language"],
        terms.c.source == row["source"],
        terms.c.forbidden == row["forbidden"],
    )
    return query.where(terms.c.target == row["target"]) if row["forbidden"] else query


def listed(
    connection: Connection, *, sources: Sequence[str] | None = None, targets: Sequence[str] | None = None
) -> list[Row]:  # type: ignore[type-arg]
    """The glossary terms from any of these languages into any of those, by languages and source; None: all
    languages."""
    order = ("source_language", "target_language", "source", "forbidden", "target")
    query = select(terms).order_by(*(terms.c[name] for name in order))
    if sources is not None:
        query = query.where(terms.c.source_language.in_(sources))
    if targets is not None:
        query = query.where(terms.c.target_language.in_(targets))
    return list(connection.execute(query))


def remove(connection: Connection, source: str, pair: tuple[str, str], *, target: str | None = None) -> int:
    """Remove what the glossary says for a source word between two languages (`target`: only that); returns how many
    terms."""
    query = delete(terms).where(
        terms.c.source == source, terms.c.source_language == pair[0], terms.c.target_language == pair[1]
    )
    return connection.execute(query if target is None else query.where(terms.c.target == target)).rowcount
