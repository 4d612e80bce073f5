"""Limits of the door that this process keeps by itself: requests a minute, requests at once, and wrong tokens.

Several web servers count each for itself. What must hold for all together, the releases a day, is in the ledger.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException

from tasks.runtime.time_source import TimeSource
from workers.wrong_passwords import WrongPasswords

MINUTE = 60.0
REMEMBERED = 10_000
"""Tokens that are remembered as good."""


class TooMany(HTTPException):
    """A client has to wait; `seconds` says how long."""

    def __init__(self, detail: str, seconds: float, status: int = 429) -> None:
        super().__init__(status, detail, {"retry-after": str(max(1, -int(-seconds // 1)))})


class PerMinute:
    """Counts the requests of each producer in a minute."""

    def __init__(self, time_source: TimeSource = time) -> None:
        self._monotonic, self._lock = time_source.monotonic, threading.Lock()
        self._minute, self._counts = 0.0, Counter[str]()

    def note(self, producer: str, most: int) -> None:
        """Count a request; raises TooMany when it is one too many."""
        now = self._monotonic()
        with self._lock:
            if now - self._minute >= MINUTE:
                self._minute, self._counts = now, Counter()
            self._counts[producer] += 1
            number, left = self._counts[producer], self._minute + MINUTE - now
        if number > most:
            raise TooMany(f"you have made {most:,} requests within a minute, the most that are taken of you", left)


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
