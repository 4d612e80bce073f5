"""From units to checked translations by one engine, down a ladder: what fails a check is tried again, more carefully.

1. The engine gets the unit with its inline elements and puts them where they belong.
2. It gets the unit with a placeholder for every inline element and every number; what stood in an element is
   translated alone and put into its place.
3. The same with elements of a single word stretched over the next word, where that gives it something to say.

What fails on the last step goes to the next engine (`translator.py`), and stays failed after the last one, with the
reason; nothing half right is given out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks.translation import checks, typography
from tasks.translation.bounds import Deadline
from tasks.translation.engines import Engine, Pair
from tasks.translation.errors import EngineError, Fatal
from tasks.translation.figures import numerals
from tasks.translation.pieces import (
    Close,
    Opaque,
    Open,
    Piece,
    Text,
    has_letters,
    joined,
    shown,
    spans,
    strip,
    words_of,
)
from tasks.translation.protection import glossary, masking
from tasks.translation.protection.glossary import Term

_STANDS_FOR = 1_000_000
"""Added to an element's id to make that of the placeholder which stands for the whole element."""
Numbered = Sequence[tuple[int, Text]]


@dataclass(frozen=True)
class Strategy:
    """Who translates, between what, and until when."""

    engine: Engine
    source: str
    """Tag of the texts that are to be translated."""
    target: str
    pair: Pair
    """What the engine calls the two."""
    deadline: Deadline
    terms: Sequence[Term] = ()
    """Of the glossary, for this pair."""


@dataclass(frozen=True)
class Outcome:
    """What became of a unit: its translation, or an empty text and the problem that stopped it."""

    text: Text
    problem: str | None = None


@dataclass
class FallbackResult:
    """How far an engine got: the outcome of each unit, None where it was not asked, and what stopped it."""

    outcomes: list[Outcome | None]
    stopped: EngineError | None = None


def translated(way: Strategy, units: Sequence[Text]) -> FallbackResult:
    """The outcome of each unit, in order. An engine that fails on the way leaves what it has done so far."""
    result = FallbackResult([None] * len(units))
    try:
        _fall_back(way, units, result.outcomes)
    except EngineError as error:
        result.stopped = error
    return result


def _fall_back(way: Strategy, units: Sequence[Text], outcomes: list[Outcome | None]) -> None:
    """Fills `outcomes` as far as it gets; raises EngineError."""
    for index, unit in enumerate(units):
        text = without_engine(unit, way.source, way.target, script_only=way.engine.capabilities.script_only)
        outcomes[index] = Outcome(text) if text else None
    for step in (_as_they_are, _with_placeholders, _with_wider_elements):
        open_ones = [index for index, outcome in enumerate(outcomes) if outcome is None or outcome.problem]
        for index, found in step(way, [(index, units[index]) for index in open_ones]):
            outcomes[index] = found
    for index, outcome in enumerate(outcomes):
        if outcome is None:
            outcomes[index] = Outcome((), "no engine can take its inline elements")


def _asked(way: Strategy, units: Sequence[Text]) -> Iterator[Text]:
    """The engine's answers, as many at a time as it takes, so that the deadline is looked at often enough."""
    most = way.engine.capabilities
    batch: list[Text] = []
    size = 0
    for unit in units:
        length = sum(len(piece) for piece in unit if isinstance(piece, str))
        if batch and (size + length > most.characters or len(batch) == most.units):
            way.deadline.check()
            yield from _answers(way, batch)
            batch, size = [], 0
        batch.append(unit)
        size += length
    way.deadline.check()
    if batch:
        yield from _answers(way, batch)


def _answers(way: Strategy, batch: list[Text]) -> list[Text]:
    answers = way.engine.translate(batch, *way.pair)
    if len(answers) != len(batch):
        raise Fatal(f"gave {len(answers)} answers to {len(batch)} units")
    return answers


def without_engine(unit: Text, source: str, target: str, *, script_only: bool) -> Text:
    """The unit itself, its numbers rewritten, if there is not a word in it to translate; else an empty text."""
    if has_letters(unit):
        return ()
    return unit if script_only else _finished(source, target, unit, unit)


def _as_they_are(way: Strategy, units: Numbered) -> Iterator[tuple[int, Outcome]]:
    able = {"native": (), "placeholder": (Open,), "none": (Open, Opaque)}[way.engine.capabilities.inline]
    sent = [(index, unit) for index, unit in units if not any(isinstance(piece, able) for piece in unit)]
    for (index, unit), result in zip(sent, _asked(way, [unit for _, unit in sent]), strict=True):
        yield index, _checked(way, unit, result)


