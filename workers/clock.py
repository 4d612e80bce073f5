"""The clock: a thread in every worker that ticks, of which one at a time is elected to act.

Each tick sweeps the ledger (tasks/operations/sweep.py) and turns what it finds into hints; between two ticks the
elected clock looks for releases that came by the door, whose web server has no way to leave a hint. Correctness never
needs that only one acts: two clocks at once cost a little work and nothing else.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from celery import Celery, bootsteps
from kombu.exceptions import OperationalError
from sqlalchemy.exc import DBAPIError

from tasks import ledger, pipeline
from tasks.ledger import elections
from tasks.operations import sweep
from tasks.runtime.settings import settings
from workers.measures import Measures
from workers.measures import write as write_measures

log = structlog.get_logger()

LOOKS = 5
"""In so many parts of a tick the elected clock looks for what came by the door, which is to go out at once."""
TERM_TICKS = 5
"""An elected clock that has not ticked for so many ticks loses its office."""
RETENTION_EVERY = 120.0
"""Seconds between two runs of retention, which take no more than half of it."""
RETENTION_AFTER = 60.0
"""Seconds until the first run: not while the wire starts, which happens most when something is wrong."""
BOUNCES_EVERY = 60.0
"""Seconds between two looks into the mailbox of bounces."""

# A pool process forked in the middle of a sweep would inherit a locked database library. So a fork waits for the sweep,
# and then closes what is open of the ledger (tasks/ledger/connection.py), which else stays open for the next tick.
_sweeping = threading.Lock()
os.register_at_fork(before=_sweeping.acquire, after_in_parent=_sweeping.release, after_in_child=_sweeping.release)


def install(app: Celery) -> None:
    """Give every worker of the application a clock."""
    app.steps["worker"].add(Clock)


class Clock(bootsteps.StartStopStep):
    """The clock of a worker: starts and stops the ticking with it."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **_: Any) -> None:
        self._stopping = threading.Event()
        self._measures = Measures(worker.hostname, worker.app)
        self._elected, self._tick_seconds = False, 0.0
        """Whether this clock was elected at its last tick, and how long that took."""
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def start(self, worker: Any) -> None:
        """Start the clock; the worker calls this when its pool is up."""
        _Retention.due = time.monotonic() + RETENTION_AFTER
        self._thread.start()

    def stop(self, worker: Any) -> None:
        """Stop the clock; the worker calls this when it stops."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for _ in range(LOOKS - 1):
                if not self._stopping.wait(settings().tick / LOOKS) and self._elected:
                    _try(look)
            if not self._stopping.wait(settings().tick / LOOKS):
                _try(self._tick)

    def _tick(self) -> None:
        self._measure()
        began = time.monotonic()
        self._elected = tick() is not None
        self._tick_seconds = time.monotonic() - began

    def _measure(self) -> None:
        """Write what this worker measures. The broker is asked first, so that no fork waits for it."""
        found = self._measures.found(elected=self._elected, tick_seconds=self._tick_seconds)
        if not found:
            return
        with _sweeping:
            write_measures(found)


def _try(work: Callable[[], None]) -> None:
    try:
        work()
    except (DBAPIError, OperationalError, OSError) as error:
        log.warning("tick failed", error=str(error).splitlines()[0])
    except Exception:
        log.exception("tick failed")


def look() -> None:
    """Hint at what came by the door since the last tick."""
    with _sweeping:
        pipeline.hint_new()


def tick() -> sweep.Found | None:
    """Sweep the ledger once and hint at what is late, if this process holds the office; None if another one does."""
    with _sweeping:
        pipeline.take_in_journals()
        with ledger.read() as reading:
            now = ledger.now(reading)
            holder = elections.holder(reading, "clock", now)
        me = ledger.worker_name()
        if holder not in (None, me):
            return None
        with ledger.write() as connection:
            if not elections.run_for(connection, "clock", me, now, until=now + TERM_TICKS * settings().tick):
                return None
        found = pipeline.sweep_ledger(now)
    with _sweeping:
        pipeline.hint_all(found)
        if _Bounces.due <= time.monotonic():
            _Bounces.due = time.monotonic() + BOUNCES_EVERY
            pipeline.hint_bounces()
        if _Retention.due <= time.monotonic():
            _Retention.due = time.monotonic() + RETENTION_EVERY
            pipeline.hint_retention()
    with _sweeping:  # after the hints, so that no delivery waits for it
        pipeline.seal_ledger(now)
    return found


class _Retention:
    """When this process, if it holds the office then, next has retention run; by the monotonic clock."""

    due = math.inf


class _Bounces:
    """When this process, if it holds the office then, next has bounces read; by the monotonic clock."""

    due = 0.0
