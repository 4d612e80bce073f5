"""The two languages of a translation, and what depends on both: one value that every step is handed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from tasks.language_data import data_of
from tasks.model.languages import LanguageTag
from tasks.translation.function_words import function_words
from tasks.translation.protection import glossary
from tasks.translation.protection.glossary import Term
from tasks.translation.scripts import scripts_of

_KEPT = 2_000
"""Pairs that a process keeps; fifteen languages have 210."""


@dataclass(frozen=True)
class LanguagePair:
    """From which language into which a text is translated."""

    source: LanguageTag
    """Language of the text to start from."""
    target: LanguageTag
    """Language of the translation."""
    script_only: bool = False
    """Both are the same language in two scripts, such as Simplified and Traditional Chinese: names are written in the
    other script as well, and numbers and dates stay as they are."""
    terms: tuple[Term, ...] = ()
    """The glossary, as far as it is for these two languages."""
    near: tuple[LanguageTag, ...] = ()
    """Other variants of the target language, the nearest one first: what people approved in them serves too."""

    @staticmethod
    def of(source: str, target: str, *, script_only: bool = False) -> LanguagePair:
        """The pair of two tags; raises ValueError for what is not a language tag."""
        return _pair(source, target, script_only)

    def with_terms(self, terms: Iterable[Term]) -> LanguagePair:
        """The same pair of languages with the glossary terms that apply to it."""
        return replace(self, terms=tuple(glossary.applicable(terms, self.source, self.target)))

    def with_near(self, tags: Iterable[str]) -> LanguagePair:
        """The same pair with those of these tags that are other variants of its target language."""
        others = self.target.by_nearness(dict.fromkeys(LanguageTag(tag).shortest for tag in tags))
        return replace(self, near=tuple(LanguageTag(tag) for tag in others if tag != self.target.shortest))

    def __str__(self) -> str:
        return f"{self.source}→{self.target}"

    @cached_property
    def source_scripts(self) -> tuple[str, ...]:
        """Scripts of the source language, the most telling one first; empty for one of which no letters are known."""
        return scripts_of(self.source)

    @cached_property
    def target_scripts(self) -> tuple[str, ...]:
        """Scripts of the target language, the most telling one first; empty for one of which no letters are known."""
        return scripts_of(self.target)

    @cached_property
    def alike(self) -> bool:
        """Whether the two languages are so near, as Indonesian and Malay, that a sentence may rightly stay the same."""
        return any(self.target.same_language(near) for near in data_of(self.source).comparison.alike)

    @cached_property
    def kin(self) -> bool:
        """Whether the two languages, as Spanish and French, share so many words that only function words tell them
        apart."""
        return any(self.target.same_language(kin) for kin in data_of(self.source).comparison.kin)

    @cached_property
    def words_of_source_only(self) -> frozenset[str]:
        """Function words of the source language that the target language does not have."""
        return function_words(self.source) - function_words(self.target)

    @cached_property
    def words_of_target_only(self) -> frozenset[str]:
        """Function words of the target language that the source language does not have."""
        return function_words(self.target) - function_words(self.source)


@lru_cache(_KEPT)
def _pair(source: str, target: str, script_only: bool) -> LanguagePair:
    return LanguagePair(LanguageTag(source), LanguageTag(target), script_only)
