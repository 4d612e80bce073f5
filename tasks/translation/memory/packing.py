"""What the memory keeps of a translation, and how it is fitted to a unit again.

Kept are its words, with numbers that say where the unit's inline elements, typed pieces and years go. A translation
that does without one of those pieces (a person wrote the amount in another way) is kept *literally*: its pieces stay
words, and it is filed under the literal form of its unit (forms.py).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeVar

from tasks.translation.memory.forms import SOLID, TYPED, YEAR, YEAR_PATTERN, years_in
from tasks.translation.pieces import TERM, Close, Opaque, Open, Piece, Text, joined

_LATIN = "[0-9A-Za-z_]"
_LITERALLY: list[Any] = ["literal", 0]
"""The first part of what is kept literally."""
Thing = TypeVar("Thing", bound=Hashable)

Part = str | list[Any]
"""Of a packed translation: words, or what stands there: `["piece", 0]`."""


class Pieces:
    """What stands in a text beside words, each kind numbered from 0."""

    def __init__(self, text: Text) -> None:
        opaque = [piece for piece in text if isinstance(piece, Opaque)]
        self.elements = _numbered(piece.id for piece in text if isinstance(piece, Open))
        self.solid = _numbered(piece for piece in opaque if piece.kind in SOLID)
        self.years = _numbered(piece for piece in opaque if piece.kind == YEAR)
        self.typed = _numbered(piece for piece in opaque if piece.kind in TYPED and piece.kind != YEAR)
        self.others = [piece for piece in opaque if piece.kind not in TYPED | SOLID]


def _numbered(things: Iterable[Thing]) -> dict[Thing, int]:
    return {thing: number for number, thing in enumerate(dict.fromkeys(things))}


def pack(result: Text, unit: Text, years: list[str], *, keep_terms: bool, literally: bool) -> str:
    """What is kept of `result`, the translation of `unit`.

    `years` are those of the unit that stand in the result too. `keep_terms`: with the words of glossary terms as well,
    for when the glossary loses them.
    """
    parts = _parts(result, Pieces(unit), years, keep_terms=keep_terms, literally=literally)
    return json.dumps(_together(parts), ensure_ascii=False, separators=(",", ":"))


def unpack(packed: str, unit: Text) -> Text | None:
    """What is kept with the elements, pieces and years of `unit` in it; None if it does not fit.

    It fits if every element, every typed piece and, where years are typed, every year of the unit has a place in it.
    """
    try:
        return _Unpacking(unit).of(json.loads(packed))
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        return None


def first_that_fits(unit: Text, keys: Iterable[str], found: Mapping[str, str]) -> Text | None:
    """The translation that is `found` (key to packed) under the first of these keys that fits the unit; None without
    one."""
    results = (unpack(found[key], unit) for key in keys if key in found)
    return next((result for result in results if result), None)


def parts_of(packed: str) -> tuple[bool, list[Part]]:
    """Whether a translation is kept literally, and its parts."""
    parts = json.loads(packed)
    literally = parts[:1] == [_LITERALLY]
    return literally, parts[literally:]


def words(packed: str) -> str:
    """The words of a packed translation, with a space where anything else stands."""
    return " ".join(part for part in parts_of(packed)[1] if isinstance(part, str))


def _parts(result: Text, pieces: Pieces, years: list[str], *, keep_terms: bool, literally: bool) -> Iterator[Part]:
    if literally:
        yield _LITERALLY
    for piece in result:
        if isinstance(piece, str):
            yield from _cut_at_years(piece, years)
        elif isinstance(piece, Open):
            yield ["open", pieces.elements[piece.id]]
        elif isinstance(piece, Close):
            yield ["close", pieces.elements.get(piece.id, -1)]
        elif piece in pieces.solid:
            yield ["solid", pieces.solid[piece]]
        elif piece in pieces.typed and not literally:
            yield ["piece", pieces.typed[piece]]
        elif piece in pieces.years and not literally:
            yield ["year", pieces.years[piece]]
        elif piece.kind == TERM:
            yield [TERM, piece.said or piece.shown, *[piece.shown] * keep_terms]
        else:
            yield piece.shown


def _together(parts: Iterable[Part]) -> list[Part]:
    """The parts with neighbouring words put together."""
    found: list[Part] = []
    for words, several in groupby(parts, key=lambda part: isinstance(part, str)):
        some = list(several)
        found += ["".join(map(str, some))] if words else some
    return [part for part in found if part]


def _cut_at_years(words: str, years: list[str]) -> Iterator[Part]:
    last = 0
    for found in YEAR_PATTERN.finditer(words) if years else ():
        yield words[last : found.start()]
        yield ["year", years.index(found[0])]
        last = found.end()
    yield words[last:]


class _Unpacking:
    """One unit that gets a kept result; whatever does not fit raises."""

    def __init__(self, unit: Text) -> None:
        pieces = Pieces(unit)
        self.there: dict[str, list[int] | list[Opaque] | list[str]] = {
            "open": list(pieces.elements),
            "close": list(pieces.elements),
            "solid": list(pieces.solid),
            "piece": list(pieces.typed),
            "year": list(pieces.years) or years_in(unit),
        }
        self.terms: dict[str, list[Opaque]] = {}
        for piece in pieces.others:
            if piece.kind == TERM:
                self.terms.setdefault(piece.said or piece.shown, []).append(piece)
        self.opaque = [piece for piece in unit if isinstance(piece, Opaque)]
        self.used: Counter[tuple[str, int]] = Counter()

    def of(self, parts: Any) -> Text:
        if not isinstance(parts, list):
            raise TypeError
        literally = parts[:1] == [_LITERALLY]
        result = joined(part if isinstance(part, str) else self.piece(*part) for part in parts[literally:])
        self.check(result, literally=literally)
        taken = {piece for piece in result if isinstance(piece, Opaque)}
        return _with_opaque(result, [piece for piece in self.opaque if piece not in taken])

    def piece(self, kind: str, which: Any, words: str = "") -> Piece:
        if kind == TERM:
            return self.term(which, words)
        if type(which) is not int or which < 0:
            raise ValueError
        found = self.there[kind][which]
        self.used[kind, which] += 1
        if isinstance(found, int):
            return Open(found) if kind == "open" else Close(found)
        return found

    def term(self, said: str, words: str) -> Piece:
        """The unit's piece for this term, each once while they last; without any, what a person approved."""
        there = self.terms.get(said)
        if there:
            return there.pop(0) if len(there) > 1 else there[0]
        if not words or not isinstance(words, str):
            raise KeyError
        return words

    def check(self, result: Text, *, literally: bool) -> None:
        """That nothing of the unit is lost; what is markup stands once, and in the right order."""
        once = [(kind, n) for kind in ("open", "close", "solid") for n in range(len(self.there[kind]))]
        wanted = [] if literally else [("piece", n) for n in range(len(self.there["piece"]))]
        if any(kind == "year" for kind, _ in self.used):
            wanted += [("year", n) for n in range(len(self.there["year"]))]
        if any(self.used[which] != 1 for which in once) or not all(self.used[which] for which in wanted):
            raise ValueError
        opened: list[int] = []
        for piece in result:
            if isinstance(piece, Open):
                opened.append(piece.id)
            elif isinstance(piece, Close) and (not opened or opened.pop() != piece.id):
                raise ValueError


