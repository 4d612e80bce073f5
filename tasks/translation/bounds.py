"""Bounds on the size of a text and on the time for a translation. No real release comes near them; a hostile one cannot
hold a worker."""

from __future__ import annotations

import time

from tasks.runtime.time_source import TimeSource
from tasks.translation.errors import Retryable, TranslationHeld
from tasks.translation.pieces import Text

MAX_CHARACTERS = 20_000
"""Of one run of text: a paragraph, a list item, an `alt`."""
MAX_INLINES = 500
"""Inline elements in one run."""
MAX_SEARCHED = 1_000_000_000
"""Terms to look for (`protect`, people, companies), times the characters of the text."""
MAX_TERM_CHARACTERS = 10_000
"""Of all terms together that stand in the text."""
SECONDS = 120.0
"""For one translation; less than `build_lease`, or a second worker would begin the same work."""


class Deadline:
    """The moment at which a translation gives up; looked at between units, never inside one."""

    def __init__(self, time_source: TimeSource = time) -> None:
        self._seconds = SECONDS
        self._monotonic = time_source.monotonic
        self._end = self._monotonic() + SECONDS

    @property
    def passed(self) -> bool:
        return self._monotonic() >= self._end

    def check(self) -> None:
        """Raise Retryable if the deadline has passed: what is done by then is remembered, so the next try gets
        further."""
        if self.passed:
            raise Retryable(f"took longer than {self._seconds:g} s")


def refuse_run(name: str, text: Text, inlines: int) -> None:
    """Raise TranslationHeld for a run of text longer than MAX_CHARACTERS or with more than MAX_INLINES elements."""
    characters = sum(len(piece) for piece in text if isinstance(piece, str))
    if characters > MAX_CHARACTERS:
        raise TranslationHeld(f"{name}: it has {characters:,} characters, more than {MAX_CHARACTERS:,}")
    if inlines > MAX_INLINES:
        raise TranslationHeld(f"{name}: it has {inlines:,} inline elements, more than {MAX_INLINES:,}")


def refuse_terms(number: int, characters: int, found: int = 0) -> None:
    """Raise TranslationHeld for too many protected terms: `number` of them to look for in so many `characters`, of
    which `found` characters stand there."""
    if number * characters > MAX_SEARCHED or found > MAX_TERM_CHARACTERS:
        raise TranslationHeld(f"it has too many protected terms and names ({number:,})")
