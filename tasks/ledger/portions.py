"""Values for `IN (…)`, a portion at a time: SQLite binds no more than some thousands in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
AT_ONCE = 500


def portions(values: Iterable[T]) -> Iterator[list[T]]:
    """The values in their order, in lists of `AT_ONCE` at most."""
    rest = iter(values)
    while portion := list(islice(rest, AT_ONCE)):
        yield portion
