"""One text through one engine as a release goes, with all that happened on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.translation import checks
from tasks.translation.alignment.links import Aligned, Link
from tasks.translation.checks import wording
from tasks.translation.errors import Retryable, TranslationHeld
from tasks.translation.grades import Grade
from tasks.translation.language_pair import LanguagePair
from tasks.translation.trial import Question, Trial, UnitTrial, trial, trial_release

from .samples import Stub

PAIR = LanguagePair.of("en", "es")
SPANISH = {
    " said on ": " dijo el ", " that ": " que ", "it earned ": "ganó ", "It grows.": "Crece.", "said": "dijo",
    "the plant": "la planta", " is open": " está abierta", "Monday": "lunes",
}  # fmt: skip


def spanish(text: str) -> str:
    for english, other in SPANISH.items():
        text = text.replace(english, other)
    return text


def tried(text: str, engine: Stub) -> Trial:
    return trial(engine, ("en", "es"), PAIR, trial_release("en", text))


def test_every_step_is_shown() -> None:
    found = tried("Acme Robotics said on Monday that it earned $5 million. It grows.", Stub(spanish))
    assert found.stopped is None
    assert found.units == [
        UnitTrial(
            "Acme Robotics said on Monday that it earned $5 million.",
            [Question(
                "[Acme Robotics] said on Monday that it earned [5 millones de dólares].",
                "[Acme Robotics] dijo el lunes que ganó [5 millones de dólares].",
            )],
            [],
            "Acme Robotics dijo el lunes que ganó 5 millones de dólares.",
        ),
        UnitTrial("It grows.", [Question("It grows.", "Crece.")], [], "Crece."),
    ]  # fmt: skip


def test_an_answer_that_fails_is_shown_with_its_problem_and_what_was_asked_next() -> None:
    def careless(text: str) -> str:
        return "" if text.startswith("the") else spanish(text)

    found = tried("Ann said that <a>the plant</a> is open.", Stub(careless))
    [unit] = found.units
    assert unit.source == "Ann said that <a>the plant</a> is open."
    assert unit.questions[0].sent == "Ann said that <1>the plant</1> is open."
    assert unit.result is None
    assert unit.problems[0].startswith("inline element 1 lost its text 'the plant'")
    assert len(unit.questions) > 1


@pytest.mark.parametrize("grade", ["publish", "draft"])
def test_what_an_editor_would_mend_stays_in_a_draft_as_in_a_release(
    grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_IN_ORDER", (*checks._IN_ORDER, wording.articles))
    engine = Stub(lambda text: text.replace("It grows.", "El la museo."))
    engine.capabilities = replace(engine.capabilities, grade=grade)
    [unit] = tried("It grows.", engine).units
    assert unit.problems
    assert unit.problems[0] == "'El la' do not stand together"
    found = (unit.result, unit.looks_wrong)
    assert found == (("El la museo.", unit.problems[0]) if grade == "draft" else (None, None))


def test_what_needs_no_engine_asks_none() -> None:
    found = tried("$5 million", Stub(spanish))
    assert found.units == [UnitTrial("$5 million", [], [], "5 millones de dólares")]


def test_an_engine_that_is_down_is_an_error() -> None:
    class Down(Stub):
        def translate(self, *_: object) -> list[object]:  # type: ignore[override]
            raise Retryable("answered 503")

    found = tried("It grows. It grows.", Down(spanish))
    assert str(found.stopped) == "answered 503"
    assert len(found.units) == 1


def test_a_text_beyond_all_measure_is_held() -> None:
    with pytest.raises(TranslationHeld):
        tried("word " * 5000, Stub(spanish))


def test_an_engine_that_aligns_is_shown_with_whole_sentences() -> None:
    class Aligning(Stub):
        def translate_aligned(self, texts: list[str], *_: str) -> list[Aligned]:
            where = {"the plant": (13, 22), "la planta": (13, 22)}
            return [Aligned(spanish(text), (Link(where["the plant"], where["la planta"]),)) for text in texts]

    found = tried("Ann said that <a>the plant</a> is open.", Aligning(spanish, inline="aligned"))
    [unit] = found.units
    assert unit.questions == [Question("Ann said that the plant is open.", "Ann dijo que la planta está abierta.")]
    assert unit.result == "Ann dijo que <a>la planta</a> está abierta."
    [unit] = tried("Ann said that the plant <a>is</a> open.", Aligning(spanish, inline="aligned")).units
    assert unit.problems[0] == "in the whole sentence no words stand for those inside an inline element"
