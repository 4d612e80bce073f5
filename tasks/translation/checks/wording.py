"""The words of a translation: those that no dictionary of the language has, those of another language that were left
standing, and small words that stand together as nobody puts them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import islice

from tasks.language_data import data_of, known_languages
from tasks.model.languages import LanguageTag
from tasks.translation import identifier, scripts
from tasks.translation.checks import measures
from tasks.translation.checks.problem import Found, Problem
from tasks.translation.dictionaries import Dictionary, dictionary_of
from tasks.translation.figures import numerals
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Text, words_of
from tasks.translation.protection.addresses import without_addresses

_TOKEN = re.compile(r"(?<![\w@#/\\.’'-])[^\W\d_]+(?:[’'-][^\W\d_]+)*(?![\w@/\\])")
"""A word that is no part of a code, an address or a handle."""
_NAMED = 10
"""Words of one text that are named as unknown."""
_LEAST = 3
"""Letters from which a word that is in no dictionary says something; shorter ones are signs and abbreviations."""
_LONGEST = 80
"""Letters that no word has more of."""
_LATIN_WORD = re.compile(r"(?<![A-Za-zß-ÿ0-9@#/\\._’'-])[a-zß-ÿ]{4,}(?![A-Za-zß-ÿ0-9@/\\_’'-]|\.\w)")
_ROMAN = re.compile(r"[IVXLCDM]+|[ivxlcdm]+")
_UNSPACED_SENTENCE_END = re.compile(r"[.!?:;…]\s*[\"'”’»«“‘(\[]*\s*$")
_DOUBLED = re.compile(r"(?<![\w’'-])([^\W\d_]{2,}) \1(?![\w’'-])")


def spelling(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems with a word that no dictionary of the target language has and that is no name, number or code; in
    scripts other than the Latin one, with a word in small Latin letters that is English or the source's."""
    if pair.target_scripts and "Latn" not in pair.target_scripts:
        yield from _latin(_plain(unit), _plain(result), pair)
        return
    data = data_of(pair.target).dictionary
    dictionary = dictionary_of(pair.target) if data.complete else None
    if dictionary is None:
        return
    before = _plain(unit)
    unknown = list(islice(_unknown(_plain(result), before, pair, dictionary), _NAMED))
    if unknown:
        yield Problem("spelling", _said(unknown[0], before, pair), tuple(unknown))


def _latin(before: str, text: str, pair: LanguagePair) -> Found:
    """A Latin word with small letters in a text of another script, which is no name and no sign."""
    for word in _LATIN_WORD.findall(text):
        if measures.is_unit(word):
            continue
        if (_stands_in(before, word) and "Latn" in pair.source_scripts) or _is_of("en", word):
            yield Problem("spelling", _said(word, before, pair), (word,))
            return


def _unknown(text: str, before: str, pair: LanguagePair, dictionary: Dictionary) -> Iterator[str]:
    """The words of a text that are in no dictionary, the names and signs among them left out."""
    known = {word.casefold() for word in _TOKEN.findall(before) if not word.islower()}
    scales = numerals.scales(pair.target)
    for match in _TOKEN.finditer(text):
        word = _without_elision(match[0], pair.target)
        if len(word) < _LEAST or word.casefold() in known or not scripts.letters_in(word, pair.target_scripts):
            continue
        if word.isupper() or _ROMAN.fullmatch(word) or word.casefold() in scales:
            continue
        if len(word) <= 5 and text[match.end() : match.end() + 1] == "." and match.end() + 1 < len(text):
            continue  # an abbreviation
        if not word.islower() and not _begins(text, match.start()):
            continue  # a name
        if _has(word, dictionary, pair.target):
            continue
        if not word.islower() and not _is_of(pair.source, word):
            continue  # a name that begins the sentence
        if _stands_in(before, word) and not _is_of(pair.source, word):
            continue  # a code, or a name with a small letter
        yield word


def _begins(text: str, start: int) -> bool:
    """Whether a sentence begins there, so that a capital says nothing."""
    before = text[:start].rstrip(" \u00a0\u202f“”„«»\"'‘’([¿¡—–-")
    return not before or before[-1] in ".!?:…"


