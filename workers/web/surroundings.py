"""What surrounds every request of the web server: its line in the log, headers for browsers, and limits.

A line names the route and never the address itself: queries hold signatures, and paths hold tokens of feeds. Of the
parts of a path it names all but `token`.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workers.web.prefix import without_prefix
from workers.web.problem_details import ProblemDetails

log = structlog.get_logger()

LARGEST_BODY = 1024 * 1024
"""Bytes of a request's body that are read at most, unless its route says another number (`allow_body`)."""
CLIENT_SECONDS = 30.0
"""The longest wait for the next part of a body, and for a client to take the next part of an answer."""
BODY_SECONDS = 60.0
"""The longest that a whole body may take to come, unless its route says another number (`allow_body`)."""
SECRET_PARTS = frozenset({"token"})
"""Parts of a path that are secrets."""
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex"),
    (b"cache-control", b"no-store"),
)
"""Headers of every answer, unless its route says another value."""


_ALLOWED, _SECONDS = "fanwire.largest_body", "fanwire.body_seconds"


def allow_body(scope: Scope, largest: int, seconds: float | None = None) -> None:
    """Let this request have a body of so many bytes, and so many seconds in which it comes; None: as any other has."""
    scope[_ALLOWED] = largest
    if seconds is not None:
        scope[_SECONDS] = seconds


class ClientTooSlow(Exception):
    """A client has taken nothing for too long."""


class _Body:
    """The body of one request, as its parts come; raises 413 when it is too large, and 408 when it comes too slowly."""

    def __init__(self, scope: Scope, receive: Receive, client_seconds: float, body_seconds: float) -> None:
        self._scope, self._receive = scope, receive
        self._client_seconds, self._body_seconds = client_seconds, body_seconds
        self._began, self._read, self._is_whole = time.monotonic(), 0, False

    async def next(self) -> Message:
        """The next part; after the last one, whatever the server says, such as that the client has gone."""
        if self._is_whole:
            return await self._receive()
        left = self._began + self._scope.get(_SECONDS, self._body_seconds) - time.monotonic()
        try:
            async with asyncio.timeout(min(self._client_seconds, left)):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, "the body took too long to come", {"connection": "close"}) from None
        self._read += len(message.get("body", b""))
        if self._read > self._scope.get(_ALLOWED, LARGEST_BODY):
            raise HTTPException(413, headers={"connection": "close"})
        self._is_whole = not message.get("more_body", False)
        return message


class Surroundings:
    """An ASGI application around ours."""

    def __init__(
        self, app: ASGIApp, client_seconds: float = CLIENT_SECONDS, body_seconds: float = BODY_SECONDS
    ) -> None:
        """Surround `app`; the seconds are those of CLIENT_SECONDS and BODY_SECONDS."""
        self.app, self._client_seconds, self._body_seconds = app, client_seconds, body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope, told = without_prefix(scope), {"status": 0, "bytes": 0}
        began, body = time.monotonic(), _Body(scope, receive, self._client_seconds, self._body_seconds)

        async def noting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
                named = {name.lower() for name, _ in message.get("headers", ())}
                message["headers"] = [*message.get("headers", ()), *(h for h in HEADERS if h[0] not in named)]
            elif message["type"] == "http.response.body":
                told["bytes"] += len(message.get("body", b""))
            await self._within(send(message))

        try:
            if _says_two_lengths(scope):
                await _TWO_LENGTHS(scope, receive, noting_send)
                return
            await self.app(scope, body.next, noting_send)
        except ClientTooSlow:
            log.warning("client too slow", **_named(scope), **told)
            # the server closes the connection, for the answer is not whole; listening.py sees that it really ends
        finally:
            log.info("request", **_named(scope), **told, seconds=round(time.monotonic() - began, 4))

    async def _within(self, waiting: Any) -> Any:
        try:
            async with asyncio.timeout(self._client_seconds):
                return await waiting
        except TimeoutError:
            raise ClientTooSlow from None


_TWO_LENGTHS = ProblemDetails(
    400, "Content-Length and Transfer-Encoding say two things of one body; send one of them", {"connection": "close"}
)


def _says_two_lengths(scope: Scope) -> bool:
    """Whether a proxy may see another end of the body, and so another next request, than we do (RFC 9112, 6.1)."""
    return {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope.get("headers", ())}


def _named(scope: Scope) -> dict[str, Any]:
    """What a log line may say of a request."""
    route = scope.get("route")
    parts = {name: str(part) for name, part in scope.get("path_params", {}).items() if name not in SECRET_PARTS}
    client = scope.get("client")
    return {
        "method": scope["method"],
        "route": getattr(route, "path", None),
        "parts": parts,
        "client": client[0] if client else None,
    }
