"""`make soak`: releases to many outlets with the manners of real ones, under random faults, run after run.

    MINUTES=5 OUTLETS=1500 SEED=… python -m tests.faults.soak     (PYTHONPATH: deploy/demo)

Each run starts a stack of its own, on SQLite and PostgreSQL in turn, sends releases, corrects and kills them, and does
it harm all the while. Then the oracle holds the farm's receipts against the ledger. All that is random comes from the
seed that is printed; when the processes do what is not in anybody's hand. Exit status 1 if anything was missing,
stale, or doubled otherwise than by an unknowable outcome; the logs of such a run are kept.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from threading import Timer
from typing import Any

import outlets
from farm import Farm

from tests.support.postgres import Postgres, own_postgres
from tests.support.stacks import Stack, running

from . import chaos
from .oracle import Outcome, open_book
from .scene import Scene, with_producer

TIMES = {
    "ALLOWED_NETWORKS": "127.0.0.0/8",
    "CONNECT_TIMEOUT": "3",
    "DEADLINE": "6",
    "LEASE": "12",
    "RETRY_BASE": "0.5",
    "RETRY_HORIZON": "600",
    "BUILD_LEASE": "5",
    "BUILD_RETRY": "2",
    "TICK": "0.5",
    "IN_FLIGHT": "40",
    "CLAIM_CHUNK": "40",
}
BAD_HORIZON = 30.0
"""Seconds after which an outlet that never takes anything is given up; the others are tried for longer than a run."""
HARM_SECONDS, KILLS = 40.0, 20
"""How long a run does harm at least, and how many kills that must be; then everything comes to its end by itself."""
SETTLE_SECONDS = 480.0
PAUSE = (0.2, 1.6)
"""Seconds between two faults, at least and at most."""
HOPELESS = {"hang", "drip", "reset", "refuse"}
GERMAN = {"de": {"headline": "Acme Robotics eröffnet ein Werk in Porto", "body_html": "<p>Das Werk ist offen.</p>"}}
COLUMNS = ("runs", "kills", "faults", "deliveries", "missing", "doubled (same key)", "doubled otherwise", "stale")


@dataclass
class Run:
    """What one run did and came to."""

    number: int
    ledger: str
    did: Counter[str] = field(default_factory=Counter)
    outcome: Outcome = field(default_factory=Outcome)
    settled: bool = False
    trouble: str = ""
    seconds: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether everything fits."""
        return self.settled and self.outcome.sound and not self.trouble

    @property
    def kills(self) -> int:
        """Processes of workers that were killed."""
        return sum(n for what, n in self.did.items() if what.startswith("SIG"))

    def row(self) -> tuple[int, ...]:
        """The figures of COLUMNS."""
        o = self.outcome
        otherwise = len(o.doubled_other) + len(o.other)
        others = self.did.total() - self.kills
        return 1, self.kills, others, o.deliveries, len(o.missing), o.doubled_same_key, otherwise, len(o.stale)

    def told(self) -> str:
        """One line."""
        figures = ", ".join(f"{n:,} {name}" for name, n in zip(COLUMNS[1:], self.row()[1:], strict=True))
        why = self.trouble.partition("\n")[0] or ("" if self.settled else "never came to its end")
        end = "sound" if self.sound else f"NOT SOUND {why}"
        unsure = f"{self.outcome.unsure:,} unsure"
        return f"run {self.number} on {self.ledger}: {figures}; {unsure}; {self.seconds:.0f} s; {end}"


class Harm:
    """The faults of one run, drawn one after the other."""

    def __init__(self, scene: Scene, dice: Random, server: Postgres | None) -> None:
        self._scene, self._dice, self._server = scene, dice, server
        self._frozen: list[Timer] = []
        self._ways = {
            "kill": 20,
            "broker": 3,
            "freeze broker": 1,
            "freeze drain": 4,
            "clock": 1,
            "correct": 3,
            "withdraw": 1,
            "release": 1,
            "server": 1 if server else 0,
        }

    def __enter__(self) -> Harm:
        return self

    def __exit__(self, *_: object) -> None:
        for timer in self._frozen:
            timer.cancel()
            timer.function(*timer.args)

    def one(self) -> str:
        """Do something; what it was, or `-`."""
        way = self._dice.choices(list(self._ways), list(self._ways.values()))[0]
        scene, stack = self._scene, self._scene.stack
        breaks: list[Callable[[Stack], str]] = [
            chaos.empty_broker, chaos.kill_broker, partial(chaos.kill_broker, and_empty=True),
        ]  # fmt: skip
        ways: dict[str, Any] = {
            "kill": lambda: chaos.kill_some_worker(stack, self._dice),
            "broker": lambda: self._dice.choice(breaks)(stack),
            "freeze broker": lambda: chaos.freeze_broker(stack, self._dice.choice([2, 5, 15])),
            "freeze drain": self._freeze,
            "clock": lambda: chaos.unseat_clock(scene.book),
            "correct": lambda: self._next_version(kill=False),
            "withdraw": lambda: self._next_version(kill=True),
            "release": lambda: bool(scene.send(translations=GERMAN)) and "release",
            "server": lambda: self._server.restart() if self._server else "-",
        }
        return str(ways[way]())

    def _freeze(self) -> str:
        pid = chaos.freeze_a_drain(self._scene.stack, self._scene.book)
        if pid is None:
            return "-"
        # by a timer: frozen inside a write of SQLite it stops every writer, a release that is sent meanwhile too
        timer = Timer(self._scene.lease + 2, chaos.thaw, [pid])
        timer.start()
        self._frozen.append(timer)
        return "drain frozen"

    def _next_version(self, *, kill: bool) -> str:
        alive = [uri for uri, sent in self._scene.newest.items() if sent.status == "usable"]
        if not alive:
            return "-"
        uri = self._dice.choice(alive)
        if kill:
            self._scene.kill(uri)
        else:
            self._scene.send(uri)
        return "withdrawn" if kill else "corrected"


