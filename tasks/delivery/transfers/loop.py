"""The transfer loop: hundreds of transfers at once in one thread, over libcurl's multi interface.

It knows HTTP and nothing of releases. `start()` takes a Transfer, `turn()` lets them go on and gives an Answer for each
that ended. One bad transfer never raises: it becomes an Answer that says what happened.

The loop is epoll and `socket_action`: libcurl tells which sockets it waits for (M_SOCKETFUNCTION) and when it wants to
be woken (M_TIMERFUNCTION), so a turn costs what is ready, not what is in flight. `CurlMulti.select()` looks at every
socket, fails beyond descriptor 1023, and stood still for seconds when measured.

What counts as an answer: the status counts from the empty line after its headers on (RFC 9112, 8: the meaning of an
answer cut within its headers is unknown). From then on the outlet has said what it had to say, so whatever happens to
the answer's body — endless, dripping, reset, past the deadline — the outcome is that status.
"""

from __future__ import annotations

import errno
import heapq
import os
import re
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, Final

import pycurl

from tasks.delivery.transfers.resolver import Resolver

KEPT_BYTES: Final = 2048
"""This much of an answer's body is kept, for the person who reads why an outlet said no."""
BODY_GRACE: Final = 2.0
"""Seconds that an answer's body may take after its headers; then the transfer ends with the status it has. An outlet
that drips its body would otherwise hold a place in the loop until the deadline, and nothing it says changes the
outcome."""
KEPT_HEADERS: Final = frozenset({b"retry-after", b"location", b"content-type", b"server"})
KEPT_HEADER_BYTES: Final = 1024
IDLE_CONNECTIONS: Final = 256
"""Connections kept open after their transfer, for the next language to the same outlet."""


class ErrorKind(StrEnum):
    """Where a transfer failed."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    RESET = "reset"
    BLOCKED = "blocked"
    """`allowed` refused every address that the host has."""
    OURS = "ours"
    """Nothing the outlet did: a URL that is none, no descriptors left, abandoned at shutdown."""
    OTHER = "other"
    """The outlet answered with something that is not HTTP."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One request to make."""

    key: Any
    """Whatever the caller knows it by; the transfer loop only hands it back."""
    url: str
    """ASCII; http or https; no user or password in it."""
    headers: tuple[str, ...]
    """`Name: value`, ASCII; `Name;` for an empty value, as libcurl has it."""
    body: bytes
    deadline: float
    """Seconds for everything, from name look-up to the last byte of the answer."""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one transfer. Texts never hold secrets: they are made here, not taken from URL or headers."""

    transfer: Transfer
    status: int | None
    """Final HTTP status, if the whole header block was read."""
    error: str | None
    """What went wrong, short; None if nothing did. With a status: what ended the answer's body early."""
    error_kind: ErrorKind | None
    headers: dict[str, str]
    """Only retry-after, location, content-type and server; names in lower case."""
    answer: bytes
    """The first KEPT_BYTES of the answer's body."""
    sent: bool
    """The whole request went to the network: even without a status the outlet may have it."""
    address: str | None
    """The IP address connected to, or the one refused."""
    started_at: float
    """Seconds since the epoch."""
    seconds: float
    connected: float | None
    """Seconds from the start until the connection stood (with TLS), None if it never did; near 0 if one was reused."""


