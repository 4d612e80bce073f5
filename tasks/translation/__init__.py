"""The translation room: one release in one more language, or the reason why not.

`draft` gives the producer's own text if there is one, else what memory and engines make of any text the release has.
Source text is never passed off as a translation, no part is ever missing, and every link stands around a text.

    translator.py     units through memory and engines
    fallbacks.py      a unit through one engine, ever more carefully
    configuration.py  what the operator says about engines and languages
    pieces.py         what a text is made of: words, inline elements, opaque pieces
    typography.py     sets a translated sentence as its language sets it
    segmentation/     from a body to units (sentences), and back
    protection/       what no engine may change: names, glossary terms, addresses, numbers
    figures/          what numbers, amounts and dates are worth, and how each language writes them
    memory/           what was translated before
    engines/          one file an engine; registry.py finds them, metering.py keeps their limits
    checks/           what stops a translation
    exchange/         TMX, CSV and XLIFF files
"""

from __future__ import annotations

from collections.abc import Sequence

from tasks.model.release import Release, Translation, supplied
from tasks.translation import bounds, translator
from tasks.translation.engines import Engine, registry
from tasks.translation.engines.registry import Route
from tasks.translation.errors import TranslationHeld
from tasks.translation.translator import Draft, Sources

__all__ = ["Draft", "Sources", "TranslationHeld", "draft", "translate"]


def draft(release: Release, language: str, sources: Sources) -> Draft:
    """The release in `language` (a normalised tag), with every unit of it; or the reasons why there is no translation.

    Engines that begin with the same text help each other out unit by unit; another text is only begun with if they
    could not. After `limits.SECONDS` it gives up, and what was done by then can be remembered.
    """
    given = supplied(release, language)
    if given:
        return Draft(given.language, language, translation=given)
    ways = registry.routes(release, language, sources.engines)
    starts = list(dict.fromkeys(map(_start, ways))) or [(release.language, False)]
    drafts: list[Draft] = []
    deadline = bounds.Deadline()
    for start in starts:
        if drafts and deadline.passed:
            break
        mine = [way for way in ways if _start(way) == start]
        drafts.append(translator.along(mine, release, start[0], language, sources, deadline))
        if drafts[-1].translation:
            return drafts[-1]
    best = min(drafts, key=lambda found: sum(done.open for done in found.units) if found.units else len(release.html))
    return Draft(
        best.source,
        language,
        best.units,
        reason="; then ".join(found.reason for found in drafts if found.reason),
        again=any(found.again for found in drafts),
    )


def _start(way: Route) -> tuple[str, bool]:
    """What engines must have in common to share units: the text, and whether names in it are opaque."""
    return way.source, way.engine.capabilities.script_only


def translate(release: Release, language: str, *, engines: Sequence[Engine] | None = None) -> Translation:
    """The release in `language` by these engines alone, without memory; raises TranslationHeld."""
    among = list(registry.engines().values()) if engines is None else engines
    found = draft(release, language, Sources(among))
    if found.translation is None:
        raise TranslationHeld(found.reason or "no reason is known", again=found.again)
    return found.translation
