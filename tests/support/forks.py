"""Processes of a test's own that begin with everything imported: each is forked from one that has done nothing else.

Importing takes a second of CPU, and what these processes do a few hundredths of one.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from workers.with_parent import signal_when_parent_ends

_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.support.drains"])


class Fork:
    """A forked process, as `subprocess.Popen` shows one."""

    def __init__(self, process: ForkServerProcess) -> None:
        assert process.pid is not None
        self._process, self.pid = process, process.pid

    def poll(self) -> int | None:
        """The status it ended with, a signal as a negative number; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends; its status. Raises TimeoutExpired after so many seconds."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def fork_python(code: str, env: Mapping[str, str], log: Path) -> Fork:
    """A process in a group of its own that runs some lines of Python; what it prints is appended to `log`."""
    log.touch()
    process = _FORKS.Process(target=_run, args=(code, dict(env), str(log)))
    process.start()
    return Fork(process)


def _run(code: str, env: dict[str, str], log: str) -> None:
    signal_when_parent_ends(signal.SIGTERM)
    os.setsid()
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.close(descriptor)
    os.environ.clear()
    os.environ.update(env)
    exec(compile(code, "<a test's process>", "exec"), {"__name__": "__main__"})
