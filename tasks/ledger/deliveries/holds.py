"""Planning a delivery, and everything that holds it or lets it go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    update,
)

from tasks.ledger import media_rows
from tasks.ledger.deliveries.conditions import (
    IS_DUE,
    IS_HELD,
    IS_KEPT,
    NOT_HELD,
    awaits_person,
    d,
    held_for,
    rendition_exists,
    translation_made,
)
from tasks.ledger.deliveries.locks import one_mover_at_a_time
from tasks.ledger.inserts import insert_into
from tasks.ledger.schema import DRAFT, MISHELD, deliveries, outlets, releases, renditions, translations
from tasks.model.states import ArtifactState, Hold, State
from tasks.runtime import moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Deliveries to be: some outlets in one language and format."""

    outlet_ids: Sequence[str]
    language: str
    format: str
    approval: bool = False
    """A person must approve its translation first."""


def plan(
    connection: Connection, release_id: int, version: int, urgency: int, rows: Sequence[Planned], now: float
) -> bool:
    """Write deliveries of a release, each in the state in which it waits; whether any is due at once.

    What an outlet has of the release already stays as it is. Outlets that were removed get nothing.
    """
    one_mover_at_a_time(connection, release_id)
    due = False
    for row in rows:
        first = _first_step(connection, release_id, row, now)
        due = due or first["state"] == State.DUE
        common: dict[str, Any] = {
            "release_id": release_id,
            "version": version,
            "urgency": urgency,
            "attempt": 0,
            "tries": 0,
        }
        common |= {"language": row.language, "format": row.format, "approval": row.approval}
        values = {name: _of_column(name, value) for name, value in common.items()} | _by_status(first)
        theirs = outlets.c.id.in_(row.outlet_ids)
        taken = (
            select(outlets.c.id, *values.values()).where(theirs, outlets.c.status != "removed").order_by(outlets.c.id)
        )
        write = insert_into(connection, deliveries).from_select(["outlet_id", *values], taken)
        connection.execute(write.on_conflict_do_nothing())
    return due


def any_planned(connection: Connection, release_id: int) -> bool:
    """Whether a release has any deliveries."""
    return connection.execute(select(d.id).where(d.release_id == release_id).limit(1)).first() is not None


def with_rows(
    connection: Connection, release_id: int, languages: Collection[str], outlet_ids: Collection[str]
) -> set[str]:
    """Those of these outlets that have deliveries of a release in one of these languages."""
    query = select(d.outlet_id).where(
        d.release_id == release_id, d.language.in_(languages), d.outlet_id.in_(outlet_ids)
    )
    return set(connection.execute(query).scalars())


def _first_step(connection: Connection, release_id: int, row: Planned, now: float) -> dict[str, Any]:
    """The column values with which a delivery to an active outlet begins: those to which `promote` would bring it."""
    embargo = _embargo(connection, release_id)
    if embargo is not None and embargo > now:
        return held_for(Hold.EMBARGO, _moment(embargo))
    mine = (translations.c.release_id == release_id, translations.c.language == row.language)
    made = connection.execute(select(translations.c.state, translations.c.status).where(*mine)).first()
    if made is None or made.state != ArtifactState.MADE:
        return held_for(Hold.TRANSLATION)
    if made.status == DRAFT or (row.approval and made.status != "approved"):
        return held_for(Hold.APPROVAL)
    if not media_rows.all_there(connection, release_id):
        return held_for(Hold.MEDIA, media_rows.progress(connection, release_id))
    of_it = (renditions.c.release_id == release_id, renditions.c.language == row.language)
    state = connection.execute(select(renditions.c.state).where(*of_it, renditions.c.format == row.format)).scalar()
    if state != ArtifactState.MADE:
        return held_for(Hold.RENDITION)
    return NOT_HELD | {"state": State.DUE, "code": None, "reason": None, "due_at": now, "first_due_at": now}


