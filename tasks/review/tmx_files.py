"""A translation as a TMX file, and such a file read back: sentences are found by their text, as they have no ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tasks.model.documents import DocumentRefused
from tasks.review.listing import Reviewed
from tasks.runtime.errors import Problem
from tasks.translation.exchange import Row, tmx, xliff
from tasks.translation.exchange.xliff import Returned, ReturnedSheet
from tasks.translation.memory import entries, forms, packing

_MOST_PROBLEMS = 20


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """One sentence as `tmx.write_memory` expects it."""

    source: str
    target: str
    source_language: str
    target_language: str
    maker: str
    origin: str
    kept_at: float


def write(found: Reviewed, file: IO[bytes], version: str) -> None:
    """Write every unit that has a translation as TMX, which knows no others: open units are in XLIFF only."""
    tmx.write_memory(file, _rows(found), version)


def _rows(found: Reviewed) -> Iterable[_Kept]:
    pair = (found.pair.source.shortest, found.pair.target.shortest)
    for unit in found.units:
        maker = entries.APPROVED if unit.approved else unit.translator
        entry = entries.entry(unit.source, unit.target, found.pair, maker) if unit.target and maker else None
        if entry:
            yield _Kept(
                source=entry.source,
                target=entry.target,
                source_language=pair[0],
                target_language=pair[1],
                maker=maker,
                origin=found.release.name,
                kept_at=found.row.made_at or 0.0,
            )


def read(found: Reviewed, path: Path) -> ReturnedSheet:
    """The units of the release that a TMX file has; raises DocumentRefused when it holds something else or is bad."""
    there = tmx.read_memory(path)
    if there.refused:
        raise DocumentRefused(str(path), [Problem(where, why) for where, why in there.refused[:_MOST_PROBLEMS]])
    pair = (found.pair.source.shortest, found.pair.target.shortest)
    rows = [row for row in there.rows if (row.source_language, row.target_language) == pair]
    if not rows:
        raise DocumentRefused(str(path), [Problem("(file)", f"holds nothing from {pair[0]} into {pair[1]}")])
    units = [unit for row in rows for unit in _units(found, row)]
    return ReturnedSheet(found.release.name, found.source, found.language, units)


def _units(found: Reviewed, row: Row) -> list[Returned]:
    """The units of the release with this sentence; without any, one under no id, which the import refuses by name."""
    returned = []
    for unit in found.units:
        if row.entry.key in forms.keys(unit.source, found.pair):
            result = packing.unpack(row.entry.target, unit.source)
            if result is not None:
                source, target = (xliff.stripped(xliff.marks(text, unit.source)) for text in (unit.source, result))
                returned.append(Returned(unit.id, unit.name, source, target, state="translated"))
    return returned or [Returned("", repr(row.entry.source[:60]), (), ())]
