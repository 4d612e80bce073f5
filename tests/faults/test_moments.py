"""Faults at one exact moment, in processes of the test's own: killed while planning, frozen at the worst instant,
the ledger's disk full."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import psutil
import pytest
from farm import Farm
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import DBAPIError

from tasks import ledger, pipeline, planning
from tasks.building.renditions import build_renditions
from tasks.delivery import payloads
from tasks.delivery.drain import Drain
from tasks.ledger import counts, outlets, presence, refusals, releases
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.deliveries import expire_leases
from tasks.ledger.schema import attempts, deliveries
from tasks.runtime.settings import settings
from tests.support.drains import drain
from tests.support.forks import Fork, fork_python
from tests.support.processes import end, environment, until
from tests.support.samples import URI, outlet, release
from tests.support.threads import PATIENCE, begin

from . import oracle
from .conftest import TIMES

LEASE = float(TIMES["LEASE"])
DISK = 6 * 1024 * 1024
SOME = 180


@pytest.fixture(autouse=True)
def _short_times(monkeypatch: pytest.MonkeyPatch, planted: Farm) -> Iterator[None]:
    for name, value in {**TIMES, "CA_FILE": str(planted.ca_file)}.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    payloads.forget_renditions()
    yield
    payloads.forget_renditions()


def plant(farm: Farm, count: int) -> None:
    """Import so many of the farm's good outlets."""
    chosen = [document for id, document in farm.outlets.items() if id.startswith("press")][:count]
    with ledger.write() as connection:
        outlets.put(connection, [outlet(**document) for document in chosen], time.time())


def take(**fields: Any) -> int:
    with ledger.write() as connection:
        return releases.take(connection, release(**fields), ledger.now(connection)).release_id


def prepare(number: int) -> None:
    """Plan and format, so that its deliveries are due."""
    assert planning.plan(number) is not None
    build_renditions(number, "en")


def states(number: int) -> dict[str, int]:
    with ledger.read() as connection:
        return counts.total(counts.states(connection, number))


def drain_until_final(*numbers: int) -> None:
    def over() -> bool:
        drain()
        with ledger.read() as connection:
            return not sum(counts.unfinished(connection, number) for number in numbers)

    until(over, lambda: [states(number) for number in numbers])


def own_process(code: str, log: Path) -> Fork:
    """A process with this test's settings."""
    names = {name.removeprefix("FANWIRE_"): os.environ[name] for name in os.environ if name.startswith("FANWIRE_")}
    return fork_python(code, environment(settings().home, **names), log)


def stopped(process: Fork) -> bool:
    return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED


def sound(engine: Engine, farm: Farm, count: int) -> oracle.Outcome:
    wanted = {(document["id"], "en") for document in farm.outlets.values() if document["id"].startswith("press")}
    outcome = oracle.verify(engine, farm, LEASE, {URI: set(sorted(wanted)[:count])})
    assert outcome.sound, outcome.told()
    return outcome


# --- killed while planning


@pytest.mark.parametrize(
    ("moment", "older"),
    [("deliveries.supersede", "due"), ("deliveries.plan", "superseded"), ("releases.start_planning", "superseded")],
)
def test_killed_while_a_correction_is_planned(
    book: Engine, farm: Farm, tmp_path: Path, moment: str, older: str
) -> None:
    """None of its deliveries is there then, and the older version may have ended; the next worker plans all of it."""
    plant(farm, 20)
    first = take()
    prepare(first)
    second = take(version=2, correction_note="Corrected.")
    killed = own_process(
        "import os, signal\n"
        "from tasks import planning\n"
        "from tasks.ledger import deliveries, releases\n"
        f"{moment} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"planning.plan({second})\n",
        tmp_path / "killed.log",
    )
    try:
        assert killed.wait(PATIENCE) == -signal.SIGKILL
    finally:
        end(killed)
    assert (states(first), states(second)) == ({older: 20}, {})
    prepare(second)
    drain_until_final(first, second)
    assert (states(first), states(second)) == ({"superseded": 20}, {"delivered": 20})
    sound(book, farm, 20)


# --- killed with what it had claimed


def killed_at_once(code: str, log: Path) -> None:
    """A process of the test's own that kills itself at the end of `code`."""
    killed = own_process("import os, signal\n" + code, log)
    try:
        assert killed.wait(PATIENCE) == -signal.SIGKILL, log.read_text()
    finally:
        end(killed)


