"""Numbers in words, as far as texts mix them with digits: one to twelve, first to tenth, and those times a scale word.

CLDR's rules for spelling out are not in Babel, so this is a short table, no grammar: enough to accept `third quarter`
for `Q3` and to notice `three million` where there was `3 billion`. `tres*` stands for all words that begin so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from tasks.language_data import data_of

_UNCERTAIN = frozenset((1, 2))
"""Before a scale word these may be an article, or be said by its form alone: `un millón`, `مليونان`."""
_HAN_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")} | {"两": 2, "兩": 2, "零": 0}
_HAN_TENS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}
_HAN_SIGNS = "".join(_HAN_DIGITS) + "".join(_HAN_TENS)
_HAN = re.compile(f"[{''.join(_HAN_DIGITS)}十百千][{_HAN_SIGNS}]*+")
_ROMAN = re.compile(r"(?<![A-Za-z])[IVXLC]{1,8}(?=(?:er?|ème)?(?![A-Za-z]))")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def words_for(text: str, language: str) -> set[int]:
    """Every number that a word, a Han or a Roman numeral of `text` may stand for."""
    found = {_roman(match[0]) for match in _ROMAN.finditer(text)}
    if data_of(language).numbers.han_numerals:
        return found.union(*(_han(match[0]) for match in _HAN.finditer(text)))
    return found | {value_of(match[0], language) for match in pattern(language).finditer(text.lower())}


@cache
def pattern(language: str) -> re.Pattern[str]:
    """A regular expression that finds the number words of a language in lower case."""
    data = data_of(language)
    words = " ".join(data.numbers.words.values()).split()
    if not words:
        return re.compile(r"(?!)")
    if data.vocabulary.unspaced:
        return re.compile("|".join(sorted(words, key=len, reverse=True)))
    ends = [word.replace("*", r"[^\W\d_]{0,6}") for word in sorted(words, key=len, reverse=True)]
    prefixes = data.numbers.word_prefixes
    before = rf"(?<![^\W\d_])(?:[{prefixes}])?" if prefixes else r"(?<![^\W\d_])"
    return re.compile(rf"{before}(?:{'|'.join(ends)})(?![^\W\d_])")


def value_of(word: str, language: str) -> int:
    """The number that a word which `pattern` found stands for; 0 for none."""
    numbers = data_of(language).numbers
    for value, words in numbers.words.items():
        for known in words.split():
            if word == known or (known.endswith("*") and word.startswith(known[:-1])):
                return value
            if word[0] in numbers.word_prefixes and word[1:] == known:
                return value
    return 0


def scaled(text: str, language: str, scale: str) -> Iterator[tuple[int, str, re.Match[str]]]:
    """Number words right before a scale word, which `scale` finds: `three million` is 3, `million` and where it is."""
    data = data_of(language)
    if data.numbers.han_numerals:
        before = rf"(?<![{_HAN_SIGNS}数數几幾上近.\d])"
        for match in re.finditer(rf"{before}([二两兩三四五六七八九]十?)({scale})", text):
            yield next(iter(_han(match[1]))), match[2], match
    elif data.numbers.words and data.numbers.words_before_scales:
        gap = r"\s?" if data.vocabulary.unspaced else r"[\s-]"
        found = _scaled_pattern(language, gap, scale).finditer(text)
        for match in found:
            value = value_of(match[1].lower(), language)
            if value not in _UNCERTAIN and value <= 12:
                yield value, match[2], match


@cache
def _scaled_pattern(language: str, gap: str, scale: str) -> re.Pattern[str]:
    return re.compile(rf"({pattern(language).pattern}){gap}({scale})", re.IGNORECASE)


def _han(run: str) -> set[int]:
    """The value of a Han numeral, and of its digits one by one: `二十` is 20, `二〇二六` 2026."""
    if all(character in _HAN_DIGITS for character in run):
        digits = "".join(str(_HAN_DIGITS[character]) for character in run[:20])
        return {int(digits), *(_HAN_DIGITS[character] for character in run)}
    total = part = digit = last = 0
    for character in run:
        if character in _HAN_DIGITS:
            digit = _HAN_DIGITS[character]
        elif (ten := _HAN_TENS[character]) < 10**4:
            part, digit = part + (digit or 1) * ten, 0
        else:  # 兩億三千萬 are two parts, 一万亿 is one
            total = (total + part + digit) * ten if last < ten and total else total + (part + digit or 1) * ten
            total, part, digit, last = min(total, 10**30), 0, 0, ten
    return {total + part + digit}


def _roman(numeral: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in numeral]
    return sum(-one if one < following else one for one, following in zip(values, [*values[1:], 0], strict=True))
