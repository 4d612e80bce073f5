"""Work of the transfer loop: what is done on this machine instead of a transfer, such as a file put into a folder.

It is done in threads, since a disk or a network share may stand still, and the loop must not. Work of one group, such
as all that is done in one folder, has a few threads at most: what stands still there holds up nobody else.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from itertools import count
from threading import Event
from typing import Final
from urllib.parse import urlsplit

from tasks.delivery.transfers.transfer import Answer, ErrorKind, OurFault, StartedTransfer, WorkFailed

_GIVEN_UP: Final[ContextVar[Event]] = ContextVar("given up")

THREADS: Final = 128
"""Pieces of work that are done at once; threads are started as they are needed."""
THREADS_A_GROUP: Final = 4
"""Those of them that are in one group."""


def stop_if_given_up() -> None:
    """Raise WorkFailed if nobody waits any more for the work that this thread does: what it would change may have been
    changed by others since. Work that stood still asks before each step that anybody sees."""
    given_up = _GIVEN_UP.get(None)
    if given_up is not None and given_up.is_set():
        raise WorkFailed("was given up")


class LocalWork:
    """All work that one loop has begun and not ended. `begin` and the rest are for the loop's thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake`: called in another thread when a piece of work is done."""
        self._wake = wake
        self._threads: ThreadPoolExecutor | None = None
        self._going: dict[int, StartedTransfer] = {}
        """What somebody waits for: in a thread, or in the queue of its group."""
        self._in_threads: dict[int, tuple[str, Event]] = {}
        """The group of what a thread does, also if nobody waits for it any more; and how it is told of that."""
        self._busy: Counter[str] = Counter()
        self._queues: dict[str, deque[int]] = {}
        self._done: deque[tuple[int, Future[str]]] = deque()
        self._numbers = count()

    def __len__(self) -> int:
        """How many pieces are begun and not taken."""
        return len(self._going)

    def begin(self, started: StartedTransfer) -> None:
        """Have the work of a transfer done, when a thread of its group is free."""
        started.waited = True
        number, group = next(self._numbers), _group(started)
        self._going[number] = started
        self._queues.setdefault(group, deque()).append(number)
        self._go_on(group)

    def _go_on(self, group: str) -> None:
        """Give what waits in a group to the threads that it may have."""
        queue = self._queues.get(group, deque())
        while queue and self._busy[group] < THREADS_A_GROUP:
            number = queue.popleft()
            started = self._going.get(number)
            if started is not None:
                self._do(number, group, started)
        if not queue:
            self._queues.pop(group, None)

    def _do(self, number: int, group: str, started: StartedTransfer) -> None:
        assert started.transfer.work is not None
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, "work")
        self._busy[group] += 1
        context, given_up = copy_context(), Event()
        context.run(_GIVEN_UP.set, given_up)
        self._in_threads[number] = group, given_up
        future = self._threads.submit(context.run, started.transfer.work)
        future.add_done_callback(lambda done: self._note_done(number, done))

    def _note_done(self, number: int, done: Future[str]) -> None:
        self._done.append((number, done))
        self._wake()

    def take(self, *, go_on: bool = True) -> list[Callable[[float], Answer]]:
        """What has ended: for each the function that makes its Answer of the moment (by the monotonic clock).
        `go_on`: whether what waits may begin."""
        ended = []
        while self._done:
            number, done = self._done.popleft()
            group, _ = self._in_threads.pop(number)
            self._busy -= Counter((group,))
            if go_on:
                self._go_on(group)
            started = self._going.pop(number, None)
            if started is not None:
                ended.append(_answer(started, done))
        return ended

    def first_end(self) -> float | None:
        """When the first is out of time, by the monotonic clock; None if nothing is done."""
        return min((one.started + one.transfer.deadline for one in self._going.values()), default=None)

    def overdue(self, now: float) -> list[tuple[StartedTransfer, bool]]:
        """Give up those whose deadline is over, each with whether a thread had begun it: what that comes to is not
        heard any more."""
        late = [number for number, started in self._going.items() if started.left(now) <= 0]
        return [self._given_up(number) for number in late]

    def abandon(self) -> list[tuple[StartedTransfer, bool]]:
        """Give up all, each with whether a thread had begun it."""
        return [self._given_up(number) for number in list(self._going)]

    def close(self) -> None:
        """Begin nothing more. Threads that stand still end with the process."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _given_up(self, number: int) -> tuple[StartedTransfer, bool]:
        begun = self._in_threads.get(number)
        if begun is not None:
            begun[1].set()
        return self._going.pop(number), begun is not None


def _group(started: StartedTransfer) -> str:
    """What work waits for together: the group that its transfer names, else its host, or its folder."""
    transfer = started.transfer
    if transfer.group is not None:
        return transfer.group
    parts = urlsplit(transfer.url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else transfer.url


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
