"""Translation memory: units that were translated before, in a form in which they are known again.

A unit's *normal form* has its inline elements numbered from 1, straight quotation marks, and a type in place of what
may differ without changing the sentence: `Sales rose by {amount} in Q3 {year}`. So last year's sentence is known again
in this year's release. Names stand in it as they are: in many languages the words around a name depend on it.

What is kept of a result is its words, with numbers that say where the unit's elements, typed pieces and years go.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined

APPROVED = "approved"
"""The maker of entries that a person approved; all others are named by engine and model."""
FORM = 1
"""Goes into every key: to be raised when the normal form changes, so that old entries are not found any more."""
TYPED = frozenset(("url", "email", "domain", "phone", "date", "amount", "code", "image"))
"""Kinds of opaque pieces that stand in the normal form as their kind only."""
_QUOTES = str.maketrans(dict.fromkeys("„“”«»「」『』", '"') | dict.fromkeys("‚‘’", "'"))
_YEAR = re.compile(r"(?<![\w.,])(?:19|20)\d\d(?![\w]|[.,]\d)")


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
    forms = list(dict.fromkeys((normal(unit, years=False), normal(unit))))
    return [_key(form, source, target) for form in forms]


def normal(unit: Text, *, years: bool = True) -> str:
    """The normal form; with `years` each year in it is only a `{year}`."""
    numbers: dict[int, int] = {}
    typed = years and _distinct(_years(unit))
    parts: list[str] = []
    for piece in unit:
        if isinstance(piece, Open):
            parts.append(f"<{numbers.setdefault(piece.id, len(numbers) + 1)}>")
        elif isinstance(piece, Close):
            parts.append(f"</{numbers.get(piece.id, 0)}>")
        elif isinstance(piece, Opaque):
            parts.append(f"{{{piece.kind}}}" if piece.kind in TYPED else _plain(piece.said or piece.shown))
        else:
            words = piece.replace("{", "{{").replace("<", "{<}")
            parts.append(_plain(_YEAR.sub("{year}", words) if typed else words))
    return " ".join("".join(parts).split())


def entry(unit: Text, result: Text, source: str, target: str, maker: str) -> Entry | None:
    """What to keep of `result`, the translation of `unit`; None if it cannot be taken apart."""
    years = _years(unit)
    typed = bool(years) and _distinct(years) and sorted(years) == sorted(_years(result))
    packed = _pack(unit, result, years if typed else [])
    form = normal(unit, years=typed)
    return None if packed is None else Entry(_key(form, source, target), maker, form, packed)


def unpack(packed: str, unit: Text) -> Text | None:
    """The kept result with the elements, pieces and years of `unit` in it; None if it does not fit."""
    elements = _elements(unit)
    typed = [piece for piece in unit if isinstance(piece, Opaque) and piece.kind in TYPED]
    years = _years(unit)
    pieces: list[Piece] = []
    try:
        for part in json.loads(packed):
            if isinstance(part, str):
                pieces.append(part)
                continue
            kind, number = part
            if kind == "piece":
                pieces.append(typed[number])
            elif kind == "year":
                pieces.append(years[number])
            else:
                pieces.append(Open(elements[number]) if kind == "open" else Close(elements[number]))
    except (IndexError, KeyError, TypeError, ValueError):
        return None
    return joined(_with_names(joined(pieces), unit))


def _pack(unit: Text, result: Text, years: list[str]) -> str | None:
    elements = _elements(unit)
    typed = [piece for piece in unit if isinstance(piece, Opaque) and piece.kind in TYPED]
    parts: list[str | tuple[str, int]] = []
    for piece in result:
        if isinstance(piece, Open | Close):
            if piece.id not in elements:
                return None
            parts.append(("open" if isinstance(piece, Open) else "close", elements.index(piece.id)))
        elif isinstance(piece, Opaque) and piece in typed:
            parts.append(("piece", typed.index(piece)))
        elif isinstance(piece, Opaque) and piece.kind in TYPED:
            return None
        else:
            parts += _cut_at_years(piece.shown if isinstance(piece, Opaque) else piece, years)
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def _cut_at_years(words: str, years: list[str]) -> Iterator[str | tuple[str, int]]:
    last = 0
    for found in _YEAR.finditer(words) if years else ():
        if found[0] in years:
            yield words[last : found.start()]
            yield ("year", years.index(found[0]))
            last = found.end()
    yield words[last:]


def _with_names(result: Text, unit: Text) -> Iterator[Piece]:
    """The names and other pieces that were kept as words, made opaque again."""
    wanted = [piece for piece in unit if isinstance(piece, Opaque) and piece.kind not in TYPED and piece.shown]
    for piece in result:
        if not isinstance(piece, str):
            yield piece
            continue
        rest = piece
        while True:
            places = [(rest.find(opaque.shown), -len(opaque.shown), opaque) for opaque in wanted]
            places = [place for place in places if place[0] >= 0]
            if not places:
                break
            start, _, opaque = min(places, key=lambda place: place[:2])
            wanted.remove(opaque)
            yield rest[:start]
            yield opaque
            rest = rest[start + len(opaque.shown) :]
        yield rest


def _elements(unit: Text) -> list[int]:
    return list(dict.fromkeys(piece.id for piece in unit if isinstance(piece, Open)))


def _years(text: Text) -> list[str]:
    return [year for piece in text if isinstance(piece, str) for year in _YEAR.findall(piece)]


def _distinct(years: list[str]) -> bool:
    return len(set(years)) == len(years)


def _plain(words: str) -> str:
    return unicodedata.normalize("NFC", words).translate(_QUOTES)


def _key(form: str, source: str, target: str) -> str:
    return hashlib.sha256("\0".join((str(FORM), source, target, form)).encode("utf-8", "replace")).hexdigest()
