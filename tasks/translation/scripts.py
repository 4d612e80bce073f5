"""In which script a language is written, and how much of a text is in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from tasks.model.languages import LanguageTag
from tasks.translation.kept_readings import kept

_LETTERS = {
    "Latn": r"A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a",
    "Cyrl": r"\u0400-\u052f", "Grek": r"\u0370-\u03ff\u1f00-\u1fff", "Hebr": r"\u05d0-\u05ea",
    "Arab": r"\u0620-\u064a\u066e-\u06d3\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc", "Deva": r"\u0900-\u097f",
    "Thai": r"\u0e01-\u0e3a\u0e40-\u0e4e", "Hang": r"\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3",
    "Kana": r"\u3041-\u3096\u30a1-\u30fa\u30fc\uff66-\uff9f",
    "Hani": r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f",
}  # fmt: skip
_OF = {"Jpan": ("Kana", "Hani"), "Kore": ("Hang",), "Hans": ("Hani",), "Hant": ("Hani",)}
NAMES = {
    "Latn": "Latin", "Cyrl": "Cyrillic", "Grek": "Greek", "Hebr": "Hebrew", "Arab": "Arabic", "Deva": "Devanagari",
    "Thai": "Thai", "Hang": "Hangul", "Kana": "Kana", "Hani": "Han",
}  # fmt: skip
UNSPACED = frozenset(("Kana", "Hani", "Thai"))
"""Scripts whose words have no spaces between them."""


@cache
def scripts_of(language: str) -> tuple[str, ...]:
    """ISO 15924 codes of what a language is written in, most telling first: `("Kana", "Hani")` for Japanese.

    Empty for a script of which we know no letters: nothing can be said then.
    """
    name = LanguageTag(language).script
    return _OF.get(name, (name,) if name in _LETTERS else ())


@cache
def pattern_of(scripts: tuple[str, ...]) -> re.Pattern[str]:
    """A regular expression that finds a letter of these scripts."""
    return re.compile(f"[{''.join(_LETTERS[script] for script in scripts)}]")


def letters_in(text: str, scripts: tuple[str, ...]) -> int:
    """How many letters of these scripts a text has."""
    return len(pattern_of(scripts).findall(text)) if scripts else 0


@kept
def shares(text: str) -> Mapping[str, int]:
    """How many letters of each script a text has, of the scripts we know."""
    found = {script: letters_in(text, (script,)) for script in _LETTERS}
    return {script: number for script, number in found.items() if number}


def words_in(text: str) -> list[str]:
    """The words of a text in small letters; in scripts without spaces every letter is one."""
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def rows(words: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """Every `size` words that stand one after the other."""
    return zip(*(words[start:] for start in range(size)), strict=False)


_WORD = re.compile(
    rf"[{_LETTERS['Kana']}{_LETTERS['Hani']}]|[{_LETTERS['Thai']}]|[^\W\d_{_LETTERS['Kana']}{_LETTERS['Hani']}"
    rf"{_LETTERS['Thai']}]++"
)
