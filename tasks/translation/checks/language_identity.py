"""Whether a sentence is in the language it should be in and not in one near it, and no long part of it in another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from tasks.language_data import data_of
from tasks.model.languages import LanguageTag
from tasks.translation import identifier, scripts
from tasks.translation.checks.problem import Found, Problem
from tasks.translation.checks.shape import english_length
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Text, words_of
from tasks.translation.protection.addresses import without_addresses

_LEAST = 45
"""English characters from which a text says in which language it is."""
_UNLIKELY = 0.15
"""Less likely than this is the target for a text in another language. The worst of 2,700 human texts has 0.37."""
_PART, _STEP = 14, 7
"""Words of the parts that are looked at one by one, and how far from one to the next; five letters count as a word in
scripts without spaces."""
_PART_UNLIKELY, _PART_CERTAIN = 0.002, 0.98
"""The target is at most so likely for a part, and another language at least."""
_WORD = re.compile(r"[^\W\d_]+(?:[’'-][^\W\d_]+)*")
_LETTERS = 5
_NEAR = {"zh": ("yue", "wuu"), "id": ("ms", "jv", "su"), "ms": ("id", "jv", "su"), "ar": ("arz",), "en": ("pcm",)}
_FIGURE = re.compile(r"\d[\d.,:/]*")
_LETTER = re.compile(r"[^\W\d_]")


def language(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where the text, or a long part of it, is in another language than the target."""
    if pair.script_only or not identifier.is_known(pair.target):
        return
    before = _plain(unit)
    text = _without_names(_plain(result), before)
    yield from _of_neighbour(text, before, pair.target)
    if english_length((text,), pair.target) < _LEAST or len(_LETTER.findall(text)) < _LEAST / 3:
        return
    own = _own(pair.target, pair)
    ranked = identifier.likelihoods(text)
    first = next(iter(ranked))
    if first not in own and sum(ranked.get(code, 0.0) for code in own) < _UNLIKELY:
        yield Problem("language", f"it is in {identifier.name_of(first)}: {text[:50]!r}")
        return
    for part in _parts(text):
        ranked = identifier.likelihoods(part)
        first, certain = next(iter(ranked.items()))
        if first in own or certain < _PART_CERTAIN:
            continue
        if sum(ranked.get(code, 0.0) for code in own) < _PART_UNLIKELY:
            yield Problem("language", f"a part of it is in {identifier.name_of(first)}: {part[:50]!r}")
            return


def _of_neighbour(text: str, source: str, target: LanguageTag) -> Found:
    """A word of a near language that is no likelier by its letters than the target."""
    near = data_of(target).vocabulary.of_neighbour
    there = set(_WORD.findall(text)) - set(_WORD.findall(source)) if near else set()
    for code, words in near.items():
        if found := sorted(there.intersection(words.split())):
            said = f"{found[0]!r} is {identifier.name_of(code)}, not {identifier.name_of(target.base)}"
            yield Problem("language", said, tuple(found))


def _own(target: LanguageTag, pair: LanguagePair) -> frozenset[str]:
    """The codes that mean the target: of languages that nobody tells apart there are several."""
    also = (pair.source.base,) if pair.alike else ()
    return frozenset((target.base, *_NEAR.get(target.base, ()), *also))


def _plain(text: Text) -> str:
    return _FIGURE.sub(" ", unicodedata.normalize("NFC", without_addresses(words_of(text))))


def _without_names(text: str, source: str) -> str:
    """Without the words that the source has as well and that are no small words there."""
    names = {word for word in _WORD.findall(source) if not word.islower()}
    if not names:
        return text
    if not names.isdisjoint(_WORD.findall(text)):
        text = _WORD.sub(lambda word: "" if word[0] in names else word[0], text)
    return " ".join(text.split())


def _parts(text: str) -> Iterator[str]:
    """Stretches of a text that is long enough to have several."""
    spaced = " " in text.strip() and not scripts.letters_in(text, ("Kana", "Thai"))
    words = text.split() if spaced else re.findall(rf"\S{{1,{_LETTERS}}}\s*", text)
    last = len(words) - _PART
    for start in (*range(0, last, _STEP), last) if last >= _STEP else ():
        yield (" " if spaced else "").join(words[start : start + _PART])
