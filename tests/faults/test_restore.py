"""Backed up in the middle of a run and gone back to: nobody misses anything, and what comes twice has its key."""

from __future__ import annotations

import io
import json
import os
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from farm import Farm
from sqlalchemy import select

from tasks import ledger, planning
from tasks.building.renditions import build_renditions
from tasks.delivery import payloads
from tasks.delivery.drain import Drain
from tasks.ledger import counts, deliveries, outlets, releases
from tasks.ledger.deliveries import after_restore
from tasks.ledger.schema import attempts
from tasks.model.codes import Code
from tasks.model.states import Hold
from tasks.operations import kill, restored_ledger
from tasks.runtime.errors import NotPossible
from tasks.runtime.settings import settings
from tests.support.drains import drain
from tests.support.processes import until
from tests.support.samples import URI, outlet, release
from tests.support.threads import begin
from workers import backups, home

from . import oracle
from .conftest import TIMES

SOME = 50
UNKNOWN = 10
"""Deliveries that no log knows."""


@pytest.fixture(autouse=True)
def _short_times(sqlite_ledger: None, monkeypatch: pytest.MonkeyPatch, planted: Farm) -> Iterator[None]:
    own = {"IN_FLIGHT": "20", "CLAIM_CHUNK": "20", "DEADLINE": "240", "LEASE": "300"}  # longer than anything takes here
    for name, value in {**TIMES, "CA_FILE": str(planted.ca_file), **own}.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    payloads.forget_renditions()
    yield
    payloads.forget_renditions()


def plant(farm: Farm) -> set[tuple[str, str]]:
    """Import some of the farm's good outlets; who is to get a release in English."""
    chosen = [document for id, document in farm.outlets.items() if id.startswith("press")][:SOME]
    with ledger.write() as connection:
        outlets.put(connection, [outlet(**document) for document in chosen], time.time())
    return {(document["id"], "en") for document in chosen}


def prepared() -> int:
    with ledger.write() as connection:
        number = releases.take(connection, release(), ledger.now(connection)).release_id
    planning.plan(number)
    build_renditions(number, "en")
    return number


def states(number: int) -> dict[str, int]:
    with ledger.read() as connection:
        return counts.total(counts.states(connection, number))


def counts_of(number: int) -> int:
    return sum(n for _, n in states(number).items())


