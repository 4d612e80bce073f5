"""Faults of a translation as MQM has them, and the score that they leave.

Categories, severities and their multipliers are those of MQM (Multidimensional Quality Metrics,
https://themqm.org/error-types-2/the-mqm-scoring-models/; see also ISO 5060:2024): a minor fault costs 1 point, a
major one 5, a critical one 25. MQM divides the sum by the words of a sample. One sentence is no sample, and must not be
the better for being long, so the sum is taken as it is, as evaluations of machine translation sentence by sentence do
(Freitag et al. 2021, https://aclanthology.org/2021.tacl-1.87/; Kocmi and Federmann 2023, GEMBA-MQM), and subtracted
four times from 100: a minor fault leaves 96, a major one 80, a critical one 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from tasks.translation.pieces import Text

Category = Literal[
    "accuracy/mistranslation", "accuracy/omission", "accuracy/addition", "accuracy/untranslated",
    "fluency/grammar", "terminology", "locale", "style",
]  # fmt: skip
Severity = Literal["minor", "major", "critical"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
POINTS: dict[Severity, int] = {"minor": 1, "major": 5, "critical": 25}
"""What a fault costs."""
BEST = 100
"""The score of a translation without a fault."""
_SCALE = 4
"""A critical fault takes all of it."""
THRESHOLD = 90
"""The score that a unit needs, unless the translation file says another: two minor faults pass, a major one not."""
_SHOWN = 3
"""Faults in a reason."""
_QUOTED = 80
"""Characters of a quotation in a reason."""


@dataclass(frozen=True, kw_only=True)
class ToRead:
    """A unit for a second reader."""

    source: Text
    target: Text
    """Its translation."""
    before: str = ""
    """The source of the unit before it, as context."""


@dataclass(frozen=True)
class Fault:
    """One thing that a second reader finds wrong with the translation of a unit."""

    category: Category
    severity: Severity
    why: str
    """In words, for people."""
    source: str = ""
    """The words of the source that it concerns; empty if it names none."""
    target: str = ""
    """The words of the translation that it concerns; empty if it names none."""

    def __str__(self) -> str:
        quoted = " → ".join(f"“{words[:_QUOTED]}”" for words in (self.source, self.target) if words)
        return f"{self.severity} {self.category}: {self.why}" + f" ({quoted})" * bool(quoted)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What came of reading a unit: its faults, or the problem that kept the reader from judging it."""

    reader: str
    """Name of the second reader."""
    version: str
    """With which model it read, and how; another one reads anew."""
    wanted: int
    """The score that the unit needs."""
    faults: tuple[Fault, ...] = ()
    problem: str | None = None

    @property
    def doubt(self) -> str | None:
        """Why the unit waits for a person, in words; None if it may go out."""
        if self.problem is not None:
            return f"{self.reader} could not judge it: {self.problem}"
        found = score(self.faults)
        if found >= self.wanted:
            return None
        gravest = sorted(self.faults, key=lambda fault: -POINTS[fault.severity])
        more = f" and {len(gravest) - _SHOWN} more" if len(gravest) > _SHOWN else ""
        said = "; ".join(map(str, gravest[:_SHOWN]))
        return f"{self.reader} doubts it, score {found} of {BEST} ({self.wanted} wanted): {said}{more}"


def score(faults: Sequence[Fault]) -> int:
    """The score of a unit with these faults, from 0 to 100."""
    return max(0, BEST - _SCALE * sum(POINTS[fault.severity] for fault in faults))
