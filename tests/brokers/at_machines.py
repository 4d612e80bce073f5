"""Roles on two machines that share a broker and a PostgreSQL, and a restart of one after the other while a release goes
out: nothing is missing, and nothing is doubled. OUTLETS=6500 tries as many."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from farm import Farm

from tasks import ledger
from tests.faults.oracle import open_book
from tests.faults.scene import Scene, with_producer
from tests.support.postgres import own_postgres
from tests.support.services import put_outlets, services
from tests.support.valkeys import valkey_behind_socket
from workers.broker_users import User

from .conftest import TIMES

OUTLETS = int(os.environ.get("OUTLETS", "300"))
LONG = {"DEADLINE": "10", "LEASE": "20", "IN_FLIGHT": "12", "DRAINS": "1"} if OUTLETS < 1000 else {"IN_FLIGHT": "40"}
MACHINES = {"intake": "one", "translate": "one", "format": "two", "deliver": "two"}
"""Where each worker is."""


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Farm]:
    plan = {
        f"press-{n:04}": {"manner": "slow", "delay": 0.2 + n % 7 * 0.1, "outlet": {"circuits": ["press"]}}
        for n in range(OUTLETS)
    }
    with Farm(plan, tmp_path / "farm") as planted:
        yield planted


def test_each_service_restarted_in_turn(many: Farm, tmp_path: Path, short_path: Path) -> None:
    if subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root can make processes that do not see each other")
    with own_postgres() as server, valkey_behind_socket(short_path) as (_, url):
        database = server.url(server.new_database())
        ledger.upgrade(database)
        settings = TIMES | LONG | with_producer(tmp_path) | {"BROKER_URL": url(User.WORKER), "LEDGER_URL": database}
        with services(tmp_path / "home", many, settings, broker=url(User.PRODUCER)) as found:
            found.home.mkdir()
            book = open_book(found)
            put_outlets(many, book)
            for name, machine in MACHINES.items():
                found.start(name, machine=machine)
            scene = Scene(found, many, book)
            began = time.monotonic()
            uri = scene.send(circuits=["press"])
            restarted = 0
            while restarted < len(MACHINES) or scene.accepted(uri) < OUTLETS // 2:
                name = ("deliver", "format", "intake", "translate")[restarted % len(MACHINES)]
                scene.wait_for(uri, min(OUTLETS, OUTLETS // 10 * (restarted + 1)))
                found.stop(name)
                found.start(name, machine=MACHINES[name])
                found.ready(name)
                restarted += 1
            later = scene.send(circuits=["press"])
            settled = scene.settled(seconds=300)
            outcome = scene.verify()
            print(f"{OUTLETS:,} outlets, {restarted} restarts, {time.monotonic() - began:.0f} s\n{outcome.told()}")
            book.dispose()
            assert outcome.sound, outcome.told() + found.told()
            assert settled, found.told()
            assert outcome.states == {"delivered": 2 * OUTLETS}
            assert outcome.doubled_same_key == outcome.unsure == 0, outcome.told()
            assert scene.accepted(later) == OUTLETS
