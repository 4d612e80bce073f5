"""A whole text through one engine: blocks to runs to sentences, the ladder, and all of it together again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import html as lxml_html

from tasks.markup import clean_html, text_of
from tasks.release import Release, Translation, supplied
from tasks.translation import checks, ladder, limits, markup, masking, sentences
from tasks.translation.errors import TranslationHeld
from tasks.translation.ladder import Way
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


def along(route: Route, release: Release, language: str, deadline: limits.Deadline) -> Translation:
    """The translation into `language` that the route's engine makes; raises TranslationHeld, EngineError."""
    way = Way(route.engine, route.source, language, route.pair, deadline)
    try:
        return _along(way, release)
    except TranslationHeld as held:
        reason = f"{route.engine.name} {route.source}→{language}: {held.reason}"
        raise TranslationHeld(reason, again=held.again) from None


def _along(way: Way, release: Release) -> Translation:
    origin = supplied(release, way.source)
    assert origin is not None
    body = markup.read(origin.body_html, way.source)
    stretches = _stretches(origin, body, script_only=way.engine.capabilities.script_only)
    texts = _translated(_units(stretches, release, origin, way), stretches, way)
    try:
        body_html = clean_html(markup.write(body, texts, way.target))
    except ValueError as error:  # it grew beyond what a body may hold
        raise TranslationHeld(f"its body {error}") from None
    problem = checks.problem_in_body(origin.body_html, body_html)
    if problem:
        raise TranslationHeld(problem)
    return Translation(
        language=way.target,
        headline=shown(texts[_HEADLINE]),
        subheadline=shown(texts[_SUBHEADLINE]) if _SUBHEADLINE in texts else None,
        body_html=body_html,
        dateline_place=shown(texts[_PLACE]) if _PLACE in texts else origin.dateline_place,
        engine=way.engine.name,
        model=_model(way, release),
    )


def _stretches(origin: Translation, body: markup.Element, *, script_only: bool) -> dict[int, tuple[str, Text]]:
    """Name and text of everything to translate, by number."""
    found: dict[int, tuple[str, Text]] = {_HEADLINE: ("headline", (origin.headline,))}
    if origin.subheadline:
        found[_SUBHEADLINE] = ("subheadline", (origin.subheadline,))
    if origin.dateline_place and script_only:  # an engine might translate Reading, Nice or Mobile
        found[_PLACE] = ("dateline place", (origin.dateline_place,))
    for run in markup.runs_of(body):
        problem = limits.problem_in_run(run.text, len(run.inlines))
        if problem:
            raise TranslationHeld(f"{run.name}: {problem}")
        found[run.number] = (run.name, run.text)
    return found


def _units(stretches: dict[int, tuple[str, Text]], release: Release, origin: Translation, way: Way) -> list[_Unit]:
    """The sentences of every stretch; none for one that nobody sees."""
    text = f"{origin.headline}\n{text_of(lxml_html.fragment_fromstring(origin.body_html, create_parent='div'))}"
    within = "\n".join(piece for _, stretch in stretches.values() for piece in stretch if isinstance(piece, str))
    script_only = way.engine.capabilities.script_only
    rules = masking.rules_for(release, text, way.source, way.target, script_only=script_only, within=within)
    units: list[_Unit] = []
    for number, (name, stretch) in stretches.items():
        way.deadline.check()
        masked = masking.mask(stretch, rules)
        cut = sentences.split(masked, way.source) if strip(masked) else []
        for place, sentence in enumerate(cut, 1):
            called = name if len(cut) == 1 else f"{name}, sentence {place}"
            before, after = _white_space(sentence)
            units.append(_Unit(number, called, strip(sentence), before, after if strip(sentence) else ""))
    return units


def _white_space(sentence: Text) -> tuple[str, str]:
    first, last = sentence[0], sentence[-1]
    before = " " if isinstance(first, str) and first[:1].isspace() else ""
    after = " " if isinstance(last, str) and last[-1:].isspace() else ""
    return before, after


def _translated(units: Sequence[_Unit], stretches: dict[int, tuple[str, Text]], way: Way) -> dict[int, Text]:
    """The text of every stretch, one without units as it was.

    Raises TranslationHeld that names the first unit that failed, and how many did.
    """
    outcomes = ladder.translated(way, [unit.text for unit in units])
    failed = [(unit, outcome) for unit, outcome in zip(units, outcomes, strict=True) if outcome.problem]
    if failed:
        unit, outcome = failed[0]
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        raise TranslationHeld(f"{unit.name}: {outcome.problem}{more}")
    pieces: dict[int, list[Piece]] = {number: [] for number in stretches}
    for unit, outcome in zip(units, outcomes, strict=True):
        pieces[unit.stretch] += [unit.before, *outcome.text, unit.after]
    return {number: joined(parts) or stretches[number][1] for number, parts in pieces.items()}


def _model(way: Way, release: Release) -> str:
    """Packages and versions, and from which text if it was not the release's own."""
    model = way.engine.model(*way.pair)
    return model if way.source == release.language else f"{model} (from the supplied {way.source})"
