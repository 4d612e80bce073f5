"""A farm of good and bad outlets, and a stack on each kind of ledger, with short times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from farm import Farm

from tests.support.postgres import Postgres, own_postgres
from tests.support.stacks import Stack, running

from .oracle import open_book
from .scene import Scene, with_producer

PRESS = 500
BAD_EACH = 4
TIMES = {
    "ALLOWED_NETWORKS": "127.0.0.0/8",
    "DEADLINE": "3",
    "LEASE": "9",
    "RETRY_BASE": "0.5",
    "RETRY_HORIZON": "300",
    "BUILD_LEASE": "5",
    "BUILD_RETRY": "2",
    "TICK": "0.5",
    "IN_FLIGHT": "12",
    "CLAIM_CHUNK": "12",
}
BAD_MANNERS: dict[str, dict[str, Any]] = {
    "reset": {"manner": "reset"},
    "reset-once": {"manner": "reset", "times": 1},
    "drip": {"manner": "drip", "delay": 1.0},
    "huge": {"manner": "huge"},
    "endless": {"manner": "huge", "size": 0},
    "late": {"manner": "late", "delay": 4.5},
    "late-once": {"manner": "late", "delay": 4.5, "times": 1},
    "hang": {"manner": "hang"},
    "deaf": {"manner": "hang", "silent": True},
    "broken": {"manner": "broken"},
    "unavailable": {"manner": "unavailable", "times": 2},
    "throttled": {"manner": "throttled"},
    "refuse": {"manner": "refuse"},
    "gone": {"manner": "gone"},
    "moved": {"manner": "moved"},
}
HOPELESS = ("reset", "drip", "late", "hang", "deaf", "broken", "refuse")
"""Those who never take anything, and are given up soon; the others have all the time that they need."""
SOON_OVER = {"base": 0.5, "horizon": 10}


def _plan() -> dict[str, dict[str, Any]]:
    good = {
        f"press-{n:03}": {
            "manner": "slow",
            "delay": 0.1 + n % 7 * 0.05,
            "tls": n % 5 == 0,
            "outlet": {"circuits": ["press", f"tenth-{n % 10}"], "format": ("ninjs", "html", "text")[n % 3]},
        }
        for n in range(PRESS)
    }
    bad = {
        f"{name}-{n}": {
            **manner,
            "tls": n % 2 == 1,
            "outlet": {"circuits": ["bad"]} | ({"retry": SOON_OVER} if name in HOPELESS else {}),
        }
        for name, manner in BAD_MANNERS.items()
        for n in range(BAD_EACH)
    }
    return good | bad


@pytest.fixture(scope="package")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with Farm(_plan(), tmp_path_factory.mktemp("farm")) as planted:
        yield planted


@pytest.fixture
def farm(planted: Farm) -> Farm:
    """The farm, having forgotten other tests."""
    planted.reset()
    return planted


def _scene(stack: Stack, farm: Farm) -> Iterator[Scene]:
    assert stack.process.poll() is None
    book = open_book(stack)
    try:
        yield Scene(stack, farm, book)
    finally:
        book.dispose()


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory, planted: Farm) -> Iterator[Stack]:
    settings = TIMES | with_producer(tmp_path_factory.mktemp("producers"))
    with running(tmp_path_factory.mktemp("stack"), planted, settings) as stack:
        yield stack


@pytest.fixture
def scene(stack: Stack, farm: Farm) -> Iterator[Scene]:
    """On SQLite."""
    yield from _scene(stack, farm)


@pytest.fixture(scope="package")
def server() -> Iterator[Postgres]:
    with own_postgres() as server:
        yield server


@pytest.fixture(scope="package")
def stack_on_postgres(tmp_path_factory: pytest.TempPathFactory, planted: Farm, server: Postgres) -> Iterator[Stack]:
    settings = TIMES | with_producer(tmp_path_factory.mktemp("producers"))
    settings["LEDGER_URL"] = server.url(server.new_database())
    with running(tmp_path_factory.mktemp("stack-postgres"), planted, settings) as stack:
        yield stack


@pytest.fixture
def scene_on_postgres(stack_on_postgres: Stack, farm: Farm) -> Iterator[Scene]:
    """On a PostgreSQL of its own, which may be restarted."""
    yield from _scene(stack_on_postgres, farm)
