"""Texts and their seals: which texts are to be sealed, and which say something else than when they were sealed.

A text that changes for a reason has an audit entry that says so: somebody approved or corrected a translation, moved an
embargo, or sent again what retention had taken the bytes of. The leaf of a text names the newest such entry that was
there by then, so that an entry explains no change but those that came after it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from sqlalchemy import Connection, Row

from tasks.ledger import text_rows
from tasks.ledger.sealed_rows import Kind, Leaf
from tasks.ledger.seals import Took
from tasks.ledger.text_rows import Change
from tasks.model.acts import Act
from tasks.operations.sealed import leaves_of


def known_texts(blocks: Iterable[Row[Any]]) -> dict[str, Leaf]:
    """The last sealed leaf of each text, by its name; `blocks`: the seals of a release version, in their order."""
    return {leaf.kind: leaf for block in blocks if block.kind == Kind.TEXTS for leaf in leaves_of(block)}


@dataclass
class Fresh:
    """What of the texts of a release version is to be sealed, and which of them changed although nothing says why."""

    leaves: list[Leaf] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)


def fresh(connection: Connection, release_id: int, name: tuple[str, int], blocks: Iterable[Row[Any]]) -> Fresh:
    """Find the texts that are ready and not sealed as they stand; `name`: URI and version of their release."""
    known, found = known_texts(blocks), Fresh()
    entries = text_rows.changes(connection, *name)  # first: an entry that comes after them explains one change too many
    for text in text_rows.texts(connection, release_id):
        leaf = known.get(text.name)
        if not text.ready or (leaf and leaf == text.leaf(leaf.number, leaf.form)):
            continue
        newest = _newest(entries, text.name)
        if leaf is None or newest > leaf.number:
            found.leaves.append(text.leaf(newest))
        else:
            found.edited.append(text.name)
    return found


def _newest(entries: Collection[Change], name: str) -> int:
    """The number of the newest audit entry by which this text changed; 0 if there is none."""
    return next((entry.id for entry in entries if entry.changes(name)), 0)


@dataclass
class Checked:
    """What was found of the texts of a release version."""

    stand: int = 0
    changed: int = 0
    """Texts that are not sealed as they stand, although others were before; audit entries say why."""
    faults: list[str] = field(default_factory=list)


def check(
    connection: Connection, release_id: int, name: tuple[str, int], known: dict[str, Leaf], whole: bool
) -> Checked:
    """Check the texts of a release version against what is sealed of them; `whole`: all that is ready should be."""
    found, left = Checked(), dict(known)
    entries = text_rows.changes(connection, *name)
    for text in text_rows.texts(connection, release_id):
        leaf = left.pop(text.name, None)
        newest = _newest(entries, text.name)
        if leaf is None:
            if text.ready and whole and not newest:
                found.faults.append(f"{in_words(text.name)} was put in after all of its release was sealed")
        elif text.ready and leaf == text.leaf(leaf.number, leaf.form):
            found.stand += 1
        elif newest > leaf.number:
            found.changed += 1
        else:
            found.faults.append(f"{in_words(text.name)} was edited after it was sealed")
    archived = any(entry.act == Act.ARCHIVE for entry in entries)
    found.faults += [
        f"{in_words(lost)} was deleted after it was sealed"
        for lost in sorted(left)
        if not (archived and lost.startswith("rendition/"))
    ]
    found.faults += _bytes(connection, release_id, known, archived or any(map(_takes_bytes, entries)))
    return found


def _takes_bytes(entry: Change) -> bool:
    return entry.act == Act.RETAIN and entry.new.get("took") == Took.RENDITIONS


def _bytes(connection: Connection, release_id: int, known: dict[str, Leaf], may_be_gone: bool) -> Iterator[str]:
    """What is wrong with the bytes of the sealed renditions, each of which has their digest in a column of its own."""
    for name, said, is_ in text_rows.bytes_of(connection, release_id):
        if name in known and is_ is None and not may_be_gone:
            yield f"the bytes of {in_words(name)} were deleted after it was sealed"
        elif name in known and is_ is not None and said != is_:
            yield f"the bytes of {in_words(name)} were edited after it was sealed"


def in_words(name: str) -> str:
    """A text, for people."""
    kind, *of = map(unquote, name.split("/"))
    if kind == "release":
        return "the release itself"
    return f"its translation into {of[0]}" if kind == "translation" else f"its rendition in {of[0]} as {of[1]}"