@pytest.fixture
def long_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases and deadlines are longer than anything takes, and no test waits for one."""
    monkeypatch.setenv("FANWIRE_DEADLINE", "240")
    monkeypatch.setenv("FANWIRE_LEASE", "300")
    monkeypatch.setenv("FANWIRE_BUILD_LEASE", "300")
    settings.cache_clear()


@pytest.mark.usefixtures("long_leases")
@pytest.mark.parametrize("status", ["usable", "canceled"])
def test_what_a_killed_drain_had_is_free_with_the_next_tick(
    book: Engine, farm: Farm, tmp_path: Path, status: str
) -> None:
    """A correction or a kill that waited for it goes out then too."""
    plant(farm, 12)
    first = take()
    prepare(first)
    killed_at_once(
        "from tasks.delivery.transfers.loop import TransferLoop\n"
        "def turn(self, *_):\n"
        "    if self.in_flight:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return []\n"
        "TransferLoop.turn = turn\n"
        "from tests.support.drains import drain\n"
        "drain()\n",
        tmp_path / "killed.log",
    )
    assert states(first) == {"claimed": 12}
    second = take(version=2, correction_note="Corrected.", status=status)
    prepare(second)
    drain()  # an older version is on its way, as far as it knows
    assert states(second) == {"due": 12}
    assert pipeline.sweep_ledger(time.time()).expired == 12
    drain_until_final(first, second)
    assert states(second) == {"delivered": 12}
    with book.connect() as connection:
        assert all(one.lives() for one in presence.present(connection)), "whoever is gone is off the list"


@pytest.mark.usefixtures("book", "long_leases")
def test_a_drain_killed_before_it_could_write_what_it_had_read_doubles_nothing(farm: Farm, tmp_path: Path) -> None:
    plant(farm, 12)
    number = take()
    prepare(number)
    killed_at_once(
        "from tasks.delivery.drain import Drain\n"
        "from tests.support.drains import drain\n"
        "def write_if_time(self):\n"
        "    if len(self._unwritten.results) == 12:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "Drain._write_if_time = write_if_time\n"
        "drain()\n",
        tmp_path / "killed.log",
    )
    assert states(number) == {"claimed": 12}
    assert pipeline.sweep_ledger(time.time()).expired == 0
    assert states(number) == {"delivered": 12}
    assert not drain().verdicts
    assert len(farm.receipts(release=URI)) == 12
    assert list((settings().home / "journal").iterdir()) == []


@pytest.mark.usefixtures("book", "long_leases")
@pytest.mark.parametrize("language", ["en", "de"])
def test_what_a_killed_builder_had_is_free_with_the_next_tick(farm: Farm, tmp_path: Path, language: str) -> None:
    """In English a rendition, and in German a translation."""
    plant(farm, 12)
    with ledger.write() as connection:
        outlets.put(connection, [outlet(id="berlin", languages=["de"])], time.time())
    number = take()
    planning.plan(number)
    place, call = {
        "en": ("renditions.set_article", "renditions.build_renditions"),
        "de": ("translations.draft", "translations.build_translation"),
    }[language]
    killed_at_once(
        "from tasks.building import renditions, translations\n"
        f"{place} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"{call}({number}, {language!r})\n",
        tmp_path / "killed.log",
    )
    found = pipeline.sweep_ledger(time.time())
    again = found.to_format if language == "en" else found.to_translate
    assert TranslationKey(number, language) in again
    if language == "en":
        build_renditions(number, "en")
        assert states(number) == {"due": 12, "held": 1}


# --- frozen


MOMENTS = {
    "claimed, nothing started": (
        "from tasks.delivery.admission.admit import Admission\n"
        "asked, calls = Admission.not_admitted, []\n"
        "def not_admitted(self, *rest):\n"
        "    calls.append(1)\n"
        "    if len(calls) == 1:\n"
        "        os.kill(os.getpid(), signal.SIGSTOP)\n"
        "    return asked(self, *rest)\n"
        "Admission.not_admitted = not_admitted\n"
    ),
    "in the middle of starting": (
        "from tasks.delivery import transports\n"
        "asked, started = transports.prepare, []\n"
        "def prepare(*rest, **more):\n"
        "    started.append(1)\n"
        "    if len(started) == 6:\n"
        "        os.kill(os.getpid(), signal.SIGSTOP)\n"
        "    return asked(*rest, **more)\n"
        "transports.prepare = prepare\n"
    ),
    "on the wire": (
        "from tasks.delivery.transfers.loop import TransferLoop\n"
        "asked, turns = TransferLoop.turn, []\n"
        "def turn(self, timeout, *rest):\n"
        "    if self.in_flight:\n"
        "        turns.append(1)\n"
        "        if len(turns) == 2:\n"
        "            os.kill(os.getpid(), signal.SIGSTOP)\n"
        "    return asked(self, 0.001 if len(turns) == 1 else timeout, *rest)\n"
        "TransferLoop.turn = turn\n"
    ),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_drain_frozen_past_its_lease_sends_nothing_old_when_it_wakes(
    farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Others have delivered the correction meanwhile, so whatever it sent now would be stale."""
    monkeypatch.setenv("FANWIRE_DEADLINE", "1")
    monkeypatch.setenv("FANWIRE_LEASE", "6.2")
    settings.cache_clear()
    ledger.upgrade()
    plant(farm, 12)
    first = take()
    prepare(first)
    code = "import os, signal\n" + MOMENTS[moment] + "from tests.support.drains import drain\ndrain()\n"
    frozen = own_process(code, tmp_path / "frozen.log")
    try:
        until(lambda: stopped(frozen))
        began = time.monotonic()
        assert states(first) == {"claimed": 12}
        second = take(version=2, correction_note="Corrected.")
        prepare(second)
        assert pipeline.sweep_ledger(time.time() + settings().lease).expired == 12
        drain_until_final(first, second)
        time.sleep(max(0.0, began + settings().lease - time.monotonic()))
        frozen.send_signal(signal.SIGCONT)
        assert frozen.wait(PATIENCE) == 0
    finally:
        end(frozen)
    assert states(second) == {"delivered": 12}
    assert set(states(first)) <= {"superseded", "delivered"}
    engine = ledger.open_ledger(ledger.ledger_url())
    sound(engine, farm, 12)
    engine.dispose()


