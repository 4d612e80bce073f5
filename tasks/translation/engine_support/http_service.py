"""A conversation with a translation service: JSON over HTTP by `requests`, and what its answers mean.

All services share one TLS context (`requests` would load the certificates anew for every host, 19 ms each), take no
proxies, certificates or cookies from anywhere, follow no redirect (a POST would become a GET) and retry nothing: the
router and the clock know when.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ReadTimeoutError

from tasks.runtime import secrets, trust
from tasks.runtime.striking import strike_text
from tasks.translation.errors import EngineError, Fatal, QuotaUsedUp, Retryable, Unsupported

MAX_ANSWER = 8 * 1024 * 1024
"""Bytes of an answer that are read; more is no translation."""
_CHUNK = 64 * 1024
_TOLD = 200
"""Characters of a service's own words in a reason."""
_DAY = 86_400.0
_DEEP = 5
"""Objects within objects in which a service's words are looked for; errors around errors."""

Meaning = Callable[[int, Any, str], EngineError | None]
"""From status, answer and the reason in words: the error, or None to leave it to `meaning_of`."""


class Service:
    """A translation service at one address over HTTP. Usable after a fork: every process opens connections of its
    own."""

    def __init__(self, name: str, url: str, *, timeout: float, meaning: Meaning | None = None):
        self._name = name
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._meaning = meaning

    def post(
        self,
        path: str,
        body: Any = None,
        *,
        data: bytes | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        secret: str | None = None,
    ) -> Any:
        """POST `body` as JSON (or `data` as it is), and the JSON that comes back; raises an EngineError.

        Nothing of the request gets into an error's text. A service that repeats the key of its headers, or `secret`,
        in its words is not quoted with it.
        """
        sent = dict(headers or {})
        if body is not None:
            data, sent = as_json(body), {"Content-Type": "application/json", **sent}
        status, content, after = self._exchange(path, data, sent)
        if len(content) > MAX_ANSWER:
            raise Fatal(f"answered with more than {MAX_ANSWER:,} bytes")
        found = _json(content)
        if status != 200:
            said = f"answered {status}: {_words_in(found, content, hidden=_credentials(sent, secret))}"
            raise self._error(status, found, said, after)
        if found is None:
            raise Fatal("answered with something that is no JSON")
        return found

    def _exchange(self, path: str, data: Any, headers: Mapping[str, str]) -> tuple[int, bytes, float | None]:
        """Status, body and the seconds of `Retry-After`."""
        until = time.monotonic() + self._timeout
        where = address_of(self._url)
        try:
            with _session(os.getpid()).post(
                self._url + path,
                data=data,
                headers=dict(headers),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return answer.status_code, _content(answer, until), seconds_of(answer.headers.get("Retry-After"))
        except (requests.Timeout, ReadTimeoutError, TimeoutError):
            raise Retryable(f"gave no answer within {self._timeout:g} s ({where})") from None
        except (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL, UnicodeError) as error:
            raise Fatal(f"cannot be asked with this url and key ({type(error).__name__})") from None
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise Fatal(
                    f"has a certificate that is not trusted ({where}; FANWIRE_CA_FILE names more authorities)"
                ) from None
            raise Retryable(f"cannot be reached at {where} (no TLS connection could be made)") from None
        except (requests.RequestException, OSError) as error:
            raise Retryable(f"cannot be reached at {where} ({_in_words(error)})") from None
        except Exception as error:  # urllib3's own, for an answer that breaks off
            raise Retryable(f"broke off its answer ({where}, {type(error).__name__})") from None

    def _error(self, status: int, found: Any, said: str, after: float | None) -> EngineError:
        error = (self._meaning and self._meaning(status, found, said)) or meaning_of(status, said)
        if isinstance(error, Retryable | QuotaUsedUp) and after is not None:
            error.after = after
        return error


def address_of(url: str) -> str:
    """Host and port of a URL, as they may stand in reasons: without user, password, path and query."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return "an address that cannot be read"
    return f"{f'[{host}]' if ':' in host else host}:{port}"


def _in_words(error: BaseException) -> str:
    """Why a connection failed, by the error at the bottom of all that libraries have put around it."""
    seen: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in seen and len(seen) < _DEEP:
        seen.append(found)
        inner = getattr(found, "reason", None) or next((arg for arg in found.args if _is_error(arg)), None)
        found = inner if _is_error(inner) else found.__cause__ or found.__context__
    for one in reversed(seen):
        if isinstance(one, socket.gaierror):
            return "no such host is known"
        if isinstance(one, http.client.RemoteDisconnected):
            return "it closed the connection without an answer"
        if isinstance(one, OSError) and isinstance(one.errno, int):
            return os.strerror(one.errno).lower()
    return type(seen[-1]).__name__


def _is_error(thing: object) -> TypeGuard[BaseException]:
    return isinstance(thing, BaseException)


def meaning_of(status: int, said: str) -> EngineError:
    """What an HTTP status means where a service has no meaning of its own for it."""
    if status in (408, 425, 429) or status >= 500:
        return Retryable(said)
    if status in (402, 456):
        return QuotaUsedUp(said)
    return Fatal(said)


def key_behind(reference: str) -> str:
    """The credential behind `env:NAME` or `file:PATH`, read afresh for every request; raises Fatal."""
    try:
        return secrets.resolve(reference, written_by="operator")
    except secrets.SecretMissing as error:
        raise Fatal(str(error)) from None


def as_json(body: Any) -> bytes:
    """A value as compact JSON in UTF-8: services count bytes, and `\\u4e2d` is six of them for three."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def batches(
    texts: Sequence[str], *, units: int, size: int, measure: Callable[[str], int] = len
) -> Iterator[Sequence[str]]:
    """`texts` in as few requests as a service allows: at most `units` of them, of `size` together by `measure`.

    Raises Unsupported for one that alone is too large.
    """
    start, held = 0, 0
    for index, text in enumerate(texts):
        one = measure(text)
        if one > size:
            raise Unsupported(f"a sentence is larger ({one:,}) than a request may be ({size:,})")
        if index - start == units or held + one > size:
            yield texts[start:index]
            start, held = index, 0
        held += one
    if texts[start:]:
        yield texts[start:]


