"""Planning a delivery, and everything that holds it or lets it go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Insert,
    Select,
    Update,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

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
    waits_for,
)
from tasks.ledger.deliveries.locks import one_mover_at_a_time
from tasks.ledger.inserts import insert_by
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
    common = {"b_release_id": release_id, "b_version": version, "b_urgency": urgency}
    for row in rows:
        first = _first_step(connection, release_id, row, now)
        due = due or first["state"] == State.DUE
        alike = {"b_language": row.language, "b_format": row.format, "b_approval": row.approval}
        step = {f"b_{name}": first.get(name) for name in _STEP}
        theirs = {"outlet_ids": list(row.outlet_ids)}
        connection.execute(_insert_planned(connection.dialect.name), common | alike | step | theirs)
    return due


_STEP = ("state", "hold_kind", "hold_detail", "reason", "due_at", "first_due_at")
"""The columns in which the first steps of deliveries differ."""


@cache
def _insert_planned(dialect: str) -> Insert:
    """Deliveries of these outlets that are alike but for the status of the outlet: what one that is not active would
    get is held for that."""
    values: dict[str, ColumnElement[Any]] = {
        name: _bound(name) for name in ("release_id", "version", "urgency", "language", "format", "approval")
    }
    values |= {"attempt": literal_column("0"), "tries": literal_column("0")}
    is_active = outlets.c.status == "active"
    kept = {status: held_for(Hold.of_outlet(status)) for status in ("paused", "disabled", "unverified")}
    for name in _STEP:
        if name == "hold_detail":
            values[name] = case((is_active, _bound(name)), else_=outlets.c.status_reason)
        else:
            others = [(outlets.c.status == status, _of_column(name, hold.get(name))) for status, hold in kept.items()]
            values[name] = case((is_active, _bound(name)), *others)
    taken = (
        select(outlets.c.id, *values.values())
        .where(outlets.c.id.in_(bindparam("outlet_ids", expanding=True)), outlets.c.status != "removed")
        .order_by(outlets.c.id)
    )
    return insert_by(dialect, deliveries).from_select(["outlet_id", *values], taken).on_conflict_do_nothing()


def _bound(name: str) -> ColumnElement[Any]:
    """What is said for a column of deliveries when the statement is executed, as `b_` and its name."""
    return _of_column(name, bindparam(f"b_{name}", type_=d[name].type))


def _of_column(name: str, value: Any) -> ColumnElement[Any]:
    """A value as a column of deliveries has it; PostgreSQL takes no value without its type here."""
    return cast(value, d[name].type)


def any_planned(connection: Connection, release_id: int) -> bool:
    """Whether a release has any deliveries."""
    return connection.execute(_ANY, {"release": release_id}).first() is not None


_ANY = select(d.id).where(d.release_id == bindparam("release")).limit(1)


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
    of_it = {"release": release_id, "in_language": row.language}
    made = connection.execute(_TRANSLATION, of_it).first()
    if made is None or made.state != ArtifactState.MADE:
        return held_for(Hold.TRANSLATION)
    if made.status == DRAFT or (row.approval and made.status != "approved"):
        return held_for(Hold.APPROVAL)
    if not media_rows.all_there(connection, release_id):
        return held_for(Hold.MEDIA, media_rows.progress(connection, release_id))
    state = connection.execute(_RENDITION, of_it | {"in_format": row.format}).scalar()
    if state != ArtifactState.MADE:
        return held_for(Hold.RENDITION)
    return NOT_HELD | {"state": State.DUE, "code": None, "reason": None, "due_at": now, "first_due_at": now}


_RELEASE: BindParameter[int] = bindparam("release")
_LANGUAGE: BindParameter[str] = bindparam("in_language")
_TRANSLATION = select(translations.c.state, translations.c.status).where(
    translations.c.release_id == _RELEASE, translations.c.language == _LANGUAGE
)
_RENDITION = select(renditions.c.state).where(
    renditions.c.release_id == _RELEASE,
    renditions.c.language == _LANGUAGE,
    renditions.c.format == bindparam("in_format"),
)


def begin(connection: Connection, release_id: int, now: float) -> int:
    """Start the deliveries of a release just planned, past an embargo if there is none; returns how many became due."""
    return _let_go(connection, release_id, d.hold_kind == Hold.EMBARGO, now)


def promote(connection: Connection, release_id: int, now: float, language: str | None = None) -> int:
    """Move held rows of a release as far as its translations, media and renditions allow; the number that became due.

    May be called at any time and by anybody: it looks at what is there, not at who made it. Rows held for an embargo
    or for their outlet's status stay.
    """
    one_mover_at_a_time(connection, release_id)
    mine = {"release": release_id} | ({} if language is None else {"in_language": language})
    one_language = language is not None
    after_text = held_for(Hold.RENDITION)
    if not media_rows.all_there(connection, release_id):
        after_text = held_for(Hold.MEDIA, media_rows.progress(connection, release_id))
    connection.execute(_hold_for_approval(one_language), mine)
    then = {f"b_{name}": after_text[name] for name in _HOLD}
    connection.execute(_move_past_text(one_language), mine | then)
    return connection.execute(_make_due(one_language), mine | {"moment": now}).rowcount


_HOLD = ("hold_kind", "hold_detail", "reason")
"""The columns that say what a delivery is held for."""


@cache
def _hold_for_approval(one_language: bool) -> Update:
    waits = waits_for(Hold.TRANSLATION, Hold.MEDIA, Hold.RENDITION)
    waiting = update(deliveries).where(*_held(one_language), waits, translation_made(), awaits_person())
    return waiting.values(held_for(Hold.APPROVAL))


@cache
def _move_past_text(one_language: bool) -> Update:
    """Have those whose text is ready wait for what comes then: the media or the rendition."""
    waits = waits_for(Hold.TRANSLATION, Hold.APPROVAL, Hold.MEDIA)
    ready = update(deliveries).where(*_held(one_language), waits, translation_made(), ~awaits_person())
    return ready.values(held_for(Hold.RENDITION) | {name: bindparam(f"b_{name}", type_=d[name].type) for name in _HOLD})


@cache
def _make_due(one_language: bool) -> Update:
    rendered = rendition_exists(renditions.c.state == ArtifactState.MADE)
    moment: BindParameter[float] = bindparam("moment", type_=d.due_at.type)
    # whatever the row says: an older worker that moves an embargo does not know `hold_kind`
    embargoed = exists().where(releases.c.id == d.release_id, releases.c.embargo_until > moment)
    return (
        update(deliveries)
        .where(*_held(one_language), d.hold_kind == Hold.RENDITION, ~awaits_person(), rendered, ~embargoed)
        .values(
            state=State.DUE,
            reason=None,
            due_at=moment,
            first_due_at=func.coalesce(d.first_due_at, moment),
            **NOT_HELD,
        )
    )


def _held(one_language: bool) -> list[ColumnElement[bool]]:
    """SQL conditions: the delivery is held, and of the release (and in the language) for which a statement is
    executed."""
    return [IS_HELD, d.release_id == _RELEASE] + ([d.language == _LANGUAGE] if one_language else [])


def wait_anew(connection: Connection, release_id: int, language: str) -> int:
    """Let every row that has not left wait for its translation, which changes; the number of rows.

    Those under an embargo or of a paused outlet come to it later. How long this takes is not the outlet's failing: its
    retry horizon begins when the row is let go.
    """
    one_mover_at_a_time(connection, release_id)
    waits = and_(IS_HELD, waits_for(Hold.TRANSLATION, Hold.APPROVAL, Hold.MEDIA, Hold.RENDITION))
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
    lifted = sorted(connection.execute(_past_embargo(), {"moment": now}).scalars())
    for release_id in lifted:
        _let_go(connection, release_id, d.hold_kind == Hold.EMBARGO, now)
    return lifted


@cache
def _past_embargo() -> Select[Any]:
    held = select(d.release_id).where(IS_HELD, d.hold_kind == literal_column("'embargo'")).distinct().subquery()
    ready = select(releases.c.id).join(held, held.c.release_id == releases.c.id)
    return ready.where(releases.c.embargo_until <= bindparam("moment"))


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
    if not outlet_ids:
        return 0
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
    return list(connection.execute(_forgotten()).scalars())


@cache
def _forgotten() -> Select[Any]:
    kept = select(d.outlet_id).where(IS_HELD, IS_KEPT).distinct().subquery()
    return select(outlets.c.id).join(kept, kept.c.outlet_id == outlets.c.id).where(outlets.c.status == "active")


def _let_go(connection: Connection, release_id: int, which: ColumnElement[bool], now: float) -> int:
    """End a hold of `which` rows; for an embargo, a translation or a rendition they wait on."""
    embargo = _embargo(connection, release_id)
    under_embargo = embargo is not None and embargo > now
    hold = held_for(Hold.EMBARGO, _moment(embargo)) if under_embargo else held_for(Hold.TRANSLATION)
    connection.execute(update(deliveries).where(IS_HELD, d.release_id == release_id, which).values(hold))
    return promote(connection, release_id, now)


def _embargo(connection: Connection, release_id: int) -> float | None:
    """When the release may go out, seconds since the epoch; None: it has no embargo."""
    return connection.execute(_EMBARGO, {"release": release_id}).scalar()


_EMBARGO = select(releases.c.embargo_until).where(releases.c.id == bindparam("release"))


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else moments.utc(seconds)


def adopt(connection: Connection, now: float) -> int:
    """Give the rows that a worker of before migration 0003 holds their kind, and move them on as far as they can go;
    the number of rows. Such a worker says what a row waits for in its `reason` only."""
    adopted = connection.execute(_adopt()).scalars().all()
    for release_id in sorted(set(adopted)):
        promote(connection, release_id, now)
    return len(adopted)


@cache
def _adopt() -> ReturningUpdate[Any]:
    written = and_(IS_HELD, text(MISHELD), d.reason.in_([hold.words for hold in Hold]))
    kind = {"hold_kind": func.replace(d.reason, " ", "_"), "hold_detail": None}
    return update(deliveries).where(written).values(kind).returning(d.release_id)
