"""What a whole Fanwire takes that has nothing to do: memory, CPU, and the time and the CPU until it is there."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from tests.support.processes import descendants, end, environment, free_port, start, until
from workers import health

RESTS = 10.0
"""Seconds after which what the start leaves is over, and seconds for which idle CPU is measured."""
MEGABYTE = 1e6


def run(home: Path) -> None:
    """Start `fanwire up`, wait until each of its processes says that it is well, and let it rest."""
    ports = {f"{name}_PORT": str(free_port()) for name in ("FLOWER", "WEB")}
    env = environment(home, **ports)
    os.environ.update({name: env[name] for name in env if name.startswith("FANWIRE_")})  # health reads them
    fanwire = str(Path(sys.executable).with_name("fanwire"))
    began = time.monotonic()
    process = start([fanwire, "up"], env, home / "up.log")
    try:
        until(_all_are_well, (home / "up.log").read_text)
        wall, spent = time.monotonic() - began, _cpu(process.pid)
        time.sleep(RESTS)
        before = _cpu(process.pid)
        time.sleep(RESTS)
        idle = (_cpu(process.pid) - before) / RESTS
        family = [psutil.Process(process.pid), *descendants(process.pid)]
        print(f"  all processes are well after {wall:.1f} s and {spent:.1f} s of CPU")
        print(f"  idle: {sum(map(_memory, family)):,.0f} MB in {len(family)} processes (PSS), {idle:.1%} of a core")
        _show_each(family)
    finally:
        end(process, patience=30)


def _all_are_well() -> bool:
    return all(health.problem(name) is None for name in health.PROCESSES)


def _cpu(pid: int) -> float:
    """Seconds of CPU of a process, and of all that came of it."""
    spent = 0.0
    for process in [psutil.Process(pid), *descendants(pid)]:
        with suppress(psutil.NoSuchProcess):
            spent += sum(process.cpu_times()[:4])  # its own, and of children that have ended
    return spent


def _memory(process: psutil.Process) -> float:
    """Megabytes of a process; of a page that it shares with others it has its part."""
    return _field(process, "Pss:")


def _field(process: psutil.Process, *names: str) -> float:
    lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()[1:]
    return sum(int(line.split()[1]) * 1024 / MEGABYTE for line in lines if line.startswith(names))


def _show_each(family: Sequence[psutil.Process]) -> None:
    for process in sorted(family, key=_memory, reverse=True):
        own = _field(process, "Private_")
        print(f"    {_memory(process):>6.1f} MB, {own:>6.1f} for itself   {_name(process)}")


def _name(process: psutil.Process) -> str:
    told = process.cmdline()
    return next((part for part in told if part.endswith("@%h")), " ".join(told[1:4])[-60:])
