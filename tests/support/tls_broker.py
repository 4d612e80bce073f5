"""TLS before a broker that knows none: the Valkey of the wheel is built without it."""

from __future__ import annotations

import asyncio
import contextlib
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
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        self._ready.wait(PATIENCE)

    def url(self, scheme: str = "rediss", host: str = "127.0.0.1") -> str:
        """The address of this door, with user and password of the broker behind it."""
        who = self._broker.netloc.partition("@")[0] if self._broker else "worker:Geheimnis"
        return f"{scheme}://{who}@{host}:{self.port}/0"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)
        self._loop.close()

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        server = await asyncio.start_server(self._take, "127.0.0.1", 0, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._talk(reader, writer)
        await _closed(writer)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._broker is None:
            while data := await reader.read(65536):
                self.heard += data
                writer.write(b"-ERR what is that?\r\n")
            return
        there, back = await asyncio.open_connection(self._broker.hostname, self._broker.port)
        pumps = [asyncio.create_task(_pump(reader, back)), asyncio.create_task(_pump(there, writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            await _closed(back)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with contextlib.suppress(OSError, asyncio.CancelledError):
        await writer.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


@contextlib.contextmanager
def tls_door(context: ssl.SSLContext | None, broker: str | None) -> Iterator[TlsDoor]:
    """A door that is closed again."""
    door = TlsDoor(context, broker)
    try:
        yield door
    finally:
        door.close()
