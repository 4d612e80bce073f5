"""A translation as TMX, and what came back: sentences with their translations, known by what they say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tasks.model.documents import DocumentRefused
from tasks.review.reviewed import Reviewed
from tasks.runtime.errors import Problem
from tasks.translation.exchange import Row, tmx, xliff
from tasks.translation.exchange.xliff import Returned, ReturnedSheet
from tasks.translation.memory import entries, forms, packing

_TOLD = 20


@dataclass(frozen=True)
class _Kept:
    """An entry as rows of the memory are written."""

    source: str
    target: str
    source_language: str
    target_language: str
    maker: str
    origin: str
    kept_at: float


def write(found: Reviewed, file: IO[bytes], version: str) -> None:
    """Every unit that has a translation. TMX knows no others: open units are in XLIFF only."""
    tmx.write_memory(file, _rows(found), version)


def _rows(found: Reviewed) -> Iterable[_Kept]:
    pair = (found.pair.source.shortest, found.pair.target.shortest)
    for unit in found.units:
        maker = entries.APPROVED if unit.approved else unit.maker
        entry = entries.entry(unit.source, unit.target, found.pair, maker) if unit.target and maker else None
        if entry:
            yield _Kept(entry.source, entry.target, *pair, maker, found.release.name, found.row.made_at or 0.0)


def read(found: Reviewed, path: Path) -> ReturnedSheet:
    """The units of the release that a TMX file has; raises DocumentRefused when it holds something else or is bad."""
    there = tmx.read_memory(path)
    if there.refused:
        raise DocumentRefused(str(path), [Problem(where, why) for where, why in there.refused[:_TOLD]])
    pair = (found.pair.source.shortest, found.pair.target.shortest)
    rows = [row for row in there.rows if (row.source_language, row.target_language) == pair]
    if not rows:
        raise DocumentRefused(str(path), [Problem("(file)", f"holds nothing from {pair[0]} into {pair[1]}")])
    units = [unit for row in rows for unit in _units(found, row)]
    return ReturnedSheet(found.release.name, found.source, found.language, units)


def _units(found: Reviewed, row: Row) -> list[Returned]:
    """All units that say this sentence; without one, what no release has."""
    returned = []
    for unit in found.units:
        if row.entry.key in forms.keys(unit.source, found.pair):
            result = packing.unpack(row.entry.target, unit.source)
            if result is not None:
                source, target = (xliff.stripped(xliff.marks(text, unit.source)) for text in (unit.source, result))
                returned.append(Returned(unit.id, unit.name, source, target, "translated"))
    return returned or [Returned("", repr(row.entry.source[:60]), (), ())]