class TransferLoop:
    """All transfers of one drain.

    `in_flight_hint`: how many will be going at once, to size the stores of handles and connections.
    `connect_timeout`: seconds for name look-up, and again for connection and TLS together.
    `answer_cap_bytes`: an answer's body is read up to here.
    `trust`: PEM bundle of the authorities that we believe; read once per transfer loop, not once per host.
    `allowed`: asked with the very address about to be dialled, so what a name resolved to earlier does not matter.
    Not thread-safe, and must not cross a fork.
    """

    def __init__(
        self,
        *,
        in_flight_hint: int,
        connect_timeout: float,
        answer_cap_bytes: int,
        trust: Path,
        allowed: Callable[[str], bool],
    ) -> None:
        self._connect_timeout = connect_timeout
        self._answer_cap = answer_cap_bytes
        self._trust = str(trust)
        self._allowed = allowed
        self._spare_limit = in_flight_hint
        self._spare: list[_Line] = []
        self._busy: dict[Any, _Line] = {}
        self._reading: dict[_Line, float] = {}
        self._ready: deque[Answer] = deque()
        self._names = Resolver()
        self._looking: dict[str, list[_Waiting]] = {}
        self._look_up_ends: list[tuple[float, int, _Waiting]] = []
        self._numbers = count()
        self._waiting = 0
        self._wake_at: float | None = None
        self._epoll = select.epoll()
        self._epoll.register(self._names, select.EPOLLIN)
        self._watched: dict[int, int] = {}
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, in_flight_hint + IDLE_CONNECTIONS)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)

    @property
    def in_flight(self) -> int:
        """Transfers started whose Answer was not handed out yet."""
        return len(self._busy) + self._waiting + len(self._ready)

    def start(self, transfer: Transfer) -> None:
        """Begin a transfer; never raises for what is wrong with it, `turn()` tells."""
        waiting = _Waiting(transfer, time.time(), time.monotonic())
        place = _named_place(transfer.url)
        if place is None:
            self._begin(waiting, "")
            return
        waiting.host, waiting.port = place
        found = self._names.find(waiting.host)
        if found is None:
            self._waiting += 1
            self._looking.setdefault(waiting.host, []).append(waiting)
            until = waiting.started + min(self._connect_timeout, transfer.deadline)
            heapq.heappush(self._look_up_ends, (until, next(self._numbers), waiting))
        else:
            self._named(waiting, found)

    def turn(self, timeout: float) -> list[Answer]:
        """Let the transfers go on; wait at most `timeout` seconds for one to end; give all that ended."""
        until = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            self._poll(0.0 if self._ready else self._wait(now, until))
            self._collect()
            self._end_slow_bodies()
            self._end_slow_look_ups()
            if self._ready or time.monotonic() >= until:
                answers = list(self._ready)
                self._ready.clear()
                return answers

    def abandon_all(self) -> list[Answer]:
        """Break off every transfer; an Answer for each (`ours`), whose `sent` says what the outlet may have got."""
        why = "abandoned: the worker stops"
        self._collect()
        for line in list(self._busy.values()):
            self._finish(line, pycurl.E_ABORTED_BY_CALLBACK, "", why)
        for waiting in [waiting for many in self._looking.values() for waiting in many]:
            self._give_up(waiting, why, ErrorKind.OURS)
        answers = list(self._ready)
        self._ready.clear()
        return answers

    def close(self) -> None:
        """Break off what is left and close every connection; a second time does nothing."""
        if self._multi.closed:
            return
        self.abandon_all()
        for line in self._spare:
            line.curl.close()
        self._spare.clear()
        self._multi.close()
        self._epoll.close()
        self._names.close()

    # --- the loop

    def _wait(self, now: float, until: float) -> float:
        """Seconds to sleep at most: until the caller, libcurl or the oldest slow body wants attention."""
        if self._wake_at is not None:
            until = min(until, self._wake_at)
        if self._reading:
            until = min(until, next(iter(self._reading.values())) + BODY_GRACE)
        if self._look_up_ends:
            until = min(until, self._look_up_ends[0][0])
        return max(0.0, until - now)

    def _poll(self, wait: float) -> None:
        multi = self._multi
        names = self._names.fileno()
        for fd, events in self._epoll.poll(wait, len(self._watched) + 1):
            if fd == names:
                self._take_names()
                continue
            ready = _TO_CURL[events & 7] if events < 8 else _to_curl(events)
            multi.socket_action(fd, ready)
        if self._wake_at is not None and time.monotonic() >= self._wake_at:
            self._wake_at = None
            multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

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
        limit = time.monotonic() - BODY_GRACE
        while self._reading:
            line, since = next(iter(self._reading.items()))
            if since > limit:
                return
            if line.all_sent():
                self._finish(line, pycurl.E_OK, "", None)
            else:  # it answered early and still reads: let it
                del self._reading[line]
                self._reading[line] = time.monotonic()

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
        self._wake_at = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    # --- beginnings and ends

    def _take_names(self) -> None:
        for host, found in self._names.take():
            for waiting in self._looking.pop(host, ()):
                waiting.over = True
                self._waiting -= 1
                self._named(waiting, found)

    def _named(self, waiting: _Waiting, found: tuple[str, ...] | str) -> None:
        if isinstance(found, str):
            self._ready.append(waiting.answer(found, ErrorKind.RESOLVE))
        else:
            self._begin(waiting, f"{waiting.host}:{waiting.port}:{','.join(found)}")

    def _end_slow_look_ups(self) -> None:
        ends = self._look_up_ends
        while ends and (ends[0][2].over or ends[0][0] <= time.monotonic()):
            waiting = heapq.heappop(ends)[2]
            if not waiting.over:
                seconds = time.monotonic() - waiting.started
                text = f"timed out after {seconds:.3g} s looking up the host name"
                self._give_up(waiting, text, ErrorKind.TIMEOUT)

    def _give_up(self, waiting: _Waiting, why: str, kind: ErrorKind) -> None:
        """End a transfer whose name is not known yet. The look-up goes on, for whoever asks next."""
        waiting.over = True
        self._waiting -= 1
        others = self._looking[waiting.host]
        others.remove(waiting)
        if not others:
            del self._looking[waiting.host]
        self._ready.append(waiting.answer(why, kind))

    def _begin(self, waiting: _Waiting, resolved: str) -> None:
        line = self._spare.pop() if self._spare else self._new_line()
        try:
            line.load(waiting, resolved)
            self._multi.add_handle(line.curl)
        except (pycurl.error, UnicodeError, ValueError, TypeError) as error:
            # The text of the exception may quote a header, and with it a secret: only its kind is told.
            self._ready.append(waiting.answer(f"cannot be sent: {_why(error)}", ErrorKind.OURS))
            line.curl.close()
        else:
            self._busy[line.curl] = line

    def _new_line(self) -> _Line:
        return _Line(self._trust, self._connect_timeout, self._answer_cap, self._allowed, self._reading)

    def _finish(self, line: _Line, code: int, text: str, ours: str | None) -> None:
        """Take a transfer out of the loop, keep its Answer and its handle."""
        del self._busy[line.curl]
        self._reading.pop(line, None)
        answer = line.answer(code, text, ours)
        self._multi.remove_handle(line.curl)
        self._ready.append(answer)
        if len(self._spare) < self._spare_limit:
            self._spare.append(line)
        else:
            line.curl.close()


