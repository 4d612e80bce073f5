"""Many releases at once, on a whole stack: how fast they go, who waits for whom, and what is planned in vain.

`run`: 300 releases of mixed urgency, each for some outlets. `queue`: releases for all outlets that wait to be planned,
and one more that is urgent.
"""

from __future__ import annotations

import os
import random
import re
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tests.bench import growth

RELEASES, OUTLETS = 300, 6_500
URGENCIES = (1, 3, 5, 5, 5, 8)
"""Of the releases, at random."""
QUEUED, MANY = 20, 65_000


@dataclass
class Stack:
    """`fanwire up` beside its ledger and the server that stands for all outlets."""

    home: Path
    broker: str
    engine: Any
    sink: growth.Sink

    def log(self) -> str:
        """What intake has logged."""
        return (self.home / "log" / "intake.log").read_text()

    def ask(self, query: str, **said: Any) -> list[Any]:
        """Rows of the ledger."""
        with self.engine.connect() as connection:
            return list(connection.execute(text(query), said))


@contextmanager
def stack(home: Path, outlets: int) -> Iterator[Stack]:
    """A stack with so many outlets, idle."""
    from tests.support.processes import answers, end, free_port, start, until

    with growth.Sink() as sink:
        growth.prepare(home, outlets, sink.port)
        env = growth.environment(home) | {"FANWIRE_FLOWER_PORT": str(free_port())}
        process = start([str(Path(sys.executable).with_name("fanwire")), "up"], env, home / "up.log")
        book = growth.ledger_beside(home)
        try:
            until(
                lambda: (home / "broker.url").exists() and answers((home / "broker.url").read_text().strip()),
                seconds=120,
            )
            log = home / "log" / "intake.log"
            until(lambda: log.exists() and "intake open" in log.read_text())
            yield Stack(home, (home / "broker.url").read_text().strip(), book, sink)
        finally:
            book.dispose()
            end(process, patience=30)


def run(folder: Path) -> None:
    """300 releases at once."""
    with stack(folder / "burst", OUTLETS) as running:
        began = time.time()
        submit(running.broker, [_release(number) for number in range(RELEASES)])
        sent = time.time()
        waiting = "SELECT count(*) FROM deliveries WHERE state IN ('due', 'claimed', 'held')"
        planned = "SELECT count(*) FROM releases WHERE planned_at IS NOT NULL"
        while running.ask(planned)[0][0] < RELEASES or running.ask(waiting)[0][0]:
            time.sleep(0.5)
        _show(running, began, sent)


def _show(running: Stack, began: float, sent: float) -> None:
    rows = running.ask(
        """SELECT r.urgency, min(d.ended_at) - min(r.received_at) AS first,
        max(d.ended_at) - min(r.received_at) AS last, count(*) AS n, max(d.ended_at) AS ended
        FROM releases r JOIN deliveries d ON d.release_id = r.id WHERE d.state = 'delivered' GROUP BY r.id, r.urgency"""
    )
    n, ended = sum(row.n for row in rows), max(row.ended for row in rows)
    print(
        f"  {RELEASES} releases were sent in {sent - began:.1f} s, {n:,} deliveries over after {ended - began:.1f} s: "
        f"{n / (ended - began):,.0f} a second"
    )
    for urgency in sorted(set(URGENCIES)):
        mine = [row for row in rows if row.urgency == urgency]
        first, last = (statistics.median(getattr(row, name) for row in mine) for name in ("first", "last"))
        print(
            f"  urgency {urgency}: {len(mine):>3} releases, median from receipt to the first delivery {first:>6.2f} s, "
            f"to the last {last:>6.2f} s"
        )
    planned, again = plans(running.log())
    print(f"  tasks that planned a release: {planned}; in vain: {again}")


def queue(folder: Path) -> None:
    """Releases for 65,000 outlets wait to be planned, and an urgent one comes; MANY=6500 tries fewer outlets."""
    many = int(os.environ.get("MANY", MANY))
    with stack(folder / "queue", many) as running:
        submit(running.broker, [_release(number, urgency=5, circuits=["all"]) for number in range(QUEUED)])
        began = time.time()
        submit(running.broker, [_release(QUEUED, urgency=1, circuits=["all"])])
        first = (
            "SELECT min(d.ended_at) FROM deliveries d JOIN releases r ON r.id = d.release_id WHERE r.urgency = 1 "
            "AND d.state = 'delivered'"
        )
        while not (ended := running.ask(first)[0][0]) and time.time() < began + 600:
            time.sleep(0.2)
        waited = f"{ended - began:.1f} s" if ended else "more than 600 s"
        planned, again = plans(running.log())
        print(f"  {many:,} outlets, {QUEUED} releases queued: the urgent one's first delivery after {waited}")
        print(f"  until then {planned} were planned; tasks in vain: {again}")


def plans(log: str) -> tuple[int, int]:
    """How many `plan` tasks have planned a release, and how many found that it was planned."""
    return len(re.findall("release planned", log)), len(re.findall("planned before", log))


def submit(broker: str, releases: list[Any]) -> None:
    """Send them all, from several connections at once, as producers do; returns when each has its receipt."""
    from concurrent.futures import ThreadPoolExecutor

    from workers.producer import Producer

    def send(some: list[Any]) -> None:
        with Producer(broker) as producer:
            for release in some:
                assert producer.submit(release, timeout=300).taken

    at_once = min(8, len(releases))
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(send, [releases[first::at_once] for first in range(at_once)]))


def _release(number: int, **fields: Any) -> Any:
    from tests.support.samples import release

    chance = random.Random(number)
    chosen = {"urgency": chance.choice(URGENCIES), "circuits": [f"circuit-{chance.randint(1, 50)}"]}
    return release(uri=f"urn:x:burst-{number}", **chosen | fields)
