"""A few hundred outlets, and a Fanwire of as few processes as there can be, for one broker after the other."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from farm import Farm

from tasks import ledger
from tasks.runtime.private_files import ensure_private_file
from tests.faults.oracle import open_book
from tests.faults.scene import Scene, with_producer
from tests.support.services import FEW, put_outlets, services

PRESS = 300
TIMES = {
    "ALLOWED_NETWORKS": "127.0.0.0/8",
    "DEADLINE": "3",
    "LEASE": "9",
    "RETRY_BASE": "0.5",
    "RETRY_HORIZON": "120",
    "BUILD_LEASE": "5",
    "BUILD_RETRY": "2",
    "TICK": "0.5",
    "IN_FLIGHT": "20",
    "CLAIM_CHUNK": "20",
}
TIRED: dict[str, dict[str, Any]] = {
    "unavailable": {"manner": "unavailable", "times": 2},
    "throttled": {"manner": "throttled"},
    "reset-once": {"manner": "reset", "times": 1},
}
"""Outlets that take a release only after they were tried again."""


def _plan() -> dict[str, dict[str, Any]]:
    press = {f"press-{n:03}": {"manner": "slow", "delay": 0.1 + n % 7 * 0.05} for n in range(PRESS)}
    return {name: {**manner, "outlet": {"circuits": ["press"]}} for name, manner in (press | TIRED).items()}


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with Farm(_plan(), tmp_path_factory.mktemp("farm")) as planted:
        yield planted


@pytest.fixture
def farm(planted: Farm) -> Farm:
    """The farm, having forgotten other tests."""
    planted.reset()
    return planted


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder with a path that is short enough for a socket in it."""
    folder = Path(tempfile.mkdtemp(prefix="fw-"))
    yield folder
    shutil.rmtree(folder)


Opened = Callable[..., AbstractContextManager[Scene]]


@pytest.fixture
def opened(tmp_path: Path, farm: Farm, migrated: Path) -> Opened:
    """`opened(for_workers, for_producers, SETTING=…)`: a Fanwire at a broker, given by its addresses."""

    @contextmanager
    def at(for_workers: str, for_producers: str, **settings: str) -> Iterator[Scene]:
        home = tmp_path / "home"
        ensure_private_file(home / "ledger.sqlite")
        shutil.copyfile(migrated, home / "ledger.sqlite")
        if "LEDGER_URL" in settings:
            ledger.upgrade(settings["LEDGER_URL"])
        mine = TIMES | with_producer(tmp_path) | {"BROKER_URL": for_workers} | settings
        with services(home, farm, mine, broker=for_producers) as found:
            book = open_book(found)
            try:
                put_outlets(farm, book)
                for name, options in FEW.items():
                    found.start(name, *options)
                yield Scene(found, farm, book)
            finally:
                book.dispose()

    return at
