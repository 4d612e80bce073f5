"""Replays: finished deliveries become due again, those of a release, of an outlet that was repaired, or of both."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from tasks import ledger
from tasks.ledger import audit, deliveries
from tasks.ledger.audit import Entry
from tasks.model.acts import Act
from tasks.model.states import State
from tasks.runtime import moments

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
