"""From units to checked translations by one engine, down a ladder: what fails a check is tried again, more carefully.

1. The engine gets the unit with its inline elements and puts them where they belong.
2. It gets the unit with a placeholder for every inline element and every number; what stood in an element is
   translated alone and put into its place.

What fails on the last rung stays failed, with the reason; nothing half right is given out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks.translation import checks, masking, numerals, typography
from tasks.translation.engines import Engine, Pair
from tasks.translation.limits import Deadline
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, has_letters, joined, spans, strip, words_of

_STANDS_FOR = 1_000_000
"""Added to an element's id to make that of the placeholder which stands for the whole element."""
_BATCH, _BATCH_CHARACTERS = 20, 10_000
"""What an engine is given at once."""


@dataclass(frozen=True)
class Way:
    """Who translates, between what, and until when."""

    engine: Engine
    source: str
    """Tag of the texts that are to be translated."""
    target: str
    pair: Pair
    """What the engine calls the two."""
    deadline: Deadline


@dataclass(frozen=True)
class Outcome:
    """What became of a unit: its translation, or an empty text and the problem that stopped it."""

    text: Text
    problem: str | None = None


def translated(way: Way, units: Sequence[Text]) -> list[Outcome]:
    """The outcome of each unit, in order; raises EngineError, and TranslationHeld once the deadline has passed."""
    outcomes = [_without_engine(way, unit) for unit in units]
    for rung in (_as_they_are, _with_placeholders):
        open_ones = [index for index, outcome in enumerate(outcomes) if outcome is None or outcome.problem]
        if not open_ones:
            break
        results = rung(way, [units[index] for index in open_ones])
        for index, result in zip(open_ones, results, strict=True):
            if result is not None:
                outcomes[index] = result
    return [outcome or Outcome((), "no engine can take its inline elements") for outcome in outcomes]


def _asked(way: Way, units: Sequence[Text]) -> Iterator[Text]:
    """The engine's answers, a few at a time, so that the deadline is looked at often enough."""
    batch: list[Text] = []
    size = 0
    for unit in units:
        batch.append(unit)
        size += sum(len(piece) for piece in unit if isinstance(piece, str))
        if size >= _BATCH_CHARACTERS or len(batch) == _BATCH:
            way.deadline.check()
            yield from way.engine.translate(batch, *way.pair)
            batch, size = [], 0
    way.deadline.check()
    if batch:
        yield from way.engine.translate(batch, *way.pair)


def _without_engine(way: Way, unit: Text) -> Outcome | None:
    """The unit itself, its numbers rewritten, if there is not a word in it to translate."""
    if has_letters(unit):
        return None
    return Outcome(unit if way.engine.capabilities.script_only else _finished(way, unit, unit))


def _as_they_are(way: Way, units: Sequence[Text]) -> list[Outcome | None]:
    able = {"native": (), "placeholder": (Open,), "none": (Open, Opaque)}[way.engine.capabilities.inline]
    sent = [index for index, unit in enumerate(units) if not any(isinstance(piece, able) for piece in unit)]
    outcomes: list[Outcome | None] = [None] * len(units)
    for index, result in zip(sent, _asked(way, [units[index] for index in sent]), strict=True):
        outcomes[index] = _checked(way, units[index], result)
    return outcomes


def _with_placeholders(way: Way, units: Sequence[Text]) -> list[Outcome | None]:
    if way.engine.capabilities.inline == "none":
        return [None] * len(units)
    rules = [] if way.engine.capabilities.script_only else [masking.number_rule(way.source, way.target)]
    careful = [masking.mask(unit, rules) for unit in units]
    skeletons = [_skeleton(unit) for unit in careful]
    with_words = [index for index, skeleton in enumerate(skeletons) if has_letters(skeleton)]
    answers = _asked(way, [skeletons[index] for index in with_words])
    answer_of = dict(zip(with_words, answers, strict=True))
    return [_assembled(way, unit, answer_of.get(index, skeletons[index])) for index, unit in enumerate(careful)]


def _assembled(way: Way, unit: Text, skeleton: Text) -> Outcome:
    """`skeleton` with every element that a placeholder stands for put in, its text translated alone."""
    way.deadline.check()
    ids, stands = _outermost(unit), spans(unit)
    inner = translated(way, [strip(unit[stands[id]]) for id in ids]) if ids else []
    texts = dict(zip(ids, inner, strict=True))
    pieces: list[Piece] = []
    for piece in skeleton:
        id = piece.id - _STANDS_FOR if isinstance(piece, Opaque) else 0
        if id in texts:
            if texts[id].problem:
                return Outcome((), f"inside inline element {id}: {texts[id].problem}")
            pieces += [Open(id), *texts[id].text, Close(id)]
        else:
            pieces.append(piece)
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
    """The unit with a placeholder for each outermost element."""
    pieces: list[Piece] = []
    depth = 0
    for piece in unit:
        if isinstance(piece, Open):
            pieces += [Opaque(piece.id + _STANDS_FOR, "…")] if depth == 0 else []
            depth += 1
        elif isinstance(piece, Close):
            depth -= 1
        elif depth == 0:
            pieces.append(piece)
    return joined(pieces)


def _checked(way: Way, unit: Text, result: Text) -> Outcome:
    way.deadline.check()
    result = _tightened(unit, strip(joined(result)))
    problem = checks.problem_with(unit, result, way.source, way.target)
    return Outcome((), problem) if problem else Outcome(_finished(way, unit, result))


def _finished(way: Way, unit: Text, result: Text) -> Text:
    """Numbers and typography as the target language has them."""
    if way.source.split("-")[0] != way.target.split("-")[0]:
        known = numerals.literals(words_of(unit), way.source)
        result = joined(
            numerals.rewritten(piece, way.source, way.target, known) if isinstance(piece, str) else piece
            for piece in result
        )
    return typography.mended(result, unit, way.source, way.target)


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
