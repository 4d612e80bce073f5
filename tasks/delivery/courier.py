"""The courier: hundreds of transfers at once in one thread, over libcurl's multi interface.

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
import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import pycurl

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
    """Whatever the caller knows it by; the courier only hands it back."""
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


class Courier:
    """All transfers of one drain.

    `in_flight_hint`: how many will be going at once, to size the stores of handles and connections.
    `connect_timeout`: seconds for name look-up, connection and TLS together.
    `answer_cap_bytes`: an answer's body is read up to here.
    `trust`: PEM bundle of the authorities that we believe; read once per courier, not once per host.
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
        self._wake_at: float | None = None
        self._epoll = select.epoll()
        self._watched: dict[int, int] = {}
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, in_flight_hint + IDLE_CONNECTIONS)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)

    @property
    def in_flight(self) -> int:
        """Transfers started whose Answer was not handed out yet."""
        return len(self._busy) + len(self._ready)

    def start(self, transfer: Transfer) -> None:
        """Begin a transfer; never raises for what is wrong with it, `turn()` tells."""
        line = self._spare.pop() if self._spare else self._new_line()
        try:
            line.load(transfer)
            self._multi.add_handle(line.curl)
        except (pycurl.error, UnicodeError, ValueError, TypeError) as error:
            # The text of the exception may quote a header, and with it a secret: only its kind is told.
            self._ready.append(_refused(transfer, f"cannot be sent: {_why(error)}"))
            line.curl.close()
        else:
            self._busy[line.curl] = line

    def turn(self, timeout: float) -> list[Answer]:
        """Let the transfers go on; wait at most `timeout` seconds for one to end; give all that ended."""
        until = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            self._poll(0.0 if self._ready else self._wait(now, until))
            self._collect()
            self._end_slow_bodies()
            if self._ready or time.monotonic() >= until:
                answers = list(self._ready)
                self._ready.clear()
                return answers

    def abandon_all(self) -> list[Answer]:
        """Break off every transfer; an Answer for each (`ours`), whose `sent` says what the outlet may have got."""
        self._collect()
        for line in list(self._busy.values()):
            self._finish(line, pycurl.E_ABORTED_BY_CALLBACK, "", "abandoned: the worker stops")
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

    # --- the loop

    def _wait(self, now: float, until: float) -> float:
        """Seconds to sleep at most: until the caller, libcurl or the oldest slow body wants attention."""
        if self._wake_at is not None:
            until = min(until, self._wake_at)
        if self._reading:
            until = min(until, next(iter(self._reading.values())) + BODY_GRACE)
        return max(0.0, until - now)

    def _poll(self, wait: float) -> None:
        multi = self._multi
        for fd, events in self._epoll.poll(wait, max(1, len(self._watched))):
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
            self._finish(line, pycurl.E_OK, "", None)

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

    # --- ends

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


class _Line:
    """One curl handle and what it has heard so far. It is used again and again: `load` sets only what differs."""

    __slots__ = (
        "allowed", "body_kept", "body_size", "cap", "complete", "curl", "deadline_ms", "dialled", "headers", "method",
        "no_socket", "reading", "refused", "started", "started_at", "status", "transfer",
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

    def load(self, transfer: Transfer) -> None:
        """Make the handle ready for this transfer. Raises what pycurl raises, and ValueError for a forged header."""
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
        deadline_ms = max(1, round(transfer.deadline * 1000))
        if deadline_ms != self.deadline_ms:
            curl.setopt(pycurl.TIMEOUT_MS, deadline_ms)
            self.deadline_ms = deadline_ms
        if transfer.method != self.method:
            curl.setopt(pycurl.CUSTOMREQUEST, None if transfer.method == "POST" else transfer.method)
            self.method = transfer.method
        self.transfer = transfer
        self.status = 0
        self.complete = False
        self.headers: dict[str, str] = {}
        self.body_kept = b""
        self.body_size = 0
        self.refused: str | None = None
        self.dialled: str | None = None
        self.no_socket: str | None = None
        self.started_at = time.time()
        self.started = time.monotonic()

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
        sent = begun and curl.getinfo(pycurl.SIZE_UPLOAD_T) >= len(transfer.body)
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
            return f"address {self.refused} is refused", ErrorKind.BLOCKED
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
            return "looking up the host name"
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
    pycurl.HTTP_CONTENT_DECODING: 0,  # bytes are counted as they come: nothing unpacks to gigabytes
    pycurl.NOPROGRESS: 1,
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


def _refused(transfer: Transfer, why: str) -> Answer:
    """The Answer of a transfer that never began."""
    return Answer(transfer, None, why, ErrorKind.OURS, {}, b"", False, None, time.time(), 0.0, None)


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "URL or a header is not ASCII"
    if isinstance(error, pycurl.error):
        return f"libcurl refused it ({error.args[0]})" if error.args else "libcurl refused it"
    return "a header holds a line break" if isinstance(error, ValueError) else "URL or a header is of the wrong type"
