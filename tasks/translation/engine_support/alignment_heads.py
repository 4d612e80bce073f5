"""Which attention of a neural model shows where its words went.

A model that was trained with guided alignment has a head for it, and its file names that (OPUS-MT). Of others nobody
knows: the file names the first head of the last layer, which may look anywhere. So all that CTranslate2 can show is
tried on sentences with names and figures, which are the same in both languages: links should lead from each to itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

from tasks.language_data import data_of
from tasks.translation.alignment.links import Aligned, Span, overlap

GOOD, FAIR = 0.9, 0.7
"""The part of the names and figures that lead to themselves: with the first, nothing else is tried; with less than the
second, attention is not believed."""
ENOUGH = 6
"""Names and figures; with fewer the file is believed."""
_DEEPEST = 3
"""Layers that are tried, from the last one on."""
_SAME = re.compile(r"(?=\w*[A-Z\d])\w+")
"""A word with a capital or a digit: a name or figure, if it is the same in both languages."""
_FIGURES = (" (2027, 480)", " (36, 7150)", " (918, 2031)", " (64, 5300)")


@dataclass(frozen=True)
class Heads:
    """Attention of the first so many heads of a layer of the decoder."""

    layer: int
    """Counted from the last one: -1."""
    number: int
    """0: all of them."""


def samples(language: str) -> list[str]:
    """Sentences of a language with a name and figures: texts of the house. None where the house has no texts in it."""
    house = data_of(language).house
    if house is None:
        return []
    filled = {"wire": "Norvik Tidal", "url": "Lindholm", "version": "37"}
    texts = (house.disclaimer, house.kill, house.correction, house.about)
    return [text.format(**filled) + figures for text, figures in zip(texts, _FIGURES, strict=True)]


def chosen(
    shown: Callable[[Heads | None], Iterable[tuple[str, Aligned]]], candidates: Iterable[Heads]
) -> tuple[Heads | None, bool]:
    """The heads to look at, None being those that the file names, and whether they are to be believed.

    `shown` gives sentences and their translations, with the links that these heads show.
    """
    best: tuple[float, Heads | None] = (-1.0, None)
    for heads in chain((None,), candidates):
        agreed, seen = _agreement(shown(heads))
        if seen < ENOUGH:
            return None, True
        best = max(best, (agreed / seen, heads), key=lambda one: one[0])
        if best[0] >= GOOD:
            break
    return best[1], best[0] >= FAIR


def candidates(model: bytes) -> list[Heads]:
    """What can be shown of a model beside what its file (these bytes) names: all heads of each of the last layers, then
    the first of each."""
    layers = sum(f"decoder/layer_{number}/attention/".encode() in model for number in range(100))
    return [Heads(-number, heads) for heads in (0, 1) for number in range(1, 1 + min(layers, _DEEPEST))]


def with_heads(model: bytes, heads: Heads) -> bytes:
    """The bytes of a `model.bin` that names other heads; raises ValueError for one that names none."""
    changed = bytearray(model)
    for name, value in (("alignment_layer", heads.layer), ("alignment_heads", heads.number)):
        # a name, its rank (0), its type, its size in bytes, the number itself
        found = re.search(b"decoder/" + name.encode() + rb"\0\0.([\1\2\4])\0\0\0", model, re.DOTALL)
        if found is None:
            raise ValueError(f"its model.bin names no {name}")
        size = found[1][0]
        changed[found.end() : found.end() + size] = value.to_bytes(size, "little", signed=True)
    return bytes(changed)


def _agreement(pairs: Iterable[tuple[str, Aligned]]) -> tuple[int, int]:
    """How many names and figures that are the same on both sides lead to themselves, and how many there are."""
    agreed = seen = 0
    for source, answer in pairs:
        ones, others = _once(source), _once(answer.text)
        for word in ones.keys() & others.keys():
            seen += 1
            agreed += _part(answer, others[word], ones[word]) > 1 / 2
    return agreed, seen


def _once(text: str) -> dict[str, Span]:
    """The names and figures that stand once in a text."""
    found = list(_SAME.finditer(text))
    times = Counter(one[0] for one in found)
    return {one[0]: one.span() for one in found if times[one[0]] == 1}


def _part(answer: Aligned, word: Span, origin: Span) -> float:
    """Which part of the links of a word, by weight, leads to its origin."""
    links = [link for link in answer.links if overlap(link.target, word)]
    whole = sum(link.weight for link in links)
    return sum(link.weight for link in links if overlap(link.source, origin)) / whole if whole else 0.0
