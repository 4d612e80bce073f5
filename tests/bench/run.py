"""`make bench`: measures, in one run on one machine, and prints figures and ratios.

Absolute times depend on the machine and on what else it does; the ratios compare things measured side by side.

    python tests/bench/run.py [--results] [deliver fair ledger translate format markup near …]     all parts by default

`--results` appends what is printed to RESULTS.md, with date, commit and machine, and draws the plot beside it anew.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "demo"))
sys.path.insert(0, str(ROOT))

OUTLETS = 6500
ROUNDS = 3
NAIVE = 400
"""The naive way is measured on so many outlets only: all of them would take minutes."""


@dataclass(frozen=True)
class Spent:
    """What a piece of work took: seconds of wall clock, and of this process's CPU."""

    wall: float
    cpu: float


@contextmanager
def measured(into: list[Spent]) -> Iterator[None]:
    """Note what the block takes."""
    wall, cpu = time.perf_counter(), _cpu()
    yield
    into.append(Spent(time.perf_counter() - wall, _cpu() - cpu))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def show(name: str, spent: list[Spent], n: int, unit: str) -> Spent:
    """Print the median of some rounds, per item; returns it per item."""
    middle = Spent(statistics.median(s.wall for s in spent) / n, statistics.median(s.cpu for s in spent) / n)
    print(f"  {name:<46} {1 / middle.wall:>8,.0f} a second, {middle.cpu * 1000:>8.3f} ms CPU a {unit}")
    return middle


def main() -> None:
    """Run what was asked for."""
    from tests.bench import results

    parts: dict[str, Callable[[Path], Any]] = {
        "deliver": deliver,
        "fair": fair,
        "ledger": ledger_rows,
        "translate": translate,
        "format": formats,
        "markup": markup,
        "near": near,
        "checks": checks,
        "reader": reader,
        "names": names,
        "judged": judged,
        "injected": injected,
        "recovery": recovery,
        "mail": mail,
        "growth": growth,
        "life": life,
        "idle": idle,
        "neural": neural,
        "old": old,
        "drains": drains,
        "matching": matching,
        "burst": burst,
        "queue": queue,
        "others": others,
        "retention": retention,
        "partitions": partitions,
        "pages": pages,
    }
    kept = "--results" in sys.argv
    chosen = [word for word in sys.argv[1:] if word != "--results"] or list(parts)
    if unknown := set(chosen) - set(parts):
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(parts)}")
    for name in [name for name in os.environ if name.startswith("FANWIRE_")]:
        del os.environ[name]
    with results.appended(chosen) if kept else nullcontext():
        _run({name: parts[name] for name in chosen}, plotted=kept)


def _run(parts: Mapping[str, Callable[[Path], Any]], *, plotted: bool) -> None:
    """Run these parts, each in a home of its own; draw the plot anew if one of them says what there is to plot."""
    from tests.bench import results

    for name, part in parts.items():
        print(f"\n{name}: {part.__doc__}")
        with tempfile.TemporaryDirectory(prefix="fanwire-bench-") as folder:
            os.environ["FANWIRE_HOME"] = folder
            points = part(Path(folder))
            if points and plotted:
                results.plot_with(points)
            _forget()


def _forget() -> None:
    from tasks import ledger
    from tasks.runtime.settings import settings

    ledger.reset()
    settings.cache_clear()


# --- deliver


