"""Near matches for the units of a translation that an editor still has to look at: what people approved for sentences
that are nearly the same, with the figures and elements of this unit where they can be told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection

from tasks.ledger import memory_entries
from tasks.ledger.memory_entries import ApprovedRow
from tasks.review.listing import Reviewed, ReviewedUnit
from tasks.translation.edits import Stretch, compared
from tasks.translation.exchange import notation
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import forms
from tasks.translation.memory.near_matches import Near, nearest
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, has_letters, joined

MOST_CHARACTERS = 1_000_000
"""Of all near matches of one translation together, so that a file with them can be imported again."""


@dataclass(frozen=True)
class NearMatch:
    """A sentence that people translated before, nearly the same as a unit."""

    score: int
    """75 … 100: which share of its words would stay, in per cent (memory/near_matches.py)."""
    source: Text
    target: Text
    """Both with the pieces of the unit where it has the like; else with `{amount}` and the like as words."""
    origin: str
    """Where the translation was approved: a release, a file."""
    kept_at: float

    def differs(self, unit: ReviewedUnit) -> list[Stretch]:
        """Its source compared with that of the unit, word by word: 0 has the words of the near match, 1 the unit's."""
        return compared(_said(self.source), _said(unit.source))


def near_matches(connection: Connection, found: Reviewed) -> dict[str, list[NearMatch]]:
    """Near matches by the ids of the units that nobody has approved, the best first."""
    if found.standing == "approved":
        return {}
    asked = [unit for unit in found.units if (unit.open or not unit.approved) and has_letters(unit.source)]
    asked = [unit for unit in asked if unit.open or unit.record.engine]
    if not asked:
        return {}
    matches: dict[str, list[NearMatch]] = {}
    left = MOST_CHARACTERS
    for unit, several in zip(
        asked, nearest([unit.source for unit in asked], _rows(connection, found.pair)), strict=True
    ):
        fitted = [match for near in several if (match := _fitted(unit.source, near))]
        left -= sum(len(_said(match.source)) + len(_said(match.target)) for match in fitted)
        if fitted and left >= 0:
            matches[unit.id] = fitted
    return matches


def _rows(connection: Connection, pair: LanguagePair) -> Iterator[ApprovedRow]:
    """What people approved from this language into this one; which English it was makes no difference."""
    for row in memory_entries.approved(connection, pair.target.base):
        if _same(row.source_language, row.target_language, pair):
            yield row


@lru_cache(maxsize=64)
def _same(source: str, target: str, pair: LanguagePair) -> bool:
    try:
        theirs = LanguagePair.of(source, target)
    except ValueError:
        return False
    same_source = theirs.source.without_territory == pair.source.without_territory
    return same_source and theirs.target.shortest == pair.target.shortest


def _fitted(unit: Text, near: Near[ApprovedRow]) -> NearMatch | None:
    """The near match with the pieces of the unit; None for a damaged entry."""
    texts = notation.texts_of(near.entry.source, near.entry.target)
    if texts is None:
        return None
    source, target, _ = texts
    instead = _instead(source, unit)
    both = [joined(_replaced(text, instead)) for text in (source, target)]
    return NearMatch(near.score, both[0], both[1], near.entry.origin, near.entry.kept_at)


def _instead(source: Text, unit: Text) -> dict[Piece, Piece]:
    """The unit's piece for each of an entry's: the second amount for the second one, where both have as many."""
    found: dict[Piece, Piece] = {}
    theirs, mine = _by_kind(source), _by_kind(unit)
    mine[forms.YEAR] = list(forms.years_in(unit))
    for kind, pieces in theirs.items():
        if len(pieces) == len(mine.get(kind, [])):
            found |= dict(zip(pieces, mine[kind], strict=True))
    return found


def _by_kind(text: Text) -> dict[str, list[Piece]]:
    """Elements and typed pieces, each kind in its order."""
    kinds: dict[str, list[Piece]] = {}
    for piece in text:
        kind = "element" if isinstance(piece, Open) else piece.kind if isinstance(piece, Opaque) else ""
        if kind == "element" or kind in forms.TYPED | forms.SOLID:
            kinds.setdefault(kind, []).append(piece)
    return kinds


def _replaced(text: Text, instead: dict[Piece, Piece]) -> Iterator[Piece]:
    used: Counter[Piece] = Counter()
    for piece in text:
        if isinstance(piece, str):
            yield piece
        elif isinstance(piece, Opaque):
            other = instead.get(piece)
            used[piece] += 1
            lost = other is None and piece.kind in forms.SOLID
            yield "" if lost else other if other is not None and used[piece] == 1 else _words(other or piece)
        else:
            element = instead.get(Open(piece.id))
            if isinstance(element, Open):
                yield element if isinstance(piece, Open) else Close(element.id)


def _words(piece: Piece) -> str:
    return piece if isinstance(piece, str) else piece.shown if isinstance(piece, Opaque) else ""


def _said(text: Text) -> str:
    """A text as its source language says it."""
    return "".join(
        piece if isinstance(piece, str) else (piece.said or piece.shown) if isinstance(piece, Opaque) else ""
        for piece in text
    )
