"""Which engines there are, and by which of them, and from which text, a release gets into a language.

A release in English with a supplied Indonesian text has a way to Malay, though no engine goes there from English.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from tasks.documents import DocumentRefused, Problem
from tasks.languages import locale_of
from tasks.release import Release
from tasks.translation.configuration import EngineDocument, read_configuration
from tasks.translation.engines import Engine, Pair

ENTRY_POINTS = "fanwire.engines"
_BUILT_IN = {
    "apertium": "apertium:Apertium",
    "opencc": "opencc:OpenCC",
    "ct2": "ct2:CT2",
    "apertium-apy": "apertium_apy:ApertiumAPy",
    "libretranslate": "libretranslate:LibreTranslate",
    "deepl": "deepl:DeepL",
    "google": "google:Google",
    "azure": "azure:Azure",
    "amazon": "amazon:Amazon",
    "openai": "openai:OpenAI",
}
"""Type of an engine to its file and class; imported only when the configuration names it."""


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
def engines(configuration: Path | None = None) -> dict[str, Engine]:
    """The engines of this process by name. They start nothing and send nothing before they are asked.

    Raises DocumentRefused for a configuration that names an engine there is not, or lacks what one needs.
    """
    found = read_configuration(configuration).engines
    return {name: make_engine(name, document) for name, document in found.items()}


def make_engine(name: str, document: EngineDocument) -> Engine:
    """One engine, of the type that its document (or else its name) says; raises DocumentRefused."""
    kind = document.type or name
    factory = _factory(kind)
    if factory is None:
        types = ", ".join(sorted({*_BUILT_IN, *(point.name for point in entry_points(group=ENTRY_POINTS))}))
        problem = Problem(f"engines.{name}.type", f"there is no engine {kind!r}; types are {types}")
        raise DocumentRefused("translation file", [problem])
    return factory(name, document)


def _factory(kind: str) -> Callable[[str, EngineDocument], Engine] | None:
    """What makes engines of a type: `factory(name, document)`. An entry point beats what ships."""
    for point in entry_points(group=ENTRY_POINTS, name=kind):
        found: Callable[[str, EngineDocument], Engine] = point.load()
        return found
    if kind not in _BUILT_IN:
        return None
    module, _, attribute = _BUILT_IN[kind].partition(":")
    shipped: Callable[[str, EngineDocument], Engine] = getattr(
        import_module(f"tasks.translation.engines.{module}"), attribute
    )
    return shipped


def routes(release: Release, language: str, among: Sequence[Engine]) -> list[Route]:
    """All ways to `language`, best first: by the order of the engines, fewest steps, the text the producer wrote."""
    found: list[tuple[int, int, bool, Route]] = []
    for source in (release.language, *release.translations):
        for order, engine in enumerate(among):
            pairs = engine.pairs()
            pair = next((pair for pair in _spellings(source, language) if pair in pairs), None)
            if pair:
                found.append((order, pairs[pair], source != release.language, Route(engine, source, pair, pairs[pair])))
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
