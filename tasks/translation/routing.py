"""Which engines can translate a release into a language, and from which of its texts.

A release in English that comes with an Indonesian text can be translated into Malay from that one, though no engine
translates from English into Malay.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tasks.model.languages import LanguageTag
from tasks.model.release import Release
from tasks.translation.engines import Engine, Pair
from tasks.translation.grades import PUBLISH, Grade
from tasks.translation.language_pair import LanguagePair


@dataclass(frozen=True)
class Route:
    """An engine that can translate one text of a release into the wanted language."""

    engine: Engine
    source: str
    """Language of the text to start from: the release's own or a supplied one."""
    pair: Pair
    """The two languages as the engine calls them."""
    steps: int
    """Translations on the way: 2 where the engine goes by way of a third language."""
    grade: Grade
    """What its output is for."""


@dataclass(frozen=True)
class Start:
    """A text to start from, and the engines that can, the preferred one first; they help each other out by units."""

    pair: LanguagePair
    routes: tuple[Route, ...] = ()

    @property
    def publishes(self) -> bool:
        """Whether one of these engines makes text that may go out as it is."""
        return any(route.grade == PUBLISH for route in self.routes)


def starts(release: Release, language: str, engines: Sequence[Engine]) -> list[Start]:
    """The texts to start from, the best one first; the release's own text without engines if there is no route at all.

    Engines that only change the script need names unprotected, so they do not share a start with others.
    """
    found: dict[LanguagePair, list[Route]] = {}
    for route in routes(release, language, engines):
        pair = LanguagePair.of(route.source, language, script_only=route.engine.capabilities.script_only)
        found.setdefault(pair, []).append(route)
    found = found or {LanguagePair.of(release.language, language): []}
    return [Start(pair, tuple(some)) for pair, some in found.items()]


def routes(release: Release, language: str, engines: Sequence[Engine]) -> list[Route]:
    """All routes to `language`, best first: those of grade publish, by the order of the engines, fewest steps, the text
    the producer wrote.

    So an engine of grade draft is asked only for what none of grade publish can do, whatever the order of the file.
    """
    found: list[tuple[bool, int, int, bool, Route]] = []
    for source in (release.language, *release.translations):
        for order, engine in enumerate(engines):
            pairs = engine.pairs()
            pair = pair_for(pairs, source, language)
            if pair:
                grade = engine.capabilities.grade_of(source, language)
                route = Route(engine, source, pair, pairs[pair], grade)
                found.append((grade != PUBLISH, order, route.steps, source != release.language, route))
    return [route for *_, route in sorted(found, key=lambda entry: entry[:4])]


def pair_for(pairs: Collection[Pair], source: str, target: str) -> Pair | None:
    """What an engine with these pairs calls the two languages; None if it cannot translate between them."""
    targets, sources = {other for _, other in pairs}, {one for one, _ in pairs}
    near = ((one, other) for other in _near(target, targets) for one in _near(source, sources))
    return next((pair for pair in near if pair in pairs), None)


def reaches(pairs: Iterable[Pair], language: str) -> bool:
    """Whether one of these pairs leads to a language."""
    return bool(_near(language, {target for _, target in pairs}))


def _near(language: str, known: Iterable[str]) -> tuple[str, ...]:
    """What an engine may call a language: `en-GB` is `en` to one that knows no more, and `en` is `en-GB`."""
    return LanguageTag(language).by_nearness(sorted(known))