def _with_opaque(result: Text, wanted: Sequence[Opaque]) -> Text:
    """Names and other pieces that were kept as words, made opaque again: each as often as the unit has it.

    Where a name is a word of its own comes first, then inside of others: an engine may have set `Acmes`. If that leaves
    one out (`Acme RoboticsAcme`), the longest name comes first wherever it stands.
    """
    found, left = _named(result, wanted, (_alone, re.escape))
    if left:
        other, fewer = _named(result, wanted, (re.escape,))
        return other if fewer < left else found
    return found


def _named(result: Text, wanted: Sequence[Opaque], patterns: Sequence[Callable[[str], str]]) -> tuple[Text, int]:
    """The result with the pieces that these patterns find, one pattern after the other; and how many they do not."""
    waiting: dict[str, list[Opaque]] = {}
    for opaque in reversed(wanted):
        if opaque.shown and opaque.html is None:
            waiting.setdefault(opaque.shown, []).append(opaque)
    for as_pattern in patterns:
        names = sorted((shown for shown in waiting if waiting[shown]), key=lambda shown: (-len(shown), shown))
        if names:
            result = _replaced(result, re.compile("|".join(map(as_pattern, names))), waiting)
    return result, sum(map(len, waiting.values()))


def _replaced(result: Text, pattern: re.Pattern[str], waiting: dict[str, list[Opaque]]) -> Text:
    pieces: list[Piece] = []
    for piece in result:
        if not isinstance(piece, str):
            pieces.append(piece)
            continue
        last = 0
        for found in pattern.finditer(piece):
            if waiting[found[0]]:
                pieces += [piece[last : found.start()], waiting[found[0]].pop()]
                last = found.end()
        pieces.append(piece[last:])
    return joined(pieces)


def _alone(name: str) -> str:
    """Finds a name where it is no part of a longer word; letters of other scripts may follow it: `Acme는`."""
    before, after = (_LATIN if re.match(_LATIN, edge) else "" for edge in (name[0], name[-1]))
    return (f"(?<!{before})" if before else "") + re.escape(name) + (f"(?!{after})" if after else "")
