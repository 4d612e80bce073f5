"""One engine and some texts: what fails a check is asked for again, in a way that asks less of the engine.

1. An engine that knows nothing of inline elements gets the whole sentence without them, names and figures in it; they
   are set around the words that theirs became (alignment/).
2. The engine gets the text with its inline elements and puts them where they belong.
3. It gets the text with a placeholder for every inline element and every number; the words inside an element are
   translated by themselves and put into its place.
4. The same with elements of a single word stretched over the next word, where that gives the engine something to say.

What fails the last time stays open, with the reason; nothing half right is given out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from tasks.runtime.foreign_text import without_harmful
from tasks.translation import typography
from tasks.translation.alignment import plain_sentences
from tasks.translation.alignment.links import Align, Aligned, Link
from tasks.translation.alignment.projection import Sentence, needs_no_links, projected
from tasks.translation.bounds import Deadline
from tasks.translation.engines import AligningEngine, Engine, Pair
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

Answer = TypeVar("Answer")
_STANDS_FOR = 1_000_000
"""Added to an element's id to make that of the placeholder which stands for the whole element."""


@dataclass(frozen=True)
class Outcome:
    """The translation of a text, or an empty one and the problem that stopped it; both where a person is to judge."""

    text: Text
    problem: str | None = None
    looks_wrong: bool = False
    """Whether the problem is one of language (`doubtful_texts.OF_LANGUAGE`): words, characters, grammar."""


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
    passed_over: Callable[[str], None] = lambda _: None
    """Is told why an answer to a whole sentence was given up before it came to `accept`."""
    align: Align | None = None
    """Given a sentence and its translation: the words of the one that stand for words of the other, for an engine that
    does not say so itself; None where nothing is known of the two languages."""


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
    for ask in (_as_whole_sentences, _as_they_are, _with_placeholders, _with_wider_elements):
        failed = [index for index, outcome in enumerate(outcomes) if outcome is None or outcome.problem]
        for index, outcome in ask(job, [(index, texts[index]) for index in failed]):
            before = outcomes[index]
            if not (before and before.text and outcome.problem):  # a text for a person to judge is better than none
                outcomes[index] = outcome
    for index, found in enumerate(outcomes):
        if found is None:
            outcomes[index] = Outcome((), "this engine cannot take its inline elements")


def _as_whole_sentences(job: EngineJob, texts: Numbered) -> Iterator[tuple[int, Outcome]]:
    """Texts as one sentence of words each; what is opaque is found again, and elements follow their words."""
    inline = job.engine.capabilities.inline
    if inline == "placeholder" and job.align:
        yield from _without_elements(job, [one for one in texts if any(_is_open(piece) for piece in one[1])])
    if inline not in ("aligned", "plain") or job.pair.script_only:
        return
    asked = [(index, text, plain_sentences.written(text, job.pair)) for index, text in texts]
    sent = [
        (index, text, whole)
        for index, text, whole in asked
        if whole is not None and (inline == "aligned" or job.align or needs_no_links(whole))
    ]
    units: list[Text] = [(whole.text,) for _, _, whole in sent]
    for (index, text, whole), answer in zip(sent, _aligned_answers(job, units), strict=True):
        found = plain_sentences.found_again(text, answer.text, job.pair)
        if found is None:
            yield index, _passed_over(job, "a name, figure or address was changed or lost in the whole sentence")
            continue
        yield index, _placed(job, text, whole, found, answer.links or _taught(job, whole, found))


def _without_elements(job: EngineJob, texts: Numbered) -> Iterator[tuple[int, Outcome]]:
    """Texts without their elements, but with their opaque pieces; elements follow their words."""
    plain = [tuple(piece for piece in text if not isinstance(piece, Open | Close)) for _, text in texts]
    for (index, text), answer in zip(texts, _answers(job, list(map(joined, plain))), strict=True):
        whole, found = plain_sentences.shown(text), plain_sentences.shown(answer)
        yield index, _placed(job, text, whole, found, _taught(job, whole, found))


def _taught(job: EngineJob, whole: Sentence, found: Sentence) -> Sequence[Link]:
    """The links between a sentence and its translation by an aligner of ours; none if it does not know enough words."""
    links = job.align(whole.text, found.text) if job.align else ()
    return () if plain_sentences.unanswered(whole, links, job.pair) else links


def _placed(job: EngineJob, text: Text, whole: Sentence, found: Sentence, links: Sequence[Link]) -> Outcome:
    """What becomes of `found`, the translation of the `whole` sentence of a text, with its elements put in."""
    placed = projected(whole, found, links)
    if placed is None or plain_sentences.lost_meaning(text, placed, job.pair):
        return _passed_over(job, "in the whole sentence no words stand for those inside an inline element")
    return job.accept(text, _harmless(placed))


def _passed_over(job: EngineJob, problem: str) -> Outcome:
    job.passed_over(problem)
    return Outcome((), problem)


def _is_open(piece: Piece) -> bool:
    return isinstance(piece, Open)


def _aligned_answers(job: EngineJob, units: Sequence[Text]) -> Iterator[Aligned]:
    """Translations of whole sentences, with the links that the engine has for them."""
    if job.engine.capabilities.inline == "aligned":
        engine = cast("AligningEngine", job.engine)
        return _batches(job, units, lambda some: engine.translate_aligned(list(map(_string, some)), *job.called))
    return (Aligned(_string(answer)) for answer in _answers(job, units))


def _string(text: Text) -> str:
    return "".join(piece for piece in text if isinstance(piece, str))


def _as_they_are(job: EngineJob, texts: Numbered) -> Iterator[tuple[int, Outcome]]:
    """Texts with their inline elements and opaque pieces, as far as the engine can take those."""
    inline = job.engine.capabilities.inline
    beyond = {"native": (), "none": (Open, Opaque)}.get(inline, (Open,))
    sent = [(index, text) for index, text in texts if not any(isinstance(piece, beyond) for piece in text)]
    if inline in ("aligned", "plain"):  # it had the others as they are
        sent = [(index, text) for index, text in sent if any(isinstance(piece, Opaque) for piece in text)]
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
    """The engine's answers."""
    return map(_harmless, _batches(job, texts, lambda some: job.engine.translate(some, *job.called)))


def _batches(job: EngineJob, texts: Sequence[Text], ask: Callable[[list[Text]], list[Answer]]) -> Iterator[Answer]:
    """What `ask` gives, asked in batches that the engine takes; the deadline is looked at before each."""
    if not texts:
        job.deadline.check()
    for batch in job.engine.capabilities.batches(texts, lambda text: len(_string(text))):
        job.deadline.check()
        yield from _answers_to(batch, ask)


def _answers_to(batch: list[Text], ask: Callable[[list[Text]], list[Answer]]) -> list[Answer]:
    answers = ask(batch)
    if len(answers) != len(batch):
        raise Fatal(f"gave {len(answers)} answers to {len(batch)} units")
    return answers


def _harmless(text: Text) -> Text:
    return tuple(without_harmful(piece) if isinstance(piece, str) else piece for piece in text)


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
        elif not element.text:
            return replace(element, problem=f"inside inline element {id}: {element.problem}")
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
