"""The names in a release that no engine may rewrite: unprotected, `Acme Robotics` became `Robótica de Acmé`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tasks.release import Release

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
    re.compile(
        rf"(?<!\w)({_PERSON}),\s(?:the\s|its\s|our\s)?(?:[\w-]{{1,40}}+\s){{0,3}}?(?:CEO|CFO|COO|CTO|[Cc]hief|[Pp]resident|[Dd]irector|[Hh]ead"
        r"|[Vv]ice|[Cc]hair\w*|[Ff]ounder|[Pp]rofessor|[Mm]inister|[Mm]ayor|[Ss]pokes\w+|[Mm]anag\w+)\b"
    ),
)
"""Where an English release introduces somebody; the list is no dictionary of names, only of the places."""


def kept_as_they_are(release: Release) -> list[str]:
    """What the producer says must never change, in any script: `protect` and the stock symbols."""
    return _longest_first([*release.protect, *(release.issuer.tickers if release.issuer else [])])


def names_in(release: Release, text: str, language: str) -> list[str]:
    """The names of the release's people and companies that may stand in `text`, written in `language`."""
    found = [contact.name for contact in release.contacts]
    found += [part for contact in release.contacts for part in _surname(contact.name)]
    if release.issuer:
        found += _companies(release.issuer.name)
    if language.split("-")[0] == "en":
        speakers = [match[1] for pattern in _SPEAKERS for match in pattern.finditer(text)]
        found += speakers + [part for name in speakers for part in _surname(name)]
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


def _longest_first(names: list[str]) -> list[str]:
    return sorted({name for name in names if name.strip()}, key=lambda name: (-len(name), name))
