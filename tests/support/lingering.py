"""Ends of connections at which the other side still hears what was said last."""

from __future__ import annotations

import contextlib
import os
import socket


def linger(connection: socket.socket, seconds: float = 60.0) -> None:
    """Say nothing more, and wait until the other side has read it all and hung up.

    Closed at once, with bytes unread, a connection is reset, and the alert of a failed handshake is lost.
    """
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as plain:
        plain.shutdown(socket.SHUT_WR)
        plain.settimeout(seconds)
        while plain.recv(65536):
            pass
