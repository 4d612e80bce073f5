"""The second reader in the way of a text: what it doubts waits for a person, and it reads nothing needlessly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tasks.model.release import Release
from tasks.translation.configuration import EngineDocument
from tasks.translation.drafts import Draft, EarlierUnit, Resources, SecondReader
from tasks.translation.engine_support.metering import CostCap, MemoryMeter, Metered
from tasks.translation.engines import Capabilities, Engine, Pair
from tasks.translation.engines.opencc import OpenCC
from tasks.translation.errors import EngineError, Fatal, QuotaUsedUp, Retryable, Unjudged, Unsupported
from tasks.translation.grades import PUBLISH
from tasks.translation.language_pair import LanguagePair
from tasks.translation.meaning import back_translation
from tasks.translation.meaning.faults import Fault, ToRead
from tasks.translation.memory import unit_records
from tasks.translation.memory.entries import APPROVED, entry
from tasks.translation.pieces import Close, Opaque, Open, Text, shown
from tasks.translation.translate import draft

from .engines.loopback import changed
from .samples import Stub

BODY = "<p>The plant is open in the north. It will serve the people of the city. The works of it did not stop.</p>"
LOST = Fault("accuracy/mistranslation", "critical", "“not” is lost", source="not")


class Publishing(Stub):
    """An engine whose text may go out, if nobody doubts it."""

    def __init__(self, grade: Any = PUBLISH) -> None:
        super().__init__(changed)
        self.capabilities = replace(self.capabilities, grade=grade)


@dataclass
class Judge:
    """A second reader that finds what a test says in the source of a unit, and notes what it is asked."""

    finds: Mapping[str, Sequence[Fault]] = field(default_factory=dict)
    fails: Callable[[Sequence[str]], EngineError | None] = lambda _: None
    name: str = "judge"
    of: str = "stub 9"
    asked: list[list[str]] = field(default_factory=list)
    capabilities = Capabilities(inline="native", units=2)

    def pairs(self) -> dict[Pair, int]:
        return {("en", "es"): 1}

    def model(self, source: str, target: str) -> str:
        return self.of

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        raise AssertionError("it only reads")

    def judge(self, units: Sequence[ToRead], source: str, target: str) -> list[list[Fault]]:
        texts = [shown(unit.source) for unit in units]
        self.asked.append(texts)
        if error := self.fails(texts):
            raise error
        return [[fault for words, faults in self.finds.items() if words in text for fault in faults] for text in texts]


@pytest.fixture
def release(make_release: Callable[..., Release]) -> Release:
    return make_release(body_html=BODY, subheadline=None, contacts=[], headline="The plant is open")


def reader(engine: Any, threshold: int = 90) -> SecondReader:
    return SecondReader(name="judge", threshold=threshold, engine=engine)


def made(release: Release, judge: Any, *, engine: Engine | None = None, threshold: int = 90, **fields: Any) -> Draft:
    by = judge if isinstance(judge, SecondReader) else reader(judge, threshold)
    return draft(release, "es", Resources([engine or Publishing()], second_reader=by, **fields))


def next_try(found: Draft) -> dict[str, EarlierUnit]:
    """What the ledger gives the next version or try, the whole way through JSON."""
    return unit_records.earlier(unit_records.from_json(unit_records.to_json(found)))


def test_what_a_reader_finds_sound_goes_out(release: Release) -> None:
    judge = Judge()
    found = made(release, judge)
    assert found.translation is not None
    assert found.waits_for is None
    assert judge.asked == [
        ["The plant is open", "The plant is open in the north."],
        ["It will serve the people of the city.", "The works of it did not stop."],
    ]


def test_what_it_doubts_is_there_and_waits_for_a_person(release: Release) -> None:
    found = made(release, Judge({"did not": [LOST]}))
    assert found.translation is not None
    assert "wurks" in found.translation.body_html  # it is the engine's text, whole
    assert [unit.doubt is not None for unit in found.units] == [False, False, False, True]
    assert found.waits_for == (
        "a doubted sentence waits for an editor: paragraph 1, sentence 3: judge doubts it, score 0 of 100 (90 wanted): "
        "critical accuracy/mistranslation: “not” is lost (“not”)"
    )


def test_more_doubts_are_counted_and_drafts_by_grade_named_too(release: Release) -> None:
    found = made(release, Judge({"": [LOST]}), engine=Publishing("draft"))
    said = found.waits_for or ""
    assert said.startswith("a draft by stub waits for an editor; a doubted sentence waits for an editor: headline: ")
    assert said.endswith("(and 3 more)")


def test_a_reader_that_says_much_is_cut_short_in_the_reason(release: Release) -> None:
    much = [replace(LOST, why="x" * 400)] * 5
    found = made(release, Judge({"did not": much}))
    [doubt] = [unit.doubt for unit in found.units if unit.doubt]
    assert doubt.endswith(" and 2 more")
    assert len(found.waits_for or "") < 400 < len(doubt)


@pytest.mark.parametrize(("threshold", "waits"), [(90, False), (97, True)])
def test_the_threshold_of_the_language_decides(release: Release, threshold: int, waits: bool) -> None:
    judge = Judge({"did not": [Fault("style", "minor", "stiff")]})
    assert (made(release, judge, threshold=threshold).waits_for is not None) == waits


@pytest.mark.parametrize(
    ("error", "again"), [(Retryable("answered 503"), True), (QuotaUsedUp("is empty"), True), (Fatal("no key"), False)]
)
def test_a_reader_that_is_away_holds_and_what_it_read_is_kept(release: Release, error: Any, again: bool) -> None:
    judge = Judge(fails=lambda texts: error if "stop" in texts[-1] else None)
    found = made(release, judge)
    assert (found.translation, found.again) == (None, again)
    assert found.reason == f"the second reader judge en→es: {error}"
    engine, back = Publishing(), Judge()
    assert made(release, back, engine=engine, earlier=next_try(found)).waits_for is None
    assert engine.asked == []
    assert back.asked == [["It will serve the people of the city.", "The works of it did not stop."]]


def test_a_draft_waits_for_an_editor_and_not_for_a_reader_that_is_away(release: Release) -> None:
    found = made(release, Judge(fails=lambda _: Retryable("answered 503")), engine=Publishing("draft"))
    assert found.waits_for == "a draft by stub waits for an editor"


def test_a_reader_that_is_left_out_holds(release: Release) -> None:
    found = made(release, SecondReader(name="judge", threshold=90, engine=None, problem="key: is required"))
    assert (found.reason, found.again) == ("the second reader judge en→es: is left out: key: is required", True)


def test_an_answer_that_is_no_judgement_keeps_its_unit_only(release: Release) -> None:
    nonsense = Unjudged("the model gave no list of faults for a unit")
    judge = Judge(fails=lambda texts: nonsense if any("serve" in text for text in texts) else None)
    found = made(release, judge)
    assert [unit.doubt for unit in found.units if unit.doubt] == [f"judge could not judge it: {nonsense}"]
    assert [len(asked) for asked in judge.asked] == [2, 2, 1, 1]
    mended = Judge()
    assert made(release, mended, earlier=next_try(found)).waits_for is None
    assert mended.asked == [["It will serve the people of the city."]]


def test_a_reader_that_is_never_any_use_is_not_asked_for_each_unit_alone(release: Release) -> None:
    judge = Judge(fails=lambda _: Unjudged("the model found nothing wrong with what is known to be wrong"))
    judge.capabilities = Capabilities(inline="native", units=10)
    found = made(release, judge)
    assert [len(asked) for asked in judge.asked] == [4, 1, 1]
    assert all("could not judge it: the model found nothing" in (unit.doubt or "") for unit in found.units)


def test_a_correction_has_one_unit_read_and_another_model_or_threshold_decides_anew(release: Release) -> None:
    first = made(release, Judge({"city": [Fault("style", "minor", "stiff")]}))
    corrected = release.model_copy(update={"body_html": BODY.replace("did not stop", "did not end")})
    judge = Judge()
    second = made(corrected, judge, earlier=next_try(first))
    assert judge.asked == [["The works of it did not end."]]
    assert made(corrected, judge, earlier=next_try(second), threshold=97).waits_for is not None  # by what it found then
    assert len(judge.asked) == 1
    other = Judge(of="stub 10")
    made(corrected, other, earlier=next_try(second))
    assert [text for asked in other.asked for text in asked] == [shown(unit.unit.text) for unit in second.units]


def test_what_a_person_approved_is_not_read(release: Release) -> None:
    whole = made(release, Judge())
    pair_of = {shown(unit.unit.text): unit for unit in whole.units}
    unit = pair_of["It will serve the people of the city."]
    known = entry(unit.unit.text, unit.text, LanguagePair.of("en", "es"), APPROVED)
    assert known

    class Approved:
        def recall(self, keys: Any, maker: str) -> dict[str, str]:
            return {known.key: known.target} if maker == APPROVED and known.key in keys else {}

    judge = Judge({"serve": [LOST]})
    assert made(release, judge, memory=Approved()).waits_for is None
    assert not any("serve" in text for asked in judge.asked for text in asked)


def test_what_was_found_in_another_translation_of_the_unit_counts_for_nothing(release: Release) -> None:
    lost = {key: replace(unit, packed='[""]') for key, unit in next_try(made(release, Judge())).items()}
    judge = Judge({"stop": [LOST]})
    assert made(release, judge, earlier=lost).waits_for is not None
    assert len(judge.asked) == 2


def test_a_change_of_script_is_not_read(make_release: Callable[..., Release]) -> None:
    chinese = make_release(
        language="zh-Hans", headline="软件", body_html="<p>软件很好。</p>", subheadline=None, contacts=[]
    )
    judge = Judge()
    engines = [OpenCC("opencc", EngineDocument())]
    found = draft(chinese, "zh-Hant", Resources(engines, second_reader=reader(judge)))
    assert found.translation is not None
    assert found.waits_for is None
    assert judge.asked == []


def test_no_engine_reads_what_it_translated_itself(release: Release) -> None:
    engine = Publishing()
    engine.name = "judge"
    judge = Judge()
    found = made(release, judge, engine=engine)
    assert {unit.doubt for unit in found.units} == {"judge could not judge it: it translated it itself"}
    assert judge.asked == []


def test_another_engine_reads_by_translating_back(release: Release) -> None:
    back = {changed(text): text for text in ("The plant is open", "The plant is open in the north.")}
    back[changed("It will serve the people of the city.")] = "It will serve the people of the city."
    back[changed("The works of it did not stop.")] = "The works of it stopped."
    engine = Stub(lambda text: back[text], pair=("es", "en"))
    found = made(release, engine)
    assert [unit.doubt for unit in found.units if unit.doubt] == [
        "judge doubts it, score 0 of 100 (90 wanted): critical accuracy/mistranslation: “not” is lost: what the source "
        "denies, the translation says (“not”)"
    ]
    assert len(engine.asked) == 4


def test_an_engine_that_cannot_translate_back_lets_nothing_pass(release: Release) -> None:
    found = made(release, Stub(pair=("fr", "en")))
    problem = "it does not translate es→en, and does not judge by itself"
    assert {unit.doubt for unit in found.units} == {f"judge could not judge it: {problem}"}


@pytest.mark.parametrize("inline", ["native", "none", "plain"])
def test_names_are_known_again_whatever_the_engine_can_take(inline: Any) -> None:
    one, other = Opaque(1, "Aldermere", kind="name"), Opaque(2, "Tessaro Foods", kind="name")
    amount = Opaque(3, "3 millones de euros", kind="amount", said="3 million euros")
    source: Text = (one, " bought ", other, " for ", amount, ".")
    right: Text = (Open(1), one, Close(1), " compró ", other, " por ", amount, ".")
    wrong: Text = (other, " compró ", one, " por ", amount, ".")
    words = {"compró": "bought", "por": "for", "millones de euros": "million euros"}
    engine = Stub(lambda text: _replaced(text, words), inline=inline, pair=("es", "en"))
    units = [ToRead(source=source, target=target) for target in (right, wrong)]
    none, swapped = back_translation.read(engine, units, LanguagePair.of("en", "es"))
    assert none == []
    assert [fault.why for fault in swapped or ()] == ["“Aldermere” and “Tessaro Foods” changed places"]


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for old, new in words.items():
        text = text.replace(old, new)
    return text


WRONG: dict[str, Any] = {
    "nothing": None,
    "too few": [[]],
    "no lists": [None, None],
    "no faults": [["bad"], []],
}


@pytest.mark.parametrize("answer", WRONG)
def test_a_judge_of_another_package_that_is_broken_is_not_believed(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judge()
    monkeypatch.setattr(judge, "judge", lambda *_: WRONG[answer])
    with pytest.raises(Fatal, match="is broken: "):
        metered(judge).judge(TWO, "en", "es")


def test_what_a_broken_judge_raises_is_not_told_for_it_may_hold_a_key() -> None:
    judge = Judge(fails=lambda _: ValueError("sk-secret"))  # type: ignore[arg-type, return-value]
    with pytest.raises(Fatal, match="is broken: ValueError in test_second_reading") as caught:
        metered(judge).judge(TWO, "en", "es")
    assert "sk-secret" not in str(caught.value)


TWO = [ToRead(source=("It is open.",), target=("Está abierta.",), before="A plant.")] * 2


def metered(judge: Judge) -> Metered:
    return Metered(judge, EngineDocument(), MemoryMeter(), cost_cap=CostCap())


def test_what_is_read_is_counted_like_any_use_and_kept_within_the_cap() -> None:
    meter, judge = MemoryMeter(), Judge()
    one = Metered(judge, EngineDocument.model_validate({"price": 10}), meter, cost_cap=CostCap(0.0008))
    one.judge(TWO, "en", "es")
    assert meter.uses["judge"].month_characters == 2 * (len("It is open.") + len("Está abierta.") + len("A plant."))
    with pytest.raises(Unsupported, match="more than the cap"):
        one.judge(TWO, "en", "es")
    assert len(judge.asked) == 1
