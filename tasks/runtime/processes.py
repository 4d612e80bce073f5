"""Processes of this machine, and whether one of them still lives. Linux only: elsewhere nothing is known of any."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

PROC = Path("/proc")
_STATE, _STARTED = 0, 19
"""Places in /proc/PID/stat after the name of the program (proc_pid_stat(5), fields 3 and 22)."""
_OVER = "ZX"
"""States of a process that has ended, but that its parent has not asked about yet."""


@cache
def machine() -> str | None:
    """What this machine is called since it was booted, and which of its processes see each other: containers have
    process numbers of their own. None where that is not known."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{os.stat(PROC / 'self/ns/pid').st_ino}"  # noqa: PTH116, Path.stat is no shorter
    except OSError:
        return None


def started(process: int) -> int | None:
    """When a process of this machine began, in clock ticks since the machine was booted; None if it has ended. With its
    number this names a process for good, as numbers are used again."""
    try:
        found = (PROC / str(process) / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None
    return None if found[_STATE] in _OVER else int(found[_STARTED])
