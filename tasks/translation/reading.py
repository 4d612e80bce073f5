"""What a producer should know of the texts that it sent: one that is not in its language or lacks words, and
translations of its own that say something else than the release.

They are published as they are. So these are warnings, from the same checks that stop a translation of ours.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import cache

from tasks.language_data import data_of, known_languages
from tasks.model.languages import LanguageTag
from tasks.model.markup import prose_of
from tasks.model.release import Release, Translation, supplied
from tasks.runtime.errors import Problem
from tasks.translation import checks, scripts
from tasks.translation.checks import written_names
from tasks.translation.checks.language import only_in
from tasks.translation.errors import TranslationHeld
from tasks.translation.function_words import function_words
from tasks.translation.holes import few, missing_words
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import has_letters, shown
from tasks.translation.protection.addresses import without_addresses
from tasks.translation.segmentation import runs, units
from tasks.translation.segmentation.units import Passages

SECONDS = 3.0
"""Seconds of computing that all of this may take; what is not looked at then has no warnings."""
LEAST_LETTERS = 200
"""Letters from which a text says in which script it is written."""
LEAST_WORDS = 50
"""Words from which small ones say in which language a text is."""
LEAST_SHARE = 0.16
"""At least so much of a text in Latin letters is small words of its language; real ones have 0.2 to 0.5."""
MARGIN = 3.0
"""A text is taken to be in another language if it has so many times more of that one's small words."""
_FREE = frozenset({"order"})
"""Checks of single sentences that people may break: they say a paragraph in another order."""
_FREE_HEADLINE = _FREE | {"length", "truncated"}
_NAME = re.compile(r" \d+$| '.*")


def warnings(release: Release) -> list[Problem]:
    """What the producer of a release probably did not mean in its texts."""
    until = time.thread_time() + SECONDS
    original = supplied(release, release.language)
    assert original is not None  # it is the release itself
    found = [*few(_of_language(original), "body"), *missing_words(release)]
    read = _passages(original)
    for language in release.translations:
        text = supplied(release, language)
        if text is None or time.thread_time() > until:
            continue
        name = f"translations.{language}"
        found += few(_of_language(text), f"{name}.body")
        if read is not None and LanguageTag(language).base != release.language.base:
            found += few(_differences(release, original, read, text, lambda: time.thread_time() > until), name)
    return found


# --- the language


def _of_language(text: Translation) -> Iterator[str]:
    if other := other_language(prose_of(text.body_html), text.written_in):
        yield f"is declared to be in {text.written_in.english_name} ({text.written_in}), but {other}"


def other_language(text: str, declared: LanguageTag) -> str | None:
    """What else a text seems to be in than the declared language, as the end of a sentence; None if that may be true.

    Silent about short texts, languages of which nothing is known, and where it is not sure.
    """
    text = without_addresses(text)
    own = scripts.scripts_of(declared)
    found = scripts.shares(text)
    letters = sum(found.values())
    if not own or letters < LEAST_LETTERS:
        return None
    if 2 * sum(found.get(script, 0) for script in own) < letters:
        most = max(found, key=lambda script: found[script])
        return f"most of it is in {scripts.NAMES[most]} letters"
    if declared.base == "ja" and found.get("Kana", 0) * 20 < letters:
        return "it has hardly any Kana"
    if declared.base == "zh":
        return _other_chinese(text, declared, found.get("Kana", 0), letters)
    return _other_in_latin(text, declared) if "Latn" in own else None


def _other_chinese(text: str, declared: LanguageTag, kana: int, letters: int) -> str | None:
    if kana * 10 > letters:
        return "it has Kana letters, as Japanese has"
    traditional = declared.script == "Hant"
    wrong = sum(only_in(letter, traditional=not traditional) for letter in text)
    right = sum(only_in(letter, traditional=traditional) for letter in text)
    if wrong > 10 and wrong > MARGIN * right:
        return f"its characters are {'Simplified' if traditional else 'Traditional'}"
    return None


def _other_in_latin(text: str, declared: LanguageTag) -> str | None:
    words = scripts.words_in(text)
    if len(words) < LEAST_WORDS:
        return None
    own = function_words(declared)
    if other := _surely(words, declared):
        return f"its words are {LanguageTag(other).english_name}"
    if own and 2 * _share(words, own) < data_of(declared).comparison.least_function_words:
        return f"hardly a word of it is known to be {declared.english_name}"
    return None


def _surely(words: list[str], declared: LanguageTag) -> str | None:
    """The other language that words are in, if it is sure."""
    own = function_words(declared)
    share = {language: _share(words, function_words(language)) for language in _in_latin_letters()}
    language = max(share, key=lambda one: share[one])
    if LanguageTag(language).base == declared.base or LanguagePair.of(declared, language).alike:
        return None
    least = LEAST_SHARE if own else 2 * LEAST_SHARE  # kin of a language that we do not know may be one that we do
    theirs = _share(words, function_words(language) - own)
    ours = _share(words, own - function_words(language))
    return language if share[language] >= least and theirs >= least / 2 and theirs >= MARGIN * ours else None


@cache
def _in_latin_letters() -> list[str]:
    return [tag for tag in known_languages() if "Latn" in scripts.scripts_of(tag) and function_words(tag)]


def _share(words: list[str], some: frozenset[str]) -> float:
    return sum(word in some for word in words) / len(words)


# --- a translation by the producer


def _passages(text: Translation) -> Passages | None:
    """The passages of a text that its translations have too; None if one is beyond what people write."""
    text = text.model_copy(update={"contact_roles": [], "media": {}})
    try:
        return units.passages_of(text, runs.read(text.body_html, text.written_in), with_place=False)
    except TranslationHeld:
        return None


def _differences(
    release: Release, original: Translation, read: Passages, text: Translation, late: Callable[[], bool]
) -> Iterator[str]:
    """What differs between a text and its translation."""
    if problem := checks.problem_in_body(original.body_html, text.body_html):
        yield problem
    theirs = _passages(text)
    if theirs is None:
        return
    pair = LanguagePair.of(original.written_in, text.written_in)
    if [_NAME.sub("", one.name) for one in read.values()] != [_NAME.sub("", one.name) for one in theirs.values()]:
        yield f"it has other parts than the release: {_parts(theirs)} and not {_parts(read)}; they are not compared"
        return
    for (number, before), after in zip(read.items(), theirs.values(), strict=True):
        if late():
            return
        source, result = (shown(before.text),), (shown(after.text),)
        if not has_letters(source) and source == result:
            continue
        found = [
            one
            for one in checks.problems_with(source, result, pair, by_person=True)
            if one.check not in (_FREE if number > 0 else _FREE_HEADLINE)
        ]
        yield from (f"{after.name}: {one}" for one in found)
        if "Latn" in pair.source_scripts and "Latn" in pair.target_scripts:
            named = [term for term in release.protect if term in source[0] and term not in result[0]]
            lost = [term for term in named if not written_names.stands_in(term, result[0], pair)]
            yield from (f"{after.name}: the protected {term!r} is missing" for term in lost)


def _parts(passages: Passages) -> str:
    return f"{sum(number > 0 for number in passages)} in the body"
