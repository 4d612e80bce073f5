"""A mail server that takes everything, as fast as Python can, and counts it: the other side of `mail.py`.

python tests/bench/mail_sink.py COUNTS      prints its port, and writes COUNTS (JSON) when it gets SIGTERM
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from pathlib import Path

END = b"\r\n.\r\n"


class Counts:
    """What was taken."""

    def __init__(self) -> None:
        self.recipients: Counter[bytes] = Counter()
        self.per_connection: list[int] = []
        self.bytes = 0


class Conversation(asyncio.Protocol):
    """One connection: commands line by line, and messages up to their end."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._buffer = b""
        self._message: list[bytes] | None = None
        self._recipient = b""
        self._taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink.example\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        """Note how many messages came by it."""
        self._counts.per_connection.append(self._taken)

    def data_received(self, data: bytes) -> None:
        """Answer whatever is whole."""
        if self._message is not None:
            self._more(data)
            return
        self._buffer += data
        while self._message is None and b"\r\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\r\n")
            self._transport.write(self._answer(line))
        if self._message is not None and self._buffer:
            data, self._buffer = self._buffer, b""
            self._more(data)

    def _answer(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._recipient = line[line.index(b"<") + 1 : line.rindex(b">")]
        elif verb == b"DATA":
            self._message = []
            return b"354 go on\r\n"
        elif verb == b"EHLO":
            return b"250-sink.example\r\n250-SIZE 10000000\r\n250 8BITMIME\r\n"
        elif verb == b"QUIT":
            self._transport.close()
        return b"250 ok\r\n"

    def _more(self, data: bytes) -> None:
        assert self._message is not None
        self._message.append(data)
        self._counts.bytes += len(data)
        last = data if len(data) >= len(END) else b"".join(self._message[-3:])
        if last.endswith(END):
            self._message = None
            self._taken += 1
            self._counts.recipients[self._recipient] += 1
            self._transport.write(b"250 taken\r\n")


async def serve(file: Path) -> None:
    """Serve until SIGTERM."""
    counts, over = Counts(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    server = await loop.create_server(lambda: Conversation(counts), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await over.wait()
    server.close()
    await asyncio.sleep(0.2)
    times = Counter(counts.recipients.values())
    file.write_text(json.dumps({
        "messages": counts.recipients.total(), "recipients": len(counts.recipients), "bytes": counts.bytes,
        "more than once": sum(n for many, n in times.items() if many > 1), "per connection": counts.per_connection,
    }))  # fmt: skip


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
