"""What only workers can measure for `GET /metrics`: their heartbeats, and what the broker knows.

The clock of each worker writes it into the ledger now and then. The web server shows it from there, and so needs no way
to the broker. (workers/web/metrics.py)
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from tasks import ledger, pipeline
from tasks.delivery.admission import breaker
from tasks.ledger import metrics
from workers import heartbeat
from workers.queues import STAGES
from workers.releases_queue import RELEASES

log = structlog.get_logger()

EVERY = 5.0
"""Seconds between two looks at the broker, by the clock that is elected."""
BEAT_EVERY = 10.0
"""Seconds between two notes of a worker's last heartbeat."""
FORGOTTEN_AFTER = 900.0
"""Seconds after which the heartbeat of a worker that is gone, and any other last value, is struck."""

HEARTBEAT = "heartbeat"
"""Last value by `WORKER@HOST`: when its last heartbeat was, seconds since the epoch."""
QUEUE = "queue"
"""Last value by queue: messages that wait."""
BREAKER = "breaker"
"""Last value by `KIND STATE`: hosts and outlets that the breaker knows."""
BROKER = "broker"
"""Last value: 1 if the broker answered, else 0."""
WRITE = "ledger_write"
"""Last value: seconds that a small transaction took, the wait for other writers included."""


class Measures:
    """What the clock of one worker measures."""

    def __init__(self, worker: str, app: Celery) -> None:
        self._worker, self._app = worker, app
        self._look_at = self._beat_at = 0.0

    def take(self, *, elected: bool) -> None:
        """Write what is to be written now, if anything. Raises DBAPIError while the ledger is away."""
        now = time.monotonic()
        values: dict[str, dict[str, float]] = {}
        silent = heartbeat.silent_for()
        if now >= self._beat_at and silent is not None:
            self._beat_at = now + BEAT_EVERY
            values[HEARTBEAT] = {self._worker: -silent}
        if elected and now >= self._look_at:
            self._look_at = now + EVERY
            values |= broker_values(self._app)
        if values:
            write(values)


def broker_values(app: Celery) -> dict[str, dict[str, float]]:
    """What the broker knows: {name: {label: value}}."""
    try:
        waiting = {queue: float(pipeline.waiting(queue)) for queue in (*STAGES, RELEASES)}
        resting = breaker.counted(pipeline.shared_state(app.conf), time.time())
    except (OperationalError, RedisError, OSError) as error:
        log.warning("broker not measured", error=str(error).splitlines()[0])
        return {BROKER: {"": 0.0}}
    known = {f"{kind} {state}": float(n) for (kind, state), n in (resting or {}).items()}
    return {BROKER: {"": 1.0}, QUEUE: waiting, BREAKER: known}


def write(values: dict[str, dict[str, Any]]) -> None:
    """Write last values into the ledger. Heartbeats come as seconds before now."""
    began = time.monotonic()
    with ledger.write() as connection:
        now = ledger.now(connection)
        if beats := values.get(HEARTBEAT):
            values = values | {HEARTBEAT: {worker: now + before for worker, before in beats.items()}}
        for name, labels in values.items():
            metrics.put(connection, name, labels, now)
        if BROKER in values:
            metrics.put(connection, WRITE, {"": time.monotonic() - began}, now)
            metrics.forget(connection, now - FORGOTTEN_AFTER)
