"""What operations do with one outlet: pause, disable, resume, remove it, and send what it missed.

The commands and the operations' page call the same functions. Each records what it did in the caller's transaction,
and raises NotPossible when it cannot be done. After `resume` and `send_missed` the caller forgets what the breaker
knows of the outlet (`tasks.delivery.disabling`), for that is not in the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import audit, deliveries, outlets
from tasks.model.acts import Act
from tasks.model.codes import Code
from tasks.model.states import Hold, State
from tasks.operations.activation import make_active, status_of
from tasks.operations.outlet_import import shown_without_secrets
from tasks.runtime.counting import counted
from tasks.runtime.errors import NotPossible

PAUSED_BY_US, DISABLED_BY_US = "paused by operations", "disabled by operations"
"""Why an outlet is paused or disabled, if nobody says more."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of an outlet."""

    outlet: str
    status: str
    """Its status now."""
    deliveries: int
    """How many deliveries that changed."""
    words: str
    """What was done, for people."""


def find(connection: Connection, outlet_id: str) -> Any:
    """The row of an outlet; raises NotPossible if there is none, or it was removed."""
    row = outlets.get(connection, outlet_id)
    if row is None:
        raise NotPossible(f"There is no outlet {outlet_id!r}; `fanwire outlets list` lists them.")
    if row.status == "removed":
        raise NotPossible(
            f"The outlet {outlet_id!r} was removed; `fanwire outlets import` of its document brings it back, and "
            f"`fanwire audit --outlet {outlet_id}` says who removed it."
        )
    return row


def pause(connection: Connection, outlet_id: str, reason: str | None = None) -> Done:
    """Send an outlet nothing for now, and keep what it misses. One that gets nothing already stays as it is, and a
    `reason` for one that is paused replaces the old one."""
    row = find(connection, outlet_id)
    if row.status in ("disabled", "unverified"):  # why it gets nothing is worth more than who paused it
        words = f"{row.id} is {row.status} ({row.status_reason}), and stays so; what it misses is kept"
        return Done(outlet=row.id, status=row.status, deliveries=0, words=words)
    return _stop_sending(connection, row, "paused", reason)


def disable(connection: Connection, outlet_id: str, reason: str | None = None) -> Done:
    """Send an outlet nothing until further notice, and keep what it misses. A `reason` for one that is disabled
    replaces the old one."""
    row = find(connection, outlet_id)
    if row.status == "unverified":
        raise NotPossible(
            f"{row.id} is not verified, and gets nothing already; `fanwire outlets remove` if it never should"
        )
    return _stop_sending(connection, row, "disabled", reason)


def _stop_sending(
    connection: Connection, row: Any, status: Literal["paused", "disabled"], reason: str | None
) -> Done:  # fmt: skip
    """Pause or disable an outlet, or take a new reason for that, and record what changes."""
    hold, act, usual = {
        "paused": (Hold.PAUSED, Act.PAUSE_OUTLET, PAUSED_BY_US),
        "disabled": (Hold.DISABLED, Act.DISABLE_OUTLET, DISABLED_BY_US),
    }[status]
    already = row.status == status
    if already and reason in (None, row.status_reason):
        words = f"{row.id} is {status} already ({row.status_reason}); nothing has changed, and what it misses is kept"
        return Done(outlet=row.id, status=status, deliveries=0, words=words)
    why = reason or usual
    if already:
        outlets.set_reason(connection, row.id, why, ledger.now(connection))
    else:
        outlets.set_status(connection, [row.id], status, why, ledger.now(connection))
    kept = deliveries.hold_for_status(connection, [row.id], hold, why)
    new = {"status": status, "reason": why, "deliveries": kept}
    audit.record(connection, audit.of_outlet(act, row.id, old=status_of(row), new=new))
    words = _kept(row.id, status, kept)
    if already:
        words = f"{row.id} was {status} already ({row.status_reason}); the reason is now: {why}; what it misses is kept"
    return Done(outlet=row.id, status=status, deliveries=kept, words=words)