class _Waiting:
    """A transfer that was started; most wait no time at all."""

    __slots__ = ("host", "over", "port", "started", "started_at", "transfer")

    def __init__(self, transfer: Transfer, started_at: float, started: float) -> None:
        self.transfer = transfer
        self.started_at = started_at
        self.started = started
        self.host = ""
        self.port = 0
        self.over = False

    def answer(self, error: str, kind: ErrorKind) -> Answer:
        """The Answer if it ends before libcurl ever had it."""
        seconds = time.monotonic() - self.started
        return Answer(self.transfer, None, error, kind, {}, b"", False, None, self.started_at, seconds, None)


class _Line:
    """One curl handle and what it has heard so far. It is used again and again: `load` sets only what differs."""

    __slots__ = (
        "allowed", "body_kept", "body_size", "cap", "complete", "curl", "deadline_ms", "dialled", "headers", "method",
        "no_socket", "reading", "refused", "resolved", "started", "started_at", "status", "transfer",
    )  # fmt: skip

    def __init__(
        self,
        trust: str,
        connect_timeout: float,
        cap: int,
        allowed: Callable[[str], bool],
        reading: dict[_Line, float],
    ) -> None:
        self.allowed = allowed
        self.cap = cap
        self.reading = reading
        self.deadline_ms = 0
        self.method = "POST"
        self.resolved = ""
        self.curl = curl = pycurl.Curl()
        for option, value in _OPTIONS.items():
            curl.setopt(option, value)
        curl.setopt(pycurl.CAINFO, trust)
        # With a CAPATH (which builds may have compiled in) libcurl does not share the parsed bundle between hosts.
        curl.setopt(pycurl.CAPATH, None)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, round(connect_timeout * 1000)))
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self.on_dial)
        curl.setopt(pycurl.HEADERFUNCTION, self.on_header)
        curl.setopt(pycurl.WRITEFUNCTION, self.on_body)

    def load(self, waiting: _Waiting, resolved: str) -> None:
        """Make the handle ready for this transfer. Raises what pycurl raises, and ValueError for a forged header.

        `resolved`: `host:port:address,…`, empty if the URL has an address.
        """
        transfer = waiting.transfer
        headers = transfer.headers
        joined = "".join(headers)
        if "\r" in joined or "\n" in joined or "\0" in joined:
            raise ValueError("a header holds a line break")
        curl = self.curl
        curl.setopt(pycurl.URL, transfer.url)
        # Without `Expect:` libcurl asks "100-continue?" before a large body and waits a second for servers that
        # know no answer to it.
        curl.setopt(pycurl.HTTPHEADER, (*headers, "Expect:"))
        # pycurl keeps a reference to the bytes and libcurl reads from there: one rendition, no copies.
        curl.setopt(pycurl.POSTFIELDS, transfer.body)
        left = transfer.deadline
        if waiting.over:  # it waited for its name
            left -= time.monotonic() - waiting.started
        deadline_ms = max(1, round(left * 1000))
        if deadline_ms != self.deadline_ms:
            curl.setopt(pycurl.TIMEOUT_MS, deadline_ms)
            self.deadline_ms = deadline_ms
        if transfer.method != self.method:
            curl.setopt(pycurl.CUSTOMREQUEST, None if transfer.method == "POST" else transfer.method)
            self.method = transfer.method
        if resolved != self.resolved:
            self.set_resolved(resolved)
        self.transfer = transfer
        self.status = 0
        self.complete = False
        self.headers: dict[str, str] = {}
        self.body_kept = b""
        self.body_size = 0
        self.refused: str | None = None
        self.dialled: str | None = None
        self.no_socket: str | None = None
        self.started_at = waiting.started_at
        self.started = waiting.started

    def set_resolved(self, resolved: str) -> None:
        """Give libcurl the addresses, and take away those of this handle's transfer before.

        libcurl goes through its whole store of names at every transfer, so the store is to stay small.
        """
        entries = [resolved] if resolved else []
        if self.resolved:
            host, port, _ = self.resolved.split(":", 2)
            entries.insert(0, f"-{host}:{port}")
        self.curl.setopt(pycurl.RESOLVE, entries)
        self.resolved = resolved

    # --- what libcurl calls; an exception here would be printed and lost

    def on_dial(self, _purpose: int, address: Any) -> Any:
        """Open the socket that libcurl is about to connect, unless its address is refused."""
        family, kind, protocol, where = address
        try:
            ip = where[0] if isinstance(where, tuple) else ""
            if not self.allowed(ip):
                self.refused = ip
                return pycurl.SOCKET_BAD
            self.dialled = ip
            return socket.socket(family, kind, protocol)
        except OSError as error:
            self.no_socket = os.strerror(error.errno or 0).lower()
        except Exception as error:
            self.no_socket = f"the address check failed ({type(error).__name__})"
        return pycurl.SOCKET_BAD

    def on_header(self, raw: bytes) -> None:
        if self.complete:  # a trailer
            return
        if raw == b"\r\n" or raw == b"\n":
            if self.status >= 200:  # else it was 100 Continue, 103 Early Hints or the like
                self.complete = True
                self.reading[self] = time.monotonic()
            self.headers = self.headers if self.complete else {}
        elif raw.startswith(b"HTTP/"):
            digits = raw[5:].split(None, 2)[1:2]
            self.status = int(digits[0]) if digits and digits[0].isdigit() else 0
        else:
            name, _, value = raw.partition(b":")
            name = name.lower()
            if name in KEPT_HEADERS:
                self.headers[name.decode()] = value.strip()[:KEPT_HEADER_BYTES].decode("latin-1")

    def on_body(self, data: bytes) -> int | None:
        room = KEPT_BYTES - self.body_size
        if room > 0:
            self.body_kept += data[:room]
        self.body_size += len(data)
        return 0 if self.body_size > self.cap else None  # 0 of so many bytes taken: libcurl ends the transfer

    # --- the end

    def answer(self, code: int, text: str, ours: str | None) -> Answer:
        """What libcurl's result means. `ours`: we broke it off ourselves, and why."""
        curl, transfer = self.curl, self.transfer
        begun = curl.getinfo(pycurl.REQUEST_SIZE) > 0  # some of the request went out, so the connection stood
        sent = begun and self.all_sent()
        error: str | None = None
        kind: ErrorKind | None = None
        if ours is not None and not self.complete:
            error, kind = ours, ErrorKind.OURS
        elif code not in (pycurl.E_OK, pycurl.E_WRITE_ERROR) or not self.complete:
            error, kind = self.failure(code, text, begun, sent)
        return Answer(
            transfer=transfer,
            status=self.status if self.complete else None,
            error=error,
            error_kind=kind,
            headers=self.headers,
            answer=self.body_kept,
            sent=sent,
            address=self.refused if kind is ErrorKind.BLOCKED else curl.getinfo(pycurl.PRIMARY_IP) or self.dialled,
            started_at=self.started_at,
            seconds=time.monotonic() - self.started,
            connected=curl.getinfo(pycurl.PRETRANSFER_TIME) if begun else None,
        )

    def all_sent(self) -> bool:
        return bool(self.curl.getinfo(pycurl.SIZE_UPLOAD_T) >= len(self.transfer.body))

    def failure(self, code: int, text: str, begun: bool, sent: bool) -> tuple[str, ErrorKind]:
        """Our words for libcurl's error code; `text` is libcurl's, used only where it can hold no secret."""
        if code == pycurl.E_OPERATION_TIMEDOUT:
            seconds = time.monotonic() - self.started
            return f"timed out after {seconds:.3g} s {self.phase(begun, sent)}", ErrorKind.TIMEOUT
        if code in _RESETS or (code == pycurl.E_OK and self.status):  # E_OK: closed within the headers
            return f"connection closed {self.phase(begun, sent)}", ErrorKind.RESET
        if code in _TLS:
            return f"TLS: {text[:160] or 'failed'}", ErrorKind.TLS
        if code == pycurl.E_COULDNT_RESOLVE_HOST:
            return "the host name cannot be resolved", ErrorKind.RESOLVE
        if self.no_socket is not None:
            return f"no socket: {self.no_socket}", ErrorKind.OURS
        if code == pycurl.E_COULDNT_CONNECT:
            return self.not_connected()
        if begun:
            return f"the answer is not HTTP ({text[:100] or code})", ErrorKind.OTHER
        return f"cannot be sent: {text[:100] or code}", ErrorKind.OURS

    def not_connected(self) -> tuple[str, ErrorKind]:
        number = self.curl.getinfo(pycurl.OS_ERRNO)
        if self.refused is not None and self.dialled is None:
            return f"address {self.refused} is refused; FANWIRE_ALLOWED_NETWORKS may allow it", ErrorKind.BLOCKED
        if number == errno.EADDRNOTAVAIL and self.dialled and ":" not in self.dialled:
            return "no local port is free", ErrorKind.OURS  # for IPv6 the same number means that we have none
        return os.strerror(number).lower() if number else "cannot connect", ErrorKind.CONNECT

    def phase(self, begun: bool, sent: bool) -> str:
        if self.complete:
            return "within the answer's body"
        if sent:
            return "within the answer's headers" if self.status else "waiting for the answer"
        if begun:
            return "while sending"
        if self.dialled is None:
            return "before dialling"
        return "in the TLS handshake" if self.curl.getinfo(pycurl.CONNECT_TIME) else "connecting"


