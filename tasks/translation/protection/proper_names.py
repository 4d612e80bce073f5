"""The names in a release that no engine may rewrite: unprotected, `Acme Robotics` became `Robótica de Acmé`.

Those of the release's own fields, of people whom the text introduces, and (in languages that write only names with a
capital) every row of capitalised words in running text. Offices, institutions and places are no names in this sense:
they have translations, so engines get them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache

from tasks.model.languages import locale_of
from tasks.model.release import Release

_LEGAL_FORM = re.compile(
    r",?\s+(?:AG|SE|SA|S\.A\.|SpA|S\.p\.A\.|NV|N\.V\.|BV|B\.V\.|AB|ASA|AS|A/S|Oyj|KGaA|GmbH|plc|PLC|Plc|LLC|LLP|L\.P\."
    r"|Inc\.?|Corp\.?|Corporation|Ltd\.?|Limited|Co\.?|Company|Pte\.?|Sdn\.? Bhd\.?|Bhd\.?|Tbk\.?|Group|Holdings?)$"
)
_WORD = r"(?:[A-ZÀ-ÖØ-Þ][\w’'-]{1,40}+|[A-Z]\.)"
_PERSON = rf"{_WORD}(?:\s(?:(?:de|da|del|van|von|der|bin|al|el|le|la)\s){{0,3}}{_WORD}){{1,3}}"
_TITLE = r"(?:(?:Mr|Ms|Mrs|Dr|Prof)\.?\s)?"
_SPEAKERS = (
    re.compile(
        rf"\b(?:appoint(?:s|ed)?|nam(?:es|ed)|hir(?:es|ed)|promot(?:es|ed)|welcom(?:es|ed))\s{_TITLE}({_PERSON})"
        r"\s(?:as|to|the|its|[Cc]hief|CEO|CFO|[Hh]ead|[Pp]resident)\b"
    ),
    re.compile(rf"\b(?:said|says|added|adds|explained|commented|according to)\s{_TITLE}({_PERSON})"),
    re.compile(rf"(?<=[.!?”\"]\s)({_PERSON})\s(?:said|says|added|adds|told|joined|joins|explained|commented)\b"),
    re.compile(
        rf"(?<!\w)({_PERSON}),\s(?:the\s|its\s|our\s)?(?:[\w-]{{1,40}}+\s){{0,3}}?(?:CEO|CFO|COO|CTO|[Cc]hief|[Pp]resident|[Dd]irector|[Hh]ead"
        r"|[Vv]ice|[Cc]hair\w*|[Ff]ounder|[Pp]rofessor|[Mm]inister|[Mm]ayor|[Ss]pokes\w+|[Mm]anag\w+)\b"
    ),
)
"""Where an English release introduces somebody; the list is no dictionary of names, only of the places."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CAPITALS_ARE_NAMES = frozenset(("en", "es", "fr", "pt", "id", "ms"))
_CAPITAL = r"(?:[A-ZÀ-ÖØ-Þ][\w-]{1,40}+|[A-Z]\.)"
_ROW = re.compile(
    rf"(?<![\w’'-]){_CAPITAL}(?:\s(?:(?:de|da|del|dos|la|le|el|van|von|der|bin|al|&)\s){{0,2}}{_CAPITAL}){{1,5}}+"
)
_COINED = re.compile(
    r"(?<![\w@#./-])(?:[A-Z]?[a-z]{1,40}+[A-Z]\w*+|[A-Z][a-z]{3,40}+\d\w*+)(?:\s\d{1,4}(?![\w.,]\d|\w))?"
)
"""A capital inside a word, or a figure at its end: somebody made it up. `RoboLift 3`"""
_STARTERS = _set(
    "the a an in on at by for from with to of and but or as if when while after before since during under over about "
    "this that these those its his her their our your we he she it they you i today yesterday tomorrow earlier later "
    "however meanwhile moreover also both all each every some many most more no not one two three four five six "
    "according last next first second third new el la los las un una en de y le les des du au aux et o os as um uma "
    "di ke dan yang pada untuk dalam"
)
"""What a sentence may begin with that is no part of a name."""
_OFFICES = _set(
    "chief executive officer president chairman chairwoman chair vice director minister prime chancellor professor "
    "prof dr mr ms mrs sir senator governor mayor secretary general judge captain king queen prince princess ceo cfo "
    "cto coo cmo founder co-founder spokesperson spokesman spokeswoman analyst managing manager head senior deputy "
    "american european british asian african canadian australian indian brazilian mexican dutch swiss austrian "
    "belgian irish scottish israeli emirati saudi"
)
"""What stands before a name and is none."""
_INSTITUTIONS = _set(
    "commission union organization organisation university college school ministry court parliament council nations "
    "committee government department agency institute association federation authority republic states state kingdom "
    "street road avenue square river sea ocean island islands lake mount mountains valley coast bay north south east "
    "west northern southern eastern western central middle latin day week month year award prize act law agreement "
    "treaty house office board report summit conference congress senate church army navy police hospital airport "
    "station park museum foundation exchange market markets index plan program programme project convention city "
    "internet web world cup league olympic olympics games christmas easter ramadan"
)
"""A row with one of these in it has a translation of its own."""


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
    short = language.split("-")[0]
    if short == "en":
        speakers = [match[1] for pattern in _SPEAKERS for match in pattern.finditer(text)]
        speakers = [name for name in speakers if name.split()[0].lower() not in _STARTERS | _OFFICES]
        found += speakers + [part for name in speakers for part in _surname(name)]
    if short in _CAPITALS_ARE_NAMES:
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
    before = _STARTERS | _OFFICES | _dates_and_tongues(language)
    while words and words[0].lower() in before:
        words = words[1:]
    name = " ".join(words)
    if len(words) > 1 and name not in _places(language) and _no_names(language).isdisjoint(name.lower().split()):
        yield name


@cache
def _no_names(language: str) -> frozenset[str]:
    return _INSTITUTIONS | _OFFICES | _dates_and_tongues(language) | (_STARTERS - {"de", "la", "le", "los", "al"})


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
