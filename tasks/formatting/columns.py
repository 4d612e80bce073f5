"""Breaks text into lines of so many columns, as terminals and fixed-width fonts count them.

Lines are broken at spaces, and between Chinese or Japanese characters where their rules allow it: no line begins with a
closing mark or ends with an opening one. Nothing else is broken: an address stays whole, and so does what stands
between two spaces in Thai, for which one would need a dictionary.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_NOT_FIRST = frozenset(
    "、。，．・：；！？）〕］｝〉》」』】〙〗〟’”…‥％‰℃ーヽヾゝゞ々〻ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"
)
_NOT_LAST = frozenset("（〔［｛〈《「『【〘〖〝‘“￥＄£")
_HANGING = re.compile(r" *(?:[•] |\d+\. )?")
"""The indent of a line and the sign of its list, under which the lines that follow are indented."""
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")


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
    for piece in _pieces(text[len(lead) :]):
        if line and used + width(piece.rstrip(" ")) > columns:
            yield (lead + "".join(line)).rstrip(" ")
            lead, line, used = " " * indent, [], indent
        line.append(piece)
        used += width(piece)
    yield (lead + "".join(line)).rstrip(" ")


def _pieces(text: str) -> Iterator[str]:
    """The pieces between which a line may be broken, spaces at their ends."""
    piece = ""
    for character, following in zip(text, [*text[1:], ""], strict=True):
        piece += character
        if following and _may_break(character, following):
            yield piece
            piece = ""
    yield piece


def _may_break(last: str, first: str) -> bool:
    if last == " ":
        return first != " "
    if "\u200d" in (last, first):  # joins two pictures into one
        return False
    if first == " " or last in _NOT_LAST or first in _NOT_FIRST or not _width(first):
        return False
    return _is_wide(last) or _is_wide(first)


def _is_wide(character: str) -> bool:
    """Whether lines may be broken beside a character. Korean has spaces, and is broken there."""
    return unicodedata.east_asian_width(character) in "WF" and not _HANGUL.match(character)
