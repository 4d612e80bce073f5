"""What a translation is made from, and what comes of it, unit by unit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tasks.model.release import Translation
from tasks.runtime.time_source import TimeSource
from tasks.translation.alignment.links import Align
from tasks.translation.checks.problem import Problem
from tasks.translation.engines import Engine
from tasks.translation.errors import EngineError
from tasks.translation.grades import DRAFT, Grade
from tasks.translation.language_pair import LanguagePair
from tasks.translation.meaning.faults import Reading
from tasks.translation.memory import entries
from tasks.translation.memory.entries import APPROVED, Entry, Memory, NoMemory
from tasks.translation.pieces import Text
from tasks.translation.protection.glossary import Term
from tasks.translation.routing import pair_for
from tasks.translation.segmentation.units import Unit


@dataclass(frozen=True)
class Translator:
    """Who translated a unit: an engine with its model, or a person."""

    engine: str
    """Name of the engine; `approved` stands for a person."""
    model: str = ""

    def __str__(self) -> str:
        return f"{self.engine} {self.model}".strip()


_DOUBT_SHOWN = 300
"""Characters of a doubt in the reason of a whole translation; all of it stands at its sentence."""
PERSON = Translator(APPROVED)


@dataclass(frozen=True, kw_only=True)
class SecondReader:
    """Who compares what engines made with its source."""

    name: str
    """In the translation file."""
    threshold: int
    """The score that a unit needs."""
    engine: Engine | None
    """Within its limits; None if it was left out."""
    problem: str | None = None
    """Why it was left out."""


@dataclass(frozen=True)
class EarlierUnit:
    """The translation of a unit in an earlier version of the release, or in an earlier try at this one."""

    packed: str
    """As the memory keeps it (`memory.packing.unpack`)."""
    translator: Translator
    reading: Reading | None = None
    """What the second reader found in it."""
    doubtful: bool = False
    drafted: bool = False
    """See UnitResult for both."""


def _no_lexicon(_: LanguagePair) -> Align | None:
    return None


@dataclass(frozen=True)
class Resources:
    """What a translation may draw on beside the release itself."""

    engines: Sequence[Engine]
    """The preferred one first."""
    memory: Memory = field(default_factory=NoMemory)
    earlier: Mapping[str, EarlierUnit] = field(default_factory=dict)
    """The units of an earlier version, or of an earlier try at this one, by memory key: what a correction left alone
    stays as it was, and a second try asks engines for nothing twice."""
    terms: Sequence[Term] = ()
    """The glossary. Terms of other languages are ignored."""
    lexicon: Callable[[LanguagePair], Align | None] = _no_lexicon
    """What finds the words of a sentence in its translation, for engines that do not say where theirs went; None where
    nothing is known of the two languages."""
    near: Sequence[str] = ()
    """The languages in which the memory has what people approved: other variants of the target language serve too."""
    second_reader: SecondReader | None = None
    """Who compares what engines made with its source."""
    time_source: TimeSource = time
    """By which a translation gives up in time."""

    def grade_of(self, translator: Translator, pair: LanguagePair, *, drafted: bool) -> Grade:
        """What a translation is for, as the translation file says now; one by an engine that is no longer there is a
        draft. What was `drafted` by another model than the engine of this name has today stays a draft."""
        engine = next((one for one in self.engines if one.name == translator.engine), None)
        if engine is None or (drafted and _model_of(engine, pair) != translator.model):
            return DRAFT
        return engine.capabilities.grade_of(pair.source, pair.target)


def _model_of(engine: Engine, pair: LanguagePair) -> str | None:
    """The model that an engine has for a pair now; None if it has none, or does not say."""
    called = pair_for(engine.pairs(), pair.source, pair.target)
    try:
        return engine.model(*called) if called else None
    except EngineError:
        return None


@dataclass(frozen=True)
class RefusedDraft:
    """What an engine made of a unit, and the checks found something in. It goes nowhere before a person has read it."""

    text: Text
    translator: Translator
    faults: tuple[Problem, ...]
    """Everything that the checks found in it."""


@dataclass(frozen=True, kw_only=True)
class UnitResult:
    """How far the translation of a unit is."""

    unit: Unit
    text: Text = ()
    """The translation; empty while there is none that may be published."""
    translator: Translator | None = None
    """None: the unit has no words to translate, or nobody has translated it yet."""
    remember: bool = False
    """Whether the memory should learn it: an engine translated it just now, and read no other unit with it."""
    problem: str | None = None
    """Why there is no translation: what the last engine that was asked did wrong; or what looks wrong in a draft."""
    doubtful: bool = False
    """Whether an engine made it in a text of which so many sentences looked wrong that none of it goes out before a
    person has read it (doubtful_texts.py)."""
    drafted: bool = False
    """Whether the engine that made it was of grade draft then."""
    refused: RefusedDraft | None = None
    """What the first engine that answered made of a unit, and the checks found something in."""
    reading: Reading | None = None
    """What the second reader found in the translation; None: nobody has read it."""

    @property
    def doubt(self) -> str | None:
        """Why the translation waits for a person although it passed the checks: what the second reader says of it."""
        return self.reading.doubt if self.reading else None

    @property
    def open(self) -> bool:
        """Whether the unit still needs a translation."""
        return not self.text and bool(self.unit.text)


def draft_waits(engines: Sequence[str]) -> str:
    """Say what a draft by these engines waits for."""
    return f"a draft by {' and '.join(engines)} waits for an editor"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A translation with all its units, or the reason why there is none and how far the units are."""

    source: str
    """Language of the text it was made from."""
    target: str
    """Language of the translation."""
    units: tuple[UnitResult, ...] = ()
    translation: Translation | None = None
    reason: str | None = None
    """Why there is no translation, for people."""
    again: bool = False
    """Whether trying again later may help: an engine was away, or the time was up."""
    drafted_by: tuple[str, ...] = ()
    """The engines of grade draft that made units of `translation`: a person must approve it before it goes out."""
    doubts: tuple[str, ...] = ()
    """What was found of engines that made units of `translation`, and of which too many sentences looked wrong: a
    person must approve it before it goes out."""
    no_engine: bool = False
    """Whether no engine makes the pair, so that only another translation file, memory or release can help."""

    @property
    def waits_for(self) -> str | None:
        """What a translation that is there waits for, in words; None if it may go out."""
        doubted = [unit for unit in self.units if unit.doubt] if self.translation else []
        looks_wrong = "; ".join(self.doubts)
        whys = [f"{looks_wrong}; an editor must look"] if looks_wrong else []
        if self.drafted_by:
            whys = [f"{draft_waits(self.drafted_by)}: {looks_wrong}" if looks_wrong else draft_waits(self.drafted_by)]
        if doubted:
            more = f" (and {len(doubted) - 1} more)" if len(doubted) > 1 else ""
            doubt = doubted[0].doubt or ""
            doubt = doubt if len(doubt) <= _DOUBT_SHOWN else doubt[:_DOUBT_SHOWN] + "…"
            whys.append(f"a doubted sentence waits for an editor: {doubted[0].unit.name}: {doubt}{more}")
        return "; ".join(whys) or None

    def learned(self) -> list[Entry]:
        """Entries for the memory: of every unit that an engine has just translated by itself."""
        new = (result for result in self.units if result.remember and result.text and result.translator)
        pair = LanguagePair.of(self.source, self.target)
        found = (entries.entry(result.unit.text, result.text, pair, str(result.translator)) for result in new)
        return [entry for entry in found if entry]
