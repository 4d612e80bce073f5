"""The transfer loop: hundreds of transfers at once in one thread, over libcurl's multi interface.

It knows protocols and nothing of releases. `start()` takes a Transfer, `turn()` lets them go on and gives an Answer for
each that ended. One bad transfer never raises: it becomes an Answer that says what happened. A transfer may be followed
by others (`Transfer.then`): they share its deadline, and only the last one's Answer comes out.

The loop is epoll and `socket_action`: libcurl tells which sockets it waits for (M_SOCKETFUNCTION) and when it wants to
be woken (M_TIMERFUNCTION), so a turn costs what is ready, not what is in flight. `CurlMulti.select()` looks at every
socket, fails beyond descriptor 1023, and stood still for seconds when measured.

What counts as an answer: the status counts from the empty line after its headers on (RFC 9112, 8: the meaning of an
answer cut within its headers is unknown). From then on the outlet has said what it had to say, so whatever happens to
the answer's body — endless, dripping, reset, past the deadline — the outcome is that status.
"""

from __future__ import annotations

import heapq
import os
import re
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, Final

import pycurl
import structlog

from tasks.delivery.transfers.failures import explain_refusal
from tasks.delivery.transfers.handle import Handle
from tasks.delivery.transfers.lanes import Lanes
from tasks.delivery.transfers.local_work import LocalWork
from tasks.delivery.transfers.pools import Pools
from tasks.delivery.transfers.protocols import PORTS, Protocol, protocol_of
from tasks.delivery.transfers.resolver import AWAY, Addresses, Resolver, Unresolved
from tasks.delivery.transfers.transfer import Answer, ErrorKind, Pool, StartedTransfer, Transfer
from tasks.runtime.plugins import fault_in
from tasks.runtime.time_source import TimeSource

log = structlog.get_logger()

BODY_GRACE: Final = 2.0
"""Seconds that an answer's body may take after its headers; then the transfer ends with the status it has. An outlet
that drips its body would otherwise hold a place in the loop until the deadline, and nothing it says changes the
outcome."""
IDLE_CONNECTIONS: Final = 256
"""Connections kept open after their transfer, for the next language to the same outlet; more only as long as there are
no more in all than may be in flight, for each over TLS holds a tenth of a megabyte."""


