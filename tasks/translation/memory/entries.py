"""Translation memory: units that were translated before, in a form in which they are known again.

forms.py has the forms and keys under which a unit is known, packing.py what is kept of its translation.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from tasks.runtime.foreign_text import storable
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import forms, packing
from tasks.translation.memory.packing import Pieces
from tasks.translation.pieces import Opaque, Text, joined

APPROVED = "approved"
"""The maker of entries that a person approved; all others are named by engine and model."""
_FIGURE = re.compile("\\d+(?:[.,'’٬٫\u00a0\u202f]\\d+)*")
_HALF = re.compile("[\ud800-\udfff]")
"""Half a character, which no ledger takes."""


@dataclass(frozen=True)
class Entry:
    """One unit that was translated, as the memory keeps it."""

    key: str
    maker: str
    """Who translated it: engine and model, or `approved`."""
    source: str
    """The form of the unit, for people."""
    target: str
    """The translation, packed; `packing.unpack` fits it to a unit."""


class Memory(Protocol):
    """Where memory entries are kept: the ledger, for workers."""

    def recall(self, keys: Collection[str], maker: str) -> Mapping[str, str]:
        """The translations that this maker has left under these keys: key to packed translation."""


class NoMemory:
    """A memory that remembers nothing."""

    def recall(self, keys: Collection[str], maker: str) -> Mapping[str, str]:
        """Return nothing; see Memory."""
        return {}


def entry(unit: Text, result: Text, pair: LanguagePair, maker: str) -> Entry | None:
    """The memory entry of `result`, the translation of `unit`; None if it cannot be taken apart."""
    # numbers that were hidden from an engine (fallbacks.py) are words of the sentence, years among them
    result = joined(piece.shown if isinstance(piece, Opaque) and piece.kind == "number" else piece for piece in result)
    years = forms.years_in(unit)
    added = bool(_figures(result) - _figures(unit))  # a piece written twice, another currency, `2024/25` for `2024`
    same_years = sorted(years) == sorted(forms.years_in(result))
    shared = bool(years) and forms.distinct(years) and same_years and not added
    typed = [(piece.kind, piece.shown) for piece in Pieces(unit).typed]
    literally = bool(typed) and (
        added or not forms.distinct(typed)
    )  # of two that look alike nobody knows which is which
    found = _entry(unit, result, pair, maker, years=years if shared else [], literally=literally)
    return found if found and packing.unpack(found.target, unit) is not None else None


def entry_as_written(
    unit: Text, result: Text, pair: LanguagePair, maker: str, *, literally: bool = False
) -> Entry | None:
    """What to keep of two texts in which all that is typed is an opaque piece already, years too; or nothing is
    (`literally`). None if it cannot be taken apart."""
    return _entry(unit, result, pair, maker, years=[], literally=literally)


def _entry(
    unit: Text, result: Text, pair: LanguagePair, maker: str, *, years: list[str], literally: bool = False
) -> Entry | None:
    pieces, there = Pieces(unit), Pieces(result)
    if there.solid.keys() != pieces.solid.keys() or there.elements.keys() != pieces.elements.keys():
        return None
    literally = literally or {*there.typed, *there.years} != {*pieces.typed, *pieces.years}
    form = forms.literal(unit) if literally else forms.normal(unit, years=bool(years))
    packed = packing.pack(result, unit, [] if literally else years, keep_terms=maker == APPROVED, literally=literally)
    if _HALF.search(packed):
        return None
    return Entry(forms.key_of(form, pair), maker, storable(form), packed)


def _figures(text: Text) -> Counter[str]:
    """The numbers that stand among the words of a text, without what groups their digits."""
    words = "".join(
        piece if isinstance(piece, str) else piece.said or piece.shown
        for piece in text
        if isinstance(piece, str) or (isinstance(piece, Opaque) and piece.kind not in forms.TYPED | forms.SOLID)
    )
    figures = _FIGURE.findall(words)
    return Counter("".join(str(unicodedata.digit(sign)) for sign in found if sign.isdecimal()) for found in figures)
