"""Whoever does not read a log stops nobody: lines that find no room are dropped, counted and said."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from typing import IO, Any

import pytest
import structlog

from tasks import ledger
from tasks.runtime.settings import settings
from tests.support.delivery_steps import receivers, render, states, take
from tests.support.forks import fork_python
from tests.support.processes import environment
from tests.support.samples import outlet
from tests.support.threads import PATIENCE
from workers.lines import LineHandler


@pytest.fixture
def pipe() -> Iterator[tuple[int, IO[str]]]:
    """A pipe with room for one page: where it is read, and the stream into it."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with os.fdopen(writing, "w") as stream, os.fdopen(reading, "rb", 0):
        yield reading, stream


def log(handler: LineHandler, text: str) -> None:
    handler.handle(logging.LogRecord("x", logging.INFO, "", 0, json.dumps({"event": text}), None, None))


def lines(reading: int) -> list[str]:
    os.set_blocking(reading, False)
    return os.read(reading, 1 << 20).decode().splitlines()


def test_lines_without_room_are_dropped_and_said_later(pipe: tuple[int, IO[str]]) -> None:
    reading, stream = pipe
    handler = LineHandler(stream)
    for number in range(1000):
        log(handler, f"line {number}")
    first = lines(reading)
    assert [json.loads(line)["event"] for line in first] == [f"line {number}" for number in range(len(first))]
    assert handler.dropped == 1000 - len(first) > 0
    log(handler, "room again")
    assert lines(reading) == [
        f"log lines dropped: {1000 - len(first)}, for nobody read them",
        '{"event": "room again"}',
    ]
    assert handler.dropped == 0
    handler.close()


def test_a_line_longer_than_the_room_is_ended_before_the_next_one(pipe: tuple[int, IO[str]]) -> None:
    reading, stream = pipe
    handler = LineHandler(stream)
    log(handler, "x" * 10_000)
    assert handler.dropped == 1
    assert len(lines(reading)[0]) == 4096
    log(handler, "next")
    assert lines(reading) == ["", "log lines dropped: 1, for nobody read them", '{"event": "next"}']
    handler.close()


def test_the_stream_itself_goes_on_as_it_was(pipe: tuple[int, IO[str]]) -> None:
    handler = LineHandler(pipe[1])
    assert os.get_blocking(pipe[1].fileno()), "programs that share it know nothing of ours"
    handler.close()


def test_an_event_that_cannot_be_shown_stops_nobody(
    logged: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unshown:
        def __repr__(self) -> str:
            raise RuntimeError("no words for it")

    monkeypatch.setattr(logging, "raiseExceptions", False)  # else it says so on standard error
    structlog.get_logger().info("lost", about=Unshown())
    structlog.get_logger().info("kept", about={1})
    [line] = logged()
    assert (line["event"], line["about"], line["level"], line["process"]) == ("kept", "{1}", "info", "test")


def test_deliveries_go_on_while_nobody_reads_the_log(sqlite_ledger: None) -> None:
    """The log of a drain goes into a pipe that is full after some ten of its lines."""
    receivers(*(outlet(f"o{number}") for number in range(60)))
    number = take(now=time.time())
    render(number, now=time.time())
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    code = "from workers import logs; logs.set_up('deliver'); from tests.support.drains import drain; drain()"
    more = {"ALLOWED_NETWORKS": "127.0.0.0/8", "RETRY_BASE": "3600"}  # so that no delivery is tried twice meanwhile
    env = environment(settings().home, LEDGER_URL=ledger.ledger_url(), **more)
    process = fork_python(code, env, writing)
    os.close(writing)
    try:
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        with os.fdopen(reading, "rb") as rest:
            told = rest.read().decode().splitlines()
    assert 0 < len(told) < 60
    assert all(json.loads(line)["process"] == "deliver" for line in told)
    assert states(number) == {"due": 60}, "each was tried, at a port that nobody listens on, and waits for the next try"
    with ledger.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM attempts").scalar() == 60
