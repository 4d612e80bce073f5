"""A whole text through one engine: blocks to runs to sentences, the ladder, and all of it together again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import html as lxml_html

from tasks.markup import clean_html, text_of
from tasks.release import Release, Translation, supplied
from tasks.translation import checks, ladder, markup, masking, sentences
from tasks.translation.errors import TranslationHeld
from tasks.translation.pieces import Piece, Text, joined, shown, strip
from tasks.translation.router import Route


@dataclass(frozen=True)
class _Unit:
    """One sentence on its way: which stretch of text it is part of, and what people call it."""

    stretch: int
    name: str
    text: Text
    before: str
    """White space that stood around it and is no part of a unit."""
    after: str


_HEADLINE, _SUBHEADLINE, _PLACE = -1, -2, -3
"""Numbers of the stretches that are not in the body; those in the body have the numbers of their runs."""


def along(route: Route, release: Release, language: str) -> Translation:
    """The translation into `language` that the route's engine makes; raises TranslationHeld, EngineError."""
    origin = supplied(release, route.source)
    assert origin is not None
    body = markup.read(origin.body_html, route.source)
    stretches = _stretches(origin, body, script_only=route.engine.capabilities.script_only)
    units = _units(stretches, release, origin, route, language)
    texts = _translated(units, stretches, route, language)
    body_html = clean_html(markup.write(body, texts, language))
    problem = checks.problem_in_body(origin.body_html, body_html)
    if problem:
        raise TranslationHeld(f"{route.engine.name} {route.source}→{language}: {problem}")
    return Translation(
        language=language,
        headline=shown(texts[_HEADLINE]),
        subheadline=shown(texts[_SUBHEADLINE]) if _SUBHEADLINE in texts else None,
        body_html=body_html,
        dateline_place=shown(texts[_PLACE]) if _PLACE in texts else origin.dateline_place,
        engine=route.engine.name,
        model=_model(route, release),
    )


def _stretches(origin: Translation, body: markup.Element, *, script_only: bool) -> dict[int, tuple[str, Text]]:
    """Name and text of everything to translate, by number."""
    found: dict[int, tuple[str, Text]] = {_HEADLINE: ("headline", (origin.headline,))}
    if origin.subheadline:
        found[_SUBHEADLINE] = ("subheadline", (origin.subheadline,))
    if origin.dateline_place and script_only:  # an engine might translate Reading, Nice or Mobile
        found[_PLACE] = ("dateline place", (origin.dateline_place,))
    return found | {run.number: (run.name, run.text) for run in markup.runs_of(body)}


def _units(
    stretches: dict[int, tuple[str, Text]], release: Release, origin: Translation, route: Route, language: str
) -> list[_Unit]:
    text = f"{origin.headline}\n{text_of(lxml_html.fragment_fromstring(origin.body_html, create_parent='div'))}"
    script_only = route.engine.capabilities.script_only
    rules = masking.rules_for(release, text, route.source, language, script_only=script_only)
    units: list[_Unit] = []
    for number, (name, stretch) in stretches.items():
        cut = sentences.split(masking.mask(stretch, rules), route.source)
        for place, sentence in enumerate(cut, 1):
            called = name if len(cut) == 1 else f"{name}, sentence {place}"
            before, after = _white_space(sentence)
            units.append(_Unit(number, called, strip(sentence), before, after))
    return units


def _white_space(sentence: Text) -> tuple[str, str]:
    first, last = sentence[0], sentence[-1]
    before = " " if isinstance(first, str) and first[:1].isspace() else ""
    after = " " if isinstance(last, str) and last[-1:].isspace() else ""
    return before, after


def _translated(
    units: Sequence[_Unit], stretches: dict[int, tuple[str, Text]], route: Route, language: str
) -> dict[int, Text]:
    """The text of every stretch; raises TranslationHeld that names the first unit that failed, and how many did."""
    outcomes = ladder.translated(route.engine, [unit.text for unit in units], route.source, language, route.pair)
    failed = [(unit, outcome) for unit, outcome in zip(units, outcomes, strict=True) if outcome.problem]
    if failed:
        unit, outcome = failed[0]
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        raise TranslationHeld(f"{route.engine.name} {route.source}→{language}: {unit.name}: {outcome.problem}{more}")
    pieces: dict[int, list[Piece]] = {number: [] for number in stretches}
    for unit, outcome in zip(units, outcomes, strict=True):
        pieces[unit.stretch] += [unit.before, *outcome.text, unit.after]
    return {number: joined(parts) for number, parts in pieces.items()}


def _model(route: Route, release: Release) -> str:
    """Packages and versions, and from which text if it was not the release's own."""
    model = route.engine.model(*route.pair)
    return model if route.source == release.language else f"{model} (from the supplied {route.source})"
