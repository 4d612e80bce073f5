"""How far the text that a person approved is from the draft that an engine made: kept for each unit, so that operators
see how much work each engine leaves (`fanwire engines list`, reports)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from tasks.ledger import post_edits
from tasks.review.listing import Reviewed, ReviewedUnit
from tasks.translation.edits import edits, tokens
from tasks.translation.pieces import Text, shown


def keep(connection: Connection, found: Reviewed, approved: Mapping[str, Text], present: float) -> None:
    """Keep what a person `approved` (text by name of the unit) beside the drafts of engines; units that people
    translated from nothing are left out."""
    known = post_edits.drafts(connection, found.release_id, found.language)
    rows = []
    for unit in found.units:
        draft = known.get(unit.name) or _draft(found, unit) if unit.name in approved else None
        if draft is None:
            continue
        text = shown(approved[unit.name])
        before, after = tokens(draft.draft), tokens(text)
        figures = {"edits": edits(before, after), "words": len(after)}
        rows.append(draft._asdict() | figures | {"unit": unit.name, "approved": text, "approved_at": present})
    post_edits.keep(connection, found.release_id, found.language, rows)


def _draft(found: Reviewed, unit: ReviewedUnit) -> post_edits.Drafted | None:
    """What an engine made of a unit: its target, or the draft that the checks refused."""
    record, refused = unit.record, unit.refused
    if unit.target and record.engine and not unit.approved:
        return post_edits.Drafted(found.source, record.engine, record.model, shown(unit.target))
    if refused:
        return post_edits.Drafted(found.source, refused.engine, refused.model, shown(unit.draft))
    return None
