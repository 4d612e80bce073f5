"""The farm's server: one epoll loop that plays thousands of outlets.

It shares two cores with the system under test, so it is a bare loop with a parser for exactly the requests that a wire
sends (POST with Content-Length); what a request costs stands in farm.py.

A receipt is noted when the whole body of a POST was read. Its `outcome` tells how it ended:
`pending` (not answered yet) · `answered` (`answered` holds the status) · `hang`, `reset` (the outlet's manner: read,
and no answer) · `left` (the sender closed the connection before the answer was out).
"""

from __future__ import annotations

import base64
import heapq
import hmac
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from http import HTTPStatus
from itertools import count
from multiprocessing.connection import Connection as Pipe
from typing import Any

from farm_manners import DELAYED, Manner, SimulatedOutlet
from farm_receipts import blank
from farm_sites import Asked, Reply, Sites, rendition_in
from farm_transports import SPECIAL

READ = 65_536
HEAD_MAX, BODY_MAX = 65_536, 64 << 20
IDLE_SECONDS = 30.0
"""A kept-alive connection without a request is closed after this long."""
SIGNATURE_TOLERANCE = 300.0
"""Seconds that a webhook timestamp may be off (Standard Webhooks suggests five minutes)."""
_HUGE_BLOCK = b"x" * 65_536
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_BLOCKED = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_IN, _OUT, _GONE = select.EPOLLIN, select.EPOLLOUT, select.EPOLLHUP | select.EPOLLERR
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Farm:
    """All that one farm process knows: its outlets, connections, timers and receipts."""

    def __init__(self, outlets: list[SimulatedOutlet]):
        self.outlets = {outlet.id: outlet for outlet in outlets}
        self.epoll = select.epoll()
        self.ready: dict[int, Callable[[int], None]] = {}
        self.timers: list[tuple[float, int, Callable[[], None]]] = []
        self.connections: set[Connection] = set()
        self.numbers = count()
        self.running = True
        special = any(outlet.transport in SPECIAL for outlet in outlets)
        self.sites = Sites(self.outlets, self._manner_of) if special else None
        self.reset()

    def _manner_of(self, outlet: SimulatedOutlet, what: str) -> str:
        return outlet.manner.after(self.attempt(outlet, (what,)))

    def reset(self) -> None:
        """Forget every receipt; the next attempt at anything is a first one again."""
        self.generation = getattr(self, "generation", 0) + 1
        self.changed: dict[int, dict[str, Any]] = {}
        self.attempts: dict[tuple[str, ...], int] = {}
        self.counters = {"connections": 0, "aborted": 0, "probes": 0}
        for outlet in self.outlets.values():
            outlet.in_flight_most = outlet.in_flight

    def listen(self, listener: socket.socket, context: ssl.SSLContext | None, only: SimulatedOutlet | None) -> None:
        """Serve a listening socket; `only` is the outlet when no other shares the address."""
        listener.setblocking(False)
        kind = Connection if context is None else TlsConnection

        def accept(_events: int) -> None:
            try:
                sock, _ = listener.accept()
            except OSError:
                return  # gone again before it was accepted
            self.counters["connections"] += 1
            kind(self, sock, context, only)

        self.ready[listener.fileno()] = accept
        self.epoll.register(listener, _IN)

    def serve(self, pipe: Pipe) -> None:
        """Run until the parent says stop or is gone."""
        self.ready[pipe.fileno()] = lambda _events: self._order(pipe)
        self.epoll.register(pipe, _IN)
        self.at(time.monotonic() + IDLE_SECONDS, self._close_idle)
        while self.running:
            wait = max(0.0, self.timers[0][0] - time.monotonic()) if self.timers else -1
            for descriptor, events in self.epoll.poll(wait, 512):
                handler = self.ready.get(descriptor)  # None: closed by an earlier event of the same round
                if handler:
                    handler(events)
            now = time.monotonic()
            while self.timers and self.timers[0][0] <= now:
                heapq.heappop(self.timers)[2]()

    def at(self, when: float, action: Callable[[], None]) -> None:
        heapq.heappush(self.timers, (when, next(self.numbers), action))

    def _order(self, pipe: Pipe) -> None:
        """What the parent asks: the receipts that are new or changed, a reset, another manner, or to stop."""
        try:
            order, argument = pipe.recv()
        except EOFError:
            self.running = False
            return
        if order == "receipts":
            changed, self.changed = self.changed, {}
            peaks = {outlet.id: outlet.in_flight_most for outlet in self.outlets.values() if outlet.in_flight_most > 1}
            pipe.send((self.generation, changed, self.counters, peaks))
        elif order == "reset":
            self.reset()
            pipe.send(None)
        elif order == "manners":
            for name, manner in argument.items():
                if name in self.outlets:
                    self.outlets[name].manner = manner
            pipe.send(None)
        elif order == "stop":
            self.running = False

    def _close_idle(self) -> None:
        limit = time.monotonic() - IDLE_SECONDS
        for connection in [c for c in self.connections if c.receipt is None and c.since < limit and not c.silent]:
            connection.close()
        self.at(time.monotonic() + IDLE_SECONDS / 4, self._close_idle)

    def attempt(self, outlet: SimulatedOutlet, identity: tuple[str, ...]) -> int:
        """How many attempts came before this one, by what the outlet's manner counts."""
        key = (outlet.id,) if outlet.manner.per == "outlet" else (outlet.id, *identity)
        earlier = self.attempts.get(key, 0)
        self.attempts[key] = earlier + 1
        return earlier


