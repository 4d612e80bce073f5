"""Outlets in the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import Connection, Insert, Row, Select, bindparam, case, func, literal_column, select, update

from tasks.ledger import outlet_profiles
from tasks.ledger.inserts import insert_by
from tasks.ledger.portions import portions
from tasks.ledger.schema import outlets
from tasks.model.outlet import Outlet
from tasks.model.profile import profile_of

log = structlog.get_logger()
IS_REMOVED = outlets.c.status == literal_column("'removed'")
"""Of a row that stays for reports only: `fanwire outlets remove`."""


def put(connection: Connection, documents: Iterable[Outlet], now: float) -> int:
    """Insert or replace outlets by their id; the number written.

    The status of an outlet that is known stays as it is: it belongs to operations (pause, resume) and to what the
    outlet itself said (410), and an import of yesterday's file must not undo either. One that was removed is new again.
    """
    found = {document.id: document for document in documents}  # the last one with an id counts
    if not found:
        return 0
    profiles = {id: profile_of(document) for id, document in found.items()}
    numbers = outlet_profiles.numbers(connection, set(profiles.values()))
    rows = [_row(document, now) | {"profile_id": numbers[profiles[id]]} for id, document in found.items()]
    connection.execute(_upsert(connection.dialect.name), rows)
    return len(rows)


@cache
def _upsert(dialect: str) -> Insert:
    insert = insert_by(dialect, outlets)
    anew = {
        column: case((IS_REMOVED, insert.excluded[column]), else_=outlets.c[column])
        for column in ("status", "status_reason")
    }
    return insert.on_conflict_do_update(
        index_elements=["id"],
        set_=anew | {name: insert.excluded[name] for name in ("document", "updated_at", "profile_id", "profiled_at")},
    )


def _row(document: Outlet, now: float) -> dict[str, Any]:
    reason = None if document.status == "active" else f"imported as {document.status}"
    fields = {
        "id": document.id,
        "status": document.status,
        "status_reason": reason,
        "updated_at": now,
        "profiled_at": now,
    }
    return fields | {"document": document.to_json(without_status=True)}


def everyone(connection: Connection, *, removed: bool = False) -> list[Outlet]:
    """All outlets as they stand now, by id, but those that were removed; or, with `removed`, only those."""
    which = IS_REMOVED if removed else ~IS_REMOVED
    rows = connection.execute(select(outlets.c.document, outlets.c.status).where(which).order_by(outlets.c.id))
    return [outlet for row in rows if (outlet := as_it_stands(row))]


def some(connection: Connection, ids: Iterable[str]) -> dict[str, Outlet]:
    """The outlets with these ids, as they stand now."""
    rows = connection.execute(_SOME, {"ids": list(ids)})
    return {outlet.id: outlet for outlet in map(as_it_stands, rows) if outlet}


_SOME = select(outlets.c.document, outlets.c.status).where(outlets.c.id.in_(bindparam("ids", expanding=True)))


def urls_with(connection: Connection, text: str) -> list[tuple[str, str]]:
    """Id and URL of the active outlets whose URL has this text in it, whatever its case."""
    has_it = func.lower(outlets.c.document).contains(text.lower(), autoescape=True)
    rows = connection.execute(select(outlets.c.id, outlets.c.document).where(outlets.c.status == "active", has_it))
    found = [(row.id, str(_fields(row.document).get("url", ""))) for row in rows]
    return [(id, url) for id, url in found if text.lower() in url.lower()]


def documents(connection: Connection, ids: Iterable[str], *, removed: bool = False) -> dict[str, dict[str, Any]]:
    """The documents of these outlets, as far as they are known and not removed, also those that this version cannot
    read; empty for one that is no document at all. `removed`: of those that were removed too."""
    query = select(outlets.c.id, outlets.c.document)
    query = query if removed else query.where(~IS_REMOVED)
    return {row.id: _fields(row.document) for row in _of(connection, query, ids)}


def _of(connection: Connection, query: Select[Any], ids: Iterable[str]) -> Iterator[Row]:  # type: ignore[type-arg]
    """The rows of a query that are of these outlets."""
    for chunk in portions(ids):
        yield from connection.execute(query.where(outlets.c.id.in_(chunk)))


def _fields(document: str) -> dict[str, Any]:
    try:
        fields = json.loads(document)
    except ValueError:
        fields = None
    return fields if isinstance(fields, dict) else {}


def get(connection: Connection, outlet_id: str) -> Row | None:  # type: ignore[type-arg]
    """The row of one outlet; None if it is not known."""
    return connection.execute(select(outlets).where(outlets.c.id == outlet_id)).first()


def statuses(connection: Connection, ids: Iterable[str]) -> dict[str, dict[str, str | None]]:
    """The status of these outlets, as far as they are known: {outlet: its `status` and the `reason` of it}."""
    query = select(outlets.c.id, outlets.c.status, outlets.c.status_reason)
    return {row.id: {"status": row.status, "reason": row.status_reason} for row in _of(connection, query, ids)}


def status_reasons(connection: Connection) -> dict[str, str | None]:
    """Why outlets are paused or disabled: {outlet: reason} of all that are not active."""
    return {outlet_id: reason for outlet_id, (_, reason) in not_active(connection).items()}


def not_active(connection: Connection) -> dict[str, tuple[str, str | None]]:
    """The outlets that are not active: {outlet: its status, and why}, those that were removed too."""
    query = select(outlets.c.id, outlets.c.status, outlets.c.status_reason).where(outlets.c.status != "active")
    return {row.id: (row.status, row.status_reason) for row in connection.execute(query)}


def set_status(connection: Connection, ids: Iterable[str], status: str, reason: str | None, now: float) -> int:
    """Set the status of outlets to `active`, `paused`, `disabled` or, for ever, `removed`; returns how many of them
    changed."""
    change = (
        update(outlets)
        .where(outlets.c.id.in_(list(ids)), outlets.c.status != status, ~IS_REMOVED)
        .values(status=status, status_reason=reason, **_updated(now))
    )
    return connection.execute(change).rowcount


def set_reason(connection: Connection, outlet_id: str, reason: str, now: float) -> None:
    """Say anew why an outlet is paused or disabled."""
    change = update(outlets).where(outlets.c.id == outlet_id, outlets.c.status.in_(["paused", "disabled"]))
    connection.execute(change.values(status_reason=reason, **_updated(now)))


def _updated(now: float) -> dict[str, Any]:
    """The column values of a row that changes although its document does not: its profile is as good as before."""
    same = case((outlets.c.profiled_at == outlets.c.updated_at, now), else_=outlets.c.profiled_at)
    return {"updated_at": now, "profiled_at": same}


def count(connection: Connection) -> int:
    """How many outlets there are that were not removed."""
    return connection.execute(select(func.count()).select_from(outlets).where(~IS_REMOVED)).scalar_one()


@lru_cache(maxsize=20_000)
def _parse(document: str) -> Outlet:
    """Reading a document costs 20 µs, and a process reads the same thousands for every release."""
    return Outlet.model_validate_json(document)


def as_it_stands(row: Row) -> Outlet | None:  # type: ignore[type-arg]
    """The outlet of a row, with the status of the row; None for a document that this version cannot read (`fanwire
    doctor` names them): it must not stop the others."""
    try:
        outlet = _parse(row.document)
    except ValidationError as error:
        log.error("outlet unreadable", document=row.document[:100], problem=str(error).splitlines()[0])
        return None
    return outlet if outlet.status == row.status else outlet.model_copy(update={"status": row.status})
