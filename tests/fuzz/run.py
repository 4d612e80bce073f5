"""`make fuzz`: spoiled documents for every parser, for MINUTES=1; what fails is kept in build/fuzz/.

Each parser runs in a fork, which notes the number of the document before it parses it. So a fork that dies or hangs
names the guilty one, and a new fork goes on behind it. A document fails when its parser raises anything but UserError,
ends the process, or takes more than SLOW seconds of CPU. The same SEED makes the same documents.
"""

from __future__ import annotations

import faulthandler
import hashlib
import mmap
import os
import resource
import signal
import struct
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from tests.fuzz.mutations import spoiled
from tests.fuzz.targets import ALLOWED, ROOT, TARGETS

SLOW: Final = 2.0
"""Seconds of CPU that one document may take."""
HANGS: Final = 30.0
"""Seconds of CPU after which a document is given up."""
KEPT: Final = ROOT / "build" / "fuzz"
MEMORY: Final = 4 * 1024**3
"""Bytes of address space that a fork may have."""
NICENESS: Final = 10
_STAND: Final = struct.Struct("qd")
"""Number of the document, and the CPU that the fork had used when it began."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One document that failed."""

    target: str
    number: int
    why: str


def document(target: str, seed: int, number: int) -> bytes:
    """The document of this number."""
    wanted = TARGETS[target]
    return spoiled(Random(f"{seed} {target} {number}"), wanted.seeds)[: wanted.largest]


def fuzz(target: str, seed: int, *, seconds: float = 1e9, count: int = 10**9) -> tuple[int, list[Failure]]:
    """Parse spoiled documents for some seconds, or so many; how many there were, and what failed."""
    failures: list[Failure] = []
    number, ends = 0, time.monotonic() + seconds
    while number < count and time.monotonic() < ends:
        stopped, why = _in_fork(target, seed, number, count, ends)
        if why:
            failures.append(Failure(target, stopped, why))
        number = stopped + 1 if why else stopped
    return number, failures


def _in_fork(target: str, seed: int, first: int, count: int, ends: float) -> tuple[int, str | None]:
    """Parse from number `first` on until one fails: its number and why; or the number of the next one, and None."""
    stand = mmap.mmap(-1, _STAND.size)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _parse(target, seed, first, count, ends, stand, writer)
    os.close(writer)
    slow = False
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.05)
        _, began = _STAND.unpack(stand[:])
        if _cpu_of(child) - began > HANGS:
            os.kill(child, signal.SIGKILL)
            slow = True
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    number, _ = _STAND.unpack(stand[:])
    if slow:
        return number, f"took more than {HANGS:g} s"
    if status < 0:
        return number, f"ended the process: {signal.Signals(-status).name}"
    return (number, said) if said else (number, None)


def _parse(target: str, seed: int, first: int, count: int, ends: float, stand: mmap.mmap, writer: int) -> None:
    """In the fork."""
    status = 1
    try:
        faulthandler.disable()  # pytest's would print what the parent is told anyway
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = first
        while number < count and time.monotonic() < ends:
            began = time.process_time()
            stand[:] = _STAND.pack(number, began)
            why = _why(target, document(target, seed, number), began)
            if why:
                os.write(writer, why.encode("utf-8", "replace")[:60_000])
                break
            number += 1
            stand[:] = _STAND.pack(number, time.process_time())
        status = 0
    finally:
        os._exit(status)


def _why(target: str, data: bytes, began: float) -> str | None:
    try:
        TARGETS[target].run(data)
    except ALLOWED:
        pass
    except BaseException:
        return traceback.format_exc(limit=-6)
    seconds = time.process_time() - began
    return f"took {seconds:.1f} s" if seconds > SLOW else None


def _cpu_of(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def keep(failure: Failure, data: bytes) -> Path:
    """Write a document that failed, and beside it why."""
    KEPT.mkdir(parents=True, exist_ok=True)
    file = KEPT / f"{failure.target}-{hashlib.sha256(data).hexdigest()[:12]}"
    file.write_bytes(data)
    file.with_suffix(".txt").write_text(failure.why)
    return file


def rounds(seconds: float, seed: int) -> Iterator[tuple[str, int, list[Failure]]]:
    """Every target in turn, each for its share of the time."""
    for target in TARGETS:
        yield target, *fuzz(target, seed, seconds=seconds / len(TARGETS))


def main() -> int:
    """Print a line for each target; 1 if anything failed."""
    minutes, seed = float(os.environ.get("MINUTES") or 1), int(os.environ.get("SEED") or time.time())
    os.nice(NICENESS)
    print(f"SEED={seed}, {minutes:g} minutes\n{'parser':20} {'documents':>10} {'failed':>7}")
    failed = 0
    for target, count, failures in rounds(minutes * 60, seed):
        print(f"{target:20} {count:10,} {len(failures):7,}", flush=True)
        for why in sorted({failure.why for failure in failures}):
            first = next(failure for failure in failures if failure.why == why)
            print(f"  {keep(first, document(target, seed, first.number))}: {why.strip().splitlines()[-1][:200]}")
        failed += len(failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
