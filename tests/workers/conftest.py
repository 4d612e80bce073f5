"""A real Valkey for the module, emptied for each test, and Celery's application as workers make it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from celery import Celery

from tasks.runtime.settings import settings
from tests.support.processes import own_valkey


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with own_valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture
def broker(valkey: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """The configured broker of this test, empty."""
    monkeypatch.setenv("FANWIRE_BROKER_URL", valkey)
    settings.cache_clear()
    with redis.Redis.from_url(valkey) as client:
        client.flushall()
        yield client


@pytest.fixture
def sqlite(broker: redis.Redis, sqlite_ledger: None) -> None:
    """An empty ledger under this test's home."""


@pytest.fixture
def celery(broker: redis.Redis) -> Iterator[Celery]:
    """The application of this process, on this test's broker."""
    from workers.app import make_app

    application = make_app()
    application.set_default()  # as a worker does: for the threads of its steps
    yield application
    application.close()
