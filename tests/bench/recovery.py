"""How long it takes until a release is complete although a worker was killed, with the leases of a usual installation.

Each case runs on a stack of its own, kills the process that holds a claim, and waits for the last outlet.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from farm import Farm
from sqlalchemy import Engine, Table, func, select

from tasks.ledger.schema import deliveries, renditions, translations
from tests.faults.oracle import open_book
from tests.support.packages import install
from tests.support.processes import ROOT, until
from tests.support.samples import release
from tests.support.stacks import Stack, running
from tests.translation.engines.doubles import LibreTranslateDouble
from tests.translation.engines.loopback import Answer, Asked
from workers.producer import Producer

OUTLETS = 200
PATIENCE = 400.0
"""Seconds: longer than the longest lease."""
URI = "urn:x:recovery"
SLEEPY = """
import pathlib, time
from tasks.formatting.formats import Format

def make(article):
    asleep = pathlib.Path({flag!r})
    if asleep.exists():
        asleep.unlink()
        time.sleep(600)
    return article.headline.encode()

FORMAT = Format("text/plain; charset=utf-8", make)
"""


class HangingDouble(LibreTranslateDouble):
    """A translation service whose first request is never answered."""

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    def answer(self, asked: Asked) -> Answer:
        if len(self.asked) == 1:
            self.over.wait(PATIENCE)
        return super().answer(asked)


def run(folder: Path) -> None:
    """All four cases, one line each."""
    for number, (name, case) in enumerate(CASES.items()):
        home = folder / str(number)
        home.mkdir()
        print(f"  {name:<46} {case(home):>6.1f} s until the last outlet")


def _killed_drain(folder: Path) -> float:
    with _stack(folder) as (stack, farm, book):
        _send(stack)
        _kill_holder(book, deliveries)
        return _seconds_until(lambda: farm.health()["accepted"] >= OUTLETS)


def _killed_drain_of_a_killed_release(folder: Path) -> float:
    with _stack(folder) as (stack, _, book):
        _send(stack)
        _kill_holder(book, deliveries)
        began = time.monotonic()
        stack.run("kill", URI)

        def over() -> bool:
            query = select(func.count()).where(deliveries.c.state.in_(["due", "claimed", "held"]))
            with book.connect() as connection:
                return connection.execute(query).scalar() == 0

        _seconds_until(over)
        return time.monotonic() - began


def _killed_translator(folder: Path) -> float:
    double = HangingDouble()
    file = folder / "translation.yaml"
    file.write_text(f"engines: {{slow: {{type: libretranslate, url: '{double.url}'}}}}\n")
    try:
        with _stack(folder, file, languages=["es"]) as (stack, farm, book):
            _send(stack)
            until(lambda: double.asked, seconds=60)
            _kill_holder(book, translations)
            return _seconds_until(lambda: farm.health()["accepted"] >= OUTLETS)
    finally:
        double.over.set()
        double.close()


def _killed_formatter(folder: Path) -> float:
    flag, site = folder / "asleep", folder / "site"
    flag.touch()
    files = {"sleepy_format.py": SLEEPY.format(flag=str(flag))}
    install(site, "sleepy", files, {"fanwire.formats": {"sleepy": "sleepy_format:FORMAT"}})
    os.environ["PYTHONPATH"] = f"{site}{os.pathsep}{ROOT}"
    try:
        with _stack(folder, format="sleepy") as (stack, farm, book):
            _send(stack)
            until(lambda: not flag.exists(), seconds=60)
            _kill_holder(book, renditions)
            return _seconds_until(lambda: farm.health()["accepted"] >= OUTLETS)
    finally:
        del os.environ["PYTHONPATH"]


CASES: dict[str, Callable[[Path], float]] = {
    "a drain was killed": _killed_drain,
    "a translate process was killed": _killed_translator,
    "a format process was killed": _killed_formatter,
    "a drain was killed, and then the release": _killed_drain_of_a_killed_release,
}


@contextmanager
def _stack(folder: Path, file: Path | None = None, **outlet: Any) -> Iterator[tuple[Stack, Farm, Engine]]:
    """A stack with the usual settings, and outlets that take two seconds for their answer."""
    plan = {f"outlet-{n:03}": {"manner": "slow", "delay": 2.0, "outlet": outlet} for n in range(OUTLETS)}
    settings = {"ALLOWED_NETWORKS": "127.0.0.0/8"} | ({"TRANSLATION_FILE": str(file)} if file else {})
    with Farm(plan, folder / "farm") as farm, running(folder / "home", farm, settings) as stack:
        book = open_book(stack)
        try:
            yield stack, farm, book
        finally:
            book.dispose()


def _send(stack: Stack) -> None:
    with Producer(stack.broker) as producer:
        assert producer.submit(release(uri=URI), timeout=60).taken


def _kill_holder(book: Engine, table: Table) -> None:
    """SIGKILL to the process that has claimed something in this table."""
    query = select(table.c.claimed_by).where(table.c.claimed_by.is_not(None)).limit(1)

    def holder() -> str | None:
        with book.connect() as connection:
            return connection.execute(query).scalar()

    os.kill(int(until(holder, seconds=60).rsplit(":", 2)[1]), signal.SIGKILL)


def _seconds_until(condition: Callable[[], bool]) -> float:
    began = time.monotonic()
    until(condition, seconds=PATIENCE)
    return time.monotonic() - began
