"""The oracle: holds what the farm's outlets received against the ledger. The farm alone knows what arrived."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any

from farm import Farm
from farm_tally import FAULTS, accepted, unanswered
from sqlalchemy import Connection, Engine, and_, func, or_, select
from sqlalchemy.exc import DBAPIError

from tasks import ledger as ledgers
from tasks.ledger.schema import attempts, deliveries, releases
from tasks.model.identity import delivery_key
from tasks.model.states import FINAL, Hold, State, Verdict
from tests.support.services import Services
from tests.support.stacks import Stack

POLL = 0.25
MAY_STAY = frozenset({Hold.PAUSED, Hold.DISABLED})
"""Holds that are an end in themselves; any other must pass by itself, since nothing here lacks a translation."""
SHOWN = 5

Place = tuple[str, int, str, str]
"""A delivery: URI, version, outlet, language."""


def open_book(stack: Stack | Services) -> Engine:
    """The ledger of a stack, for the test's own process."""
    return ledgers.open_ledger(stack.env.get("FANWIRE_LEDGER_URL") or f"sqlite:///{stack.home / 'ledger.sqlite'}")


@dataclass
class Outcome:
    """What was compared and what does not fit. The lists must be empty."""

    deliveries: int = 0
    accepted: int = 0
    receipts: int = 0
    unsure: int = 0
    """Attempts whose outcome nobody could know."""
    doubled_same_key: int = 0
    """Accepted again, under the same key, after such an attempt. The price of losing nothing; counted, not a fault."""
    states: Counter[str] = field(default_factory=Counter)
    """Of the newest versions."""
    missing: list[str] = field(default_factory=list)
    """Not there although the ledger says so; or not at an end, without a reason, or never planned."""
    doubled_other: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    """An older version after a newer, or anything after a kill."""
    other: list[str] = field(default_factory=list)
    """Whatever else the farm finds wrong: keys, bytes, limits …"""

    @property
    def sound(self) -> bool:
        """Whether everything fits."""
        return not (self.missing or self.doubled_other or self.stale or self.other)

    def told(self) -> str:
        """For people."""
        lines = []
        for part in fields(self):
            value = getattr(self, part.name)
            shown = [f"\n    {entry}" for entry in value[:SHOWN]] if isinstance(value, list) else [str(value)]
            lines.append(f"{part.name}: {len(value) if isinstance(value, list) else ''}{''.join(shown)}")
        return "\n".join(lines)


# --- the end of it all


