"""Work of the transfer loop: what is done on this machine instead of a transfer, such as a file put into a folder.

It is done in a few threads, since a disk or a network share may stand still, and the loop must not.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from itertools import count
from typing import Final

from tasks.delivery.transfers.transfer import Answer, ErrorKind, OurFault, StartedTransfer, WorkFailed

THREADS: Final = 4
"""Pieces of work that are done at once."""


class LocalWork:
    """All work that one loop has begun and not ended. `begin` and the rest are for the loop's thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake`: called in another thread when a piece of work is done."""
        self._wake = wake
        self._threads: ThreadPoolExecutor | None = None
        self._going: dict[int, tuple[StartedTransfer, Future[str]]] = {}
        self._done: deque[int] = deque()
        self._numbers = count()

    def __len__(self) -> int:
        """How many pieces are begun and not taken."""
        return len(self._going)

    def begin(self, started: StartedTransfer) -> None:
        """Have the work of a transfer done."""
        assert started.transfer.work is not None
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, "work")
        started.waited = True
        number = next(self._numbers)
        future = self._threads.submit(copy_context().run, started.transfer.work)
        self._going[number] = started, future
        future.add_done_callback(lambda _: self._note_done(number))

    def _note_done(self, number: int) -> None:
        self._done.append(number)
        self._wake()

    def take(self) -> list[Callable[[float], Answer]]:
        """What has ended: for each the function that makes its Answer of the moment (by the monotonic clock)."""
        ended = []
        while self._done:
            going = self._going.pop(self._done.popleft(), None)
            if going is not None:
                ended.append(_answer(*going))
        return ended

    def first_end(self) -> float | None:
        """When the first is out of time, by the monotonic clock; None if nothing is done."""
        return min((one.started + one.transfer.deadline for one, _ in self._going.values()), default=None)

    def overdue(self, now: float) -> list[StartedTransfer]:
        """Give up those whose deadline is over: what their threads come to is not heard any more."""
        late = [number for number, (started, _) in self._going.items() if started.left(now) <= 0]
        return [self._given_up(number) for number in late]

    def abandon(self) -> list[StartedTransfer]:
        """Give up all."""
        return [self._given_up(number) for number in list(self._going)]

    def close(self) -> None:
        """Begin nothing more. Threads that stand still end with the process."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _given_up(self, number: int) -> StartedTransfer:
        started, future = self._going.pop(number)
        future.cancel()
        return started


def _answer(started: StartedTransfer, future: Future[str]) -> Callable[[float], Answer]:
    error = future.exception()
    if error is None:
        return lambda now: started.done(future.result(), now)
    if isinstance(error, WorkFailed):
        kind = ErrorKind.OURS if isinstance(error, OurFault) else ErrorKind.WORK
        return lambda now: started.failed(str(error), kind, now, os_error=error.os_error)
    number = error.errno or 0 if isinstance(error, OSError) else 0
    text = os.strerror(number).lower() if number else f"cannot be done: {type(error).__name__}"
    return lambda now: started.failed(text, ErrorKind.WORK, now, os_error=number)
