"""Values of another type than their column has. SQLite keeps them, and only somebody who edits a ledger by hand writes
any; PostgreSQL takes none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Column, Connection, Table, and_, func, select

_CLASSES = (
    (("CHAR", "TEXT"), ("text",)),
    (("BLOB",), ("blob",)),
    (("FLOAT", "REAL", "DOUBLE"), ("real", "integer")),
    (("INT", "BOOL"), ("integer",)),
)
"""The storage classes in which SQLite keeps what a column is for, by words in the column's type."""


def foreign_values(connection: Connection, tables: Iterable[Table]) -> Iterator[tuple[str, int]]:
    """Each column of these tables with such values, as `table.column`, and how many they are."""
    if connection.dialect.name != "sqlite":
        return
    for table in tables:
        columns = list(table.columns)
        counts = [func.count().filter(_is_foreign(column, connection)) for column in columns]
        for column, found in zip(columns, connection.execute(select(*counts)).one(), strict=True):
            if found:
                yield f"{table.name}.{column.name}", found


def _is_foreign(column: Column[Any], connection: Connection) -> Any:
    type_ = column.type.compile(dialect=connection.dialect).upper()
    expected = next(classes for words, classes in _CLASSES if any(word in type_ for word in words))
    return and_(column.is_not(None), func.typeof(column).not_in(expected))
