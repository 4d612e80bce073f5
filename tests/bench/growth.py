"""What a wire with many outlets costs: planning, and the time from a submit to the first delivery, by queue and door.

Each size has a home of its own with outlets of many interests. Planning is measured in a process of its own, for its
memory. The stack is one of `fanwire up`, idle but for the release; its outlets are a server that answers at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.results import Point
from tests.support.processes import ROOT, end, free_port, until

SIZES = (1_000, 6_500, 65_000, 130_000)
FEW = 1_000
"""Outlets in the circuit `few`, whatever the size."""
SUBMITS = 11
COUNTRIES = ("DE", "FR", "ES", "PT", "IT", "AT", "CH", "NL", "BE", "PL", "US", "GB", "JP", "KR", "BR", "MX", "IN", "AU")
FORMATS = ("ninjs", "newsmlg2", "nitf", "html", "text", "json", "markdown", "rss")
OTHERS = ("de", "fr", "es", "ja", "zh-Hans", "ar")
PLAN = """
import json, resource, sys, time
from tasks import ledger, planning
from tasks.ledger import releases
from tests.support.samples import release

def taken(uri, **fields):
    with ledger.write() as connection:
        return releases.take(connection, release(uri=uri, **fields), time.time()).release_id

def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

found = {}
for name, fields in (("few", {"circuits": ["few"]}), ("all", {})):
    number = taken(f"urn:x:{name}", **fields)
    wall, cpu = time.perf_counter(), spent()
    plan = planning.plan(number)
    found[name] = (plan.deliveries, time.perf_counter() - wall, spent() - cpu)
    wall = time.perf_counter()
    planning.plan(number)
    found["again"] = time.perf_counter() - wall
found["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(found))
"""


def run(folder: Path) -> list[Point]:
    """Measure each size; SIZES="6500 130000" only these. Returns what to plot."""
    points = []
    sizes = [int(size) for size in os.environ.get("SIZES", "").split()] or SIZES
    for size in sizes:
        home = folder / str(size)
        with Sink() as sink:
            prepare(home, size, sink.port)
            found = _planned(home)
            for name in ("few", "all"):
                rows, wall, cpu = found[name]
                print(f"  {size:>7,} outlets, {rows:>7,} deliveries planned: {wall:>6.2f} s, {cpu:>6.2f} s CPU")
            print(f"  {size:>7,} outlets: planned before, so no plan: {found['again'] * 1000:.1f} ms")
            print(f"  {size:>7,} outlets: memory of the process that plans: {found['mb']:.0f} MB")
            points.append(Point(size, _submits(home, size, sink), found["all"][2]))
    return points


def environment(home: Path) -> dict[str, str]:
    """The environment of the processes of a home; its ledger is BENCH_LEDGER_URL, or SQLite."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FANWIRE_")}
    more = {"HOME": str(home), "WEB_PORT": "0", "ALLOWED_NETWORKS": "127.0.0.0/8"}
    if url := os.environ.get("BENCH_LEDGER_URL"):
        more["LEDGER_URL"] = url
    return clean | {f"FANWIRE_{name}": value for name, value in more.items()}


def prepare(home: Path, size: int, port: int) -> None:
    """A ledger with so many outlets, each of which takes everything in English."""
    home.mkdir()
    script = "import sys; from tests.bench import growth; growth.fill(int(sys.argv[1]), int(sys.argv[2]))"
    subprocess.run([sys.executable, "-c", script, str(size), str(port)], env=environment(home), cwd=ROOT, check=True)


def fill(size: int, port: int) -> None:
    """Write the outlets into the ledger of this process."""
    from tasks import ledger
    from tasks.ledger import outlets

    ledger.upgrade()
    with ledger.write() as connection:
        outlets.put(connection, [_outlet(number, port) for number in range(size)], time.time())


def _outlet(number: int, port: int) -> Any:
    from tasks.model.outlet import Outlet

    chance = random.Random(number)
    topics = [] if chance.random() < 0.5 else ["04000000", f"{chance.randint(5, 17):02}000000"]
    circuits = ["all", *(["few"] if number < FEW else []), f"circuit-{chance.randint(1, 50)}"]
    document = {
        "id": f"outlet-{number:06}", "name": f"Outlet {number}", "country": chance.choice(COUNTRIES),
        "languages": ["en"], "topics": topics, "circuits": circuits, "format": chance.choice(FORMATS),
        "url": f"http://127.0.0.1:{port}/{number}",
    }  # fmt: skip
    return Outlet.model_validate(document)


