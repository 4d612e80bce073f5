"""Renditions in the ledger: the bytes of a translation in a format, built once for all outlets that take it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, literal, select, tuple_, update
from sqlalchemy.sql.dml import ReturningUpdate

from tasks.ledger import artifacts, audit, media_rows
from tasks.ledger.artifacts import RenditionKey, TranslationKey, is_named_row, named
from tasks.ledger.schema import releases, renditions, translations
from tasks.model.acts import Act
from tasks.model.states import ArtifactState


@dataclass(frozen=True, slots=True)
class StoredRendition:
    """A finished rendition as the ledger has it."""

    content_type: str
    body: bytes


def get(connection: Connection, key: RenditionKey) -> StoredRendition | None:
    """The finished rendition; None if it was never built."""
    row = connection.execute(_GET, named(key)).first()
    return StoredRendition(row.content_type, row.body) if row is not None and row.body is not None else None


_GET = select(renditions.c.content_type, renditions.c.body).where(is_named_row(renditions))


def made_at(connection: Connection, keys: Collection[RenditionKey]) -> dict[RenditionKey, float]:
    """When each of these renditions was built last, seconds since the epoch; without those that never were."""
    wanted = [(key.release_id, key.language, key.format) for key in keys]
    return {RenditionKey(row[0], row[1], row[2]): row[3] for row in connection.execute(_MADE_AT, {"wanted": wanted})}


_KEY = (renditions.c.release_id, renditions.c.language, renditions.c.format)
_MADE_AT = select(*_KEY, renditions.c.made_at).where(
    tuple_(*_KEY).in_(bindparam("wanted", expanding=True)), renditions.c.made_at.is_not(None)
)


def unmade(connection: Connection, translation: TranslationKey) -> list[RenditionKey]:
    """The renditions of a translation that are still to be built, by format."""
    formats = connection.execute(_UNMADE, named(translation)).scalars()
    return [RenditionKey(translation.release_id, translation.language, format) for format in formats]


_UNMADE = (
    select(renditions.c.format)
    .where(
        renditions.c.release_id == bindparam("b_release_id"),
        renditions.c.language == bindparam("b_language"),
        renditions.c.state != ArtifactState.MADE,
    )
    .order_by(renditions.c.format)
)


def finish(
    connection: Connection,
    key: RenditionKey,
    *,
    attempt: int,
    now: float,
    content_type: str,
    body: bytes,
    sha256: str,
) -> bool:
    """Write a built rendition; False if somebody newer has the row, whose result then counts."""
    values = {"content_type": content_type, "body": body, "sha256": sha256}
    return artifacts.finish(connection, key, attempt=attempt, now=now, values=values)


def late(connection: Connection, *, now: float, again_at: float) -> list[RenditionKey]:
    """The renditions that nobody builds although their time has come, each given out once until `again_at`: those whose
    translation and media are there, for no hint helps before that."""
    return [RenditionKey(*row) for row in connection.execute(_late(), {"moment": now, "again_at": again_at})]


@cache
def _late() -> ReturningUpdate[Any]:
    translated = exists().where(
        translations.c.release_id == renditions.c.release_id,
        translations.c.language == renditions.c.language,
        translations.c.state == ArtifactState.MADE,
    )
    return artifacts.give_out_late(renditions, translated, ~media_rows.is_open(renditions.c.release_id))


def waiting(connection: Connection, release_id: int) -> list[TranslationKey]:
    """The finished translations of a release of which renditions are still to be built."""
    query = (
        select(renditions.c.language)
        .join(
            translations,
            and_(
                translations.c.release_id == renditions.c.release_id,
                translations.c.language == renditions.c.language,
                translations.c.state == ArtifactState.MADE,
            ),
        )
        .where(renditions.c.release_id == release_id, renditions.c.state != ArtifactState.MADE)
        .distinct()
        .order_by(renditions.c.language)
    )
    return [TranslationKey(release_id, language) for language in connection.execute(query).scalars()]


def rebuild(connection: Connection, release_id: int, now: float, language: str | None = None) -> None:
    """Want all renditions of a release (in one language) anew. A worker that builds one right now loses its claim."""
    again = {"state": ArtifactState.WANTED, "hint_at": now, "lease_until": 0, "attempt": renditions.c.attempt + 1}
    these = renditions.c.language == language if language else literal(True)
    connection.execute(update(renditions).where(renditions.c.release_id == release_id, these).values(again))


def rebuild_without_bytes(connection: Connection, release_ids: Collection[int], now: float) -> None:
    """Want renditions of these releases anew whose bytes retention took: a delivery is to be sent again, and waits for
    them from its next claim on."""
    r = renditions.c
    gone = and_(r.release_id.in_(release_ids), r.state == ArtifactState.MADE, r.body.is_(None))
    again = {"state": ArtifactState.WANTED, "hint_at": now, "lease_until": 0, "attempt": r.attempt + 1}
    wanted = Counter(connection.execute(update(renditions).where(gone).values(again).returning(r.release_id)).scalars())
    of = (
        select(releases.c.id, releases.c.uri, releases.c.version)
        .where(releases.c.id.in_(wanted))
        .order_by(releases.c.id)
    )
    for id, uri, version in connection.execute(of).all() if wanted else ():
        entry = audit.of_release(Act.REBUILD, uri, version, new={"renditions": wanted[id]})
        audit.record(connection, entry)
