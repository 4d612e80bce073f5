"""uvicorn's HTTP/1.1, with a limit on how long a client may take for the head of a request.

uvicorn itself waits for ever for one that connects and says nothing, or sends a byte a minute.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""From the first byte of a request, or from the connection, to the end of its head."""


class PatientProtocol(H11Protocol):
    """One connection."""

    head_seconds = HEAD_SECONDS
    _head_ends: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take what the client has sent."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._await_head()
        else:
            self._have_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._have_head()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        if self._head_ends is None:
            self._head_ends = self.loop.call_later(self.head_seconds, self.timeout_keep_alive_handler)

    def _have_head(self) -> None:
        if self._head_ends is not None:
            self._head_ends.cancel()
            self._head_ends = None
