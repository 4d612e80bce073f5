"""A whole text in another language: from units to a draft, by memory and engines, and all of it together again.

Each unit goes this way until something sound is found: what a person approved · what an earlier version of the release
had · for each engine, the preferred one first: what it made before, and then the fallbacks (`fallbacks.py`). What no
engine can do soundly holds the whole translation; what was done so far is kept, so that nothing is asked for twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tasks.model.markup import clean_html
from tasks.model.release import Release, Translation, supplied
from tasks.translation import bounds, checks, fallbacks
from tasks.translation.engines import Engine
from tasks.translation.engines.registry import Route
from tasks.translation.errors import EngineError, QuotaUsedUp, Retryable, TranslationHeld
from tasks.translation.fallbacks import Strategy
from tasks.translation.memory import entries as memory
from tasks.translation.memory.entries import APPROVED, Entry, Memory, NoMemory
from tasks.translation.pieces import Piece, Text, joined, shown
from tasks.translation.protection import glossary
from tasks.translation.protection.glossary import Term
from tasks.translation.segmentation import runs, units
from tasks.translation.segmentation.units import HEADLINE, PLACE, SUBHEADLINE, Unit


@dataclass(frozen=True)
class Maker:
    """Who made a unit: an engine with its model, or people."""

    engine: str
    model: str = ""

    def __str__(self) -> str:
        return f"{self.engine} {self.model}".strip()


PERSON = Maker(APPROVED)


@dataclass(frozen=True)
class Done:
    """What became of a unit."""

    unit: Unit
    result: Text = ()
    """Empty while there is none that could be published."""
    maker: Maker | None = None
    """None: it needed nobody, or nobody has made it."""
    fresh: bool = False
    """An engine was asked for it just now, for it alone; else it was remembered, or belongs to this release only."""
    problem: str | None = None
    """What stopped it."""

    @property
    def open(self) -> bool:
        return not self.result and bool(self.unit.text)


@dataclass(frozen=True)
class Draft:
    """What came of a text: a translation, or the reason why there is none; and every unit of it."""

    source: str
    """Language of the text it was made from."""
    target: str
    units: tuple[Done, ...] = ()
    translation: Translation | None = None
    reason: str | None = None
    again: bool = False
    """Whether time may mend it: an engine was away."""

    def learned(self) -> list[Entry]:
        """What the memory should keep: everything that an engine has just made."""
        fresh = (done for done in self.units if done.fresh and done.result and done.maker)
        entries = (
            memory.entry(done.unit.text, done.result, self.source, self.target, str(done.maker)) for done in fresh
        )
        return [entry for entry in entries if entry]


@dataclass(frozen=True)
class Earlier:
    """A unit of an earlier version of the release, as it was published or approved."""

    packed: str
    maker: Maker


@dataclass(frozen=True)
class Sources:
    """What a translation may draw on beside the release."""

    engines: Sequence[Engine]
    """The preferred one first."""
    memory: Memory = field(default_factory=NoMemory)
    earlier: Mapping[str, Earlier] = field(default_factory=dict)
    """By key: so that a correction leaves alone what did not change."""
    terms: Sequence[Term] = ()
    """The glossary; those for other languages do no harm."""


def along(
    routes: Sequence[Route], release: Release, source: str, target: str, sources: Sources, deadline: bounds.Deadline
) -> Draft:
    """A draft in `target` of the text in `source`, by engines that all begin with that text."""
    try:
        return _Work(routes, release, source, target, sources, deadline).draft()
    except TranslationHeld as held:
        return Draft(source, target, reason=_said(routes, source, target, held.reason), again=held.again)
    except Retryable as error:
        return Draft(source, target, reason=_said(routes, source, target, str(error)), again=True)


def _said(routes: Sequence[Route], source: str, target: str, reason: str) -> str:
    return f"{routes[0].engine.name} {source}→{target}: {reason}" if routes else f"{source}→{target}: {reason}"


class _Work:
    """One text on its way through memory and engines."""

    def __init__(
        self,
        routes: Sequence[Route],
        release: Release,
        source: str,
        target: str,
        sources: Sources,
        deadline: bounds.Deadline,
    ):
        self.routes, self.release, self.source, self.target, self.sources = routes, release, source, target, sources
        self.deadline = deadline
        origin = supplied(release, source)
        assert origin is not None
        self.origin = origin
        script_only = bool(routes) and routes[0].engine.capabilities.script_only
        self.body = runs.read(origin.body_html, source)
        self.stretches = units.stretches_of(origin, self.body, script_only=script_only)
        self.terms = glossary.applicable(sources.terms, source, target)
        hidden = units.masked(
            self.stretches, release, origin, target, self.deadline, script_only=script_only, terms=self.terms
        )
        whole = sources.memory.recall(units.keys_of(hidden, source, target), APPROVED)
        self.done = [
            Done(unit, fallbacks.without_engine(unit.text, source, target, script_only=script_only))
            for unit in units.cut(hidden, source, target, whole)
        ]
        self.failures: list[str] = []
        self.again = False

    def draft(self) -> Draft:
        self.from_people()
        self.from_earlier()
        for route in self.routes:
            if self.open() and not (self.failures and self.deadline.passed):
                self.by_engine(route)
        if not self.open():
            return self.whole()
        reason = "; then ".join(self.failures)
        if not self.routes:
            reason = f"no engine for {self.source}→{self.target}; supply a translation"
        return Draft(self.source, self.target, tuple(self.done), reason=reason, again=self.again)

    def open(self) -> list[int]:
        return [index for index, done in enumerate(self.done) if done.open]

    def from_people(self) -> None:
        """Approved entries: a person's word is not held against checks of numbers and names, only of structure."""
        found = self.sources.memory.recall({key for done in self.done for key in done.unit.keys}, APPROVED)
        self.recalled(found, PERSON, structure_only=True)

    def from_earlier(self) -> None:
        for maker in {earlier.maker for earlier in self.sources.earlier.values()}:
            found = {key: entry.packed for key, entry in self.sources.earlier.items() if entry.maker == maker}
            self.recalled(found, maker, structure_only=maker == PERSON)

    def by_engine(self, route: Route) -> None:
        """All open units to one engine; what it leaves open stays for the next one."""
        try:
            maker = Maker(route.engine.name, route.engine.model(*route.pair))
            open_keys = {key for index in self.open() for key in self.done[index].unit.keys}
            self.recalled(self.sources.memory.recall(open_keys, str(maker)), maker)
        except EngineError as error:
            self.failed(route, str(error), error)
            return
        asked = self.open()
        way = Strategy(route.engine, self.source, self.target, route.pair, self.deadline, self.terms)
        result = fallbacks.translated(way, [self.done[index].unit.text for index in asked])
        for index, outcome in zip(asked, result.outcomes, strict=True):
            unit = self.done[index].unit
            if outcome is not None and not outcome.problem:
                alone = not route.engine.capabilities.together
                self.done[index] = Done(unit, outcome.text, maker, fresh=alone)
            elif outcome is not None or result.stopped is not None:
                problem = outcome.problem if outcome is not None else str(result.stopped)
                self.done[index] = Done(unit, maker=maker, problem=problem)
        if result.stopped is not None:
            self.failed(route, str(result.stopped), result.stopped)
        elif left := [self.done[index] for index in self.open()]:
            more = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
            self.failed(route, f"{left[0].unit.name}: {left[0].problem}{more}")

    def recalled(self, found: Mapping[str, str], maker: Maker, *, structure_only: bool = False) -> None:
        """Close the open units that are among `found`, if what is kept fits them."""
        for index in self.open() if found else ():
            unit = self.done[index].unit
            result = memory.first_that_fits(unit.text, unit.keys, found)
            if not result:
                continue
            problem = (
                checks.problem_with_structure(unit.text, result)
                if structure_only
                else checks.problem_with(unit.text, result, self.source, self.target)
            )
            if problem is None and glossary.problem(result, self.terms) is None:
                self.done[index] = Done(unit, result, maker)

    def failed(self, route: Route, reason: str, error: EngineError | None = None) -> None:
        self.failures.append(f"{route.engine.name} {self.source}→{self.target}: {reason}")
        self.again = self.again or isinstance(error, Retryable | QuotaUsedUp)

    def whole(self) -> Draft:
        """All units together again."""
        pieces: dict[int, list[Piece]] = {number: [] for number in self.stretches}
        for done in self.done:
            pieces[done.unit.stretch] += [done.unit.before, *done.result, done.unit.after]
        texts = {number: joined(parts) or self.stretches[number].text for number, parts in pieces.items()}
        problem = None
        try:
            body_html = clean_html(runs.write(self.body, texts, self.target))
            problem = checks.problem_in_body(self.origin.body_html, body_html)
        except ValueError as error:  # it grew beyond what a body may hold
            problem = f"its body {error}"
        if problem:
            reason = _said(self.routes, self.source, self.target, problem)
            return Draft(self.source, self.target, tuple(self.done), reason=reason)
        engine, model, status = self.provenance()
        translation = Translation(
            language=self.target,
            headline=shown(texts[HEADLINE]),
            subheadline=shown(texts[SUBHEADLINE]) if SUBHEADLINE in texts else None,
            body_html=body_html,
            dateline_place=shown(texts[PLACE]) if PLACE in texts else self.origin.dateline_place,
            engine=engine,
            model=model,
            source=self.source,
            status=status,
        )
        return Draft(self.source, self.target, tuple(self.done), translation)

    def provenance(self) -> tuple[str, str | None, Literal["checked", "approved"]]:
        """Engines, models and status; by whom most was made comes first."""
        makers = [done.maker for done in self.done if done.maker]
        machines = sorted({m for m in makers if m != PERSON}, key=lambda maker: (-makers.count(maker), str(maker)))
        if not machines:
            return "memory", None, "approved" if makers else "checked"
        model = "; ".join(dict.fromkeys(maker.model for maker in machines if maker.model))
        return "+".join(dict.fromkeys(maker.engine for maker in machines)), model or None, "checked"
