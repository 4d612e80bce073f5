"""INSERT statements that may say ON CONFLICT, which SQLAlchemy has once for each database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(connection: Connection, table: Table) -> postgresql.Insert:
    """An INSERT into a table for the database of this connection; `on_conflict_do_nothing` and `on_conflict_do_update`
    are the same on both."""
    return insert_by(connection.dialect.name, table)


def insert_by(dialect: str, table: Table) -> postgresql.Insert:
    """The same for a database by the name of its dialect, for statements that are kept for all connections."""
    if dialect == "postgresql":
        return postgresql.insert(table)
    return cast("postgresql.Insert", sqlite.insert(table))


def insert_unless_there(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, at least one, and leave alone what is there: somebody else may add the same at the same time."""
    connection.execute(_unless_there(connection.dialect.name, table), rows)


@cache
def _unless_there(dialect: str, table: Table) -> Insert:
    return insert_by(dialect, table).on_conflict_do_nothing()
