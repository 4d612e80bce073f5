"""Breaks text into lines of so many columns, as terminals and fixed-width fonts count them.

Lines are broken at spaces, and between Chinese or Japanese characters where their rules allow it: no line begins with a
closing mark or ends with an opening one. Thai, Lao, Khmer and Burmese have spaces between phrases only, and where their
words end only a dictionary knows. A phrase that is longer than a line is broken there before a vowel that begins a
syllable, else between two letters with all that stands above, below and beside them. An address stays whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

_NOT_FIRST = frozenset(
    "、。，．・：；！？）〕］｝〉》」』】〙〗〟’”…‥％‰℃ーヽヾゝゞ々〻ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"
)
_NOT_LAST = frozenset("（〔［｛〈《「『【〘〖〝‘“￥＄£")
_HANGING = re.compile(r" *(?:[•] |\d+\. )?")
"""The indent of a line and the sign of its list, under which the lines that follow are indented."""
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_UNSPACED = re.compile("[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\uaa60-\uaa7f]")
"""A letter or sign of Thai, Lao, Burmese or Khmer."""
_LEADING_VOWELS = frozenset("เแโใไເແໂໃໄ")
"""They are written before the consonant after which they are spoken, so a syllable begins with them."""
_FOLLOWING = frozenset("ะาำๅฯๆະາຳຽຯໆ၊။។៕៖ៗ")
"""Vowels and marks that belong to the letter before them, although they take a column of their own."""
_JOINING = frozenset("\u1039\u17d2")
"""Signs that set the next letter below the one before."""
_OPENING, _CLOSING = frozenset("([{<«"), frozenset(")]}>».,:;!?%…")


def width(text: str) -> int:
    """The columns that a text takes: two for a wide character, none for one that stands on another or is not seen."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(text: str, columns: int) -> str:
    """The text with each of its lines broken into lines of at most `columns` columns, where it may be broken."""
    return "\n".join(line for whole in text.split("\n") for line in _lines(whole, columns))


def _lines(text: str, columns: int) -> Iterator[str]:
    if width(text) <= columns:
        yield text
        return
    start = _HANGING.match(text)
    lead = start[0] if start else ""
    used = indent = width(lead)
    line: list[str] = []
    for piece in _pieces(text[len(lead) :], columns - indent):
        if line and used + width(piece.rstrip(" ")) > columns:
            yield (lead + "".join(line)).rstrip(" ")
            lead, line, used = " " * indent, [], indent
        line.append(piece)
        used += width(piece)
    yield (lead + "".join(line)).rstrip(" ")


def _pieces(text: str, room: int) -> Iterator[str]:
    """The pieces between which a line may be broken, spaces at their ends; none is wider than `room` if it need not
    be."""
    for piece in _split(text, _may_break):
        if width(piece.rstrip(" ")) <= room or not _UNSPACED.search(piece):
            yield piece
            continue
        for syllables in _split(piece, lambda last, first: first in _LEADING_VOWELS and _between_letters(last, first)):
            yield from [syllables] if width(syllables) <= room else _split(syllables, _between_letters)


def _split(text: str, may_break: Callable[[str, str], bool]) -> Iterator[str]:
    piece = ""
    for place, character in enumerate(text):
        following = text[place + 1 : place + 2]
        piece += character
        if following and may_break(character, following):
            yield piece
            piece = ""
    yield piece


def _may_break(last: str, first: str) -> bool:
    if last == " ":
        return first != " "
    if "\u200d" in (last, first) or "🏻" <= first <= "🏿":  # joins two pictures into one, or is the colour of a skin
        return False
    if first == " " or last in _NOT_LAST or first in _NOT_FIRST or not _width(first):
        return False
    return _is_wide(last) or _is_wide(first)


def _is_wide(character: str) -> bool:
    """Whether lines may be broken beside a character. Korean has spaces, and is broken there."""
    return unicodedata.east_asian_width(character) in "WF" and not _HANGUL.match(character)


def _between_letters(last: str, first: str) -> bool:
    """Whether a phrase without spaces may be broken between two characters: never inside a letter with its signs."""
    if not (_UNSPACED.match(last) or _UNSPACED.match(first)) or (last.isdecimal() and first.isdecimal()):
        return False
    if first in _FOLLOWING or first in _CLOSING or unicodedata.category(first) in ("Mn", "Mc", "Me", "Cf", "Zs"):
        return False
    return last not in _LEADING_VOWELS and last not in _JOINING and last not in _OPENING and last != "\u200d"
