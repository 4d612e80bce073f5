"""From units to checked translations by one engine, down a ladder: what fails a check is tried again, more carefully.

1. The engine gets the unit with its inline elements and puts them where they belong.
2. It gets the unit with a placeholder for every inline element and every number; what stood in an element is
   translated alone and put into its place.

What fails on the last rung stays failed, with the reason; nothing half right is given out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.translation import checks, masking, numerals, typography
from tasks.translation.engines import Engine
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, has_letters, inside, joined, strip, words_of

_STANDS_FOR = 1_000_000
"""Added to an element's id to make that of the placeholder which stands for the whole element."""


@dataclass(frozen=True)
class Outcome:
    """What became of a unit: its translation, or an empty text and the problem that stopped it."""

    text: Text
    problem: str | None = None


def translated(engine: Engine, units: Sequence[Text], source: str, target: str, pair: tuple[str, str]) -> list[Outcome]:
    """The outcome of each unit, in order; raises EngineError.

    `source` and `target` are the tags of the texts, `pair` is what the engine calls them.
    """
    outcomes = [_without_engine(engine, unit, source, target) for unit in units]
    for rung in (_as_they_are, _with_placeholders):
        open_ones = [index for index, outcome in enumerate(outcomes) if outcome is None or outcome.problem]
        if not open_ones:
            break
        results = rung(engine, [units[index] for index in open_ones], source, target, pair)
        for index, result in zip(open_ones, results, strict=True):
            if result is not None:
                outcomes[index] = result
    return [outcome or Outcome((), "no engine can take its inline elements") for outcome in outcomes]


def _without_engine(engine: Engine, unit: Text, source: str, target: str) -> Outcome | None:
    """The unit itself, its numbers rewritten, if there is not a word in it to translate."""
    if has_letters(unit):
        return None
    return Outcome(unit if engine.capabilities.script_only else _finished(unit, unit, source, target))


def _as_they_are(
    engine: Engine, units: Sequence[Text], source: str, target: str, pair: tuple[str, str]
) -> list[Outcome | None]:
    able = {"native": (), "placeholder": (Open,), "none": (Open, Opaque)}[engine.capabilities.inline]
    sent = [index for index, unit in enumerate(units) if not any(isinstance(piece, able) for piece in unit)]
    results = engine.translate([units[index] for index in sent], *pair) if sent else []
    outcomes: list[Outcome | None] = [None] * len(units)
    for index, result in zip(sent, results, strict=True):
        outcomes[index] = _checked(units[index], result, source, target)
    return outcomes


def _with_placeholders(
    engine: Engine, units: Sequence[Text], source: str, target: str, pair: tuple[str, str]
) -> list[Outcome | None]:
    if engine.capabilities.inline == "none":
        return [None] * len(units)
    rules = [] if engine.capabilities.script_only else [masking.number_rule(source, target)]
    careful = [masking.mask(unit, rules) for unit in units]
    skeletons = [_skeleton(unit) for unit in careful]
    with_words = [index for index, skeleton in enumerate(skeletons) if has_letters(skeleton)]
    answers = engine.translate([skeletons[index] for index in with_words], *pair) if with_words else []
    answer_of = dict(zip(with_words, answers, strict=True))
    outcomes: list[Outcome | None] = []
    for index, unit in enumerate(careful):
        outcomes.append(_assembled(engine, unit, answer_of.get(index, skeletons[index]), source, target, pair))
    return outcomes


def _assembled(engine: Engine, unit: Text, skeleton: Text, source: str, target: str, pair: tuple[str, str]) -> Outcome:
    """`skeleton` with every element that a placeholder stands for put in, its text translated alone."""
    ids = _outermost(unit)
    inner = translated(engine, [strip(inside(unit, id)) for id in ids], source, target, pair) if ids else []
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
    return _checked(unit, joined(pieces), source, target)


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


def _checked(unit: Text, result: Text, source: str, target: str) -> Outcome:
    result = _tightened(unit, strip(joined(result)))
    problem = checks.problem_with(unit, result, source, target)
    return Outcome((), problem) if problem else Outcome(_finished(unit, result, source, target))


def _finished(unit: Text, result: Text, source: str, target: str) -> Text:
    """Numbers and typography as the target language has them."""
    if source.split("-")[0] != target.split("-")[0]:
        known = numerals.literals(words_of(unit), source)
        result = joined(
            numerals.rewritten(piece, source, target, known) if isinstance(piece, str) else piece for piece in result
        )
    return typography.mended(result, unit, source, target)


def _tightened(unit: Text, result: Text) -> Text:
    """A link around an address or a name and nothing else is so again: `<a>à x@y.example</a>` loses the `à`."""
    for id in [piece.id for piece in unit if isinstance(piece, Open)]:
        wanted, found = inside(unit, id), inside(result, id)
        if len(wanted) != 1 or not isinstance(wanted[0], Opaque) or wanted[0] not in found or len(found) == 1:
            continue
        if any(not isinstance(piece, str | Opaque) for piece in found):
            continue
        at = found.index(wanted[0])
        start, end = result.index(Open(id)), result.index(Close(id))
        moved = (*found[:at], Open(id), wanted[0], Close(id), *found[at + 1 :])
        result = joined((*result[:start], *moved, *result[end + 1 :]))
    return result
