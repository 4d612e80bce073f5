"""The window: how many transfers may be going at once, so that slow outlets do not keep the others waiting.

A transfer that has had no answer for SLOW_AFTER seconds costs next to nothing: a socket and a place in a table. It no
longer counts against the window, so outlets that hang to their deadline, however many, hold up nobody; only a much
larger bound, set by the descriptors this process may open, holds for all together.
"""

from __future__ import annotations

import resource
import time

from tasks.runtime.time_source import TimeSource

SLOW_AFTER = 2.0
"""Seconds. Most outlets answer in a fraction of one."""
SLOW_FACTOR = 8
"""All transfers together may be so many times the window."""
SPARE_DESCRIPTORS = 200
"""Descriptors left for the ledger, the broker, logs, and connections kept open after their transfer."""


class Window:
    """Counts transfers in flight by the number of their delivery. `size`: how many that are not slow may go at once."""

    def __init__(self, size: int, *, time_source: TimeSource = time) -> None:
        self._size = size
        self._monotonic = time_source.monotonic
        self._most = max(size, min(size * SLOW_FACTOR, _descriptors() - SPARE_DESCRIPTORS))
        self._fresh: dict[int, float] = {}  # by time of start: a dictionary keeps its order
        self._slow: set[int] = set()

    def enter(self, delivery_id: int) -> None:
        """Count a transfer that began."""
        self._fresh[delivery_id] = self._monotonic()

    def leave(self, delivery_id: int) -> None:
        """Count a transfer as ended."""
        if self._fresh.pop(delivery_id, None) is None:
            self._slow.discard(delivery_id)

    def room(self) -> int:
        """How many transfers may begin now."""
        limit = self._monotonic() - SLOW_AFTER
        while self._fresh and next(iter(self._fresh.values())) < limit:
            delivery_id = next(iter(self._fresh))
            del self._fresh[delivery_id]
            self._slow.add(delivery_id)
        return max(0, min(self._size - len(self._fresh), self._most - len(self._fresh) - len(self._slow)))


def _descriptors() -> int:
    """How many files and sockets this process may open; asks for all that it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else 1_000_000