def texts_in(answer: Any, count: int, name: str, inner: str | None = None) -> list[str]:
    """The `count` texts of the list `answer[name]`, each at `inner` if given; raises Fatal if the answer has not so
    many."""
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise Fatal(f"answered without a list of {name!r}")
    if len(found) != count:
        raise Fatal(f"answered with {len(found)} texts to {count}")
    entries = [entry.get(inner) if inner and isinstance(entry, dict) else entry for entry in found]
    texts = [entry for entry in entries if isinstance(entry, str)]
    if len(texts) != count:
        raise Fatal(f"answered with something in {name!r} that is no text")
    return texts


def seconds_of(after: str | None) -> float | None:
    """`Retry-After`, seconds or a date, in seconds from now, a day at most; None if there is none that can be read."""
    if after and after.isascii() and after.isdecimal():
        return min(float(after), _DAY)
    try:
        date = parsedate_to_datetime(after or "")
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()), _DAY)


def _content(answer: requests.Response, until: float) -> bytes:
    """The body as far as it may be read, part by part: one that drips must not outlast the time of a request."""
    content = bytearray()
    while len(content) <= MAX_ANSWER:
        part = answer.raw.read1(_CHUNK, decode_content=True)
        if not part:
            break
        content += part
        if time.monotonic() > until:
            raise TimeoutError
    return bytes(content)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _words_in(found: Any, content: bytes, *, hidden: Sequence[str]) -> str:
    """What the service says is wrong: `message` or `error` wherever it puts them, else the beginning of its answer."""
    said: Any = found
    for _ in range(_DEEP):
        inner = said if isinstance(said, dict) else {}
        names = ("error", "explanation", "message", "detail", "Message")
        said = next((inner[name] for name in names if inner.get(name)), said)
    if not isinstance(said, str):
        said = content.decode("utf-8", "replace")
    return " ".join(strike_text(said, tuple(hidden)).split())[:_TOLD] or "without a reason"


def _credentials(headers: Mapping[str, str], secret: str | None) -> list[str]:
    """The last word of each header that holds a credential, and `secret`: a service may repeat them."""
    keys = [value for name, value in headers.items() if re.search("auth|key|token", name, re.IGNORECASE)]
    return [value.split()[-1] for value in keys if value.split()] + ([secret] if secret else [])


class SharedContext(HTTPAdapter):
    """Connections of `requests` that believe our authorities, directly or through a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Called by `requests`, once for all hosts."""
        super().init_poolmanager(*args, **kwargs, ssl_context=shared_context())

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Called by `requests` where a session has proxies."""
        context = shared_context()
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=context, proxy_ssl_context=context)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The context has the authorities already; `requests` would load them again for each host."""
        if str(url).lower().startswith("https"):
            conn.cert_reqs = "CERT_REQUIRED"


def shared_context() -> ssl.SSLContext:
    """The TLS context with the authorities that we believe now."""
    bundle = trust.bundle()
    return _context(bundle, bundle.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _context(bundle: Path, _written: int) -> ssl.SSLContext:
    """Reading the authorities takes 20 ms: once for what stands in a file since this moment."""
    return ssl.create_default_context(cafile=str(bundle))


@cache
def _session(_process: int) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", SharedContext())
    session.headers["User-Agent"] = "Fanwire"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session
