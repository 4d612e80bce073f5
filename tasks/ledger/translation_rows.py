"""Translations in the ledger: what each release version says in each language, how far that is, and who approved it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from tasks.ledger import artifacts, audit, rendition_rows, seals
from tasks.ledger.artifacts import IS_MADE, TranslationKey, is_named_row, is_row_of, named
from tasks.ledger.inserts import insert_unless_there
from tasks.ledger.schema import DRAFT, IS_DRAFT, attempts, awaited_engines, deliveries, releases, translations
from tasks.model.acts import Act
from tasks.model.release import Translation
from tasks.model.states import ArtifactState, Hold, Verdict

ENGINE_LENGTH = 50
"""Characters of an engine's name that the ledger has room for."""


_KEY = re.compile(r'"([0-9a-f]{64})"')
"""The keys of sentences in the JSON of a translation's units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationRow:
    """A translation as the ledger has it. Moments are seconds since the epoch."""

    release_id: int
    language: str
    state: ArtifactState
    reason: str | None
    """Why it is held, or what a draft waits for."""
    hint_at: float
    lease_until: float
    attempt: int
    made_at: float | None
    engine: str | None
    """Who made the text: engines, `source` or `supplied`."""
    document: str | None
    """The translation itself, JSON."""
    status: str | None
    """Of what a machine made: `approved`; `checked`, when it passed every check and may go out; `draft`, when it passed
    them and a person must approve it first."""
    units: str | None
    """Its sentences, JSON (tasks/translation/memory/unit_records.py)."""
    refused: str | None
    """Drafts of engines that the checks stopped, JSON (unit_records.py): for editors alone."""
    approved_by: str | None
    approved_at: float | None


_COLUMNS = [translations.c[name] for name in TranslationRow.__dataclass_fields__]


def _row(row: Any) -> TranslationRow:
    return TranslationRow(**{**row._mapping, "state": ArtifactState(row.state)})


def get(connection: Connection, key: TranslationKey, *, to_change: bool = False) -> TranslationRow | None:
    """The row of a translation; with `to_change` nobody else changes it until this transaction ends."""
    row = connection.execute(_GET_TO_CHANGE if to_change else _GET, named(key)).first()
    return None if row is None else _row(row)


_GET = select(*_COLUMNS).where(is_named_row(translations))
_GET_TO_CHANGE = _GET.with_for_update()


def of_release(connection: Connection, release_id: int) -> list[TranslationRow]:
    """The rows of all translations of a release, by language."""
    query = select(*_COLUMNS).where(translations.c.release_id == release_id)
    return [_row(row) for row in connection.execute(query.order_by(translations.c.language))]


def finished(connection: Connection, key: TranslationKey, *, to_use: bool = False) -> Translation | None:
    """The finished translation, or None; with `to_use` it stays as it is until this transaction ends."""
    document = connection.execute(_FINISHED_TO_USE if to_use else _FINISHED, named(key)).scalar()
    return Translation.model_validate_json(document) if document else None


_FINISHED = select(translations.c.document).where(
    is_named_row(translations), translations.c.state == ArtifactState.MADE
)
_FINISHED_TO_USE = _FINISHED.with_for_update(read=True)


def finish(
    connection: Connection,
    key: TranslationKey,
    translation: Translation,
    *,
    attempt: int,
    now: float,
    units: str | None = None,
    refused: str | None = None,
    waits_for: str | None = None,
) -> bool:
    """Write a built translation with its sentences (`units`, JSON); False if somebody newer has the row, whose result
    then counts. One that is not approved has nobody who approved it; one that `waits_for` a person is a draft."""
    values: dict[str, Any] = {
        "engine": translation.engine[:ENGINE_LENGTH],
        "status": DRAFT if waits_for else translation.status,
        "reason": waits_for,
        "document": translation.model_dump_json(),
    }
    values |= {"approved_at": now} if translation.status == "approved" else {"approved_by": None}
    if units is not None:
        values |= {"units": units, "refused": refused}
    finished = artifacts.finish(connection, key, attempt=attempt, now=now, values=values)
    if finished:
        _await(connection, key, ())
    return finished


def hold(
    connection: Connection,
    key: TranslationKey,
    *,
    attempt: int,
    now: float,
    reason: str,
    wait: float,
    temporary: bool = False,
    retry_after: float | None = None,
    until_woken: bool = False,
    units: str | None = None,
    refused: str | None = None,
    engines: Collection[str] = (),
) -> bool:
    """Note why a translation could not be built, and the sentences (`units`, JSON) that there are nevertheless, with
    the drafts that the checks `refused`; False if somebody newer has the row. It is tried again when one of `engines`
    answers again (`wake`), and otherwise as artifacts.hold says."""
    held = artifacts.hold(
        connection,
        key,
        attempt=attempt,
        now=now,
        reason=reason,
        wait=wait,
        temporary=temporary,
        retry_after=retry_after,
        until_woken=until_woken,
        values={} if units is None else {"units": units, "refused": refused},
    )
    if held:
        _await(connection, key, engines)
    return held


def _await(connection: Connection, key: TranslationKey, engines: Collection[str]) -> None:
    """Write which engines a translation waits for; none: those it waited for are forgotten."""
    connection.execute(_FORGET_AWAITED, named(key))
    rows = [{"engine": engine, **asdict(key)} for engine in sorted(set(engines))]
    if rows:
        connection.execute(awaited_engines.insert(), rows)


_FORGET_AWAITED = delete(awaited_engines).where(
    awaited_engines.c.release_id == bindparam("b_release_id"), awaited_engines.c.language == bindparam("b_language")
)


def insert_finished(connection: Connection, release_id: int, texts: list[Translation], *, now: float) -> None:
    """Write translations that need no engine, those of the producer and those of a kill, unless they are there."""
    rows = [
        {
            "release_id": release_id,
            "language": text.language,
            "state": ArtifactState.MADE,
            "hint_at": now,
            "lease_until": 0,
            "attempt": 0,
            "made_at": now,
            "engine": text.engine,
            "document": text.model_dump_json(),
        }
        for text in texts
    ]
    if rows:
        insert_unless_there(connection, translations, rows)


def late(connection: Connection, *, now: float, again_at: float) -> list[TranslationKey]:
    """The translations that nobody builds although their time has come, each given out once until `again_at`."""
    return [TranslationKey(*row) for row in connection.execute(_late(), {"moment": now, "again_at": again_at})]


@cache
def _late() -> ReturningUpdate[Any]:
    return artifacts.give_out_late(translations)


def wake(connection: Connection, engine: str | None = None, *, now: float) -> int:
    """Have every held translation tried now that waits for an engine which is back (None: every one); returns how
    many."""
    awaits = exists().where(
        awaited_engines.c.engine == engine,
        awaited_engines.c.release_id == translations.c.release_id,
        awaited_engines.c.language == translations.c.language,
    )
    back = (
        update(translations)
        .where(
            translations.c.state != IS_MADE,
            translations.c.state == ArtifactState.HELD,
            awaits if engine else literal(True),
            translations.c.hint_at > now,
            translations.c.lease_until <= now,
        )
        .values(hint_at=now)
    )
    return connection.execute(back).rowcount


def wake_for(
    connection: Connection, languages: Collection[str], *, now: float, keys: Collection[str] | None = None
) -> None:
    """Have the translations into these languages, or variants of them, tried now that are held, and drafts built anew,
    for people approved sentences. `keys`: those of the sentences, so that in these very languages only those are
    concerned in which one of them stands, and those that wait for nothing else."""
    column, bases = translations.c.language, sorted({language.partition("-")[0] for language in languages})
    theirs = or_(*(or_(column == base, column.startswith(f"{base}-", autoescape=True)) for base in bases))
    held = and_(translations.c.state == ArtifactState.HELD, translations.c.lease_until <= now, theirs)

    def are_concerned(row: TranslationRow) -> bool:
        there = set(_KEY.findall(row.units or "")) if keys is not None and row.language in languages else None
        return there is None or not there.isdisjoint(keys or ())

    later = translations.c.hint_at >= artifacts.NEVER if keys is not None else translations.c.hint_at > now
    connection.execute(update(translations).where(held, later).values(hint_at=now))
    if keys is not None:
        for row in _rows(connection, held, translations.c.hint_at > now):
            if are_concerned(row):
                key = TranslationKey(row.release_id, row.language)
                connection.execute(update(translations).where(held, is_row_of(key)).values(hint_at=now))
    for draft in drafts(connection, theirs):
        if are_concerned(draft):
            rebuild_draft(connection, TranslationKey(draft.release_id, draft.language), now)


def drafts(connection: Connection, *which: ColumnElement[bool]) -> list[TranslationRow]:
    """The translations that are made and wait for a person because an engine of grade draft had a part in them."""
    return _rows(connection, translations.c.status == IS_DRAFT, translations.c.state == IS_MADE, *which)


def _rows(connection: Connection, *which: ColumnElement[bool]) -> list[TranslationRow]:
    return [_row(row) for row in connection.execute(select(*_COLUMNS).where(*which))]


def unread(connection: Connection) -> list[TranslationRow]:
    """The translations that a machine made, that may go out unread, and that some outlet has not got yet."""
    d = deliveries.c
    waits = or_(d.state == literal_column("'held'"), d.state == literal_column("'due'"))
    mine = and_(d.release_id == translations.c.release_id, d.language == translations.c.language)
    query = select(*_COLUMNS).where(translations.c.status == "checked", translations.c.state == IS_MADE)
    return [_row(row) for row in connection.execute(query.where(exists().where(mine, waits)))]


def lower(connection: Connection, key: TranslationKey, reason: str) -> None:
    """Make a draft of a translation that was to go out unread; what is due is put back when it is claimed."""
    unapproved = translations.c.status == "checked"
    lowered = update(translations).where(is_row_of(key), unapproved).values(status=DRAFT, reason=reason)
    if connection.execute(lowered).rowcount:
        of = select(releases.c.uri, releases.c.version).where(releases.c.id == key.release_id)
        entry = audit.of_release(
            Act.LOWER, *connection.execute(of).one(), key.language, new={"status": DRAFT, "reason": reason}
        )
        audit.record(connection, entry)


def rebuild_draft(connection: Connection, key: TranslationKey, now: float) -> None:
    """Want a draft and its renditions anew. Nothing of it has left, so its deliveries go on waiting where they are."""
    rebuild(connection, key, now)
    rendition_rows.rebuild(connection, key.release_id, now, key.language)


def rebuild(connection: Connection, key: TranslationKey, now: float, approved_by: str | None = None) -> None:
    """Want a translation anew, not approved. Whoever builds it right now loses the claim; document and units stay
    until there are others. `approved_by`: who has approved it, should every unit turn out to be approved."""
    unread = {"status": None, "approved_by": approved_by, "approved_at": None}
    again: dict[str, Any] = {"state": ArtifactState.WANTED, "reason": None, "hint_at": now, "lease_until": 0} | unread
    again["attempt"] = translations.c.attempt + 1
    connection.execute(update(translations).where(is_row_of(key)).values(again))


def approve(connection: Connection, key: TranslationKey, document: Translation, *, by: str | None, now: float) -> None:
    """Note that a person approved a translation that is made; its `document` says so too."""
    approved = {"status": "approved", "approved_by": by, "approved_at": now, "document": document.model_dump_json()}
    connection.execute(update(translations).where(is_row_of(key)).values(approved | {"reason": None}))
    seals.look_again(connection, [key.release_id], now)


class WaitingKey(NamedTuple):
    """A translation that waits for a person; in this order people are to look at them."""

    received_at: float
    """When its release was taken."""
    release_id: int
    language: str
    waits: int
    """How many deliveries wait for approval."""


def waiting_keys(connection: Connection, release_id: int | None = None) -> list[WaitingKey]:
    """The translations (of one release) that deliveries wait for and that only a person can help on, the oldest release
    first: those to be approved, drafts under an embargo among them, and those in which no engine found something sound
    for every unit. Keys alone, for the rows are large."""
    waits = [deliveries.c.state == literal_column("'held'")]
    if release_id is not None:
        waits.append(deliveries.c.release_id == release_id)
    held = (
        select(
            deliveries.c.release_id,
            deliveries.c.language,
            func.count().filter(deliveries.c.hold_kind == Hold.APPROVAL).label("waits"),
            func.count().filter(deliveries.c.hold_kind == Hold.EMBARGO).label("under_embargo"),
            func.count().label("all"),
        )
        .where(*waits, deliveries.c.hold_kind.in_([Hold.TRANSLATION, Hold.APPROVAL, Hold.EMBARGO]))
        .group_by(deliveries.c.release_id, deliveries.c.language)
        .subquery()
    )
    same = and_(translations.c.release_id == held.c.release_id, translations.c.language == held.c.language)
    stuck = or_(translations.c.state == ArtifactState.MADE, translations.c.state == ArtifactState.HELD)
    query = (
        select(releases.c.received_at, held.c.release_id, held.c.language, held.c.waits)
        .join_from(held, translations, same)
        .join(releases, releases.c.id == translations.c.release_id)
        .where(stuck, or_(held.c.under_embargo < held.c.all, translations.c.status == IS_DRAFT))
        .order_by(releases.c.received_at, translations.c.release_id, translations.c.language)
    )
    return [WaitingKey(*row) for row in connection.execute(query)]


def known_to_outlets(connection: Connection, uri: str, language: str) -> Translation | None:
    """The translation under which outlets know a release in this language: of the highest version that any of them got
    or may have got. One that is being built anew counts; one that somebody was to get only approved, and nobody has
    approved, is taken only if there is no other."""
    mine = and_(deliveries.c.release_id == translations.c.release_id, deliveries.c.language == translations.c.language)
    tried = exists().where(
        attempts.c.delivery_id == deliveries.c.id, attempts.c.verdict.in_([Verdict.DELIVERED, Verdict.UNSURE])
    )
    reached = exists().where(mine, or_(deliveries.c.state == literal_column("'claimed'"), tried))
    to_approve = and_(translations.c.status == "checked", exists().where(mine, deliveries.c.approval))
    unapproved = or_(translations.c.status == IS_DRAFT, to_approve)
    document = connection.execute(
        select(translations.c.document)
        .join(releases, releases.c.id == translations.c.release_id)
        .where(releases.c.uri == uri, translations.c.language == language, translations.c.document.is_not(None))
        .order_by(case((reached, 0), else_=1), case((unapproved, 1), else_=0), releases.c.version.desc())
        .limit(1)
    ).scalar()
    return Translation.model_validate_json(document) if document else None


def earlier_units(connection: Connection, uri: str, version: int, language: str) -> str | None:
    """The units (JSON) of the newest version up to `version` whose translation into the language was begun; None if
    there is none."""
    said = {"of_uri": uri, "up_to": version, "in_language": language}
    return connection.execute(_earlier_units(), said).scalar()


@cache
def _earlier_units() -> Select[Any]:
    return (
        select(translations.c.units)
        .join(releases, releases.c.id == translations.c.release_id)
        .where(
            releases.c.uri == bindparam("of_uri"),
            releases.c.version <= bindparam("up_to"),
            translations.c.language == bindparam("in_language"),
            translations.c.units.is_not(None),
        )
        .order_by(releases.c.version.desc())
        .limit(1)
    )
