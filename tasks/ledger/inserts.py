"""INSERT statements that may say ON CONFLICT, which SQLAlchemy has once for each database."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Connection, Table
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
