"""Drains side by side on PostgreSQL: deliveries a second, and what a delivery costs the database.

Each number of drains delivers two releases to 6,500 outlets, a server that answers at once. Statements are counted in
the drains; transactions, WAL and updated rows by the database.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

NUMBERS = (1, 2, 4, 8)
RELEASES = 2
OUTLETS = 6_500
DRAIN = """
import json, os, sys, time
from pathlib import Path
from sqlalchemy import event
from tasks import ledger
from tests.support.drains import drain
from workers import logs

logs.set_up("bench", open(os.devnull, "w"))
statements = 0
def count(*_):
    global statements
    statements += 1

event.listen(ledger.sql_engine(), "after_cursor_execute", count)
with ledger.read() as connection:
    ledger.now(connection)
folder, number = Path({folder!r}), {number}
if {before}:
    drain()
(folder / f"ready-{{number}}").touch()
while not (folder / "go").exists():
    time.sleep(0.01)
statements = 0
summary = drain()
delivered = sum(verdicts.total() for verdicts in summary.verdicts.values())
(folder / f"done-{{number}}").write_text(json.dumps([statements, delivered, time.monotonic()]))
"""


def run(folder: Path) -> None:
    """Measure each number of drains; NUMBERS="1 2" only these."""
    from tests.support.postgres import own_postgres

    numbers = [int(number) for number in os.environ.get("NUMBERS", "").split()] or NUMBERS
    with own_postgres() as server:
        heads = f"{'statements':>12} {'transactions':>13} {'WAL':>9} {'updates':>9} {'HOT':>6}"
        print(f"  {'drains':>8} {'a second':>10} {heads}")
        for number in numbers:
            place = folder / str(number)
            place.mkdir()
            database = server.new_database()
            show(number, measure(place, server.url(database), number))
            server.drop(database)
    print(f"  a delivery each but the first; {os.cpu_count()} cores for drains, database and outlets together")


def show(number: int, found: Mapping[str, float]) -> None:
    """Print what one number of drains came to, per delivery."""
    n = found["deliveries"]
    print(
        f"  {number:>8} {n / found['seconds']:>10,.0f} {found['statements'] / n:>12.3f} "
        f"{found['transactions'] / n:>13.3f} {found['wal'] / n / 1000:>6.2f} kB {found['updates'] / n:>9.2f} "
        f"{found['hot'] / max(1, found['updates']):>6.0%}",
        flush=True,
    )


def measure(folder: Path, url: str, number: int) -> dict[str, float]:
    """Deliver with so many drains; what the database says of it, and seconds."""
    from tasks import ledger
    from tasks.runtime.settings import settings
    from tests.bench import growth
    from tests.support.processes import environment

    with growth.Sink() as sink:
        env = environment(folder, LEDGER_URL=url, ALLOWED_NETWORKS="127.0.0.0/8")
        _prepare(env, sink.port)
        os.environ["FANWIRE_LEDGER_URL"] = url
        settings.cache_clear()
        ledger.reset()
        drains = started(folder, env, number)
        before = _standings(url)
        seconds = ended(folder, drains)
        after = _standings(url)
    done = [json.loads((folder / f"done-{one}").read_text()) for one in range(number)]
    found = {name: after[name] - before[name] for name in before}
    assert sum(one[1] for one in done) == RELEASES * OUTLETS, done
    return found | {
        "seconds": seconds, "statements": sum(one[0] for one in done), "deliveries": sum(one[1] for one in done),
    }  # fmt: skip


def started(folder: Path, env: Mapping[str, str], number: int, *, before: bool = False) -> list[Any]:
    """So many drains in this folder, which wait for `ended`; `before`: and deliver before that what is due by now."""
    from tests.support.processes import until

    processes = [_start(folder, env, one, before) for one in range(number)]
    until(lambda: all((folder / f"ready-{one}").exists() for one in range(number)))
    return processes


def ended(folder: Path, processes: Sequence[Any]) -> float:
    """Let these drains deliver; the seconds until the last of them has nothing more to do."""
    began = time.monotonic()
    (folder / "go").touch()
    for process in processes:
        process.wait(600)
    ends = [json.loads((folder / f"done-{one}").read_text())[2] for one in range(len(processes))]
    return float(max(ends)) - began


def _start(folder: Path, env: Mapping[str, str], number: int, before: bool) -> Any:
    from tests.support.forks import fork_python

    script = DRAIN.format(folder=str(folder), number=number, before=before)
    return fork_python(script, env, folder / f"drain-{number}.log")


def _prepare(env: Mapping[str, str], port: int) -> None:
    """A ledger whose releases are planned, built and due."""
    import subprocess
    import sys

    script = f"from tests.bench import drains; drains.fill({port})"
    subprocess.run([sys.executable, "-c", script], env={**env, "PYTHONPATH": "."}, check=True)


def fill(port: int) -> None:
    """Prepare the ledger of this process."""
    from tasks import ledger, planning
    from tasks.building.renditions import build_renditions
    from tasks.ledger import releases
    from tests.bench import growth
    from tests.support.samples import release

    growth.fill(OUTLETS, port)
    for number in range(RELEASES):
        with ledger.write() as connection:
            taken = releases.take(connection, release(uri=f"urn:x:{number}"), time.time())
        planning.plan(taken.release_id, prepare=build_renditions)


def _standings(url: str) -> dict[str, float]:
    """What the database has counted so far, once it has counted all of it."""
    from sqlalchemy import create_engine

    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_stat_force_next_flush()"))
            time.sleep(1.1)  # a process that ended has told what it did; one that waits tells it within a second
            return _asked(connection)
    finally:
        engine.dispose()


def _asked(connection: Connection) -> dict[str, float]:
    queries = {
        "wal": "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn",
        "transactions": "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()",
        "updates": "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'deliveries'",
        "hot": "SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'deliveries'",
    }
    return {name: float(connection.execute(text(query)).scalar_one()) for name, query in queries.items()}
