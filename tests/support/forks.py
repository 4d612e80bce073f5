"""Processes of a test's own that begin with everything imported: each is forked from one that has done nothing else.

Importing takes a second of CPU, and what these processes do a few hundredths of one. They come from the fork server of
`fanwire up` (workers/fork_server.py), here with more imported; all processes of a test run (side_by_side.py) share one.
What a process imports, and how a program starts by itself, is tested with processes of `tests.support.processes.start`.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.threads import PATIENCE
from workers import forking
from workers.with_parent import PARENT

ROOT = Path(__file__).resolve().parents[2]
_servers: list[socket.socket] = []
"""The socket that leads to the fork server, once there is one."""


class Fork:
    """A forked process, as `subprocess.Popen` shows one; the fork server, which is its parent, says how it ended."""

    def __init__(self, pid: int, ending: socket.socket) -> None:
        self.pid = pid
        self._ending = ending
        self._status: int | None = None

    def poll(self) -> int | None:
        """The status it ended with, a signal as a negative number; None while it runs."""
        return self._status_within(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends; its status. Raises TimeoutExpired after so many seconds."""
        status = self._status_within(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _status_within(self, seconds: float | None) -> int | None:
        if self._status is None:
            self._ending.settimeout(seconds)
            with suppress(BlockingIOError, TimeoutError):
                self._status = int(self._said() or -signal.SIGTERM)  # it ends with the server
                self._ending.close()
        return self._status

    def _said(self) -> bytes:
        with suppress(ConnectionResetError):  # it ended before it read that it was taken; what was sent comes after
            return self._ending.recv(forking.MESSAGE_BYTES)
        return self._ending.recv(forking.MESSAGE_BYTES)


def fork_python(code: str, env: Mapping[str, str], log: Path | int) -> Fork:
    """A process in a group of its own that runs some lines of Python; what it prints is appended to `log`, a file or
    the descriptor of one."""
    return fork([sys.executable, "-c", code], env, log)


def fork(command: Sequence[str], env: Mapping[str, str], log: Path | int) -> Fork:
    """The same for a command `[sys.executable, "-c", CODE, …]` or `[sys.executable, "-m", MODULE, …]`.

    It gets SIGTERM should the test run end first, for whatever reason.
    """
    if isinstance(log, int):
        return _forked(command, env, ROOT, log, log)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        return _forked(command, env, ROOT, file.fileno(), file.fileno())


def run(
    command: Sequence[str], env: Mapping[str, str], *, cwd: Path = ROOT, timeout: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """What such a command prints, and the status it ends with. Raises TimeoutExpired; then it was killed."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = _forked(command, env, cwd, out.fileno(), err.fileno())
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        for file in (out, err):
            file.seek(0)
        return subprocess.CompletedProcess(command, status, out.read(), err.read())


def begin() -> None:
    """Start the fork server, which this process and those that are forked from it share, unless there is one."""
    if _servers:
        return
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        env = {name: value for name, value in os.environ.items() if not name.startswith("FANWIRE_")}
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server", str(theirs.fileno()), " " * forking.TITLE_BYTES],
            env=env | {PARENT: str(os.getpid())},
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            process_group=0,
        )
    _servers.append(ours)
    end_with_this_process(server)
    atexit.register(_leave)


def _leave() -> None:
    while _servers:
        _servers.pop().close()


def end_with_this_process(process: subprocess.Popen[bytes]) -> None:
    """Have a process, which leads a group, be killed with its group when this process ends; not when one ends that was
    forked from this one."""
    atexit.register(_kill_group, process, os.getpid())


def _kill_group(process: subprocess.Popen[bytes], whose: int) -> None:
    if os.getpid() == whose:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _forked(command: Sequence[str], env: Mapping[str, str], cwd: Path, out: int, err: int) -> Fork:
    program, *rest = command
    assert program == sys.executable, "the server can only fork this Python"
    with Path(os.devnull).open("rb") as nothing, asking_the_server():
        streams = (nothing.fileno(), out, err)
        ours = [program, "-m", "tests.support.forked_python", str(cwd), *rest]
        with forking.asked(ours, env, streams, adopted=False) as (pid, reply):
            return Fork(pid, reply.dup())


@contextmanager
def asking_the_server() -> Iterator[None]:
    """Within it this process asks the server, with patience: also for the readers of documents that it starts."""
    begin()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forking, "_asking", list(_servers))
        for name in ("ANSWERS_WITHIN", "ANSWERS_AGAIN_WITHIN"):
            patch.setattr(forking, name, PATIENCE)
        yield