def _kept(outlet: str, status: str, kept: int) -> str:
    are = "is" if kept == 1 else "are"
    return (
        f"{outlet} is {status}; {counted(kept, 'delivery')} {are} kept for it until `fanwire outlets resume {outlet}`"
    )


def remove(connection: Connection, outlet_id: str) -> Done:
    """Remove an outlet: end what it has not got yet, and never send it anything again, no correction and no kill."""
    row = find(connection, outlet_id)
    old = status_of(row) | {"document": shown_without_secrets(json.loads(row.document))}
    outlets.set_status(connection, [row.id], "removed", None, ledger.now(connection))
    ended = deliveries.end_for_removed(connection, [row.id])
    audit.record(connection, audit.of_outlet(Act.REMOVE_OUTLET, row.id, old=old, new={"deliveries": ended}))
    words = f"{row.id} is removed; {counted(ended, 'open delivery')} ended as canceled ({Code.OUTLET_REMOVED})"
    return Done(outlet=row.id, status="removed", deliveries=ended, words=words)


def resume(connection: Connection, outlet_id: str) -> Done:
    """Make a paused or disabled outlet active again, let go what was kept for it, and try at once what waits for its
    next try."""
    row = find(connection, outlet_id)
    _refuse_unverified(row)
    due = make_active(connection, row, Act.RESUME_OUTLET)
    words = f"{row.id} is active; {counted(due, 'delivery')} {'is' if due == 1 else 'are'} due now"
    return Done(outlet=row.id, status="active", deliveries=due, words=words)


def send_missed(connection: Connection, outlet_id: str) -> Done:
    """Make an outlet active if it is not, and send what was kept for it, what it could not get before, and what waits
    for its next try."""
    row = find(connection, outlet_id)
    _refuse_unverified(row)
    there = deliveries.missed(connection, row.id)
    later = deliveries.try_now(connection, row.id, ledger.now(connection))
    if row.status != "active":
        make_active(connection, row, Act.RESUME_OUTLET)
    done = deliveries.replay_missed(connection, row.id, ledger.now(connection))
    new = {"missed": True, "deliveries": done.count + later}
    audit.record(connection, audit.of_outlet(Act.REPLAY, row.id, new=new))
    words = _sent(row, there, done.waiting, later)
    return Done(outlet=row.id, status="active", deliveries=sum(there.values()) + later, words=words)


def _sent(row: Any, there: Mapping[str, int], waiting: int, later: int) -> str:
    """What `send_missed` did to the outlet of this row, in words; `there`: what it had missed; `later`: how many
    deliveries waited for their next try."""
    again = "" if row.status == "active" else f"{row.id} is active again; "
    at_once = f"{counted(later, 'delivery')} that waited for the next try {'is' if later == 1 else 'are'} due now"
    if not there and later:
        return f"{again}{at_once}; {row.id} has missed no other"
    if not there:
        return (
            f"{again}0 deliveries are open again: {row.id} has missed nothing for want of an address, a login or time; "
            f"`fanwire replay --outlet {row.id}` sends what it refused"
        )
    total = sum(there.values())
    more = f"; {waiting:,} of those that had ended wait for an embargo, a translation or its format" if waiting else ""
    more += f"; {at_once}" if later else ""
    what = f"{counted(total, 'delivery')} that it missed {'is' if total == 1 else 'are'} open again"
    return f"{again}{what}: {in_words_missed(there)}{more}"


def in_words_missed(count: Mapping[str, int]) -> str:
    """What an outlet missed (`deliveries.missed`), in words: `8 kept, 3 exhausted`."""
    order = ("kept", State.EXHAUSTED, State.REJECTED, State.CANCELED)
    return ", ".join(f"{count[state]:,} {state}" for state in order if state in count)


def _refuse_unverified(row: Any) -> None:
    if row.status == "unverified":
        raise NotPossible(
            f"{row.id} is not verified yet: `fanwire outlets verify {row.id}` asks it, and makes it active; with "
            "--vouch it takes your word"
        )
