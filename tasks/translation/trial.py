"""One text through one engine, the whole way that a release goes, and everything that happened on it.

Names and figures are protected, sentences cut, answers restored, checked and typeset as for a release; only the memory
is not asked, so that the engine is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import cast

from tasks.model.release import Release
from tasks.translation import fallbacks
from tasks.translation.alignment.links import Aligned
from tasks.translation.bounds import Deadline
from tasks.translation.engines import AligningEngine, Capabilities, Engine, Pair
from tasks.translation.errors import EngineError
from tasks.translation.fallbacks import Outcome
from tasks.translation.grades import DRAFT
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory.entries import NoMemory
from tasks.translation.pieces import Opaque, Open, Text, shown
from tasks.translation.segmentation.units import HEADLINE, Unit
from tasks.translation.translate import engine_job, protect, read, segment

LINK = "https://link.example/"
"""Where the links of a text lead that is tried; their number follows."""
_MARKED = re.compile(r"<a>(.*?)</a>", re.DOTALL)


@dataclass(frozen=True)
class Question:
    """What an engine was given, and what it answered; opaque pieces in `[…]`, elements as `<1>…</1>`."""

    sent: str
    answered: str


@dataclass
class UnitTrial:
    """What became of one unit."""

    source: str
    questions: list[Question] = field(default_factory=list)
    """In order: the unit as it is, then with placeholders, the words of its elements, …; none if it needs no engine."""
    problems: list[str] = field(default_factory=list)
    """What the checks found in answers, in order."""
    result: str | None = None
    """The translation, links as `<a>…</a>`; None if no answer passed."""
    looks_wrong: str | None = None
    """What is wrong in the result of an engine of grade draft, for the person who reads it."""


@dataclass
class Trial:
    """What became of a text, unit by unit, and the error that stopped the engine, if one did."""

    units: list[UnitTrial] = field(default_factory=list)
    stopped: EngineError | None = None


def trial_release(language: str, *texts: str) -> Release:
    """A release whose body has these texts as paragraphs, in which `<a>…</a>` are links."""
    body = "".join(f"<p>{_marked(text)}</p>" for text in texts)
    document = {"uri": "urn:fanwire:trial", "language": language, "headline": "-", "body_html": body}
    return Release.model_validate(document)


def _marked(text: str) -> str:
    return "".join(
        f'<a href="{LINK}{number}">{escape(part)}</a>' if number % 2 else escape(part)
        for number, part in enumerate(_MARKED.split(text))
    )


def trial(engine: Engine, called: Pair, pair: LanguagePair, release: Release, *, headline: bool = False) -> Trial:
    """Translate a release with one engine, which calls the two languages `called`; the headline too if that is wanted,
    which one of `trial_release` lacks.

    Raises TranslationHeld for a text that is beyond what is translated.
    """
    deadline, found = Deadline(), Trial()
    text = read(release, pair)
    passages = protect(text, release, pair, deadline)
    if not headline:
        passages.pop(HEADLINE, None)
    for unit in segment(passages, pair, NoMemory()):
        found.units.append(UnitTrial(_written(unit.text, said=True)))
        found.stopped = _try(unit, found.units[-1], engine, called, pair, deadline)
        if found.stopped:
            break
    return found


def _try(
    unit: Unit, noted: UnitTrial, engine: Engine, called: Pair, pair: LanguagePair, deadline: Deadline
) -> EngineError | None:
    is_draft = engine.capabilities.grade_of(pair.source, pair.target) == DRAFT
    job = engine_job(_Noting(engine, noted.questions), called, pair, deadline, for_a_person=is_draft)

    def accept(source: Text, answer: Text) -> Outcome:
        outcome = job.accept(source, answer)
        noted.problems += [outcome.problem] if outcome.problem else []
        return outcome

    answer = fallbacks.translate_texts(replace(job, accept=accept, passed_over=noted.problems.append), [unit.text])
    [outcome] = answer.outcomes
    if outcome and outcome.problem and outcome.problem not in noted.problems:
        noted.problems.append(outcome.problem)
    if outcome and (outcome.text or not outcome.problem):
        noted.result, noted.looks_wrong = _written(outcome.text), outcome.problem
    return answer.stopped


class _Noting:
    """An engine that notes what it is asked."""

    def __init__(self, engine: Engine, questions: list[Question]) -> None:
        self._engine, self._questions = engine, questions
        self.name = engine.name

    @property
    def capabilities(self) -> Capabilities:
        return self._engine.capabilities

    def pairs(self) -> dict[Pair, int]:
        return self._engine.pairs()

    def model(self, source: str, target: str) -> str:
        return self._engine.model(source, target)

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        answers = self._engine.translate(units, source, target)
        self._questions += [
            Question(_in_pieces(unit), _in_pieces(answer)) for unit, answer in zip(units, answers, strict=False)
        ]
        return answers

    def translate_aligned(self, texts: Sequence[str], source: str, target: str) -> list[Aligned]:
        answers = cast("AligningEngine", self._engine).translate_aligned(texts, source, target)
        self._questions += [Question(text, answer.text) for text, answer in zip(texts, answers, strict=False)]
        return answers


def _in_pieces(text: Text) -> str:
    return "".join(
        piece if isinstance(piece, str)
        else f"[{piece.shown or 'image'}]" if isinstance(piece, Opaque)
        else f"<{piece.id}>" if isinstance(piece, Open)
        else f"</{piece.id}>"
        for piece in text
    )  # fmt: skip


def _written(text: Text, *, said: bool = False) -> str:
    """Words as people read them, links as `<a>…</a>`. `said`: opaque pieces as the source has them."""
    return "".join(
        piece if isinstance(piece, str)
        else (said and piece.said) or shown((piece,)) if isinstance(piece, Opaque)
        else "<a>" if isinstance(piece, Open)
        else "</a>"
        for piece in text
    )  # fmt: skip
