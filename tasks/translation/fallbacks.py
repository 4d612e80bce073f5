"""One engine and some texts: what fails a check is asked for again, in a way that asks less of the engine.

1. The engine gets the text with its inline elements and puts them where they belong.
2. It gets the text with a placeholder for every inline element and every number; the words inside an element are
   translated by themselves and put into its place.
3. The same with elements of a single word stretched over the next word, where that gives the engine something to say.

What fails the third time stays open, with the reason; nothing half right is given out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tasks.runtime.foreign_text import without_harmful
from tasks.translation import typography
from tasks.translation.bounds import Deadline
from tasks.translation.engines import Engine, Pair
from tasks.translation.errors import EngineError, Fatal
from tasks.translation.language_pair import LanguagePair
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
from tasks.translation.protection import masking

_STANDS_FOR = 1_000_000
"""Added to an element's id to make that of the placeholder which stands for the whole element."""


@dataclass(frozen=True)
class Outcome:
    """The translation of a text, or an empty one and the problem that stopped it."""

    text: Text
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class EngineJob:
    """Who translates, between which languages, until when, and what becomes of an answer."""

    engine: Engine
    called: Pair
    """The two languages as the engine calls them."""
    pair: LanguagePair
    deadline: Deadline
    accept: Callable[[Text, Text], Outcome]
    """Given a text and the engine's answer: the finished translation, or what is wrong with the answer. Raises
    Retryable when the time is up."""


@dataclass
class EngineAnswer:
    """How far an engine got with the texts of a job."""

    outcomes: list[Outcome | None]
    """For each text, in order; None where the engine was not asked."""
    stopped: EngineError | None = None
    """Why it got no further."""


Numbered = Sequence[tuple[int, Text]]
"""Texts with their places among all."""


def translate_texts(job: EngineJob, texts: Sequence[Text]) -> EngineAnswer:
    """Have an engine translate texts; returns the outcome of each. An engine that fails on the way leaves what it has
    done so far."""
    answer = EngineAnswer([None] * len(texts))
    try:
        _fall_back(job, texts, answer.outcomes)
    except EngineError as error:
        answer.stopped = error
    return answer


def without_engine(text: Text, pair: LanguagePair) -> Text:
    """The translation of a text in which there is no word to translate; empty for one that needs an engine."""
    if has_letters(text):
        return ()
    return text if pair.script_only else typography.typeset(text, text, pair)


def _fall_back(job: EngineJob, texts: Sequence[Text], outcomes: list[Outcome | None]) -> None:
    """Fills `outcomes` as far as the engine gets; raises EngineError."""
    for index, text in enumerate(texts):
        done = without_engine(text, job.pair)
        outcomes[index] = Outcome(done) if done else None
    for ask in (_as_they_are, _with_placeholders, _with_wider_elements):
        failed = [index for index, outcome in enumerate(outcomes) if outcome is None or outcome.problem]
        for index, outcome in ask(job, [(index, texts[index]) for index in failed]):
            outcomes[index] = outcome
    for index, found in enumerate(outcomes):
        if found is None:
            outcomes[index] = Outcome((), "this engine cannot take its inline elements")


def _as_they_are(job: EngineJob, texts: Numbered) -> Iterator[tuple[int, Outcome]]:
    """Texts with their inline elements and opaque pieces, as far as the engine can take those."""
    beyond = {"native": (), "placeholder": (Open,), "none": (Open, Opaque)}[job.engine.capabilities.inline]
    sent = [(index, text) for index, text in texts if not any(isinstance(piece, beyond) for piece in text)]
    for (index, text), answer in zip(sent, _answers(job, [text for _, text in sent]), strict=True):
        yield index, job.accept(text, answer)


def _with_placeholders(job: EngineJob, texts: Numbered) -> Iterator[tuple[int, Outcome]]:
    """Texts with a placeholder for every inline element and every number."""
    if job.engine.capabilities.inline == "none":
        return
    rules = [] if job.pair.script_only else [masking.number_rule(job.pair)]
    masked = [(index, masking.mask(text, rules)) for index, text in texts]
    skeletons = {index: _skeleton(text) for index, text in masked}
    answers = _answers(job, [skeletons[index] for index, _ in masked if has_letters(skeletons[index])])
    for index, text in masked:
        yield index, _refilled(job, text, next(answers) if has_letters(skeletons[index]) else skeletons[index])