def _by_status(first: dict[str, Any]) -> dict[str, ColumnElement[Any]]:
    """The same by the status of the outlet: what an outlet that is not active would get is held for that."""
    status = outlets.c.status
    kept = {name: held_for(Hold.of_outlet(name)) for name in ("paused", "disabled", "unverified")}
    found: dict[str, ColumnElement[Any]] = {}
    for name in ("state", "hold_kind", "hold_detail", "code", "reason", "due_at", "first_due_at"):
        of_active = _of_column(name, first.get(name))
        if name == "hold_detail":
            found[name] = case((status == "active", of_active), else_=outlets.c.status_reason)
        elif name in ("state", "hold_kind", "reason"):
            others = [(status == other, _of_column(name, values[name])) for other, values in kept.items()]
            found[name] = case((status == "active", of_active), *others)
        else:
            found[name] = case((status == "active", of_active), else_=_of_column(name, None))
    return found


def _of_column(name: str, value: Any) -> ColumnElement[Any]:
    """A value as a column of deliveries has it; PostgreSQL takes no value without its type here."""
    return cast(value, d[name].type)


def begin(connection: Connection, release_id: int, now: float) -> int:
    """Start the deliveries of a release just planned, past an embargo if there is none; returns how many became due."""
    return _let_go(connection, release_id, d.hold_kind == Hold.EMBARGO, now)


def promote(connection: Connection, release_id: int, now: float, language: str | None = None) -> int:
    """Move held rows of a release as far as its translations, media and renditions allow; the number that became due.

    May be called at any time and by anybody: it looks at what is there, not at who made it. Rows held for an embargo
    or for their outlet's status stay.
    """
    one_mover_at_a_time(connection, release_id)
    mine = and_(IS_HELD, d.release_id == release_id, literal(True) if language is None else d.language == language)
    unapproved, ready = awaits_person(), ~awaits_person()
    text_waits = [Hold.TRANSLATION, Hold.APPROVAL, Hold.MEDIA]
    if media_rows.all_there(connection, release_id):
        after_text = (text_waits, ready, held_for(Hold.RENDITION))
    else:
        after_text = (text_waits, ready, held_for(Hold.MEDIA, media_rows.progress(connection, release_id)))
    for before, moved, after in (
        ([Hold.TRANSLATION, Hold.MEDIA, Hold.RENDITION], unapproved, held_for(Hold.APPROVAL)),
        after_text,
    ):
        connection.execute(
            update(deliveries).where(mine, d.hold_kind.in_(before), translation_made(), moved).values(after)
        )
    due = {"state": State.DUE, "reason": None, "due_at": now, "first_due_at": func.coalesce(d.first_due_at, now)}
    rendered = rendition_exists(renditions.c.state == ArtifactState.MADE)
    # whatever the row says: an older worker that moves an embargo does not know `hold_kind`
    embargoed = exists().where(releases.c.id == d.release_id, releases.c.embargo_until > now)
    return connection.execute(
        update(deliveries)
        .where(mine, d.hold_kind == Hold.RENDITION, ready, rendered, ~embargoed)
        .values(due | NOT_HELD)
    ).rowcount


def wait_anew(connection: Connection, release_id: int, language: str) -> int:
    """Let every row that has not left wait for its translation, which changes; the number of rows.

    Those under an embargo or of a paused outlet come to it later. How long this takes is not the outlet's failing: its
    retry horizon begins when the row is let go.
    """
    one_mover_at_a_time(connection, release_id)
    waits = and_(IS_HELD, d.hold_kind.in_([Hold.TRANSLATION, Hold.APPROVAL, Hold.MEDIA, Hold.RENDITION]))
    mine = and_(d.release_id == release_id, d.language == language, or_(IS_DUE, waits))
    again = held_for(Hold.TRANSLATION) | {"first_due_at": None}
    return connection.execute(update(deliveries).where(mine).values(again)).rowcount


def still_open(connection: Connection, release_id: int, language: str) -> int:
    """How many deliveries of a release in a language are not final: what a change of its translation can still
    reach."""
    query = select(func.count()).where(
        d.release_id == release_id, d.language == language, d.state.in_([State.HELD, State.DUE, State.CLAIMED])
    )
    return connection.execute(query).scalar_one()


def lift_embargoes(connection: Connection, now: float) -> list[int]:
    """Release the deliveries whose embargo has ended; returns the ids of their releases."""
    held = select(d.release_id).where(IS_HELD, d.hold_kind == literal_column("'embargo'")).distinct().subquery()
    ready = select(releases.c.id).join(held, held.c.release_id == releases.c.id).where(releases.c.embargo_until <= now)
    lifted = sorted(connection.execute(ready).scalars())
    for release_id in lifted:
        _let_go(connection, release_id, d.hold_kind == Hold.EMBARGO, now)
    return lifted


