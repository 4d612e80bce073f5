"""One transfer on libcurl: the options of its handle, what libcurl calls back meanwhile, and the Answer at its end."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any, Final

import pycurl

from tasks.delivery.transfers.failures import Failure, explain
from tasks.delivery.transfers.transfer import Answer, ErrorKind, StartedTransfer
from tasks.runtime.striking import strike, strike_text

KEPT_BYTES: Final = 2048
"""This much of an answer's body is kept, for the person who reads why an outlet said no."""
KEPT_HEADERS: Final = frozenset({b"retry-after", b"location", b"content-type", b"server"})
KEPT_HEADER_BYTES: Final = 1024

OPTIONS: Final = {
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
"""What is the same for every transfer."""


class DialledSocket(socket.socket):
    """A socket for libcurl. pycurl duplicates its descriptor and drops it, which must close the original at once."""

    def __del__(self) -> None:
        self.close()


class Handle:
    """One curl handle and what it has heard so far. It is used again and again: `prepare` sets only what differs."""

    __slots__ = (
        "_allowed", "_cap", "_deadline_ms", "_method", "_monotonic", "_reading", "_resolved", "body_kept", "body_size",
        "complete", "curl", "dialled", "headers", "no_socket", "refused", "started", "started_at", "status", "transfer",
    )  # fmt: skip

    def __init__(
        self,
        *,
        trust: str,
        connect_timeout: float,
        answer_cap_bytes: int,
        allowed: Callable[[str], bool],
        reading: dict[Handle, float],
        monotonic: Callable[[], float],
    ) -> None:
        """`reading`: where it notes since when it reads the body of an answer. For the others see `TransferLoop`."""
        self._allowed = allowed
        self._cap = answer_cap_bytes
        self._reading = reading
        self._monotonic = monotonic
        self._deadline_ms = 0
        self._method = "POST"
        self._resolved = ""
        self.curl = curl = pycurl.Curl()
        for option, value in OPTIONS.items():
            curl.setopt(option, value)
        curl.setopt(pycurl.CAINFO, trust)
        # With a CAPATH (which builds may have compiled in) libcurl does not share the parsed bundle between hosts.
        curl.setopt(pycurl.CAPATH, None)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, round(connect_timeout * 1000)))
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        curl.setopt(pycurl.HEADERFUNCTION, self._take_header)
        curl.setopt(pycurl.WRITEFUNCTION, self._take_body)

    def prepare(self, started: StartedTransfer, resolved: str) -> None:
        """Make the handle ready for this transfer. Raises what pycurl raises, and ValueError for a forged header.

        `resolved`: `host:port:address,…`, empty if the URL has an address.
        """
        transfer = started.transfer
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
        if started.look_up_ended:
            left -= self._monotonic() - started.started
        deadline_ms = max(1, round(left * 1000))
        if deadline_ms != self._deadline_ms:
            curl.setopt(pycurl.TIMEOUT_MS, deadline_ms)
            self._deadline_ms = deadline_ms
        if transfer.method != self._method:
            curl.setopt(pycurl.CUSTOMREQUEST, None if transfer.method == "POST" else transfer.method)
            self._method = transfer.method
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
            if not self._allowed(ip):
                self.refused = ip
                return pycurl.SOCKET_BAD
            self.dialled = ip
            return DialledSocket(family, kind, protocol)
        except OSError as error:
            self.no_socket = os.strerror(error.errno or 0).lower()
        except Exception as error:
            self.no_socket = f"the address check failed ({type(error).__name__})"
        return pycurl.SOCKET_BAD

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

    def _take_body(self, data: bytes) -> int | None:
        room = KEPT_BYTES - self.body_size
        if room > 0:
            self.body_kept += data[:room]
        self.body_size += len(data)
        return 0 if self.body_size > self._cap else None  # 0 of so many bytes taken: libcurl ends the transfer

    # --- the end

    def answer(self, code: int, text: str, abandoned: str | None) -> Answer:
        """The Answer that libcurl's result stands for. `abandoned`: why Fanwire itself ended the transfer."""
        curl, transfer = self.curl, self.transfer
        begun = curl.getinfo(pycurl.REQUEST_SIZE) > 0  # some of the request went out, so the connection stood
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
            status=self.status if self.complete else None,
            error=error,
            error_kind=kind,
            headers=headers,
            answer=body,
            sent=sent,
            address=self.refused if kind is ErrorKind.BLOCKED else curl.getinfo(pycurl.PRIMARY_IP) or self.dialled,
            started_at=self.started_at,
            seconds=seconds,
            connected=curl.getinfo(pycurl.PRETRANSFER_TIME) if begun else None,
        )

    def _without(self, secrets: tuple[str, ...]) -> tuple[dict[str, str], bytes]:
        """Headers and body without these secrets. Of a 2xx nothing is read, so nothing is kept and no time is lost."""
        if self.complete and 200 <= self.status < 300:
            return {}, b""
        headers = {
            name: strike(value.encode("latin-1"), secrets).decode("latin-1") for name, value in self.headers.items()
        }
        return headers, strike(self.body_kept, secrets)

    def all_sent(self) -> bool:
        """Whether the whole request went to the network."""
        return bool(self.curl.getinfo(pycurl.SIZE_UPLOAD_T) >= len(self.transfer.body))

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
        )
