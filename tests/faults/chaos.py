"""What can happen to a running Fanwire, one function each. Each returns a word or two on what it did to whom."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psutil
import redis
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.exc import DBAPIError

from tasks.ledger.schema import deliveries, elections
from tests.support.forks import fork_python
from tests.support.processes import end
from tests.support.stacks import Stack

WORKERS = ("intake", "translate", "format", "deliver")
GONE = (psutil.NoSuchProcess, psutil.ZombieProcess, ProcessLookupError)
SECOND_CLOCK = (
    "import time\n"
    "from sqlalchemy.exc import DBAPIError\n"
    "import workers.app\n"
    "from tasks import ledger, pipeline\n"
    "while True:\n"
    "    try:\n"
    "        with ledger.read() as connection:\n"
    "            now = ledger.now(connection)\n"
    "        found = pipeline.sweep_ledger(now)\n"
    "        pipeline.hint_all(found)\n"
    "        print(found, flush=True)\n"
    "    except DBAPIError as error:\n"
    "        print(str(error).splitlines()[0], flush=True)\n"
    "    time.sleep(0.1)\n"
)


# --- workers


def kill_some_worker(stack: Stack, dice: Random) -> str:
    """SIGKILL or SIGTERM to one process of a worker, parent or pool process; `-` if it was gone already."""
    processes = worker_processes(stack)
    if not processes:
        return "-"
    name, process = dice.choice(processes)
    number = dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
    try:
        kind = "parent" if process.ppid() == stack.process.pid else "child"
        process.send_signal(number)
    except GONE:
        return "-"
    return f"{number.name} {name} {kind}"


def kill_worker(stack: Stack, name: str) -> str:
    """SIGKILL to the parent process of a worker; `-` if there is none at the moment."""
    try:
        stack.worker(name).kill()
    except (LookupError, *GONE):
        return "-"
    return f"SIGKILL {name} parent"


def worker_processes(stack: Stack) -> list[tuple[str, psutil.Process]]:
    """Every process of every worker, with the worker's name; the busiest worker, deliver, stands there twice."""
    found = []
    for name in (*WORKERS, "deliver"):
        with contextlib.suppress(LookupError, *GONE):
            parent = stack.worker(name)
            found += [(name, process) for process in [parent, *parent.children()]]
    return found


def freeze_a_drain(stack: Stack, book: Engine) -> int | None:
    """SIGSTOP the pool process that has claimed most; its number, or None if none has claimed anything."""
    return _signal_a_drain(stack, book, signal.SIGSTOP)


def kill_a_drain(stack: Stack, book: Engine) -> int | None:
    """SIGKILL the pool process that has claimed most; its number, or None if none has claimed anything."""
    return _signal_a_drain(stack, book, signal.SIGKILL)


def _signal_a_drain(stack: Stack, book: Engine, number: signal.Signals) -> int | None:
    query = select(deliveries.c.claimed_by, func.count()).where(deliveries.c.state == "claimed").group_by("claimed_by")
    try:
        with book.connect() as connection:
            claimed = {_pid(row.claimed_by): row[1] for row in connection.execute(query)}
    except DBAPIError:
        return None  # it is being restarted
    ours = {process.pid for _, process in worker_processes(stack)}
    for pid in sorted(set(claimed) & ours, key=claimed.__getitem__, reverse=True):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            return pid
    return None


def outlets_claimed(book: Engine, pid: int) -> set[str]:
    """The outlets of what a pool process has claimed; none while the database is being restarted."""
    query = select(deliveries.c.outlet_id, deliveries.c.claimed_by).where(deliveries.c.state == "claimed")
    try:
        with book.connect() as connection:
            return {row.outlet_id for row in connection.execute(query) if _pid(row.claimed_by) == pid}
    except DBAPIError:
        return set()


def _pid(holder: str) -> int:
    return int(holder.rsplit(":", 2)[1])


def thaw(pid: int) -> None:
    """Let a frozen process go on, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


# --- clocks


def unseat_clock(book: Engine) -> str:
    """Take the clock's office from its holder: another takes it while this one may be in the middle of a tick."""
    try:
        with book.connect().execution_options(fanwire_immediate=True) as connection, connection.begin():
            connection.execute(delete(elections))
    except DBAPIError:
        return "-"
    return "clock unseated"


@contextmanager
def second_clock(stack: Stack) -> Iterator[Path]:
    """A clock that asks nobody whether it may tick, ten times a second; what it printed."""
    log = stack.home / "second-clock.log"
    process = fork_python(SECOND_CLOCK, stack.env, log)
    try:
        yield log
    finally:
        end(process)


# --- the broker


def empty_broker(stack: Stack) -> str:
    """FLUSHALL; `-` if there is no broker at the moment."""
    try:
        with redis.Redis.from_url(stack.admin, socket_timeout=5) as client:
            client.flushall()
    except redis.RedisError:
        return "-"
    return "broker emptied"


def kill_broker(stack: Stack, *, and_empty: bool = False) -> str:
    """kill -9; supervisord starts it again, on its append-only file or (`and_empty`) on nothing."""
    try:
        process = broker_process(stack)
        if and_empty:  # moved, not removed: it writes there until it is dead
            journal = stack.home / "valkey" / "appendonlydir"
            with contextlib.suppress(FileNotFoundError):
                journal.rename(journal.with_name(f"lost-{uuid.uuid4().hex[:8]}"))
        process.kill()
    except (LookupError, *GONE):
        return "-"
    return "broker killed, restarts empty" if and_empty else "broker killed"


@contextmanager
def frozen_broker(stack: Stack) -> Iterator[None]:
    """SIGSTOP, and SIGCONT at the end."""
    pid = broker_process(stack).pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        thaw(pid)


def freeze_broker(stack: Stack, seconds: float) -> str:
    """Stop the broker for so long; its connections stay open and say nothing."""
    try:
        with frozen_broker(stack):
            time.sleep(seconds)
    except (LookupError, *GONE):
        return "-"
    return f"broker frozen {seconds:g} s"


def broker_process(stack: Stack) -> psutil.Process:
    """The Valkey of a stack; raises LookupError while there is none."""
    for process in psutil.Process(stack.process.pid).children():
        with contextlib.suppress(*GONE):
            if "valkey" in process.name() or any(part.endswith("valkey.conf") for part in process.cmdline()):
                return process
    raise LookupError("broker")