def _planned(home: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", PLAN], env=environment(home), cwd=ROOT, check=True, capture_output=True, text=True
    )
    with _Book(ledger_beside(home)) as book:
        book.end_all()
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@dataclass
class _Book:
    """The ledger of a home, beside the stack."""

    engine: Any

    def __enter__(self) -> _Book:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()

    def end_all(self) -> None:
        """Cancel what is left of releases, so that the next one finds an idle stack."""
        from sqlalchemy import text

        with self.engine.connect().execution_options(fanwire_immediate=True) as connection, connection.begin():
            connection.execute(text("UPDATE deliveries SET state = 'canceled' WHERE state IN ('due', 'held')"))

    def ended(self) -> bool:
        """Cancel what is left; whether all releases are planned, and nothing is in flight."""
        from sqlalchemy import text

        self.end_all()
        open_rows = "SELECT 1 FROM deliveries WHERE state IN ('due', 'held', 'claimed')"
        query = text(f"SELECT EXISTS ({open_rows}) OR EXISTS (SELECT 1 FROM releases WHERE planned_at IS NULL)")
        with self.engine.connect() as connection:
            return not connection.execute(query).scalar()

    def planned(self) -> bool:
        from sqlalchemy import text

        with self.engine.connect() as connection:
            return not connection.execute(text("SELECT count(*) FROM releases WHERE planned_at IS NULL")).scalar()


def ledger_beside(home: Path) -> Any:
    """The SQLAlchemy engine of the ledger of a home, beside the stack; the caller disposes of it."""
    from tasks.ledger.connection import open_ledger

    return open_ledger(os.environ.get("BENCH_LEDGER_URL") or f"sqlite:///{home / 'ledger.sqlite'}")


def _submits(home: Path, size: int, sink: Sink) -> float:
    """Submit to an idle stack, several times by queue and by door, and print when the first outlet had it; the median
    of those by queue, in seconds."""
    from tests.support.processes import answers, start
    from workers.producer import Producer

    fanwire = str(Path(sys.executable).with_name("fanwire"))
    env = environment(home) | {"FANWIRE_FLOWER_PORT": str(free_port())}
    process = start([fanwire, "up"], env, home / "up.log")
    log = home / "log" / "intake.log"
    try:
        until(
            lambda: (home / "broker.url").exists() and answers((home / "broker.url").read_text().strip()), seconds=120
        )
        until(lambda: log.exists() and "intake open" in log.read_text())
        with Producer((home / "broker.url").read_text().strip()) as producer, _Book(ledger_beside(home)) as book:

            def submit(document: Any) -> None:
                assert producer.submit(document, timeout=120).taken

            post = _door(home, fanwire, env)
            queued = _first_deliveries(size, "submit", submit, sink, book)
            _first_deliveries(size, "POST", post, sink, book)
        return queued
    finally:
        end(process, patience=30)


def _door(home: Path, fanwire: str, env: dict[str, str]) -> Callable[[Any], None]:
    """What sends a release to the door, as a producer of the ledger that keeps its connection."""
    import requests

    added = [fanwire, "producers", "add", "door", "--uri", "urn:x:POST:", "--json"]
    token = json.loads(subprocess.run(added, env=env, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    log = home / "log" / "web.log"
    until(lambda: log.exists() and '"port": ' in log.read_text())
    [port] = re.findall(r'"port": (\d+)', log.read_text())
    session = requests.Session()
    session.headers.update({"Authorization": f"Bearer {token['token']}", "Content-Type": "application/json"})

    def post(document: Any) -> None:
        answer = session.post(f"http://127.0.0.1:{port}/releases", data=document.to_json().encode(), timeout=120)
        assert answer.status_code == 202, answer.text

    return post


def _first_deliveries(size: int, way: str, send: Callable[[Any], None], sink: Sink, book: _Book) -> float:
    """Send releases one after the other, and print when the first outlet had each; the median in seconds."""
    taken: list[float] = []
    receipts: list[float] = []
    for number in range(SUBMITS + 1):
        document = _release(f"{way}:{number}")
        began = sink.expect()
        send(document)
        receipts.append(time.time() - began)
        assert sink.came.wait(120), "no delivery"
        taken.append(sink.first - began)
        until(book.planned, seconds=300)
        until(book.ended)
        time.sleep(2)  # the drains end
    first, *others = taken
    figures = f"the first {first:.2f} s, then median {statistics.median(others):.3f} s"
    worst = f"95 % {_percentile(others, 95):.3f} s; receipt {statistics.median(receipts[1:]):.3f} s"
    print(f"  {size:>7,} outlets, {way} to first delivery: {figures}, {worst}", flush=True)
    return statistics.median(others)


def _percentile(values: list[float], percent: int) -> float:
    """The smallest of these values that so many of them do not exceed."""
    return sorted(values)[-(-len(values) * percent // 100) - 1]


def _release(name: str) -> Any:
    from tests.support.samples import release

    return release(uri=f"urn:x:{name}")


class Sink:
    """A server that answers each request at once, and notes when the first came after `expect`."""

    def __init__(self) -> None:
        self.first, self.count = 0.0, 0
        self.came = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Sink:
        self._thread.start()
        opening = self._loop.create_server(lambda: _Request(self), "127.0.0.1", 0, backlog=2048)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def expect(self) -> float:
        """Forget what came; now, in seconds since the epoch."""
        self.came.clear()
        return time.time()

    def note(self) -> None:
        """A request is answered."""
        self.count += 1
        if not self.came.is_set():
            self.first = time.time()
            self.came.set()


class _Request(asyncio.Protocol):
    """One connection to the sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self._read = sink, b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            length = 0
            for line in self._read[:end].split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    with suppress(ValueError):
                        length = int(value)
            if len(self._read) < end + 4 + length:
                return
            self._read = self._read[end + 4 + length :]
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            self._sink.note()
