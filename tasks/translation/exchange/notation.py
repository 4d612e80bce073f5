"""Entries as texts that people and other tools can read, and back again without loss.

Sales rose by {amount} in <1>{year}</1>          what stands in the normal form
En <1>{year}</1> las ventas crecieron {amount}   what is kept; of two amounts the second one is {amount:2}
{term:plant|planta}                              a term of the glossary, and what it was when a person saw it
{{ and {<}                                       a brace and an angle bracket of the text's own
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import entries, packing
from tasks.translation.memory.entries import Entry
from tasks.translation.memory.forms import SOLID, TYPED
from tasks.translation.pieces import TERM, Close, Opaque, Open, Piece, Text, joined

KINDS = TYPED | SOLID
_FIRST_OPAQUE = 1_000_000
"""Ids of opaque pieces begin here, those of inline elements at 1."""
_MARKS = re.compile(
    r"(?P<brace>\{\{)|(?P<angle>\{<\})|<(?P<open>\d{1,6})>|</(?P<close>\d{1,6})>"
    rf"|\{{(?P<kind>{'|'.join(sorted(KINDS))})(?::(?P<number>\d{{1,6}}))?\}}"
    r"|\{term:(?P<said>[^{}|]+)(?:\|(?P<shown>[^{}|]+))?\}"
)


def texts_of(source: str, packed: str) -> tuple[Text, Text, bool] | None:
    """Source and target of a memory entry as texts, and whether it is kept literally; None for a damaged one."""
    unit = _of_form(source)
    there = packing.Pieces(unit)
    known = {"solid": list(there.solid), "piece": list(there.typed), "year": list(there.years)}
    pieces: list[Piece] = []
    try:
        literally, parts = packing.parts_of(packed)
        for part in parts:
            if isinstance(part, str):
                pieces.append(part)
            elif part[0] == TERM:
                pieces.append(_term(part[1], part[2] if len(part) > 2 else None, len(pieces)))
            elif part[0] in ("open", "close"):
                pieces.append((Open if part[0] == "open" else Close)(part[1] + 1))
            else:
                pieces.append(known[part[0]][part[1]])
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        return None
    return unit, joined(pieces), literally


def entry(unit: Text, result: Text, pair: LanguagePair, maker: str, *, literally: bool) -> Entry | None:
    """The memory entry of two texts in the notation of exports; None if they do not hold the same pieces."""
    return entries.entry_as_written(unit, result, pair, maker, literally=literally)


def write(text: Text) -> str:
    """A text in the notation of exports; elements and pieces have the numbers that `read` gave them."""
    return "".join(map(written, text))


def written(piece: Piece) -> str:
    """A piece of a text in the notation of exports."""
    if isinstance(piece, str):
        return piece.replace("{", "{{").replace("<", "{<}")
    if isinstance(piece, Open):
        return f"<{piece.id}>"
    if isinstance(piece, Close):
        return f"</{piece.id}>"
    if piece.kind != TERM:
        return piece.shown
    return f"{{term:{piece.said}}}" if piece.said == piece.shown else f"{{term:{piece.said}|{piece.shown}}}"


def read(notation: str) -> Text:
    """The text that the notation of exports stands for; whatever is no mark in it is words."""
    return joined(_read(notation, None))


def _of_form(form: str) -> Text:
    """The text of a normal form. Its pieces have no numbers, so each gets the next number of its kind."""
    return joined(_read(form, Counter()))


def _read(notation: str, seen: Counter[str] | None) -> Iterator[Piece]:
    last = 0
    for found in _MARKS.finditer(notation):
        yield notation[last : found.start()]
        last = found.end()
        if found["brace"] or found["angle"]:
            yield "{" if found["brace"] else "<"
        elif found["open"] or found["close"]:
            yield Open(int(found["open"])) if found["open"] else Close(int(found["close"]))
        elif found["kind"]:
            number = int(found["number"] or 1)
            if seen is not None:
                seen[found["kind"]] += 1
                number = seen[found["kind"]]
            yield _typed(found["kind"], number)
        else:
            yield _term(found["said"], found["shown"], found.start())
    yield notation[last:]


def _typed(kind: str, number: int) -> Opaque:
    """The opaque piece of a kind with a number, equal in source and target, so that the two are matched."""
    name = f"{{{kind}}}" if number == 1 else f"{{{kind}:{number}}}"
    return Opaque(_FIRST_OPAQUE + number, name, kind=kind)


def _term(said: str, shown: str | None, number: int) -> Opaque:
    return Opaque(_FIRST_OPAQUE + number, shown or said, kind=TERM, said=said)
