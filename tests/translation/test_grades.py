"""What the output of an engine is for: who says so, which engine is asked first, and which translations are drafts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tasks.model.release import Release
from tasks.translation import routing
from tasks.translation.configuration import EngineDocument
from tasks.translation.drafts import Draft, EarlierUnit, Resources, Translator
from tasks.translation.engine_support import registry
from tasks.translation.engine_support.metering import CostCap, MemoryMeter, Metered
from tasks.translation.engines import Capabilities
from tasks.translation.errors import Fatal, QuotaUsedUp, Retryable
from tasks.translation.grades import DRAFT, PUBLISH, Grade
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import entries, unit_records
from tasks.translation.memory.entries import APPROVED
from tasks.translation.pieces import Text
from tasks.translation.translate import draft

from .samples import Stub
from .test_bad_engines import changed
from .test_registry import NEEDED

WORDS = ("The harbour is open.", "The ferry is new.")


def release(**fields: Any) -> Release:
    document = {
        "uri": "urn:x:harbour",
        "language": "en",
        "headline": "A harbour for the town",
        "body_html": f"<p>{' '.join(WORDS)}</p>",
    }
    return Release.model_validate(document | fields)


class Graded(Stub):
    """A stub of a grade, which says so much or raises an error."""

    def __init__(
        self, name: str, grade: Grade = DRAFT, *, error: Exception | None = None, leaves: str = "", **more: Any
    ) -> None:
        super().__init__(changed, **more)
        self.name, self._error, self._leaves = name, error, leaves
        self.capabilities = replace(self.capabilities, grade=grade)

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        if self._error:
            raise self._error
        made = super().translate(units, source, target)
        return [
            () if self._leaves and self._leaves in str(unit) else one for unit, one in zip(units, made, strict=True)
        ]


class Known:
    """A memory of what people approved."""

    def __init__(self, *sentences: str) -> None:
        pair = LanguagePair.of("en", "es")
        made = [entries.entry((one,), (changed(one),), pair, APPROVED) for one in sentences]
        self._targets = {entry.key: entry.target for entry in made if entry}

    def recall(self, keys: Any, maker: str) -> Mapping[str, str]:
        return {key: self._targets[key] for key in keys if key in self._targets} if maker == APPROVED else {}


def made(*engines: Any, **fields: Any) -> Draft:
    return draft(fields.pop("release", release()), "es", Resources(engines, **fields))


# --- who says what an engine is for


@pytest.mark.parametrize("name", NEEDED)
def test_what_the_engines_that_ship_are_for(name: str) -> None:
    engine = registry.make_engine(name, EngineDocument.model_validate(NEEDED[name]))
    assert engine.capabilities.grade_of("en", "es") == (DRAFT if name.startswith("apertium") else PUBLISH)


def test_an_engine_that_declares_nothing_makes_drafts() -> None:
    assert Capabilities(inline="native").grade_of("en", "es") == DRAFT


@pytest.mark.parametrize(
    ("said", "source", "target", "grade"),
    [
        ("publish", "en", "es", PUBLISH),
        ("draft", "en", "es", DRAFT),
        ({"en": {"es": "publish"}}, "en-GB", "es-MX", PUBLISH),
        ({"en": {"es": "publish"}}, "en", "fr", DRAFT),
        ({"en": {"es": "publish"}}, "es", "en", DRAFT),
        ({"*": {"es": "publish"}}, "pt", "es", PUBLISH),
        ({"*": {"es": "publish"}, "en": {"es": "draft"}}, "en", "es", DRAFT),
        ({"en": {"*": "publish", "pt-BR": "draft"}}, "en", "pt-BR", DRAFT),
        ({"en": {"*": "publish", "pt-BR": "draft"}}, "en", "pt-PT", PUBLISH),
        ({}, "en", "es", DRAFT),
    ],
)
def test_the_translation_file_says_it_for_all_pairs_or_for_some(
    said: Any, source: str, target: str, grade: Grade
) -> None:
    document = EngineDocument.model_validate({"grade": said})
    engine = Metered(Graded("rules"), document, MemoryMeter(), cost_cap=CostCap())
    assert engine.capabilities.grade_of(source, target) == grade


def test_an_engine_of_grade_publish_can_be_lowered() -> None:
    engine = Metered(
        Graded("neural", PUBLISH), EngineDocument.model_validate({"grade": "draft"}), MemoryMeter(), cost_cap=CostCap()
    )
    assert made(engine).drafted_by == ("neural",)


# --- who is asked first


def test_engines_of_grade_publish_are_asked_before_drafts_and_otherwise_the_order_holds() -> None:
    engines = [Graded("a"), Graded("b", PUBLISH), Graded("c"), Graded("d", PUBLISH)]
    assert [route.engine.name for route in routing.routes(release(), "es", engines)] == ["b", "d", "a", "c"]


def test_a_text_from_which_an_engine_of_grade_publish_can_start_is_preferred() -> None:
    text = {"headline": "Un port pour la ville", "body_html": "<p>Le port est ouvert.</p>"}
    english, french = Graded("rules"), Graded("neural", PUBLISH, pair=("fr", "es"))
    found = made(english, french, release=release(translations={"fr": text}))
    assert (found.source, found.drafted_by, english.asked) == ("fr", (), [])


def test_another_text_is_started_from_when_a_unit_came_out_only_as_a_draft() -> None:
    text = {"headline": "Un port pour la ville", "body_html": "<p>Le port est ouvert.</p>"}
    english = Graded("neural", PUBLISH, leaves="ferry")
    french = Graded("other", PUBLISH, pair=("fr", "es"))
    found = made(english, Graded("rules"), french, release=release(translations={"fr": text}))
    assert (found.source, found.drafted_by) == ("fr", ())


# --- which translations are drafts


def test_a_translation_is_as_good_as_its_worst_unit() -> None:
    found = made(Graded("neural", PUBLISH, leaves="ferry"), Graded("rules"))
    assert found.translation is not None
    assert (found.translation.engine, found.drafted_by) == ("neural+rules", ("rules",))
    assert found.waits_for == "a draft by rules waits for an editor"
    good = made(Graded("neural", PUBLISH), Graded("rules"))
    assert (good.drafted_by, good.waits_for) == ((), None)


def test_what_people_approved_may_go_out_and_what_is_new_waits() -> None:
    everything = ("A harbour for the town", *WORDS)
    approved = made(Graded("rules"), memory=Known(*everything))
    assert approved.translation is not None
    assert (approved.translation.status, approved.drafted_by) == ("approved", ())
    mixed = made(Graded("rules"), memory=Known(*everything[:2]))
    assert mixed.drafted_by == ("rules",)
    assert [unit.translator.engine for unit in mixed.units if unit.translator] == ["approved", "approved", "rules"]


def test_an_engine_of_grade_publish_that_is_only_away_is_waited_for() -> None:
    found = made(Graded("neural", PUBLISH, error=Retryable("it rests")), Graded("rules"))
    assert (found.translation, found.again) == (None, True)
    assert found.reason == "neural en→es: it rests; until then a draft by rules waits for an editor"
    assert not any(unit.open for unit in found.units)


@pytest.mark.parametrize("error", [Fatal("no key"), QuotaUsedUp("until next month")])
def test_one_that_is_gone_for_longer_is_not_waited_for(error: Exception) -> None:
    assert made(Graded("neural", PUBLISH, error=error), Graded("rules")).drafted_by == ("rules",)


def earlier(found: Draft) -> dict[str, EarlierUnit]:
    return unit_records.earlier(unit_records.from_json(unit_records.to_json(found)))


def test_what_an_earlier_version_had_keeps_the_grade_of_its_engine() -> None:
    rules, neural = Graded("rules"), Graded("neural", PUBLISH)
    assert made(rules, earlier=earlier(made(rules))).drafted_by == ("rules",)
    assert made(neural, earlier=earlier(made(neural))).drafted_by == ()
    gone = made(Graded("other"), earlier=earlier(made(rules)))
    assert gone.drafted_by == ("rules",)


def test_what_was_a_draft_stays_one_though_the_name_is_another_engines_by_now() -> None:
    class Renamed(Graded):
        def model(self, source: str, target: str) -> str:
            return "another 2"

    before = earlier(made(Graded("main")))
    away = Renamed("main", PUBLISH, error=Fatal("no key"))
    assert made(away, earlier=before).translation is None  # its own text is wanted, not that of its namesake
    assert made(Renamed("main"), earlier=before).drafted_by == ("main",)
    assert made(Renamed("main", PUBLISH), earlier=before).drafted_by == ()
    assert made(Graded("main", PUBLISH), earlier=before).drafted_by == ()  # the file says so of this very model


def test_an_earlier_draft_is_made_anew_when_an_engine_of_grade_publish_can() -> None:
    before, neural = earlier(made(Graded("rules"))), Graded("neural", PUBLISH)
    found = made(neural, Graded("rules"), earlier=before)
    assert (found.drafted_by, len(neural.asked)) == ((), 3)
    assert {unit.translator for unit in found.units} == {Translator("neural", "stub 1")}


# --- pairs that an engine does not have


@pytest.mark.parametrize(
    ("grade", "says"),
    [
        ({"en": {"ko": "publish"}}, "engines.x.grade.en.ko: it does not translate en→ko; it has zh-Hans→zh-Hant"),
        ({"*": {"fr": "draft"}}, "engines.x.grade.*.fr: it does not translate *→fr"),
        ({"fr": {"*": "draft"}}, "engines.x.grade.fr.*: it does not translate fr→*"),
        ({"zh": {"zh-TW": "draft"}}, None),
        ({"*": {"*": "draft"}}, None),
        ({"*": {"zh-Hant": "draft"}}, None),
    ],
)
def test_a_grade_for_a_pair_that_the_engine_does_not_have_is_refused(
    tmp_path: Any, grade: dict[str, dict[str, str]], says: str | None
) -> None:
    file = tmp_path / "translation.yaml"
    file.write_text(f"engines: {{x: {{type: opencc, grade: {grade}}}}}")
    left_out = registry.load_registry(file).left_out
    assert (says is None and not left_out) or left_out["x"].startswith(str(says))
