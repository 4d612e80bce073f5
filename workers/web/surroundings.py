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

log = structlog.get_logger()

LARGEST_BODY = 1024 * 1024
"""Bytes of a request's body that are read at most, unless its route says another number (`allow_body`)."""
CLIENT_SECONDS = 30.0
"""The longest wait for the next part of a body, and for a client to take the next part of an answer."""
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


_ALLOWED = "fanwire.largest_body"


def allow_body(scope: Scope, largest: int) -> None:
    """Let this request have a body of so many bytes."""
    scope[_ALLOWED] = largest


class ClientTooSlow(Exception):
    """A client has taken nothing, or sent nothing, for too long."""


class Surroundings:
    """An ASGI application around ours."""

    def __init__(self, app: ASGIApp, client_seconds: float = CLIENT_SECONDS) -> None:
        self.app, self._client_seconds = app, client_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = {"status": 0, "bytes": 0}
        began, read = time.monotonic(), 0

        async def limited_receive() -> Message:
            nonlocal read
            message: Message = await self._within(receive())
            read += len(message.get("body", b""))
            if read > scope.get(_ALLOWED, LARGEST_BODY):
                raise HTTPException(413, headers={"connection": "close"})
            return message

        async def noting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
                named = {name.lower() for name, _ in message.get("headers", ())}
                message["headers"] = [*message.get("headers", ()), *(h for h in HEADERS if h[0] not in named)]
            elif message["type"] == "http.response.body":
                told["bytes"] += len(message.get("body", b""))
            await self._within(send(message))

        try:
            await self.app(scope, limited_receive, noting_send)
        except ClientTooSlow:
            log.warning("client too slow", **_named(scope), **told)
            if not told["status"]:
                await send({"type": "http.response.start", "status": 408, "headers": [(b"connection", b"close")]})
                await send({"type": "http.response.body", "body": b""})
            # else the server closes the connection, for the answer is not whole; listening.py sees that it really ends
        finally:
            log.info("request", **_named(scope), **told, seconds=round(time.monotonic() - began, 4))

    async def _within(self, waiting: Any) -> Any:
        try:
            async with asyncio.timeout(self._client_seconds):
                return await waiting
        except TimeoutError:
            raise ClientTooSlow from None


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
