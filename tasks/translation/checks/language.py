"""Whether a sentence is in the language it should be: its script, and nothing left of the source."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from tasks.language_data import data_of
from tasks.model.languages import LanguageTag
from tasks.translation import scripts
from tasks.translation.checks.problem import Found, Problem
from tasks.translation.function_words import function_words
from tasks.translation.kept_readings import kept
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Text, shown, words_of
from tasks.translation.protection.addresses import without_addresses

_SHARE = 0.5
"""At least so much of the letters is in the target's script. A letter of one that counts syllables weighs more."""
_WEIGHT = {"Hani": 3.0, "Kana": 2.0, "Hang": 2.5}
_FOREIGN = 0.2
"""At most so much is in a script of neither."""
_SAME_WORDS = 0.6
"""More of a unit's words than this unchanged: it was not translated. In a short one all must be."""
_FEW_WORDS = 8
_RUN = 4
"""So many words of the source one after the other that are no names: a part that was left in it."""
_PART = 0.12
"""More than so much of the letters is in the script of the source: a part of it was left."""
_TELLING = 0.18
"""So much of the words are small words of the source language that the target does not have."""
_SENTENCE_LEAST = 3
"""Small words of a sentence, which has an end mark as well, that are not the same in two languages by chance."""
_SENTENCE = 12
"""From so many words on a sentence has function words of its language, at least the share that its file says."""
_WORD = re.compile(r"[^\W\d_]+")
_CODE = re.compile(r"(?<![\w~./-])[\w~]*+(?:[-./_]++\w++)+")
"""`gnome-user-share`, `~/.local/share`"""
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+")


