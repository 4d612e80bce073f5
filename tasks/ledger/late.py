"""Which deliveries of a release are not where they should be, one by one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from tasks.ledger.schema import deliveries, renditions, translations
from tasks.ledger.spans import Span
from tasks.model.states import ArtifactState, Hold, State

d = deliveries.c
MAY_BE_LATE = frozenset({State.REJECTED, State.EXHAUSTED, State.DUE, State.CLAIMED})
_LATE = or_(
    d.state.in_([State.REJECTED, State.EXHAUSTED]),
    and_(d.state == State.DUE, d.attempt > 0),
    and_(d.state == State.CLAIMED, d.attempt > 1),
)
"""What failed for good, or so far; what waits for its first attempt is not late."""


def _artifact_missing() -> ColumnElement[str]:
    """Why the translation or rendition that a delivery waits for is held; null if it is not."""
    translation = select(translations.c.reason).where(
        translations.c.release_id == d.release_id,
        translations.c.language == d.language,
        translations.c.state == ArtifactState.HELD,
    )
    rendition = select(renditions.c.reason).where(
        renditions.c.release_id == d.release_id,
        renditions.c.language == d.language,
        renditions.c.format == d.format,
        renditions.c.state == ArtifactState.HELD,
    )
    return case(
        (d.hold_kind == Hold.TRANSLATION, translation.scalar_subquery()),
        (d.hold_kind == Hold.RENDITION, rendition.scalar_subquery()),
    )


def listed(
    connection: Connection, span: Span, *, states: Collection[State] = (), since: float | None = None, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """The late deliveries of a release, or those in these states, `limit` at most, and how many there are.

    Those that will be tried again stand first, the next one before the others. `since`: the last attempt ended at or
    after that moment. Moments are seconds since the epoch.
    """
    chosen: list[ColumnElement[bool]] = [*span.deliveries, d.state.in_(states) if states else _LATE]
    if since is not None:
        chosen.append(d.ended_at >= since)
    final_last = case((d.state.in_([State.DUE, State.CLAIMED]), 0), else_=1)
    query = (
        select(
            d.outlet_id.label("outlet"),
            d.language,
            d.state,
            d.hold_kind.label("hold"),
            d.tries,
            d.code,
            func.coalesce(d.hold_detail, _artifact_missing(), d.reason).label("reason"),
            d.ended_at.label("last_attempt_at"),
            d.due_at,
        )
        .where(*chosen)
        .order_by(final_last, d.due_at, d.state, d.outlet_id, d.language)
        .limit(limit)
    )
    found = [dict(row._mapping) for row in connection.execute(query)]
    if len(found) < limit:
        return found, len(found)
    return found, connection.execute(select(func.count()).where(*chosen)).scalar_one()
