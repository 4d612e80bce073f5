"""Signs that words are missing in a text that a producer sent: mostly the words of a link that somebody stripped.

A reader notices `sagte am Freitag, …` at the head of a paragraph at once, and a translation makes it worse. The signs
are chosen so that whole texts have none: better a hole that is not seen than a warning that nobody believes. Most of
them need no knowledge of the language; words that cannot stand beside each other are in the language files
(`vocabulary`, `impossible`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache

from lxml import html as lxml_html

from tasks.language_data import data_of
from tasks.model.languages import LanguageTag
from tasks.model.markup import links_in
from tasks.model.release import Release, supplied
from tasks.runtime.errors import Problem
from tasks.translation import scripts

MOST = 8
"""Warnings of one text that a receipt names."""
AROUND = 30
"""Characters of the text that a warning shows on either side of a hole."""
LEAST_WORDS = 5
"""Words of a paragraph that is no caption or address."""
_SPACES = re.compile(r"(?<=[^\W\d_])[ \u00a0]{2,}(?=[^\W\d_])")
_BEFORE_MARK = re.compile(r"(?<=[^\W\d_]) +(?=[,.](?![\w.,]))")
_NOTHING_INSIDE = re.compile(r"(?<!\w)(?:\(\s*\)|“\s*”|«\s*»|„\s*“)")
_BEGINNING = re.compile(r"[\"'“‘«„(]?([^\W\d_]+)(?=[\s,])")
_PARTICLES = re.compile(
    r"[\"'“‘«„(]?(?:(?:von|van|de|del|della|da|di|dos|du|al|el|la|le|ter|der|den|bin|zu)\s){1,3}(\w)"
)
"""Small words with which a person's name may begin, and the letter behind them."""
_WHOLE_BEFORE = re.compile(r"^$|[.!?…][”\"’»)]*$")


def missing_words(release: Release) -> list[Problem]:
    """Places where words seem to be missing in the texts of a release."""
    names = [*release.protect, *([release.issuer.name] if release.issuer else [])]
    found: list[Problem] = []
    for language in (release.language, *release.translations):
        text = supplied(release, language)
        if text is not None and text.body_html:
            field = "body" if language == release.language else f"translations.{language}.body"
            found += few(holes(text.body_html, text.written_in, names), field)
    return found


def few(problems: Iterator[str], field: str) -> list[Problem]:
    """The first of these problems of one field, and how many there are more."""
    found = list(problems)
    more = [f"and {len(found) - MOST} warnings more"] if len(found) > MOST else []
    return [Problem(field, problem) for problem in found[:MOST] + more]


def holes(body: str, language: LanguageTag, names: Collection[str] = ()) -> Iterator[str]:
    """Each place of a clean body where words seem to be missing, as the end of a sentence about the body.

    `names`: what may begin a paragraph with a small letter (`adidas`).
    """
    for address, seen in links_in(body):
        if not seen:
            yield f"has a link without words, to {address[:200]}"
    before = ""
    for number, text in enumerate(_paragraphs(body), 1):
        name = f"paragraph {number}"
        if _begins_small(text, before, names):
            yield f"{name} begins in the middle of a sentence: {text.strip()[: 2 * AROUND]!r}; are words missing?"
        for pattern in (_SPACES, _BEFORE_MARK, _NOTHING_INSIDE, *_impossible(language)):
            if found := pattern.search(text):
                yield f"{name} seems to lack words: {_around(text, found)!r}"
                break
        before = text.strip()


def _paragraphs(body: str) -> Iterator[str]:
    """The text of each paragraph, white space as it stands; code is left out, and marked by a word."""
    root = lxml_html.fragment_fromstring(body, create_parent="div")
    for code in root.iter("code", "pre", "br", "img"):
        code.text, code[:] = " … ", []
    for paragraph in root.iter("p"):
        text = " ".join(line.strip(" \t\u00a0") for line in "".join(paragraph.itertext()).splitlines())
        if text.strip():
            yield text


def _begins_small(text: str, before: str, names: Collection[str]) -> bool:
    found = _BEGINNING.match(text.lstrip())
    if not found or len(scripts.words_in(text)) < LEAST_WORDS or not _WHOLE_BEFORE.search(before):
        return False
    first, named = found[1], _PARTICLES.match(text.lstrip())
    if named and named[1].isupper():  # `von der Leyen`
        return False
    return first.islower() and not any(name.casefold().startswith(first) for name in names)


def _around(text: str, found: re.Match[str]) -> str:
    start, end = max(0, found.start() - AROUND), found.end() + AROUND
    return f"{'…' if start else ''}{text[start:end].strip()}{'…' if end < len(text) else ''}"


@cache
def _impossible(language: LanguageTag) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in data_of(language).vocabulary.impossible)
