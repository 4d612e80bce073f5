"""Roles on machines that share a broker and a PostgreSQL, while a release goes out: one after the other is restarted,
they come and go, they stand still, and their clocks differ. Nothing is missing, and nothing is doubled. OUTLETS=6500
tries as many."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from farm import Farm

from tasks import ledger
from tests.faults.oracle import Outcome, open_book
from tests.faults.scene import Scene, with_producer
from tests.support.postgres import own_postgres
from tests.support.services import Services, put_outlets, services
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


@pytest.fixture
def machines(many: Farm, tmp_path: Path, short_path: Path) -> Iterator[tuple[Services, Scene]]:
    """Services of which none is started yet, and their scene."""
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
            yield found, Scene(found, many, book)
            book.dispose()


def test_each_service_restarted_in_turn(machines: tuple[Services, Scene]) -> None:
    found, scene = machines
    for name, machine in MACHINES.items():
        found.start(name, machine=machine)
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
    outcome = ended(scene)
    print(f"{OUTLETS:,} outlets, {restarted} restarts, {time.monotonic() - began:.0f} s\n{outcome.told()}")
    assert outcome.states == {"delivered": 2 * OUTLETS}
    assert outcome.doubled_same_key == outcome.unsure == 0, outcome.told()
    assert scene.accepted(later) == OUTLETS


def test_machines_come_and_go_and_stand_still_while_their_clocks_differ(machines: tuple[Services, Scene]) -> None:
    """One machine's clock is minutes ahead, another one's minutes behind; an embargo ends by that of the ledger."""
    found, scene = machines
    for name in ("intake", "format"):
        found.start(name, machine="one")
    found.start("deliver", machine="ahead", ahead=420)
    found.start("deliver", machine="behind", ahead=-420)
    found.ready("intake", "format", "deliver ahead", "deliver behind")
    began = time.monotonic()
    until = datetime.now(UTC) + timedelta(seconds=10)
    held = scene.send(circuits=["press"], embargo_until=until.isoformat())
    uri = scene.send(circuits=["press"])
    scene.wait_for(uri, OUTLETS // 10)
    still = found.freeze("deliver ahead")
    scene.send(uri)
    scene.wait_for(uri, OUTLETS // 3, version=2)
    found.lose("deliver behind")
    found.start("deliver", machine="three")
    scene.wait_for(uri, OUTLETS // 2, version=2)
    assert scene.settled([held], seconds=300), found.told()
    time.sleep(max(0.0, began + scene.lease - time.monotonic()))  # the lease of what stands still is over
    for process in still:
        process.resume()
    scene.kill(uri)
    later = scene.send(circuits=["press"])
    outcome = ended(scene)
    print(f"{OUTLETS:,} outlets, {time.monotonic() - began:.0f} s\n{outcome.told()}")
    assert scene.accepted(later) == scene.accepted(held) == OUTLETS
    first = min(receipt["time"] for receipt in scene.farm.receipts(release=held))
    assert first >= until.timestamp()


def ended(scene: Scene) -> Outcome:
    """What became of everything, once nothing more is to come."""
    settled = scene.settled(seconds=300)
    outcome = scene.verify()
    assert outcome.sound, outcome.told() + scene.stack.told()
    assert settled, scene.stack.told()
    return outcome
