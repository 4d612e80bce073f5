"""Which engine makes a translation, and from which of the texts that a release has.

A release in English with a supplied Indonesian text has a way to Malay, though no engine goes there from English.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from tasks.languages import locale_of
from tasks.release import Release
from tasks.translation.engines import Engine, Pair
from tasks.translation.engines.apertium import Apertium
from tasks.translation.engines.opencc import OpenCC


@dataclass(frozen=True)
class Route:
    """One way to a translation."""

    engine: Engine
    source: str
    """Language of the text to begin with: the release's own or a supplied one."""
    pair: Pair
    """What the engine calls the two languages."""
    steps: int


@cache
def engines() -> tuple[Engine, ...]:
    """The engines of this process, the preferred ones first. They start nothing before they are asked."""
    return (OpenCC(), Apertium())


def routes(release: Release, language: str, among: Sequence[Engine]) -> list[Route]:
    """All ways to `language`, best first: fewest steps, then from the text the producer wrote, then by engine."""
    found: list[tuple[int, bool, int, Route]] = []
    for source in (release.language, *release.translations):
        for order, engine in enumerate(among):
            pairs = engine.pairs()
            pair = next((pair for pair in _spellings(source, language) if pair in pairs), None)
            if pair:
                found.append((pairs[pair], source != release.language, order, Route(engine, source, pair, pairs[pair])))
    return [route for *_, route in sorted(found, key=lambda entry: entry[:3])]


def _spellings(source: str, target: str) -> Iterator[Pair]:
    """The pair as it stands, then with less said on either side: `en-GB` is `en` to an engine that knows no more."""
    for wanted in _less_and_less(target):
        for given in _less_and_less(source):
            yield given, wanted


def _less_and_less(tag: str) -> list[str]:
    locale = locale_of(tag)
    language = locale.language
    if language == "zh":  # without a script the territory says it
        script = locale.script or ("Hant" if locale.territory in ("TW", "HK", "MO") else "Hans")
        language = f"zh-{script}"
    return [tag] + [f"{language}-{locale.territory}"] * bool(locale.territory) + [language]
