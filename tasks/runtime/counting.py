"""Numbers of things in words, as commands and pages say them."""

from __future__ import annotations


def counted(number: int, what: str) -> str:
    """A number of things in words: `1 delivery`, `2,000 deliveries`."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number:,} {what if number == 1 else plural}"
