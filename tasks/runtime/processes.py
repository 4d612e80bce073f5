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
    process numbers of their own. None where that is not known, or where /proc is that of others."""
    try:
        if os.readlink(PROC / "self") != str(os.getpid()):  # noqa: PTH115, Path.readlink is no shorter
            return None
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{os.stat(PROC / 'self/ns/pid').st_ino}"  # noqa: PTH116, Path.stat is no shorter
    except OSError:
        return None


def started(process: int) -> int | None:
    """When a process of this machine began, in clock ticks since the machine was booted; None if it has ended. With its
    number this names a process for good, as numbers are used again."""
    try:
        return _started(process)
    except OSError:
        return None


def lives(process: int, began: int) -> bool | None:
    """Whether the process that had this number and began then still lives; None if that cannot be seen: /proc may hide
    the processes of other users, and this process may have no file descriptor to spare."""
    try:
        return _started(process) == began
    except (FileNotFoundError, ProcessLookupError):
        return None if _is_there(process) else False
    except OSError:
        return None


def _started(process: int) -> int | None:
    found = (PROC / str(process) / "stat").read_text().rpartition(") ")[2].split()
    return None if found[_STATE] in _OVER else int(found[_STARTED])


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
