"""Conditions on a delivery row that several statements share."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, literal_column

from tasks.ledger.schema import deliveries, renditions, translations
from tasks.model.states import ArtifactState

d = deliveries.c
"""The columns of a delivery."""

# Written into the statement, not bound: only so can the database prove that a partial index fits.
IS_DUE = d.state == literal_column("'due'")
IS_CLAIMED = d.state == literal_column("'claimed'")
IS_HELD = d.state == literal_column("'held'")
IS_KEPT = d.reason.in_([literal_column("'outlet paused'"), literal_column("'outlet disabled'")])


def translation_made(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the row's translation is made, and `more` holds of it."""
    return exists().where(
        translations.c.release_id == d.release_id,
        translations.c.language == d.language,
        translations.c.state == ArtifactState.MADE,
        *more,
    )


def translation_approved() -> ColumnElement[bool]:
    """Whether the row's translation is made and approved."""
    return translation_made(translations.c.status == "approved")


def rendition_exists(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the row's rendition is in the ledger, made or not, and `more` holds of it."""
    return exists().where(
        renditions.c.release_id == d.release_id,
        renditions.c.language == d.language,
        renditions.c.format == d.format,
        *more,
    )
