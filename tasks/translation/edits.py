"""Texts compared word by word: how many edits lead from one to the other, and which words differ.

The edit rate is TER without moves of whole phrases (Snover et al., "A Study of Translation Edit Rate with Targeted
Human Annotation", AMTA 2006), which is the word error rate: words that were put in, left out or replaced, to each word
of the approved text. A draft that is measured against what a person made of it gives the human-targeted rate, HTER. A
moved phrase counts as left out and put in, so the figure is never better than HTER with moves. In scripts without
spaces every letter is a word; punctuation marks are words too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from tasks.translation import scripts

ALONE = "".join(scripts.pattern_of((script,)).pattern[1:-1] for script in sorted(scripts.UNSPACED))
"""The letters that are words by themselves, for a character class."""
TOKEN = re.compile(rf"</?\d{{1,6}}>|\{{[^{{}}<>]{{1,40}}\}}|\d+(?:[.,]\d+)*|[{ALONE}]|[^\W\d_{ALONE}]+|[^\w\s]|_")
"""A word, a number, a punctuation mark, or a mark of the memory's forms: `<1>`, `{amount}`."""
MOST_TOKENS = 4_000
"""Of a text that is compared; what comes after is left out."""


def tokens(text: str) -> list[str]:
    """The words, numbers and punctuation marks of a text."""
    return [found[0] for found, _ in zip(TOKEN.finditer(text), range(MOST_TOKENS), strict=False)]


def edits(before: Sequence[str], after: Sequence[str]) -> int:
    """The least number of words to put in, leave out or replace so that one list of words becomes the other."""
    start = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
    if start is None:
        return abs(len(before) - len(after))
    before, after = before[start:], after[start:]
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    row = list(range(len(after) + 1))
    for count, word in enumerate(before, 1):
        left, diagonal = count, row[0]
        row[0] = count
        for at, other in enumerate(after, 1):
            above = row[at]
            left = row[at] = min(above + 1, left + 1, diagonal + (word != other))
            diagonal = above
    return row[-1]


class Stretch(NamedTuple):
    """Words of one or both of two texts, as they stand there: `only` says which of the two has them alone."""

    words: str
    only: int | None = None
    """0: the first text alone has them · 1: the second one alone · None: both."""


def compared(first: str, second: str) -> list[Stretch]:
    """Two texts as one: what both have, and at each place where they differ what each has instead."""
    ones, others = ([found.span() for found in TOKEN.finditer(text)][:MOST_TOKENS] for text in (first, second))
    matcher = SequenceMatcher(None, [first[a:b] for a, b in ones], [second[a:b] for a, b in others], autojunk=False)
    found: list[Stretch] = []
    for what, a, b, c, d in matcher.get_opcodes():
        if what == "equal":
            both = _between(first, ones, a, b), _between(second, others, c, d)
            found.append(Stretch(max(both, key=len)))  # the last words of a text have no space behind them
            continue
        found += [Stretch(_between(first, ones, a, b), 0)] if b > a else []
        found += [Stretch(_between(second, others, c, d), 1)] if d > c else []
    return found


def _between(text: str, spans: Sequence[tuple[int, int]], start: int, end: int) -> str:
    """The text from one word to before another, with the space that stands behind it."""
    return text[spans[start][0] : spans[end][0] if end < len(spans) else len(text)]
