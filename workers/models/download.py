"""One file over HTTP, resumed where it broke off, and only taken if its length and checksum are right.

What has arrived lies in `NAME.part`, and in `NAME.json` beside it which file that is the beginning of: its address, its
length, and the validator (a strong ETag, else Last-Modified) by which the server is asked for the rest (`Range`,
`If-Range`). A server that has another file by now, or knows no ranges, sends the whole. A part without a validator is
only gone on with if the index says the checksum of the whole.

The way there is the operator's: HTTPS_PROXY and its like count, and so does FANWIRE_CA_FILE. A redirect is followed,
but never from https to http. Addresses may have a user and a password; no message has them.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
from requests.utils import get_environ_proxies

from tasks.runtime.private_files import write_private
from tasks.translation.engine_support.http_service import SharedContext
from workers.models import ModelRefused, NoRoom
from workers.models.index import MAX_INDEX

MAX_ARCHIVE = 3 * 1024**3
"""Bytes; the largest models for one pair have some hundred million."""
CONNECT_TIMEOUT, READ_TIMEOUT, CHUNK_TIMEOUT = 10.0, 30.0, 60.0
"""Seconds for a connection, for anything to arrive, and for each `CHUNK`: one that drips must not keep us for ever."""
CHUNK = 256 * 1024
"""Bytes."""
KEPT = "what has arrived is kept, and the same command goes on from there"
TRIES = 3
"""Tries in a row that bring nothing, after which the download is given up for now."""
MAX_TRIES, MAX_REDIRECTS = 50, 5
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a disk says that is full."""
_REDIRECTS = (301, 302, 303, 307, 308)

Tell = Callable[[int, int | None], None]
"""Called as a file grows: bytes that are there, and of how many, if that is known."""


_OTHER_WAYS = "HTTPS_PROXY, --index and --mirror name another way, and --file installs a model that you brought"
"""What helps where an address cannot be reached."""


class _BrokeOff(Exception):
    """The connection gave up in the middle, and may do better at once; the text says how."""


@dataclass(frozen=True)
class _Part:
    """Of which file a part is the beginning."""

    address: str
    validator: str | None
    size: int | None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A file to download, and what is known of it beforehand."""

    address: str
    to: Path
    """Where it goes, once it is whole and verified."""
    size: int | None = None
    sha256: str | None = None


def shown(address: str) -> str:
    """An address without user, password and query, for people."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(an address that cannot be read)"
    return urlunsplit((parts.scheme, f"[{host}]{port}" if ":" in host else f"{host}{port}", parts.path, "", ""))


def read_whole(address: str) -> bytes:
    """The content behind an address, of an index at most; raises ModelRefused."""
    content = bytearray()
    with _once(), _answer("GET", address, {}) as answer:
        _refuse_status(answer, address)
        for chunk in _chunks(answer, address):
            content += chunk
            if len(content) > MAX_INDEX:
                raise ModelRefused(f"{shown(address)} is larger than an index may be ({MAX_INDEX:,} bytes)")
    return bytes(content)


def size_of(address: str) -> int | None:
    """Bytes of the file behind an address, None if its server does not say; raises ModelRefused if there is none."""
    with _once(), _answer("HEAD", address, {}) as answer:
        if answer.status_code in (400, 403, 405, 501):  # some servers take GET only
            return None
        _refuse_status(answer, address)
        return _length(answer)


def arrived(to: Path) -> int:
    """Bytes of a file that earlier downloads have left."""
    try:
        return _part(to).stat().st_size
    except OSError:
        return 0


def download(wanted: Wanted, tell: Tell) -> None:
    """Bring a file to `wanted.to`, going on from what an earlier try has left; raises ModelRefused.

    Whatever happens meanwhile, `wanted.to` is there only if it is whole.
    """
    idle = 0
    for _ in range(MAX_TRIES):
        before = arrived(wanted.to)
        try:
            _go_on(wanted, tell)
            break
        except _BrokeOff as error:
            idle = 0 if arrived(wanted.to) > before else idle + 1
            if idle == TRIES:
                raise ModelRefused(f"{error}; {KEPT}") from None
    else:
        raise ModelRefused(f"{shown(wanted.address)} broke off {MAX_TRIES} times; {KEPT}")
    _verify(wanted)
    _part(wanted.to).replace(wanted.to)
    _note(wanted.to).unlink(missing_ok=True)


def forget(to: Path) -> None:
    """Drop what is left of a download."""
    for file in (to, _part(to), _note(to)):
        file.unlink(missing_ok=True)