STAND_STILL = """
import os, signal, time
from tasks.ledger import presence
presence.BEAT_EVERY = 0.05

def stand_still():
    presence.OUT_OF_TOUCH_AFTER = 0.5  # not before: a busy machine may well let half a second pass between two beats
    mine = presence._myself[os.getpid()]
    before = mine.last_beat
    os.kill(os.getpid(), signal.SIGSTOP)
    while mine.last_beat < before + 0.5:
        time.sleep(0.01)
"""
"""Beats go on before the drain does."""


@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.usefixtures("book", "long_leases")
def test_a_drain_frozen_until_it_was_taken_for_gone_sends_nothing_old_when_it_wakes(
    farm: Farm, book: Engine, tmp_path: Path, moment: str
) -> None:
    """As machines take it for gone that cannot see its process."""
    plant(farm, 12)
    first = take()
    prepare(first)
    still = MOMENTS[moment].replace("os.kill(os.getpid(), signal.SIGSTOP)", "stand_still()")
    code = f"{STAND_STILL}{still}from tests.support.drains import drain\ndrain()\n"
    frozen = own_process(code, tmp_path / "frozen.log")
    try:
        until(lambda: stopped(frozen), (tmp_path / "frozen.log").read_text)
        began = time.monotonic()
        with ledger.write() as opened:
            theirs = [one.name for one in presence.present(opened) if f":{frozen.pid}:" in one.name]
            assert expire_leases(opened, ledger.now(opened), gone=theirs) == 12
        second = take(version=2, correction_note="Corrected.")
        prepare(second)
        drain_until_final(first, second)
        time.sleep(max(0.0, began + 0.6 - time.monotonic()))
        frozen.send_signal(signal.SIGCONT)
        assert frozen.wait(PATIENCE) == 0, (tmp_path / "frozen.log").read_text()
    finally:
        end(frozen)
    assert states(second) == {"delivered": 12}
    sound(book, farm, 12)


