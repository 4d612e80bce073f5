"""How far a release is, in numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, select

from tasks.ledger import media_rows
from tasks.ledger.schema import attempts, deliveries, outlets, release_media, releases, renditions, translations
from tasks.ledger.spans import Span, deliveries_of
from tasks.model.codes import Code
from tasks.model.release import Translation
from tasks.model.states import ArtifactState, Hold, MediaState, State, Verdict, Writing

OPEN = (State.DUE, State.CLAIMED)


def states(connection: Connection, release_id: int, span: Span | None = None) -> dict[str, dict[str, int]]:
    """Count the deliveries of one release: {language: {state: n}}. `span`: where they lie, if that is known."""
    query = (
        select(deliveries.c.language, deliveries.c.state, func.count())
        .where(*(span.deliveries if span else deliveries_of(connection, release_id)))
        .group_by(deliveries.c.language, deliveries.c.state)
    )
    languages: dict[str, dict[str, int]] = defaultdict(dict)
    for language, state, n in connection.execute(query):
        languages[language][state] = n
    return dict(sorted(languages.items()))


def total(languages: dict[str, dict[str, int]]) -> dict[str, int]:
    """Add up the counts of all languages: {state: n}."""
    sums: Counter[str] = Counter()
    for counted in languages.values():
        sums.update(counted)
    return dict(sums)


def holds(connection: Connection, release_id: int) -> list[dict[str, Any]]:
    """What held rows of a release wait for: language, kind of hold, the kind in words, number, and a detail: until when
    the embargo holds, why the outlet gets nothing, why the translation or rendition could not be made, or what a draft
    waits for."""
    kind = (deliveries.c.language, deliveries.c.hold_kind, deliveries.c.hold_detail)
    query = (
        select(*kind, func.count().label("n"))
        .where(deliveries.c.release_id == release_id, deliveries.c.state == State.HELD)
        .group_by(*kind)
        .order_by(*kind)
    )
    why = {(hold, language): reason for hold, language, reason in _held_artifacts(connection, release_id)}
    return [
        {
            "language": row.language,
            "kind": row.hold_kind,
            "reason": row.hold_kind and Hold(row.hold_kind).words,
            "n": row.n,
            "detail": row.hold_detail or why.get((row.hold_kind, row.language)),
        }
        for row in connection.execute(query)
    ]


def _held_artifacts(connection: Connection, release_id: int) -> Iterator[tuple[Hold, str, str]]:
    """The hold that each held translation or rendition of a release causes, and each draft: its language and why."""
    for hold, table, state in (
        (Hold.TRANSLATION, translations, ArtifactState.HELD),
        (Hold.APPROVAL, translations, ArtifactState.MADE),
        (Hold.RENDITION, renditions, ArtifactState.HELD),
    ):
        held = (table.c.release_id == release_id, table.c.state == state, table.c.reason.is_not(None))
        for row in connection.execute(select(table.c.language, table.c.reason).where(*held)):
            yield hold, row.language, row.reason


def texts(connection: Connection, release_id: int) -> dict[str, str | None]:
    """What building has come to: {language: why its translation is held, what it waits for as a draft, or None if it
    may go out}."""
    done = (translations.c.release_id == release_id, translations.c.state != ArtifactState.WANTED)
    rows = connection.execute(select(translations.c.language, translations.c.reason).where(*done))
    return {row.language: row.reason for row in rows}


def every_outlet_has_some(connection: Connection, span: Span) -> bool:
    """Whether every outlet that there is has got a delivery of a release."""
    # asked once: outlet by outlet it would be all they ever got
    got = select(deliveries.c.outlet_id).where(*span.deliveries, deliveries.c.state == State.DELIVERED)
    without = select(outlets.c.id).where(outlets.c.status != "removed", outlets.c.id.not_in(got)).limit(1)
    return connection.execute(without).first() is None


def planned(connection: Connection, release_id: int) -> dict[tuple[str, str], bool] | None:
    """The deliveries of a release: {(outlet, language): whether it ended because the outlet was removed}; None if it is
    not planned yet."""
    if connection.execute(select(releases.c.planned_at).where(releases.c.id == release_id)).scalar() is None:
        return None
    ended = and_(deliveries.c.state == State.CANCELED, deliveries.c.code == Code.OUTLET_REMOVED)
    query = select(deliveries.c.outlet_id, deliveries.c.language, case((ended, 1), else_=0).label("ended"))
    rows = connection.execute(query.where(deliveries.c.release_id == release_id))
    return {(row.outlet_id, row.language): bool(row.ended) for row in rows}


def engines(connection: Connection, release_id: int) -> dict[str, str]:
    """The engines of the translations that the producer did not write: {language: engines}."""
    query = (
        select(translations.c.language, translations.c.engine)
        .where(
            translations.c.release_id == release_id,
            translations.c.state == ArtifactState.MADE,
            translations.c.engine.not_in(("source", "supplied")),  # and so is not null
        )
        .order_by(translations.c.language)
    )
    return {row.language: row.engine for row in connection.execute(query)}


def writing(connection: Connection, release_id: int) -> dict[str, Writing]:
    """Who is behind each text of a release that is made: {language: who}."""
    columns = (translations.c.language, translations.c.status, translations.c.document)
    made = (translations.c.release_id == release_id, translations.c.state == ArtifactState.MADE)
    query = select(*columns).where(*made, translations.c.document.is_not(None)).order_by(translations.c.language)
    return {row.language: _writing(row.document, row.status) for row in connection.execute(query)}


def _writing(document: str, status: str | None) -> Writing:
    """Who is behind a text; a kill has its document from an older version, and no `status` of its own."""
    text = Translation.model_validate_json(document)
    if text.by_producer:
        return Writing.PRODUCER
    found = status or text.status or ""
    if found in (Writing.DRAFT, Writing.APPROVED):
        return Writing(found)
    same = text.source is not None and text.source.same_language(text.language)
    return Writing.CONVERTED if same else Writing.UNREVIEWED


def unknowable(connection: Connection, release_id: int) -> set[tuple[str, str]]:
    """The (outlet, language) of deliveries with an attempt that may have arrived although no answer was read."""
    query = (
        select(deliveries.c.outlet_id, deliveries.c.language)
        .join(attempts, attempts.c.delivery_id == deliveries.c.id)
        .where(deliveries.c.release_id == release_id, attempts.c.verdict == Verdict.UNSURE)
    )
    return {(row.outlet_id, row.language) for row in connection.execute(query)}


def unfinished(connection: Connection, release_id: int) -> int:
    """Number of a release's deliveries that are still due or claimed."""
    query = select(func.count()).where(deliveries.c.release_id == release_id, deliveries.c.state.in_(OPEN))
    return connection.execute(query).scalar_one()


