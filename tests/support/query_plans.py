"""How a database goes about the statements that run: which of them read a large table from end to end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, Index, PrimaryKeyConstraint, UniqueConstraint, event

from tasks.ledger.schema import metadata

GROWING = (
    "deliveries", "attempts", "releases", "translations", "renditions", "publications", "feed_entries", "notices",
    "refusals", "audit",
)  # fmt: skip
"""The tables that grow with each release."""
ALIASES = {"newer": "releases", "older": "releases"}
LEADING = {
    str(index.name): index.columns[0].name
    for table in GROWING
    for index in (*metadata.tables[table].indexes, *metadata.tables[table].constraints)
    if isinstance(index, (Index, PrimaryKeyConstraint, UniqueConstraint))
}
"""The first column of each of their indexes: without a condition on that all of it is read."""
SMALL = {
    str(index.name)
    for table in GROWING
    for index in metadata.tables[table].indexes
    if index.dialect_options["sqlite"]["where"] is not None
}
"""The indexes that have only some rows of these tables, soon gone from there or few."""
ORDERED = {"ix_releases_received_at", "pk_notices", "pk_refusals", "pk_audit", "pk_releases"}
"""Indexes that are read from their end, in order, as far as a limit goes."""


@contextmanager
def walks(engine: Engine) -> Iterator[list[str]]:
    """What reads a growing table, or the whole of an index over all of its rows, among the statements that run inside:
    the step and its statement."""
    found: list[str] = []
    explain = _of_postgresql if engine.dialect.name == "postgresql" else _of_sqlite

    def look(_c: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if re.match(r"\s*(SELECT|UPDATE|DELETE|WITH|INSERT)\b", statement):
            said = (parameters[0] if parameters else ()) if many else parameters
            looked.append(statement)
            found.extend(
                f"{step}   in   {' '.join(statement.split())[:400]}" for step in explain(cursor, statement, said)
            )

    looked: list[str] = []
    event.listen(engine, "before_cursor_execute", look)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", look)
    assert looked, "no statement ran"


def _of_sqlite(cursor: Any, statement: str, parameters: Any) -> Iterator[str]:
    steps = [str(row[3]) for row in cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()]
    if any(step.startswith("SCAN outlets") for step in steps):  # then a search by outlet reads what each has ever got
        yield from (step for step in steps if step.endswith("INDEX ix_deliveries_of_outlet (outlet_id=?)"))
    if "state = 'claimed'" in statement:
        yield from (step for step in steps if "ix_deliveries_of_outlet" in step)  # and in flight is little of it
    for step in steps:
        if " SELECT " not in f" {statement}":  # what is said of an INSERT is a look at foreign keys
            return
        scan = re.match(r"SCAN (\w+?)(?:_\d+)?(?: USING (?:COVERING )?INDEX (\w+))?$", step)
        table = ALIASES.get(scan[1], scan[1]) if scan else ""
        if scan and table in GROWING and not _is_small(scan[2]) and not _is_last(table, statement):
            yield step


def _is_last(table: str, statement: str) -> bool:
    """Whether the last rows of a table are asked for, by their numbers."""
    return f"pk_{table}" in ORDERED and bool(re.search(rf"ORDER BY {table}\.id DESC\s+LIMIT", statement))


def _of_postgresql(cursor: Any, statement: str, parameters: Any) -> Iterator[str]:
    with cursor.connection.cursor() as other:
        [told] = other.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters).fetchone()
    [top] = told if isinstance(told, list) else json.loads(told)
    yield from _walked(top["Plan"])


def _walked(node: dict[str, Any]) -> Iterator[str]:
    kind, table, index = node["Node Type"], node.get("Relation Name"), node.get("Index Name")
    if kind == "Seq Scan" and table in GROWING:
        yield f"{kind} on {table}"
    elif index in LEADING and not _is_small(index) and LEADING[index] not in node.get("Index Cond", ""):
        yield f"{kind} using {index}"
    for part in node.get("Plans", ()):
        yield from _walked(part)


def _is_small(index: str | None) -> bool:
    """Whether an index may be read without a condition on it."""
    return index in SMALL or index in ORDERED
