"""Look-up of host names for the transfer loop, many at once.

libcurl would do it, but with 20 threads for all transfers of a loop (CURLMOPT_RESOLVE_THREADS_MAX, which pycurl cannot
set) and with a look-up each for IPv4 and IPv6: at 50 ms a look-up that is 200 outlets a second, and 20 names whose
name servers are dead hold up all others for as long as those take. So the names are looked up here and handed to
libcurl with each transfer (CURLOPT_RESOLVE). This decides nothing about safety: the address policy is asked when
dialling.

A name that is not resolved may be its owner's fault or ours: its zone is broken, or the name servers of this machine
are away. If they were, they would answer nothing about any name. So while a look-up goes on, every answer about another
name is a proof that they are there, and one name that no zone has (`PROBE`, RFC 6761) is asked for to get one.
"""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Final

from tasks.delivery.transfers.transfer import ErrorKind
from tasks.runtime.time_source import TimeSource

THREADS: Final = 100
"""Look-ups at once; a thread that waits for a name server costs some kilobytes. Started as they are needed."""
GOOD_SECONDS: Final = 60.0
"""How long addresses are believed: long enough for the languages of one release, short enough for a moved outlet."""
BAD_SECONDS: Final = 10.0
"""How long a failure is believed, so that the other languages of the same outlet need not wait for it again."""
OURS_SECONDS: Final = 2.0
"""How long it is believed that our name servers are away."""
PROVEN_SECONDS: Final = 1.0
"""How long before a look-up an answer may have come that proves for it that our name servers are there."""
PROBE: Final = "fanwire.invalid."
MAX_ADDRESSES: Final = 6


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Why a host name has no addresses."""

    text: str
    kind: ErrorKind
    """RESOLVE: the fault is that of the name; NAME_SERVER, OURS: it is on this side."""


AWAY: Final = Unresolved("our name servers do not answer", ErrorKind.NAME_SERVER)
Addresses = tuple[str, ...]


class Resolver:
    """Looks up host names in threads. `find` gives what is known or begins a look-up; `fileno` becomes readable when
    `take` has something."""

    def __init__(self, *, getaddrinfo: Callable[..., Any] = socket.getaddrinfo, time_source: TimeSource = time) -> None:
        self._getaddrinfo = getaddrinfo
        self._monotonic = time_source.monotonic
        self._known: dict[str, tuple[float, Addresses | Unresolved]] = {}
        self._wanted: SimpleQueue[str | None] = SimpleQueue()
        self._found: deque[tuple[str, Addresses | Unresolved]] = deque()
        self._pending: dict[str, float] = {}
        """When each look-up began."""
        self._answered = -math.inf
        """When a name server last answered."""
        self._probing = threading.Lock()
        self._threads = 0
        self._signal = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._closing = threading.Lock()
        self._closed = False

    def fileno(self) -> int:
        """The file descriptor for epoll: readable when `take` has something."""
        return self._signal

    def find(self, host: str) -> Addresses | Unresolved | None:
        """The addresses of `host`; or why there are none; or None, and `take` gives it later."""
        known = self._known.get(host)
        if known is not None:
            if self._monotonic() < known[0]:
                return known[1]
            del self._known[host]
        if host not in self._pending:
            self._pending[host] = self._monotonic()
            self._probe()  # first: a look-up that fails at once waits for the answer to a probe that is on its way
            self._wanted.put(host)
            if self._threads < min(len(self._pending), THREADS):
                self._threads += 1
                threading.Thread(target=self._work, daemon=True, name="resolver").start()
        return None

    def is_ours(self, host: str) -> bool:
        """Whether it is our name servers that keep the look-up of `host` waiting: they have answered nothing since."""
        return self._answered < self._pending.get(host, -math.inf) - PROVEN_SECONDS

    def take(self) -> list[tuple[str, Addresses | Unresolved]]:
        """The look-ups that ended since the last call: host, and addresses or why there are none."""
        try:
            os.eventfd_read(self._signal)
        except BlockingIOError:
            return []
        ended = []
        while self._found:
            host, result = self._found.popleft()
            if isinstance(result, Unresolved) and result.kind is ErrorKind.NAME_SERVER and not self.is_ours(host):
                result = Unresolved("no name server answers for the host name", ErrorKind.RESOLVE)
            self._pending.pop(host, None)
            lifetime = GOOD_SECONDS
            if isinstance(result, Unresolved):
                lifetime = BAD_SECONDS if result.kind is ErrorKind.RESOLVE else OURS_SECONDS
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
            if result is AWAY:
                with self._probing:  # until the probe that was begun with this look-up has its answer
                    pass
            with self._closing:  # else the number of the closed descriptor may be somebody else's by now
                if self._closed:
                    return
                self._found.append((host, result))
                os.eventfd_write(self._signal, 1)

    def _look_up(self, host: str) -> Addresses | Unresolved:
        try:
            found = self._getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        except socket.gaierror as error:
            if error.errno in _NO_ANSWER:
                return AWAY  # unless they answer about other names: `take` looks
            if error.errno in _OUR_OWN:
                return Unresolved(f"no look-up of host names is possible: {error.strerror}", ErrorKind.OURS)
            self._answered = self._monotonic()
            return Unresolved("the host name cannot be resolved", ErrorKind.RESOLVE)
        except UnicodeError:
            return Unresolved("the host name cannot be looked up", ErrorKind.RESOLVE)
        except OSError as error:
            return Unresolved(f"no look-up of host names is possible: {error.strerror}", ErrorKind.OURS)
        self._answered = self._monotonic()
        addresses = dict.fromkeys(str(where[0]) for *_, where in found)
        return tuple(addresses)[:MAX_ADDRESSES] or Unresolved("the host name has no address", ErrorKind.RESOLVE)

    def _probe(self) -> None:
        """Ask for the name that nobody has, unless that is being done, or an answer has just come."""
        if self._answered < self._monotonic() - PROVEN_SECONDS and self._probing.acquire(blocking=False):
            threading.Thread(target=self._ask_for_probe, daemon=True, name="resolver probe").start()

    def _ask_for_probe(self) -> None:
        try:
            self._look_up(PROBE)
        finally:
            self._probing.release()


_NO_ANSWER: Final = frozenset({socket.EAI_AGAIN, socket.EAI_FAIL})
_OUR_OWN: Final = frozenset({socket.EAI_MEMORY, socket.EAI_SYSTEM})
