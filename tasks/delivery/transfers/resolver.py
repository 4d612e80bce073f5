"""Look-up of host names for the transfer loop, many at once.

libcurl would do it, but with 20 threads for all transfers of a loop (CURLMOPT_RESOLVE_THREADS_MAX, which pycurl cannot
set) and with a look-up each for IPv4 and IPv6: at 50 ms a look-up that is 200 outlets a second, and 20 names whose
name servers are dead hold up all others for as long as those take. So the names are looked up here and handed to
libcurl with each transfer (CURLOPT_RESOLVE). This decides nothing about safety: the address policy is asked when
dialling.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final

from tasks.runtime.time_source import TimeSource

THREADS: Final = 100
"""Look-ups at once; a thread that waits for a name server costs some kilobytes. Started as they are needed."""
GOOD_SECONDS: Final = 60.0
"""How long addresses are believed: long enough for the languages of one release, short enough for a moved outlet."""
BAD_SECONDS: Final = 10.0
"""How long a failure is believed, so that the other languages of the same outlet need not wait for it again."""
MAX_ADDRESSES: Final = 6


class Resolver:
    """Looks up host names in threads. `find` gives what is known or begins a look-up; `fileno` becomes readable when
    `take` has something."""

    def __init__(self, *, getaddrinfo: Callable[..., Any] = socket.getaddrinfo, time_source: TimeSource = time) -> None:
        self._getaddrinfo = getaddrinfo
        self._monotonic = time_source.monotonic
        self._known: dict[str, tuple[float, tuple[str, ...] | str]] = {}
        self._wanted: SimpleQueue[str | None] = SimpleQueue()
        self._found: deque[tuple[str, tuple[str, ...] | str]] = deque()
        self._pending: set[str] = set()
        self._threads = 0
        self._signal = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._closing = threading.Lock()
        self._closed = False

    def fileno(self) -> int:
        """The file descriptor for epoll: readable when `take` has something."""
        return self._signal

    def find(self, host: str) -> tuple[str, ...] | str | None:
        """The addresses of `host`; or a text that says why there are none; or None, and `take` gives it later."""
        known = self._known.get(host)
        if known is not None:
            if self._monotonic() < known[0]:
                return known[1]
            del self._known[host]
        if host not in self._pending:
            self._pending.add(host)
            self._wanted.put(host)
            if self._threads < min(len(self._pending), THREADS):
                self._threads += 1
                threading.Thread(target=self._work, daemon=True, name="resolver").start()
        return None

    def take(self) -> list[tuple[str, tuple[str, ...] | str]]:
        """The look-ups that ended since the last call: host, and addresses or why there are none."""
        try:
            os.eventfd_read(self._signal)
        except BlockingIOError:
            return []
        ended = []
        while self._found:
            host, result = self._found.popleft()
            self._pending.discard(host)
            lifetime = BAD_SECONDS if isinstance(result, str) else GOOD_SECONDS
            self._known[host] = (self._monotonic() + lifetime, result)
            ended.append((host, result))
        return ended

    def close(self) -> None:
        """End the resolver's threads; one that waits for a name server ends when that has answered or given up."""
        with self._closing:
            self._closed = True
            os.close(self._signal)
        for _ in range(self._threads):
            self._wanted.put(None)

    def _work(self) -> None:
        while (host := self._wanted.get()) is not None:
            result = self._look_up(host)
            with self._closing:  # else the number of the closed descriptor may be somebody else's by now
                if self._closed:
                    return
                self._found.append((host, result))
                os.eventfd_write(self._signal, 1)

    def _look_up(self, host: str) -> tuple[str, ...] | str:
        try:
            found = self._getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                return "no name server answers for the host name"
            return "the host name cannot be resolved"
        except (OSError, UnicodeError):
            return "the host name cannot be looked up"
        addresses = dict.fromkeys(str(where[0]) for *_, where in found)
        return tuple(addresses)[:MAX_ADDRESSES] or "the host name has no address"
