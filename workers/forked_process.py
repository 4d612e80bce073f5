"""A process with pipes that the fork server starts (forking.py), for whoever would else start one by `subprocess`."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import BufferedReader, BufferedWriter, FileIO

from workers import forking

SAID_WITHIN = 10.0
"""Seconds after which a process that was ended counts as ended although the server does not say so."""


class ForkedProcess:
    """As `subprocess.Popen` shows a process; the fork server, which is its parent, sends the status it ended with."""

    def __init__(self, pid: int, stdin: int, stdout: int, ending: socket.socket) -> None:
        """`pid`: of a process that has not ended; `stdin`, `stdout`: our descriptors of its pipes; `ending`: where its
        status will come."""
        self.pid = pid
        self.returncode: int | None = None
        self.stdin, self.stdout = BufferedWriter(FileIO(stdin, "wb")), BufferedReader(FileIO(stdout, "rb"))
        self._process, self._ending = os.pidfd_open(pid), ending

    def poll(self) -> int | None:
        """The status it ended with, a signal as a negative number; None while it runs."""
        return self._status(0.0)

    def wait(self) -> int:
        """Wait until a process that ends has ended, and forget it; its status."""
        status = self._status(SAID_WITHIN)
        return self._ended(-signal.SIGKILL) if status is None else status

    def kill(self) -> None:
        """End it at once, if it still runs."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def _status(self, within: float) -> int | None:
        """The status, if it comes within so many seconds. A process whose server has ended gets SIGTERM with it."""
        if self.returncode is None:
            self._ending.settimeout(within)
            with suppress(BlockingIOError, TimeoutError):
                self._ended(json.loads(self._said() or str(-signal.SIGTERM)))
        return self.returncode

    def _said(self) -> bytes:
        with suppress(ConnectionResetError):  # it ended before it read that it was taken; what was sent comes after
            return self._ending.recv(forking.MESSAGE_BYTES)
        return self._ending.recv(forking.MESSAGE_BYTES)

    def forget(self) -> None:
        """Close what leads to it, and count it as ended."""
        self.stdin.close()
        self.stdout.close()
        self._ended(-signal.SIGTERM)

    def _ended(self, status: int) -> int:
        self.returncode = status
        self._ending.close()
        os.close(self._process)
        return status


def start(command: Sequence[str], environment: Mapping[str, str]) -> ForkedProcess:
    """Start a process of ours with pipes to its standard input and output, in a process group of its own. Raises
    NotForked; then nothing was started."""
    theirs_in, stdin = os.pipe()
    stdout, theirs_out = os.pipe()
    started: ForkedProcess | None = None
    try:
        with forking.asked(command, environment, (theirs_in, theirs_out, 2), adopted=False) as (pid, reply):
            started = ForkedProcess(pid, stdin, stdout, reply.dup())
    except forking.NotForked:
        if started:  # the server has ended since it answered
            started.forget()
        else:
            os.close(stdin)
            os.close(stdout)
        raise
    else:
        return started
    finally:
        os.close(theirs_in)
        os.close(theirs_out)
