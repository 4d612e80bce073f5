"""What corrections, kills, replays and the removal of an outlet do to deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)

from tasks.ledger import rendition_rows, seals
from tasks.ledger.deliveries.conditions import IS_FAILED, IS_HELD, IS_KEPT, NOT_HELD, d, held_for
from tasks.ledger.deliveries.holds import begin
from tasks.ledger.schema import attempts, deliveries, outlets, releases, reopenings
from tasks.model.codes import OF_THE_OUTLET, Code
from tasks.model.retention_policy import Stage
from tasks.model.states import Hold, State, Verdict

IS_OPEN = d.state.in_([State.HELD, State.DUE])
REPLAYABLE = frozenset({State.DELIVERED, State.REJECTED, State.EXHAUSTED})
_ENDED_WITH_OUTLET = and_(d.state == State.CANCELED, d.code == Code.OUTLET_REMOVED)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay has done."""

    count: int
    """Deliveries that are open again."""
    waiting: int
    """Those of them that are held, because an embargo or an artifact is still to come."""
    outlets: Counter[str]
    """How many each outlet has of them."""


def supersede(connection: Connection, uri: str, version: int, *, by_kill: bool) -> int:
    """End the held and due deliveries of all versions older than `version`; returns the number of rows.

    Claimed rows are left to their drain. It ends those that it has not sent yet (delivery/admission/admit.py). One that
    was on the wire and failed ends when its result is written (`end_replaced`).
    """
    older = select(releases.c.id).where(releases.c.uri == uri, releases.c.version < version)
    return _end(connection, d.release_id.in_(older), version, by_kill=by_kill)


def end_replaced(connection: Connection, ids: Collection[int]) -> None:
    """End those of these deliveries that are held or due although a newer version of their release is in the ledger."""
    if not ids:
        return
    newest = {row.id: (row.version, row.status) for row in connection.execute(_newer_versions(), {"ids": list(ids)})}
    for version, status in sorted(set(newest.values())):
        replaced = [id for id, by in newest.items() if by == (version, status)]
        _end(connection, d.id.in_(replaced), version, by_kill=status == "canceled")


@cache
def _newer_versions() -> Select[Any]:
    mine, newer = releases.alias(), releases.alias()
    return (
        select(d.id, newer.c.version, newer.c.status)
        .join(mine, mine.c.id == d.release_id)
        .join(newer, and_(newer.c.uri == mine.c.uri, newer.c.version > mine.c.version))
        .where(d.id.in_(bindparam("ids", expanding=True)), IS_OPEN)
        .order_by(newer.c.version)
    )


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
    code: str | None = None,
) -> Replayed:
    """Make finished deliveries due again, with a new retry horizon.

    What a newer version has replaced since is left out, and so is what was for an outlet that was removed; the drain
    asks again before it sends. A delivered row is sent once more, with the same key, if `states` says so; of canceled
    rows only those that ended with their outlet, which is back. `since`: ended at or after that moment; nothing was
    tried of what ended with its outlet. `code`: what the last attempt met.
    """
    chosen = [~_replaced(), ~_removed(), ~_archived()]
    for column, wanted in (
        (d.release_id, release_id), (d.outlet_id, outlet_id), (d.language, language), (d.code, code),
    ):  # fmt: skip
        if wanted is not None:
            chosen.append(column == wanted)
    if since is not None:
        chosen.append(d.ended_at >= since)
    again: dict[str, Any] = {"state": State.DUE, "due_at": now, "first_due_at": now, "tries": 0}
    again |= {"code": Code.REPLAYED, "reason": "replayed"}
    theirs: Counter[str] = Counter()
    ended = REPLAYABLE & frozenset(states)
    for some, which in ((ended - {State.DELIVERED}, IS_FAILED), (ended & {State.DELIVERED}, true())):
        if some:
            finished = update(deliveries).where(which, d.state.in_(some), *chosen).values(again)
            rows = connection.execute(finished.returning(d.id, d.attempt, d.release_id, d.outlet_id)).all()
            _note_reopened(connection, rows, now)
            theirs.update(row.outlet_id for row in rows)
    back, waiting = (
        _reopen(connection, [_ENDED_WITH_OUTLET, *chosen], now) if State.CANCELED in states else (Counter(), 0)
    )
    theirs.update(back)
    return Replayed(theirs.total(), waiting, theirs)


def missed(connection: Connection, outlet_id: str) -> dict[str, int]:
    """Count what an outlet should have and has not, by the state of the delivery; `kept` is what is held because the
    outlet gets nothing now.

    It is what the outlet could not get, and not what it refused on its merits; nothing that a newer version or a kill
    has replaced, and nothing of releases that were planned while the outlet was not there.
    """
    what = case((d.state == State.HELD, literal("kept")), else_=d.state)
    query = select(what, func.count()).where(d.outlet_id == outlet_id, *_missed()).group_by(what)
    return {row[0]: row[1] for row in connection.execute(query)}


