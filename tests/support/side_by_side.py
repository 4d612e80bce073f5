"""`pytest --processes 8`: tests run side by side in processes that are forked when all tests have been collected.

They have imported and collected once what several independent processes would each import and collect anew, which is
ten seconds of a core a process for these tests. Each of them runs a group of tests at a time (scheduling.py), asks for
the next one before the last test of it, so that fixtures that both need stay, and sends its reports. One that dies
fails the test that it ran; another one goes on with the rest of its group.
"""

from __future__ import annotations

import atexit
import os
import sys
import traceback
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

import pytest

from tests.support import forks
from tests.support.scheduling import groups

PROCESS, RUN = "TESTS_PROCESS", "TESTS_RUN"
"""Variables that say to a process that runs tests which one it is, from 0, and to all of them which run it is."""
OPTION = "--processes"

Group = list[int]
"""Tests that one process runs one after the other, as their places among all that were collected."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option for how many processes."""
    parser.addoption(OPTION, type=int, default=0, help="Run the tests side by side in so many processes.")


def pytest_configure(config: pytest.Config) -> None:
    """Name the run, for what its processes share."""
    os.environ[RUN] = uuid.uuid4().hex


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests in so many processes; pytest does what it does else, also when they cannot all be collected."""
    processes = session.config.getoption(OPTION)
    if not processes or session.config.option.collectonly or session.testsfailed:
        return None
    SideBySide(session, processes).run()
    return True


class SideBySide:
    """The process that has collected the tests, while others run them."""

    def __init__(self, session: pytest.Session, processes: int) -> None:
        self._session = session
        self._waiting = deque(groups([item.nodeid for item in session.items]))
        self._parts: dict[Connection, Part] = {}
        self._processes = processes

    def run(self) -> None:
        """Give out the tests until all have run, or enough have failed."""
        self._session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # they share it
        forks.begin()
        sys.stdout.flush()
        try:
            for number in range(self._processes):
                self._fork(number)
            while self._parts and not self._session.shouldfail and not self._session.shouldstop:
                for ready in wait(list(self._parts)):
                    self._hear(self._parts[ready])  # type: ignore[index]
        finally:
            for part in self._parts.values():
                part.end()
        if self._session.shouldfail:
            raise self._session.Failed(self._session.shouldfail)
        if self._session.shouldstop:
            raise self._session.Interrupted(self._session.shouldstop)

    def _fork(self, number: int) -> None:
        ours, theirs = Pipe()
        pid = os.fork()
        if not pid:
            for other in (ours, *self._parts):
                other.close()
            _run_in_child(self._session, theirs, number)
        theirs.close()
        self._parts[ours] = Part(pid, number, ours)

    def _hear(self, part: Part) -> None:
        """Do what a process has asked for, or note what it says of a test."""
        hook = self._session.config.hook
        try:
            word, value = part.channel.recv()
        except (EOFError, ConnectionResetError):
            return self._bury(part)
        if word == "next":
            part.given(self._waiting.popleft() if self._waiting else None)
        elif word == "began":
            part.running = value
            item = self._session.items[value]
            hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        elif word == "ended":
            test, reports = value
            for data in reports:
                report = hook.pytest_report_from_serializable(config=self._session.config, data=data)
                hook.pytest_runtest_logreport(report=report)
            part.ended(test)
            item = self._session.items[test]
            hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        else:
            assert word == "failed", word
            raise RuntimeError(f"process {part.number} of the tests has failed:\n{value}")
        return None

    def _bury(self, part: Part) -> None:
        """A process has ended: fail the test that it ran, if it ran one, and have another one go on with the rest."""
        status = part.wait()
        del self._parts[part.channel]
        if part.running is None and status:
            raise RuntimeError(f"process {part.number} of the tests ended with {_in_words(status)}")
        if part.running is not None:
            item = self._session.items[part.running]
            said = f"the process that ran it ended with {_in_words(status)}"
            report = pytest.TestReport(item.nodeid, item.location, {}, "failed", said, "call")
            self._session.config.hook.pytest_runtest_logreport(report=report)
            part.ended(part.running)
        if part.open:
            self._waiting.appendleft(list(part.open))
            self._fork(part.number)


class Part:
    """One of the processes that run tests, as seen by the one that gives them out."""

    def __init__(self, pid: int, number: int, channel: Connection) -> None:
        self.number, self.channel = number, channel
        self.running: int | None = None
        self.open: deque[int] = deque()
        self._pid = pid

    def given(self, group: Group | None) -> None:
        """Send it a group of tests, or that there is none."""
        self.open.extend(group or ())
        with suppress(BrokenPipeError):  # it has died meanwhile, which is heard next
            self.channel.send(group)

    def ended(self, test: int) -> None:
        """Note that a test has ended."""
        self.open.remove(test)
        self.running = None

    def wait(self) -> int:
        """Its exit status, negative if a signal ended it."""
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def end(self) -> None:
        """Have it tear down its fixtures and end: it is told nothing any more."""
        self.channel.close()
        self.wait()


def _in_words(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"


# --- in a process that runs tests


def _run_in_child(session: pytest.Session, channel: Connection, number: int) -> None:
    status = 1
    try:
        os.environ[PROCESS] = str(number)
        os.register_at_fork(after_in_child=channel.close)  # only this process speaks by it, and its end is seen
        _run_groups(session, channel, _prepare(session.config, number))
        status = 0
    except (BrokenPipeError, ConnectionResetError, EOFError, KeyboardInterrupt):
        session._setupstate.teardown_exact(None)
    except BaseException:
        channel.send(("failed", traceback.format_exc()))
    finally:
        channel.close()
        atexit._run_exitfuncs()
        os._exit(status)


def _prepare(config: pytest.Config, number: int) -> Reports:
    """Give a process its own files for what tests print, its own folder, and somebody who keeps its reports."""
    plugins = config.pluginmanager
    capture = plugins.getplugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    plugins.unregister(name="terminalreporter")
    temporary = config._tmp_path_factory  # type: ignore[attr-defined]
    base = temporary.getbasetemp() / f"process{number}"
    base.mkdir(mode=0o700, exist_ok=True)
    temporary._basetemp = base
    reports = Reports(config)
    plugins.register(reports)
    return reports


class Reports:
    """Keeps what becomes of a test, to be sent when it has ended."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._kept: list[Any] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the report of a set-up, a call or a tear-down."""
        self._kept.append(self._config.hook.pytest_report_to_serializable(config=self._config, report=report))

    def taken(self) -> list[Any]:
        """Those since the last time."""
        kept, self._kept = self._kept, []
        return kept


def _run_groups(session: pytest.Session, channel: Connection, reports: Reports) -> None:
    group = _asked(channel)
    while group:
        following: Group | None = None
        for place, test in enumerate(group):
            rest: Sequence[int] = group[place + 1 :]
            if not rest:
                rest = following = _asked(channel) or []
            item = session.items[test]
            channel.send(("began", test))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=session.items[rest[0]] if rest else None)
            channel.send(("ended", (test, reports.taken())))
        group = following


def _asked(channel: Connection) -> Group | None:
    channel.send(("next", None))
    answer: Group | None = channel.recv()
    return answer
