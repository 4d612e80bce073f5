"""Near matches: sentences of the memory that are not the same as a unit, but so alike that an editor starts from them.

Two forms (forms.py) are compared word by word. A number that differs, another case and an inline element more or less
count little, as they are quickly mended; amounts, dates and years stand in the forms as their kind, and count nothing.
The score is 100 for the same form, and falls with the share of the words that would have to be edited.

The memory is read once for all units of a translation, and holds far more sentences than a translation has units. So it
is the units that are indexed: by those of their words that are rare in the memory, of which any sentence that is alike
enough must have one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain, islice
from typing import Generic, Protocol, TypeVar

from tasks.translation import scripts
from tasks.translation.edits import tokens
from tasks.translation.memory import forms
from tasks.translation.pieces import Text

LEAST = 75
"""The lowest score that is of use."""
MOST = 3
"""Matches of one unit."""
LONGEST = 5_000
"""Characters of a form that is compared; longer sentences have no near matches."""
_SAMPLE = 5_000
"""Rows by which the rare words of the memory are told from its common ones."""
_LIGHT, _SLIGHT = 0.2, 0.2
"""The weight of what is no word, and the cost of a word that differs in case only, or of another number."""
_UNSPACED = scripts.pattern_of(tuple(sorted(scripts.UNSPACED)))
_WORD, _RUN = re.compile(r"[^\W\d_]+"), re.compile(f"{_UNSPACED.pattern}+")


class _Row(Protocol):
    """A memory entry that a person approved."""

    @property
    def source(self) -> str:
        """The form of its source."""


Row = TypeVar("Row", bound=_Row)


@dataclass(frozen=True)
class Near(Generic[Row]):
    """A sentence of the memory that is like a unit."""

    score: int
    """75 … 100; 100 stands for the same form."""
    entry: Row


def nearest(units: Sequence[Text], rows: Iterable[Row]) -> list[list[Near[Row]]]:
    """For each unit the entries that are most like it, the best first."""
    asked = [[_Form(form) for form in _forms(unit)] for unit in units]
    found: list[dict[str, Near[Row]]] = [{} for _ in units]
    reading = iter(rows)
    sample = list(islice(reading, _SAMPLE))
    index = _Index(asked, Counter(gram for row in sample for gram in _grams(row.source)))
    for row in chain(sample, reading):
        for number, form in index.candidates(row.source):
            score = _score(form, _Form(row.source))
            known = found[number].get(row.source)
            if score >= LEAST and (known is None or known.score < score):
                found[number][row.source] = Near(score, row)
    return [nlargest(MOST, several.values(), key=lambda near: near.score) for several in found]


def score_of(one: str, other: str) -> int:
    """How alike two forms are, 0 … 100."""
    return _score(_Form(one), _Form(other))


def _forms(unit: Text) -> list[str]:
    both = dict.fromkeys((forms.normal(unit), forms.literal(unit)))
    return [form for form in both if form and len(form) <= LONGEST]


class _Form:
    """A form as it is compared."""

    def __init__(self, form: str) -> None:
        self.form = form
        self.tokens = tokens(form)
        self.alike = ["0" if token[0].isdecimal() else token.casefold() for token in self.tokens]
        self.weights = [1.0 if token[0].isalnum() or token[0] == "{" else _LIGHT for token in self.tokens]
        self.weight = sum(self.weights)


def _score(one: _Form, other: _Form) -> int:
    if one.form == other.form:
        return 100
    whole = max(one.weight, other.weight)
    if not whole or min(one.weight, other.weight) < whole * LEAST / 100:
        return 0
    return min(99, int(100 * (1 - _cost(one, other) / whole)))


def _cost(one: _Form, other: _Form) -> float:
    """The weight of the words to be edited."""
    row = [0.0]
    for weight in other.weights:
        row.append(row[-1] + weight)
    for token, alike, weight in zip(one.tokens, one.alike, one.weights, strict=True):
        diagonal = row[0]
        left = row[0] = row[0] + weight
        for at, instead in enumerate(other.tokens, 1):
            above = row[at]
            if token == instead:
                change = 0.0
            else:
                change = _SLIGHT * weight if alike == other.alike[at - 1] else max(weight, other.weights[at - 1])
            left = row[at] = min(above + weight, left + other.weights[at - 1], diagonal + change)
            diagonal = above
    return row[-1]


def _grams(form: str) -> set[str]:
    """The words of a form, and the pairs of letters of what has no spaces; numbers and punctuation are none."""
    small = form.lower()
    if small.isascii() or not _UNSPACED.search(small):
        return set(_WORD.findall(small))
    pairs = {run[at : at + 2] for run in _RUN.findall(small) for at in range(len(run) - 1)}
    return pairs | set(_WORD.findall(_RUN.sub(" ", small)))


class _Index:
    """The forms of units, by such of their words that whatever is alike enough must have one of them."""

    def __init__(self, units: Sequence[Sequence[_Form]], frequency: Counter[str]) -> None:
        self.by_gram: dict[str, list[tuple[int, _Form, set[str], int]]] = {}
        for number, several in enumerate(units):
            for form in several:
                grams = _grams(form.form)
                # a quarter of its words may be edited; in a heavier form no more, for what is added there is edited too
                lost = int(form.weight * (100 - LEAST) / 100)
                lost *= 2 if _UNSPACED.search(form.form) else 1  # an edited letter is in two pairs
                rarest = sorted(grams, key=lambda gram: (frequency[gram], -len(gram), gram))
                for gram in rarest[: lost + 1]:
                    self.by_gram.setdefault(gram, []).append((number, form, grams, len(grams) - lost))

    def candidates(self, form: str) -> Iterator[tuple[int, _Form]]:
        """The units that may be like a form; most that are not are left out."""
        if len(form) > LONGEST:
            return
        grams = _grams(form)
        seen: set[tuple[int, str]] = set()
        for gram in grams & self.by_gram.keys():
            for number, unit, theirs, least in self.by_gram[gram]:
                if (number, unit.form) not in seen and len(grams) <= 2 * len(theirs) + 2:
                    seen.add((number, unit.form))
                    if len(theirs & grams) >= least:
                        yield number, unit
