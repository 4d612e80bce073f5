"""What millions of old rows cost: each step and each question on a young ledger, and on one that has run for long.

Both ledgers have the same 6,500 outlets, and are measured in turns, each time in a process of its own. The young one
has 10,000 old deliveries, so that lists of the latest are as long as in the other. CPU is that of the process, and on
PostgreSQL of its server processes too.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ROWS, YOUNG = 10_000_000, 10_000
OUTLETS = 6_500
ROUNDS = 3
GOAL = 1.2
Figures = dict[str, tuple[float, float]]
"""What each step took: seconds, and seconds of CPU."""


def run(folder: Path) -> None:
    """Measure both databases; ROWS=100000 tries fewer, DATABASES=sqlite only one, ROUNDS=1 is over sooner.

    FILLED="URL URL" measures a young and an old ledger that this file, run with `fill ROWS`, has prepared before.
    """
    rows, rounds = int(os.environ.get("ROWS", ROWS)), int(os.environ.get("ROUNDS", ROUNDS))
    if filled := os.environ.get("FILLED"):
        urls = dict(zip(("young", "old"), filled.split(), strict=True))
        show(urls["old"].partition(":")[0], urls, folder, rows, rounds)
        return
    wanted = os.environ.get("DATABASES", "sqlite postgresql").split()
    if "sqlite" in wanted:
        urls = {name: f"sqlite:///{folder / name}.sqlite" for name in ("young", "old")}
        compare("SQLite", urls, folder, rows, rounds)
    if "postgresql" in wanted:
        from tests.support.postgres import own_postgres

        with own_postgres() as server:
            urls = {name: server.url(server.new_database()) for name in ("young", "old")}
            compare("PostgreSQL", urls, folder, rows, rounds)


def compare(database: str, urls: dict[str, str], folder: Path, rows: int, rounds: int) -> dict[str, float]:
    """Fill both ledgers, and `show` them."""
    _child(urls["young"], folder, "fill", str(YOUNG))
    print(f"  {database}: {rows:,} old deliveries are written", flush=True)
    _child(urls["old"], folder, "fill", str(rows))
    return show(database, urls, folder, rows, rounds)


def show(database: str, urls: dict[str, str], folder: Path, rows: int, rounds: int) -> dict[str, float]:
    """Measure both in turns, and print a table; returns {step: old / young, of the worse}."""
    found: dict[str, list[Figures]] = {"young": [], "old": []}
    for number in range(rounds):
        for name, url in urls.items():
            found[name].append(json.loads(_child(url, folder, "measure", str(number)).splitlines()[-1]))
    print(
        f"  {database}, median of {rounds}  {'young ms (CPU)':>22} {f'{rows:,} old ms (CPU)':>30} {'ratio (CPU)':>18}"
    )
    ratios = {}
    for step in found["young"][0]:
        young, old = (_median([one[step] for one in found[name]]) for name in ("young", "old"))
        wall, cpu = old[0] / young[0], old[1] / max(young[1], 1e-4)
        ratios[step] = max(wall, cpu)
        shown = " ".join(f"{wall * 1000:>14,.1f} ({cpu * 1000:>8,.1f})" for wall, cpu in (young, old))
        over = "   over the goal" if ratios[step] > GOAL else ""
        print(f"    {step:<24} {shown} {wall:>9.2f} ({cpu:.2f}){over}", flush=True)
    return ratios


def _median(found: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(wall for wall, _ in found), statistics.median(cpu for _, cpu in found)


def _child(url: str, folder: Path, *words: str) -> str:
    """Run this file in a process of its own; what it printed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FANWIRE_")}
    env = clean | {"FANWIRE_HOME": str(folder), "FANWIRE_LEDGER_URL": url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.bench.old_rows", *words]
    done = subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    if words[0] == "fill":
        print(done.stdout, end="", flush=True)
    return done.stdout


def fill(rows: int) -> None:
    """Prepare the ledger of this process, with so many old rows."""
    from tasks import ledger
    from tests.bench import growth
    from tests.support import population

    growth.fill(OUTLETS, 9)
    if rows:
        ledger.close()
        population.fill(ledger.ledger_url(), rows, time.time())


def measure(round: int) -> Figures:
    """Do every step once with a release of this round, after one that warms all up."""
    _Steps(f"urn:warm:{round}").run()
    return _Steps(f"urn:new:{round}").run()


class _Steps:
    """The steps of one release, and the questions that operations ask."""

    def __init__(self, uri: str) -> None:
        self._uri, self._found = uri, Figures()
        self._watch = _ServerProcesses()

    def run(self) -> Figures:
        """What each step took."""
        began = time.time()
        number = self._planned(1)
        self._deliver("claim", "finish")
        self._answers(number)
        self._questions(number)
        with self._step("replay of a release"):
            self._replay(began)
        with self._step("replay of an outlet", 20):
            for _ in range(20):
                self._replay_outlet(began)
        self._deliver("claim again", "finish again")
        self._planned(2)
        self._deliver("claim of a correction", "finish of a correction")
        return self._found

    @contextmanager
    def _step(self, name: str, times: int = 1) -> Iterator[None]:
        """Add what the block takes to a step; `times`: how often it does the same."""
        cpu, wall = _cpu() + self._watch.cpu(), time.perf_counter()
        yield
        took, used = time.perf_counter() - wall, _cpu() + self._watch.cpu() - cpu
        before = self._found.get(name, (0.0, 0.0))
        self._found[name] = (before[0] + took / times, before[1] + used / times)

    def _planned(self, version: int) -> int:
        from tasks import ledger, planning
        from tasks.building.renditions import build_renditions
        from tasks.ledger import releases
        from tests.support.samples import release

        with ledger.write() as connection:
            document = release(uri=self._uri, version=version, topics=["04000000"])
            number = releases.take(connection, document, time.time()).release_id
        with self._step("plan" if version == 1 else "plan of a correction"):
            planning.plan(number, prepare=build_renditions)
        return number

    def _deliver(self, claiming: str, finishing: str) -> None:
        from tasks import ledger
        from tasks.delivery.payloads import read_payloads
        from tasks.ledger import deliveries

        while True:
            with self._step(claiming), ledger.write() as connection:
                claims = deliveries.claim(connection, "bench", now=time.time(), lease=60, limit=200)
                read_payloads(connection, claims)
            if not claims:
                return
            results = [delivered(one) for one in claims]
            with self._step(finishing), ledger.write() as connection:
                deliveries.finish(connection, results)

    def _answers(self, number: int) -> None:
        """One outlet in fifty says that it accepted the release, as of the old ones."""
        from sqlalchemy import select

        from tasks import ledger
        from tasks.ledger import publications
        from tasks.ledger.schema import deliveries as rows
        from tasks.model.publication import read_publication

        accepted = read_publication({"status": "accepted"})
        with ledger.write() as connection:
            some = select(rows.c.id).where(rows.c.release_id == number, rows.c.id % 50 == 0)
            said = [(id, accepted) for id in connection.execute(some).scalars()]
            with self._step("what outlets say"):
                publications.note(connection, said, time.time())

    def _questions(self, number: int) -> None:
        for name, times, ask in questions(self._uri, number):
            with self._step(name, times):
                for _ in range(times):
                    ask()

    def _replay(self, since: float) -> None:
        from tasks import ledger
        from tasks.ledger import deliveries, releases
        from tasks.model.states import State

        with ledger.write() as connection:
            number = releases.find(connection, self._uri).id
            deliveries.replay(connection, time.time(), states=[State.DELIVERED], since=since, release_id=number)

    def _replay_outlet(self, since: float) -> None:
        from tasks import ledger
        from tasks.ledger import deliveries
        from tasks.model.states import State

        failed = [State.REJECTED, State.EXHAUSTED]
        with ledger.write() as connection:
            deliveries.replay(connection, time.time(), states=failed, since=since, outlet_id="outlet-000001")


def questions(uri: str, number: int) -> list[tuple[str, int, Callable[[], Any]]]:
    """What is asked of the ledger each second, and by commands: a name, how often it is measured, and the question."""
    from tasks import ledger, pipeline
    from tasks.ledger import backlog, deliveries, notices, outlet_history, releases
    from tasks.model.states import State
    from tasks.operations import report
    from workers import doctor
    from workers.cli.release_status import status_of

    def reading(ask: Callable[[Any], Any]) -> Callable[[], Any]:
        def asked() -> Any:
            with ledger.read() as connection:
                return ask(connection)

        return asked

    one, delivered_to = "outlet-000001", [State.DELIVERED]

    def noticed() -> None:
        with ledger.write() as connection:
            notices.add_unless_known(connection, "refusing", one, "again", time.time())
            notices.unposted(connection, 1)

    return [
        ("sweep", 30, lambda: pipeline.sweep_ledger(time.time())),
        ("backlog, for metrics", 100, reading(lambda c: backlog.backlog(c, time.time()))),
        ("status", 5, lambda: status_of(uri, None)),
        ("report", 1, reading(lambda c: report.report(c, number))),
        ("latest", 100, reading(lambda c: releases.latest(c, 20))),
        ("latest in a state", 100, reading(lambda c: releases.latest(c, 20, states=delivered_to))),
        ("latest that is due", 100, reading(lambda c: releases.latest(c, 20, states=[State.DUE]))),
        ("doctor", 1, doctor.examine),
        ("notices, the last", 100, reading(lambda c: notices.latest(c, 20))),
        ("notices, a new one", 100, noticed),
        ("notices, who took since", 100, reading(lambda c: deliveries.last_taken(c, {one, "outlet-000002"}))),
        ("notices by subject", 100, reading(lambda c: notices.last_of(c, "refusing", [one]))),
        ("outlet, refused in a row", 100, reading(lambda c: deliveries.refused_in_a_row(c, [one], at_least=3))),
        ("outlet, its last tries", 100, reading(lambda c: outlet_history.recent(c, one, 10))),
    ]  # fmt: skip


def delivered(claim: Any) -> Any:
    """The result of a claim that arrived."""
    from tasks.ledger.deliveries import Result
    from tasks.model.states import State, Verdict

    now = time.time()
    return Result(
        delivery_id=claim.id, attempt=claim.attempt, state=State.DELIVERED, verdict=Verdict.DELIVERED, status=200,
        reason=None, due_at=None, tries=claim.tries + 1, ended_at=now, started_at=now, seconds=0.1, code="http_200",
    )  # fmt: skip


def _cpu() -> float:
    return time.process_time()


class _ServerProcesses:
    """The processes of PostgreSQL that serve this database; none on SQLite."""

    def __init__(self) -> None:
        from sqlalchemy import make_url, text

        from tasks import ledger

        self._database = make_url(ledger.ledger_url()).database
        self._server = None
        if ledger.sql_engine().dialect.name == "postgresql":
            import psutil

            with ledger.read() as connection:
                number = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            self._server = psutil.Process(number).parent()

    def cpu(self) -> float:
        """Seconds of CPU that they have used."""
        import psutil

        used = 0.0
        for process in self._server.children() if self._server else ():
            with suppress(psutil.Error):
                if f" {self._database} " in " ".join(process.cmdline()):
                    times = process.cpu_times()
                    used += times.user + times.system
        return used


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]))
    else:
        print(json.dumps(measure(int(sys.argv[2]))))