def settle(book: Engine, uris: Collection[str], seconds: float) -> bool:
    """Wait until nothing of these releases has a next step; False if that takes longer."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            with book.connect() as connection:
                if not _left(connection, uris):
                    return True
        except DBAPIError:
            pass  # it is being restarted
        time.sleep(POLL)
    return False


def _left(connection: Connection, uris: Collection[str]) -> int:
    """Releases not planned yet, and deliveries that are not at an end."""
    mine = releases.c.uri.in_(uris)
    passing = and_(deliveries.c.state == State.HELD, deliveries.c.hold_kind.not_in(MAY_STAY))
    unplanned = select(func.count()).where(mine, releases.c.planned_at.is_(None))
    open_rows = (
        select(func.count())
        .select_from(deliveries.join(releases))
        .where(mine, or_(deliveries.c.state.in_([State.DUE, State.CLAIMED]), passing))
    )
    return int(connection.execute(unplanned).scalar_one() + connection.execute(open_rows).scalar_one())


# --- the comparison


def verify(book: Engine, farm: Farm, lease: float, expected: dict[str, set[tuple[str, str]]]) -> Outcome:
    """Compare what became of releases: `expected` is {URI: (outlet, language) of everyone who must get its newest
    version or a reason}, in a kill only those who have an older one. `lease`: seconds."""
    outcome = Outcome()
    for uri, wanted in expected.items():
        with book.connect() as connection:
            rows = {(row.version, row.outlet_id, row.language): row for row in _rows(connection, uri)}
            tries = _attempts(connection, uri)
            versions = {
                row.version: row.status for row in connection.execute(select(releases).where(releases.c.uri == uri))
            }
        receipts = farm.receipts(release=uri)
        outcome.deliveries += len(rows)
        outcome.receipts += len(receipts)
        outcome.accepted += sum(map(accepted, receipts))
        outcome.unsure += sum(map(_unsure, tries.values()))
        newest = max(versions)
        outcome.states.update(row.state for (version, *_), row in rows.items() if version == newest)
        killed = versions[newest] == "canceled"
        outcome.missing += _missing(uri, rows, receipts, newest, set() if killed else wanted)
        _count_doubled(outcome, uri, receipts, tries, lease)
        _heed_farm(outcome, farm.tally(uri), uri, {outlet for (_, outlet, _), group in tries.items() if _unsure(group)})
        outcome.other += [f"{uri}: key of {r['outlet']} is not the delivery's" for r in receipts if not _key_fits(r)]
    return outcome


def _rows(connection: Connection, uri: str) -> list[Any]:
    query = select(deliveries).select_from(deliveries.join(releases)).where(releases.c.uri == uri)
    return list(connection.execute(query))


def _attempts(connection: Connection, uri: str) -> dict[tuple[int, str, str], list[Any]]:
    """{version, outlet, language: attempts in their order}."""
    query = (
        select(attempts, deliveries.c.version, deliveries.c.outlet_id, deliveries.c.language)
        .select_from(attempts.join(deliveries).join(releases))
        .where(releases.c.uri == uri)
        .order_by(attempts.c.attempt)
    )
    found: dict[tuple[int, str, str], list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.version, row.outlet_id, row.language].append(row)
    return found


def _missing(
    uri: str,
    rows: dict[tuple[int, str, str], Any],
    receipts: Iterable[dict[str, Any]],
    newest: int,
    wanted: set[tuple[str, str]],
) -> list[str]:
    got = {(r["version"], r["outlet"], r["language"]) for r in receipts if accepted(r)}
    may_have = {
        (r["outlet"], r["language"]) for r in receipts if (accepted(r) or unanswered(r)) and r["version"] < newest
    }
    faults = []
    for place, row in rows.items():
        ended = row.state in FINAL or (row.state == State.HELD and row.hold_kind in MAY_STAY)
        if not ended:
            faults.append(f"{uri} {place}: still {row.state}, {row.reason}")
        elif row.state == State.DELIVERED and place not in got:
            faults.append(f"{uri} {place}: delivered by the ledger, but the outlet has no receipt")
        elif row.state != State.DELIVERED and not row.reason:
            faults.append(f"{uri} {place}: {row.state} without a reason")
    for outlet, language in sorted(wanted | may_have):
        if (newest, outlet, language) not in rows:
            faults.append(f"{uri} {(newest, outlet, language)}: never planned")
    return faults


def _count_doubled(
    outcome: Outcome,
    uri: str,
    receipts: Iterable[dict[str, Any]],
    tries: dict[tuple[int, str, str], list[Any]],
    lease: float,
) -> None:
    """Accepted more than once is explained if the key was the same and an attempt before the last was unknowable."""
    keys: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    for receipt in filter(accepted, receipts):
        keys[receipt["version"], receipt["outlet"], receipt["language"]].append(receipt["key"])
    for place, used in keys.items():
        if len(used) < 2:
            continue
        told = [(attempt.attempt, attempt.verdict) for attempt in tries[place]]
        if len(set(used)) == 1 and _may_be_doubled(tries[place], len(used), lease):
            outcome.doubled_same_key += len(used) - 1
        else:
            outcome.doubled_other.append(f"{uri} {place}: accepted {len(used)} times, keys {set(used)}, ledger {told}")


def _may_be_doubled(tries: list[Any], receipts: int, lease: float) -> bool:
    """Whether so many accepted receipts are explained: each has an attempt of its own, and all but the last of these
    were unsure, or their worker lost its claim and only told long after that it had got an answer."""
    reached = [attempt for attempt in tries if attempt.verdict in (Verdict.UNSURE, Verdict.DELIVERED)]
    explained = all(
        earlier.verdict == Verdict.UNSURE or later.started_at - earlier.started_at >= lease - 1
        for earlier, later in pairwise(reached)
    )
    return len(reached) >= receipts and explained


def _unsure(tries: list[Any]) -> int:
    return sum(attempt.verdict == Verdict.UNSURE for attempt in tries)


def _heed_farm(outcome: Outcome, tally: dict[str, Any], uri: str, unknowable: Collection[str]) -> None:
    """Whatever else the farm finds wrong. Of an outlet with an `unknowable` attempt nobody knows what is open there."""
    for name in FAULTS:
        entries = [entry for entry in tally[name] if name != "too_many_at_once" or entry["outlet"] not in unknowable]
        if name in ("stale", "after_kill"):
            outcome.stale += [f"{uri} {name}: {entry}" for entry in entries]
        elif name != "doubled":  # looked at above, with the ledger's attempts
            outcome.other += [f"{uri} {name}: {entry}" for entry in entries]


def _key_fits(receipt: dict[str, Any]) -> bool:
    names = (receipt["release"], receipt["version"], receipt["language"], receipt["outlet"])
    return receipt["key"] == delivery_key(*names)
