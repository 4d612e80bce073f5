"""When deliveries that share a few connections, such as those to the mail relay, get their turn.

A release may have 86,000 of them due at once. If a drain claimed them as fast as it can, they would wait in its
transfer loop until their deadlines, and whatever is due behind them would wait too: other outlets, urgent releases. So
no more wait in the loop than are taken within seconds, at the pace that was measured lately.

What is beyond that stays due in the ledger where all of a format goes over the same connections, as e-mails do: claims
leave the format out until some have gone. Deliveries to other servers, such as those of one that takes files, go back
to the ledger, each with a moment of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tasks.delivery.transfers.transfer import Pool
from tasks.runtime.time_source import TimeSource

QUEUE_SECONDS: Final = 3.0
"""So much work may wait in the loop: enough that no connection is idle while more is claimed."""
FIRST_GUESS: Final = 0.05
"""Seconds that a transfer takes on its connection, until some were seen."""
LEAST_QUEUE: Final = 4
"""Transfers for each connection that may wait at least."""
MEASURED_OVER: Final = 1.0
"""Seconds of one measurement."""
EAGER: Final = 1.2
"""They come back somewhat faster than the pace, so that the queue never runs dry."""
LONGEST: Final = 300.0
"""Seconds until one comes back at the latest: the pace may be another one by then."""


@dataclass(slots=True)
class _Pace:
    """What is known of one pool."""

    pool: Pool
    rate: float
    """Transfers a second."""
    since: float
    """When the measurement began, by the monotonic clock."""
    next_turn: float = 0.0
    """The first moment that nobody has yet, seconds since the epoch."""
    ended: int = 0
    measured: bool = False
    format: str | None = None
    """Of all deliveries that go over it, and of no others."""

    def most(self) -> float:
        """How many may wait."""
        return max(self.pool.connections * LEAST_QUEUE, self.rate * QUEUE_SECONDS)


class Turns:
    """The pools of one drain, and how fast each of them goes."""

    def __init__(self, time_source: TimeSource = time) -> None:
        self._monotonic = time_source.monotonic
        self._paces: dict[str, _Pace] = {}

    def ended(self, pool: Pool | None, waiting: int) -> None:
        """Count a transfer that ended while so many others of its pool were waiting.

        A pace is only one while there is a queue: without it, it is how fast transfers come and not how fast they go.
        """
        if pool is None:
            return
        pace, now = self._pace(pool), self._monotonic()
        if not waiting:
            pace.since, pace.ended = now, 0
            return
        pace.ended += 1
        if (seconds := now - pace.since) >= MEASURED_OVER:
            seen = pace.ended / seconds
            pace.rate = (pace.rate + seen) / 2 if pace.measured else seen
            pace.since, pace.ended, pace.measured = now, 0, True

    def started(self, pool: Pool, format: str) -> None:
        """Note that all deliveries in this format go over this pool."""
        self._pace(pool).format = format

    def full(self, waiting: Callable[[Pool], int]) -> frozenset[str]:
        """The formats of which no more are to be claimed for now. `waiting` says how many of a pool wait."""
        if not self._paces:
            return _NONE
        paces = self._paces.values()
        return frozenset(pace.format for pace in paces if pace.format and waiting(pace.pool) >= pace.most())

    def later(self, pool: Pool | None, waiting: int, now: float) -> float | None:
        """When a transfer of this pool, of which so many are waiting, is to come back; None: it may wait here. Moments
        are seconds since the epoch."""
        if pool is None:
            return None
        pace = self._pace(pool)
        if waiting < pace.most():
            return None
        turn = min(max(pace.next_turn, now + waiting / pace.rate), now + LONGEST)
        pace.next_turn = turn + 1 / (pace.rate * EAGER)
        return turn

    def _pace(self, pool: Pool) -> _Pace:
        known = self._paces.get(pool.name)
        if known is None:
            known = self._paces[pool.name] = _Pace(pool, pool.connections / FIRST_GUESS, self._monotonic())
        return known


_NONE: Final[frozenset[str]] = frozenset()