def script(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where the letters are not those of the target language, names in Latin letters aside."""
    wanted = pair.target_scripts
    if not wanted:
        return
    text = _prose(result)
    own = sum(scripts.shares(text).get(name, 0) * _WEIGHT.get(name, 1.0) for name in wanted)
    others = text
    if "Latn" not in wanted:
        others = _without_names(text, _prose(unit), every=pair.alike)
    found = {name: number for name, number in scripts.shares(others).items() if name not in wanted}
    some = data_of(pair.target).comparison.other_scripts
    found = {name: number for name, number in found.items() if name not in some or number > own / 4}
    foreign = sum(number * _WEIGHT.get(name, 1.0) for name, number in found.items())
    limit = (1 - _SHARE) if "Latn" in found and len(found) == 1 else _FOREIGN
    if foreign > 3 and foreign > limit * (own + foreign):
        name = max(found, key=lambda script: found[script])
        yield Problem("script", f"it is in {scripts.NAMES[name]} letters: {_some(others, name)!r}")
        return
    if not own and text and len(_small_words(unit)) >= _SENTENCE_LEAST:
        yield Problem("script", f"no letter of it is {scripts.NAMES[wanted[0]]}: {text[:40]!r}")
        return
    yield from _chinese_or_japanese(text, pair.target)


def _without_names(text: str, source: str, *, every: bool) -> str:
    """Without the Latin words that are names, and so not all small; with `every`, without any of the source's."""
    before = set(_WORD.findall(source)) if every else set()
    return _LATIN.sub(lambda word: word[0] if word[0].islower() and word[0] not in before else "", text)


def _some(text: str, script: str) -> str:
    letter = scripts.pattern_of((script,)).search(text)
    return text[letter.start() :][:40] if letter else ""


def _chinese_or_japanese(text: str, target: LanguageTag) -> Found:
    """Japanese has Kana, Chinese has none; Simplified and Traditional are kept apart by the old standards."""
    if target.base not in ("ja", "zh"):
        return
    han, kana = scripts.letters_in(text, ("Hani",)), scripts.letters_in(text, ("Kana",))
    if target.base == "ja":
        if kana == 0 and han >= (8 if text.endswith(("。", ".")) else 16):
            yield Problem("script", f"it has no Kana: {text[:40]!r}")
        strange = [letter for letter in text if _only_chinese(letter)]
        if len(strange) > 1:
            yield Problem("script", f"it is in Chinese characters: {''.join(strange)[:20]!r}", tuple(strange))
        return
    if kana > 2 and kana * 10 > han:
        yield Problem("script", f"it is in Kana letters: {_some(text, 'Kana')!r}")
        return
    traditional = target.script == "Hant"
    wrong = "".join(sorted({letter for letter in text if only_in(letter, traditional=not traditional)}))
    count = sum(text.count(letter) for letter in wrong)
    if count >= 2 and count * 10 > han:
        other = "Simplified" if traditional else "Traditional"
        yield Problem("script", f"it is in {other} characters: {wrong[:20]!r}", tuple(wrong))


@cache
def only_in(letter: str, *, traditional: bool) -> bool:
    """Whether a character is written so in one of the two only: GB 2312 has the simplified ones, Big5 the others."""
    if not "\u3400" <= letter <= "\u9fff":
        return False
    return _has("big5", letter) is traditional and _has("gb2312", letter) is not traditional


@cache
def _only_chinese(letter: str) -> bool:
    """Whether no Japanese text has this character, by JIS X 0208 and its extensions."""
    return "\u3400" <= letter <= "\u9fff" and not _has("cp932", letter) and not _has("euc_jis_2004", letter)


def _has(encoding: str, letter: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def residue(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where source text is passed off as a translation, whole, for the most part or for some words on end."""
    if pair.alike:
        return
    words: Sequence[str] = _small_words(unit)
    if pair.source_scripts:
        begins = scripts.pattern_of(pair.source_scripts).match
        words = [word for word in words if begins(word)]
    after = _small_words(result, every=True)
    known = set(after)
    same = [word for word in words if word in known]
    share = 0.99 if len(words) < _FEW_WORDS else _SAME_WORDS
    theirs = pair.words_of_source_only
    if pair.kin:
        sure = _number_in(after, theirs) > _number_in(after, pair.words_of_target_only)
    else:
        sure = len(words) >= _FEW_WORDS or not theirs or bool(theirs.intersection(same))
    if len(words) >= 4 and len(same) > share * len(words) and sure:
        yield Problem("residue", f"it was left in the source language: {' '.join(same[:6])!r}", tuple(same))
        return
    sentence = len(words) >= _SENTENCE_LEAST and shown(unit).endswith((".", "!", "?"))
    whole = sentence or theirs.intersection(words)
    if whole and shown(unit).casefold() == shown(result).casefold():
        yield Problem("residue", f"it was left in the source language: {shown(unit)[:60]!r}", (shown(result),))
        return
    before = _prose(unit)
    left = _left_over(before, _prose(result), pair)
    if left:
        yield Problem("residue", f"a part was left in the source language: {left!r}", (left,))
        return
    names = {word.lower() for word in _WORD.findall(before) if not word.islower()}
    yield from _not_of_the_target([word for word in after if word not in names], pair)


def _number_in(words: Sequence[str], some: frozenset[str]) -> int:
    return sum(word in some for word in words)


def _not_of_the_target(words: list[str], pair: LanguagePair) -> Found:
    own, theirs = function_words(pair.target), pair.words_of_source_only
    if not own:
        return
    mine = sum(word in own for word in words)
    foreign = [word for word in words if word in theirs]
    if len(foreign) >= 3 and len(foreign) > _TELLING * len(words) and len(foreign) > mine:
        yield Problem("residue", f"it was left in the source language: {' '.join(foreign[:6])!r}", tuple(foreign))
    elif len(words) >= _SENTENCE and mine < data_of(pair.target).comparison.least_function_words * len(words):
        yield Problem(
            "residue", f"hardly a word of it is known to belong to {str(pair.target)!r}: {' '.join(words[:6])!r}"
        )


def _left_over(before: str, after: str, pair: LanguagePair) -> str:
    """Some words of the source on end, small ones among them, that stand in the translation as well."""
    theirs, own = pair.source_scripts, pair.target_scripts
    if not theirs or not own:
        return ""
    foreign = tuple(script for script in theirs if script not in own)
    if foreign and "Latn" not in foreign:
        left, letters = scripts.letters_in(after, foreign), sum(map(str.isalpha, after))
        return _some(after, foreign[0]) if left > 3 and left > _PART * letters else ""
    size = _RUN - 1 if foreign else _RUN
    found = _WORD.findall(_CODE.sub(" ", before) if foreign else before)
    there = set(scripts.rows(found, size))
    telling_words = frozenset() if foreign else pair.words_of_source_only
    both = (row for row in scripts.rows(_WORD.findall(after), size) if row in there and _is_prose(row, telling_words))
    return " ".join(next(both, ()))


def _is_prose(run: tuple[str, ...], telling_words: frozenset[str]) -> bool:
    """Small words in a row, one of them of the source's language if we know its words."""
    small = sum(word.islower() and len(word) > 1 for word in run)
    return small >= len(run) - 1 and (not telling_words or any(word in telling_words for word in run))


def _small_words(unit: Text, *, every: bool = False) -> Sequence[str]:
    """The words, made small; without `every` only those that are no names: that have no capital."""
    return _made_small(_prose(unit), every)


@kept
def _made_small(prose: str, every: bool) -> Sequence[str]:
    text = unicodedata.normalize("NFC", prose)
    if every or text.isupper():
        return tuple(word.lower() for word in _WORD.findall(text))
    return tuple(word for word in _WORD.findall(text) if len(word) > 1 and word.islower())


def _prose(text: Text) -> str:
    """The words of a text without addresses."""
    return without_addresses(words_of(text))
