"""Where the time comes from: an argument of whatever waits or measures, so that a test can hand in its own.

The module `time` is the default everywhere. What the ledger says about time is another matter: `tasks.ledger.now`.
"""

from __future__ import annotations

from typing import Protocol


class TimeSource(Protocol):
    """What the module `time` offers, as far as Fanwire uses it; all values are seconds."""

    def time(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds since some moment, never set back."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""
