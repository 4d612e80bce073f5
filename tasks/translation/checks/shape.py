"""What a translation looks like whatever it says: not empty, neither far too short nor too long, no babble."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt
from operator import eq

from tasks.language_data import data_of
from tasks.translation import scripts
from tasks.translation.checks.problem import Found, Problem
from tasks.translation.function_words import dangling
from tasks.translation.kept_readings import kept
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Text, has_letters, shown, words_of

_ENDS = ".!?…。．！？؟।:："
_CLOSERS = "\"'”’“‘»«›‹）)]」』】 \u00a0\u202f\u200f\u200e"
_MIDDLE = re.compile(r"(?<=\w\w\w)[.!?؟](?=\s+\w)|^[.!?。！？؟]|[。！？](?=\w)")
_LONG = 12
"""English characters from which the length of a unit says something."""
_AGAIN = 0.3
"""So large a part of the text was there before: nobody writes so."""
_WITHOUT_END, _WITHOUT_QUESTION_MARK = 0.88, 0.72
"""Shorter than so much of what is expected, and without the end of the sentence: the rest is missing. Headings are
often questions in one language and none in another."""


def empty(unit: Text, result: Text, _pair: LanguagePair) -> Found:
    """A problem if the source has words and the translation has none."""
    if has_letters(unit) and not has_letters(result):
        yield Problem("empty", "it came back empty")


def length(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """A problem if the translation is longer or shorter than translations between the two languages are; short texts
    may differ more."""
    before, after = english_length(unit, pair.source), english_length(result, pair.target)
    if not has_letters(unit) or not before:
        return
    said = f"its length is {len(shown(result))} characters against {len(shown(unit))}"
    wide = before >= _LONG and abs(log(max(after, 0.1) / before)) > _width(before)
    if wide or after > 6 * before + 60:
        yield Problem("length", said)


def truncated(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """A problem if the end is missing: no full stop where there was one, and too short; or it stops after an
    article."""
    before, after = shown(unit), shown(result)
    if not has_letters(unit) or _last(before) not in _ENDS:
        return
    if _last(after) in _ENDS or data_of(pair.target).typography.marks[0] == " ":
        return
    expected, found = english_length(unit, pair.source), english_length(result, pair.target)
    if _MIDDLE.search(after) and not _MIDDLE.search(before):
        yield Problem("truncated", f"the sentence ends in the middle, not after {after[-30:]!r}")
        return
    limit = _WITHOUT_QUESTION_MARK if _last(before) in "?？؟" else _WITHOUT_END
    if found < limit * expected and expected >= _LONG:
        yield Problem("truncated", f"the end of the sentence is missing after {after[-30:]!r}")
        return
    words = scripts.words_in(words_of(result)[-40:])  # names and figures at the end are none
    if words and after.rstrip(_CLOSERS).lower().endswith(words[-1]) and words[-1] in dangling(pair.target):
        yield Problem("truncated", f"it ends in the middle of a sentence: {after[-30:]!r}")


def _width(characters: float) -> float:
    """How far the logarithm of the ratio may lie from nought; 99.8 % of human translations lie within."""
    return 0.31 + 3.6 / sqrt(characters)


def english_length(text: Text, language: str) -> float:
    """How many characters English would need for a text; Latin letters among others are names and count as they are."""
    return _english_length(shown(text), language)


@kept
def _english_length(text: str, language: str) -> float:
    words = unicodedata.normalize("NFC", text)
    density = data_of(language).comparison.characters
    own = scripts.scripts_of(language)
    if not own or "Latn" in own:
        return len(words) / density
    latin = scripts.letters_in(words, ("Latn",)) + sum(character.isdigit() for character in words)
    return (len(words) - latin) / density + latin


def _last(text: str) -> str:
    """The last character that is no quotation mark, bracket or space: what ends a sentence."""
    return text.rstrip(_CLOSERS)[-1:] or " "


def capitals(unit: Text, result: Text, _pair: LanguagePair) -> Found:
    """A problem if the translation is all in capitals, and the source was not."""
    words = words_of(result)
    if any(character.isalpha() and not character.isupper() for character in words):
        return
    if sum(map(str.isalpha, words)) > 8 and not words_of(unit).isupper():
        yield Problem("capitals", "it came back in capitals")


def repeated(unit: Text, result: Text, _pair: LanguagePair) -> Found:
    """A problem if the translation babbles: the same few words again and again, more often than in the source."""
    before, after = _repetition(words_of(unit)), _repetition(words_of(result))
    for size in _SIZES if after.spelled else _SIZES[:3]:
        times = max(3, 8 // size) if after.spelled else 4 if size == 1 else 3  # `berkas. Berkas-berkas` is Indonesian
        if after.on_end[size] >= times > before.on_end[size]:
            yield Problem("repeated", f"it repeats itself: {_often(after.words, size)!r}")
            return
    if after.periodic and not before.periodic:
        yield Problem("repeated", f"it says everything twice: {' '.join(after.words[:6])!r}")
        return
    if after.again > _AGAIN and after.again > before.again + _AGAIN / 2:
        yield Problem("repeated", f"it repeats itself: {_often(after.words, 4)!r}")


_SIZES = range(1, 7)


@dataclass(frozen=True, kw_only=True)
class _Repetition:
    """How a text repeats its words."""

    words: list[str]
    spelled: bool
    """Most words are single letters, as in scripts without spaces."""
    on_end: Mapping[int, int]
    """How often at most the same 1, 2 … words stand one after the other."""
    periodic: bool
    """The text is its own beginning over and over, at least twice."""
    again: float
    """The share of rows of words that were there before."""


@kept
def _repetition(text: str) -> _Repetition:
    words = scripts.words_in(text)
    spelled = sum(len(word) == 1 for word in words) * 2 > len(words)
    return _Repetition(
        words=words,
        spelled=spelled,
        on_end={size: _on_end(words, size) for size in _SIZES},
        periodic=len(words) >= (8 if spelled else 4) and _periodic(words),
        again=_again(words, 7 if spelled else 3),
    )


def _periodic(words: list[str]) -> bool:
    """Whether the text is its own beginning over and over, at least twice."""
    borders = [0]  # of every beginning: how much of it stands at its end as well
    for word in words[1:]:
        length = borders[-1]
        while length and words[length] != word:
            length = borders[length - 1]
        borders.append(length + (words[length] == word))
    return borders[-1] * 2 >= len(words) - 1


def _again(words: list[str], size: int) -> float:
    """The share of rows of `size` words that were there before."""
    total = max(len(words) - size + 1, 0)
    return 1 - len(set(scripts.rows(words, size))) / total if total >= size else 0.0


def _often(words: list[str], size: int) -> str:
    grams = Counter(scripts.rows(words, size))
    return " ".join(grams.most_common(1)[0][0]) if grams else ""


def _on_end(words: list[str], size: int) -> int:
    """How often at most the same `size` words stand one after the other."""
    if not any(map(eq, words, words[size:])):
        return 1
    best = run = 1
    for index in range(size, len(words)):
        run = run + 1 if words[index] == words[index - size] else 1
        best = max(best, 1 + (run - 1) // size)
    return best