def _with_placeholders(way: Strategy, units: Numbered) -> Iterator[tuple[int, Outcome]]:
    if way.engine.capabilities.inline == "none":
        return
    rules = [] if way.engine.capabilities.script_only else [masking.number_rule(way.source, way.target)]
    careful = [(index, masking.mask(unit, rules)) for index, unit in units]
    skeletons = {index: _skeleton(unit) for index, unit in careful}
    answers = _asked(way, [skeletons[index] for index, _ in careful if has_letters(skeletons[index])])
    for index, unit in careful:
        yield index, _assembled(way, unit, next(answers) if has_letters(skeletons[index]) else skeletons[index])


def _with_wider_elements(way: Strategy, units: Numbered) -> Iterator[tuple[int, Outcome]]:
    """As before, elements of one word stretched over the next: `<em>would</em>` alone translates to nothing."""
    wider = [(index, _widened(unit)) for index, unit in units]
    yield from _with_placeholders(way, [both for both, given in zip(wider, units, strict=True) if both != given])


def _widened(unit: Text) -> Text:
    """The unit with its elements of a single word closed only after the word that follows."""
    pieces = list(unit)
    for span in spans(unit).values():
        inner = words_of(unit[span]).strip()
        after = pieces[span.stop + 1] if span.stop + 1 < len(pieces) else None
        found = re.match(r"\s*[^\W\d_]+(?!\w)", after) if isinstance(after, str) else None
        if inner.isalpha() and found and span.stop - span.start == 1:
            pieces[span.start] = f"{pieces[span.start]}{found[0]}"
            pieces[span.stop + 1] = after[found.end() :] if isinstance(after, str) else ""
    return joined(pieces)


def _assembled(way: Strategy, unit: Text, skeleton: Text) -> Outcome:
    """`skeleton` with every element that a placeholder stands for put in, its text translated alone."""
    way.deadline.check()
    ids, stands = _outermost(unit), spans(unit)
    inner: list[Outcome | None] = [None] * len(ids)
    _fall_back(way, [strip(unit[stands[id]]) for id in ids], inner)
    texts = dict(zip(ids, inner, strict=True))
    pieces: list[Piece] = []
    for piece in skeleton:
        id = piece.id - _STANDS_FOR if isinstance(piece, Opaque) else 0
        found = texts.get(id)
        if found is None:
            pieces.append(piece)
        elif found.problem:
            return Outcome((), f"inside inline element {id}: {found.problem}")
        else:
            pieces += [Open(id), *found.text, Close(id)]
    return _checked(way, unit, joined(pieces))


def _outermost(unit: Text) -> list[int]:
    found, depth = [], 0
    for piece in unit:
        if isinstance(piece, Open):
            found += [piece.id] if depth == 0 else []
            depth += 1
        elif isinstance(piece, Close):
            depth -= 1
    return found


def _skeleton(unit: Text) -> Text:
    """The unit with a placeholder for each outermost element.

    It shows the element's words, for engines that build their sentence around what stands there.
    """
    pieces: list[Piece] = []
    stands = spans(unit)
    depth = 0
    for piece in unit:
        if isinstance(piece, Open):
            words = shown(unit[stands[piece.id]]) if piece.id in stands else ""
            pieces += [Opaque(piece.id + _STANDS_FOR, words or "…", kind="element")] if depth == 0 else []
            depth += 1
        elif isinstance(piece, Close):
            depth -= 1
        elif depth == 0:
            pieces.append(piece)
    return joined(pieces)


def _checked(way: Strategy, unit: Text, result: Text) -> Outcome:
    way.deadline.check()
    result = _tightened(unit, strip(joined(result)))
    problem = checks.problem_with(unit, result, way.source, way.target) or glossary.problem(result, way.terms)
    return Outcome((), problem) if problem else Outcome(_finished(way.source, way.target, unit, result))


def _finished(source: str, target: str, unit: Text, result: Text) -> Text:
    """Numbers and typography as the target language has them."""
    if source.split("-")[0] != target.split("-")[0]:
        known = numerals.literals(words_of(unit), source)
        result = joined(
            numerals.rewritten(piece, source, target, known) if isinstance(piece, str) else piece for piece in result
        )
    return typography.mended(result, unit, source, target)


def _tightened(unit: Text, result: Text) -> Text:
    """A link around an address or a name and nothing else is so again: `<a>à x@y.example</a>` loses the `à`."""
    stands = spans(result)
    pieces: list[Piece] = []
    last = 0
    for id, span in sorted(spans(unit).items(), key=lambda found: stands.get(found[0], slice(0)).start or 0):
        wanted, found = unit[span], result[stands[id]] if id in stands else ()
        if len(wanted) != 1 or not isinstance(wanted[0], Opaque) or wanted[0] not in found or len(found) == 1:
            continue
        if any(not isinstance(piece, str | Opaque) for piece in found):
            continue
        at = found.index(wanted[0])
        moved = (*found[:at], Open(id), wanted[0], Close(id), *found[at + 1 :])
        pieces += [*result[last : stands[id].start - 1], *moved]
        last = stands[id].stop + 1
    return joined([*pieces, *result[last:]])
