"""The problem that a check finds, and how reasons are worded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

Thing = TypeVar("Thing")
SHOWN = 100
"""Characters of a name or an address in a reason."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a translation."""

    check: str
    """Stable name of the check: inline, anchor, opaque, quantity, order, date, url, script, residue, length …"""
    text: str
    """In words, naming what is missing or wrong."""
    words: tuple[str, ...] = ()
    """The words of the translation that are at fault, each as it stands there (`de de`); none where the check cannot
    say. An editor sees them marked."""
    missing: tuple[str, ...] = ()
    """The words of the source that the translation lost, as they stand in the source; none where the check cannot
    say."""

    def __str__(self) -> str:
        return self.text


Found = Iterator[Problem]
"""What every check yields."""


def difference(wanted: Counter[Thing], found: Counter[Thing]) -> str:
    """Say in words what is missing and what was added: `1,234.5 is missing, 12 was added`."""
    missing = [f"{said(item)} is missing" for item in wanted if found[item] < wanted[item]]
    added = [f"{said(item)} was added" for item in found if found[item] > wanted[item]]
    return ", ".join((missing + added)[:4])


def said(item: object) -> str:
    """A value as a reason shows it; a long text is cut."""
    if isinstance(item, str):
        return repr(item if len(item) <= SHOWN else item[:SHOWN] + "…")
    return f"{item:,f}" if isinstance(item, Decimal) else str(item)
