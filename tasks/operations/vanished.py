"""Which worker processes are gone: seen on this machine at once, on other machines by beats that no longer come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tasks.ledger.presence import GONE_AFTER, Present

LOOKED_AWAY = 2.5
"""Seconds between two looks after which all silence counts anew: nobody could beat while the ledger stood still."""


@dataclass
class Watch:
    """What one observer has seen of the others' beats. It goes by its own clock and by whether a beat is a new one, so
    no other clock has to be right."""

    _heard: dict[str, tuple[float | None, float]] = field(default_factory=dict)
    """By process: its last beat, and when that was first seen here."""
    _looked: float = 0.0

    def gone(self, present: Sequence[Present], now: float) -> list[Present]:
        """Those of the processes that signed in that are gone. `now`: seconds, monotonic."""
        if now - self._looked > LOOKED_AWAY:
            self._heard.clear()
        self._looked = now
        before = self._heard
        self._heard = {one.name: self._since(before.get(one.name), one.beat_at, now) for one in present}
        return [one for one in present if self._is_gone(one, now)]

    def _is_gone(self, one: Present, now: float) -> bool:
        lives = one.lives()
        if lives is not None:
            return not lives
        beat, since = self._heard[one.name]
        return beat is not None and now - since > GONE_AFTER

    @staticmethod
    def _since(before: tuple[float | None, float] | None, beat: float | None, now: float) -> tuple[float | None, float]:
        return before if before and before[0] == beat else (beat, now)
