"""One transfer on libcurl: its handle, what libcurl calls back meanwhile, and the Answer at its end."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final

import pycurl

from tasks.delivery.transfers.failures import Failure, explain
from tasks.delivery.transfers.protocols import SFTP, Protocol
from tasks.delivery.transfers.transfer import Answer, ErrorKind, StartedTransfer, Transfer
from tasks.runtime.foreign_text import printable
from tasks.runtime.striking import strike, strike_text

KEPT_BYTES: Final = 2048
"""This much of an answer's body is kept, for the person who reads why an outlet said no."""
KEPT_TO_GO_ON: Final = 64 * 1024
"""And this much if the next transfer is made of it."""
KEPT_HEADERS: Final = frozenset({b"retry-after", b"location", b"content-type", b"server"})
KEPT_HEADER_BYTES: Final = 1024
SAID_CHARACTERS: Final = 160
"""So much of a line that a server said is shown."""


def may_say_more(body: bytes) -> bool:
    """Whether the body of a 2xx may be more than a thank-you: JSON with a status, or with a challenge sent back."""
    return body.startswith(b"{") and (b'"status"' in body or b'"challenge"' in body)


class DialledSocket(socket.socket):
    """A socket for libcurl. pycurl duplicates its descriptor and drops it, which must close the original at once."""

    def __del__(self) -> None:
        self.close()


