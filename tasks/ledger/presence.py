"""Which worker processes there are, so that what one had claimed is free as soon as it is gone.

A process signs in before its first claim. On its own machine everybody can see whether it still lives. Other machines
can not, so on PostgreSQL it also says every second that it is there. SQLite is one machine, and needs no such beats.

The name of a process is its host, its number and when it began: `wire1:4711:8123456`. No two ever have the same.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.exc import SQLAlchemyError

from tasks.ledger.connection import is_open, now, sql_engine, worker_name
from tasks.ledger.inserts import insert_into
from tasks.ledger.schema import workers
from tasks.runtime import processes

log = structlog.get_logger()

BEAT_EVERY = 1.0
"""Seconds between two beats."""
GONE_AFTER = 8.0
"""Seconds without a beat after which a process of another machine counts as gone."""
OUT_OF_TOUCH_AFTER = 6.0
"""Seconds after which a process that could not write its beat sends nothing more: soon others may have its claims."""


@dataclass(frozen=True, slots=True)
class Present:
    """A process that signed in."""

    name: str
    machine: str | None
    """Which processes can see it (tasks/runtime/processes.py)."""
    beat_at: float | None
    """Its last beat, seconds since the epoch by the ledger's clock; None if it has none to give."""
    role: str | None = None
    """As which process of the stack it was started, such as `deliver`; None if nobody said so."""

    def lives(self) -> bool | None:
        """Whether it still lives; None if this process cannot see that."""
        if self.machine is None or self.machine != processes.machine():
            return None
        _, number, began = self.name.rsplit(":", 2)
        return processes.lives(int(number), int(began))


@dataclass
class _Myself:
    """This process, as it signed in."""

    name: str
    machine: str | None
    engine: Engine
    beats: bool
    last_beat: float
    """When its last beat that arrived was sent, by the monotonic clock."""
    came_back: float = -math.inf
    """When a beat last arrived after too long a silence, by the monotonic clock."""


_myself: dict[int, _Myself] = {}
"""By process number: a fork is another process."""
_role: list[str] = []
"""As which process of the stack this one was started, and those that it forks."""


def be(role: str) -> None:
    """Say, before it signs in, as which process of the stack this one was started: `deliver`."""
    _role[:] = [role]


def sign_in() -> str:
    """Say in the ledger that this process is there, once; returns the name under which it claims."""
    mine = _myself.get(os.getpid())
    if mine is None or mine.engine is not sql_engine():
        mine = _signed_in(sql_engine())
        _myself[os.getpid()] = mine
        if mine.beats:
            threading.Thread(target=_beat_on, args=(mine,), name="presence", daemon=True).start()
    return mine.name


def out_of_touch(since: float) -> bool:
    """Whether this process could not write its beats for so long that others may take its claims for free, now or at
    any moment since `since` (monotonic): after it was frozen, a beat may arrive before anything else asks."""
    mine = _myself.get(os.getpid())
    if mine is None or not mine.beats:
        return False
    silent = time.monotonic() - mine.last_beat > OUT_OF_TOUCH_AFTER
    return silent or mine.came_back >= since  # in this order: a beat may arrive in between


def present(connection: Connection) -> list[Present]:
    """All processes that signed in, gone or not."""
    return [Present(*row) for row in connection.execute(_PRESENT)]


_PRESENT = select(workers.c.name, workers.c.machine, workers.c.beat_at, workers.c.role)


def forget(connection: Connection, gone: Iterable[Present]) -> set[str]:
    """Strike these processes off the list; the names of those that were. One whose next beat came meanwhile stays: it
    may claim again. Until this transaction ends, no beat of the others arrives."""
    struck = set()
    for one in sorted(gone, key=lambda one: one.name):
        as_seen = workers.c.beat_at.is_not_distinct_from(one.beat_at)
        if connection.execute(delete(workers).where(workers.c.name == one.name, as_seen)).rowcount:
            struck.add(one.name)
    return struck


def _signed_in(engine: Engine) -> _Myself:
    began = processes.started(os.getpid())
    machine = None if began is None else processes.machine()
    beats = engine.dialect.name == "postgresql"
    mine = _Myself(f"{worker_name()}:{began or 0}", machine, engine, beats, math.inf)
    with engine.connect().execution_options(fanwire_immediate=True) as connection:
        _write(connection, mine)
    return mine


def _write(connection: Connection, mine: _Myself) -> None:
    sent = time.monotonic()
    with connection.begin():
        beat_at = now(connection) if mine.beats else None
        values = {"name": mine.name, "machine": mine.machine, "beat_at": beat_at, "role": next(iter(_role), None)}
        new = insert_into(connection, workers).values(values)
        connection.execute(new.on_conflict_do_update(index_elements=["name"], set_={"beat_at": beat_at}))
    arrived = time.monotonic()
    if mine.beats and arrived - mine.last_beat > OUT_OF_TOUCH_AFTER:
        mine.came_back = arrived
    mine.last_beat = sent


def _beat_on(mine: _Myself) -> None:
    """Beat for as long as this process has its ledger open, whatever becomes of the ledger meanwhile."""
    while is_open(mine.engine):
        try:
            with mine.engine.connect() as connection:
                connection.detach()  # its pool may be closed in the middle of a beat, and would then not close this one
                while is_open(mine.engine):
                    _write(connection, mine)
                    time.sleep(BEAT_EVERY)
        except (SQLAlchemyError, OSError) as error:
            log.warning("no beat", error=str(error).splitlines()[0])
        except Exception:
            log.exception("no beat")  # a process without beats could send nothing any more
        time.sleep(BEAT_EVERY)
