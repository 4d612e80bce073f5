"""Translations and renditions in the ledger: each is wanted, leased to one maker, and then made, or held with a reason.

Both are made in the same way, so the functions here take the table as their first argument and the key of the row
(`release_id`, `language` and for renditions `format`) as keywords.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    and_,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from tasks.ledger.schema import attempts, deliveries, releases, renditions, translations
from tasks.model.release import Translation
from tasks.model.states import ArtifactState, Hold, Verdict


def want(connection: Connection, table: Table, keys: Sequence[dict[str, Any]], *, hint_at: float) -> None:
    """Note that these are to be made."""
    if keys:
        rows = [
            {**key, "state": ArtifactState.WANTED, "hint_at": hint_at, "lease_until": 0, "attempt": 0} for key in keys
        ]
        connection.execute(table.insert(), rows)


def claim(connection: Connection, table: Table, *, now: float, lease: float, **key: Any) -> int | None:
    """Take one to make it: the attempt number to hand back with the result, or None if it is made or being made."""
    take = (
        update(table)
        .where(_is(table, key), table.c.state != ArtifactState.MADE, table.c.lease_until <= now)
        .values(lease_until=now + lease, attempt=table.c.attempt + 1)
        .returning(table.c.attempt)
    )
    return connection.execute(take).scalar()


def finish(connection: Connection, table: Table, *, attempt: int, now: float, made: dict[str, Any], **key: Any) -> bool:
    """Keep what was made; False if a newer maker has the row now, whose result then counts."""
    values = {**made, "state": ArtifactState.MADE, "made_at": now, "reason": None, "lease_until": 0}
    done = (
        update(table)
        .where(_is(table, key), table.c.attempt == attempt, table.c.state != ArtifactState.MADE)
        .values(values)
    )
    return bool(connection.execute(done).rowcount)


LONGEST_WAIT = 3600.0
"""Seconds between two tries to make something, at most."""
LONGEST_PAUSE = 600.0
"""The same for what time may mend: an engine that is back is found after so long, if nobody else finds it before."""
_MADE: ColumnElement[str] = literal_column("'made'")


def hold(
    connection: Connection,
    table: Table,
    *,
    attempt: int,
    now: float,
    wait: float,
    reason: str,
    kept: dict[str, Any] | None = None,
    again: bool = False,
    worth: float | None = None,
    **key: Any,
) -> None:
    """Note why it could not be made, and (`kept`) what there is of it all the same.

    It is tried again after `wait` seconds, and ever more rarely after that; less rarely if time may mend it (`again`),
    and after `worth` seconds if it is known how long that takes.
    """
    pause = wait * 2.0 ** min(attempt - 1, 30) if worth is None else worth
    hint_at = now + min(pause, LONGEST_PAUSE if again else LONGEST_WAIT)
    values = {**(kept or {}), "state": ArtifactState.HELD, "reason": reason, "hint_at": hint_at, "lease_until": 0}
    connection.execute(update(table).where(_is(table, key), table.c.attempt == attempt).values(values))


def free(connection: Connection, engine: str | None = None, *, now: float) -> int:
    """Have every held translation tried now whose reason names an engine that is back (None: every one); how many."""
    named = translations.c.reason.contains(f"{engine} ", autoescape=True) if engine else literal(True)
    back = (
        update(translations)
        .where(
            translations.c.state != _MADE,
            translations.c.state == ArtifactState.HELD,
            named,
            translations.c.hint_at > now,
            translations.c.lease_until <= now,
        )
        .values(hint_at=now)
    )
    return connection.execute(back).rowcount


def unmade(connection: Connection, table: Table, *, now: float, again_at: float) -> list[Row]:  # type: ignore[type-arg]
    """Those that wait for a maker although their time has come, each given out once until `again_at`.

    Only what a held delivery still waits for: nobody makes what was superseded or killed.
    """
    key = (table.c.release_id, table.c.language)
    wanted = exists().where(
        deliveries.c.state == literal_column("'held'"),
        deliveries.c.release_id == key[0],
        deliveries.c.language == key[1],
    )
    possible: ColumnElement[bool] = literal(True)
    if table is renditions:  # a rendition waits for its translation, and no hint helps before that
        possible = exists().where(
            translations.c.release_id == renditions.c.release_id,
            translations.c.language == renditions.c.language,
            translations.c.state == ArtifactState.MADE,
        )
    late = (
        update(table)
        .where(table.c.state != _MADE, table.c.hint_at <= now, table.c.lease_until <= now, wanted, possible)
        .values(hint_at=again_at)
        .returning(*table.primary_key.columns)
    )
    return list(connection.execute(late))


def remake_renditions(connection: Connection, release_id: int, now: float, language: str | None = None) -> None:
    """Want all renditions of a release (in one language) anew. A maker that is at work on one loses its claim."""
    again = {"state": ArtifactState.WANTED, "hint_at": now, "lease_until": 0, "attempt": renditions.c.attempt + 1}
    these = renditions.c.language == language if language else literal(True)
    connection.execute(update(renditions).where(renditions.c.release_id == release_id, these).values(again))


def remake_translation(
    connection: Connection, release_id: int, language: str, now: float, by: str | None = None
) -> None:
    """Want a translation anew, not approved. A maker that is at work on it loses its claim; document and units stay
    until there are others. `by`: who made it approved, should every unit turn out to be."""
    unread = {"status": None, "approved_by": by, "approved_at": None}
    again: dict[str, Any] = {"state": ArtifactState.WANTED, "reason": None, "hint_at": now, "lease_until": 0} | unread
    again["attempt"] = translations.c.attempt + 1
    connection.execute(update(translations).where(_is(translations, _key(release_id, language))).values(again))


def approve(
    connection: Connection, release_id: int, language: str, *, document: Translation, by: str | None, now: float
) -> None:
    """Note that a person approved a translation that is made; `document` says so too."""
    approved = {"status": "approved", "approved_by": by, "approved_at": now, "document": document.model_dump_json()}
    connection.execute(update(translations).where(_is(translations, _key(release_id, language))).values(approved))


def look(connection: Connection, release_id: int, language: str, *, to_change: bool = False) -> Row | None:  # type: ignore[type-arg]
    """The row of a translation; with `to_change` nobody else changes it until this transaction ends."""
    query = select(translations).where(_is(translations, _key(release_id, language)))
    return connection.execute(query.with_for_update() if to_change else query).first()


def languages(connection: Connection, release_id: int) -> list[Row]:  # type: ignore[type-arg]
    """The rows of all translations of a release, by language."""
    query = select(translations).where(translations.c.release_id == release_id)
    return list(connection.execute(query.order_by(translations.c.language)))


def for_people(connection: Connection, release_id: int | None = None) -> Iterator[tuple[Row, int]]:  # type: ignore[type-arg]
    """The translations (of one release) that deliveries wait for and that only a person can help on, the oldest release
    first: those to be approved, and those in which no engine found something sound for every unit; and how many
    deliveries wait for approval. One at a time, for they are large."""
    waits = [deliveries.c.state == literal_column("'held'")]
    if release_id is not None:
        waits.append(deliveries.c.release_id == release_id)
    held = (
        select(
            deliveries.c.release_id,
            deliveries.c.language,
            func.count().filter(deliveries.c.reason == Hold.APPROVAL).label("waits"),
        )
        .where(*waits, deliveries.c.reason.in_([Hold.TRANSLATION, Hold.APPROVAL]))
        .group_by(deliveries.c.release_id, deliveries.c.language)
        .subquery()
    )
    same = and_(translations.c.release_id == held.c.release_id, translations.c.language == held.c.language)
    stuck = or_(translations.c.state == ArtifactState.MADE, translations.c.state == ArtifactState.HELD)
    query = (
        select(held)
        .join(translations, same)
        .join(releases, releases.c.id == translations.c.release_id)
        .where(stuck)
        .order_by(releases.c.received_at, translations.c.release_id, translations.c.language)
    )
    for key in list(connection.execute(query)):
        row = look(connection, key.release_id, key.language)
        if row is not None:
            yield row, key.waits


def translation(connection: Connection, release_id: int, language: str, *, to_use: bool = False) -> Translation | None:
    """The finished translation, or None; with `to_use` it stays as it is until this transaction ends."""
    query = select(translations.c.document).where(
        _is(translations, _key(release_id, language)), translations.c.state == ArtifactState.MADE
    )
    document = connection.execute(query.with_for_update(read=True) if to_use else query).scalar()
    return Translation.model_validate_json(document) if document else None


def translation_known(connection: Connection, uri: str, language: str) -> Translation | None:
    """The translation under which outlets know a release in this language: of the highest version that any of them got
    or may have got. One that is being made anew counts; one that somebody was to get only approved, and nobody has
    approved, is taken only if there is no other."""
    mine = and_(deliveries.c.release_id == translations.c.release_id, deliveries.c.language == translations.c.language)
    tried = exists().where(
        attempts.c.delivery_id == deliveries.c.id, attempts.c.verdict.in_([Verdict.DELIVERED, Verdict.UNSURE])
    )
    reached = exists().where(mine, or_(deliveries.c.state == literal_column("'claimed'"), tried))
    unapproved = and_(translations.c.status == "checked", exists().where(mine, deliveries.c.approval))
    document = connection.execute(
        select(translations.c.document)
        .join(releases, releases.c.id == translations.c.release_id)
        .where(releases.c.uri == uri, translations.c.language == language, translations.c.document.is_not(None))
        .order_by(case((reached, 0), else_=1), case((unapproved, 1), else_=0), releases.c.version.desc())
        .limit(1)
    ).scalar()
    return Translation.model_validate_json(document) if document else None


def earlier_units(connection: Connection, uri: str, version: int, language: str) -> str | None:
    """The units of the newest version up to this one whose translation into the language was begun; None: there is
    none."""
    return connection.execute(
        select(translations.c.units)
        .join(releases, releases.c.id == translations.c.release_id)
        .where(
            releases.c.uri == uri,
            releases.c.version <= version,
            translations.c.language == language,
            translations.c.units.is_not(None),
        )
        .order_by(releases.c.version.desc())
        .limit(1)
    ).scalar()


def wanted_formats(connection: Connection, release_id: int, language: str) -> list[str]:
    """The formats of a language that are still to be made."""
    query = select(renditions.c.format).where(
        renditions.c.release_id == release_id,
        renditions.c.language == language,
        renditions.c.state != ArtifactState.MADE,
    )
    return list(connection.execute(query.order_by(renditions.c.format)).scalars())


@dataclass(frozen=True, slots=True)
class Bytes:
    """A finished rendition."""

    content_type: str
    body: bytes


def rendition(connection: Connection, release_id: int, language: str, format: str) -> Bytes | None:
    """The finished rendition, or None."""
    row = connection.execute(
        select(renditions.c.content_type, renditions.c.body).where(
            renditions.c.release_id == release_id, renditions.c.language == language, renditions.c.format == format
        )
    ).first()
    return Bytes(row.content_type, row.body) if row is not None and row.body is not None else None


Key = tuple[int, str, str]
"""Release number, language, format."""


def renditions_made_at(connection: Connection, keys: Collection[Key]) -> dict[Key, float]:
    """When each of these renditions was made last; those that never were are left out."""
    key = (renditions.c.release_id, renditions.c.language, renditions.c.format)
    query = select(*key, renditions.c.made_at).where(tuple_(*key).in_(keys), renditions.c.made_at.is_not(None))
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(query)}


def _key(release_id: int, language: str) -> dict[str, Any]:
    return {"release_id": release_id, "language": language}


def _is(table: Table, key: dict[str, Any]) -> ColumnElement[bool]:
    return and_(*(table.c[column] == value for column, value in key.items()))
