"""Fetches one file from a stranger's server: to a file of ours, by the same address policy as deliveries."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any, Final
from urllib.parse import urljoin, urlsplit

import pycurl

from tasks.delivery.transfers.failures import Failure, explain
from tasks.delivery.transfers.handle import DialledSocket
from tasks.delivery.transfers.protocols import HTTP
from tasks.delivery.transfers.transfer import ErrorKind
from tasks.delivery.verdicts import CODES
from tasks.model.codes import Code

MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_FOR_GOOD: Final = frozenset({ErrorKind.BLOCKED, ErrorKind.OURS})


class NotFetched(Exception):
    """A file could not be fetched; the text says why."""

    def __init__(self, code: str, reason: str, *, again: bool) -> None:
        """`code`: the same for programs, such as `http_404`. `again`: it may work later."""
        super().__init__(reason)
        self.code = code
        self.again = again


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one file may take."""

    largest: int
    """Bytes."""
    deadline: float
    """Seconds from the first name look-up to the last byte, redirects included."""
    connect_timeout: float
    """Seconds."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What came: the file itself is where it was to be written."""

    sha256: str
    bytes: int
    content_type: str | None
    """What the server says that it is."""


@dataclass
class _Hop:
    """What libcurl calls back during one request."""

    into: IO[bytes]
    limits: Limits
    allowed: Callable[[str], bool]
    stopping: Callable[[], bool]
    digest: Any = field(default_factory=hashlib.sha256)
    size: int = 0
    location: str | None = None
    content_type: str | None = None
    answered: bool = False
    too_large: bool = False
    refused: str | None = None
    dialled: str | None = None
    no_socket: str | None = None
    not_written: OSError | None = None

    def take_header(self, raw: bytes) -> None:
        name, _, value = raw.partition(b":")
        if raw.startswith(b"HTTP/"):
            self.location = self.content_type = None
        elif name.lower() == b"location":
            self.location = value.strip()[:4096].decode("latin-1")
        elif name.lower() == b"content-type":
            self.content_type = value.partition(b";")[0].strip()[:100].decode("latin-1").lower()
        elif raw in (b"\r\n", b"\n"):
            self.answered = True

    def take(self, data: bytes) -> int | None:
        self.size += len(data)
        if self.size > self.limits.largest:
            self.too_large = True
            return 0  # of so many bytes taken: libcurl ends the transfer
        self.digest.update(data)
        try:
            self.into.write(data)
        except OSError as error:  # a full disk, most likely; within libcurl it would be lost
            self.not_written = error
            return 0
        return None

    def open_socket(self, _purpose: int, address: Any) -> Any:
        """Open the socket that libcurl is about to connect, unless its address is refused."""
        family, kind, protocol, where = address
        try:
            ip = where[0] if isinstance(where, tuple) else ""
            if not self.allowed(ip):
                self.refused = ip
                return pycurl.SOCKET_BAD
            self.dialled = ip
            return DialledSocket(family, kind, protocol)
        except OSError as error:
            self.no_socket = os.strerror(error.errno or 0).lower()
        return pycurl.SOCKET_BAD

    def look_whether_to_stop(self, *_: float) -> int:
        return 1 if self.stopping() else 0


def download(
    url: str,
    into: IO[bytes],
    limits: Limits,
    *,
    allowed: Callable[[str], bool],
    wrong_port: Callable[[str], str | None],
    trust: str,
    stopping: Callable[[], bool] = lambda: False,
) -> Fetched:
    """Fetch the file at `url` and write it to `into`, an empty file; raises NotFetched, or OSError if it cannot write.

    `allowed`: whether an IP address may be dialled. `wrong_port`: why the port of a URL may not be, or None. Both are
    asked about each address that a redirect leads to, too. `trust`: the path of a bundle of certificates. `stopping`:
    asked now and then whether to break off.
    """
    until = time.monotonic() + limits.deadline
    for _ in range(MOST_REDIRECTS + 1):
        hop = _Hop(into, limits, allowed, stopping)
        status = _request(_sound(url, wrong_port), hop, until, trust)
        if status not in _REDIRECTS or not hop.location:
            break
        url = urljoin(url, hop.location)
        into.seek(0)
        into.truncate()
    else:
        raise NotFetched(Code.REDIRECT, f"is redirected more than {MOST_REDIRECTS} times", again=False)
    if status != 200:
        again = status >= 500 or status in (408, 425, 429)
        raise NotFetched(f"http_{status}", f"its server answered {status}", again=again)
    if not hop.size:
        raise NotFetched(Code.EMPTY, "is empty", again=False)
    into.flush()
    return Fetched(sha256=hop.digest.hexdigest(), bytes=hop.size, content_type=hop.content_type)