def deliver(folder: Path) -> None:
    """6,500 outlets that answer at once, each a host of its own; one process, the farm beside it. TLS=0.5 makes the
    share of them that take TLS another one than 0.85."""
    import outlets as invented
    from farm import Farm

    share = float(os.environ.get("TLS", invented.TLS_SHARE))
    print(f"  {share:.0%} of them over TLS")
    plan = invented.write(folder, count=OUTLETS, manners="good", language="de", instant=True, tls_share=share)
    with Farm(json.loads(plan.read_text()), folder / "farm") as farm:
        _allow(farm, folder)
        _quiet()
        bare: list[Spent] = []
        whole: list[Spent] = []
        two: list[Spent] = []
        naive: list[Spent] = []
        _prepare(farm.outlets_file)
        doubled = 0
        for round in range(ROUNDS):
            farm.reset()  # before each: what it remembers makes it slower
            _bare(bare)
            _naive(naive)
            farm.reset()
            _drain(whole, round)
            doubled += len(farm.tally()["doubled"])
            farm.reset()
            _two_drains(two, round, folder / str(round))
        floor = show("bare libcurl loop, nothing kept", bare, OUTLETS, "delivery")
        ours = show("drain: claims, signatures, verdicts, log lines", whole, OUTLETS, "delivery")
        theirs = show("requests, one after the other (shared session)", naive, NAIVE, "delivery")
        both = statistics.median(spent.wall for spent in two) / OUTLETS
        print(f"  {'two drains, as `fanwire up` starts them':<46} {1 / both:>8,.0f} a second")
        print(f"  drain / bare loop: {ours.wall / floor.wall:.2f} × wall, {ours.cpu / floor.cpu:.2f} × CPU")
        print(f"  two drains / bare loop: {both / floor.wall:.2f} × wall")
        print(f"  requests / drain:  {theirs.wall / ours.wall:.1f} × wall, {theirs.cpu / ours.cpu:.1f} × CPU")
        print(f"  doubled by the drain: {doubled}")


def _quiet() -> None:
    """Log lines are made, formatted and written as in production, but to nowhere."""
    from workers import logs

    logs.set_up("bench", open(os.devnull, "w"))  # noqa: SIM115, PTH123


def _prepare(outlets_file: Path) -> None:
    from tasks import ledger
    from tasks.ledger import outlets
    from tasks.model.readers.outlet_files import read_outlets
    from workers.offered import offered

    ledger.upgrade()
    with ledger.write() as connection:
        outlets.put(connection, read_outlets(outlets_file, offered()).outlets, time.time())


def _due(round: int | str) -> int:
    """A release whose deliveries are all due; its number."""
    from tasks import ledger, planning
    from tasks.building.renditions import build_renditions
    from tasks.ledger import releases
    from tests.bench.samples_for_bench import german

    with ledger.write() as connection:
        taken = releases.take(connection, german(f"urn:bench:{round}"), time.time())
    planning.plan(taken.release_id, time.time())
    build_renditions(taken.release_id, "de")
    return taken.release_id


def _drain(into: list[Spent], round: int) -> None:
    from tests.support.drains import drain

    number = _due(round)
    with measured(into):
        drain()
    _all_delivered(number)


def _two_drains(into: list[Spent], round: int, place: Path) -> None:
    """What the drains of one `deliver` worker take together; their CPU is not measured. They have delivered a release
    before, as this process has in all rounds but its first."""
    from tests.bench import drains

    _due(f"before:{round}")
    place.mkdir()
    processes = drains.started(place, os.environ, 2, before=True)
    number = _due(f"two:{round}")
    into.append(Spent(drains.ended(place, processes), 0.0))
    _all_delivered(number)


def _all_delivered(number: int) -> None:
    from tasks import ledger
    from tasks.ledger import counts

    with ledger.read() as connection:
        states = counts.total(counts.states(connection, number))
    if states != {"delivered": OUTLETS}:
        sys.exit(f"not all were delivered: {states}")


def _bare(into: list[Spent]) -> None:
    """The same requests through the transfer loop alone: what no sender on libcurl can be faster than."""
    from tasks import ledger
    from tasks.delivery.transfers.loop import TransferLoop
    from tasks.delivery.transfers.transfer import Transfer
    from tasks.ledger import outlets
    from tasks.runtime import trust
    from tasks.runtime.settings import settings

    with ledger.read() as connection:
        addresses = [outlet.url for outlet in outlets.everyone(connection)]
    body = b"x" * 8000
    transfers = TransferLoop(
        in_flight_hint=settings().in_flight, connect_timeout=10, answer_cap_bytes=65536, trust=trust.bundle(),
        allowed=lambda _: True,
    )  # fmt: skip
    waiting = iter(addresses)
    done = 0
    with measured(into):
        while done < len(addresses):
            while transfers.in_flight < settings().in_flight and (url := next(waiting, None)):
                headers = ("Content-Type: text/plain",)
                transfers.start(Transfer(key=None, url=url, headers=headers, body=body, deadline=30))
            done += len(transfers.turn(0.05))
    transfers.close()


