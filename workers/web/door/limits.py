"""Limits of the door: requests a minute, which all web servers count together in the ledger, and what each of them
counts for itself: requests at once, and wrong tokens."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.exceptions import HTTPException

from tasks import ledger
from tasks.ledger import producer_rows
from tasks.runtime.time_source import TimeSource
from workers.wrong_passwords import WrongPasswords

MINUTE = 60.0
PORTIONS = 20
"""A web server takes one in so many of a producer's permits for a minute at once."""
REMEMBERED = 10_000
"""Tokens that are remembered as good."""


class TooMany(HTTPException):
    """A client has to wait; `seconds` says how long."""

    def __init__(self, detail: str, seconds: float, status: int = 429) -> None:
        super().__init__(status, detail, {"retry-after": str(max(1, -int(-seconds // 1)))})


@dataclass
class _Permits:
    """What this process may still serve of a producer in a minute."""

    minute: int
    left: int
    no_more: bool = False


class PerMinute:
    """Counts the requests of each producer in a minute, for all web servers together: each takes some permits at once
    from the ledger, so that not every request is a write, and all of a small limit can be used."""

    def __init__(self) -> None:
        self._lock, self._of = threading.Lock(), dict[str, _Permits]()

    def note(self, producer: str, most: int, now: float) -> None:
        """Count a request at `now`, by the clock of the ledger; raises TooMany when it is one too many."""
        minute = int(now // MINUTE)
        permits = self._take(producer, minute)
        if permits is None:
            permits = self._permit(producer, minute, most)
        if not permits:
            left = (minute + 1) * MINUTE - now
            raise TooMany(f"you have made {most:,} requests within a minute, the most that are taken of you", left)

    def _take(self, producer: str, minute: int) -> bool | None:
        """Use up a permit; False if there are no more in this minute, None if the ledger has to be asked."""
        with self._lock:
            known = self._of.setdefault(producer, _Permits(minute, 0))
            if known.minute < minute:
                known = self._of[producer] = _Permits(minute, 0)
            if known.left:
                known.left -= 1
                return True
            return False if known.no_more else None

    def _permit(self, producer: str, minute: int, most: int) -> bool:
        """Take some permits from the ledger, and use up one; False if there are no more."""
        with ledger.write() as connection:
            given = producer_rows.permit(connection, producer, minute, max(1, most // PORTIONS), most)
        with self._lock:
            known = self._of[producer]
            if known.minute == minute:  # else the next minute has begun, of which this says nothing
                known.left += max(0, given - 1)
                known.no_more = not given
        return given > 0


class InProgress:
    """Counts requests that take a thread, or memory, so that no producer takes what all need."""

    def __init__(self, *, of_all: int, of_one: int) -> None:
        """How many there may be at once, of all producers and of one."""
        self._of_all, self._of_one = of_all, of_one
        self._lock, self._counts = threading.Lock(), Counter[str]()

    @contextmanager
    def one(self, producer: str) -> Iterator[None]:
        """Count a request of a producer meanwhile; raises TooMany while it, or everybody, has too many."""
        with self._lock:
            if self._counts[producer] >= self._of_one:
                raise TooMany(f"{self._of_one} of your requests are under way; send fewer at once", 1)
            if self._counts.total() >= self._of_all:
                raise TooMany("the wire is busy; try again in a moment", 2, status=503)
            self._counts[producer] += 1
        try:
            yield
        finally:
            with self._lock:
                self._counts[producer] -= 1
                self._counts += Counter()  # which strikes those that are 0


class WrongTokens:
    """Slows whoever sends wrong tokens, and nobody else at the same address: what was good lately is looked at."""

    def __init__(self, time_source: TimeSource = time) -> None:
        self._wrong, self._lock = WrongPasswords(time_source), threading.Lock()
        self._good: OrderedDict[str, None] = OrderedDict()

    def check(self, address: str, sha256: str) -> None:
        """Raise TooMany if nothing from this address is looked at but tokens that are known here."""
        with self._lock:
            wait = 0.0 if sha256 in self._good else self._wrong.wait(address)
        if wait:
            raise TooMany("too many wrong tokens came from your address; try again later", wait)

    def note(self, address: str, sha256: str, *, good: bool) -> None:
        """Note whether a token was good."""
        with self._lock:
            if not good:
                self._good.pop(sha256, None)
                self._wrong.note(address)
                return
            self._good[sha256] = None
            self._good.move_to_end(sha256)
            while len(self._good) > REMEMBERED:
                self._good.popitem(last=False)
