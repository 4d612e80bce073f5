"""The last step before a translation may go out: a second reader compares what engines made with its source.

Read is what an engine translated, and nothing else: not what people approved, not what needs no engine, no change of
script. What was read before, in an earlier version of the release or at an earlier try, is not read again, as long as
unit, translation and reader with its model are the same. A unit that the reader cannot judge waits for a person; a
reader that is away stops the translation until it is back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from tasks.translation import routing
from tasks.translation.bounds import Deadline
from tasks.translation.drafts import PERSON, EarlierUnit, SecondReader, UnitResult
from tasks.translation.engines import Engine, Judge, Pair
from tasks.translation.errors import EngineError, Retryable, Unsupported
from tasks.translation.language_pair import LanguagePair
from tasks.translation.meaning import back_translation, judging
from tasks.translation.meaning.faults import Fault, Reading, ToRead
from tasks.translation.memory import entries

_TRIED = 2
"""Units that are asked for alone; if that is in vain for all of them, the others of their request are given up too."""
Place = int
"""Of a unit among all."""


def read(
    results: Sequence[UnitResult],
    pair: LanguagePair,
    reader: SecondReader,
    earlier: Mapping[str, EarlierUnit],
    deadline: Deadline,
) -> tuple[list[UnitResult], EngineError | None]:
    """The results with what the reader found in each; and why, if it could not read all of them."""
    done = list(results)
    due = [] if pair.script_only else [place for place, result in enumerate(done) if _is_due(result)]
    if not due:
        return done, None
    if reader.engine is None:
        return done, Retryable(f"is left out: {reader.problem}")
    try:
        _read(done, due, pair, reader, reader.engine, earlier, deadline)
    except EngineError as stopped:
        return done, stopped
    return done, None


def _is_due(result: UnitResult) -> bool:
    return bool(result.text) and result.translator is not None and result.translator != PERSON


def _read(
    done: list[UnitResult],
    due: Sequence[Place],
    pair: LanguagePair,
    reader: SecondReader,
    engine: Engine,
    earlier: Mapping[str, EarlierUnit],
    deadline: Deadline,
) -> None:
    """Writes readings into `done`; raises EngineError where the reader could not go on."""
    judges = judges_by_itself(engine)
    problem = hinders(engine, pair, judges=judges)
    version = "" if problem else version_of(engine, pair, judges=judges)
    blank = Reading(reader=reader.name, version=version, wanted=reader.threshold, problem=problem)
    left: list[Place] = []
    for place in due:
        translator = done[place].translator
        if translator and translator.engine == reader.name:
            own = replace(blank, problem="it translated it itself")
            done[place] = replace(done[place], reading=own)
        elif known := None if problem else _known(done[place], pair, blank, earlier):
            done[place] = replace(done[place], reading=known)
        elif problem:
            done[place] = replace(done[place], reading=blank)
        else:
            left.append(place)
    questions = {place: _question(done, place) for place in left}
    for batch in _batches(questions, engine):
        for place, reading in _asked(batch, questions, pair, engine, blank, deadline, judges=judges):
            done[place] = replace(done[place], reading=reading)


def version_of(engine: Engine, pair: LanguagePair, *, judges: bool) -> str:
    """With which model a reader reads, and how; raises an EngineError."""
    if judges:
        return f"{engine.model(*_called(engine, pair))}, judged {judging.VERSION}"
    return back_translation.version(engine, pair)


def faults_of(
    engine: Engine, units: Sequence[ToRead], pair: LanguagePair, *, judges: bool
) -> Sequence[Sequence[Fault] | None]:
    """The faults that a reader finds in each unit, in order; None where it failed. Raises an EngineError."""
    if not judges:
        return back_translation.read(engine, units, pair)
    judge = cast("Judge", engine)
    return judge.judge(units, *_called(engine, pair))


def hinders(engine: Engine, pair: LanguagePair, *, judges: bool) -> str | None:
    """Why an engine cannot read translations between two languages; None if it can."""
    if not judges:
        return back_translation.hinders(engine, pair)
    return None if routing.pair_for(engine.pairs(), pair.source, pair.target) else f"it does not know {pair}"


def judges_by_itself(engine: Engine) -> bool:
    """Whether an engine judges translations, as a language model does; any other one translates them back."""
    return bool(getattr(engine, "judges", callable(getattr(engine, "judge", None))))


def _called(engine: Engine, pair: LanguagePair) -> Pair:
    """The two languages as the engine calls them."""
    if not (found := routing.pair_for(engine.pairs(), pair.source, pair.target)):
        raise Unsupported(f"{engine.name} does not know {pair}")
    return found


def _known(
    result: UnitResult, pair: LanguagePair, blank: Reading, earlier: Mapping[str, EarlierUnit]
) -> Reading | None:
    """What the same reader found in this translation of this unit before, by the threshold of today."""
    kept = entries.entry(result.unit.text, result.text, pair, "")
    before = earlier.get(kept.key) if kept else None
    reading = before.reading if kept and before and before.packed == kept.target else None
    if reading is None or reading.problem is not None or (reading.reader, reading.version) != _who(blank):
        return None
    return replace(reading, wanted=blank.wanted)


def _who(reading: Reading) -> tuple[str, str]:
    return reading.reader, reading.version


def _question(done: Sequence[UnitResult], place: Place) -> ToRead:
    before = judging.read_aloud(done[place - 1].unit.text, said=True) if place else ""
    return ToRead(source=done[place].unit.text, target=done[place].text, before=before)


def _batches(questions: Mapping[Place, ToRead], engine: Engine) -> Iterator[list[Place]]:
    """The units in as few requests as the engine takes."""

    def size(place: Place) -> int:
        asked = questions[place]
        return sum(len(judging.read_aloud(text)) for text in (asked.source, asked.target)) + len(asked.before)

    return engine.capabilities.batches(questions, size)


def _asked(
    batch: Sequence[Place],
    questions: Mapping[Place, ToRead],
    pair: LanguagePair,
    engine: Engine,
    blank: Reading,
    deadline: Deadline,
    *,
    judges: bool,
) -> Iterator[tuple[Place, Reading]]:
    """The readings of one request; where it was no use, of one request a unit, so that no unit spoils another."""
    deadline.check()
    try:
        found = faults_of(engine, [questions[place] for place in batch], pair, judges=judges)
    except Unsupported as error:
        if len(batch) == 1:
            yield batch[0], replace(blank, problem=str(error))
            return
        alone: list[Reading] = []
        for place in batch:
            if len(alone) == _TRIED and all(reading.problem for reading in alone):
                yield place, alone[-1]  # it is not the units
                continue
            for _, reading in _asked([place], questions, pair, engine, blank, deadline, judges=judges):
                alone.append(reading)
                yield place, reading
        return
    for place, faults in zip(batch, found, strict=True):
        read = replace(blank, faults=tuple(faults)) if faults is not None else None
        yield place, read or replace(blank, problem="nothing came back")
