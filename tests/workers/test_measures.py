"""What the clock of a worker measures for `GET /metrics`."""

from __future__ import annotations

import time

import pytest
import redis
from celery import Celery

from tasks import ledger, pipeline
from tasks.ledger import metrics
from workers import clock, heartbeat, measures


def stored(name: str) -> dict[str, float]:
    with ledger.read() as connection:
        return {label: one.value for label, one in metrics.stored(connection).get(name, {}).items()}


def test_the_elected_clock_writes_what_the_broker_knows(celery: Celery, sqlite: None, broker: redis.Redis) -> None:
    pipeline.hint(pipeline.plan, 1)
    now = time.time()
    known: dict[str, dict[str, float]] = {
        "a.example:443": {"until": now + 60}, "b.example:443": {"until": now - 1}, "outlet/a": {"until": now + 60},
        "outlet/b": {"failures": 2},
    }  # fmt: skip
    for subject, fields in known.items():
        broker.hset(f"fanwire:breaker:{subject}", mapping={name: str(value) for name, value in fields.items()})
    assert clock.tick() is not None
    measures.Measures("intake@here", celery).take(elected=True)
    assert stored(measures.BROKER) == {"": 1}
    assert stored(measures.QUEUE) == {"plan": 1, "translate": 0, "format": 0, "deliver": 0, "releases": 0}
    assert stored(measures.BREAKER) == {
        "host open": 1, "host probing": 1, "host failing": 0,
        "outlet open": 1, "outlet probing": 0, "outlet failing": 1,
    }  # fmt: skip
    assert stored(measures.WRITE)[""] < 30


def test_many_hosts_are_counted_in_pieces(celery: Celery, broker: redis.Redis) -> None:
    with broker.pipeline() as many:
        for number in range(3000):
            many.hset(f"fanwire:breaker:outlet/{number}", "until", str(time.time() + 60))
        many.execute()
    assert measures.broker_values(celery)[measures.BREAKER]["outlet open"] == 3000


def test_a_broker_that_is_away_is_said(sqlite_ledger: None, monkeypatch: pytest.MonkeyPatch, celery: Celery) -> None:
    def away(_queue: str) -> int:
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(pipeline, "waiting", away)
    measures.Measures("intake@here", celery).take(elected=True)
    assert stored(measures.BROKER) == {"": 0}


def test_each_worker_notes_its_last_heartbeat(celery: Celery, sqlite: None, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = measures.Measures("deliver@here", celery)
    monkeypatch.setattr(heartbeat, "_last", [])
    mine.take(elected=False)
    assert stored(measures.HEARTBEAT) == {}
    monkeypatch.setattr(heartbeat, "_last", [time.monotonic() - 500])
    mine.take(elected=False)
    assert stored(measures.HEARTBEAT)["deliver@here"] == pytest.approx(time.time() - 500, abs=60)
    monkeypatch.setattr(heartbeat, "_last", [time.monotonic()])
    mine.take(elected=False)
    assert stored(measures.HEARTBEAT)["deliver@here"] < time.time() - 300, "not at each tick"
