"""What is counted and measured for operations beside the rows themselves: counters that only grow, and last values.

A counter is kept in up to `SHARDS` rows and each process adds to one of them, so that drains side by side do not wait
for each other. Nothing here is needed to deliver; `GET /metrics` of the web server shows it.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import NamedTuple

from sqlalchemy import Connection, Executable, delete, func, select, update

from tasks.ledger.deliveries.results import Result
from tasks.ledger.inserts import insert_by, insert_into
from tasks.ledger.schema import metrics, releases
from tasks.model.states import Verdict

SHARDS = 16
"""Rows of each counter."""
GAUGE = -1
"""The shard of a last value, which is one row."""
DELAYS = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 14_400.0, 86_400.0)
"""Upper ends of the classes into which waits are counted, in seconds; the last class has no end."""
ENDLESS = "+Inf"

ATTEMPTS = "attempts"
"""Counter: what came of claimed deliveries, by `VERDICT CODE`."""
DELAY = "delivery_delay"
"""Counter by class: from when a delivery could first go out until its outlet had it."""
LAG = "first_attempt_lag"
"""Counter by class: from when a release was taken, or its embargo ended, until its first attempt."""
EXPIRIES = "lease_expiries"
"""Counter: claims of workers that vanished."""
SUM = "_sum"
"""What the name of the counter ends in that adds up the seconds of one that counts by class."""

_STATUSES = frozenset(f"http_{status.value}" for status in HTTPStatus)


class Stored(NamedTuple):
    """What is stored under one label of a name."""

    value: float
    at: float
    """When it was last written, seconds since the epoch."""


def add(connection: Connection, amounts: Mapping[tuple[str, str], float], now: float) -> None:
    """Add to counters, {(name, label): amount}. Do it last in a transaction: the rows stay locked until it ends."""
    shard = os.getpid() % SHARDS
    rows = [
        {"name": name, "label": label, "shard": shard, "value": amount, "at": now}
        for (name, label), amount in sorted(amounts.items())
        if amount
    ]
    if rows:
        connection.execute(_add(connection.dialect.name), rows)


@cache
def _add(dialect: str) -> Executable:
    note = insert_by(dialect, metrics)
    more = {"value": metrics.c.value + note.excluded.value, "at": note.excluded.at}
    return note.on_conflict_do_update(index_elements=["name", "label", "shard"], set_=more)


def put(connection: Connection, name: str, values: Mapping[str, float], now: float) -> None:
    """Write last values of a name: {label: value}."""
    note = insert_into(connection, metrics)
    note = note.on_conflict_do_update(
        index_elements=["name", "label", "shard"], set_={"value": note.excluded.value, "at": note.excluded.at}
    )
    rows = [
        {"name": name, "label": label, "shard": GAUGE, "value": value, "at": now}
        for label, value in sorted(values.items())
    ]
    if rows:
        connection.execute(note, rows)


def forget(connection: Connection, before: float) -> None:
    """Strike last values that nobody has written since that moment, seconds since the epoch."""
    connection.execute(delete(metrics).where(metrics.c.shard == GAUGE, metrics.c.at < before))


def stored(connection: Connection) -> dict[str, dict[str, Stored]]:
    """All that is stored: {name: {label: …}}."""
    query = select(metrics.c.name, metrics.c.label, func.sum(metrics.c.value), func.max(metrics.c.at))
    found: dict[str, dict[str, Stored]] = defaultdict(dict)
    for name, label, value, at in connection.execute(query.group_by(metrics.c.name, metrics.c.label)):
        found[name][label] = Stored(float(value), at)
    return dict(found)


def class_of(seconds: float) -> str:
    """The class of a wait, by its upper end."""
    place = bisect_left(DELAYS, seconds)
    return str(DELAYS[place]) if place < len(DELAYS) else ENDLESS


def bounded_code(code: str | None) -> str:
    """A code as a label: outlets can answer any number, and those that HTTP does not know are one label."""
    if code and code.startswith("http_") and code not in _STATUSES:
        return "http_other"
    return code or "none"


@dataclass
class AttemptCounts:
    """Counts what a drain brings back."""

    _begun: set[int] = field(default_factory=set)
    """Releases of which the ledger is known to have the first attempt."""

    def count(self, connection: Connection, results: Sequence[Result], now: float) -> None:
        """Count results in the transaction that writes them; call it last there."""
        amounts: Counter[tuple[str, str]] = Counter()
        waits: list[tuple[str, float]] = [(LAG, lag) for lag in self._first_attempts(connection, results)]
        for result in results:
            amounts[ATTEMPTS, f"{result.verdict} {bounded_code(result.code)}"] += 1
            if result.verdict is Verdict.DELIVERED and result.first_due_at is not None:
                waits.append((DELAY, max(0.0, result.started_at + result.seconds - result.first_due_at)))
        add(connection, {**amounts, **_classes(waits)}, now)

    def _first_attempts(self, connection: Connection, results: Iterable[Result]) -> list[float]:
        """Note of each release when its first attempt began, once; the lags of those just noted, in seconds."""
        began: dict[int, float] = {}
        for result in results:
            number = result.release_id
            if number is not None and number not in self._begun and result.verdict is not Verdict.DEFERRED:
                began[number] = min(result.started_at, began.get(number, result.started_at))
        lags = []
        for number, moment in sorted(began.items()):
            note = update(releases).where(releases.c.id == number, releases.c.first_attempt_at.is_(None))
            noted = note.values(first_attempt_at=moment).returning(releases.c.received_at, releases.c.embargo_until)
            row = connection.execute(noted).first()
            if row is None:
                self._begun.add(number)
            else:
                lags.append(max(0.0, moment - max(row.received_at, row.embargo_until or 0.0)))
        return lags


def _classes(waits: Iterable[tuple[str, float]]) -> dict[tuple[str, str], float]:
    """Waits as amounts of the counters of their classes and of their seconds."""
    amounts: dict[tuple[str, str], float] = defaultdict(float)
    for name, seconds in waits:
        amounts[name, class_of(seconds)] += 1
        amounts[name + SUM, ""] += seconds
    return amounts