def being_built(connection: Connection, release_id: int) -> int:
    """Number of a release's translations, renditions and files that nobody has tried to build or fetch yet: deliveries
    may still come of them."""
    translation = and_(
        translations.c.release_id == renditions.c.release_id, translations.c.language == renditions.c.language
    )
    waits = exists().where(  # made anew after all had left, it brings no delivery any more
        deliveries.c.state == State.HELD,
        deliveries.c.release_id == translations.c.release_id,
        deliveries.c.language == translations.c.language,
    )
    untried = select(func.count()).where(
        translations.c.release_id == release_id, translations.c.state == ArtifactState.WANTED, waits
    )
    unformatted = select(func.count()).where(
        renditions.c.release_id == release_id,
        renditions.c.state == ArtifactState.WANTED,
        exists().where(translation, translations.c.state == ArtifactState.MADE),
        ~media_rows.is_open(renditions.c.release_id),
    )
    held = exists().where(deliveries.c.state == State.HELD, deliveries.c.release_id == release_media.c.release_id)
    unfetched = select(func.count()).where(
        release_media.c.release_id == release_id,
        release_media.c.state == MediaState.WANTED,
        release_media.c.code.is_(None),
        held,
    )
    return sum(connection.execute(count).scalar_one() for count in (untried, unformatted, unfetched))
