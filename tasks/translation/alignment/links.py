"""Which words of a translation stand for which words of its source, as an engine or an aligner knows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]
"""Where something begins and ends in a string, in characters."""


@dataclass(frozen=True)
class Link:
    """Characters of a translation that stand for characters of its source: a word, or a piece of one."""

    source: Span
    target: Span
    weight: float = 1.0
    """How sure that is, above 0. Links of one word are weighed against each other."""


@dataclass(frozen=True)
class Aligned:
    """A translated sentence, and which of its words stand for which; an empty one where the engine failed on it."""

    text: str
    links: tuple[Link, ...] = ()


Align = Callable[[str, str], Sequence[Link]]
"""Given a sentence and its translation: the links between their words."""


def overlap(one: Span, other: Span) -> int:
    """The number of characters that two spans share."""
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def composed(first: Sequence[Link], second: Sequence[Link]) -> tuple[Link, ...]:
    """The links of a translation made in two steps, by way of a third language in which both sets of links meet."""
    weights: dict[tuple[Span, Span], float] = {}
    for late in second:
        meeting = [(early, overlap(early.target, late.source)) for early in first]
        whole = sum(shared * early.weight for early, shared in meeting)
        for early, shared in meeting:
            if shared and whole:
                weight = late.weight * shared * early.weight / whole
                weights[early.source, late.target] = weights.get((early.source, late.target), 0) + weight
    return tuple(Link(*spans, weight) for spans, weight in weights.items())
