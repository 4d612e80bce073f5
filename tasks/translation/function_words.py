"""Small words that show which of the languages in Latin letters a sentence is in.

Twelve words of a language hardly ever come without one of these, and the others do not have most of them: enough to
notice a sentence that was left as it was, without a model. Indonesian and Malay count as one language here.
"""

from __future__ import annotations

from functools import cache

from tasks.language_data import data_of


@cache
def function_words(language: str) -> frozenset[str]:
    """The small words of a language; empty for one whose words we do not have."""
    return frozenset(data_of(language).vocabulary.function_words.split())


@cache
def dangling(language: str) -> frozenset[str]:
    """Words with which no sentence of a language ends."""
    return frozenset(data_of(language).vocabulary.never_last.split())
