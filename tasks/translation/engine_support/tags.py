"""Units as marked-up text for services that carry tags, and back: `<a id="1">words</a>`, `<x id="2"></x>`.

A service gets ids and never a real address: it bills every character. What comes back is read strictly: a mark that
stands where it cannot belong is left out, so that the unit fails its check and falls back. DeepL has pushed
the last syllables of a link out of it (deepl-python #72) and all ignored tags to the start of the sentence (#93).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape, unescape
from itertools import pairwise

from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined
from tasks.translation.protection import placeholders

_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)(/?)>", re.IGNORECASE)
_ID = re.compile(r"""\sid\s*=\s*["']?(\d+)""", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
"""No XML may hold them; a strict reader would refuse the whole request."""
_WORD = re.compile(r"[^\W\d_]{3,}")


def write(unit: Text, *, element: str = "a", opaque: str = "x", attributes: str = "", fill: bool = False) -> str:
    """The unit as well-formed markup, its words escaped. Ids are counted from 1 anew: `<a id="1">`, `<x id="1"></x>`.

    `attributes` stand in every opaque tag (` translate="no"`). With `fill` such a tag holds what readers see, which
    gives an engine something to build its sentence around. None is written `<x/>`: in HTML it would never end.
    """
    ids = _ids(unit)
    parts: list[str] = []
    for piece in unit:
        if isinstance(piece, str):
            parts.append(_escaped(piece))
        elif isinstance(piece, Open):
            parts.append(f'<{element} id="{ids[piece]}">')
        elif isinstance(piece, Close):
            parts.append(f"</{element}>")
        else:
            held = _escaped(piece.shown) if fill else ""
            parts.append(f'<{opaque} id="{ids[piece]}"{attributes}>{held}</{opaque}>')
    return "".join(parts)


def read(markup: str, unit: Text, *, element: str = "a", opaque: str = "x") -> Text:
    """What came back for `unit`: its words, and those of its marks that can be trusted to be where they belong.

    Tags that are not ours are left out too, as services add some around text from right to left; what the words of
    the unit already held is no tag but a word.
    """
    back = {("open" if isinstance(piece, Open) else "opaque", id): piece for piece, id in _ids(unit).items()}
    literal = "".join(piece for piece in unit if isinstance(piece, str))
    pieces: list[Piece] = []
    opened: list[int | None] = []
    position = 0
    while found := _TAG.search(markup, position):
        words, position = unescape(markup[position : found.start()]), found.end()
        pieces.append(words)
        closing, tag, id = found[1], found[2].lower(), _ID.search(found[3])
        if found[0] in literal:
            pieces.append(found[0])
        elif tag == element and not closing:
            piece = back.get(("open", int(id[1]))) if id else None
            opened.append(piece.id if isinstance(piece, Open) else None)
            pieces += [piece] if piece else []
        elif tag == element and opened:
            last = opened.pop()
            pieces += [] if last is None else [Close(last)]
        elif tag == opaque and not closing and id:
            piece = back.get(("opaque", int(id[1])))
            empty = bool(found[4]) or found[3].endswith("/")
            end = position if empty else _end(markup, position, opaque)
            if isinstance(piece, Opaque) and _holds(markup[position:end], piece):
                pieces.append(piece)
                position = end
    return _without_torn(_without_heaped(joined([*pieces, unescape(markup[position:])]), unit), unit)


def _escaped(text: str) -> str:
    return escape(_CONTROL.sub(" ", text), quote=False)


def _end(markup: str, start: int, tag: str) -> int:
    """Where the element that was opened before `start` ends; without an end there, where the text does."""
    found = re.compile(rf"</{tag}\s*>", re.IGNORECASE).search(markup, start)
    return found.end() if found else len(markup)


def _holds(content: str, piece: Opaque) -> bool:
    """Whether an opaque tag came back with nothing in it but what it was sent with; else it swallowed words.

    Where that was no word (`…` stands for an element that is translated alone), any other sign will do.
    """
    words, sent = ("".join(text.split()) for text in (unescape(_TAG.sub("", content)), piece.shown))
    return words in ("", sent) or not any(map(str.isalnum, sent + words))


def _without_heaped(result: Text, unit: Text) -> Text:
    """`result` without the opaque pieces that were swept to its start, in their old order, away from their words."""
    first: list[Opaque] = []
    for piece in result:
        if isinstance(piece, Opaque):
            first.append(piece)
        elif isinstance(piece, str) and any(map(str.isalpha, piece)):
            break
    swept = {piece for pair in pairwise(first) if _apart(unit, *pair) for piece in pair}
    return joined(piece for piece in result if piece not in swept)


def _apart(unit: Text, one: Opaque, other: Opaque) -> bool:
    """Whether a whole word stands between two opaque pieces of the unit, the one first."""
    start, end = unit.index(one), unit.index(other)
    return any(isinstance(piece, str) and _WORD.search(piece) for piece in unit[start:end])


def _without_torn(result: Text, unit: Text) -> Text:
    """`result` without the inline elements that begin or end in the middle of a word, unless they did before."""
    torn = _torn(result) - _torn(unit)
    ids = {mark.id for mark in torn}
    return joined(piece for piece in result if not (isinstance(piece, Open | Close) and piece.id in ids))


def _torn(text: Text) -> set[Open | Close]:
    """The marks with a letter on both sides."""
    found: set[Open | Close] = set()
    for index, piece in enumerate(text):
        if isinstance(piece, Open | Close):
            before, after = _beside(text[index - 1 :: -1] if index else ()), _beside(text[index + 1 :])
            if re.match(placeholders.LETTER, before[-1:]) and re.match(placeholders.LETTER, after[:1]):
                found.add(piece)
    return found


def _beside(pieces: Sequence[Piece]) -> str:
    """The nearest string, looking past other marks; an opaque piece is a word of its own."""
    for piece in pieces:
        if not isinstance(piece, Open | Close):
            return piece if isinstance(piece, str) else ""
    return ""


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
