"""Lanes of the transfer loop: transfers over FTP, SFTP and SMTP, each in a thread.

At the end of such a transfer libcurl stands still until the server has answered: the reply after a file or an e-mail,
or a farewell. In the loop one slow server would hold up all others. Connections are kept for the next transfer to the
same server.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Final

import pycurl

from tasks.delivery.transfers.failures import explain_refusal
from tasks.delivery.transfers.handle import Handle
from tasks.delivery.transfers.protocols import Protocol, protocol_of
from tasks.delivery.transfers.transfer import Answer, ErrorKind, StartedTransfer

THREADS: Final = 64
"""Transfers that go at once in one loop; the others wait, and their deadlines with them."""
IDLE: Final = 64
"""Handles that are kept with their connections, for the next transfer to the same server."""
GRACE: Final = 2.0
"""Seconds after the deadline at which the loop does not wait any more for what libcurl says."""


class Lanes:
    """All such transfers of one loop. `begin` and the rest are for the loop's thread."""

    def __init__(
        self, wake: Callable[[], None], new_handle: Callable[[Protocol], Handle], monotonic: Callable[[], float]
    ) -> None:
        """`wake`: called in another thread when a transfer has ended."""
        self._wake = wake
        self._new_handle = new_handle
        self._monotonic = monotonic
        self._threads: ThreadPoolExecutor | None = None
        self._going: dict[int, tuple[StartedTransfer, Handle]] = {}
        self._begun: set[int] = set()
        """Those whose turn came; what waits for a thread is not among them."""
        self._ended: deque[tuple[int, Answer]] = deque()
        self._idle: OrderedDict[Handle, str] = OrderedDict()
        self._numbers = count()

    def __len__(self) -> int:
        """How many are begun and not taken."""
        return len(self._going)

    def begin(self, started: StartedTransfer, resolved: str) -> None:
        """Have a transfer made. `resolved`: as `Handle.prepare` takes it."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, "lane")
        started.waited = True
        number, handle = next(self._numbers), self._handle(started.transfer.url)
        self._going[number] = started, handle
        self._threads.submit(self._carry, number, started, handle, resolved)

    def _handle(self, url: str) -> Handle:
        """A handle with a connection to the server of this URL, or a new one."""
        server = _server(url)
        for handle, place in reversed(self._idle.items()):
            if place == server:
                del self._idle[handle]
                return handle
        return self._new_handle(protocol_of(url))

    def _carry(self, number: int, started: StartedTransfer, handle: Handle, resolved: str) -> None:
        """Make a transfer, in its thread."""
        if number in self._going:  # else it was given up before its turn came
            self._begun.add(number)
            answer = self._made(started, handle, resolved)
            if number in self._going:  # else nobody waits for it, and the loop may be closed
                self._ended.append((number, answer))
                self._wake()

    def _made(self, started: StartedTransfer, handle: Handle, resolved: str) -> Answer:
        code, text = pycurl.E_OK, ""
        now = self._monotonic()
        if started.left(now) <= 0:
            return started.failed(f"no thread became free within {now - started.started:.3g} s", ErrorKind.OURS, now)
        try:
            handle.prepare(started, resolved)
        except (pycurl.error, UnicodeError, ValueError, TypeError) as error:
            why = f"cannot be sent: {explain_refusal(error)}"
            return started.failed(why, ErrorKind.OURS, self._monotonic())
        try:
            handle.curl.perform()
        except pycurl.error as error:
            code, text = error.args[0], str(error.args[1])
        return handle.answer(code, text, None)

    def take(self) -> list[Answer]:
        """The answers of those that have ended."""
        answers = []
        while self._ended:
            number, answer = self._ended.popleft()
            going = self._going.pop(number, None)
            self._begun.discard(number)
            if going is None:
                continue  # it was given up
            self._keep(going[1], _server(answer.transfer.url))
            answers.append(answer)
        return answers

    def _keep(self, handle: Handle, server: str) -> None:
        self._idle[handle] = server
        while len(self._idle) > IDLE:
            self._close(self._idle.popitem(last=False)[0])

    def _close(self, handle: Handle) -> None:
        """Close a handle with its connections, in a thread, for it says farewell."""
        if self._threads is not None:
            self._threads.submit(handle.curl.close)

    def first_end(self) -> float | None:
        """When the first is given up, by the monotonic clock; None if none is going."""
        return next((one.started + one.transfer.deadline + GRACE for one, _ in self._going.values()), None)

    def overdue(self, now: float) -> list[tuple[StartedTransfer, bool]]:
        """Give up those whose deadline is long over; each with whether its turn had come. `now`: by the monotonic
        clock."""
        late = [number for number, (started, _) in self._going.items() if started.left(now) + GRACE <= 0]
        return [self._given_up(number) for number in late]

    def abandon(self) -> list[tuple[StartedTransfer, bool]]:
        """Give up all; each with whether its turn had come."""
        return [self._given_up(number) for number in list(self._going)]

    def close(self) -> None:
        """Begin nothing more. Threads end when their servers have said farewell, or soon after."""
        if self._threads is None:
            return
        while self._idle:
            self._close(self._idle.popitem()[0])
        self._threads.shutdown(wait=False)

    def _given_up(self, number: int) -> tuple[StartedTransfer, bool]:
        started, handle = self._going.pop(number)
        begun = number in self._begun
        self._begun.discard(number)
        with contextlib.suppress(OSError):
            handle.hang_up()
        return started, begun


def _server(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
