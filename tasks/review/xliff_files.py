"""A translation as an XLIFF sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tasks.review.listing import Reviewed, ReviewedUnit
from tasks.review.near import NearMatch
from tasks.translation.checks import problem_with_structure
from tasks.translation.exchange.xliff import Code, Line, Match, Sheet, State, start_tag
from tasks.translation.pieces import Opaque, Open

_FORMATTED = frozenset(("b", "strong", "i", "em", "u", "s", "small", "mark", "sub", "sup", "code"))


def sheet_of(found: Reviewed, near: Mapping[str, Sequence[NearMatch]] = MappingProxyType({})) -> Sheet:
    """Every unit of a translation with its state, its markup, and notes on its problem and on who translated it.

    An open unit has the draft that the checks refused as its target, if no element is lost in it; whatever is doubtful
    in a draft is marked. `near`: near matches by the ids of units.
    """
    lines = [_line(found, unit, near.get(unit.id, ())) for unit in found.units if unit.source]
    notes = [("how to approve this text as it is", found.as_read.command)]
    return Sheet(found.release.name, found.source, found.language, lines, stamp=found.as_read.stamp, notes=notes)


def _line(found: Reviewed, unit: ReviewedUnit, near: Sequence[NearMatch]) -> Line:
    notes = [("problem", reason) for reason in unit.reasons] if found.standing != "approved" else []
    if unit.refused:
        notes.append(("draft by", unit.drafted_by))
    if unit.translator:
        notes.append(("made by", "a person" if unit.approved else unit.translator))
    sound = unit.target or not problem_with_structure(unit.source, unit.draft, found.pair)
    doubts = unit.doubts(found.pair) if sound and found.standing != "approved" else []
    return Line(
        unit.id,
        unit.name,
        unit.source,
        unit.draft if sound else (),
        state=state_of(unit, found.standing),
        notes=notes,
        codes=_codes(unit),
        doubts=[(piece, doubt.why if doubt else None) for piece, doubt in doubts],
        matches=[Match(one.score, one.source, one.target, one.origin) for one in near],
    )


def state_of(unit: ReviewedUnit, standing: str | None) -> State:
    """The XLIFF `state` of a unit: `initial` if it is open; `translated` by an engine; `final` by a person, or approved
    with the whole, or without words to translate."""
    if unit.open:
        return "initial"
    return "translated" if unit.record.engine and not unit.approved and standing != "approved" else "final"


def _codes(unit: ReviewedUnit) -> dict[int, Code]:
    codes: dict[int, Code] = {}
    for piece in unit.source:
        inline = None if isinstance(piece, str) else unit.record.inlines.get(piece.id)
        markup = start_tag(inline.tag, inline.attributes) if inline else ""
        if isinstance(piece, Open):
            kind = "link" if inline and inline.tag == "a" else "fmt" if inline and inline.tag in _FORMATTED else "other"
            codes[piece.id] = Code(markup, f"</{inline.tag}>" if inline else "", kind, unit.describe(piece))
        elif isinstance(piece, Opaque):
            kind = "image" if not piece.shown and not piece.html else "other"
            codes[piece.id] = Code(piece.html or piece.shown or markup, type=kind, description=unit.describe(piece))
    return codes
