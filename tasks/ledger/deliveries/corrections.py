"""What corrections, kills, replays and the removal of an outlet do to deliveries."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, update

from tasks.ledger.deliveries.conditions import NOT_HELD, d
from tasks.ledger.schema import attempts, deliveries, outlets, releases
from tasks.model.codes import Code
from tasks.model.states import State, Verdict

IS_OPEN = d.state.in_([State.HELD, State.DUE])
REPLAYABLE = frozenset({State.DELIVERED, State.REJECTED, State.EXHAUSTED})


def supersede(connection: Connection, uri: str, version: int, *, by_kill: bool) -> int:
    """End the held and due deliveries of all versions older than `version`; returns the number of rows.

    Claimed rows are left to their drain. It ends those that it has not sent yet (delivery/admission/admit.py). One that
    was on the wire and failed ends when its result is written (`end_replaced`).
    """
    older = select(releases.c.id).where(releases.c.uri == uri, releases.c.version < version)
    return _end(connection, d.release_id.in_(older), version, by_kill=by_kill)


def end_replaced(connection: Connection, ids: Collection[int]) -> None:
    """End those of these deliveries that are held or due although a newer version of their release is in the ledger."""
    mine, newer = releases.alias(), releases.alias()
    query = (
        select(d.id, newer.c.version, newer.c.status)
        .join(mine, mine.c.id == d.release_id)
        .join(newer, and_(newer.c.uri == mine.c.uri, newer.c.version > mine.c.version))
        .where(d.id.in_(ids), IS_OPEN)
        .order_by(newer.c.version)
    )
    newest = {row.id: (row.version, row.status) for row in connection.execute(query)} if ids else {}
    for version, status in sorted(set(newest.values())):
        replaced = [id for id, by in newest.items() if by == (version, status)]
        _end(connection, d.id.in_(replaced), version, by_kill=status == "canceled")


def end_for_removed(connection: Connection, outlet_ids: Collection[str], ids: Collection[int] | None = None) -> int:
    """End the held and due deliveries to those of these outlets that were removed, or only those of them with these
    `ids`; returns their number.

    Claimed rows are left to their drain, as when a release is killed (`supersede`).
    """
    removed = select(outlets.c.id).where(outlets.c.id.in_(outlet_ids), outlets.c.status == "removed")
    which = [d.outlet_id.in_(removed), IS_OPEN, *([] if ids is None else [d.id.in_(ids)])]
    reason = "the outlet was removed"
    values = NOT_HELD | {"state": State.CANCELED, "code": Code.OUTLET_REMOVED, "reason": reason, "due_at": None}
    return connection.execute(update(deliveries).where(*which).values(values)).rowcount


def _end(connection: Connection, which: ColumnElement[bool], version: int, *, by_kill: bool) -> int:
    """End those of `which` rows that are held or due, because this newer version came; returns their number."""
    if by_kill:
        state, code, reason = State.CANCELED, Code.RELEASE_KILLED, "the release was killed"
    else:
        state, code, reason = State.SUPERSEDED, Code.NEWER_VERSION, f"version {version} came"
    values = NOT_HELD | {"state": state, "code": code, "reason": reason, "due_at": None}
    return connection.execute(update(deliveries).where(which, IS_OPEN).values(values)).rowcount


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

    What a newer version has replaced since is left out, and so is what was for an outlet that was removed; the drain
    asks again before it sends. A delivered row is sent once more, with the same key, if `states` says so. `since`:
    ended at or after that moment.
    """
    newer, mine = releases.alias(), releases.alias()
    replaced = exists().where(mine.c.id == d.release_id, newer.c.uri == mine.c.uri, newer.c.version > mine.c.version)
    removed = exists().where(outlets.c.id == d.outlet_id, outlets.c.status == "removed")
    chosen = [d.state.in_(REPLAYABLE & frozenset(states)), ~replaced, ~removed]
    for column, wanted in ((d.release_id, release_id), (d.outlet_id, outlet_id), (d.language, language)):
        if wanted is not None:
            chosen.append(column == wanted)
    if since is not None:
        chosen.append(d.ended_at >= since)
    again: dict[str, Any] = {"state": State.DUE, "due_at": now, "first_due_at": now, "tries": 0}
    again |= {"code": Code.REPLAYED, "reason": "replayed"}
    return connection.execute(update(deliveries).where(*chosen).values(again)).rowcount


def _may_be_there(delivery: Any) -> Any:
    """Whether a delivery arrived, or may have: what became of it is unknown, or it is on its way."""
    arrived = attempts.c.verdict.in_([Verdict.DELIVERED, Verdict.UNSURE])
    return or_(exists().where(attempts.c.delivery_id == delivery.id, arrived), delivery.state == State.CLAIMED)


def corrections(connection: Connection, ids: Collection[int]) -> set[int]:
    """Those of these deliveries whose outlet has, or may have, an older version of the release in the same language.

    To every other outlet a higher version is the first that it sees, and nothing of its own is corrected.
    """
    mine, theirs, older = releases.alias(), releases.alias(), deliveries.alias()
    query = (
        select(d.id)
        .join(mine, mine.c.id == d.release_id)
        .join(theirs, and_(theirs.c.uri == mine.c.uri, theirs.c.version < mine.c.version))
        .join(
            older,
            and_(older.c.release_id == theirs.c.id, older.c.language == d.language, older.c.outlet_id == d.outlet_id),
        )
        .where(d.id.in_(ids), _may_be_there(older.c))
    )
    return set(connection.execute(query).scalars()) if ids else set()


def may_have(connection: Connection, uri: str, version: int) -> dict[str, list[str]]:
    """{outlet: languages} of everyone who got, or may have got, a version of the release before `version`."""
    older = select(releases.c.id).where(releases.c.uri == uri, releases.c.version < version)
    rows = select(d.outlet_id, d.language).where(d.release_id.in_(older), _may_be_there(d)).distinct()
    languages: dict[str, list[str]] = {}
    for outlet_id, language in connection.execute(rows.order_by(d.outlet_id, d.language)):
        languages.setdefault(outlet_id, []).append(language)
    return languages
