"""The forms under which the memory knows a unit again, and the keys that they make.

A unit's *normal form* has its inline elements numbered from 1, straight quotation marks, and a type in place of what
may differ without changing the sentence: `Sales rose by {amount} in Q3 {year}`. So last year's sentence is known again
in this year's release. Names stand in it as they are: in many languages the words around a name depend on it.

In the *literal form* amounts, dates and the like stand as they are, so it is known again only where the sentence is the
very same.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Hashable, Sequence
from dataclasses import replace

from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Close, Opaque, Open, Text

VERSION = 1
"""Goes into every key: to be raised when the forms change, so that old entries are not found any more."""
YEAR = "year"
"""The kind of a year; years are words of a sentence, and opaque only in files that people exchange."""
TYPED = frozenset(("url", "email", "domain", "phone", "date", "amount", YEAR))
"""Kinds of opaque pieces that stand in the normal form as their kind only."""
SOLID = frozenset(("code", "image"))
"""Kinds that do so in the literal form too: they are markup, and no words can stand for them."""
_QUOTES = str.maketrans(dict.fromkeys("„“”«»「」『』", '"') | dict.fromkeys("‚‘’", "'"))
YEAR_PATTERN = re.compile(r"(?<![0-9A-Za-z_.,])(?:19|20)[0-9]{2}(?![0-9A-Za-z_]|[.,][0-9])")
"""Finds a year; letters of other scripts may touch it: `2026年`."""


def keys(unit: Text, pair: LanguagePair) -> list[str]:
    """The memory keys under which `unit` may be found, the most particular one first."""
    return [key_of(form, pair) for form in _forms(unit)]


def near_keys(unit: Text, pair: LanguagePair) -> list[str]:
    """The memory keys under which people may have approved a translation of `unit` into another variant of the target
    language, the nearest variant first."""
    found = _forms(unit) if pair.near else []
    return [key_of(form, replace(pair, target=target)) for target in pair.near for form in found]


def _forms(unit: Text) -> list[str]:
    return list(dict.fromkeys((literal(unit), normal(unit, years=False), normal(unit))))


def key_of(form: str, pair: LanguagePair) -> str:
    """The key of a form.

    Which English the source is in makes no difference, as its words stand in the form; for the translation it does,
    unless it is the one that the tag of the language alone means.
    """
    named = (str(VERSION), pair.source.without_territory, pair.target.shortest, form)
    return hashlib.sha256("\0".join(named).encode("utf-8", "surrogatepass")).hexdigest()


def normal(unit: Text, *, years: bool = True) -> str:
    """The normal form of a unit. With `years` each year in it is only a `{year}`, unless one stands there twice."""
    return _form(unit, TYPED | SOLID, years=years and distinct(years_in(unit)))


def literal(unit: Text) -> str:
    """The literal form of a unit: only markup stands in it as its kind."""
    return _form(unit, SOLID, years=False)


def years_in(text: Text) -> list[str]:
    """The years among the words of a text."""
    return [year for piece in text if isinstance(piece, str) for year in YEAR_PATTERN.findall(piece)]


def distinct(things: Sequence[Hashable]) -> bool:
    """Whether no two of these values are the same."""
    return len(set(things)) == len(things)


def _form(unit: Text, hidden: frozenset[str], *, years: bool) -> str:
    """The unit with the `hidden` kinds of opaque pieces as their kind."""
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
            parts.append(YEAR_PATTERN.sub("{year}", words) if years else words)
    return " ".join("".join(parts).split())


def _plain(words: str) -> str:
    """Words as they stand in a form. Braces and angle brackets of the text are marked, as those of the form are not."""
    return unicodedata.normalize("NFC", words).translate(_QUOTES).replace("{", "{{").replace("<", "{<}")
