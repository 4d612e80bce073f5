"""Translation memory: units that were translated before, in a form in which they are known again.

A unit's *normal form* has its inline elements numbered from 1, straight quotation marks, and a type in place of what
may differ without changing the sentence: `Sales rose by {amount} in Q3 {year}`. So last year's sentence is known again
in this year's release. Names stand in it as they are: in many languages the words around a name depend on it.

What is kept of a result is its words, with numbers that say where the unit's elements, typed pieces and years go. A
result that does without one of those pieces (a person wrote the amount in another way) is kept under the *literal*
form, in which they stand as they are: it is known again only where the sentence is the very same.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, Protocol, TypeVar

from babel.core import get_global

from tasks.model.languages import locale_of
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined

APPROVED = "approved"
"""The maker of entries that a person approved; all others are named by engine and model."""
FORM = 1
"""Goes into every key: to be raised when the normal form changes, so that old entries are not found any more."""
YEAR = "year"
TYPED = frozenset(("url", "email", "domain", "phone", "date", "amount", YEAR))
"""Kinds of opaque pieces that stand in the normal form as their kind only."""
SOLID = frozenset(("code", "image"))
"""Kinds that do so in the literal form too: they are markup, and no words can stand for them."""
TERM = "term"
"""The kind of a piece that the glossary translates."""
_QUOTES = str.maketrans(dict.fromkeys("„“”«»「」『』", '"') | dict.fromkeys("‚‘’", "'"))
_YEAR = re.compile(r"(?<![0-9A-Za-z_.,])(?:19|20)[0-9]{2}(?![0-9A-Za-z_]|[.,][0-9])")
"""Letters of other scripts may touch it: `2026年`."""
_FIGURE = re.compile("\\d+(?:[.,'’٬٫\u00a0\u202f]\\d+)*")
_HALF = re.compile("[\ud800-\udfff]")
"""Half a character, which no ledger takes."""
_LATIN = "[0-9A-Za-z_]"
_LITERALLY: list[Any] = ["literal", 0]
Thing = TypeVar("Thing", bound=Hashable)

Part = str | list[Any]
"""Of a packed result: words, or what stands there: `["piece", 0]`."""


@dataclass(frozen=True)
class Entry:
    """One unit that was translated, as the memory keeps it."""

    key: str
    maker: str
    source: str
    """The normal form, for people."""
    target: str
    """Packed; `unpack` fits it to a unit."""


class Memory(Protocol):
    """Where entries are kept: the ledger, for workers."""

    def recall(self, keys: Collection[str], maker: str) -> Mapping[str, str]:
        """What is kept under these keys by this maker: key to packed result."""


class NoMemory:
    """Remembers nothing."""

    def recall(self, keys: Collection[str], maker: str) -> Mapping[str, str]:
        return {}


def keys(unit: Text, source: str, target: str) -> list[str]:
    """The keys under which `unit` may be found, the most particular one first."""
    forms = (literal(unit), normal(unit, years=False), normal(unit))
    return [key_of(form, source, target) for form in dict.fromkeys(forms)]


def key_of(form: str, source: str, target: str) -> str:
    """The key of a normal form. Which English it is does not matter for the words that stand there; for a translation
    it does, unless it is the one that the language is by itself."""
    named = (str(FORM), _source_tag(source), filed(target), form)
    return hashlib.sha256("\0".join(named).encode("utf-8", "surrogatepass")).hexdigest()


def normal(unit: Text, *, years: bool = True) -> str:
    """The normal form; with `years` each year in it is only a `{year}`."""
    return _form(unit, TYPED | SOLID, years=years and _distinct(_years(unit)))


def literal(unit: Text) -> str:
    """The form in which only markup stands as its kind."""
    return _form(unit, SOLID, years=False)


def entry(unit: Text, result: Text, source: str, target: str, maker: str) -> Entry | None:
    """What to keep of `result`, the translation of `unit`; None if it cannot be taken apart."""
    # numbers that the ladder hid from an engine are words of the sentence, years among them
    result = joined(piece.shown if isinstance(piece, Opaque) and piece.kind == "number" else piece for piece in result)
    years = _years(unit)
    added = bool(_figures(result) - _figures(unit))  # a piece written twice, another currency, `2024/25` for `2024`
    shared = bool(years) and _distinct(years) and sorted(years) == sorted(_years(result)) and not added
    typed = [(piece.kind, piece.shown) for piece in Pieces(unit).typed]
    literally = bool(typed) and (added or not _distinct(typed))  # of two that look alike nobody knows which is which
    found = _entry(unit, result, (source, target), maker, years=years if shared else [], literally=literally)
    return found if found and unpack(found.target, unit) is not None else None


def entry_as_written(
    unit: Text, result: Text, source: str, target: str, maker: str, *, literally: bool = False
) -> Entry | None:
    """The same for two texts in which all that is typed is a piece already, years too; or nothing is (`literally`)."""
    return _entry(unit, result, (source, target), maker, years=[], literally=literally)


def unpack(packed: str, unit: Text) -> Text | None:
    """The kept result with the elements, pieces and years of `unit` in it; None if it does not fit.

    It fits if every element, every typed piece and, where years are typed, every year of the unit has a place in it.
    """
    try:
        return _Unpacking(unit).of(json.loads(packed))
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        return None


def first_that_fits(unit: Text, keys: Iterable[str], found: Mapping[str, str]) -> Text | None:
    """The result under the first of these keys that fits the unit; None if there is none."""
    results = (unpack(found[key], unit) for key in keys if key in found)
    return next((result for result in results if result), None)


def parts_of(packed: str) -> tuple[bool, list[Part]]:
    """What was packed: whether literally, and its parts."""
    parts = json.loads(packed)
    literally = parts[:1] == [_LITERALLY]
    return literally, parts[literally:]


def _entry(
    unit: Text, result: Text, pair: tuple[str, str], maker: str, *, years: list[str], literally: bool = False
) -> Entry | None:
    pieces = Pieces(unit)
    there = Pieces(result)
    if there.solid.keys() != pieces.solid.keys() or there.elements.keys() != pieces.elements.keys():
        return None
    literally = literally or {*there.typed, *there.years} != {*pieces.typed, *pieces.years}
    parts = _packed(result, pieces, [] if literally else years, person=maker == APPROVED, literally=literally)
    form = literal(unit) if literally else normal(unit, years=bool(years))
    packed = json.dumps(_together(parts), ensure_ascii=False, separators=(",", ":"))
    if _HALF.search(packed):
        return None
    readable = _HALF.sub("\ufffd", form).replace("\0", "\ufffd")
    return Entry(key_of(form, *pair), maker, readable, packed)


def _form(unit: Text, hidden: frozenset[str], *, years: bool) -> str:
    numbers: dict[int, int] = {}
    parts: list[str] = []
    for piece in unit:
        if isinstance(piece, Open):
            parts.append(f"<{numbers.setdefault(piece.id, len(numbers) + 1)}>")
        elif isinstance(piece, Close):
            parts.append(f"</{numbers.get(piece.id, 0)}>")
        elif isinstance(piece, Opaque):
            parts.append(f"{{{piece.kind}}}" if piece.kind in hidden else _plain(piece.said or piece.shown))
        else:
            words = _plain(piece)
            parts.append(_YEAR.sub("{year}", words) if years else words)
    return " ".join("".join(parts).split())


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


def _packed(result: Text, pieces: Pieces, years: list[str], *, person: bool, literally: bool) -> Iterator[Part]:
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
        elif piece.kind == TERM:  # what a person saw and approved stays, even when the glossary loses the term
            yield [TERM, piece.said or piece.shown, *[piece.shown] * person]
        else:
            yield piece.shown


def _together(parts: Iterable[Part]) -> list[Part]:
    """The same with neighbouring words put together."""
    found: list[Part] = []
    for words, several in groupby(parts, key=lambda part: isinstance(part, str)):
        some = list(several)
        found += ["".join(map(str, some))] if words else some
    return [part for part in found if part]


def _cut_at_years(words: str, years: list[str]) -> Iterator[Part]:
    last = 0
    for found in _YEAR.finditer(words) if years else ():
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
            "year": list(pieces.years) or _years(unit),
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


def _years(text: Text) -> list[str]:
    return [year for piece in text if isinstance(piece, str) for year in _YEAR.findall(piece)]


def _figures(text: Text) -> Counter[str]:
    """The numbers that stand among the words of a text, without what groups their digits."""
    words = "".join(
        piece if isinstance(piece, str) else piece.said or piece.shown
        for piece in text
        if isinstance(piece, str) or (isinstance(piece, Opaque) and piece.kind not in TYPED | SOLID)
    )
    figures = _FIGURE.findall(words)
    return Counter("".join(str(unicodedata.digit(sign)) for sign in found if sign.isdecimal()) for found in figures)


def _distinct(things: Sequence[Hashable]) -> bool:
    return len(set(things)) == len(things)


def _plain(words: str) -> str:
    """Words as they stand in a form: braces and angle brackets that are not its own are marked."""
    return unicodedata.normalize("NFC", words).translate(_QUOTES).replace("{", "{{").replace("<", "{<}")


@cache
def _source_tag(tag: str) -> str:
    """Language and script: British English is English."""
    language, script, _ = _subtags(tag)
    return f"{language}-{script}" if script else language


@cache
def filed(tag: str) -> str:
    """The shortest tag that says the same: `de-DE` is `de`, `zh-TW` is `zh-Hant`, and `pt-PT` stays."""
    return "-".join(part for part in _subtags(tag) if part)


def _subtags(tag: str) -> tuple[str, str, str]:
    """Language, script where it says something, and territory where it is not the first that CLDR thinks of."""
    locale, likely = locale_of(tag), get_global("likely_subtags")
    language, script, territory = locale.language, locale.script or "", locale.territory or ""
    if language == "zh" and not script:
        script = "Hant" if territory in ("TW", "HK", "MO") else "Hans"
    usual = str(likely.get(f"{language}_{script}") or likely.get(language) or "__").split("_")
    if script == usual[1] and language != "zh":
        script = ""
    return language, script, "" if territory == usual[-1] else territory
