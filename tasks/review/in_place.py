"""Editing the units of a translation one by one, as the operations' page does it.

A unit is typed as plain text. Elements and opaque pieces stand in it with their numbers, those of the XLIFF file:

    Die <1>Anlage</1> kostet {2:5,2 Mio. €}.      what stands in the field
    {{ and {<}                                    a brace, and an angle bracket before a number, of the text's own

What is in braces after the number shows what stands there. It comes back as the piece if it was left alone, and as
words if somebody wrote other words. A save passes the checks of an import, for it is one: of a single unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from tasks.building.recall import terms_for
from tasks.ledger import memory_entries, read
from tasks.model.documents import DocumentRefused
from tasks.review.imports import Taken, take
from tasks.review.listing import Reviewed, ReviewedUnit, look
from tasks.runtime.errors import Problem
from tasks.translation.exchange import xliff
from tasks.translation.exchange.xliff import Mark, Marked, Returned, ReturnedSheet
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import entries, forms, packing
from tasks.translation.pieces import Opaque, Open, Piece, Text

LONGEST = 100_000
"""Characters of one unit that are read."""
_FOLD = re.compile(r"[ \t\r\n]+")
_MARKS = re.compile(
    r"(?P<brace>\{\{)|(?P<angle>\{<\})|<(?P<open>\d{1,6})>|</(?P<close>\d{1,6})>"
    r"|\{(?P<opaque>\d{1,6})(?::(?P<label>[^{}]*))?\}"
)
_OWN_ANGLE = re.compile(r"<(?=/?\d{1,6}>)")


def as_typed(text: Text, source: Text) -> str:
    """A text as it stands in the field of its unit; the pieces have the numbers of `source`."""
    pieces = _pieces(source)
    return "".join(_written(part, pieces) for part in xliff.marks(text, source))


def _written(part: str | Mark, pieces: Mapping[str, Piece]) -> str:
    if isinstance(part, str):
        return _OWN_ANGLE.sub("{<}", part.replace("{", "{{"))
    if part.kind == "opaque":
        return f"{{{part.id}:{_label(pieces[part.id])}}}"
    return f"<{part.id}>" if part.kind == "open" else f"</{part.id}>"


def _label(piece: Piece) -> str:
    """What stands behind the number of an opaque piece."""
    shown = piece.shown if isinstance(piece, Opaque) else ""
    kind = piece.kind if isinstance(piece, Opaque) else ""
    return _FOLD.sub(" ", re.sub(r"[{}]", "", shown)).strip() or kind


def read_typed(typed: str, source: Text) -> Marked:
    """The marks and words of a text that was typed; numbers that `source` does not have are marks all the same."""
    pieces = _pieces(source)
    parts: list[str | Mark] = []
    for part in _read(typed[:LONGEST], pieces):
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return xliff.stripped(tuple(_FOLD.sub(" ", part) if isinstance(part, str) else part for part in parts))


def _read(typed: str, pieces: Mapping[str, Piece]) -> Iterator[str | Mark]:
    last = 0
    for found in _MARKS.finditer(typed):
        yield typed[last : found.start()]
        last = found.end()
        if found["brace"] or found["angle"]:
            yield "{" if found["brace"] else "<"
        elif found["opaque"]:
            piece, label = pieces.get(found["opaque"]), found["label"]
            rewritten = piece is not None and label is not None and _FOLD.sub(" ", label).strip() != _label(piece)
            yield label if rewritten else Mark("opaque", found["opaque"])
        else:
            yield Mark("open", found["open"]) if found["open"] else Mark("close", found["close"])
    yield typed[last:]


def _pieces(source: Text) -> dict[str, Piece]:
    return {number: piece for piece, numbers in xliff.numbered(source).items() for number in numbers}


def legend(unit: ReviewedUnit) -> list[tuple[str, str]]:
    """What an editor types for the elements and opaque pieces of a unit, and what stands behind each: `<1>…</1>`, `link
    to https://…`."""
    return [
        (f"<{number}>…</{number}>" if isinstance(piece, Open) else f"{{{number}}}", unit.describe(piece))
        for number, piece in _pieces(unit.source).items()
        if isinstance(piece, Open | Opaque)
    ]


@dataclass(frozen=True)
class Editable:
    """A unit as an editor works on it."""

    unit: ReviewedUnit
    saved: Text | None
    """What people have approved for this sentence since the translation was last built; None if nothing."""

    @property
    def text(self) -> Text:
        """What stands there now."""
        return self.unit.draft if self.saved is None else self.saved

    @property
    def typed(self) -> str:
        """The same as it is typed."""
        return as_typed(self.text, self.unit.source)

    @property
    def stamp(self) -> str:
        """What stands for the unit as it is now, source and text, so that nobody overwrites what they have not read."""
        source, text = (xliff.marks(one, self.unit.source) for one in (self.unit.source, self.text))
        return f"{xliff.stamp(source)}.{xliff.stamp(text)}"

    @property
    def done(self) -> bool:
        """Whether nobody has to look at it any more."""
        return self.saved is not None or self.unit.kind in ("person", "same")


def pair_of(found: Reviewed) -> LanguagePair:
    """The languages of a translation, with the terms of the glossary; not to be called within a transaction."""
    return found.pair.with_terms(terms_for(found.release, found.language))


def editable(connection: Connection, found: Reviewed, pair: LanguagePair) -> list[Editable]:
    """The units of a translation that have a text, each with what was saved of it since it was built."""
    units = [unit for unit in found.units if unit.source]
    keys = {unit.id: forms.keys(unit.source, pair) for unit in units if unit.open or unit.kind == "engine"}
    known = memory_entries.recall(connection, {key for some in keys.values() for key in some}, entries.APPROVED)
    if found.standing == "approved":
        known = {}
    return [Editable(unit, packing.first_that_fits(unit.source, keys.get(unit.id, ()), known)) for unit in units]


def save(
    release_id: int, language: str, unit_id: str, typed: str, stamp: str, *, by: str, despite_warnings: bool = False
) -> Taken:
    """Keep what an editor typed of one unit as approved, after the checks of an import; raises DocumentRefused.

    `stamp`: that of the unit as the editor read it; nothing is kept if somebody else has changed it since.
    """
    with read() as connection:
        found = look(connection, release_id, language)
    unit = next((unit for unit in found.units if unit.id == unit_id and unit.source), None)
    if unit is None:
        raise DocumentRefused(found.release.name, [Problem("(unit)", f"there is no unit {unit_id[:100]!r}")])

    pair = pair_of(found)

    def refuse_overwriting(connection: Connection, now: Reviewed) -> None:
        there = next((one for one in editable(connection, now, pair) if one.unit.id == unit_id), None)
        if there is None or there.stamp != stamp:
            said = f": it says now “{as_typed(there.text, there.unit.source)}”" if there and there.text else ""
            problem = f"somebody else has changed it since you read it, and nothing was kept of yours{said}"
            raise DocumentRefused(unit.name, [Problem(unit.name, problem)])

    source = xliff.stripped(xliff.marks(unit.source, unit.source))
    returned = Returned(unit.id, unit.name, source, read_typed(typed, unit.source), state="final")
    if not returned.target:
        raise DocumentRefused(unit.name, [Problem(unit.name, "is empty: write its translation")])
    sheet = ReturnedSheet(found.release.name, found.source, found.language, [returned])
    return take(
        release_id, language, sheet, by=by, despite_warnings=despite_warnings, unless=refuse_overwriting
    )  # fmt: skip
