"""What each translation engine has used, and whether it rests: one row for each, shared by all workers.

A row is locked before it is read and until its transaction ends, so that no two workers count from the same figures;
what the figures mean is `tasks/translation/engine_support/metering.py`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from tasks.ledger.inserts import insert_into
from tasks.ledger.schema import engines

_NEW: dict[str, Any] = {
    "failures": 0,
    "rest_until": 0,
    "reason": None,
    "minute": 0,
    "minute_requests": 0,
    "minute_characters": 0,
    "month": "",
    "month_characters": 0,
    "month_cost": 0,
}


def lock(connection: Connection, name: str) -> dict[str, Any]:
    """Lock and return the row of an engine (without its name), made if there is none, until this transaction ends."""
    query = select(engines).where(engines.c.name == name).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        first = insert_into(connection, engines).values(name=name, **_NEW)
        connection.execute(first.on_conflict_do_nothing())
        row = connection.execute(query).mappings().one()
    return _without_name(row)


def put(connection: Connection, name: str, row: Mapping[str, Any]) -> None:
    """Write the row of an engine that this transaction has locked."""
    connection.execute(update(engines).where(engines.c.name == name).values(**row))


def get(connection: Connection, name: str) -> dict[str, Any] | None:
    """The row of an engine as it stands; None if it has never been counted and never failed."""
    row = connection.execute(select(engines).where(engines.c.name == name)).mappings().first()
    return _without_name(row) if row is not None else None


def every(connection: Connection) -> dict[str, dict[str, Any]]:
    """The rows of all engines, by name."""
    return {row["name"]: _without_name(row) for row in connection.execute(select(engines)).mappings()}


def _without_name(row: RowMapping) -> dict[str, Any]:
    return {column.name: row[column] for column in engines.columns if column.name != "name"}
