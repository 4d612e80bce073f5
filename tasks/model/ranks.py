"""The ranks of those who use the operations' page: what each of them may do."""

from __future__ import annotations

from enum import StrEnum


class Rank(StrEnum):
    """How much somebody may do; a higher rank may do all that a lower one may."""

    READER = "reader"
    """May look at everything, and change nothing."""
    EDITOR = "editor"
    """May also edit and approve translations."""
    OPERATOR = "operator"
    """May do everything."""

    def may(self, needed: Rank) -> bool:
        """Whether this rank may do what needs that one."""
        order = list(Rank)
        return order.index(self) >= order.index(needed)