_OPTIONS: Final = {
    pycurl.POST: 1,
    pycurl.NOSIGNAL: 1,
    pycurl.FOLLOWLOCATION: 0,  # a followed redirect turns POST into GET and looks delivered
    pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
    pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
    pycurl.HTTP09_ALLOWED: 0,
    pycurl.PROXY: "",  # not None: empty means none, whatever http_proxy in the environment says
    pycurl.NOPROXY: "*",
    pycurl.NETRC: pycurl.NETRC_IGNORED,
    278: 1,  # CURLOPT_DISALLOW_USERNAME_IN_URL, which pycurl has no name for: credentials come as headers only
    pycurl.SSL_VERIFYPEER: 1,
    pycurl.SSL_VERIFYHOST: 2,
    pycurl.SSLVERSION: pycurl.SSLVERSION_TLSv1_2,
    # No post-quantum key share: it costs a seventh of the handshake, its larger first message is what old servers and
    # boxes before them choke on, and an embargo is over in days.
    pycurl.SSL_EC_CURVES: "X25519:P-256:P-384:P-521",
    pycurl.HTTP_CONTENT_DECODING: 0,  # bytes are counted as they come: nothing unpacks to gigabytes
    pycurl.NOPROGRESS: 1,
    pycurl.DNS_CACHE_TIMEOUT: 0,  # resolver.py remembers; the store of libcurl costs a fifth of a transfer
}
_RESETS: Final = frozenset({
    pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR, pycurl.E_GOT_NOTHING, pycurl.E_PARTIAL_FILE, pycurl.E_SEND_FAIL_REWIND,
})  # fmt: skip
_TLS: Final = frozenset({
    pycurl.E_SSL_CONNECT_ERROR, pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CIPHER, pycurl.E_SSL_ISSUER_ERROR,
    pycurl.E_SSL_CERTPROBLEM, pycurl.E_SSL_INVALIDCERTSTATUS, pycurl.E_USE_SSL_FAILED,
})  # fmt: skip
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
"""For the few values that nearly every event has, a look-up."""


@lru_cache(maxsize=16384)
def _named_place(url: str) -> tuple[str, int] | None:
    """Host and port if the host is a name to be looked up. None for addresses, and for what only libcurl can judge."""
    match = _NAMED.match(url)
    if match is None:
        return None
    scheme, host, port = match.groups()
    last = host.rpartition(".")[2]
    if last[:1].isdigit() or last in ("", "localhost"):  # also 0x7f.1; libcurl knows localhost by itself
        return None
    return host, int(port) if port else 443 if scheme == "https" else 80


_NAMED: Final = re.compile(r"(https?)://([A-Za-z0-9._-]+)(?::([0-9]{1,5}))?(?:[/?#]|$)")


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "URL or a header is not ASCII"
    if isinstance(error, pycurl.error):
        return f"libcurl refused it ({error.args[0]})" if error.args else "libcurl refused it"
    return "a header holds a line break" if isinstance(error, ValueError) else "URL or a header is of the wrong type"
