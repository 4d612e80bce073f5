"""Whether deliveries should be partitioned by month on PostgreSQL: the same steps on both, in turns, on one server.

`deliveries` as it is, against a copy that is partitioned into twelve ranges of `release_id`, which rises with time and
is part of the unique key as it stands. Then its primary key has to be (id, release_id), no other table can refer to an
`id`, and what finishes a delivery by its number looks into each partition. Each step is the statement of a drain.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text

ROWS = 2_400_000
MONTHS = 12
CHUNK = 200
ROUNDS = 15
GAP = 1_000
"""Numbers of releases for a partition: none is full."""
_COLUMNS = (
    "id, release_id, language, outlet_id, format, version, urgency, state, approval, due_at, first_due_at, attempt, "
    "tries, verdict, status, code, ended_at"
)
_ROW = (
    "n, (n - 1) / :each + 1, 'en', 'outlet-' || (n * 7919::bigint) % 6500, 'ninjs', 1, 5, 'delivered', false, NULL, "
    "1000.0, 1, 1, 'delivered', 200, 'http_200', 1000.0"
)
_CLAIM = """WITH pick AS (SELECT id FROM {t} WHERE state = 'due' AND urgency = 5 AND due_at <= :now ORDER BY due_at, id
    LIMIT :chunk FOR UPDATE SKIP LOCKED) UPDATE {t} SET state = 'claimed', claimed_by = 'x', lease_until = :now + 90,
    attempt = attempt + 1 WHERE id IN (SELECT id FROM pick) RETURNING id, attempt"""
_FINISH = """UPDATE {t} SET state = 'delivered', verdict = 'delivered', status = 200, due_at = NULL, ended_at = :now,
    lease_until = NULL, claimed_by = NULL WHERE id = :id AND attempt = :attempt AND state IN ('claimed', 'due')"""


def run(_: Path) -> None:
    """ROWS=240000 tries fewer."""
    from tests.support.postgres import own_postgres

    rows = int(os.environ.get("ROWS", ROWS))
    with own_postgres() as server:
        engine = create_engine(server.url(server.new_database()))
        try:
            with engine.connect() as connection:
                _prepare(connection, rows)
                _compare(connection)
                _drop_a_month(connection, rows)
        finally:
            engine.dispose()


def _prepare(connection: Connection, rows: int) -> None:
    from tasks.ledger.schema import metadata

    metadata.create_all(connection)
    connection.execute(text("ALTER TABLE deliveries DROP CONSTRAINT fk_deliveries_release_id"))
    connection.execute(text("ALTER TABLE deliveries DROP CONSTRAINT fk_deliveries_outlet_id"))
    connection.execute(text("CREATE TABLE parted (LIKE deliveries) PARTITION BY RANGE (release_id)"))
    connection.execute(text("ALTER TABLE parted ADD PRIMARY KEY (id, release_id)"))
    connection.execute(text("ALTER TABLE parted ADD UNIQUE (release_id, language, outlet_id)"))
    for (made,) in connection.execute(
        text("SELECT indexdef FROM pg_indexes WHERE tablename = 'deliveries' AND indexdef NOT LIKE '%UNIQUE%'")
    ).all():
        name = made.split()[2]
        connection.execute(text(made.replace(f"INDEX {name} ON public.deliveries", f"INDEX p_{name} ON parted")))
    for month in range(MONTHS + 1):
        bounds = f"FROM ({month * GAP + 1}) TO ({(month + 1) * GAP + 1})"
        connection.execute(text(f"CREATE TABLE parted_{month} PARTITION OF parted FOR VALUES {bounds}"))
    each = rows // MONTHS // GAP
    for table in ("deliveries", "parted"):
        many = f"INSERT INTO {table} ({_COLUMNS}) SELECT {_ROW} FROM generate_series(1, :rows) n"
        connection.execute(text(many), {"rows": each * GAP * MONTHS, "each": each})
    connection.commit()
    connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.execute(text("VACUUM (ANALYZE)"))
    connection.commit()
    connection.execution_options(isolation_level="READ COMMITTED")


def _compare(connection: Connection) -> None:
    took: dict[str, dict[str, list[float]]] = {table: {} for table in ("deliveries", "parted")}
    for number in range(ROUNDS):
        for table, into in took.items():
            for step, seconds in _steps(connection, table, number):
                into.setdefault(step, []).append(seconds)
    for step in took["deliveries"]:
        plain, parted = (statistics.median(took[table][step]) * 1000 for table in ("deliveries", "parted"))
        print(f"  {step:<34} {plain:>8.2f} ms, partitioned {parted:>8.2f} ms: {parted / plain:.2f} ×", flush=True)


def _steps(connection: Connection, table: str, number: int) -> Iterator[tuple[str, float]]:
    release, first = MONTHS * GAP + 1 + number, 100_000_000 + number * CHUNK
    new = (
        f"INSERT INTO {table} ({_COLUMNS}) SELECT :first + n, :release, 'en', 'outlet-' || n, 'ninjs', 1, 5, 'due', "
        "false, 500.0, 500.0, 0, 0, NULL, NULL, NULL, NULL FROM generate_series(1, :chunk) n ON CONFLICT DO NOTHING"
    )
    said = {"first": first, "release": release, "chunk": CHUNK}
    yield f"plan {CHUNK}", _timed(connection, lambda: connection.execute(text(new), said))
    claimed: list[Any] = []
    claim = text(_CLAIM.format(t=table))
    at = {"now": 2000.0, "chunk": CHUNK}
    yield f"claim {CHUNK}", _timed(connection, lambda: claimed.extend(connection.execute(claim, at).all()))
    assert len(claimed) == CHUNK
    results = [{"id": row.id, "attempt": row.attempt, "now": 2001.0} for row in claimed]
    finish = text(_FINISH.format(t=table))
    yield f"finish {CHUNK}", _timed(connection, lambda: connection.execute(finish, results))
    idle = text(f"SELECT min(due_at) FROM {table} WHERE state = 'due'")
    yield "when is the next due?", _timed(connection, lambda: connection.execute(idle).scalar())
    newest = text(f"SELECT id FROM {table} WHERE outlet_id = 'outlet-77' ORDER BY id DESC LIMIT 20")
    yield "newest 20 of an outlet", _timed(connection, lambda: connection.execute(newest).all())


def _timed(connection: Connection, work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    connection.commit()
    return time.perf_counter() - began


def _drop_a_month(connection: Connection, rows: int) -> None:
    some = f"SELECT id FROM deliveries WHERE release_id <= {GAP} LIMIT 2000"

    def bulks() -> None:
        while connection.execute(text(f"DELETE FROM deliveries WHERE id IN ({some})")).rowcount:
            connection.commit()

    def detach() -> None:
        connection.execute(text("ALTER TABLE parted DETACH PARTITION parted_0"))
        connection.execute(text("DROP TABLE parted_0"))

    month = rows // MONTHS
    deleted, dropped = _timed(connection, bulks), _timed(connection, detach)
    connection.execution_options(isolation_level="AUTOCOMMIT")
    vacuum = _timed(connection, lambda: connection.execute(text("VACUUM deliveries")))
    print(
        f"  a month of {month:,} rows: {deleted:.2f} s in bulks of 2,000 and {vacuum:.2f} s of vacuum "
        f"({month / (deleted + vacuum):,.0f} rows a second); detached and dropped in {dropped * 1000:.0f} ms"
    )
