"""What the ledger says when it is asked how far a release is."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import Connection, and_, exists, func, select

from tasks.ledger.schema import attempts, deliveries, renditions, translations
from tasks.model.states import ArtifactState, State, Verdict

OPEN = (State.DUE, State.CLAIMED)


def states(connection: Connection, release_id: int) -> dict[str, dict[str, int]]:
    """{language: {state: n}} of one release."""
    query = (
        select(deliveries.c.language, deliveries.c.state, func.count())
        .where(deliveries.c.release_id == release_id)
        .group_by(deliveries.c.language, deliveries.c.state)
    )
    languages: dict[str, dict[str, int]] = defaultdict(dict)
    for language, state, n in connection.execute(query):
        languages[language][state] = n
    return dict(sorted(languages.items()))


def total(languages: dict[str, dict[str, int]]) -> dict[str, int]:
    """{state: n} over all languages."""
    sums: Counter[str] = Counter()
    for counted in languages.values():
        sums.update(counted)
    return dict(sums)


def holds(connection: Connection, release_id: int) -> list[dict[str, Any]]:
    """Why rows are held: language, reason, number, and what the maker of the translation or rendition said."""
    query = (
        select(deliveries.c.language, deliveries.c.reason, func.count().label("n"))
        .where(deliveries.c.release_id == release_id, deliveries.c.state == State.HELD)
        .group_by(deliveries.c.language, deliveries.c.reason)
        .order_by(deliveries.c.language)
    )
    said: dict[str, str] = {}
    for table in (renditions, translations):
        for row in connection.execute(
            select(table.c.language, table.c.reason).where(
                table.c.release_id == release_id, table.c.state == ArtifactState.HELD
            )
        ):
            said[row.language] = row.reason
    return [
        {"language": row.language, "reason": row.reason, "n": row.n, "detail": said.get(row.language)}
        for row in connection.execute(query)
    ]


def makers(connection: Connection, release_id: int) -> dict[str, str]:
    """{language: engines} of the translations that the producer did not write."""
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


def unknowable(connection: Connection, release_id: int) -> set[tuple[str, str]]:
    """(outlet, language) of deliveries with an attempt that may have arrived although no answer was read."""
    query = (
        select(deliveries.c.outlet_id, deliveries.c.language)
        .join(attempts, attempts.c.delivery_id == deliveries.c.id)
        .where(deliveries.c.release_id == release_id, attempts.c.verdict == Verdict.UNSURE)
    )
    return {(row.outlet_id, row.language) for row in connection.execute(query)}


def unfinished(connection: Connection, release_id: int) -> int:
    """Rows still due or claimed."""
    query = select(func.count()).where(deliveries.c.release_id == release_id, deliveries.c.state.in_(OPEN))
    return connection.execute(query).scalar_one()


def being_built(connection: Connection, release_id: int) -> int:
    """Translations and renditions that nobody has tried to make yet: deliveries may still come of them."""
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
    )
    return connection.execute(untried).scalar_one() + connection.execute(unformatted).scalar_one()
