"""The names in a release that no engine may rewrite: unprotected, `Acme Robotics` became `Robótica de Acmé`.

Those of the release's own fields, of people whom the text introduces, and (in languages that write only names with a
capital) every row of capitalised words in running text. Offices, institutions and places are no names in this sense:
they have translations, so engines get them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache

from tasks.language_data import data_of, every_language
from tasks.model.languages import locale_of
from tasks.model.release import Release

_LEGAL_FORM = re.compile(
    r",?\s+(?:AG|SE|SA|S\.A\.|SpA|S\.p\.A\.|NV|N\.V\.|BV|B\.V\.|AB|ASA|AS|A/S|Oyj|KGaA|GmbH|plc|PLC|Plc|LLC|LLP|L\.P\."
    r"|Inc\.?|Corp\.?|Corporation|Ltd\.?|Limited|Co\.?|Company|Pte\.?|Sdn\.? Bhd\.?|Bhd\.?|Tbk\.?|Group|Holdings?)$"
)
_WORD = r"(?:[A-ZÀ-ÖØ-Þ][\w’'-]{1,40}+|[A-Z]\.)"
_PERSON = rf"{_WORD}(?:\s(?:(?:de|da|del|van|von|der|bin|al|el|le|la)\s){{0,3}}{_WORD}){{1,3}}"
_TITLE = r"(?:(?:Mr|Ms|Mrs|Dr|Prof)\.?\s)?"
_CAPITAL = r"(?:[A-ZÀ-ÖØ-Þ][\w-]{1,40}+|[A-Z]\.)"
_ROW = re.compile(
    rf"(?<![\w’'-]){_CAPITAL}(?:\s(?:(?:de|da|del|dos|la|le|el|van|von|der|bin|al|&)\s){{0,2}}{_CAPITAL}){{1,5}}+"
)
_COINED = re.compile(
    r"(?<![\w@#./-])(?:[A-Z]?[a-z]{1,40}+[A-Z]\w*+|[A-Z][a-z]{3,40}+\d\w*+)(?:\s\d{1,4}(?![\w.,]\d|\w))?"
)
"""A capital inside a word, or a figure at its end: somebody made it up. `RoboLift 3`"""
_INSIDE_NAMES = frozenset(("de", "la", "le", "los", "al"))
"""Small words that stand inside names as well."""


def kept_as_they_are(release: Release) -> list[str]:
    """What the producer says must never change, in any script: `protect` and the stock symbols."""
    return _longest_first([*release.protect, *(release.issuer.tickers if release.issuer else [])])


def names_in(release: Release, text: str, language: str) -> list[str]:
    """The names of people, companies and products that may stand in `text`, written in `language`.

    `text` has a paragraph or heading on each line.
    """
    found = [contact.name for contact in release.contacts]
    found += [part for contact in release.contacts for part in _surname(contact.name)]
    if release.issuer:
        found += _companies(release.issuer.name)
    speakers = [match[1] for pattern in _introductions(language) for match in pattern.finditer(text)]
    speakers = [name for name in speakers if name.split()[0].lower() not in _before_names()]
    found += speakers + [part for name in speakers for part in _surname(name)]
    if data_of(language).names.have_capitals:
        found += _capitalised(text, language, found)
    return _longest_first(found)


def _companies(name: str) -> Iterator[str]:
    """The full name and, as texts go on, the name without its legal form: `Acme Robotics AG`, `Acme Robotics`."""
    while name:
        yield name
        shorter = _LEGAL_FORM.sub("", name)
        name = shorter if shorter != name else ""


def _surname(name: str) -> list[str]:
    last = name.split()[-1]
    return [last] if len(name.split()) > 1 and len(last) > 2 and last[0].isupper() else []


def _capitalised(text: str, language: str, known: Collection[str]) -> Iterator[str]:
    """Names by their capitals alone."""
    lines = [line for line in text.splitlines() if not _says_nothing(line)]
    small = set(re.findall(r"(?<![\w’'-])[^\W\d_A-ZÀ-Þ][\w-]*+", text))
    rows = {name for line in lines for row in _ROW.finditer(line) for name in _name_in(row, language, small)}
    yield from rows
    yield from (match[0] for line in lines for match in _COINED.finditer(line))
    alone = {word for line in lines for word in re.findall(rf"(?<=[\w,;] ){_CAPITAL}", _ROW.sub("…", line))}
    other = _no_names(language) | _places(language)
    for name in rows.union(known):  # `Acme` of Acme Robotics AG, `Doe` of Jane Doe
        for part in {name.split()[0], name.split()[-1]} & alone:
            if len(part) > 2 and part.lower() not in small | other and part not in other:
                yield part


def _says_nothing(line: str) -> bool:
    """A heading, or a line in which most words have a capital."""
    words = re.findall(r"[^\W\d_]{4,}", line)[1:]
    unfinished = line.rstrip()[-1:] not in '.!?:;…”»"’)'
    capitals = sum(word[0].isupper() for word in words)
    return (unfinished and len(words) < 12) or (len(words) > 3 and capitals > 0.8 * len(words))


def _name_in(row: re.Match[str], language: str, small: Collection[str]) -> Iterator[str]:
    """The name in a row of capitalised words, without what stands before it; none if it is an institution or place."""
    words = row[0].split()
    begins = row.string[: row.start()].rstrip(" “\"'«(")[-1:] in ("", ".", "!", "?", ":", ";", "…")
    if begins and words[0].lower() in small:
        words = words[1:]
    before = _before_names() | _dates_and_tongues(language)
    while words and words[0].lower() in before:
        words = words[1:]
    name = " ".join(words)
    if len(words) > 1 and name not in _places(language) and _no_names(language).isdisjoint(name.lower().split()):
        yield name


@cache
def _introductions(language: str) -> tuple[re.Pattern[str], ...]:
    """Where a text introduces a person, whose name is group 1."""
    patterns = data_of(language).names.introduced_by
    return tuple(re.compile(text.replace("{person}", _PERSON).replace("{title}", _TITLE)) for text in patterns)


@cache
def _words(section: str) -> frozenset[str]:
    """The words of a part of the section `names` in all languages: releases mix them with English."""
    return frozenset(word for data in every_language() for word in getattr(data.names, section).split())


def _before_names() -> frozenset[str]:
    return _words("before") | _words("offices")


@cache
def _no_names(language: str) -> frozenset[str]:
    words = _words("institutions") | _words("offices") | (_words("before") - _INSIDE_NAMES)
    return words | _dates_and_tongues(language)


@cache
def _dates_and_tongues(language: str) -> frozenset[str]:
    """Months, days and languages (`Spanish` is people as well), in small letters."""
    locale = locale_of(language)
    widths = ("wide", "abbreviated")
    names = [str(name) for width in widths for name in locale.months["format"][width].values()]
    names += [str(name) for width in widths for name in locale.days["format"][width].values()]
    names += [str(name) for name in locale.languages.values() if " " not in str(name)]
    return frozenset(name.lower().rstrip(".") for name in names)


@cache
def _places(language: str) -> frozenset[str]:
    """Countries, regions and the cities that time zones are called after: they have names in other languages."""
    locale = locale_of(language)
    cities = {str(zone).rpartition("/")[2].replace("_", " ") for zone in locale.time_zones}
    return frozenset(map(str, locale.territories.values())) | cities


def _longest_first(names: Collection[str]) -> list[str]:
    return sorted({name for name in names if name.strip()}, key=lambda name: (-len(name), name))