def replay_missed(connection: Connection, outlet_id: str, now: float) -> Replayed:
    """Open again what an outlet missed and what has ended (`missed`): as if it were just planned, with a new retry
    horizon. What is kept for the outlet, `resume` lets go."""
    theirs, waiting = _reopen(connection, [d.outlet_id == outlet_id, ~IS_HELD, *_missed()], now)
    return Replayed(theirs.total(), waiting, theirs)


def _missed() -> tuple[ColumnElement[bool], ...]:
    unable = and_(d.state == State.REJECTED, d.code.in_(sorted(OF_THE_OUTLET)))
    return (
        or_(and_(IS_HELD, IS_KEPT), d.state == State.EXHAUSTED, unable, _ENDED_WITH_OUTLET),
        ~_replaced(),
        ~_removed(),
        ~_archived(),
    )


def _replaced() -> ColumnElement[bool]:
    """Whether the ledger has a newer version of a delivery's release."""
    newer, mine = releases.alias(), releases.alias()
    return exists().where(mine.c.id == d.release_id, newer.c.uri == mine.c.uri, newer.c.version > mine.c.version)


def _removed() -> ColumnElement[bool]:
    """Whether the outlet of a delivery was removed."""
    return exists().where(outlets.c.id == d.outlet_id, outlets.c.status == "removed")


def _archived() -> ColumnElement[bool]:
    """Whether a delivery is in an archive file, and about to leave the ledger."""
    return exists().where(releases.c.id == d.release_id, releases.c.retained >= int(Stage.ARCHIVED))


def _reopen(connection: Connection, chosen: Collection[ColumnElement[bool]], now: float) -> tuple[Counter[str], int]:
    """Open what has ended: how many each outlet has of it, and how many still wait for something."""
    # as if just planned, for what it waited for when it ended may be there, or still be missing
    anew = held_for(Hold.EMBARGO) | {"first_due_at": None, "tries": 0}
    opened = update(deliveries).where(*chosen).values(anew)
    rows = connection.execute(opened.returning(d.id, d.attempt, d.release_id, d.outlet_id)).all()
    _note_reopened(connection, rows, now)
    waiting = 0
    for release_id in sorted({row.release_id for row in rows}):
        begin(connection, release_id, now)
        ids = [row.id for row in rows if row.release_id == release_id]
        waiting += connection.execute(select(func.count()).where(IS_HELD, d.id.in_(ids))).scalar_one()
    return Counter(row.outlet_id for row in rows), waiting


def _note_reopened(connection: Connection, rows: Sequence[Row[Any]], now: float) -> None:
    """Note that deliveries which had ended go on: what is sealed of their ends stays true, and other ends follow. What
    is no longer there of their bytes is made anew."""
    if rows:
        notes = [{"delivery_id": row.id, "attempt": row.attempt, "at": now} for row in rows]
        connection.execute(reopenings.insert(), notes)
        theirs = {row.release_id for row in rows}
        seals.look_again(connection, theirs, now)
        rendition_rows.rebuild_without_bytes(connection, theirs, now)


def _may_be_there(delivery: Any) -> Any:
    """Whether a delivery arrived, or may have: what became of it is unknown, or it is on its way."""
    arrived = attempts.c.verdict.in_([Verdict.DELIVERED, Verdict.UNSURE])
    return or_(exists().where(attempts.c.delivery_id == delivery.id, arrived), delivery.state == State.CLAIMED)


def corrections(connection: Connection, ids: Collection[int]) -> dict[int, tuple[int, ...]]:
    """Those of these deliveries whose outlet has, or may have, older versions of the release in the same language, each
    with these versions in ascending order.

    To every other outlet a higher version is the first that it sees, and nothing of its own is corrected.
    """
    if not ids:
        return {}
    mine, theirs, older = releases.alias(), releases.alias(), deliveries.alias()
    query = (
        select(d.id, theirs.c.version)
        .join(mine, mine.c.id == d.release_id)
        .join(theirs, and_(theirs.c.uri == mine.c.uri, theirs.c.version < mine.c.version))
        .join(
            older,
            and_(older.c.release_id == theirs.c.id, older.c.language == d.language, older.c.outlet_id == d.outlet_id),
        )
        .where(d.id.in_(ids), _may_be_there(older.c))
        .order_by(theirs.c.version)
    )
    versions: dict[int, tuple[int, ...]] = {}
    for id, version in connection.execute(query):
        versions[id] = (*versions.get(id, ()), version)
    return versions


def may_have(connection: Connection, uri: str, version: int) -> dict[str, list[str]]:
    """{outlet: languages} of everyone who got, or may have got, a version of the release before `version`."""
    older = select(releases.c.id).where(releases.c.uri == uri, releases.c.version < version)
    rows = select(d.outlet_id, d.language).where(d.release_id.in_(older), _may_be_there(d)).distinct()
    languages: dict[str, list[str]] = {}
    for outlet_id, language in connection.execute(rows.order_by(d.outlet_id, d.language)):
        languages.setdefault(outlet_id, []).append(language)
    return languages