class TransferLoop:
    """All transfers of one drain. Not thread-safe but for `wake`, and must not cross a fork."""

    def __init__(
        self,
        *,
        in_flight_hint: int,
        connect_timeout: float,
        answer_cap_bytes: int,
        trust: Path,
        allowed: Callable[[str], bool],
        body_grace: float = BODY_GRACE,
        idle_connections: int = IDLE_CONNECTIONS,
        resolver: Resolver | None = None,
        time_source: TimeSource = time,
    ) -> None:
        """`in_flight_hint`: how many will be going at once, to size the stores of handles and connections.
        `connect_timeout`: seconds for name look-up, and again for connection and TLS together.
        `answer_cap_bytes`: an answer's body is read up to here.
        `trust`: PEM bundle of the authorities that we believe; read once per transfer loop, not once per host.
        `allowed`: asked with the very address about to be dialled, so what a name resolved to earlier does not matter.
        `resolver`: closed with the loop. `time_source`: libcurl has its own for connecting and for deadlines.
        """
        self._connect_timeout = connect_timeout
        self._answer_cap = answer_cap_bytes
        self._trust = str(trust)
        self._allowed = allowed
        self._body_grace = body_grace
        self._time = time_source
        self._monotonic = time_source.monotonic
        self._spare_limit = in_flight_hint
        self._spare: dict[Protocol, list[Handle]] = {}
        self._busy: dict[Any, Handle] = {}
        self._reading: dict[Handle, float] = {}
        self._ended: deque[Answer] = deque()
        self._resolver = resolver or Resolver(time_source=time_source)
        self._looking_up: dict[str, list[StartedTransfer]] = {}
        self._look_up_ends: list[tuple[float, int, StartedTransfer]] = []
        self._numbers = count()
        self._waiting = 0
        self._pools = Pools()
        self._work = LocalWork(self.wake)
        self._lanes = Lanes(self.wake, self._new_handle, self._monotonic)
        self._wake_at: float | None = None
        self._epoll = select.epoll()
        self._epoll.register(self._resolver, select.EPOLLIN)
        self._signal = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._waking = threading.Lock()
        self._woken = False
        self._abandoning = False
        self._epoll.register(self._signal, select.EPOLLIN)
        self._watched: dict[int, int] = {}
        self._shared: set[int] = set()
        """Sockets of connections that may carry several transfers at once, and some that are closed by now."""
        self._unread: set[int] = set()
        """Those on which a transfer may have ended since libcurl last read."""
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, max(in_flight_hint, idle_connections))
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)

    @property
    def in_flight(self) -> int:
        """Number of transfers started whose Answer was not handed out yet."""
        return (
            len(self._busy) + self._waiting + len(self._pools) + len(self._work) + len(self._lanes) + len(self._ended)
        )

    def waiting_for(self, pool: Pool | None) -> int:
        """Number of transfers of this pool that wait for a connection."""
        return 0 if pool is None else self._pools.waiting(pool)

    def start(self, transfer: Transfer) -> None:
        """Begin a transfer; never raises for what is wrong with it, `turn()` says."""
        self._start(StartedTransfer(transfer, self._time.time(), self._monotonic()))

    def _start(self, started: StartedTransfer) -> None:
        if self._pools.take_place(started):
            self._start_in_place(started)

    def _start_in_place(self, started: StartedTransfer) -> None:
        """Begin a transfer that has its place in its pool, if it has one."""
        if started.transfer.work is not None:
            self._work.begin(started)
        else:
            self._look_up(started)

    def _look_up(self, started: StartedTransfer) -> None:
        """Look up the host's name, if it is one and not known yet, and begin."""
        place = _host_to_look_up(started.transfer.url)
        if place is None:
            self._begin(started, "")
            return
        started.host, started.port = place
        found = self._resolver.find(started.host)
        if found is None:
            self._waiting += 1
            self._looking_up.setdefault(started.host, []).append(started)
            until = self._monotonic() + min(self._connect_timeout, started.left(self._monotonic()))
            heapq.heappush(self._look_up_ends, (until, next(self._numbers), started))
        else:
            self._begin_at(started, found)

    def turn(self, timeout: float, unless: Callable[[], bool] = lambda: False) -> list[Answer]:
        """Let the transfers go on; wait at most `timeout` seconds for one to end or for `wake`; return the Answers of
        all that ended.

        `unless`: asked after each wait, in which a process may have been frozen. If it is true, nothing is sent or
        read, and the turn ends.
        """
        until = self._monotonic() + timeout
        while True:
            now = self._monotonic()
            if not self._poll(0.0 if self._ended else self._longest_wait(now, until), unless):
                return self._hand_out()
            self._collect()
            self._take_worked()
            self._end_slow_bodies()
            self._end_slow_look_ups()
            self._end_slow_queues()
            if self._ended or self._woken or self._monotonic() >= until:
                self._woken = False
                return self._hand_out()

    def wake(self) -> None:
        """End the turn that is going on, or the next one, at once. Any thread may call this, also after `close`."""
        with self._waking:  # else the number of the closed descriptor may be somebody else's by now
            if not self._multi.closed:
                os.eventfd_write(self._signal, 1)

    def abandon_all(self) -> list[Answer]:
        """Break off every transfer; returns an Answer for each (`ours`), whose `sent` says what the outlet may have
        got."""
        why = "abandoned: the worker stops"
        self._abandoning = True
        self._collect()
        self._take_worked()
        for handle in list(self._busy.values()):
            self._finish(handle, pycurl.E_ABORTED_BY_CALLBACK, "", why)
        for started in [started for many in self._looking_up.values() for started in many]:
            self._give_up_look_up(started, why, ErrorKind.OURS)
        for started in self._pools.empty():
            self._end(started.failed(why, ErrorKind.OURS, self._monotonic()))
        for started, begun in (*self._lanes.abandon(), *self._work.abandon()):
            sent = begun and started.transfer.decisive
            self._end(started.failed(why, ErrorKind.OURS, self._monotonic(), sent=sent))
        self._abandoning = False
        return self._hand_out()

    def close(self) -> None:
        """Break off what is left and close every connection; a second call does nothing."""
        if self._multi.closed:
            return
        self.abandon_all()
        for handle in [handle for spare in self._spare.values() for handle in spare]:
            handle.curl.close()
        self._spare.clear()
        self._work.close()
        self._lanes.close()
        with self._waking:
            self._multi.close()
        self._epoll.close()
        os.close(self._signal)
        self._resolver.close()

    def _hand_out(self) -> list[Answer]:
        answers = list(self._ended)
        self._ended.clear()
        return answers

    # --- the loop

    def _longest_wait(self, now: float, until: float) -> float:
        """Seconds to sleep at most: until the caller, libcurl, a look-up or the oldest slow body wants attention; none
        if libcurl may have read what it has not looked at."""
        if self._unread:
            return 0.0
        if self._wake_at is not None:
            until = min(until, self._wake_at)
        if self._reading:
            until = min(until, next(iter(self._reading.values())) + self._body_grace)
        if self._look_up_ends:
            until = min(until, self._look_up_ends[0][0])
        for ends in (self._work.first_end(), self._lanes.first_end(), self._pools.first_end()):
            if ends is not None:
                until = min(until, ends)
        return max(0.0, until - now)

    def _poll(self, wait: float, unless: Callable[[], bool]) -> bool:
        """Wait, and have libcurl do what it can; false if nothing was done because `unless` is true by now."""
        multi = self._multi
        resolver = self._resolver.fileno()
        found = self._epoll.poll(wait, len(self._watched) + 2)
        if unless():
            return False
        for fd, events in found:
            if fd == resolver:
                self._take_resolved()
                continue
            if fd == self._signal:
                self._woken = bool(os.eventfd_read(self._signal))
                continue
            ready = _TO_CURL[events & 7] if events < 8 else _to_curl(events)
            multi.socket_action(fd, ready)
            if fd in self._shared:
                self._unread.add(fd)
        if self._unread:
            self._read_unread()
        if self._wake_at is not None and self._monotonic() >= self._wake_at:
            self._wake_at = None
            multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        return True

    def _read_unread(self) -> None:
        """Have libcurl read on where a transfer may have ended while others go on over the same connection.

        When a stream of HTTP/2 ends, with or without an answer, libcurl stops reading. What it has taken from the
        socket by then, such as the answer to another stream, stays in its buffers, and nothing tells it to go on: the
        socket has no more to read.
        """
        sockets, self._unread = self._unread, set()
        for fd in sockets & self._watched.keys():
            self._multi.socket_action(fd, pycurl.CSELECT_IN)

    def _collect(self) -> None:
        more = True
        while more:
            more, done, failed = self._multi.info_read()
            for curl in done:
                self._finish(self._busy[curl], pycurl.E_OK, "", None)
            for curl, code, text in failed:
                self._finish(self._busy[curl], code, text, None)

    def _end_slow_bodies(self) -> None:
        if not self._reading:
            return
        limit = self._monotonic() - self._body_grace
        while self._reading:
            handle, since = next(iter(self._reading.items()))
            if since > limit:
                return
            if handle.all_sent():
                self._finish(handle, pycurl.E_OK, "", None)
            else:  # it answered early and still reads: let it
                del self._reading[handle]
                self._reading[handle] = self._monotonic()

    def _on_socket(self, wanted: int, fd: int, _multi: Any, _data: Any) -> None:
        try:
            if wanted == pycurl.POLL_REMOVE:
                if self._watched.pop(fd, None) is not None:
                    self._epoll.unregister(fd)
                return
            mask = _TO_EPOLL[wanted]
            known = self._watched.get(fd)
            if known is None:
                self._epoll.register(fd, mask)
            elif known != mask:
                self._epoll.modify(fd, mask)
            self._watched[fd] = mask
        except OSError:  # closed under us; its transfer ends by its own error or deadline
            self._watched.pop(fd, None)

    def _on_timer(self, milliseconds: int) -> None:
        self._wake_at = None if milliseconds < 0 else self._monotonic() + milliseconds / 1000

    # --- look-up of names

    def _take_resolved(self) -> None:
        for host, found in self._resolver.take():
            for started in self._looking_up.pop(host, ()):
                started.look_up_ended = started.waited = True
                self._waiting -= 1
                self._begin_at(started, found)

    def _end_slow_look_ups(self) -> None:
        ends = self._look_up_ends
        while ends and (ends[0][2].look_up_ended or ends[0][0] <= self._monotonic()):
            started = heapq.heappop(ends)[2]
            if not started.look_up_ended:
                seconds = self._monotonic() - started.started
                text = f"timed out after {seconds:.3g} s looking up the host name"
                if self._resolver.is_ours(started.host):
                    self._give_up_look_up(started, f"{text}: {AWAY.text}", AWAY.kind)
                else:
                    self._give_up_look_up(started, text, ErrorKind.TIMEOUT)

    def _give_up_look_up(self, started: StartedTransfer, why: str, kind: ErrorKind) -> None:
        """End a transfer whose name is not known yet. The look-up goes on, for whoever asks next."""
        started.look_up_ended = True
        self._waiting -= 1
        others = self._looking_up[started.host]
        others.remove(started)
        if not others:
            del self._looking_up[started.host]
        self._end(started.failed(why, kind, self._monotonic()))

    # --- beginnings and ends

    def _begin_at(self, started: StartedTransfer, found: Addresses | Unresolved) -> None:
        """Begin a transfer to the addresses that were found, or end it because there are none."""
        if isinstance(found, Unresolved):
            self._end(started.failed(found.text, found.kind, self._monotonic()))
        else:
            self._begin(started, f"{started.host}:{started.port}:{','.join(found)}")

    def _begin(self, started: StartedTransfer, resolved: str) -> None:
        protocol = protocol_of(started.transfer.url)
        if not protocol.http:
            self._lanes.begin(started, resolved)
            return
        spare = self._spare.setdefault(protocol, [])
        handle = spare.pop() if spare else self._new_handle(protocol)
        try:
            handle.prepare(started, resolved)
            self._multi.add_handle(handle.curl)
        except (pycurl.error, UnicodeError, ValueError, TypeError) as error:
            why = f"cannot be sent: {explain_refusal(error)}"
            handle.curl.close()
            self._end(started.failed(why, ErrorKind.OURS, self._monotonic()))
        else:
            self._busy[handle.curl] = handle

    def _new_handle(self, protocol: Protocol) -> Handle:
        return Handle(
            protocol,
            trust=self._trust,
            connect_timeout=self._connect_timeout,
            answer_cap_bytes=self._answer_cap,
            allowed=self._allowed,
            reading=self._reading,
            shared=self._shared,
            monotonic=self._monotonic,
        )

    def _finish(self, handle: Handle, code: int, text: str, abandoned: str | None) -> None:
        """Take a transfer out of the loop, keep its Answer and its handle."""
        del self._busy[handle.curl]
        self._reading.pop(handle, None)
        answer = handle.answer(code, text, abandoned)
        if self._shared and (fd := handle.descriptor()) in self._shared:
            self._unread.add(fd)
        self._multi.remove_handle(handle.curl)
        spare = self._spare[handle.protocol]
        if len(spare) < self._spare_limit:
            spare.append(handle)
        else:
            handle.curl.close()
        self._end(answer)

    def _end(self, answer: Answer) -> None:
        """Keep the Answer of a transfer, or start what follows it; and let the next of its pool begin."""
        following = None if self._abandoning else _following(answer)
        if following is None:
            self._ended.append(answer)
        else:
            began = self._monotonic() - answer.seconds
            started = StartedTransfer(following, answer.started_at, began, waited=True)
            if following.pool is not None and following.pool == answer.transfer.pool:
                self._start_in_place(started)
                return
            self._start(started)
        if answer.transfer.pool is not None and not self._abandoning:
            for next_one in self._pools.give_back(answer.transfer, self._monotonic()):
                self._start_in_place(next_one)

    # --- work that is done beside the loop, and transfers that wait for their turn

    def _take_worked(self) -> None:
        now = self._monotonic()
        for ended in self._work.take(go_on=not self._abandoning):
            self._end(ended(now))
        for answer in self._lanes.take():
            self._end(answer)
        for started, begun in (*self._lanes.overdue(now), *self._work.overdue(now)):
            text, kind = f"after {now - started.started:.3g} s", ErrorKind.TIMEOUT if begun else ErrorKind.OURS
            text = f"timed out {text}" if begun else f"no thread became free {text}"
            self._end(started.failed(text, kind, now, sent=begun and started.transfer.decisive))

    def _end_slow_queues(self) -> None:
        now = self._monotonic()
        for started in self._pools.overdue(now):
            text = f"no connection became free within {now - started.started:.3g} s"
            self._ended.append(started.failed(text, ErrorKind.OURS, now))  # it has no place in its pool to give back