class Handle:
    """One curl handle and what it has heard so far. It is used again and again: `prepare` sets only what differs."""

    __slots__ = (
        "_allowed", "_cap", "_connect_timeout", "_deadline_ms", "_length", "_method", "_monotonic", "_optional",
        "_reading", "_resolved", "_shared", "_sockets", "_sockets_known", "_trust", "body_kept", "body_size",
        "complete", "curl", "dialled", "headers", "no_socket", "protocol", "refused", "started", "started_at",
        "status", "transfer",
    )  # fmt: skip

    def __init__(
        self,
        protocol: Protocol,
        *,
        trust: str,
        connect_timeout: float,
        answer_cap_bytes: int,
        allowed: Callable[[str], bool],
        reading: dict[Handle, float],
        shared: set[int],
        monotonic: Callable[[], float],
    ) -> None:
        """`reading`: where it notes since when it reads the body of an answer. `shared`: where it notes the sockets of
        connections that may carry several transfers at once. For the others see `TransferLoop`."""
        self.protocol = protocol
        self._allowed = allowed
        self._cap = answer_cap_bytes
        self._reading = reading
        self._shared = shared
        self._monotonic = monotonic
        self._trust = trust
        self._connect_timeout = connect_timeout
        self._sockets: set[int] = set()
        self._sockets_known = threading.Lock()
        self.curl = pycurl.Curl()
        self._set_up()

    def _set_up(self) -> None:
        """Set what is the same for all transfers of this handle."""
        self._deadline_ms = 0
        self._method = "POST"
        self._resolved = ""
        self._optional: frozenset[int] = frozenset()
        curl = self.curl
        for option, value in self.protocol.options.items():
            curl.setopt(option, value)
        curl.setopt(pycurl.CAINFO, self._trust)
        # With a CAPATH (which builds may have compiled in) libcurl does not share the parsed bundle between hosts.
        curl.setopt(pycurl.CAPATH, None)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, round(self._connect_timeout * 1000)))
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        curl.setopt(pycurl.HEADERFUNCTION, self._take_header if self.protocol.http else self._take_reply)
        curl.setopt(pycurl.WRITEFUNCTION, self._take_body)
        if self.protocol.http:
            curl.setopt(pycurl.SOCKOPTFUNCTION, self._note_if_shared)
        else:
            curl.setopt(pycurl.SOCKOPTFUNCTION, self._note_socket)
            curl.setopt(pycurl.CLOSESOCKETFUNCTION, self._close_socket)

    def prepare(self, started: StartedTransfer, resolved: str) -> None:
        """Make the handle ready for this transfer. Raises what pycurl raises, and ValueError for a forged header.

        `resolved`: `host:port:address,…`, empty if the URL has an address.
        """
        transfer = started.transfer
        joined = "".join(transfer.headers)
        if "\r" in joined or "\n" in joined or "\0" in joined:
            raise ValueError("a header holds a line break")
        self._set_options(transfer)
        curl = self.curl
        curl.setopt(pycurl.URL, transfer.url)
        if self.protocol.http:
            self._set_request(transfer)
        else:
            self._set_upload(transfer)
        deadline_ms = max(1, round(started.left(self._monotonic()) * 1000))
        if deadline_ms != self._deadline_ms:
            curl.setopt(pycurl.TIMEOUT_MS, deadline_ms)
            self._deadline_ms = deadline_ms
        if resolved != self._resolved:
            self._set_resolved(resolved)
        self.transfer = transfer
        self.status = 0
        self.complete = False
        self.headers: dict[str, str] = {}
        self.body_kept = b""
        self.body_size = 0
        self.refused: str | None = None
        self.dialled: str | None = None
        self.no_socket: str | None = None
        self.started_at = started.started_at
        self.started = started.started

    def _set_options(self, transfer: Transfer) -> None:
        """Set the transfer's own options, and take back those of the handle's transfer before that it has not."""
        numbers = frozenset(option for option, _ in transfer.options)
        if not self._optional <= numbers:
            self.curl.reset()
            self._set_up()
        for option, value in transfer.options:
            self.curl.setopt(option, value)
        self._optional = numbers

    def _set_request(self, transfer: Transfer) -> None:
        """Set headers, method and body of an HTTP request."""
        curl = self.curl
        # Without `Expect:` libcurl asks "100-continue?" before a large body and waits a second for servers that
        # know no answer to it.
        curl.setopt(pycurl.HTTPHEADER, (*transfer.headers, "Expect:"))
        if transfer.method != self._method:
            curl.setopt(pycurl.HTTPGET if transfer.method == "GET" else pycurl.POST, 1)
            curl.setopt(pycurl.CUSTOMREQUEST, None if transfer.method in ("GET", "POST") else transfer.method)
            self._method = transfer.method
        self._length = len(transfer.body)
        if transfer.method != "GET":
            # pycurl keeps a reference to the bytes and libcurl reads from there: one rendition, no copies.
            curl.setopt(pycurl.POSTFIELDS, transfer.body)

    def _set_upload(self, transfer: Transfer) -> None:
        """Set what is sent over any other protocol: the body, that of an e-mail after its headers."""
        body = transfer.body
        if self.protocol.mail:
            body = "".join(f"{header}\r\n" for header in transfer.headers).encode("ascii") + body
        self._length = len(body)
        self.curl.setopt(pycurl.INFILESIZE_LARGE, len(body))
        self.curl.setopt(pycurl.READFUNCTION, BytesIO(body).read)

    def _set_resolved(self, resolved: str) -> None:
        """Give libcurl the addresses, and take away those of this handle's transfer before.

        libcurl goes through its whole store of names at every transfer, so the store is to stay small.
        """
        entries = [resolved] if resolved else []
        if self._resolved:
            host, port, _ = self._resolved.split(":", 2)
            entries.insert(0, f"-{host}:{port}")
        self.curl.setopt(pycurl.RESOLVE, entries)
        self._resolved = resolved

    # --- what libcurl calls; an exception here would be printed and lost

    def _open_socket(self, _purpose: int, address: Any) -> Any:
        """Open the socket that libcurl is about to connect, unless its address is refused."""
        family, kind, protocol, where = address
        try:
            ip = where[0] if isinstance(where, tuple) else ""
            if not (self.transfer.trusted or self._allowed(ip)):
                self.refused = ip
                return pycurl.SOCKET_BAD
            self.dialled = ip
            return DialledSocket(family, kind, protocol)
        except OSError as error:
            self.no_socket = os.strerror(error.errno or 0).lower()
        except Exception as error:
            self.no_socket = f"the address check failed ({type(error).__name__})"
        return pycurl.SOCKET_BAD

    def _note_if_shared(self, descriptor: int, _purpose: int) -> int:
        if pycurl.HTTP_VERSION in self._optional:  # only a transfer that wants HTTP/2 says which version it wants
            self._shared.add(descriptor)
        else:
            self._shared.discard(descriptor)
        return int(pycurl.SOCKOPT_OK)

    def _note_socket(self, descriptor: int, _purpose: int) -> int:
        with self._sockets_known:
            self._sockets.add(descriptor)
        return int(pycurl.SOCKOPT_OK)

    def _close_socket(self, descriptor: int) -> int:
        with self._sockets_known:
            self._sockets.discard(descriptor)
            os.close(descriptor)
        return 0

    def _take_header(self, raw: bytes) -> None:
        if self.complete:  # a trailer
            return
        if raw == b"\r\n" or raw == b"\n":
            if self.status >= 200:  # else it was 100 Continue, 103 Early Hints or the like
                self.complete = True
                self._reading[self] = self._monotonic()
            self.headers = self.headers if self.complete else {}
        elif raw.startswith(b"HTTP/"):
            digits = raw[5:].split(None, 2)[1:2]
            self.status = int(digits[0]) if digits and digits[0].isdigit() else 0
        else:
            name, _, value = raw.partition(b":")
            name = name.lower()
            if name in KEPT_HEADERS:
                self.headers[name.decode()] = value.strip()[:KEPT_HEADER_BYTES].decode("latin-1")

    def _take_reply(self, raw: bytes) -> None:
        """Keep the last lines that a server of files or mail said."""
        self.body_kept = (self.body_kept + raw)[-KEPT_BYTES:]

    def _take_body(self, data: bytes) -> int | None:
        room = (KEPT_TO_GO_ON if self.transfer.then else KEPT_BYTES) - self.body_size
        if room > 0:
            self.body_kept += data[:room]
        self.body_size += len(data)
        return 0 if self.body_size > self._cap else None  # 0 of so many bytes taken: libcurl ends the transfer

    # --- the end

    def answer(self, code: int, text: str, abandoned: str | None) -> Answer:
        """The Answer that libcurl's result stands for. `abandoned`: why Fanwire itself ended the transfer."""
        curl, transfer = self.curl, self.transfer
        if not self.protocol.http:
            self.status = curl.getinfo(pycurl.RESPONSE_CODE)
            self.complete = code == pycurl.E_OK and abandoned is None
        begun = self.begun()  # some of the request went out, so the connection stood
        sent = begun and self.all_sent()
        seconds = self._monotonic() - self.started
        error: str | None = None
        kind: ErrorKind | None = None
        if abandoned is not None and not self.complete:
            error, kind = abandoned, ErrorKind.OURS
        elif code not in (pycurl.E_OK, pycurl.E_WRITE_ERROR) or not self.complete:
            error, kind = explain(self._failure(code, strike_text(text, transfer.secrets), seconds, begun, sent))
        headers, body = self._without(transfer.secrets) if transfer.secrets else (self.headers, self.body_kept)
        return Answer(
            transfer=transfer,
            status=self.status if self.complete or (not self.protocol.http and self.status) else None,
            error=error,
            error_kind=kind,
            headers=headers,
            answer=body,
            sent=sent and transfer.decisive,
            address=self.refused if kind is ErrorKind.BLOCKED else curl.getinfo(pycurl.PRIMARY_IP) or self.dialled,
            started_at=self.started_at,
            seconds=seconds,
            connected=curl.getinfo(pycurl.PRETRANSFER_TIME) if begun else None,
            raw=self.body_kept if transfer.then else b"",
        )

    def hang_up(self) -> None:
        """Break off what another thread does with this handle."""
        with self._sockets_known:
            for descriptor in self._sockets:
                with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as connection:
                    connection.shutdown(socket.SHUT_RDWR)

    def begun(self) -> bool:
        """Whether the connection stood, so that the conversation could begin."""
        if self.protocol.http:
            return bool(self.curl.getinfo(pycurl.REQUEST_SIZE) > 0)
        return self.status > 0 or bool(self.curl.getinfo(pycurl.PRETRANSFER_TIME))

    def _without(self, secrets: tuple[str, ...]) -> tuple[dict[str, str], bytes]:
        """Headers and body without these secrets. Of a 2xx that nothing follows only a body in which the outlet says
        what becomes of the delivery (tasks/delivery/answering.py) is read, so nothing else is kept and no time is
        lost."""
        if self.protocol.http and self.complete and 200 <= self.status < 300 and self.transfer.then is None:
            return {}, strike(self.body_kept, secrets) if may_say_more(self.body_kept) else b""
        headers = {
            name: strike(value.encode("latin-1"), secrets).decode("latin-1") for name, value in self.headers.items()
        }
        return headers, strike(self.body_kept, secrets)

    def descriptor(self) -> int:
        """That of the socket of its connection while libcurl has one for it; else -1."""
        return int(self.curl.getinfo(pycurl.ACTIVESOCKET))

    def all_sent(self) -> bool:
        """Whether the whole request went to the network."""
        return bool(self.curl.getinfo(pycurl.SIZE_UPLOAD_T) >= self._length)

    def _failure(self, code: int, text: str, seconds: float, begun: bool, sent: bool) -> Failure:
        return Failure(
            code=code,
            text=text,
            seconds=seconds,
            begun=begun,
            sent=sent,
            status=self.status,
            answered=self.complete,
            dialled=self.dialled,
            refused=self.refused,
            no_socket=self.no_socket,
            connected=bool(self.curl.getinfo(pycurl.CONNECT_TIME)),
            os_error=self.curl.getinfo(pycurl.OS_ERRNO),
            http=self.protocol.http,
            ssh=self.protocol is SFTP,
            said=self._last_line(),
        )

    def _last_line(self) -> str:
        """The last line that a server of files or mail said, fit to be shown."""
        if self.protocol.http:
            return ""
        lines = strike(self.body_kept, self.transfer.secrets).decode("utf-8", "replace").splitlines()
        return printable(lines[-1])[:SAID_CHARACTERS] if lines else ""
