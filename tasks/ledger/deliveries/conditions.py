"""Conditions on a delivery row that several statements share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal_column, or_, select

from tasks.ledger.schema import IS_DRAFT, attempts, deliveries, renditions, translations
from tasks.model.states import ArtifactState, Hold, State

d = deliveries.c
"""The columns of a delivery."""

# Written into the statement, not bound: only so can the database prove that a partial index fits.
IS_DUE = d.state == literal_column("'due'")
IS_CLAIMED = d.state == literal_column("'claimed'")
IS_HELD = d.state == literal_column("'held'")
IS_FAILED = d.state.in_([literal_column("'rejected'"), literal_column("'exhausted'")])


def waits_for(*holds: Hold) -> ColumnElement[bool]:
    """SQL condition: a held row waits for one of these."""
    return d.hold_kind.in_([literal_column(f"'{hold.value}'") for hold in holds])


IS_KEPT = waits_for(Hold.PAUSED, Hold.DISABLED, Hold.UNVERIFIED)
"""Of a held row: its outlet is paused, disabled, or not verified yet."""


def held_for(hold: Hold, detail: str | None = None) -> dict[str, Any]:
    """The column values of a delivery that is held for `hold`. `reason` has the words that older workers know a hold
    by."""
    return {"state": State.HELD, "hold_kind": hold, "hold_detail": detail, "code": None, "reason": hold.words} | {
        "due_at": None
    }


NOT_HELD: dict[str, Any] = {"hold_kind": None, "hold_detail": None}
"""Further values of a row whose state becomes another one than held."""


def translation_made(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL condition: the delivery's translation is made, and `more` holds of the translation."""
    return exists().where(
        translations.c.release_id == d.release_id,
        translations.c.language == d.language,
        translations.c.state == ArtifactState.MADE,
        *more,
    )


def translation_approved() -> ColumnElement[bool]:
    """SQL condition: the delivery's translation is made and approved."""
    return translation_made(translations.c.status == "approved")


def awaits_person() -> ColumnElement[bool]:
    """SQL condition: a person must approve the delivery's translation and has not, for it has to be approved anyway, or
    is a draft."""
    return or_(and_(d.approval, ~translation_approved()), translation_made(translations.c.status == IS_DRAFT))


def rendition_exists(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL condition: the delivery's rendition is in the ledger, made or not, and `more` holds of the rendition."""
    return exists().where(
        renditions.c.release_id == d.release_id,
        renditions.c.language == d.language,
        renditions.c.format == d.format,
        *more,
    )


def first_attempt() -> ColumnElement[float]:
    """SQL: when the first attempt of a delivery began since it was first due, before the one whose number it has; NULL
    if there is none."""
    of = attempts.c
    earlier = and_(of.delivery_id == d.id, of.attempt < d.attempt, of.started_at >= d.first_due_at)
    return select(func.min(of.started_at)).where(earlier).correlate(deliveries).scalar_subquery()