@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("book")
def test_a_worker_frozen_within_a_transaction_stops_nobody_for_long(tmp_path: Path) -> None:
    """Sweeps leave out what it has locked, until PostgreSQL ends its session. With SQLite all wait until it wakes,
    for they are on its machine."""
    with ledger.write() as opened:
        outlets.put(opened, [outlet()], time.time())
    number = take()
    prepare(number)
    frozen = own_process(
        "import os, signal, time\n"
        "from tasks import ledger\n"
        "from tasks.ledger import deliveries, schema\n"
        "ledger.connection.IDLE_SECONDS = 2\n"
        "with ledger.write() as connection:\n"
        "    deliveries.claim(connection, 'frozen', now=time.time() + 1, lease=-1, limit=9)\n"
        "with ledger.write() as connection:\n"
        "    connection.execute(schema.deliveries.update().values(reason='half written'))\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n",
        tmp_path / "frozen.log",
    )
    try:
        until(lambda: stopped(frozen))
        until(lambda: pipeline.sweep_ledger(time.time() + 2).expired == 1)
        frozen.send_signal(signal.SIGCONT)
        assert frozen.wait(PATIENCE) == 1  # it cannot commit
    finally:
        end(frozen)
    with ledger.read() as opened:
        assert opened.execute(select(deliveries.c.reason)).scalar_one() == "the worker vanished"


# --- the disk full


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """A real file system of 6 MB; a function that fills it, and one that makes room again. Skips without the right."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    ballast = folder / "ballast"

    def fill() -> None:
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 4096)

    try:
        yield fill, ballast.unlink
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextlib.contextmanager
def small_database(_folder: Path) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """The same by SQLite's own limit, which anybody may set: no page may be added to the database."""
    full = threading.Event()

    def limit(connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={1 if full.is_set() else 1 << 30}")

    engine = ledger.sql_engine()
    event.listen(engine, "begin", limit)
    try:
        yield full.set, full.clear
    finally:
        event.remove(engine, "begin", limit)


class Gate:
    """Lets drains claim so many deliveries, and a few more; then none until it is opened. Nor can they write meanwhile,
    for they do one thing at a time with the ledger."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, deliveries: int) -> None:
        self._opened = threading.Event()
        self.open, claimed = self._opened.set, 0
        claim = Drain._claim

        def gated(drain: Drain, room: int, left_out: frozenset[str]) -> Any:
            nonlocal claimed
            if claimed >= deliveries:
                self._opened.wait(PATIENCE)
            found = claim(drain, room, left_out)
            claimed += found.count if found else 0
            return found

        monkeypatch.setattr(Drain, "_claim", gated)


@pytest.mark.usefixtures("long_leases")
@pytest.mark.parametrize("scarce", [small_disk, small_database])
def test_no_verdict_is_lost_when_the_disk_was_full(
    farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scarce: Any
) -> None:
    """What outlets answered meanwhile is written once there is room again; nobody gets anything twice."""
    monkeypatch.setenv("FANWIRE_LEDGER_URL", f"sqlite:///{tmp_path / 'disk' / 'ledger.sqlite'}")
    settings.cache_clear()
    with contextlib.ExitStack() as stack:
        if scarce is small_disk:
            fill, free = stack.enter_context(scarce(tmp_path / "disk"))
            ledger.upgrade()
        else:
            ledger.upgrade()
            fill, free = stack.enter_context(scarce(tmp_path / "disk"))
        stack.callback(ledger.close)
        plant(farm, SOME)
        number = take()
        prepare(number)
        gate = Gate(monkeypatch, 50)
        draining = begin(drain)
        until(lambda: farm.health()["accepted"] >= 50)
        fill()
        gate.open()
        with pytest.raises(DBAPIError, match="full"), ledger.write() as connection:
            refusals.keep(connection, b"x" * 50_000, "no room", time.time())
        wait([draining], 2)
        assert not draining.done(), "it ended although it could write nothing"
        assert farm.health()["accepted"] > states(number).get("delivered", 0)
        free()
        draining.result(PATIENCE)
        drain_until_final(number)
        assert states(number) == {"delivered": SOME}
        with ledger.read() as connection:
            assert connection.execute(select(func.count()).select_from(attempts)).scalar_one() == SOME
        engine = ledger.open_ledger(ledger.ledger_url())
        outcome = sound(engine, farm, SOME)
        engine.dispose()
        assert (outcome.receipts, outcome.unsure) == (SOME, 0)
