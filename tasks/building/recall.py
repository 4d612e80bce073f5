"""What translations draw on beside engines: the memory in the ledger, the house texts, and the glossary.

House texts are approved translations of each other by nature. They are read from their files and never stored, so
there is nothing to keep in step; an entry in the ledger that a person approved wins over them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from tasks.building.wire import configured_wire
from tasks.formatting import HouseTextMissing, Wire, house_text
from tasks.formatting.house import HouseText
from tasks.ledger import glossary_terms, memory_entries, read
from tasks.model.release import Release
from tasks.translation.alignment import lexicon
from tasks.translation.alignment.lexicon import Lexicon
from tasks.translation.alignment.links import Align
from tasks.translation.exchange import aligned_texts
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import packing
from tasks.translation.memory.entries import APPROVED
from tasks.translation.protection.glossary import Term, tags_for

_LEXICON_SECONDS = 3600.0
_lexicons: dict[tuple[str, str], tuple[float, Lexicon | None]] = {}
"""By source and target: until when it serves (seconds of the monotonic clock)."""
_NO_WORDS = re.compile(r"\{\w+\}|</?\d+>")
"""What stands in the form of a sentence in place of elements and figures."""
_OURS = ("disclaimer", "contact")
"""House texts that are whole sentences or headings by themselves."""


class Remembered:
    """The memory for translations: asks the ledger, in a short transaction for each question, then the house texts."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = pairs

    def recall(self, keys: Collection[str], maker: str) -> Mapping[str, str]:
        with read() as connection:
            found = memory_entries.recall(connection, keys, maker)
        if maker != APPROVED:
            return found
        wire = configured_wire()
        house = {
            key: known[key] for pair in self.pairs if (known := _house(*pair, wire)) for key in keys & known.keys()
        }
        return house | found


def memory_for(release: Release, language: str) -> Remembered:
    """The memory for a release that is to be translated from any of its texts into a language."""
    return Remembered([(text, language) for text in (release.language, *release.translations)])


def lexicon_for(pair: LanguagePair) -> Align | None:
    """What the memory teaches of which words of two languages stand for each other; None if it has too few sentences.

    Learnt in less than a second, and kept for an hour.
    """
    found = _lexicons.get((pair.source, pair.target))
    if found is None or found[0] < time.monotonic():
        with read() as connection:
            rows = memory_entries.examples(connection, pair.source, pair.target, at_most=lexicon.MOST)
        learnt = lexicon.learnt((_words_of_form(form), packing.words(packed)) for form, packed in rows)
        found = time.monotonic() + (_LEXICON_SECONDS if learnt else 0), learnt
        _lexicons[pair.source, pair.target] = found
    return found[1].links if found[1] else None


def _words_of_form(form: str) -> str:
    return _NO_WORDS.sub(" ", form)


def terms_for(release: Release, language: str) -> list[Term]:
    """The glossary terms for translating `release`, from any of its texts, into `language`."""
    sources = [tag for text in (release.language, *release.translations) for tag in tags_for(text)]
    with read() as connection:
        return [
            Term(**row._mapping)
            for row in glossary_terms.listed(connection, sources=sources, targets=tags_for(language))
        ]


@cache
def _house(source: str, target: str, wire: Wire) -> Mapping[str, str]:
    """{key: packed result} of the house texts of two languages; nothing for one that has none."""
    try:
        said, wanted = house_text(source), house_text(target)
    except HouseTextMissing:  # formatting says so, and holds what needs them
        return {}
    if said.language == wanted.language:
        return {}
    pair = LanguagePair.of(source, target)
    entries = (aligned_texts.entry(text, other, pair) for text, other in _alike(said, wanted, wire))
    return {entry.key: entry.target for entry in entries if entry}


def _alike(said: HouseText, wanted: HouseText, wire: Wire) -> Iterator[tuple[str, str]]:
    """The texts that say the same in both."""
    if said.texts.reach is None or wanted.texts.reach is None:
        wire = replace(wire, figures=None)
    both = [dict(_texts(house, wire)) for house in (said, wanted)]
    yield from ((text, both[1][name]) for name, text in both[0].items() if name in both[1])
    for name, role in said.texts.roles.items():  # `Head of communications`
        if role.capitalize() != role and name in wanted.texts.roles:
            yield role.capitalize(), wanted.texts.roles[name]


def _texts(house: HouseText, wire: Wire) -> Iterator[tuple[str, str]]:
    filled: dict[str, Any] = {"wire": wire.name, "url": wire.url}
    for name in _OURS:
        yield name, getattr(house.texts, name).format(**filled)
    yield "kill", house.texts.kill.format(**filled)
    yield "about", house.about_wire(wire)
    yield from house.texts.roles.items()
    yield from house.texts.topics.items()