def _naive(into: list[Spent]) -> None:
    import requests

    from tasks import ledger
    from tasks.ledger import outlets
    from tasks.runtime import trust

    with ledger.read() as connection:
        addresses = [outlet.url for outlet in outlets.everyone(connection)][:NAIVE]
    session = requests.Session()
    session.trust_env = False
    session.verify = str(trust.bundle())
    with measured(into):
        for url in addresses:
            session.post(url, data=b"x" * 8000, timeout=30)


# --- fair

EVERY = 10
"""One outlet in so many hangs."""


def fair(folder: Path) -> None:
    """Outlets that hang to the deadline (10 s), one in ten, against the same run without them: who waits for whom?"""
    import outlets as invented
    from farm import Farm

    os.environ["FANWIRE_DEADLINE"] = "10"
    os.environ["FANWIRE_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    ends: dict[bool, list[float]] = {False: [], True: []}
    for round in range(2 * ROUNDS):
        hanging = bool(round % 2)
        home = folder / str(round)
        plan = invented.invent(OUTLETS, manners="good", language="de")
        if hanging:
            for number, way in enumerate(plan.values()):
                if number % EVERY == 0:
                    way["manner"] = "hang"
        os.environ["FANWIRE_HOME"] = str(home)
        _forget()
        invented.add_secrets(plan, home, 1)
        with Farm(plan, home / "farm") as farm:
            _sender(farm, home)
            _prepare(farm.outlets_file)
            ends[hanging].append(_last_of_the_good(round))
            _forget()
    without, among = statistics.median(ends[False]), statistics.median(ends[True])
    print(f"  99 % of the outlets that answer had it after {without:.2f} s, and among hanging ones after {among:.2f} s")
    print(f"  among / without: {among / without:.2f} ×")


def _sender(farm: Any, home: Path) -> None:
    os.environ["FANWIRE_CA_FILE"] = str(farm.ca_file)
    os.environ["FANWIRE_SECRETS_FOLDER"] = str(home / "secrets")
    for line in (home / "secrets.env").read_text().splitlines():
        name, _, value = line.partition("=")
        os.environ[name] = value
    _forget()
    _quiet()


def _last_of_the_good(round: int) -> float:
    """Seconds until 99 % of those that answer had it; the drain is stopped once they all have."""
    from sqlalchemy import select

    from tasks import ledger
    from tasks.ledger.schema import deliveries
    from tests.support.drains import drain

    number = _due(round)
    began = time.time()
    drain(stopping=lambda: time.time() - began > 8)
    with ledger.read() as connection:
        query = select(deliveries.c.ended_at).where(
            deliveries.c.release_id == number, deliveries.c.state == "delivered"
        )
        moments = sorted(connection.execute(query).scalars())
    return float(moments[_percentile_99(len(moments))] - began)


def _percentile_99(n: int) -> int:
    """Where the 99th percentile of n sorted values stands."""
    return max(0, round(0.99 * n) - 1)


# --- ledger


def ledger_rows(folder: Path) -> None:
    """6,500 rows on SQLite with a full disk sync at every commit, in chunks as a drain takes them."""
    from tasks import ledger
    from tasks.ledger import deliveries, outlets
    from tasks.ledger.deliveries import Result
    from tasks.model.outlet import Outlet
    from tasks.model.states import State, Verdict

    ledger.upgrade()
    common = {"country": "DE", "languages": ["de"], "url": "https://outlet.example/"}
    found = [Outlet.model_validate({"id": f"o{n}", "name": f"Outlet {n}"} | common) for n in range(OUTLETS)]
    with ledger.write() as connection:
        outlets.put(connection, found, time.time())
    planned: list[Spent] = []
    moved: list[Spent] = []
    for round in range(ROUNDS):
        with measured(planned):
            _due(round)
        with measured(moved):
            while True:
                now = time.time()
                with ledger.write() as connection:
                    claims = deliveries.claim(connection, "bench", now=now, lease=60, limit=200)
                if not claims:
                    break
                results = [
                    Result(
                        delivery_id=c.id,
                        attempt=c.attempt,
                        state=State.DELIVERED,
                        verdict=Verdict.DELIVERED,
                        status=200,
                        reason=None,
                        due_at=None,
                        tries=1,
                        ended_at=now,
                        started_at=now,
                        seconds=0.1,
                    )
                    for c in claims
                ]
                with ledger.write() as connection:
                    deliveries.finish(connection, results)
    show("take, match, plan and format", planned, OUTLETS, "delivery")
    show("claim and finish", moved, OUTLETS, "delivery")


# --- translate and format


def _demo_release() -> Any:
    from demo_release import release

    from tasks.model.readers import read_release

    return read_release(json.dumps(release(), default=str))


def translate(_folder: Path) -> None:
    """The demo release (557 words) by the engines that are here, warm."""
    from tasks.translation.errors import TranslationHeld
    from tasks.translation.translate import translate as make

    release = _demo_release()
    for language in ("es", "pt", "fr", "ms", "zh-Hant"):
        spent: list[Spent] = []
        try:
            make(release, language)  # starts the engine
        except TranslationHeld as held:
            print(f"  {language}: held: {held}")
            continue
        for _ in range(ROUNDS):
            with measured(spent):
                made = make(release, language)
        links = made.body_html.count("href=")
        show(f"{language} by {made.engine}, {links} of {release.html.count('href=')} links", spent, 1, "release")


def formats(_folder: Path) -> None:
    """Renditions of the demo release."""
    from tasks.formatting import FORMATS, Wire, make_rendition
    from tasks.model.release import supplied

    release = _demo_release()
    wire, received = Wire(name="Fanwire", url="https://fanwire.example/"), datetime.now(UTC)
    for format in FORMATS.all():
        spent: list[Spent] = []
        for _ in range(ROUNDS):
            with measured(spent):
                for language in (release.language, *release.translations):
                    text = supplied(release, language)
                    assert text is not None
                    make_rendition(release, text, format, wire, received)
        show(format, spent, 1 + len(release.translations), "rendition")


def near(_folder: Path) -> None:
    """Near matches for the units of a translation, in a memory of 100,000 approved sentences."""
    from tests.bench import near as measured_near

    measured_near.run()


def checks(_folder: Path) -> None:
    """The checks of translations on human ones: what they stop wrongly, and which faults put in they notice."""
    from tests.bench import checks as measured_checks

    measured_checks.run()


def reader(_folder: Path) -> None:
    """A second reader by back-translation: which faults of meaning it finds, and which human text it doubts."""
    from tests.bench import reader as measured_reader

    measured_reader.run()


def names(_folder: Path) -> None:
    """Names in releases of many kinds: how many are protected from their beginning to their end, and what besides."""
    from tests.translation import test_named_texts

    test_named_texts.report()


def judged(_folder: Path) -> None:
    """The checks on sentences judged by reading: how many unprintable ones they stop, how many human ones wrongly."""
    from tests.bench import judged as measured_units

    measured_units.run()


def injected(_folder: Path) -> None:
    """Faults of 45 kinds put into good human text of five languages: which of them the checks stop."""
    from tests.bench import injected as measured_faults

    measured_faults.run()


def neural(_folder: Path) -> None:
    """A neural engine: sentences with elements whole and in pieces; on a toy language, and on a model of real size."""
    from tests.bench import neural as measured_engine

    measured_engine.run()


def markup(_folder: Path) -> None:
    """Real pages through every route of Apertium: how many of their inline elements are in what is published."""
    from tasks.translation.configuration import EngineDocument
    from tasks.translation.engines.apertium import ROUTES, Apertium
    from tests.bench import parallel

    if not parallel.installed():
        print(f"  skipped; please install: apt-get install --no-install-recommends {parallel.PACKAGE}")
        return
    engine = Apertium("apertium", EngineDocument())
    routes = [pair for pair in ROUTES if pair in engine.pairs()]
    if missing := [f"{source}→{target}" for source, target in ROUTES if (source, target) not in routes]:
        print(f"  not installed, so not measured: {', '.join(missing)}")
    parallel.measure(engine, routes)


def recovery(folder: Path) -> None:
    """A worker is killed with what it had claimed, and the usual leases: seconds until the release is complete."""
    from tests.bench import recovery as measured_recovery

    measured_recovery.run(folder)


def mail(folder: Path) -> None:
    """A release to 86,000 e-mail outlets through one relay: time, memory, e-mails a connection. MAILS=… tries fewer."""
    from tests.bench import mail as measured_mail

    measured_mail.run(folder)


def growth(folder: Path) -> Any:
    """1,000 to 130,000 outlets: planning, and submit or POST to first delivery, idle. SIZES="6500" tries fewer."""
    from tests.bench import growth as measured_growth

    return measured_growth.run(folder)


def old(folder: Path) -> None:
    """10 million old deliveries against a young ledger, on both databases: steps and questions. ROWS=… tries fewer."""
    from tests.bench import old_rows

    old_rows.run(folder)


def drains(folder: Path) -> None:
    """1, 2, 4 and 8 drains on PostgreSQL: deliveries a second; statements, WAL and updates of a delivery."""
    from tests.bench import drains as measured_drains

    measured_drains.run(folder)


def matching(folder: Path) -> None:
    """Who gets a release: 1,000 outlets of 200,000, on both databases. MATCHING=… tries fewer."""
    from tests.bench import matching as measured_matching

    measured_matching.run(folder)


def burst(folder: Path) -> None:
    """300 releases of mixed urgency at once: deliveries a second, who waits how long, and what is planned in vain."""
    from tests.bench import burst as measured_burst

    measured_burst.run(folder)


def queue(folder: Path) -> None:
    """65,000 outlets, 20 releases queued, and one more that is urgent: until its first delivery. MANY=… tries fewer."""
    from tests.bench import burst as measured_burst

    measured_burst.queue(folder)


def retention(folder: Path) -> None:
    """What retention takes of 900,000 old deliveries, how long its locks are, and what it costs a run beside it."""
    import outlets as invented
    from farm import Farm

    from tests.bench import retention as month

    month.run(folder)
    plan = invented.write(folder, count=OUTLETS, manners="good", language="de", instant=True)
    with Farm(json.loads(plan.read_text()), folder / "farm") as farm:
        _allow(farm, folder)
        _quiet()
        _forget()
        (folder / "ledger.sqlite").unlink(missing_ok=True)
        _prepare(farm.outlets_file)
        month.beside(folder)


def _allow(farm: Any, folder: Path) -> None:
    """Let this process deliver to the farm."""
    os.environ["FANWIRE_CA_FILE"] = str(farm.ca_file)
    os.environ["FANWIRE_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    os.environ["FANWIRE_SECRETS_FOLDER"] = str(folder / "secrets")
    for line in (folder / "secrets.env").read_text().splitlines():
        name, _, value = line.partition("=")
        os.environ[name] = value


def partitions(folder: Path) -> None:
    """Deliveries in one table of PostgreSQL, and in twelve partitions: what each step of a drain costs."""
    from tests.bench import partitions as parted

    parted.run(folder)


def pages(folder: Path) -> None:
    """The operations' page with a release of 130,000 deliveries, on both databases. DELIVERIES=… tries fewer."""
    from tests.bench import pages as measured_pages

    measured_pages.run(folder)


def others(folder: Path) -> None:
    """6,500 POSTs by Celery + requests and by BullMQ + undici beside Fanwire, if Node is here."""
    from tests.bench import others as measured_others

    measured_others.run(folder)


def idle(folder: Path) -> None:
    """A whole Fanwire that has nothing to do: memory, CPU, and what it takes to start."""
    from tests.bench.idle import run

    run(folder)


def life(folder: Path) -> None:
    """A release, its correction and its kill, over all transports at once."""
    from tests.bench import life as measured_life

    measured_life.run(folder, OUTLETS)


if __name__ == "__main__":
    main()
