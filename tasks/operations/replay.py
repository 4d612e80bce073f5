"""Replays: finished deliveries become due again, those of a release, of an outlet that was repaired, or of both."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from tasks import ledger
from tasks.ledger import audit, deliveries, outlets
from tasks.ledger.audit import Entry
from tasks.model.acts import Act
from tasks.model.codes import Code
from tasks.model.states import State
from tasks.runtime import moments
from tasks.runtime.counting import counted

STOPPED_SHOWN = 5
"""Outlets that get nothing now and are named when something is replayed for them."""
USUAL = (State.EXHAUSTED, State.REJECTED, State.CANCELED)
"""The states of what is sent again unless others are named."""


def replay(
    connection: Connection,
    release: Row[Any] | None,
    outlet_id: str | None,
    *,
    states: Collection[State] = USUAL,
    language: str | None = None,
    since: datetime | None = None,
    code: str | None = None,
) -> deliveries.Replayed:
    """Make deliveries of a release (its row, of the newest version), to an outlet, or both, due again, and record who
    did. `since`: only those that ended since; `code`: only those whose last attempt met this."""
    done = deliveries.replay(
        connection, ledger.now(connection), states=states, release_id=release.id if release else None,
        outlet_id=outlet_id, language=language, since=since.timestamp() if since else None, code=code,
    )  # fmt: skip
    chosen = {"states": list(states), "language": language, "since": since and moments.written(since)}
    chosen |= {"code": code} if code else {}
    subject = " to ".join(filter(None, (f"{release.uri} v{release.version}" if release else None, outlet_id)))
    of = {"uri": release.uri, "version": release.version} if release else {}
    new = chosen | {"deliveries": done.count}
    audit.record(connection, Entry(act=Act.REPLAY, subject=subject, outlet_id=outlet_id, new=new, **of))
    return done


def in_words(connection: Connection, done: deliveries.Replayed, states: Collection[State]) -> str:
    """What a replay of deliveries in these states has done, for people."""
    if not done.count:
        ends = [f"{state} ({Code.OUTLET_REMOVED})" if state is State.CANCELED else state.value for state in states]
        listed = " or ".join(", ".join(ends).rsplit(", ", 1))
        where = "in the newest version of its release"
        return f"0 deliveries are due again: none that is chosen has ended as {listed} {where}"
    are = "is" if done.count == 1 else "are"
    text = f"{counted(done.count, 'delivery')} {are} {'open' if done.waiting else 'due'} again"
    if done.waiting:
        text += (
            f": {done.waiting:,} {'waits' if done.waiting == 1 else 'wait'} for an embargo, a translation or its format"
        )
    return text + _stopped_in_words(connection, done)


def _stopped_in_words(connection: Connection, done: deliveries.Replayed) -> str:
    """Which outlets of a replay are paused or disabled, so that they get nothing now; empty if none is."""
    stopped = sorted(done.outlets.keys() & outlets.not_active(connection).keys())
    if not stopped:
        return ""
    held = sum(done.outlets[outlet] for outlet in stopped)
    which = "it is" if done.count == 1 else f"{held:,} of them {'is' if held == 1 else 'are'}"
    named = ", ".join(stopped[:STOPPED_SHOWN]) + (", …" if len(stopped) > STOPPED_SHOWN else "")
    whose = "its outlet is" if len(stopped) == 1 else "their outlets are"
    return f"; {which} held until `fanwire outlets resume`, for {whose} paused or disabled: {named}"
