"""What only workers can measure for `GET /metrics`: their heartbeats, and what the broker knows.

The clock of each worker writes it into the ledger now and then. The web server shows it from there, and so needs no way
to the broker. (workers/web/metrics.py)
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from celery import Celery

from tasks import ledger, pipeline
from tasks.delivery.admission import breaker
from tasks.delivery.admission.shared_state import SharedState
from tasks.ledger import metrics
from workers import broker, heartbeat
from workers.queues import STAGES
from workers.releases_queue import RELEASES

EVERY, EVERY_OTHER = 5.0, 15.0
"""Seconds between two looks at the broker, by the clock that is elected and by each other: a tick of the elected one
waits for a broker that hangs, and then others must say so."""
BEAT_EVERY = 10.0
"""Seconds between two notes of a worker's last heartbeat."""
FORGOTTEN_AFTER = 900.0
"""Seconds after which the heartbeat of a worker that is gone, and any other last value, is struck."""

HEARTBEAT = "heartbeat"
"""Last value by `WORKER@HOST`: when its last heartbeat was, seconds since the epoch."""
SILENT = 60.0
"""Seconds without a heartbeat after which a worker counts as silent."""
QUEUE = "queue"
"""Last value by queue: messages that wait."""
BREAKER = "breaker"
"""Last value by `KIND STATE`: hosts and outlets that the breaker knows."""
BROKER = "broker"
"""Last value: 1 if the broker answered, else 0."""
WRITE = "ledger_write"
"""Last value: the seconds of the slowest sweep or small write since the last look, the wait for others included."""


class Measures:
    """What the clock of one worker measures."""

    def __init__(self, worker: str, app: Celery) -> None:
        self._worker, self._app = worker, app
        self._looked, self._beat_at, self._slowest = -EVERY_OTHER, 0.0, 0.0

    def found(self, *, elected: bool, tick_seconds: float = 0.0) -> dict[str, dict[str, float]]:
        """What is to be written now: {name: {label: value}}. Waits a second at most, for a broker that hangs.

        `tick_seconds`: how long this tick of the clock has taken.
        """
        now = time.monotonic()
        values: dict[str, dict[str, float]] = {}
        silent = heartbeat.silent_for()
        if now >= self._beat_at and silent is not None:
            self._beat_at = now + BEAT_EVERY
            values[HEARTBEAT] = {self._worker: -silent}
        if elected:
            self._slowest = max(self._slowest, tick_seconds)
        if now >= self._looked + (EVERY if elected else EVERY_OTHER):
            self._looked = now
            values |= broker_values(pipeline.shared_state(self._app.conf), broker.queue_lengths((*STAGES, RELEASES)))
            if elected:
                values[WRITE], self._slowest = {"": self._slowest}, 0.0
        return values


def broker_values(shared_state: SharedState, lengths: Mapping[str, int] | None) -> dict[str, dict[str, float]]:
    """What the broker and the drains' Redis know: {name: {label: value}}. `lengths`: of queues; None: the broker does
    not answer."""
    known = breaker.counted(shared_state, time.time())
    values: dict[str, dict[str, float]] = {BROKER: {"": 0.0 if lengths is None else 1.0}}
    if lengths is not None:
        values[QUEUE] = {queue: float(n) for queue, n in lengths.items()}
    if known is not None:
        values[BREAKER] = {f"{kind} {state}": float(n) for (kind, state), n in known.items()}
    return values


def write(values: dict[str, dict[str, float]]) -> None:
    """Write last values into the ledger. Heartbeats come as seconds before now. Raises DBAPIError while it is away."""
    began = time.monotonic()
    with ledger.write() as connection:
        now = ledger.now(connection)
        if beats := values.get(HEARTBEAT):
            values = values | {HEARTBEAT: {worker: now + before for worker, before in beats.items()}}
        if slowest := values.get(WRITE):
            values = values | {WRITE: {"": max(slowest[""], time.monotonic() - began)}}
            metrics.forget(connection, now - FORGOTTEN_AFTER)
        for name, labels in values.items():
            metrics.put(connection, name, labels, now)
