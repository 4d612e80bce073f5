"""How long it takes to find who gets a release: 1,000 outlets of 200,000, on both databases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.processes import ROOT, environment

OUTLETS = 200_000
GOAL = 0.15
ROUNDS = 5
MATCH = """
import json, statistics, sys, time
from tasks import ledger
from tasks.ledger import outlet_profiles
from tests.support.samples import release

wanted = release(circuits=["few"])
rounds = []
for _ in range(int(sys.argv[1]) + 1):
    began, used = time.perf_counter(), time.process_time()
    with ledger.read() as connection:
        forms = outlet_profiles.counted(connection, wanted)
        found = len(list(outlet_profiles.agreeing(connection, wanted)))
    rounds.append((time.perf_counter() - began, time.process_time() - used))
wall, cpu = (statistics.median(one) for one in zip(*rounds[1:]))
print(json.dumps([found, len(forms), wall, cpu]))
"""


def run(folder: Path) -> None:
    """Measure both databases; MATCHING=20000 tries fewer outlets."""
    from tests.support.postgres import own_postgres

    (folder / "sqlite").mkdir()
    _measure("SQLite", environment(folder / "sqlite"))
    with own_postgres() as server:
        _measure("PostgreSQL", environment(folder / "sqlite", LEDGER_URL=server.url(server.new_database())))


def _measure(database: str, env: dict[str, str]) -> None:
    count = int(os.environ.get("MATCHING", OUTLETS))
    _python(env, f"from tests.bench import growth; growth.fill({count}, 9)")
    found, forms, wall, cpu = json.loads(_python(env, MATCH, str(ROUNDS)).splitlines()[-1])
    over = "" if wall <= GOAL else f", over the goal of {GOAL} s"
    took = f"{wall:.3f} s, {cpu:.3f} s CPU of the process"
    print(f"  {database}: {found:,} of {count:,} outlets, of {forms} forms, found in {took}{over}", flush=True)


def _python(env: dict[str, str], code: str, *words: str) -> Any:
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
