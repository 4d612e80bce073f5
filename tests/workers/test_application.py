"""Celery's application while its broker is away."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from tasks.runtime.settings import settings
from tests.support.threads import PATIENCE, begin
from tests.support.valkeys import Valkey, be_patient, valkey_behind_socket
from workers.broker_users import User


@pytest.fixture
def own_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Celery, Valkey]]:
    """An application, and its broker, which can be killed."""
    from workers.application import make_app  # importing it needs a broker

    with tempfile.TemporaryDirectory() as short, valkey_behind_socket(Path(short)) as (valkey, url):
        monkeypatch.setenv("FANWIRE_BROKER_URL", url(User.WORKER))
        settings.cache_clear()
        be_patient(monkeypatch)
        application = make_app()
        yield application, valkey
        application.close()


def next_event(heard: Any) -> str:
    """The next thing that subscribers hear of, as text."""
    return str(heard.get_message(timeout=PATIENCE))


def test_nobody_waits_for_a_broker_that_is_away(own_broker: tuple[Celery, Valkey]) -> None:
    """A worker that waits in its main loop does not hear that it is asked to stop. When the broker is back, messages go
    over the same connection again."""
    application, valkey = own_broker
    with application.connection_for_write() as connection:
        dispatcher = application.events.Dispatcher(connection)

        def beat() -> None:
            dispatcher.send("worker-heartbeat", retry=True)  # as Celery does

        def ask() -> None:
            application.control.broadcast("ping", connection=connection)

        beat()
        ask()
        valkey.kill()
        with pytest.raises(OperationalError):
            begin(ask).result(PATIENCE)
        begin(beat).result(PATIENCE)
        valkey.start()
        with valkey.client() as client, client.pubsub() as heard:
            heard.psubscribe("*")
            assert "psubscribe" in next_event(heard)
            beat()
            assert "worker.heartbeat" in next_event(heard)
            ask()
            assert "pidbox" in next_event(heard)
