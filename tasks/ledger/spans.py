"""Where the deliveries of a release lie.

They are written one after the other, so they are read as they lie, between the first and the last of them: by the index
of releases each would be looked for alone, which takes SQLite ten times as long and PostgreSQL three times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, true

from tasks.ledger.schema import deliveries

d = deliveries.c
_OTHERS = 10
"""So many times the deliveries of a release may lie between its first and its last one."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where the deliveries of a release lie: the numbers of the first and the last of them."""

    release_id: int
    ends: tuple[int, int] | None
    """None where too many of others lie between them, for some were written much later; or where there are none."""
    is_whole: bool = False
    """Whether no others lie between them."""

    @property
    def mine(self) -> ColumnElement[bool]:
        """SQL condition: a delivery between the ends is one of the release."""
        if self.is_whole:
            return true()
        if self.ends is None:
            return d.release_id == self.release_id
        return d.release_id + 0 == self.release_id  # `+ 0` keeps databases off the index of releases

    def has(self, delivery_id: ColumnElement[Any]) -> ColumnElement[bool]:
        """SQL condition: a number of a delivery, in whatever table, lies between the ends."""
        return true() if self.ends is None else delivery_id.between(*self.ends)

    @property
    def deliveries(self) -> tuple[ColumnElement[bool], ...]:
        """SQL conditions: a delivery is one of the release."""
        return self.has(d.id), self.mine


def span_between(release_id: int, ends: tuple[int, int] | None, count: int) -> Span:
    """The span of a release with so many deliveries and these ends."""
    between = 0 if ends is None else ends[1] - ends[0] + 1
    if not 0 < between <= _OTHERS * count:
        return Span(release_id, None)
    return Span(release_id, ends, is_whole=between == count)


def span_of(connection: Connection, release_id: int) -> Span:
    """Where the deliveries of a release lie. On PostgreSQL it costs as much as to read them once by the index."""
    query = select(func.min(d.id), func.max(d.id), func.count()).where(d.release_id == release_id)
    first, last, count = connection.execute(query).one()
    return span_between(release_id, (first, last) if count else None, count)


def deliveries_of(connection: Connection, release_id: int) -> tuple[ColumnElement[bool], ...]:
    """SQL conditions: a delivery is one of the release; for whoever reads them once."""
    if connection.dialect.name == "sqlite":  # its index has the numbers of rows too, so that the ends cost little
        return span_of(connection, release_id).deliveries
    return (d.release_id == release_id,)