def _with_wider_elements(job: EngineJob, texts: Numbered) -> Iterator[tuple[int, Outcome]]:
    """As before, elements of one word stretched over the next: `<em>would</em>` alone translates to nothing."""
    wider = [(index, _widened(text)) for index, text in texts]
    yield from _with_placeholders(job, [both for both, given in zip(wider, texts, strict=True) if both != given])


def _answers(job: EngineJob, texts: Sequence[Text]) -> Iterator[Text]:
    """The engine's answers, asked for in batches that it takes; the deadline is looked at before each."""
    most = job.engine.capabilities
    batch: list[Text] = []
    size = 0
    for text in texts:
        length = sum(len(piece) for piece in text if isinstance(piece, str))
        if batch and (size + length > most.characters or len(batch) == most.units):
            job.deadline.check()
            yield from _answers_to(job, batch)
            batch, size = [], 0
        batch.append(text)
        size += length
    job.deadline.check()
    if batch:
        yield from _answers_to(job, batch)


def _answers_to(job: EngineJob, batch: list[Text]) -> list[Text]:
    answers = job.engine.translate(batch, *job.called)
    if len(answers) != len(batch):
        raise Fatal(f"gave {len(answers)} answers to {len(batch)} units")
    return [tuple(without_harmful(piece) if isinstance(piece, str) else piece for piece in text) for text in answers]


def _skeleton(text: Text) -> Text:
    """The text with a placeholder for each outermost element.

    It shows the element's words, for engines that build their sentence around what stands there.
    """
    pieces: list[Piece] = []
    inside = spans(text)
    depth = 0
    for piece in text:
        if isinstance(piece, Open):
            words = shown(text[inside[piece.id]]) if piece.id in inside else ""
            pieces += [Opaque(piece.id + _STANDS_FOR, words or "…", kind="element")] if depth == 0 else []
            depth += 1
        elif isinstance(piece, Close):
            depth -= 1
        elif depth == 0:
            pieces.append(piece)
    return joined(pieces)


def _refilled(job: EngineJob, text: Text, skeleton: Text) -> Outcome:
    """The translated `skeleton` of a text with its elements put in again, the words of each translated alone."""
    job.deadline.check()
    ids, inside = _outermost(text), spans(text)
    outcomes: list[Outcome | None] = [None] * len(ids)
    _fall_back(job, [strip(text[inside[id]]) for id in ids], outcomes)
    elements = dict(zip(ids, outcomes, strict=True))
    pieces: list[Piece] = []
    for piece in skeleton:
        id = piece.id - _STANDS_FOR if isinstance(piece, Opaque) else 0
        element = elements.get(id)
        if element is None:
            pieces.append(piece)
        elif element.problem:
            return Outcome((), f"inside inline element {id}: {element.problem}")
        else:
            pieces += [Open(id), *element.text, Close(id)]
    return job.accept(text, joined(pieces))


def _outermost(text: Text) -> list[int]:
    """Ids of the elements that stand in no other one."""
    found, depth = [], 0
    for piece in text:
        if isinstance(piece, Open):
            found += [piece.id] if depth == 0 else []
            depth += 1
        elif isinstance(piece, Close):
            depth -= 1
    return found


def _widened(text: Text) -> Text:
    """The text with its elements of a single word closed only after the word that follows."""
    pieces = list(text)
    for span in spans(text).values():
        inner = words_of(text[span]).strip()
        after = pieces[span.stop + 1] if span.stop + 1 < len(pieces) else None
        found = re.match(r"\s*[^\W\d_]+(?!\w)", after) if isinstance(after, str) else None
        if inner.isalpha() and found and span.stop - span.start == 1:
            pieces[span.start] = f"{pieces[span.start]}{found[0]}"
            pieces[span.stop + 1] = after[found.end() :] if isinstance(after, str) else ""
    return joined(pieces)