def hold_again(connection: Connection, release_id: int) -> None:
    """Put every delivery of a release that has not left back under its embargo, except those of paused outlets."""
    waiting = and_(d.release_id == release_id, d.state.in_([State.DUE, State.HELD]))
    theirs = and_(IS_HELD, or_(IS_KEPT, d.hold_kind == Hold.RESTORED))
    embargo = held_for(Hold.EMBARGO, _moment(_embargo(connection, release_id)))
    connection.execute(update(deliveries).where(waiting, ~theirs).values(embargo))


def waive_approval(connection: Connection, release_id: int, language: str) -> None:
    """Have nobody approve a language of a release: it turned out that the producer wrote a text that serves it."""
    mine = and_(d.release_id == release_id, d.language == language, d.approval)
    connection.execute(update(deliveries).where(mine).values(approval=False))


def hold_for_status(connection: Connection, outlet_ids: Sequence[str], hold: Hold, detail: str | None = None) -> int:
    """Hold what these outlets would get until they are active again; returns the number of deliveries. `detail`: why
    they are paused or disabled."""
    undecided = and_(IS_HELD, func.coalesce(d.hold_kind, "") == Hold.RESTORED)
    waiting = and_(d.outlet_id.in_(outlet_ids), d.state.in_([State.DUE, State.HELD]), ~undecided)
    return connection.execute(update(deliveries).where(waiting).values(held_for(hold, detail))).rowcount


def resume(connection: Connection, outlet_ids: Sequence[str], now: float) -> int:
    """Release what was held while these outlets were paused or disabled; returns how many deliveries became due."""
    kept = and_(d.outlet_id.in_(outlet_ids), IS_KEPT)
    concerned = sorted(connection.execute(select(d.release_id).where(IS_HELD, kept).distinct()).scalars())
    # the time it was kept is not the outlet's failing: its retry horizon begins when it is let go
    connection.execute(update(deliveries).where(IS_HELD, kept).values(first_due_at=None))
    return sum(_let_go(connection, release_id, kept, now) for release_id in concerned)


def try_now(connection: Connection, outlet_id: str, now: float) -> int:
    """Make due at once what waits for its next try at an outlet; the number of deliveries. Their retry horizon goes
    on."""
    later = and_(d.outlet_id == outlet_id, IS_DUE, d.due_at > now)
    return connection.execute(update(deliveries).where(later).values(due_at=now)).rowcount


def forgotten(connection: Connection) -> list[str]:
    """The ids of active outlets for which deliveries are still held: their pause ended while a row was on its way."""
    kept = select(d.outlet_id).where(IS_HELD, IS_KEPT).distinct().subquery()
    query = select(outlets.c.id).join(kept, kept.c.outlet_id == outlets.c.id).where(outlets.c.status == "active")
    return list(connection.execute(query).scalars())


def _let_go(connection: Connection, release_id: int, which: ColumnElement[bool], now: float) -> int:
    """End a hold of `which` rows; for an embargo, a translation or a rendition they wait on."""
    embargo = _embargo(connection, release_id)
    under_embargo = embargo is not None and embargo > now
    hold = held_for(Hold.EMBARGO, _moment(embargo)) if under_embargo else held_for(Hold.TRANSLATION)
    connection.execute(update(deliveries).where(IS_HELD, d.release_id == release_id, which).values(hold))
    return promote(connection, release_id, now)


def _embargo(connection: Connection, release_id: int) -> float | None:
    """When the release may go out, seconds since the epoch; None: it has no embargo."""
    return connection.execute(select(releases.c.embargo_until).where(releases.c.id == release_id)).scalar()


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else moments.utc(seconds)


def adopt(connection: Connection, now: float) -> int:
    """Give the rows that a worker of before migration 0003 holds their kind, and move them on as far as they can go;
    the number of rows. Such a worker says what a row waits for in its `reason` only."""
    written = and_(IS_HELD, text(MISHELD), d.reason.in_([hold.words for hold in Hold]))
    kind = {"hold_kind": func.replace(d.reason, " ", "_"), "hold_detail": None}
    adopted = connection.execute(update(deliveries).where(written).values(kind).returning(d.release_id)).scalars().all()
    for release_id in sorted(set(adopted)):
        promote(connection, release_id, now)
    return len(adopted)
