"""TLS before a broker that knows none: the Valkey of the wheel is built without it."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.support.threads import PATIENCE


class TlsDoor:
    """Takes TLS connections, and hands what comes on to a broker; without one, keeps it and answers with an error."""

    def __init__(self, context: ssl.SSLContext | None, broker: str | None) -> None:
        """`context`: None for a listener that knows no TLS."""
        self.heard = b""
        """What came, as far as there is no broker behind."""
        self._context = context
        self._broker = urlsplit(broker) if broker else None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._taken: dict[threading.Thread, socket.socket] = {}
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def url(self, scheme: str = "rediss", host: str = "127.0.0.1") -> str:
        """The address of this door, with user and password of the broker behind it."""
        who = self._broker.netloc.partition("@")[0] if self._broker else "worker:Geheimnis"
        return f"{scheme}://{who}@{host}:{self.port}/0"

    def close(self) -> None:
        """Take nobody any more, and leave whoever was taken."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join(PATIENCE)
        self._listener.close()
        for talking, connection in self._taken.items():
            with contextlib.suppress(OSError):  # it has ended
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            talking.join(PATIENCE)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                self._take(self._listener.accept()[0])

    def _take(self, connection: socket.socket) -> None:
        if self._context:
            connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        talking = threading.Thread(target=self._talk, args=(connection,))
        self._taken[talking] = connection
        talking.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            if self._broker:
                _hand_on(connection, (self._broker.hostname or "", self._broker.port or 0))
            while data := connection.recv(65536):
                self.heard += data
                connection.sendall(b"-ERR what is that?\r\n")


def _hand_on(connection: socket.socket, broker: tuple[str, int]) -> None:
    """Until one of both ends."""
    with socket.create_connection(broker) as behind:
        while True:
            for side in select.select([connection, behind], [], [])[0]:
                other = connection if side is behind else behind
                data = side.recv(65536)
                if not data:
                    return
                while isinstance(side, ssl.SSLSocket) and side.pending():  # select does not know of it
                    data += side.recv(65536)
                other.sendall(data)


@contextlib.contextmanager
def tls_door(context: ssl.SSLContext | None, broker: str | None) -> Iterator[TlsDoor]:
    """A door that is closed again."""
    door = TlsDoor(context, broker)
    try:
        yield door
    finally:
        door.close()
