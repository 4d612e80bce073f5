"""supervisord as `fanwire up` runs it: each line of its log has a moment with its zone, as those of all others have,
and processes of ours are started by the fork server (forking.py)."""

from __future__ import annotations

import os
import shlex
import time
from contextlib import suppress
from functools import partial
from typing import Any

from supervisor import loggers, process, supervisord

from tasks.runtime import moments
from workers import forking, with_parent

ENDS_WITHIN = 2.0
"""Seconds that the fork server has to end when nobody can ask it any more."""


class Record(loggers.LogRecord):  # type: ignore[misc]  # it has no types
    """A line of supervisord's log; its own time is the machine's, and does not say so."""

    dictrepr: dict[str, Any] | None

    def asdict(self) -> dict[str, Any]:
        """The fields of the line."""
        if self.dictrepr is None:
            self.dictrepr = super().asdict() | {"asctime": moments.utc(time.time(), "milliseconds")}
        return self.dictrepr


class Program(process.Subprocess):  # type: ignore[misc]  # it has no types
    """A program that the fork server starts, if it is a process of ours; supervisord starts all others."""

    def spawn(self) -> int | None:
        """Start it; its process id."""
        self.config.options.fork = partial(fork, self)
        started: int | None = super().spawn()
        return started


def fork(program: Any) -> int:
    """The process id of a program, which runs; or fork for supervisord to go on with, 0 in the child."""
    unseen, command = with_parent.split(shlex.split(program.config.command))
    if not forking.is_ours(command):
        return os.fork()
    environment = {name: value for name, value in os.environ.items() if name not in unseen}
    streams = [program.pipes[name] for name in ("child_stdin", "child_stdout", "child_stdout")]
    try:
        return forking.fork(command, environment, streams, asks=program.config.name in forking.ASKERS)
    except forking.NotForked as reason:
        program.config.options.logger.warn(f"'{program.config.name}' is started by exec and shares no memory: {reason}")
        return os.fork()


def main() -> None:
    """Run supervisord with our log format and our way to start programs."""
    loggers.LogRecord = Record
    process.Subprocess = Program
    if with_parent.adopt_orphans():
        forking.ask_by(forking.INHERITED)
    supervisord.main()
    forking.forget()
    _reap(ENDS_WITHIN)


def _reap(seconds: float) -> None:
    """Wait for the fork server, and for orphans that end now: nobody else would."""
    until = time.monotonic() + seconds
    with suppress(ChildProcessError):
        while time.monotonic() < until:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.01)


if __name__ == "__main__":
    main()
