"""Writes the lines of a log so that nobody who does not read them stops a worker.

What supervisord or a container runtime reads comes through a pipe that has room for 64 KiB. When its reader is frozen,
the next write would wait for ever, and with it every delivery. So a pipe is written only as far as it has room: a line
that finds none is dropped and counted, and the next line that finds room says how many were.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import stat
from collections.abc import Callable
from typing import IO, Any

PATIENCE = 0.2
"""Seconds for which the rest of a line waits for room, if a part of it has been written."""


class LineHandler(logging.Handler):
    """Writes each record as one line, whole or not at all."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        self._stream = stream
        self._pipe = _own_descriptor(stream)
        self._torn = False
        self.dropped = 0
        """Lines that found no room since the last one that did."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or count it as dropped. Raises nothing."""
        try:
            self._put(self.format(record) + "\n")
        except Exception:
            self.handleError(record)

    def show(self, event: dict[str, Any], render: Callable[[dict[str, Any]], str]) -> None:
        """Write what `render` makes of an event as one line, as `handle` does with a record. Raises nothing."""
        self.acquire()
        try:
            self._put(render(event) + "\n")
        except Exception:
            self.handleError(_record(logging.ERROR, str(event.get("event"))))
        finally:
            self.release()

    def _put(self, line: str) -> None:
        if self._pipe is None:
            self._stream.write(line)
            self._stream.flush()
        elif self._said_what_is_missing():
            self._write(line)

    def close(self) -> None:
        """Close what this handler opened; the stream stays open."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        super().close()

    def _said_what_is_missing(self) -> bool:
        """Say how many lines were dropped, if any were; False if there is no room even for that."""
        if not self.dropped:
            return True
        n, self.dropped = self.dropped, 0
        told = _record(logging.WARNING, f"log lines dropped: {n}, for nobody read them")
        if self._write(self.format(told) + "\n"):
            return True
        self.dropped = n + 1  # and the line that is to be written now
        return False

    def _write(self, line: str) -> bool:
        """Write a line as far as there is room; whether all of it was written."""
        assert self._pipe is not None
        data = (b"\n" if self._torn else b"") + line.encode(errors="backslashreplace")
        begun = False
        while data:
            try:
                written = os.write(self._pipe, data)
            except BlockingIOError:
                written = 0
            except OSError:  # nobody reads it any more
                break
            data, begun = data[written:], begun or written > 0
            if data and not (begun and _has_room(self._pipe, PATIENCE)):
                break
        self._torn = bool(data) and (begun or self._torn)
        self.dropped += bool(data)
        return not data


def _record(level: int, text: str) -> logging.LogRecord:
    return logging.LogRecord(__name__, level, __file__, 0, text, None, None)


def _own_descriptor(stream: IO[str]) -> int | None:
    """A descriptor of the pipe behind a stream, for us alone, on which no write waits; None if it is no pipe.

    A flag on the stream's own descriptor would count for all that share it, other programs included.
    """
    with contextlib.suppress(OSError, ValueError):
        number = stream.fileno()
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            return os.open(f"/proc/self/fd/{number}", os.O_WRONLY | os.O_NONBLOCK)
    return None


def _has_room(descriptor: int, seconds: float) -> bool:
    """Whether a pipe has room within so many seconds."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLOUT)
    return any(event & select.POLLOUT for _, event in waiting.poll(seconds * 1000))