def plan(count: int, seed: int) -> dict[str, dict[str, Any]]:
    """Outlets with real manners, in English; a few take German too. No wishes, so that all take every release."""
    invented = outlets.invent(count, seed=seed, language="en")
    for number, entry in enumerate(invented.values()):
        document = entry["outlet"]
        if number % 10 == 0:
            document["languages"] = ["en", "de"]
        if entry["manner"] in HOPELESS:
            document["retry"] = {"horizon": BAD_HORIZON}
    return invented


def soak(minutes: float, count: int, seed: int) -> int:
    """Runs until the time is used (the last one is finished); the exit status."""
    print(f"soak: {minutes:g} min, {count:,} outlets, SEED={seed}", flush=True)
    ends = time.monotonic() + minutes * 60
    runs: list[Run] = []
    folder = Path(tempfile.mkdtemp(prefix="fanwire-soak-"))
    with Farm(plan(count, seed), folder / "farm", processes=1) as farm, own_postgres() as server:
        while time.monotonic() < ends or not runs:
            number = len(runs) + 1
            runs.append(one_run(number, farm, server if number % 2 == 0 else None, folder / f"run-{number}", seed))
            print(runs[-1].told(), flush=True)
    failed = [run for run in runs if not run.sound]
    print_table(runs)
    if failed:
        print(f"kept: {', '.join(str(folder / f'run-{run.number}') for run in failed)}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


def one_run(number: int, farm: Farm, server: Postgres | None, home: Path, seed: int) -> Run:
    """A stack, its releases and their harm; the stack's home is removed if all went well."""
    run, began = Run(number, "PostgreSQL" if server else "SQLite"), time.monotonic()
    dice = Random(f"{seed} {number}")
    farm.reset()
    home.mkdir()
    settings = TIMES | with_producer(home) | ({"LEDGER_URL": server.url(server.new_database())} if server else {})
    try:
        with ExitStack() as stack:
            fanwire = stack.enter_context(running(home, farm, settings))
            harm_and_settle(run, fanwire, farm, server, dice)
    except Exception as error:  # the soak goes on, and the run counts as failed
        run.trouble = f"{type(error).__name__}: {error}"[:2000]
    run.seconds = time.monotonic() - began
    if run.sound:
        shutil.rmtree(home, ignore_errors=True)
    else:
        (home / "outcome.txt").write_text(f"{run.told()}\n{run.trouble}\n{run.did}\n{run.outcome.told()}\n")
        print(run.outcome.told(), flush=True)
    return run


def harm_and_settle(run: Run, fanwire: Stack, farm: Farm, server: Postgres | None, dice: Random) -> None:
    """Do harm for a while, let everything come to its end, and look."""
    book = open_book(fanwire)
    try:
        scene = Scene(fanwire, farm, book)
        with Harm(scene, dice, server) as harm:
            scene.send(translations=GERMAN)
            ends = time.monotonic() + HARM_SECONDS
            while time.monotonic() < ends or run.kills < KILLS:
                did = harm.one()
                run.did.update([did] if did != "-" else [])
                time.sleep(dice.uniform(*PAUSE))
        run.settled = scene.settled(seconds=SETTLE_SECONDS)
        run.outcome = scene.verify()
    finally:
        book.dispose()


def print_table(runs: list[Run]) -> None:
    """The sums of all runs."""
    sums = [sum(column) for column in zip(*(run.row() for run in runs), strict=True)]
    widths = [max(len(name), 12) for name in COLUMNS]
    print("\n" + "  ".join(name.rjust(width) for name, width in zip(COLUMNS, widths, strict=True)))
    print("  ".join(f"{n:,}".rjust(width) for n, width in zip(sums, widths, strict=True)))
    did = sum((run.did for run in runs), Counter[str]())
    print("what was done: " + ", ".join(f"{n} {what}" for what, n in did.most_common()), flush=True)


def main() -> int:
    """From the environment: MINUTES, OUTLETS, SEED."""
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))
    return soak(float(os.environ.get("MINUTES") or 5), int(os.environ.get("OUTLETS") or 1500), seed)


if __name__ == "__main__":
    sys.exit(main())