def _sound(url: str, wrong_port: Callable[[str], str | None]) -> str:
    """The URL, if somebody may be asked at it."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
        wrong = wrong_port(url) if good else "is no address on the web, http:// or https:// without a user"
        url.encode("ascii")
    except ValueError:
        wrong = "is no address on the web"
    if wrong:
        raise NotFetched(Code.REFUSED_ADDRESS, f"its address {wrong}", again=False)
    return url


def _request(url: str, hop: _Hop, until: float, trust: str) -> int:
    """Ask for one URL; the status of the answer."""
    left = until - time.monotonic()
    curl = pycurl.Curl()
    try:
        options = {
            **HTTP.options,
            pycurl.HTTPGET: 1,
            pycurl.URL: url,
            pycurl.CAINFO: trust,
            pycurl.CONNECTTIMEOUT_MS: max(1, round(min(hop.limits.connect_timeout, left) * 1000)),
            pycurl.TIMEOUT_MS: max(1, round(left * 1000)),
            pycurl.MAXFILESIZE_LARGE: hop.limits.largest,
            pycurl.HTTPHEADER: ["Accept: */*", "Accept-Encoding: identity"],
            pycurl.HEADERFUNCTION: hop.take_header,
            pycurl.WRITEFUNCTION: hop.take,
            pycurl.OPENSOCKETFUNCTION: hop.open_socket,
            pycurl.XFERINFOFUNCTION: hop.look_whether_to_stop,
            pycurl.NOPROGRESS: 0,
        }
        for option, value in options.items():
            curl.setopt(option, value)
        curl.perform()
        return int(curl.getinfo(pycurl.RESPONSE_CODE))
    except pycurl.error as error:
        code, text = error.args
        if hop.not_written is not None:
            raise hop.not_written from None
        if code == pycurl.E_ABORTED_BY_CALLBACK and hop.stopping():
            raise NotFetched(Code.BROKEN_OFF, "the worker was asked to stop", again=True) from None
        if hop.too_large or code == pycurl.E_FILESIZE_EXCEEDED:
            most = f"at most {hop.limits.largest:,} bytes are taken"
            raise NotFetched(Code.TOO_LARGE, f"is too large: {most}", again=False) from None
        raise _not_fetched(curl, code, text, hop) from None
    finally:
        curl.close()


def _not_fetched(curl: Any, code: int, text: str, hop: _Hop) -> NotFetched:
    """Why libcurl gave up, in the words of deliveries."""
    begun = curl.getinfo(pycurl.REQUEST_SIZE) > 0
    failure = Failure(
        code=code, text=text, seconds=curl.getinfo(pycurl.TOTAL_TIME), begun=begun, sent=begun,
        status=int(curl.getinfo(pycurl.RESPONSE_CODE)), answered=hop.answered, dialled=hop.dialled, refused=hop.refused,
        no_socket=hop.no_socket, connected=bool(curl.getinfo(pycurl.CONNECT_TIME)),
        os_error=int(curl.getinfo(pycurl.OS_ERRNO)),
    )  # fmt: skip
    reason, kind = explain(failure)
    return NotFetched(CODES.get(kind, Code.CANNOT_SEND), reason, again=kind not in _FOR_GOOD)
