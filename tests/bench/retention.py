"""What retention takes and costs: a month of old rows goes by policy, and a run of 6,500 outlets has it beside it.

The old rows lie over 90 days (tests/support/population.py); the policy keeps the deliveries of 60, so a third of them
is archived and taken. A run beside it delivers to the farm's instant outlets, with retention in another process and
without.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ROWS = 900_000
OUTLETS = 6_500
ROUNDS = 3
YEAR = 365 * 1_000 * OUTLETS
"""Deliveries of a year with 1,000 releases a day to all outlets."""
POLICY: dict[str, Any] = {
    "days": dict.fromkeys(("feeds", "renditions", "answers", "attempts", "deliveries", "corrections"), 60)
    | {"releases": 400, "refusals": 60, "notices": 60}
}


def run(folder: Path) -> None:
    """Measure both databases; ROWS=100000 tries fewer, DATABASES=sqlite only one."""
    rows = int(os.environ.get("ROWS", ROWS))
    wanted = os.environ.get("DATABASES", "sqlite postgresql").split()
    if "sqlite" in wanted:
        _month("SQLite", f"sqlite:///{folder / 'ledger.sqlite'}", folder, rows)
    if "postgresql" in wanted:
        from tests.support.postgres import own_postgres

        with own_postgres() as server:
            _month("PostgreSQL", server.url(server.new_database()), folder, rows)


def _month(database: str, url: str, folder: Path, rows: int) -> None:
    _child(url, folder, "fill", str(rows))
    before = _child(url, folder, "sizes")
    done = _child(url, folder, "take", "600")
    after = _child(url, folder, "sizes")
    each = before["rows"] / rows
    gone, seconds = done["taken"].get("deliveries", 0), done["seconds"]
    archived, daily = done["taken"].get("archived", 0), 1_000 * OUTLETS / 86_400
    for line in (
        f"  {database}: {rows:,} deliveries of {before['releases']:,} releases: {before['all'] / 1e6:,.0f} MB, of them",
        f"    {each:,.0f} B a delivery (deliveries, attempts, their indexes)",
        f"    a year of 1,000 releases a day to {OUTLETS:,} outlets: {YEAR * each / 1e12:,.2f} TB; of 120 days: "
        f"{YEAR * each * 120 / 365 / 1e9:,.0f} GB",
        f"    taken: {gone:,} deliveries of {archived:,} releases in {seconds:,.1f} s, CPU {done['cpu']:,.1f} s: "
        f"{gone / seconds:,.0f} a second, where such a day brings {daily:,.0f}",
        f"    locks: {done['bulks']:,} transactions, the longest {done['longest'] * 1000:,.1f} ms; archive files: "
        f"{done['archive'] / max(gone, 1):,.1f} B a delivery",
        f"    after it: {after['all'] / 1e6:,.0f} MB, {after['free'] / 1e6:,.0f} MB of it free for new rows",
    ):
        print(line, flush=True)


def beside(folder: Path) -> None:
    """Deliver in turns with and without a run of retention in another process, on the SQLite ledger of this home."""
    from tasks import ledger
    from tests.bench.run import _drain
    from tests.support import population

    url = ledger.ledger_url()
    ledger.close()
    population.fill(url, int(os.environ.get("ROWS", ROWS)) // 3, time.time())
    alone: list[Any] = []
    both: list[Any] = []
    taken, waited = 0, 0.0
    for round in range(ROUNDS):
        _drain(alone, 100 + round)
        other = _start(url, folder, "take", "20", "30")
        assert other.stdout is not None
        assert other.stdout.readline().strip() == "begun"
        _drain(both, 200 + round)
        found = json.loads(other.communicate()[0].splitlines()[-1])
        taken += found["taken"].get("deliveries", 0)
        waited += found["waited"]
    rates = [statistics.median(OUTLETS / one.wall for one in each) for each in (alone, both)]
    print(
        f"  {rates[0]:,.0f} deliveries a second alone, {rates[1]:,.0f} beside retention: {rates[1] / rates[0]:.2f} ×; "
        f"it took {taken:,} and waited {waited:,.1f} s"
    )


def _start(url: str, folder: Path, *words: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FANWIRE_")}
    env = clean | {"FANWIRE_HOME": str(folder), "FANWIRE_LEDGER_URL": url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.bench.retention", *words]
    return subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _child(url: str, folder: Path, *words: str) -> dict[str, Any]:
    """Run this file in a process of its own; what it found."""
    process = _start(url, folder, *words)
    told, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{' '.join(words)} failed")
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def fill(rows: str) -> dict[str, Any]:
    """Prepare the ledger of this process with so many old rows."""
    from tasks import ledger
    from tests.bench import growth
    from tests.support import population

    growth.fill(OUTLETS, 9)
    ledger.close()
    population.fill(ledger.ledger_url(), int(rows), time.time())
    return {}


def take(seconds: str, days: str = "0") -> dict[str, Any]:
    """Run retention for so long, as if it were some days later."""
    import resource

    from tasks import ledger
    from tasks.media_store.folder_store import Folder
    from tasks.model.retention_policy import DAY, RetentionPolicy
    from tasks.operations.retention import retention_run
    from tasks.operations.retention.pace import Pace
    from tasks.runtime.settings import settings
    from workers import logs

    logs.set_up("bench", open(os.devnull, "w"))  # noqa: SIM115, PTH123
    store, pace = Folder(settings().home / "archive"), Pace(float(seconds), yields=False)
    with ledger.read() as connection:
        now = ledger.now(connection) + float(days) * DAY
    print("begun", flush=True)
    began = time.perf_counter()
    done = retention_run.run(
        RetentionPolicy.model_validate(POLICY),
        archive=store,
        media=Folder(settings().home / "media"),
        pace=pace,
        now=now,
    )
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "taken": done.taken, "seconds": time.perf_counter() - began, "longest": done.longest_lock, "bulks": pace.bulks,
        "waited": pace.waited, "cpu": used.ru_utime + used.ru_stime,
        "archive": sum(file.stat().st_size for file in store.path.rglob("*.gz")),
    }  # fmt: skip


def sizes() -> dict[str, Any]:
    """The size of the ledger of this process in bytes, what of it is free, and that of deliveries and attempts."""
    from sqlalchemy import text

    from tasks import ledger

    with ledger.write() as connection:
        releases = connection.execute(text("SELECT count(*) FROM releases")).scalar_one()
        if connection.dialect.name == "sqlite":
            page = connection.execute(text("PRAGMA page_size")).scalar_one()
            free = connection.execute(text("PRAGMA freelist_count")).scalar_one() * page
            total = connection.execute(text("PRAGMA page_count")).scalar_one() * page
            names = "name LIKE '%deliveries%' OR name LIKE '%attempts%'"
            rows = connection.execute(
                text(f"SELECT sum(pgsize) FROM dbstat WHERE aggregate = 1 AND ({names})")
            ).scalar()
            return {"all": total, "free": free, "rows": rows or 0, "releases": releases}
        total = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        one = "SELECT pg_total_relation_size('{}')"
        each = [connection.execute(text(one.format(name))).scalar_one() for name in ("deliveries", "attempts")]
        dead = "SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables"
        return {"all": total, "free": 0, "rows": sum(each), "releases": releases,
                "dead": int(connection.execute(text(dead)).scalar_one())}  # fmt: skip


if __name__ == "__main__":
    does: dict[str, Callable[..., dict[str, Any]]] = {"fill": fill, "take": take, "sizes": sizes}
    print(json.dumps(does[sys.argv[1]](*sys.argv[2:])))