def test_a_run_that_was_backed_up_in_its_middle_is_gone_back_to(
    farm: Farm, tmp_path: Path, logged: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = plant(farm)
    number = prepared()
    (settings().home / "web.key").write_text("a key")
    file = tmp_path / "backup" / "wire.tar"
    backed_up = threading.Event()
    start_some = Drain._start_some
    first: list[Any] = []

    def what_was_claimed_first(drain: Drain) -> None:
        """Until the backup; the next that are claimed are in the middle of it."""
        if drain._starting and not first:
            first.append(drain._starting)
        if backed_up.is_set() or drain._starting in (None, *first):
            start_some(drain)

    monkeypatch.setattr(Drain, "_start_some", what_was_claimed_first)
    running = begin(drain)
    until(lambda: states(number).get("delivered") == 20 and states(number).get("claimed"))
    backups.back_up(file)
    backed_up.set()
    running.result()
    assert states(number) == {"delivered": SOME}
    assert file.stat().st_mode & 0o777 == 0o600

    (settings().home / "web.key").unlink()
    done = backups.restore(file)
    payloads.forget_renditions()
    assert (settings().home / "web.key").read_text() == "a key"
    before = states(number)
    assert before["held"] == done.held > 0
    assert before["delivered"] + done.held == SOME
    assert drain().verdicts == {}  # nothing goes by itself

    lines = [json.dumps(line).encode() for line in logged() if line["event"] == "attempt"]
    with ledger.write() as connection:
        told = restored_ledger.confirm(connection, [b"noise", b"{not json", *lines[: SOME - UNKNOWN]])
        again = restored_ledger.confirm(connection, lines[: SOME - UNKNOWN])
    assert (told.said, again.confirmed) == (SOME - UNKNOWN, 0)
    assert 0 < told.confirmed < done.held
    with ledger.write() as connection:
        sent = restored_ledger.send(connection)
    assert sent == done.held - told.confirmed == UNKNOWN
    drain()
    assert states(number) == {"delivered": SOME}
    engine = ledger.sql_engine()
    outcome = oracle.verify(engine, farm, float(TIMES["LEASE"]), {URI: wanted})
    assert outcome.sound, outcome.told()
    assert outcome.doubled_same_key == UNKNOWN
    keys: dict[str, set[str]] = {}
    for receipt in farm.receipts():
        keys.setdefault(receipt["outlet"], set()).add(receipt["key"])
    assert {len(each) for each in keys.values()} == {1}


def test_a_kill_reaches_who_may_have_got_it_after_the_backup(farm: Farm, tmp_path: Path) -> None:
    plant(farm)
    number = prepared()
    backups.back_up(tmp_path / "wire.tar")
    drain()
    assert backups.restore(tmp_path / "wire.tar").held == SOME
    with ledger.write() as connection:
        kill.kill(connection, releases.get(connection, number))
        killed = releases.find(connection, URI)
    planning.plan(killed.id)
    assert states(number) == {"canceled": SOME}
    assert counts_of(killed.id) == SOME


def test_nothing_lets_go_what_waits_but_a_decision(farm: Farm, tmp_path: Path) -> None:
    wanted = sorted(plant(farm))
    number = prepared()
    backups.back_up(tmp_path / "wire.tar")
    backups.restore(tmp_path / "wire.tar")
    ids = [id for id, _ in wanted]
    with ledger.write() as connection:
        now = ledger.now(connection)
        deliveries.hold_for_status(connection, ids[:3], Hold.PAUSED)
        deliveries.resume(connection, ids[:3], now)
        deliveries.hold_again(connection, number)
        deliveries.lift_embargoes(connection, now)
        deliveries.wait_anew(connection, number, "en")
        deliveries.promote(connection, number, now)
        assert after_restore.count_undecided(connection) == [(URI, 1, SOME)]
        tried = connection.execute(select(attempts.c.code).distinct()).scalars().all()
        assert tried == [Code.RESTORED]
        assert restored_ledger.drop(connection, "urn:other") == 0
        assert restored_ledger.drop(connection, URI) == SOME
    assert states(number) == {"canceled": SOME}


def test_what_is_no_whole_backup_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "wire.tar"
    backups.back_up(file)
    there = (settings().home / "ledger.sqlite").read_bytes()
    spoiled = tmp_path / "spoiled.tar"
    with tarfile.open(file) as whole, tarfile.open(spoiled, "w") as copy:
        for entry in whole:
            content = whole.extractfile(entry).read()
            if entry.name == "ledger.sqlite":
                content = content[:-1] + b"x"
            copy.addfile(entry, io.BytesIO(content))
    (tmp_path / "text.tar").write_text("no tar")
    (tmp_path / "cut.tar").write_bytes(file.read_bytes()[:2000])
    for name, why in {"spoiled": "is not the one", "text": "is no backup", "cut": "is not whole"}.items():
        with pytest.raises(NotPossible, match=why):
            backups.restore(tmp_path / f"{name}.tar")
    assert (settings().home / "ledger.sqlite").read_bytes() == there
    descriptor = home.lock()
    try:
        with pytest.raises(home.AlreadyUp):
            backups.restore(file)
    finally:
        os.close(descriptor)


def test_a_backup_is_of_one_moment_while_others_write(tmp_path: Path) -> None:
    """Each transaction writes two rows; a copy that mixed moments would have an odd one."""
    stop = threading.Event()

    def write() -> int:
        count = 0
        while not stop.is_set():
            with ledger.write() as connection:
                for half in ("a", "b"):
                    releases.take(connection, release(uri=f"urn:{count}:{half}"), 0)
            count += 1
        return count

    writer = begin(write)
    try:
        until(lambda: states_count() > 4)
        for number in range(3):
            backups.back_up(tmp_path / f"{number}.tar")
    finally:
        stop.set()
    assert writer.result() > 0
    for number in range(3):
        with tarfile.open(tmp_path / f"{number}.tar") as tar:
            (tmp_path / str(number)).mkdir()
            copied = tar.extractfile("ledger.sqlite")
            assert copied is not None
            (tmp_path / str(number) / "ledger.sqlite").write_bytes(copied.read())
        engine = ledger.open_ledger(f"sqlite:///{tmp_path / str(number) / 'ledger.sqlite'}")
        with engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT count(*) FROM releases").scalar_one()
        engine.dispose()
        assert found > 0
        assert found % 2 == 0


def states_count() -> int:
    with ledger.read() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM releases").scalar_one()
