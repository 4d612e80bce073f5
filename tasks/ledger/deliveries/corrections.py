"""What corrections, kills and replays do to deliveries."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, and_, exists, select, update

from tasks.ledger.deliveries.conditions import IS_CLAIMED, NOT_HELD, d
from tasks.ledger.schema import attempts, deliveries, releases
from tasks.model.codes import Code
from tasks.model.states import State, Verdict

REPLAYABLE = frozenset({State.DELIVERED, State.REJECTED, State.EXHAUSTED})


def supersede(connection: Connection, uri: str, version: int, *, by_kill: bool) -> int:
    """End all that is not out of versions older than `version`; the number of rows.

    Claimed rows are left to their drain, which asks `outdated` before it sends and after it failed.
    """
    older = select(releases.c.id).where(releases.c.uri == uri, releases.c.version < version)
    open_rows = and_(d.release_id.in_(older), d.state.in_([State.HELD, State.DUE]))
    if by_kill:
        state, code, reason = State.CANCELED, Code.RELEASE_KILLED, "the release was killed"
    else:
        state, code, reason = State.SUPERSEDED, Code.NEWER_VERSION, f"version {version} came"
    return connection.execute(
        update(deliveries)
        .where(open_rows)
        .values(NOT_HELD | {"state": state, "code": code, "reason": reason, "due_at": None})
    ).rowcount


def replay(
    connection: Connection,
    now: float,
    *,
    states: Collection[State],
    release_id: int | None = None,
    outlet_id: str | None = None,
    language: str | None = None,
    since: float | None = None,
) -> int:
    """Make finished deliveries due again, with a new retry horizon; the number of rows.

    What a newer version has replaced since is left out, and the drain asks again before it sends. A delivered row is
    sent once more, with the same key, if `states` says so. `since`: ended at or after that moment.
    """
    newer, mine = releases.alias(), releases.alias()
    replaced = exists().where(mine.c.id == d.release_id, newer.c.uri == mine.c.uri, newer.c.version > mine.c.version)
    chosen = [d.state.in_(REPLAYABLE & frozenset(states)), ~replaced]
    for column, wanted in ((d.release_id, release_id), (d.outlet_id, outlet_id), (d.language, language)):
        if wanted is not None:
            chosen.append(column == wanted)
    if since is not None:
        chosen.append(d.ended_at >= since)
    again: dict[str, Any] = {"state": State.DUE, "due_at": now, "first_due_at": now, "tries": 0}
    again |= {"code": Code.REPLAYED, "reason": "replayed"}
    return connection.execute(update(deliveries).where(*chosen).values(again)).rowcount


def may_have(connection: Connection, uri: str, version: int) -> dict[str, list[str]]:
    """{outlet: languages} of everyone who got, or may have got, a version of the release before `version`."""
    older = select(releases.c.id).where(releases.c.uri == uri, releases.c.version < version)
    reached = exists().where(
        attempts.c.delivery_id == d.id, attempts.c.verdict.in_([Verdict.DELIVERED, Verdict.UNSURE])
    )
    rows = select(d.outlet_id, d.language).where(d.release_id.in_(older), reached | IS_CLAIMED).distinct()
    languages: dict[str, list[str]] = {}
    for outlet_id, language in connection.execute(rows.order_by(d.outlet_id, d.language)):
        languages.setdefault(outlet_id, []).append(language)
    return languages
