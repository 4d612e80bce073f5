"""A real Valkey for the module, emptied for each test, and Celery's application as workers make it."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator

import pytest
import redis
from celery import Celery

from tasks.runtime.settings import settings
from tests.support import readers
from tests.support.processes import addresses, own_valkey
from tests.support.valkeys import be_patient
from workers import clock, document_reader, intake
from workers.broker_users import User


@pytest.fixture(scope="session")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[User, str]]:
    """The addresses of one broker for its users."""
    home = tmp_path_factory.mktemp("valkey")
    with own_valkey(home):
        yield addresses(home)


@pytest.fixture(scope="session")
def valkey(urls: dict[User, str]) -> str:
    """The address for the user who may do everything."""
    return urls[User.ADMIN]


@pytest.fixture(scope="session")
def for_producers(urls: dict[User, str]) -> str:
    """The address for producers."""
    return urls[User.PRODUCER]


@pytest.fixture
def none_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts no authority but those that it is given. The redis library reads the certificates of all
    authorities of the machine for each connection, which takes 20 ms."""
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)


@pytest.fixture
def broker(valkey: str, urls: dict[User, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """The configured broker of this test, empty, to look into; what is of Fanwire is there as a worker."""
    monkeypatch.setenv("FANWIRE_BROKER_URL", urls[User.WORKER])
    settings.cache_clear()
    be_patient(monkeypatch)
    with redis.Redis.from_url(valkey) as client:
        client.flushall()
        yield client


@pytest.fixture(autouse=True)
def _no_retention(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retention is not due, however long this process has been running its tests."""
    monkeypatch.setattr(clock._Retention, "due", math.inf)


@pytest.fixture
def sqlite(broker: redis.Redis, sqlite_ledger: None) -> None:
    """An empty ledger under this test's home."""


@pytest.fixture
def celery(broker: redis.Redis) -> Iterator[Celery]:
    """The application of this process, on this test's broker."""
    from workers.application import make_app

    application = make_app()
    application.set_default()  # as a worker does: for the threads of its steps
    yield application
    application.close()


@pytest.fixture(scope="session")
def warm_reader() -> Iterator[document_reader.DocumentReader]:
    """Readers of documents that every intake of this test process uses; starting them takes a second."""
    with readers.warm_reader() as shared:
        yield shared


@pytest.fixture
def opened(
    celery: Celery, warm_reader: document_reader.DocumentReader, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], intake.Intake]]:
    """`opened()`: intake as a worker runs it, in a thread of this process."""
    monkeypatch.setattr(intake, "reader", warm_reader)
    running: list[intake.Intake] = []

    def start() -> intake.Intake:
        step = intake.Intake(worker=type("Worker", (), {"app": None}), intake=True)
        step.start(None)
        running.append(step)
        return step

    with monkeypatch.context() as patch:
        patch.setattr(warm_reader, "close", lambda: None)
        yield start
        for step in running:
            step.stop(None)
