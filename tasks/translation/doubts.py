"""What an editor has to look at in a draft: words that a check found at fault, and figures and names that no rule has
protected, each with the reason in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

from tasks.translation import scripts
from tasks.translation.edits import ALONE
from tasks.translation.figures import dates
from tasks.translation.figures.recogniser import figures_in
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Opaque, Piece, Text

MOST_WORDS, LONGEST = 40, 200
"""Words of one problem that are marked, and characters of each."""
_NAME = re.compile(rf"[^\W\d_{ALONE}](?:[^\W_{ALONE}]|['’&-](?=[^\W_{ALONE}]))*")
_SENTENCE_BEGINS = re.compile(r"(?:^|[.!?:…؟]\s)[\s\"'“”„«»‹›‘’‚(¿¡–—-]*\Z")
_NOUNS_HAVE_CAPITALS = frozenset(("de", "lb"))
_MANY = 0.5
"""A text of which more words have capitals is a title: then capitals say nothing."""
_SHORTEST = 2


@dataclass(frozen=True)
class Doubt:
    """Why a stretch of a text is to be looked at."""

    kind: Literal["fault", "figure", "name"]
    why: str
    """In words."""


class Fault(Protocol):
    """A problem that a check found (checks/problem.py)."""

    @property
    def text(self) -> str: ...

    @property
    def words(self) -> Sequence[str]: ...


Stretch = tuple[Piece, Doubt | None]
"""A piece of a text, or a part of its words, and what is doubtful about it."""
_FIGURE = "a figure: compare it with the source"
_CAPITAL = "a name, or a word with a capital: is it right here?"
_SAME = "the same word as in the source: is it a name?"


def stretches(target: Text, source: Text, pair: LanguagePair, faults: Sequence[Fault] = ()) -> list[Stretch]:
    """The whole translation `target` of `source`, piece by piece, words cut where a doubtful stretch begins or ends.

    `faults` are what the checks found in it. Of several reasons for the same words a fault comes before a figure, and a
    figure before a name.
    """
    starts, plain = _laid_out(target)
    doubts: list[Doubt | None] = [None] * len(plain)
    spans = list(_at_fault(plain, faults))
    if pair.source.base != pair.target.base:  # a change of script leaves figures and names as they are
        spans += [*_figures(target, starts, pair), *_together(_names(target, source, pair), plain)]
    for start, end, doubt in spans:
        for at in range(start, end):
            doubts[at] = doubts[at] or doubt
    found: list[Stretch] = []
    for piece, start in zip(target, starts, strict=True):
        if isinstance(piece, str):
            found += _cut(piece, doubts[start : start + len(piece)])
        elif isinstance(piece, Opaque):
            found.append((piece, next(filter(None, doubts[start : start + len(piece.shown)]), None)))
        else:
            found.append((piece, None))
    return found


def _laid_out(text: Text) -> tuple[list[int], str]:
    """Where each piece begins in the plain text that a reader sees, and that text."""
    starts: list[int] = []
    plain = ""
    for piece in text:
        starts.append(len(plain))
        plain += piece if isinstance(piece, str) else piece.shown if isinstance(piece, Opaque) else ""
    return starts, plain


def _cut(words: str, doubts: Sequence[Doubt | None]) -> Iterator[Stretch]:
    start = 0
    for at in range(1, len(words) + 1):
        if at == len(words) or doubts[at] != doubts[start]:
            yield words[start:at], doubts[start]
            start = at


Span = tuple[int, int, Doubt]


def _at_fault(plain: str, faults: Sequence[Fault]) -> Iterator[Span]:
    for fault in faults:
        for words in fault.words[:MOST_WORDS]:
            doubt = Doubt("fault", fault.text if words in fault.text else f"the same here: {fault.text}")
            for found in _finder(words[:LONGEST]).finditer(plain) if words.strip() else ():
                yield *found.span(), doubt


@lru_cache(maxsize=256)
def _finder(words: str) -> re.Pattern[str]:
    """Finds words as they stand in a text, whatever their case and whichever spaces are between them."""
    parts = r"\s+".join(map(re.escape, words.split()))
    before = r"(?<!\w)" if _bounded(words.strip()[0]) else ""
    after = r"(?!\w)" if _bounded(words.strip()[-1]) else ""
    return re.compile(f"{before}{parts}{after}", re.IGNORECASE)


def _bounded(letter: str) -> bool:
    """Whether a word that begins or ends with this letter has an edge that can be seen."""
    return letter.isalnum() and not scripts.letters_in(letter, tuple(sorted(scripts.UNSPACED)))


def _figures(target: Text, starts: Sequence[int], pair: LanguagePair) -> Iterator[Span]:
    doubt = Doubt("figure", _FIGURE)
    for piece, start in zip(target, starts, strict=True):
        if not isinstance(piece, str):
            continue
        months = dates.months_in(piece, pair.target)
        for month in months:
            if month.dated:
                yield start + month.start, start + month.end, doubt
        for day in dates.days_in(piece, pair.target):
            yield start + day.start, start + day.end, doubt
        for figure in figures_in(piece, pair.target, months):
            yield start + figure.start, start + figure.end, doubt


def _names(target: Text, source: Text, pair: LanguagePair) -> Iterator[Span]:
    """Words with capitals that begin no sentence, where the language gives only names capitals; and such words of any
    language that stand in the source as well."""
    starts, plain = _laid_out(target)
    theirs = {word for piece in source if isinstance(piece, str) for word in _NAME.findall(piece) if _is_name(word)}
    inside = [
        (start + found.start(), found[0])
        for piece, start in zip(target, starts, strict=True)
        if isinstance(piece, str)
        for found in _NAME.finditer(piece)
    ]
    capitals = sum(_is_name(word) for _, word in inside)
    telling = pair.target.base not in _NOUNS_HAVE_CAPITALS and capitals <= _MANY * len(inside)
    for start, word in inside:
        if not _is_name(word) or _SENTENCE_BEGINS.search(plain[max(0, start - 12) : start]):
            continue
        if word in theirs:
            yield start, start + len(word), Doubt("name", _SAME)
        elif telling:
            yield start, start + len(word), Doubt("name", _CAPITAL)


def _together(names: Iterator[Span], plain: str) -> Iterator[Span]:
    """Names of several words as one, with the reason of the first."""
    last: Span | None = None
    for start, end, doubt in names:
        if last and not plain[last[1] : start].strip(" \u00a0-"):
            last = (last[0], end, last[2])
            continue
        yield from [last] if last else []
        last = (start, end, doubt)
    yield from [last] if last else []


def _is_name(word: str) -> bool:
    return len(word) >= _SHORTEST and word[0].isupper()
