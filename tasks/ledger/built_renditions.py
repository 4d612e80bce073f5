"""What drains ask the ledger about renditions, for a whole claim at once."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select, tuple_

from tasks.ledger.schema import renditions

Key = tuple[int, str, str]
"""Release number, language, format."""


def made_at(connection: Connection, keys: Collection[Key]) -> dict[Key, float]:
    """When each of these renditions was made last; those that never were are left out."""
    key = (renditions.c.release_id, renditions.c.language, renditions.c.format)
    query = select(*key, renditions.c.made_at).where(tuple_(*key).in_(keys), renditions.c.made_at.is_not(None))
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(query)}
