"""Runs as sentences, so that an engine gets one sentence at a time and the memory can know it again."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

from sentencex import segment

from tasks.language_data import data_of
from tasks.model.languages import LanguageTag
from tasks.translation.function_words import function_words
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined


def split(text: Text, language: LanguageTag) -> list[Text]:
    """The sentences of a run, white space kept at their ends; put together they are the run again.

    No cut is made inside an inline element: half an anchor here and half in the next sentence would be two anchors.
    """
    plain = "".join(map(_plain, text))
    if not plain.strip():
        return [text]
    read = "".join(_plain(piece, figure="00") for piece in text)
    cuts = [cut for cut in _cuts(plain, language.base) if _ends_sentence(read, cut, language)]
    ends_at = set(cuts)
    sentences: list[list[Piece]] = [[]]
    position = depth = 0
    for piece in text:
        depth += 1 if isinstance(piece, Open) else -1 if isinstance(piece, Close) else 0
        if isinstance(piece, str) and depth == 0:
            for part, ends in _parts(piece, position, cuts):
                sentences[-1].append(part)
                if ends:
                    sentences.append([])
        else:
            sentences[-1].append(piece)
            if position + len(_plain(piece)) in ends_at and depth == 0:
                sentences.append([])
        position += len(_plain(piece))
    return [joined(sentence) for sentence in sentences if joined(sentence)]


def _plain(piece: Piece, *, figure: str = "Xx") -> str:
    """What the splitter reads: a protected `Acme Inc.` or an address must not look like the end of a sentence. `figure`
    stands for an amount, date or the like."""
    if isinstance(piece, Opaque):
        return (figure if piece.kind in _FIGURES else "Xx") if piece.shown else ""
    return piece if isinstance(piece, str) else ""


_FIGURES = frozenset(("amount", "date", "number", "time", "version"))
_REACH = 24
"""Characters before a cut in which an abbreviation begins."""
_INITIAL = re.compile(r"(?<![^\W_])[^\W\d_a-zà-ÿ]\.\Z")
_ORDINAL = re.compile(r"(?<![\d.,])\d{1,2}\.\Z")
_COUNTS = re.compile(r"[\d§]|[IVX]+(?![^\W_])")
_WORD = re.compile(r"[\s“”\"„«»'‘’(]*+([^\W\d_]*)")


def _ends_sentence(plain: str, cut: int, language: LanguageTag) -> bool:
    """Whether a sentence ends at a cut of the splitter, which knows few abbreviations: `9 a.m. CET`, `Ms. Lee`."""
    before, after = plain[max(0, cut - _REACH) : cut], plain[cut : cut + _REACH]
    known = data_of(language).abbreviations
    if not before.endswith("."):
        before, gap = before.rstrip(), before != before.rstrip() or after[:1].isspace()
        if not before.endswith("."):
            return True
        if not gap:
            return False
    elif not after[:1].isspace():
        return False  # `J.-C.`, `14.º`
    after = after.lstrip()
    word = _WORD.match(after)
    following = word[1] if word else ""
    if following[:1].islower() or _one_of(known.never_last)(before):
        return False
    if _one_of(known.before_numbers)(before) and _COUNTS.match(after):
        return False
    begins = following[:1].isupper() and following.lower() in function_words(language)
    ordinal = known.ordinals and _ORDINAL.search(before) and following
    return bool(begins or not (ordinal or _INITIAL.search(before) or _one_of(known.seldom_last)(before)))


def _one_of(abbreviations: Iterable[str]) -> Callable[[str], bool]:
    pattern = _abbreviation(tuple(abbreviations))
    return lambda before: pattern.search(before) is not None


def _either_case(word: str) -> str:
    """A regular expression for an abbreviation, which may begin a sentence too."""
    first = f"[{word[0].lower()}{word[0].upper()}]" if len(word) > 2 and word[0].isalpha() else re.escape(word[0])
    return first + re.escape(word[1:]).replace(r"\ ", r"\s?")


@cache
def _abbreviation(abbreviations: tuple[str, ...]) -> re.Pattern[str]:
    """Finds one of them, with its full stop, at the end of a text; a space in one may be left out."""
    words = "|".join(map(_either_case, abbreviations)) or r"(?!)"
    return re.compile(rf"(?<![^\W_])(?:{words})\.\Z")


def _cuts(plain: str, language: str) -> list[int]:
    """Positions after which a new sentence begins, ascending."""
    segments = segment(language, plain)
    cuts: list[int] = []
    position = 0
    for sentence in segments[:-1]:
        position += len(sentence)
        cuts.append(position)
    whole = "".join(segments)
    return cuts if whole == plain else []


def _parts(piece: str, position: int, cuts: Sequence[int]) -> Iterator[tuple[str, bool]]:
    """`piece` cut up, each part with whether a sentence ends after it."""
    start = 0
    for cut in cuts[bisect_right(cuts, position) : bisect_right(cuts, position + len(piece))]:
        yield piece[start : cut - position], True
        start = cut - position
    yield piece[start:], False
