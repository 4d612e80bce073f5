"""Units for services that carry no tags: a word that is in no language stands for every opaque piece.

What a service is known to spoil can be hidden in the same way: `hide` finds it, and a word takes its place.
"""

from __future__ import annotations

import re

from tasks.translation.pieces import Opaque, Piece, Text, joined
from tasks.translation.protection import placeholders

_HIDDEN = -1
"""Id of what `hide` found; opaque pieces of a unit have others."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""Line feeds among them: a unit is one sentence, and services cut at them."""


def write(unit: Text, hide: re.Pattern[str] | None = None) -> Text:
    """The unit with a placeholder word for each opaque piece; empty if it has more of them than there are words."""
    masked = _masked(unit, hide)
    beginning, opaques = _beginning(masked), _opaques(masked)
    if len(opaques) > placeholders.LIMIT:
        return ()
    words = iter(placeholders.word(beginning, index) for index in range(len(opaques)))
    return joined(next(words) if isinstance(piece, Opaque) else piece for piece in masked)


def read(result: Text, unit: Text, hide: re.Pattern[str] | None = None) -> Text:
    """`result`, a translation of what `write` gave, with the opaque pieces of `unit` in it again."""
    masked = _masked(unit, hide)
    beginning, opaques = _beginning(masked), _opaques(masked)
    pieces: list[Piece] = []
    for piece in result:
        pieces += placeholders.read(piece, beginning, opaques) if isinstance(piece, str) else [piece]
    return joined(piece.shown if isinstance(piece, Opaque) and piece.id == _HIDDEN else piece for piece in pieces)


def plain(unit: Text) -> str:
    """The strings of a unit."""
    return "".join(piece for piece in unit if isinstance(piece, str))


def _masked(unit: Text, hide: re.Pattern[str] | None) -> Text:
    """The unit with an opaque piece for everything that `hide` finds."""
    pieces: list[Piece] = []
    for piece in unit:
        if not isinstance(piece, str):
            pieces.append(piece)
            continue
        words, last = _CONTROL.sub(" ", piece), 0
        for found in hide.finditer(words) if hide else ():
            pieces += [words[last : found.start()], Opaque(_HIDDEN, found[0])]
            last = found.end()
        pieces.append(words[last:])
    return joined(pieces)


def _beginning(unit: Text) -> str:
    return placeholders.beginning_for(plain(unit))


def _opaques(unit: Text) -> list[Opaque]:
    return [piece for piece in unit if isinstance(piece, Opaque)]
