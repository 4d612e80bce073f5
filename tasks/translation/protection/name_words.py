"""What a capitalised word says about a name: whether a name ends there, or goes on, or can hardly be one.

The words of a language are in its file (section `names`); English ones count in every text, because releases mix them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache

from tasks.language_data import data_of
from tasks.model.languages import locale_of
from tasks.translation.dictionaries import dictionary_of
from tasks.translation.places import known_places

CAPITAL = "A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĖĘĚĞĠĢĪĮİĶĹĻĽŁŃŅŇŌŐŒŔŘŚŜŞŠŢŤŪŮŰŲŴŶŸŹŻŽȘȚ"
"""Capital letters of the Latin script, as in `[…]` of a regular expression."""
LETTER = r"[^\W_²³¹⁰-₟]"
"""A letter or digit; the small figure of a footnote is none."""
WORD = rf"(?:[{CAPITAL}][’'](?=[{CAPITAL}]))?[{CAPITAL}]{LETTER}*+(?:(?=[-‐‑]{LETTER})[-‐‑]{LETTER}++)*+"
"""A capitalised word: `O’Brien`, `Al-Rashidi`. A genitive is no part of it."""
INSIDE_NAMES = frozenset(("de", "la", "le", "los", "al"))
"""Small words that stand inside names as well."""


@dataclass(frozen=True)
class NameWords:
    """The words that say something about names in texts of a language, all in small letters."""

    before: frozenset[str]
    """What may stand before a name with a capital, because a sentence begins there."""
    offices: frozenset[str]
    institutions: frozenset[str]
    companies: frozenset[str]
    common: frozenset[str]
    people: frozenset[str]
    """Given names that are words as well."""
    determiners: frozenset[str]
    speaking: frozenset[str]
    titles_have_capitals: bool
    is_word: Callable[[str], bool]
    """Whether the language has a word, written small; nothing is one where no dictionary is."""
    endings: tuple[str, ...]
    """Of words that are common too."""
    dates_and_tongues: frozenset[str]
    places: frozenset[str]
    """Countries, regions and cities, as they are written: they have names in other languages."""

    def ends_name(self, word: str) -> bool:
        """Whether a name ends before this word, or begins after it."""
        low = word.lower()
        if low in self.offices or low in self.before or low in self.dates_and_tongues:
            return True
        parts = re.split("[-‐‑]", low)  # `Vice-Chancellor`
        return len(parts) > 1 and self.offices.issuperset(parts)

    def is_office(self, word: str) -> bool:
        """Whether only people are called so: `Executive`, not `National`."""
        return self.ends_name(word) and not {word.lower()} & (self.before | self.common | self.companies)

    def is_common(self, word: str, small: Collection[str] = ()) -> bool:
        """Whether a word is an ordinary one, whatever its capital. `small`: words that the text has in small
        letters."""
        low = word.lower()
        forms = (low, low.removesuffix("s"))
        if any(form in self.common or form in small for form in forms) or low.endswith(self.endings):
            return True
        parts = re.split("[-‐‑]", low)
        return len(parts) > 1 and all(part in self.before or self.is_common(part, small) for part in parts)

    def is_ordinary(self, word: str) -> bool:
        """Whether a word is one of the language, and no given name."""
        return word.lower() not in self.people and (self.is_common(word) or self.is_word(word.lower()))

    def may_stand_alone(self, word: str, small: Collection[str]) -> bool:
        """Whether a single word can be a name: it says nothing else."""
        low = word.lower()
        if len(word) < 3 or word in self.places or self.ends_name(word) or self.is_common(word, small):
            return False
        return low not in self.institutions and low not in self.companies


@cache
def name_words(language: str) -> NameWords:
    """The words that say something about names in a text of a language."""

    def words(section: str) -> frozenset[str]:
        return frozenset(word for tag in ("en", language) for word in getattr(data_of(tag).names, section).split())

    common = words("common")
    return NameWords(
        before=words("before") | (INSIDE_NAMES if data_of(language).names.have_capitals else frozenset()),
        offices=words("offices"),
        institutions=words("institutions"),
        companies=words("companies"),
        common=frozenset(word for word in common if not word.startswith("*")),
        people=words("people"),
        determiners=frozenset(data_of(language).names.determiners.split()),
        speaking=words("speaking"),
        titles_have_capitals=data_of(language).names.titles_have_capitals,
        is_word=_dictionary(language),
        endings=tuple(word[1:] for word in common if word.startswith("*")) or ("\0",),
        dates_and_tongues=_dates_and_tongues(language),
        places=known_places(language),
    )


def _dictionary(language: str) -> Callable[[str], bool]:
    """Whether the dictionaries of a language, or the English ones, have a word; none has where there are none."""
    found = [dictionary for tag in {language, "en"} if (dictionary := dictionary_of(tag)) is not None]
    return lambda word: any(dictionary.has(word) for dictionary in found)


def _dates_and_tongues(language: str) -> frozenset[str]:
    """Months, days and languages (`Spanish` is people as well)."""
    locale = locale_of(language)
    widths = ("wide", "abbreviated")
    names = [str(name) for width in widths for name in locale.months["format"][width].values()]
    names += [str(name) for width in widths for name in locale.days["format"][width].values()]
    names += [str(name) for name in locale.languages.values() if " " not in str(name)]
    return frozenset(name.lower().rstrip(".") for name in names)
