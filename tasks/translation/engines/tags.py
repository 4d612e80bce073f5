"""Units as marked-up text for services that carry tags, and back: `<a id="1">words</a>`, `<x id="2"/>`.

A service gets ids and never a real address: it bills every character. What comes back is read strictly; a tag that is
not ours, or one that is moved out of its place, makes the unit fail its check and go down the ladder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape, unescape

from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined

_TAG = re.compile(r"<(/?)([a-z]+)((?:\s[^<>]*)?)(/?)>", re.IGNORECASE)
_ID = re.compile(r"""\bid\s*=\s*["']?(\d+)""")


def write(unit: Text, *, element: str = "a", opaque: str = "x", attributes: str = "", fill: bool = False) -> str:
    """The unit as well-formed markup, its words escaped. Ids are counted from 1 anew: `<a id="1">`, `<x id="1"/>`.

    `attributes` stand in every opaque tag (` translate="no"`). With `fill` such a tag holds what readers see, which
    gives an engine something to build its sentence around.
    """
    ids = _ids(unit)
    parts: list[str] = []
    for piece in unit:
        if isinstance(piece, str):
            parts.append(escape(piece, quote=False))
        elif isinstance(piece, Open):
            parts.append(f'<{element} id="{ids[piece]}">')
        elif isinstance(piece, Close):
            parts.append(f"</{element}>")
        elif fill and piece.shown:
            parts.append(f'<{opaque} id="{ids[piece]}"{attributes}>{escape(piece.shown, quote=False)}</{opaque}>')
        else:
            parts.append(f'<{opaque} id="{ids[piece]}"{attributes}/>')
    return "".join(parts)


def read(markup: str, unit: Text, *, element: str = "a", opaque: str = "x") -> Text:
    """What came back for `unit`; an unknown tag or id stays in the words as it is, where the checks see it."""
    back = {("open" if isinstance(piece, Open) else "opaque", id): piece for piece, id in _ids(unit).items()}
    pieces: list[Piece] = []
    opened: list[int] = []
    position = 0
    inside: str | None = None  # an opaque tag that has content of its own
    for found in _TAG.finditer(markup):
        closing, tag, rest, empty = found[1], found[2].lower(), found[3], found[4] or found[3].endswith("/")
        if inside is not None:
            if closing and tag == inside:
                inside, position = None, found.end()
            continue
        words = unescape(markup[position : found.start()])
        number = _ID.search(rest)
        piece: Piece | None = None
        if tag == element and not closing and number:
            piece = back.get(("open", int(number[1])))
            if isinstance(piece, Open):
                opened.append(piece.id)
        elif tag == element and closing and opened:
            piece = Close(opened.pop())
        elif tag == opaque and not closing and number:
            piece = back.get(("opaque", int(number[1])))
            inside = None if empty or piece is None else tag
        elif tag == opaque and closing:
            piece = ""
        pieces += [words, piece if piece is not None else found[0]]
        position = found.end()
    if inside is None:
        pieces.append(unescape(markup[position:]))
    return joined(pieces)


def _ids(unit: Sequence[Piece]) -> dict[Open | Opaque, int]:
    """A small number for every element and every opaque piece."""
    found: dict[Open | Opaque, int] = {}
    for kind in (Open, Opaque):
        number = 0
        for piece in unit:
            if isinstance(piece, kind):
                number += 1
                found[piece] = number
    return found
