"""Values that a column cannot have: of another type, none where there must be one, text that is not UTF-8. SQLite keeps
them, and only somebody who edits a ledger by hand writes any; PostgreSQL takes none but what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Executable, Table, func, literal_column, select
from sqlalchemy.dialects import sqlite

_CLASSES = (
    (("CHAR", "TEXT"), ("text",)),
    (("BLOB",), ("blob",)),
    (("FLOAT", "REAL", "DOUBLE"), ("real", "integer")),
    (("INT", "BOOL"), ("integer",)),
)
"""The storage classes in which SQLite keeps what a column is for, by words in the column's type."""
_SQLITE = sqlite.dialect()


def foreign_values(connection: Connection, tables: Iterable[Table]) -> Iterator[tuple[str, int]]:
    """Each column of these tables with values of another type, or with none where there must be one, as `table.column`,
    and how many they are."""
    for table in tables:
        counts = connection.execute(_counting(table, connection.dialect.name)).one()
        yield from ((f"{table.name}.{name}", found) for name, found in counts._mapping.items() if found)


@contextmanager
def any_text(connection: Connection) -> Iterator[list[str]]:
    """Have text that is not UTF-8 read too, with its bytes written out, until this ends: else whoever meets one reads
    nothing more. Gives those that were met."""
    met: list[str] = []
    if connection.dialect.name != "sqlite":
        yield met
        return

    def read(data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError:
            met.append(data.decode(errors="backslashreplace"))
            return met[-1]

    driver: Any = connection.connection.driver_connection
    before, driver.text_factory = driver.text_factory, read
    try:
        yield met
    finally:
        driver.text_factory = before


@cache
def _counting(table: Table, dialect: str) -> Executable:
    """How many such values each column of a table has that can have any."""
    if dialect == "sqlite":
        foreign = {column.name: _of_another_class(column) for column in table.columns}
    else:
        foreign = {column.name: column.is_(None) for column in table.columns if not column.nullable}
    return select(*(func.count().filter(is_so).label(name) for name, is_so in foreign.items()))


def _of_another_class(column: Column[Any]) -> ColumnElement[bool]:
    type_ = column.type.compile(dialect=_SQLITE).upper()
    expected = next(classes for words, classes in _CLASSES if any(word in type_ for word in words))
    allowed = (*expected, "null") if column.nullable else expected
    # written into the statement, not bound: to bind so many takes as long as all the rest
    return func.typeof(column).not_in([literal_column(f"'{name}'") for name in allowed])
