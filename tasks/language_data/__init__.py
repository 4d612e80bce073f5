"""Languages: all data on one language stands in one file, and a language works with its file alone.

The files that ship lie here; a package adds or replaces one by the entry point `fanwire.languages`, whose name is the
language tag and whose value is the package in which `<tag>.yaml` lies. Nothing else lists languages.
`data_of("pt-BR")` is all that other rooms need.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from tasks.language_data.sections import (
    Comparison,
    Currencies,
    Dates,
    House,
    LanguageData,
    Meaning,
    Names,
    Numbers,
    Quotes,
    Typography,
    Vocabulary,
)
from tasks.model.documents import DocumentRefused, load_yaml, read, unreadable
from tasks.model.languages import LanguageTag
from tasks.runtime.errors import Problem
from tasks.runtime.plugins import PluginBroken, Registry, Source

_TAGS_KEPT = 5_000
"""Tags of which a process keeps the data."""


def _load(source: Source) -> LanguageData:
    what = str(source)
    try:
        found = load_yaml(source.data().decode("utf-8-sig"))
    except ValueError as error:
        raise DocumentRefused(what, [Problem("(file)", unreadable(error))]) from None
    data = read(LanguageData, found, what)
    if data.language != source.name:
        problem = f"says {data.language!r}; the file is for {source.name!r}"
        raise DocumentRefused(what, [Problem("language", problem)])
    return data


LANGUAGES = Registry("language", group="fanwire.languages", folder="tasks.language_data", suffix=".yaml", load=_load)
"""The language files, by tag."""


def known_languages() -> list[str]:
    """The tags of all languages that have a file, English first."""
    return sorted(LANGUAGES.sources(), key=lambda tag: (tag != "en", tag))


def files_for(language: str) -> list[LanguageData]:
    """The files that say something on a language, the most particular one first: `pt-BR`, then `pt`. Where there is
    none of these it is the one of the nearest variant, such as `pt-PT`.

    One that cannot be loaded is left out.
    """
    sources, tag = LANGUAGES.sources(), LanguageTag(language)
    found = _loaded(name for name in tag.broader if name in sources)
    return found or _loaded(tag.by_nearness(sorted(sources)))[:1]


def _loaded(names: Iterable[str]) -> list[LanguageData]:
    found = []
    for name in names:
        try:
            found.append(LANGUAGES.get(name))
        except PluginBroken:
            continue
    return found


@lru_cache(_TAGS_KEPT)
def data_of(language: str) -> LanguageData:
    """All data on a language: each section from the most particular file that has it, or else the defaults."""
    sections: dict[str, Any] = {}
    for file in reversed(files_for(language)):
        sections |= {name: getattr(file, name) for name in file.model_fields_set}
    return LanguageData.model_construct(**{**sections, "language": LanguageTag(language)})


def every_language() -> list[LanguageData]:
    """The data of all languages, for patterns that must match text an engine left untranslated."""
    return [data_of(tag) for tag in known_languages()]


def forget() -> None:
    """Read the language files anew when they are next asked for."""
    LANGUAGES.forget()
    data_of.cache_clear()


__all__ = [
    "LANGUAGES",
    "Comparison",
    "Currencies",
    "Dates",
    "House",
    "LanguageData",
    "Meaning",
    "Names",
    "Numbers",
    "Quotes",
    "Typography",
    "Vocabulary",
    "data_of",
    "every_language",
    "files_for",
    "forget",
    "known_languages",
]