class Connection:
    """One connection: reads requests, notes receipts, answers as the outlet's manner says."""

    def __init__(self, farm: Farm, sock: socket.socket, context: ssl.SSLContext | None, only: SimulatedOutlet | None):
        self.farm, self.sock, self.buffer, self.out = farm, sock, b"", b""
        self.since = time.monotonic()
        self.receipt: dict[str, Any] | None = None
        self.outlet: SimulatedOutlet | None = None
        self.generation, self.stream, self.blocked, self.close_after = 0, 0, False, False
        self.only, self.silent = only, only is not None and only.manner.silent
        sock.setblocking(False)
        farm.connections.add(self)
        self._open(context)

    def _open(self, _context: ssl.SSLContext | None) -> None:
        self._register()
        if not self.silent:
            self._read()  # a sender on the same machine has mostly sent by now: this saves a round of epoll

    def _register(self) -> None:
        self.descriptor = self.sock.fileno()
        self.farm.ready[self.descriptor] = self.ready
        self.farm.epoll.register(self.descriptor, select.EPOLLRDHUP if self.silent else _IN | select.EPOLLRDHUP)

    def ready(self, events: int) -> None:
        """Something happened on the socket."""
        if events & _OUT and self.out:
            self._flush()
        elif self.silent or (events & _GONE and not events & _IN):
            self.close()
        else:
            self._read()

    def _read(self) -> None:
        try:
            data = self.sock.recv(READ)
        except _BLOCKED:
            return None
        except OSError:
            return self.close()
        if not data:
            return self.close()
        self.buffer = self.buffer + data if self.buffer else data
        if self.receipt is None:
            self._request()
        return None

    # --- requests -----------------------------------------------------------------------------------------------

    def _request(self) -> None:
        """Take a whole request off the buffer, if it holds one."""
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return self.close() if len(self.buffer) > HEAD_MAX else None
        first, *lines = self.buffer[:end].decode("utf-8", "replace").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        method, _, target = first.partition(" ")
        length = headers.get("content-length", "0" if method in ("GET", "HEAD") else "")
        if not length.isdigit() or int(length) > BODY_MAX:
            self.close_after = True
            return self._send(*response(413 if length.isdigit() else 411))
        whole = end + 4 + int(length)
        if len(self.buffer) < whole:
            if "expect" in headers and len(self.buffer) == end + 4:
                self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        body, self.buffer = self.buffer[end + 4 : whole], self.buffer[whole:]
        self.close_after = headers.get("connection", "").lower() == "close"
        target = target.split(" ", 1)[0]
        reply = self.farm.sites.answer(Asked(method, target, headers, body)) if self.farm.sites else None
        if reply is not None:
            return self._of_site(reply)
        path = target.split("?", 1)[0]
        if method not in ("POST", "PUT"):
            self.farm.counters["probes"] += 1
            return self._send(*response(200 if method in ("GET", "HEAD") else 405))
        return self._receive(path, headers, body)

    def _of_site(self, reply: Reply) -> None:
        """Send what a site answers, and note the receipt if it is one."""
        if reply.receipt is None:
            self.farm.counters["probes"] += 1
        else:
            self.receipt, self.generation = reply.receipt, self.farm.generation
            self.receipt["misplaced"] = self.only is not None and self.only.id != reply.outlet
            self._noted()
        self._send(reply.status, reply.whole)

    def _receive(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Note the receipt, then answer in the outlet's manner."""
        name, _, rest = path.removeprefix("/o/").partition("/")
        outlet = self.farm.outlets.get(name)
        self.receipt = receipt = note(name, headers, rendition_in(headers, body))
        receipt["misplaced"] = outlet is None or self.only not in (None, outlet)
        self.generation = self.farm.generation
        if outlet is None or rest not in ("", "moved"):
            self._noted()
            return self._send(*response(404))
        self.outlet = outlet
        outlet.in_flight += 1
        outlet.in_flight_most = max(outlet.in_flight_most, outlet.in_flight)
        receipt["format"] = outlet.document["format"]
        receipt["authorised"] = authorised = is_authorised(outlet, headers, body)
        receipt["redirected"] = rest == "moved"
        if authorised is False or receipt["redirected"]:
            self._noted()
            return self._send(*response(401 if authorised is False else 200))
        earlier = self.farm.attempt(outlet, (receipt["release"], receipt["version"], receipt["language"]))
        receipt["manner"] = manner = outlet.manner.after(earlier)
        receipt["attempt"] = earlier + 1
        self._noted()
        return self._behave(manner, outlet.manner)

    def _noted(self) -> None:
        """The receipt is new or changed: the parent gets it at its next call, unless there was a reset since."""
        if self.receipt is not None and self.generation == self.farm.generation:
            number = self.receipt.setdefault("n", next(self.farm.numbers))
            self.farm.changed[number] = self.receipt

    # --- manners ------------------------------------------------------------------------------------------------

    def _behave(self, name: str, manner: Manner) -> None:
        over = name != manner.manner
        delay = 0.0 if over and manner.manner in DELAYED else manner.delay or 0.0
        if name == "hang":
            self._outcome("hang")
        elif name == "reset":
            self._outcome("reset")
            self._reset()
        elif name == "drip":
            self._drip(response(manner.status)[1], 0, delay)
        elif name == "huge":
            size = manner.size or 1 << 62
            length = f"Content-Length: {size}\r\n" if manner.size else "Connection: close\r\n"
            self.stream, self.close_after = size, True
            self._send(200, f"HTTP/1.1 200 OK\r\n{length}\r\n".encode())
        else:
            answer = self._usual(name, manner)
            if delay <= 0:
                self._send(*answer)
            else:
                self.farm.at(time.monotonic() + delay, lambda: self._send(*answer))

    def _usual(self, name: str, manner: Manner) -> tuple[int, bytes]:
        """The answer of a manner that simply answers; once `times` are over that is 200."""
        status = manner.status if name == manner.manner else 200
        fields = ""
        if name == "moved":
            outlet = self.outlet.document
            fields += f"Location: {manner.location or outlet['url'] + '/moved'}\r\n"
        if manner.retry_after is not None and not 200 <= status < 300:
            fields += f"Retry-After: {manner.retry_after}\r\n"
            self.receipt["retry_after"] = manner.retry_after
        return response(status, fields)

    def _drip(self, data: bytes, sent: int, interval: float) -> None:
        if self.receipt is None:
            return None
        try:
            self.sock.send(data[sent : sent + 1])
        except OSError:
            return self.close()
        if sent + 1 == len(data):
            return self._answered(200)
        return self.farm.at(time.monotonic() + interval, lambda: self._drip(data, sent + 1, interval))

    def _reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.close()

    # --- answers ------------------------------------------------------------------------------------------------

    def _send(self, status: int, data: bytes) -> None:
        if self.descriptor < 0:
            return  # the sender has left meanwhile
        self.out, self.status = data, status
        self._flush()

    def _flush(self) -> None:
        try:
            self.out = self.out[self.sock.send(self.out) :]
        except _BLOCKED:
            pass
        except OSError:
            return self.close()
        if not self.out and self.stream > 0:  # one block a round of epoll, so that the others get their turn
            self.out = _HUGE_BLOCK[: self.stream]
            self.stream -= len(self.out)
        if self.out:
            self.blocked = True
            return self.farm.epoll.modify(self.descriptor, _OUT | select.EPOLLRDHUP)
        return self._answered(self.status)

    def _answered(self, status: int) -> None:
        """The whole answer is out: the receipt is complete, the connection is free for the next request."""
        if self.receipt is not None:
            self.receipt["answered"] = status
            self._outcome("answered")
        if self.outlet is not None:
            self.outlet.in_flight -= 1
        self.receipt = self.outlet = None
        self.since = time.monotonic()
        if self.close_after:
            return self.close()
        if self.blocked:
            self.blocked = False
            self.farm.epoll.modify(self.descriptor, _IN | select.EPOLLRDHUP)
        if self.buffer:
            return self._request()
        return None

    def _outcome(self, outcome: str) -> None:
        self.receipt["outcome"] = outcome
        self.receipt["ended"] = time.time()
        self._noted()

    def close(self) -> None:
        """End the connection; a receipt without an answer is noted as such."""
        if self.descriptor < 0:
            return
        if self.receipt is None:
            self.farm.counters["aborted"] += bool(self.buffer) or self.silent
        elif self.receipt["outcome"] == "pending":
            if self.stream or (self.out and self.receipt["manner"] == "huge"):
                self.receipt["answered"] = 200  # the status line went out; nobody takes all of a huge body
            self._outcome("left")
        if self.outlet is not None:
            self.outlet.in_flight -= 1
        self.receipt = self.outlet = None
        self.farm.connections.discard(self)
        self.farm.ready.pop(self.descriptor, None)
        self.descriptor = -1
        self.sock.close()


class TlsConnection(Connection):
    """The same over TLS."""

    def _open(self, context: ssl.SSLContext | None) -> None:
        self.handshaken = False
        if not self.silent:
            self.sock = context.wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)
        self._register()
        if not self.silent:
            self._read()

    def _read(self) -> None:
        if not self.handshaken:
            try:
                self.sock.do_handshake()
            except _BLOCKED:
                return None
            except OSError:
                self.buffer = b"?"  # a connection that came to nothing
                return self.close()
            self.handshaken = True
        super()._read()
        # What OpenSSL holds already decrypted does not wake epoll again
        while self.descriptor >= 0 and not self.out and self.sock.pending():
            super()._read()
        return None


