"""How fast retention goes: in bulks so small that no drain waits for the ledger, and in the gaps that drains leave.

A bulk is found without a lock and taken in one short transaction. Its size follows the time that the last one took.
Before each bulk the ledger is asked whether deliveries are due; while they are, the bulk waits, though not for ever: on
a wire that is never idle a bulk goes every few seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import retained_rows

LONGEST_LOCK = 0.020
"""Seconds for which a transaction should hold the ledger at most."""
GOOD_LOCK = 0.008
"""Seconds of work that a bulk should be; the next one is smaller after a longer one, and larger after a shorter one."""
SMALLEST, LARGEST = 100, 2_000
"""Rows of a bulk."""
FIRST = 200
PATIENCE = 5.0
"""Seconds for which a bulk waits while deliveries are due."""
LOOK_AGAIN = 0.05
"""Seconds between two looks at whether deliveries are still due."""
SHORTEST_GAP = 0.005
"""Seconds for which the ledger is left to others after each bulk; longer if the bulk took longer."""

T = TypeVar("T")


class Enough(Exception):
    """The time of this run is over, it is asked to stop, or a worker has something better to do."""


@dataclass
class Pace:
    """The pace of one run: its bulks, and what they came to."""

    seconds: float
    """How long the run may take."""
    stopping: Callable[[], bool] = lambda: False
    yields: bool = True
    """Whether the run ends as soon as renditions could be built: its worker builds them."""
    longest: float = 0.0
    """The longest that a bulk held the ledger, in seconds."""
    bulks: int = 0
    waited: float = 0.0
    """Seconds for which bulks waited for deliveries."""
    _began: float = field(default_factory=time.monotonic)
    _size: int = FIRST

    def through(
        self, find: Callable[[Connection, int], Sequence[T]], take: Callable[[Connection, Sequence[T]], None]
    ) -> int:
        """Take all that is found, bulk by bulk; how much it was. Raises Enough with the rest still there."""
        total = 0
        while True:
            self.room()
            with ledger.read() as connection:
                some = find(connection, self._size)
            if not some:
                return total
            self.once(lambda connection: take(connection, some))  # noqa: B023, it is called at once
            total += len(some)

    def once(self, take: Callable[[Connection], None]) -> None:
        """Do one short thing in a transaction of its own, and leave a gap behind it."""
        with ledger.write() as connection:
            began = time.monotonic()  # from here on others wait
            take(connection)
            worked = time.monotonic() - began
        took = time.monotonic() - began
        self.bulks += 1
        self.longest = max(self.longest, took)
        self._adjust(worked)  # what the disk takes to sync does not depend on the size
        time.sleep(max(SHORTEST_GAP, took))

    def room(self) -> None:
        """Wait until no delivery is due, for a few seconds at most. Raises Enough when the run is over."""
        waits_until = time.monotonic() + PATIENCE
        while True:
            if self.stopping() or time.monotonic() - self._began > self.seconds:
                raise Enough
            with ledger.read() as connection:
                now = ledger.now(connection)
                if self.yields and retained_rows.anything_to_format(connection, now):
                    raise Enough
                due = retained_rows.anything_due(connection, now)
            if not due or time.monotonic() > waits_until:
                return
            time.sleep(LOOK_AGAIN)
            self.waited += LOOK_AGAIN

    def _adjust(self, took: float) -> None:
        if took > LONGEST_LOCK:
            self._size //= 4
        elif took > GOOD_LOCK:
            self._size = self._size * 3 // 4
        elif took < GOOD_LOCK / 2:
            self._size = self._size * 5 // 4 + 1
        self._size = min(LARGEST, max(SMALLEST, self._size))
