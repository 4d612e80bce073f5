"""What goes out to translation tools and comes back: memory and glossary as TMX 1.4 and CSV, one translation as XLIFF.

aligned_texts.py  two texts that a person says are translations of each other, as an entry of the memory
notation.py  entries as texts that people and other tools can read, and back
tmx.py  table.py  the two forms of a file
xliff.py     the units of one translation, for review
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tasks.translation.memory.entries import Entry


@dataclass(frozen=True)
class Row:
    """A memory entry with its two languages."""

    entry: Entry
    source_language: str
    target_language: str
    outdone: tuple[str, ...] = ()
    """Keys under which an approved entry would be found sooner than this one, which is newer."""


@dataclass
class Found:
    """What a file of an exchange format holds: the good rows, and for each bad one where it stands and what is
    wrong."""

    rows: list[Row] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
