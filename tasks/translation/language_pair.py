"""The two languages of a translation, and what depends on both: one value that every step is handed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tasks.translation.protection import glossary
from tasks.translation.protection.glossary import Term


@dataclass(frozen=True)
class LanguagePair:
    """From which language into which a text is translated."""

    source: str
    """Normalised tag of the text to start from."""
    target: str
    """Normalised tag of the translation."""
    script_only: bool = False
    """Both are the same language in two scripts, such as Simplified and Traditional Chinese: names are written in the
    other script as well, and numbers and dates stay as they are."""
    terms: tuple[Term, ...] = ()
    """The glossary, as far as it is for these two languages."""

    def with_terms(self, terms: Iterable[Term]) -> LanguagePair:
        """The same pair with what a glossary says about it."""
        return replace(self, terms=tuple(glossary.applicable(terms, self.source, self.target)))

    def __str__(self) -> str:
        return f"{self.source}→{self.target}"
