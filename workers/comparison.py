"""Several engines side by side on the same text: what each makes of it, what the checks say, how long, at what cost.

Each goes the whole way of a text (tasks/translation/trial.py) within its limits and its budget; what is asked of it
counts as use.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.building.engine_meter import LedgerMeter
from tasks.model.languages import LanguageTag
from tasks.model.readers import MAX_RELEASE_BYTES, read_release
from tasks.model.release import Release
from tasks.runtime.settings import settings
from tasks.translation.configuration import EngineDocument, read_configuration
from tasks.translation.engine_support import registry
from tasks.translation.engine_support.metering import (
    CostCap,
    MemoryMeter,
    Meter,
    Metered,
    Permit,
    WaitBudget,
    cost_of,
)
from tasks.translation.engines import Engine
from tasks.translation.errors import EngineError, QuotaUsedUp, TranslationHeld, Unsupported
from tasks.translation.trial import UnitTrial, trial, trial_release
from workers import engines, home
from workers.engines import NotTestable

_DOCUMENTS = (b"{", b"---", b"<")
"""How a release document begins; anything else is a file of sentences."""


@dataclass(kw_only=True)
class Compared:
    """What one engine made of a text."""

    engine: str
    model: str | None = None
    units: list[UnitTrial] = field(default_factory=list)
    stopped: str | None = None
    """Why the engine did not get to the end."""
    seconds: float = 0
    characters: int = 0
    """That it was sent, as they are counted in budgets."""
    cost: float | None = None
    """By the price of the translation file, in its currency; None if that has no price."""

    @property
    def passed(self) -> int:
        """How many different units it made that passed all checks."""
        return len({unit.source for unit in self.units if unit.result is not None and not unit.looks_wrong})


@dataclass(kw_only=True)
class Comparison:
    """Several engines on the same text."""

    source: str
    target: str
    engines: list[Compared]
    cannot: dict[str, str]
    """Engines that were not asked, and why."""

    @property
    def sources(self) -> list[str]:
        """The units of the text, each once, in their order."""
        return list(dict.fromkeys(unit.source for one in self.engines for unit in one.units))

    def of(self, source: str) -> Iterator[tuple[str, UnitTrial | None]]:
        """What each engine made of a unit; None where it did not get to it."""
        for one in self.engines:
            yield one.engine, next((unit for unit in one.units if unit.source == source), None)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "source": self.source,
            "target": self.target,
            "engines": [
                {"engine": one.engine, "model": one.model, "passed": one.passed, "of": len(self.sources),
                 "stopped": one.stopped, "seconds": one.seconds, "characters": one.characters, "cost": one.cost}
                for one in self.engines
            ],
            "cannot": self.cannot,
            "units": [
                {"source": source,
                 "engines": {name: unit and {"result": unit.result, "problems": unit.problems}
                             for name, unit in self.of(source)}}
                for source in self.sources
            ],
        }  # fmt: skip


@dataclass(frozen=True)
class Material:
    """What is translated: a release, or sentences that were made one."""

    release: Release
    headline: bool
    """Whether it has a headline of its own."""


def read_material(content: bytes, language: str) -> Material:
    """A release document (JSON, Markdown or HTML with front matter), or sentences, one a line, in which `<a>…</a>` is a
    link. Raises DocumentRefused and NotTestable."""
    if content.lstrip().startswith(_DOCUMENTS):
        release = read_release(content)
        if not LanguageTag(release.language).same_language(LanguageTag(language)):
            raise NotTestable(f"the release is in {release.language}, and not in {language}")
        return Material(release, headline=True)
    if len(content) > MAX_RELEASE_BYTES:
        raise NotTestable(f"the file has {len(content):,} bytes; a release may have {MAX_RELEASE_BYTES:,}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotTestable("the file is no text in UTF-8") from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise NotTestable("the file has no sentence")
    try:
        return Material(trial_release(language, *lines), headline=False)
    except ValueError as error:
        raise NotTestable("the file has something that no release may have") from error


def compare(material: Material, target: str, names: Sequence[str] | None) -> Comparison:
    """Have engines translate the same text: those that are named, else all of the translation file that can. Raises
    NotTestable and DocumentRefused."""
    configuration = read_configuration(settings().translation_file)
    registered = registry.load_registry(settings().translation_file)
    source = material.release.language
    found = Comparison(source=source, target=target, engines=[], cannot={})
    for name in names or configuration.engines:
        document = engines.find(configuration, name)
        if name not in registered.engines:
            found.cannot[name] = f"is left out: {registered.left_out[name]}"
            continue
        try:
            found.engines.append(_compared(registered.engines[name], document, material, target))
        except NotTestable as error:
            found.cannot[name] = str(error)
    if not found.engines:
        reasons = "".join(f"; {name}: {reason}" for name, reason in found.cannot.items())
        raise NotTestable(f"no engine translates {source}→{target}{reasons}")
    return found


def _compared(unmetered: Engine, document: EngineDocument, material: Material, target: str) -> Compared:
    meter = _Counting(LedgerMeter() if home.ledger_is_there() else MemoryMeter())
    engine = Metered(unmetered, document, meter, cost_cap=CostCap(), wait_budget=WaitBudget())
    pair = engines.pair_of(engine, material.release.language, target)
    found = Compared(engine=engine.name)
    began = time.monotonic()
    try:
        languages = engines.languages_of(engine, material.release, target)
        found.model = engine.model(*pair)
        tried = trial(engine, pair, languages, material.release, headline=material.headline)
        found.units, found.stopped = tried.units, str(tried.stopped) if tried.stopped else None
    except (EngineError, TranslationHeld) as stopped:
        found.stopped = str(stopped)
    found.seconds = round(time.monotonic() - began, 3)
    found.characters = meter.characters
    found.cost = round(cost_of(document, meter.characters), 6) if document.price else None
    return found


class _Counting:
    """A meter that counts what is asked of one engine, beside the one that counts for all."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._asked = 0
        self.characters = 0

    def ask(self, name: str, document: EngineDocument, characters: int) -> Permit:
        """See Meter."""
        permit = self._meter.ask(name, document, characters)
        self._asked = characters
        self.characters += characters
        return permit

    def note(self, name: str, document: EngineDocument, permit: Permit, error: EngineError | None) -> None:
        """See Meter."""
        if isinstance(error, QuotaUsedUp | Unsupported):
            self.characters -= self._asked
        self._meter.note(name, document, permit, error)
