"""The names in a release that no engine may rewrite: unprotected, `Acme Robotics` became `Robótica de Acmé`.

Those of the release's own fields, of people whom the text introduces, and (in languages that write only names with a
capital) of rows of capitalised words in running text (capitals.py); then the short forms of all these that the text
uses: a surname, the first words of a company's name, an acronym that stands behind it in brackets. A name begins and
ends where the name does: titles, genitives, offices, institutions and places have translations, so engines get them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache

from tasks.language_data import data_of
from tasks.model.release import Release
from tasks.translation.protection.capitals import Capitals
from tasks.translation.protection.name_words import CAPITAL, WORD, NameWords, name_words

_LEGAL_FORM = re.compile(
    r",?\s+(?:AG|SE|SA|S\.A\.|SpA|S\.p\.A\.|NV|N\.V\.|BV|B\.V\.|AB|ASA|AS|A/S|Oyj|KGaA|GmbH|plc|PLC|Plc|LLC|LLP|L\.P\."
    r"|Inc\.?|Corp\.?|Corporation|Ltd\.?|Limited|Co\.?|Company|Pte\.?|Sdn\.? Bhd\.?|Bhd\.?|Tbk\.?|Group|Holdings?)$"
)
_WORD = rf"(?:{WORD}|[A-Z]\.)"
_PERSON = rf"{_WORD}(?:\s(?:(?:de|da|del|van|von|der|bin|al|el|le|la)\s){{0,3}}{_WORD}){{1,3}}"
_TITLE = r"(?:(?:Mr|Ms|Mrs|Dr|Prof)\.?\s)?"
_ADDRESSED = re.compile(rf"(?<![\w.])(?:Mr|Ms|Mrs|Dr|Prof|Sir|Dame)\.?\s({WORD}(?:\s{WORD})?)(?!\s[{CAPITAL}])")
"""A person by a title and the surname: `Ms. Okafor`."""
_ACRONYM = re.compile(r"\s?\([“\"]?([A-Z][A-Z&]{1,7})[”\"]?\)")


def kept_as_they_are(release: Release) -> list[str]:
    """What the producer says must never change, in any script: `protect` and the stock symbols."""
    issuer = release.issuer
    codes = [*issuer.tickers, *issuer.isin, *([issuer.lei] if issuer.lei else [])] if issuer else []
    return _longest_first([*release.protect, *codes])


def names_in(release: Release, text: str, language: str) -> list[str]:
    """The names of people, companies and products that may stand in `text`, written in `language`.

    `text` has a paragraph or heading on each line.
    """
    words, capitals = name_words(language), Capitals.of(text, name_words(language))
    people = [contact.name for contact in release.contacts]
    people += _introduced(text, language, words)
    companies = [*_companies(release.issuer.name)] if release.issuer else []
    found = [*people, *companies]
    if data_of(language).names.have_capitals:
        found += capitals.names({*found, *release.protect})
        found += {part for name in (*found, *release.protect) for part in _parts(name, words) if capitals.alone(part)}
    found += [surname for name in people for surname in _surname(name) if not words.ends_name(surname)]
    found += [acronym for name in (*found, *release.protect) for acronym in _acronyms(name, text)]
    return _longest_first(found)


def _introduced(text: str, language: str, words: NameWords) -> Iterator[str]:
    """People whom the text introduces, without the titles before and after their names."""
    for pattern in _introductions(language):
        for match in pattern.finditer(text):
            if name := _without_titles(match[1].split(), words):
                yield " ".join(name)
    for match in _ADDRESSED.finditer(text):
        if not words.ends_name(match[1].split()[0]):
            yield match[1]


def _without_titles(name: list[str], words: NameWords) -> list[str]:
    """A person's name without titles at its ends, and ordinary words before it; empty if that is no name."""
    while name and (words.ends_name(name[0].rstrip(".")) or name[0][:1].islower()):
        name = name[1:]
    if len(name) > 2 and name[1][:1].isupper() and words.is_ordinary(name[0]):  # `Design Matteo Ricci`
        return _without_titles(name[1:], words)
    titles = (at for at, word in enumerate(name) if at and words.ends_name(word) and word[:1].isupper())
    end = next(titles, len(name))
    return name if len(name) == 2 else name[:end] if end > 1 else []  # `Mary King`


def _companies(name: str) -> Iterator[str]:
    """The full name and, as texts go on, the name without its legal form: `Acme Robotics AG`, `Acme Robotics`."""
    while name:
        yield name
        shorter = _LEGAL_FORM.sub("", name)
        name = shorter if shorter != name else ""


def _parts(name: str, words: NameWords) -> Iterator[str]:
    """How texts shorten a name: `Doe` and `Jane` of Jane Doe, `Harbour Light` of Harbour Light Energy, `Arrayán` of
    Banco Arrayán."""
    parts = name.split()
    if len(parts) > 1 and parts[0].lower() in words.companies:
        yield from (" ".join(parts[1:]), *_parts(" ".join(parts[1:]), words))
    yield from (" ".join(parts[:size]) for size in range(1, len(parts)) if parts[size - 1][:1].isupper())
    if len(parts) > 1:
        yield parts[-1]


def _surname(name: str) -> list[str]:
    last = name.split()[-1]
    return [last] if len(name.split()) > 1 and len(last) > 2 and last[0].isupper() else []


def _acronyms(name: str, text: str) -> Iterator[str]:
    """Capitals in brackets behind a name, the first of which is the name's: `Norwegian Tidal Power (NTP)`."""
    at = text.find(name)
    while at >= 0:
        found = _ACRONYM.match(text, at + len(name))
        if found and found[1][0] == name[0]:
            yield found[1]
            return
        at = text.find(name, at + 1)


@cache
def _introductions(language: str) -> tuple[re.Pattern[str], ...]:
    """Where a text introduces a person, whose name is group 1."""
    patterns = data_of(language).names.introduced_by
    return tuple(re.compile(text.replace("{person}", _PERSON).replace("{title}", _TITLE)) for text in patterns)


def _longest_first(names: Collection[str]) -> list[str]:
    return sorted({name for name in names if name.strip()}, key=lambda name: (-len(name), name))
