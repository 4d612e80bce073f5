"""Near matches in a memory of 100,000 approved sentences: what they take, and whether any is missed.

The sentences are made of phrases of the English texts in the repository, so that common and rare words are about as
common and as rare as in a memory.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import NamedTuple

from tasks.translation.memory import forms
from tasks.translation.memory.near_matches import LEAST, nearest, score_of
from tasks.translation.pieces import Text

SENTENCES = 100_000
UNITS = 100
CHECKED = 3
"""Units that are compared with some thousand sentences one by one as well."""
SOME = 10_000
ROOT = Path(__file__).resolve().parents[2]


class Row(NamedTuple):
    """An entry of the memory."""

    source: str


def run() -> None:
    """Measure, and print."""
    dice = random.Random(20261129)
    phrases = _phrases()
    sentences = [_sentence(dice, phrases) for _ in range(SENTENCES)]
    rows = [Row(forms.normal((sentence,))) for sentence in sentences]
    units: list[Text] = [(_edited(dice, dice.choice(sentences[:SOME]), phrases),) for _ in range(UNITS)]
    for some in (units[:1], units):
        began = time.perf_counter()
        found = nearest(some, rows)
        took = time.perf_counter() - began
        print(
            f"  {len(some):>3} units against {SENTENCES:,} sentences: {took:.2f} s, {1000 * took / len(some):.1f} ms a "
            f"unit; {sum(map(bool, found))} have near matches"
        )
    missed = 0
    for unit, near in zip(units[:CHECKED], nearest(units[:CHECKED], rows[:SOME]), strict=True):
        both = (forms.normal(unit), forms.literal(unit))
        best = max(score_of(form, row.source) for form in both for row in rows[:SOME])
        missed += best >= LEAST and (not near or near[0].score < best)
    print(f"  of {CHECKED} units that were compared with {SOME:,} sentences one by one, {missed} missed a better match")


def _phrases() -> list[list[str]]:
    """Runs of three to six words of English texts that lie in the repository."""
    files = [path for path in sorted((ROOT / "deploy" / "demo").glob("*.md")) if "." not in path.stem]
    texts = [path.read_text("utf-8") for path in [*files, *sorted((ROOT / "docs").glob("*.md"))]]
    words = " ".join(texts).split()
    dice = random.Random(1)
    return [words[at : at + dice.randint(3, 6)] for at in range(0, len(words) - 6, 2)]


def _sentence(dice: random.Random, phrases: list[list[str]]) -> str:
    return " ".join(word for _ in range(dice.randint(2, 6)) for word in dice.choice(phrases)) + "."


def _edited(dice: random.Random, sentence: str, phrases: list[list[str]]) -> str:
    words = sentence.split()
    for _ in range(round(len(words) * dice.choice((0.0, 0.1, 0.2, 0.4)))):
        words[dice.randrange(len(words))] = dice.choice(dice.choice(phrases))
    return " ".join(words)
