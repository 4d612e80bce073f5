"""Ties Celery's own heartbeat to the file that `workers/health.py` looks at.

Celery sends it from the consumer's main loop, and only while the consumer is connected: it stops when the broker is
away, and when the loop hangs. A thread of our own would go on beating in a worker that takes no work any more.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery import signals

from workers import health

log = structlog.get_logger()

_last: list[float] = []
"""When the last heartbeat was sent, by the monotonic clock; empty before the first."""


def install() -> None:
    """Let this worker note that it is well. Call before the worker starts: Celery looks for listeners only when it
    builds its heart."""
    signals.heartbeat_sent.connect(_beat)


def silent_for() -> float | None:
    """Seconds since this worker's last heartbeat; None before the first."""
    return time.monotonic() - _last[0] if _last else None


def _beat(sender: Any, **_: Any) -> None:
    _last[:] = [time.monotonic()]
    name = sender.eventer.hostname.partition("@")[0]
    try:
        health.beat(name)
    except OSError as error:  # a full disk must not stop a worker; the check notices that
        log.warning("heartbeat not written", error=str(error))