@contextmanager
def disk_for(folder: Path) -> Iterator[None]:
    """Within it, a disk that is full says so, with the folder."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NoRoom(f"there is no more room in {folder} ({error.strerror}): make room; {KEPT}") from None
        raise


def _go_on(wanted: Wanted, tell: Tell) -> None:
    """Ask for what is missing, and append it to the part."""
    part, known, there = _part(wanted.to), _noted(wanted.to), arrived(wanted.to)
    if known and known.address == shown(wanted.address) and known.size is not None and there == known.size:
        return
    headers = _conditions(wanted, known, there)
    with _answer("GET", wanted.address, headers) as answer:
        if answer.status_code == 416:  # it has less than we: another file
            forget(wanted.to)
            raise _BrokeOff(f"{shown(wanted.address)} has another file than before")
        _refuse_status(answer, wanted.address)
        start = there if answer.status_code == 206 else 0
        size = _whole(answer, start)
        if answer.status_code == 206 and not _fits(answer, headers, start, known, size):
            forget(wanted.to)
            raise _BrokeOff(f"{shown(wanted.address)} sends another part of the file than it was asked for")
        _refuse_size(wanted, size)
        validator = _validator(answer) or (known.validator if start and known else None)
        with disk_for(part.parent):
            if not start:
                part.unlink(missing_ok=True)  # before the note says of what it is the beginning
            write_private(_note(wanted.to), json.dumps(asdict(_Part(shown(wanted.address), validator, size))))
            with part.open("r+b" if start else "wb", buffering=0) as file:
                file.seek(start)
                _append(file, answer, wanted, start, size, tell)
    if size is not None and arrived(wanted.to) < size:
        raise _BrokeOff(f"{shown(wanted.address)} broke off after {arrived(wanted.to):,} of {size:,} bytes")


def _append(file: Any, answer: requests.Response, wanted: Wanted, start: int, size: int | None, tell: Tell) -> None:
    done = start
    tell(done, size)
    most = min(MAX_ARCHIVE, size if size is not None else MAX_ARCHIVE)
    for chunk in _chunks(answer, wanted.address):
        done += len(chunk)
        if done > most:
            raise ModelRefused(f"{shown(wanted.address)} is larger than it may be ({most:,} bytes)")
        left = memoryview(chunk)
        while left:  # at once: whatever kills us costs no more than what is on its way
            left = left[file.write(left) :]
        tell(done, size)
    os.fsync(file.fileno())


def _conditions(wanted: Wanted, known: _Part | None, there: int) -> dict[str, str]:
    """The headers that ask for the rest, where there is a beginning of which one can be sure."""
    if not known or not there or known.address != shown(wanted.address):
        return {}
    if known.validator:
        return {"Range": f"bytes={there}-", "If-Range": known.validator}
    return {"Range": f"bytes={there}-"} if wanted.sha256 else {}


def _verify(wanted: Wanted) -> None:
    """Raises ModelRefused, and drops the file, if it is not what the index says."""
    if wanted.sha256:
        with _part(wanted.to).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != wanted.sha256:
            forget(wanted.to)
            raise ModelRefused(
                f"{shown(wanted.address)} has another checksum (SHA-256) than the index says: {found}, and not "
                f"{wanted.sha256}; what has arrived is dropped"
            )


def _refuse_size(wanted: Wanted, size: int | None) -> None:
    if size is not None and size > MAX_ARCHIVE:
        raise ModelRefused(f"{shown(wanted.address)} has {size:,} bytes; a model may have {MAX_ARCHIVE:,}")
    if size is not None and wanted.size is not None and size != wanted.size:
        raise ModelRefused(f"{shown(wanted.address)} has {size:,} bytes, and {wanted.size:,} by the index")


# --- parts of a conversation


@contextmanager
def _once() -> Iterator[None]:
    """Within it, what broke off is not tried again."""
    try:
        yield
    except _BrokeOff as error:
        raise ModelRefused(str(error)) from None


@contextmanager
def _answer(method: str, address: str, headers: dict[str, str]) -> Iterator[requests.Response]:
    """The answer at the end of all redirects; raises ModelRefused, or _BrokeOff where trying again may help."""
    with _session(address) as session:
        for _ in range(MAX_REDIRECTS + 1):
            with _trouble_named(address):
                answer = session.request(
                    method,
                    address,
                    headers={"Accept-Encoding": "identity", **headers},
                    timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                    allow_redirects=False,
                    stream=True,
                )
            with answer:
                if answer.status_code not in _REDIRECTS or "Location" not in answer.headers:
                    yield answer
                    return
                address = _next(address, answer.headers["Location"])
                session.proxies = get_environ_proxies(address)
    raise ModelRefused(f"{shown(address)} redirects more than {MAX_REDIRECTS} times")


def _session(address: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # of the environment the proxies count, and no certificates or passwords of others
    session.proxies = get_environ_proxies(address)
    session.mount("https://", SharedContext())
    session.headers["User-Agent"] = f"Fanwire/{version('fanwire')}"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _next(address: str, location: str) -> str:
    try:
        following = urljoin(address, location)
        scheme = urlsplit(following).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https"):
        raise ModelRefused(f"{shown(address)} redirects to something that is no address")
    if urlsplit(address).scheme == "https" and scheme == "http":
        raise ModelRefused(f"{shown(address)} redirects from https to {shown(following)}, where anybody may change it")
    return following


@contextmanager
def _trouble_named(address: str) -> Iterator[None]:
    """Within it, what `requests` raises becomes words without its own text, which may hold a password."""
    where = shown(address)
    try:
        yield
    except requests.exceptions.ProxyError:
        proxies = get_environ_proxies(address)
        proxy = shown(proxies.get(urlsplit(address).scheme) or proxies.get("all") or "")
        raise ModelRefused(f"{where} cannot be reached through the proxy {proxy}: it refuses, or is away") from None
    except requests.exceptions.SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise ModelRefused(
                f"{where} has a certificate that is not trusted (FANWIRE_CA_FILE names more authorities)"
            ) from None
        raise _BrokeOff(f"{where} cannot be reached (TLS)") from None
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.InvalidHeader,
            UnicodeError):  # fmt: skip
        raise ModelRefused(f"{where} is no address that can be asked") from None
    except requests.Timeout:
        raise _BrokeOff(f"{where} gives no answer") from None
    except (requests.RequestException, OSError) as error:
        raise _BrokeOff(f"{where} cannot be reached ({type(error).__name__}); {_OTHER_WAYS}") from None


def _chunks(answer: requests.Response, address: str) -> Iterator[bytes]:
    """The body as it arrives, not too slowly; raises _BrokeOff when the connection does."""
    where = shown(address)
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ModelRefused(f"{where} sends something compressed that nobody asked for")
    ends, since = time.monotonic() + CHUNK_TIMEOUT, 0
    while True:
        try:
            read = answer.raw.read1(CHUNK, decode_content=False)
        except Exception as error:  # urllib3's own, and the socket's
            raise _BrokeOff(f"{where} broke off ({type(error).__name__})") from None
        if not read:
            return
        yield read
        since += len(read)
        if time.monotonic() > ends:
            if since < CHUNK:
                raise _BrokeOff(f"{where} is too slow: {since:,} bytes in {CHUNK_TIMEOUT:.0f} s")
            ends, since = time.monotonic() + CHUNK_TIMEOUT, 0


def _refuse_status(answer: requests.Response, address: str) -> None:
    status, where = answer.status_code, shown(address)
    if status in (200, 206):
        return
    if status in (408, 429) or status >= 500:
        raise _BrokeOff(f"{where} answers {status}")
    hint = {401: "; a user and a password go into the address", 403: "", 407: "; the proxy wants a user and a password"}
    raise ModelRefused(f"{where} answers {status}{hint.get(status, '')}")


def _length(answer: requests.Response) -> int | None:
    said = answer.headers.get("Content-Length", "")
    return int(said) if said.isascii() and said.isdecimal() else None


def _range(answer: requests.Response) -> re.Match[str] | None:
    return re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", answer.headers.get("Content-Range", ""))


def _fits(
    answer: requests.Response, headers: dict[str, str], start: int, known: _Part | None, size: int | None
) -> bool:
    """Whether a part of a file is the one that was asked for, of the same file."""
    found = _range(answer)
    same = known is None or None in (known.size, size) or known.size == size
    return "Range" in headers and found is not None and int(found[1]) == start and same


def _whole(answer: requests.Response, start: int) -> int | None:
    """Bytes of the whole file."""
    if start:
        found = _range(answer)
        return int(found[3]) if found and found[3] != "*" else None
    return _length(answer)


def _validator(answer: requests.Response) -> str | None:
    tag = answer.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return answer.headers.get("Last-Modified")


def _part(to: Path) -> Path:
    return to.with_name(f"{to.name}.part")


def _note(to: Path) -> Path:
    return to.with_name(f"{to.name}.json")


def _noted(to: Path) -> _Part | None:
    """What is known of the part; None if nothing is, or it makes no sense."""
    try:
        found = json.loads(_note(to).read_bytes())
        return _Part(str(found["address"]), found["validator"] and str(found["validator"]), found["size"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