def response(status: int, fields: str = "") -> tuple[int, bytes]:
    """A status and the whole answer that says so."""
    body = b"" if status in (204, 304) else b"ok\n" if status < 300 else b"no\n"
    first = f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}"
    return status, f"{first}\r\nContent-Length: {len(body)}\r\n{fields}\r\n".encode() + body


def note(outlet: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """A receipt, not yet answered."""
    get = headers.get
    version = get("fanwire-version", "")
    return blank(outlet, body) | {
        "release": get("fanwire-release"),
        "version": int(version) if version.isdigit() else None,
        "language": get("fanwire-language") or get("content-language"),
        "action": get("fanwire-action"),
        "key": get("idempotency-key"),
        "webhook_id": get("webhook-id"),
        "content_type": get("content-type"),
        "translation": get("fanwire-translation"),
    }


def is_authorised(outlet: SimulatedOutlet, headers: dict[str, str], body: bytes) -> bool | None:
    """Whether credential and signature are as agreed; None when the outlet checks neither."""
    if outlet.credential is None and outlet.signing_key is None:
        return None
    if outlet.credential is not None and headers.get(outlet.credential[0]) != outlet.credential[1]:
        return False
    return outlet.signing_key is None or _is_signed(outlet.signing_key, headers, body)


def _is_signed(key: bytes, headers: dict[str, str], body: bytes) -> bool:
    """Standard Webhooks: HMAC-SHA256 over id, timestamp and body, fresh."""
    identity, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > SIGNATURE_TOLERANCE:
        return False
    expected = base64.b64encode(hmac.digest(key, f"{identity}.{stamp}.".encode() + body, "sha256")).decode()
    return any(hmac.compare_digest(f"v1,{expected}", given) for given in headers.get("webhook-signature", "").split())
