"""Reads releases in a process of its own, so that no document ends intake or holds up the other producers.

Parsers of other people's documents have faults that are not ours to mend: a crash in C, minutes for a text made for it,
gigabytes. Here such a document ends its reader, or the reader is ended, and the document is refused with the reason. A
spare reader is always warm, so the next document does not wait.

The reader is `python -m workers.reader_process`, which the fork server starts where there is one. Over its pipes go
frames, four bytes with the length and then the bytes: a document in; JSON out, with the release in its canonical form,
or with the problems.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import asdict
from typing import IO, Any

import structlog

from tasks.model.documents import DocumentRefused
from tasks.model.readers import Reading, read_with_warnings
from tasks.model.release import Release
from tasks.runtime.errors import Problem
from tasks.translation.reading import warnings as text_warnings
from workers import forked_process, forking, logs
from workers.forked_process import ForkedProcess

log = structlog.get_logger()

SECONDS = 10.0
"""Seconds of computing that one document may take; what others take of the machine is not counted. Real documents take
some milliseconds, the first one of a reader about a second."""
PATIENCE = 120.0
"""Seconds after which a reader is taken for one that stands still, however busy the machine is."""
MEMORY = 512 * 1024 * 1024
"""Bytes that a reader may use beside what it has when it is warm."""
STARTS_WITHIN = 60.0
"""Seconds that a reader gets to import what it needs."""
READERS = 2
"""Readers that are kept: one to ask, and one that is warm when that one ends."""
PASSED_ON = frozenset({"PATH", "LANG", "LC_ALL", "TZ", "TZDIR", "FANWIRE_TIME_ZONE"})
"""Variables that a reader gets beside those of Python. It needs no secret, and so has none."""
_LENGTH = struct.Struct("!I")
_READY = b"ready"
_COMMAND = (sys.executable, "-m", "workers.reader_process")


Reader = subprocess.Popen[bytes] | ForkedProcess


class DocumentReader:
    """Asks a reader process; one document at a time, whichever thread has it."""

    def __init__(self, *, seconds: float = SECONDS, memory: int = MEMORY, patience: float = PATIENCE) -> None:
        """`seconds` (of computing), `memory` (bytes): what one document may take. `patience`: seconds until a reader
        must have answered."""
        self._seconds = seconds
        self._patience = patience
        self._memory = memory
        self._readers: list[Reader] = []
        self._busy = threading.Lock()
        weakref.finalize(self, _end_all, self._readers, os.getpid())

    def read(self, document: bytes) -> Reading:
        """Return the release in a document, with warnings; raise DocumentRefused."""
        with self._busy:
            said = self._ask(document) or self._ask(document)
        if said is None:  # one reader may have ended for a reason of its own
            raise _refused("cannot be read: it ended two processes that read it")
        if "problems" in said:
            raise DocumentRefused("release", [Problem(**problem) for problem in said["problems"]])
        warnings = [Problem(**warning) for warning in said["warnings"]]
        return Reading(Release.from_ledger(said["release"]), warnings)

    def warm(self) -> None:
        """Start a reader without waiting for it."""
        with self._busy:
            self._start_up_to(1)

    def close(self) -> None:
        """End the readers; the next document starts new ones."""
        with self._busy:
            _end_all(self._readers, os.getpid())

    def _ask(self, document: bytes) -> dict[str, Any] | None:
        """What a reader says; None if it ended over the document."""
        reader = self._reader()
        try:
            _write(reader.stdin, document)
            said: dict[str, Any] = json.loads(_read(reader.stdout, time.monotonic() + self._patience))
        except TimeoutError:
            self._give_up(reader)
            raise _refused(f"was not read within {self._patience:g} s") from None
        except (OSError, EOFError):
            if self._give_up(reader) == -signal.SIGPROF:
                raise _refused(f"took more than {self._seconds:g} s of computing to read") from None
            return None
        return said

    def _reader(self) -> Reader:
        """A reader that is ready. The spare starts when it is, so as not to hold it up."""
        while True:
            self._start_up_to(1)
            try:
                ready = self._when_ready(self._readers[0])
                self._start_up_to(READERS)
                return ready
            except (TimeoutError, OSError, EOFError):
                log.warning("document reader did not start", status=self._readers[0].poll())
                _end(self._readers.pop(0))
                time.sleep(1)

    def _start_up_to(self, count: int) -> None:
        while len(self._readers) < count:
            self._readers.append(self._start())

    def _start(self) -> Reader:
        known = {name: value for name, value in os.environ.items() if name in PASSED_ON or name.startswith("PYTHON")}
        command = [*_COMMAND, str(self._memory), str(self._seconds)]
        try:
            return forked_process.start(command, known)
        except forking.NotForked:
            return subprocess.Popen(  # noqa: S603, our own command
                command, env=known, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )

    def _when_ready(self, reader: Reader) -> Reader:
        if not getattr(reader, "is_warm", False):
            if _read(reader.stdout, time.monotonic() + STARTS_WITHIN) != _READY:
                raise EOFError
            reader.is_warm = True  # type: ignore[union-attr]
        elif reader.poll() is not None:
            raise EOFError
        return reader

    def _give_up(self, reader: Reader) -> int | None:
        """End a reader; the status with which it ended."""
        self._readers.remove(reader)
        _end(reader)
        log.warning("document reader ended", status=reader.returncode)
        return reader.returncode


def _refused(problem: str) -> DocumentRefused:
    return DocumentRefused("release", [Problem("(document)", problem)])


def _end_all(readers: list[Reader], whose: int) -> None:
    """End the readers of a process, but not in one that was forked from it."""
    while readers and os.getpid() == whose:
        _end(readers.pop())


def _end(reader: Reader) -> None:
    reader.kill()
    for pipe in (reader.stdin, reader.stdout):
        with suppress(OSError):  # what was not written yet is lost with the reader
            if pipe:
                pipe.close()
    reader.wait()


def _write(pipe: IO[bytes] | None, frame: bytes) -> None:
    assert pipe is not None
    pipe.write(_LENGTH.pack(len(frame)) + frame)
    pipe.flush()


def _read(pipe: IO[bytes] | None, until: float) -> bytes:
    """One frame; raises TimeoutError after that moment (monotonic), and EOFError."""
    assert pipe is not None
    [length] = _LENGTH.unpack(_exactly(pipe.fileno(), _LENGTH.size, until))
    return _exactly(pipe.fileno(), length, until)


def _exactly(descriptor: int, length: int, until: float) -> bytes:
    read = bytearray()
    while len(read) < length:
        if not select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
            raise TimeoutError
        part = os.read(descriptor, length - len(read))
        if not part:
            raise EOFError
        read += part
    return bytes(read)


# --- the reader itself


def main(memory: int, seconds: float) -> None:
    """Answer documents until there is nobody any more who sends some.

    A document that needs more computing than `seconds` ends this process: SIGPROF does, also in the middle of C code.
    """
    out, said = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nobody else writes between the frames
    logs.use_without_set_up()
    warm = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()  # noqa: SIM115, PTH123
    resource.setrlimit(resource.RLIMIT_AS, (warm + memory, warm + memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _write(said, _READY)
    while head := out.read(_LENGTH.size):
        [length] = _LENGTH.unpack(head)
        document = out.read(length)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        answer = _answer(document)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _write(said, answer)


def _warnings(release: Release) -> list[Problem]:
    """What is said of the texts of a release that was read; a fault of ours costs no more than that."""
    try:
        return text_warnings(release)
    except Exception:
        log.exception("texts not looked at", release=release.name)
        return []


def _answer(document: bytes) -> bytes:
    try:
        reading = read_with_warnings(document)
        warnings = [asdict(warning) for warning in (*reading.warnings, *_warnings(reading.release))]
        found: dict[str, Any] = {"release": reading.release.to_json(), "warnings": warnings}
    except DocumentRefused as refusal:
        found = {"problems": [asdict(problem) for problem in refusal.problems]}
    except MemoryError:
        found = {"problems": [asdict(Problem("(document)", "needs too much memory to read"))]}
    except Exception as error:  # a fault of ours, of which the producer must hear
        log.exception("release unreadable")
        found = {"problems": [asdict(Problem("(document)", f"cannot be read: {type(error).__name__}"))]}
    return json.dumps(found).encode()
