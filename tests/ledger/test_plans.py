"""What runs each second or for each chunk must cost what it finds, not what there is: no query walks a whole table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event

from tasks import ledger, pipeline
from tasks.delivery.payloads import read_payloads
from tasks.ledger import deliveries, feed_rows
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, take
from tests.support.samples import outlet

GROWING = ("deliveries", "attempts", "releases", "translations", "renditions", "feed_entries")


@pytest.fixture(autouse=True)
def _ledger(sqlite_ledger: None) -> None:
    """On SQLite."""


@contextmanager
def plans() -> Iterator[list[str]]:
    """The plan of every statement that runs inside, as SQLite tells it."""
    told: list[str] = []
    engine = ledger.sql_engine()

    def explain(_c: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE", "WITH", "INSERT") and not many:
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            told.extend(f"{row[3]}   in   {' '.join(statement.split())[:300]}" for row in rows)

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield told
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def walks(told: list[str]) -> list[str]:
    """Steps that read a growing table, or all of an index of it, from end to end. A small partial index may be read."""
    partial = (
        "_misheld",
        "_due",
        "_next",
        "_claimed",
        "_held",
        "_embargoed",
        "_kept",
        "_unplanned",
        "_unmade",
        "_draft",
    )
    return [
        step
        for step in told
        if step.startswith("SCAN")
        and step.split()[1] in GROWING
        and not any(f"INDEX ix_{table}{name} " in step for table in GROWING for name in partial)
    ]


def life() -> None:
    """Rows of every state."""
    receivers(*(outlet(f"o{n}") for n in range(30)), outlet("feed", url="pull:"))
    for number in range(5):
        render(take(uri=f"urn:{number}"))
    finish(*map(result, claim(limit=100)))
    take(uri="urn:embargoed", embargo_until="2027-02-01T00:00:00Z")


@pytest.mark.parametrize(
    "work",
    [
        lambda connection: deliveries.expire_leases(connection, NOW),
        lambda connection: deliveries.lift_embargoes(connection, NOW),
        deliveries.next_due,
        deliveries.forgotten,
        lambda connection: read_payloads(connection, deliveries.claim(connection, "w", now=NOW, lease=9, limit=5)),
        lambda connection: deliveries.finish(
            connection, [result(c) for c in deliveries.claim(connection, "w", now=NOW, lease=9, limit=5)]
        ),
        lambda connection: deliveries.promote(connection, 1, NOW),
        lambda connection: deliveries.supersede(connection, "urn:1", 2, by_kill=False),
        lambda connection: deliveries.may_have(connection, "urn:1", 2),
        lambda connection: deliveries.corrections(connection, [1, 2]),
        lambda connection: feed_rows.put(connection, "feed", "urn:1", 1, "en", NOW),
        lambda connection: feed_rows.withdraw(connection, "urn:1", 2, NOW),
        lambda connection: feed_rows.newest(connection, "feed", 50),
        lambda connection: feed_rows.between(connection, "feed", 1, 50),
        lambda connection: feed_rows.next_older(connection, "feed", 50),
    ],
    ids=[
        "expire",
        "lift",
        "next",
        "forgotten",
        "claim",
        "finish",
        "promote",
        "supersede",
        "may have",
        "corrections",
        "put",
        "withdraw",
        "current page",
        "archived page",
        "next page",
    ],
)
def test_no_query_of_the_hot_paths_walks_a_table(work: Callable[[Connection], Any]) -> None:
    life()
    with plans() as told, ledger.write() as connection:
        work(connection)
    assert told
    assert walks(told) == []


def test_a_whole_sweep_walks_no_table() -> None:
    life()
    with plans() as told:
        pipeline.sweep_ledger(NOW)
    assert len(told) > 8
    assert walks(told) == []
