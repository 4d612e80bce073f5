"""What of a Fanwire is under the home: whether its ledger is there, and whether it is up.

`fanwire up` holds an exclusive lock on `up.lock`, and so does supervisord, which it becomes: the kernel lets go of it
when that process ends, however it ends, so no crash leaves a home that seems to be up.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import make_url

from tasks import ledger
from tasks.runtime.errors import NotPossible
from tasks.runtime.settings import settings

TRIES, PAUSE = 5, 0.05
"""Somebody who only looks holds the lock for an instant; seconds between tries."""
INHERITED = 3
"""The descriptor under which supervisord has the lock: it closes those from 5 on, and in its programs from 3 on."""


OWNER = "FANWIRE_UP_HOME"
"""The variable by which a process is known to belong to the Fanwire of a home."""
ENDS_WITHIN = 60.0
"""Seconds that what is left of an earlier Fanwire gets to finish what is in flight."""


class AlreadyUp(NotPossible):
    """Another `fanwire up` has this home; `pid` is its supervisord."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        super().__init__(
            f"Fanwire is already up in {settings().home.absolute()}, pid {pid}; end that one first, or name another "
            "folder in FANWIRE_HOME"
        )


def lock() -> int:
    """Take this home for this process and return the descriptor that holds the lock. Raises AlreadyUp."""
    descriptor = os.open(_file(), os.O_RDWR | os.O_CREAT, 0o600)
    for attempt in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if attempt == TRIES - 1:
                os.close(descriptor)
                raise AlreadyUp(_pid()) from None
            time.sleep(PAUSE)
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def keep_through_exec(descriptors: Mapping[int, int]) -> None:
    """Have the program that this process becomes next hold these descriptors, under other numbers: {new: present}."""
    apart = max(descriptors) + 1  # so that none is overwritten before it is moved
    moved = {number: fcntl.fcntl(now, fcntl.F_DUPFD_CLOEXEC, apart) for number, now in descriptors.items()}
    for number, descriptor in moved.items():
        os.dup2(descriptor, number)


def up_pid() -> int | None:
    """The process number of the supervisord that runs in this home; None if none does."""
    try:
        with _file().open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return _pid()
    return None


def left_behind() -> list[int]:
    """The processes that an earlier Fanwire of this home has left, such as workers whose supervisord was killed."""
    home = settings().home.absolute()
    return [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if int(process.name) != os.getpid() and _belongs_to(process, home)
    ]


def _belongs_to(process: Path, home: Path) -> bool:
    """Whether a process, by its folder in /proc, was started by the Fanwire of this home.

    The broker writes its title over its environment; it is known by its program and its working folder.
    """
    try:
        if f"{OWNER}={home}".encode() in (process / "environ").read_bytes().split(b"\0"):
            return True
        return (process / "exe").readlink().name.startswith("valkey") and (
            process / "cwd"
        ).readlink() == home / "valkey"
    except OSError:  # it has ended, or is somebody else's
        return False


def end_left_behind(within: float = ENDS_WITHIN) -> list[int]:
    """End what an earlier Fanwire of this home has left: by SIGTERM, and after `within` seconds by SIGKILL.

    Returns the process ids. Call it with the lock, so that it is nobody's who is up.
    """
    ends = time.monotonic() + within
    left = left_behind()
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    for pid in left:
        if not _ended(pid, max(0.0, ends - time.monotonic())):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            _ended(pid, 5.0)
    return left


def _ended(pid: int, within: float) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], within)[0])
    finally:
        os.close(descriptor)


def ledger_is_there() -> bool:
    """Whether there is a ledger to look into: for SQLite its file, for others their server will say."""
    address = make_url(ledger.ledger_url())
    return address.get_backend_name() != "sqlite" or not address.database or Path(address.database).exists()


def _file() -> Path:
    return settings().home / "up.lock"


def _pid() -> int:
    try:
        return int(_file().read_text())
    except (OSError, ValueError):
        return 0
