"""What people made of the drafts of engines: one row for each unit that a person approved after an engine drafted it.

The first draft stays, whatever is changed and approved later, so that the figures say how much work an engine leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, func, select

from tasks.ledger.inserts import insert_into
from tasks.ledger.schema import post_edits


class Drafted(NamedTuple):
    """The draft of a unit, and whose it was."""

    source_language: str
    engine: str
    model: str
    draft: str


class EditRate(NamedTuple):
    """How much people changed in the drafts of one engine between two languages."""

    engine: str
    source_language: str
    language: str
    units: int
    changed: int
    """Units of which a word was changed."""
    edits: int
    """Words that were put in, left out or replaced."""
    words: int
    """Of the approved texts."""

    @property
    def rate(self) -> float:
        """Edits to each word of the approved text: 0 for drafts that were approved as they were."""
        return self.edits / self.words if self.words else 0.0


def keep(connection: Connection, release_id: int, language: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep units that a person approved (the other columns of `post_edits`); a unit that is approved again keeps its
    first draft."""
    insert = insert_into(connection, post_edits)
    newer = {name: insert.excluded[name] for name in ("approved", "edits", "words", "approved_at")}
    insert = insert.on_conflict_do_update(index_elements=["release_id", "language", "unit"], set_=newer)
    if rows:
        of = {"release_id": release_id, "language": language}
        connection.execute(insert, [{**of, **row} for row in sorted(rows, key=lambda row: str(row["unit"]))])


def drafts(connection: Connection, release_id: int, language: str) -> dict[str, Drafted]:
    """The drafts of a translation's units that are kept, by the names of the units."""
    columns = [post_edits.c[name] for name in ("unit", *Drafted._fields)]
    query = select(*columns).where(post_edits.c.release_id == release_id, post_edits.c.language == language)
    return {row[0]: Drafted(*row[1:]) for row in connection.execute(query)}


def rates(connection: Connection, *, since: float = 0, release_id: int | None = None) -> list[EditRate]:
    """The edit rates of engines by pairs of languages, of what was approved since a moment, or of one release."""
    p = post_edits.c
    query = (
        select(
            p.engine,
            p.source_language,
            p.language,
            func.count(),
            func.sum(case((p.edits > 0, 1), else_=0)),
            func.sum(p.edits),
            func.sum(p.words),
        )
        .where(p.approved_at >= since)
        .group_by(p.engine, p.source_language, p.language)
        .order_by(p.engine, p.source_language, p.language)
    )
    if release_id is not None:
        query = query.where(p.release_id == release_id)
    return [EditRate(*row[:3], *map(int, row[3:])) for row in connection.execute(query)]
