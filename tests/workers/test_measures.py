"""What the clock of a worker measures for `GET /metrics`."""

from __future__ import annotations

import socket
import time

import pytest
import redis
from celery import Celery

from tasks import ledger, pipeline
from tasks.delivery.admission.shared_state import SharedState
from tasks.ledger import metrics
from tasks.runtime.settings import settings
from workers import broker as configured
from workers import clock, heartbeat, measures


def stored(name: str) -> dict[str, float]:
    with ledger.read() as connection:
        return {label: one.value for label, one in metrics.stored(connection).get(name, {}).items()}


def test_the_elected_clock_writes_what_the_broker_knows(celery: Celery, sqlite: None, broker: redis.Redis) -> None:
    for urgency in (0, 3, 5, 9):
        pipeline.hint(pipeline.plan, 1, urgency=urgency)
    now = time.time()
    known: dict[str, dict[str, float]] = {
        "a.example:443": {"until": now + 60}, "b.example:443": {"until": now - 1}, "outlet/a": {"until": now + 60},
        "outlet/b": {"failures": 2},
    }  # fmt: skip
    for subject, fields in known.items():
        broker.hset(f"fanwire:breaker:{subject}", mapping={name: str(value) for name, value in fields.items()})
    assert clock.tick() is not None
    measures.write(measures.Measures("intake@here", celery).found(elected=True, tick_seconds=7.0))
    assert stored(measures.BROKER) == {"": 1}
    assert stored(measures.QUEUE) == {"plan": 4, "translate": 0, "format": 0, "deliver": 0, "releases": 0}
    assert stored(measures.BREAKER) == {
        "host open": 1, "host probing": 1, "host failing": 0,
        "outlet open": 1, "outlet probing": 0, "outlet failing": 1,
    }  # fmt: skip
    assert stored(measures.WRITE) == {"": 7.0}


def test_many_hosts_are_counted_in_pieces(celery: Celery, broker: redis.Redis) -> None:
    with broker.pipeline() as many:
        for number in range(3000):
            many.hset(f"fanwire:breaker:outlet/{number}", "until", str(time.time() + 60))
        many.execute()
    assert measures.broker_values(pipeline.shared_state(celery.conf), {})[measures.BREAKER]["outlet open"] == 3000


def test_a_broker_that_is_away_or_hangs_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def said() -> dict[str, dict[str, float]]:
        return measures.broker_values(SharedState.at(url), configured.queue_lengths(["plan"]))

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        monkeypatch.setenv("FANWIRE_BROKER_URL", url)
        settings.cache_clear()
        assert said() == {measures.BROKER: {"": 0}}
    assert said() == {measures.BROKER: {"": 0}}


def test_who_looks_asks_a_broker_that_stands_still_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """`fanwire doctor` has several questions, and a person waits for each answer."""
    monkeypatch.setattr(configured, "ANSWER_WITHIN", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("FANWIRE_BROKER_URL", f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        settings.cache_clear()
        with configured.client() as client, pytest.raises(redis.TimeoutError):
            client.ping()
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_others_look_at_the_broker_too_but_more_rarely(celery: Celery) -> None:
    """The tick of the elected clock may wait for a broker that hangs."""
    mine = measures.Measures("deliver@here", celery)
    first = mine.found(elected=False)
    assert first[measures.BROKER] == {"": 1}
    assert measures.WRITE not in first
    assert measures.BROKER not in mine.found(elected=False)
    mine._looked -= measures.EVERY
    assert measures.BROKER not in mine.found(elected=False)
    assert measures.BROKER in mine.found(elected=True)


def test_each_worker_notes_its_last_heartbeat(celery: Celery, sqlite: None, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = measures.Measures("deliver@here", celery)
    monkeypatch.setattr(heartbeat, "_last", [])
    measures.write(mine.found(elected=False))
    assert stored(measures.HEARTBEAT) == {}
    monkeypatch.setattr(heartbeat, "_last", [time.monotonic() - 500])
    measures.write(mine.found(elected=False))
    assert stored(measures.HEARTBEAT)["deliver@here"] == pytest.approx(time.time() - 500, abs=60)
    monkeypatch.setattr(heartbeat, "_last", [time.monotonic()])
    measures.write(mine.found(elected=False))
    assert stored(measures.HEARTBEAT)["deliver@here"] < time.time() - 300, "not at each tick"
