"""A conversation with a translation service: JSON over HTTP by `requests`, and what its answers mean.

All services share one TLS context (`requests` would load the certificates anew for every host, 19 ms each), take no
proxies or certificates from the environment, follow no redirect (a POST would become a GET) and retry nothing: the
router and the clock know when.
"""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tasks import trust
from tasks.translation.errors import EngineError, Fatal, QuotaUsedUp, Retryable

MAX_ANSWER = 8 * 1024 * 1024
"""Bytes of an answer that are read; more is no translation."""
_TOLD = 200
"""Characters of a service's own words in a reason."""

Meaning = Callable[[int, Any, str], EngineError | None]
"""From status, answer and the reason in words: the error, or None to leave it to `meaning_of`."""


class Service:
    """One service at one address. Usable after a fork: every process opens connections of its own."""

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
    ) -> Any:
        """POST `body` as JSON (or `data` as it is), and the JSON that comes back; raises an EngineError.

        Nothing of the request, whose headers hold the key, gets into an error's text.
        """
        try:
            with _session(os.getpid()).post(
                self._url + path,
                json=body,
                data=data,
                headers=dict(headers or {}),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                content = answer.raw.read(MAX_ANSWER + 1, decode_content=True)
                status, after = answer.status_code, answer.headers.get("Retry-After")
        except requests.Timeout:
            raise Retryable(f"gave no answer within {self._timeout:g} s") from None
        except (requests.RequestException, OSError) as error:
            raise Retryable(f"cannot be reached ({type(error).__name__})") from None
        except Exception as error:  # urllib3's own, for an answer that breaks off
            raise Retryable(f"broke off its answer ({type(error).__name__})") from None
        if len(content) > MAX_ANSWER:
            raise Fatal(f"answered with more than {MAX_ANSWER:,} bytes")
        found = _json(content)
        if status != 200:
            said = f"answered {status}: {_words_in(found, content)}"
            raise (self._meaning and self._meaning(status, found, said)) or meaning_of(status, said, after)
        if found is None:
            raise Fatal("answered with something that is no JSON")
        return found


def meaning_of(status: int, said: str, after: str | None) -> EngineError:
    """What a status means where a service has no meaning of its own for it."""
    if status in (408, 425, 429) or status >= 500:
        return Retryable(said, after=float(after) if after and after.isdigit() else None)
    if status in (402, 456):
        return QuotaUsedUp(said)
    return Fatal(said)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _words_in(found: Any, content: bytes) -> str:
    """What the service says is wrong: `message` or `error` wherever it puts them, else the beginning of its answer."""
    for name in ("error", "message", "detail", "Message"):
        if isinstance(found, dict) and found.get(name):
            return _words_in(found[name], str(found[name]).encode())
    if isinstance(found, dict | list) or not content:
        return "without a reason" if not content else content.decode("utf-8", "replace")[:_TOLD]
    return " ".join(str(found if found is not None else content.decode("utf-8", "replace")).split())[:_TOLD]


class _SharedContext(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=_context())

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The context has the authorities already; `requests` would load them again for each host."""
        if str(url).lower().startswith("https"):
            conn.cert_reqs = "CERT_REQUIRED"


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(trust.bundle()))


@cache
def _session(_process: int) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _SharedContext())
    session.headers["User-Agent"] = "Fanwire"
    return session