def _following(answer: Answer) -> Transfer | None:
    """What is to be transferred next; nothing if that cannot be told, and the log says why."""
    if answer.transfer.then is None:
        return None
    try:
        return answer.transfer.then(answer)
    except Exception as error:  # of one transport, and hundreds of transfers of others are in flight
        log.error("next step of a delivery cannot be made", fault=fault_in(error))
        return None


_TO_EPOLL: Final = {
    pycurl.POLL_NONE: 0,
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}


def _to_curl(events: int) -> int:
    ready = 0
    if events & (select.EPOLLIN | select.EPOLLPRI | select.EPOLLHUP | select.EPOLLRDHUP):
        ready |= pycurl.CSELECT_IN
    if events & select.EPOLLOUT:
        ready |= pycurl.CSELECT_OUT
    if events & (select.EPOLLERR | select.EPOLLHUP):
        ready |= pycurl.CSELECT_ERR
    return ready


_TO_CURL: Final = tuple(_to_curl(events) for events in range(8))
"""For the few values that nearly every event has, a table."""


@lru_cache(maxsize=16384)
def _host_to_look_up(url: str) -> tuple[str, int] | None:
    """Host and port if the host is a name to be looked up. None for addresses, and for what only libcurl can judge."""
    match = _NAMED.match(url)
    if match is None:
        return None
    scheme, host, port = match.groups()
    last = host.rpartition(".")[2]
    if last[:1].isdigit() or last in ("", "localhost"):  # also 0x7f.1; libcurl knows localhost by itself
        return None
    return host, int(port) if port else PORTS[scheme]


_NAMED: Final = re.compile(rf"({'|'.join(PORTS)})://([A-Za-z0-9._-]+)(?::([0-9]{{1,5}}))?(?:[/?#]|$)")
