"""What a text is made of on its way through an engine: words, inline elements as numbers, and opaque pieces.

An engine never sees a tag, an address or a protected name. It sees a `Text`: a tuple of pieces in which `Open(3)` and
`Close(3)` mark where inline element 3 begins and ends, and `Opaque` stands for something that comes out as it went in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from itertools import groupby

INVISIBLE = re.compile(r"[\u00ad\u200b\u2060\ufeff\ue000-\uf8ff]")
"""Hints for line breaks inside words, which hide the word from an engine, and characters without a public meaning."""


@dataclass(frozen=True)
class Open:
    """Where an inline element begins; `id` is its number within the run."""

    id: int


@dataclass(frozen=True)
class Close:
    """Where the inline element with the same `id` ends."""

    id: int


@dataclass(frozen=True)
class Opaque:
    """Something no engine may touch: an address, a name, an amount already in the target language, an image."""

    id: int
    """Its number within the run."""
    shown: str
    """What a reader of the translation sees in its place, plain text; empty for an image."""
    _: KW_ONLY
    html: str | None = None
    """The markup to put there; None: `shown`, escaped."""
    kind: str = "code"
    """What it is, for memory and people: url, email, phone, name, term, date, amount, number, code, image …"""
    said: str | None = None
    """How the source says it, where that is not `shown`."""


TERM = "term"
"""The kind of an opaque piece that the glossary translates."""
Piece = str | Open | Close | Opaque
Text = tuple[Piece, ...]


def joined(pieces: Iterable[Piece]) -> Text:
    """The same text with neighbouring strings put together and empty ones left out."""
    result: list[Piece] = []
    for _, group in groupby(pieces, key=lambda piece: isinstance(piece, str)):
        several = list(group)
        words = "".join(piece for piece in several if isinstance(piece, str))
        result += [words] if words else [piece for piece in several if not isinstance(piece, str)]
    return tuple(result)


def composed(text: str) -> str:
    """The same text without invisible characters, and with `é` as one letter: of two, engines make garbage."""
    return unicodedata.normalize("NFC", INVISIBLE.sub("", text))


def visible(text: str) -> bool:
    """Whether a reader sees anything of a text."""
    return bool(INVISIBLE.sub("", text).strip())


def words_of(text: Text) -> str:
    """The words of a text that an engine translates; a space stands where an opaque piece is."""
    if len(text) == 1 and isinstance(text[0], str):
        return text[0].strip()
    parts = [piece if isinstance(piece, str) else " " if isinstance(piece, Opaque) else "" for piece in text]
    return "".join(parts).strip()


def shown(text: Text) -> str:
    """What a reader sees of a text, opaque pieces included."""
    if len(text) == 1 and isinstance(text[0], str):
        return text[0].strip()
    parts = [piece if isinstance(piece, str) else piece.shown if isinstance(piece, Opaque) else "" for piece in text]
    return "".join(parts).strip()


def has_letters(text: Text) -> bool:
    """Whether there is anything in a text for an engine to do."""
    return any(character.isalpha() for piece in text if isinstance(piece, str) for character in piece)


def strip(text: Text) -> Text:
    """The same text without white space at its two ends (looked for through the marks of inline elements)."""
    return _strip_left(_strip_left(text, left=True)[::-1], left=False)[::-1]


def _strip_left(text: Text, *, left: bool) -> Text:
    pieces = list(text)
    for index, piece in enumerate(pieces):
        if isinstance(piece, Opaque):
            break
        if isinstance(piece, str):
            pieces[index] = piece.lstrip() if left else piece.rstrip()
            if pieces[index]:
                break
    return joined(pieces)


def spans(text: Text) -> dict[int, slice]:
    """What stands between Open and Close, for each inline element of a text that has both."""
    opened: dict[int, int] = {}
    closed: dict[int, int] = {}
    for index, piece in enumerate(text):
        if isinstance(piece, Open):
            opened.setdefault(piece.id, index)
        elif isinstance(piece, Close):
            closed.setdefault(piece.id, index)
    return {id: slice(start + 1, closed[id]) for id, start in opened.items() if id in closed}