def _has(word: str, dictionary: Dictionary, language: str) -> bool:
    """Whether it is a word, one with pronouns hung on, or several with hyphens between them."""
    word = word.replace("’", "'")
    if len(word) > _LONGEST or dictionary.has(word):
        return len(word) <= _LONGEST
    if "-" in word:
        return all(len(part) < _LEAST or _has(part, dictionary, language) for part in word.split("-"))
    hung = _hung_on(language).fullmatch(word)
    if hung is not None and (dictionary.has(hung[1]) or dictionary.has(_without_accents(hung[1]))):
        return True
    small = _made_small(language).fullmatch(word)
    if small is not None and any(dictionary.has(small[1] + vowel) for vowel in ("o", "a", "")):
        return True
    put = _put_before(language).fullmatch(word)
    return put is not None and dictionary.has(put[1])


@cache
def _hung_on(language: str) -> re.Pattern[str]:
    """Finds the verb, group 1, in a word with pronouns at its end."""
    pattern = data_of(language).dictionary.enclitics
    return re.compile(rf"(.{{4,}}?)(?:{pattern})" if pattern else r"(?!)()")


@cache
def _made_small(language: str) -> re.Pattern[str]:
    """Finds the beginning, group 1, of a word with an ending that makes it smaller."""
    pattern = data_of(language).dictionary.diminutives
    return re.compile(rf"(.{{3,}}?)(?:{pattern})" if pattern else r"(?!)()")


@cache
def _put_before(language: str) -> re.Pattern[str]:
    """Finds the word, group 1, that stands after something that may be put before any word."""
    prefixes = sorted(data_of(language).dictionary.prefixes.split(), key=len, reverse=True)
    return re.compile(rf"(?i:{'|'.join(prefixes)})(.{{4,}})" if prefixes else r"(?!)()")


def _without_accents(word: str) -> str:
    return re.sub("[áéíóú]", lambda letter: unicodedata.normalize("NFD", letter[0])[0], word)


def _is_of(language: str, word: str) -> bool:
    """Whether a language is known to have a word."""
    theirs = dictionary_of(language)
    return theirs is not None and _has(word.lower(), theirs, language)


def _stands_in(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


def _without_elision(word: str, language: str) -> str:
    found = _elision(language).match(word)
    return word[found.end() :] if found else word


@cache
def _elision(language: str) -> re.Pattern[str]:
    pattern = data_of(language).dictionary.elisions
    return re.compile(rf"(?:{pattern})[’']" if pattern else r"(?!)")


def _said(word: str, before: str, pair: LanguagePair) -> str:
    """What is wrong with a word that the target language does not have."""
    if _stands_in(before, word):
        return f"{word!r} was left as it stands in the source"
    target = identifier.name_of(pair.target.base)
    other = _language_with(word, pair)
    return f"{word!r} is {identifier.name_of(other)}, not {target}" if other else f"{word!r} is no word of {target}"


def _language_with(word: str, pair: LanguagePair) -> str | None:
    """The language, of source and those that engines go by, that has the word."""
    for language in dict.fromkeys((pair.source.base, "en", *known_languages())):
        if language == pair.target.base or LanguageTag(language).script != pair.target.script:
            continue
        if _is_of(language, word):
            return LanguageTag(language).base
    return None


def articles(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where articles and other small words stand together as nobody puts them: `el la`, `de el`."""
    found = _clashes(pair.target).search(_plain(result))
    if found and not _clashes(pair.target).search(_plain(unit)):
        yield Problem("articles", f"{' '.join(found[0].split())!r} do not stand together", (found[0],))


@cache
def _clashes(language: str) -> re.Pattern[str]:
    patterns = data_of(language).vocabulary.clashes
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"(?!)")


def doubled(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where a word stands twice on end, in a language that does not say so and not in the source."""
    may = data_of(pair.target).vocabulary.doubled
    if may is None:
        return
    if _DOUBLED.search(_plain(unit)):
        return
    for match in _DOUBLED.finditer(_plain(result)):
        if match[1].casefold() not in may.split() and match[1] == match[1].lower():
            yield Problem("doubled", f"{match[0]!r} says a word twice", (match[0],))
            return


def _plain(text: Text) -> str:
    """The words of a text, what is protected left out and shown as a space."""
    return unicodedata.normalize("NFC", without_addresses(words_of(text)))
