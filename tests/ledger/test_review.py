"""Review by people: what may go out before and after, what comes back from them, and races with drains and builders."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import Connection, select, update

from tasks import ledger, pipeline, planning, review
from tasks.building.renditions import build_renditions
from tasks.building.translations import build_translation
from tasks.delivery.payloads import read_payloads
from tasks.ledger import (
    artifacts,
    counts,
    deliveries,
    glossary_terms,
    memory_entries,
    rendition_rows,
    translation_rows,
)
from tasks.ledger import post_edits as post_edits_of
from tasks.ledger.artifacts import RenditionKey, TranslationKey
from tasks.ledger.deliveries import Claim
from tasks.ledger.schema import deliveries as deliveries_table
from tasks.ledger.schema import memory, post_edits, translations
from tasks.model.documents import DocumentRefused
from tasks.model.release import Translation
from tasks.model.states import ArtifactState, State
from tasks.review import imports
from tasks.runtime.settings import settings
from tasks.translation.engine_support import registry
from tasks.translation.engines import Capabilities, Pair
from tasks.translation.errors import Retryable
from tasks.translation.exchange import aligned_texts, xliff
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory.entries import APPROVED
from tasks.translation.pieces import Text, joined, shown
from tasks.translation.protection.glossary import Term
from tests.support.command_line import typed
from tests.support.delivery_steps import BYTES, claim, finish, result, states
from tests.support.review_files import CHINESE, with_target
from tests.support.reviewing import make, planned, present, translation_file
from tests.support.samples import URI, outlet
from tests.support.threads import PATIENCE, begin

pytestmark = pytest.mark.usefixtures("book")

BREATH = 0.002
"""Seconds between two claims of a drain: on SQLite it would else hold the ledger nearly all the time, for nobody."""


def held(number: int) -> dict[str, int]:
    with ledger.read() as connection:
        return {hold["reason"]: hold["n"] for hold in counts.holds(connection, number)}


def claimed() -> list[Claim]:
    return claim(now=present() + 1)


def body(number: int, language: str, format: str = "ninjs") -> str:
    with ledger.read() as connection:
        found = rendition_rows.get(connection, RenditionKey(number, language, format))
    assert found is not None
    return found.body.decode()


def sheet(number: int, language: str) -> xliff.Sheet:
    with ledger.read() as connection:
        return review.sheet_of(review.look(connection, number, language))


def returned(number: int, language: str, **targets: str) -> xliff.ReturnedSheet:
    """The sheet with these targets (XML) in the units of these ids; `_` stands for `-`, `__` for `.`."""
    data = xliff.write(sheet(number, language))
    for name, xml in targets.items():
        id = name.replace("__", ".").replace("_", "-")
        data = with_target(data, id, xml)
    return xliff.read(data)


def row(number: int, language: str) -> Any:
    with ledger.read() as connection:
        found = translation_rows.get(connection, TranslationKey(number, language))
    assert found is not None
    return found


# --- the policy


def test_who_needs_no_approval_gets_the_checked_text_at_once_and_the_other_waits() -> None:
    careful = outlet("careful", languages=["zh-Hant"], machine_translation="approved")
    number = planned(outlet("quick", languages=["zh-Hant"]), careful, **CHINESE)
    make(number, "zh-Hant")
    assert [one.outlet_id for one in claimed()] == ["quick"]
    assert held(number) == {"approval": 1}
    assert (row(number, "zh-Hant").status, row(number, "zh-Hant").approved_at) == ("checked", None)


def test_a_language_that_only_publishes_what_is_approved_holds_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "translation.yaml"
    file.write_text("languages: {zh-Hant: {publish: approved}}")
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(file))
    settings.cache_clear()
    assert [review.policy(language) for language in ("zh-Hant", "ko")] == [True, False]
    number = planned(outlet("a", languages=["zh-Hant"]), policy=review.policy, **CHINESE)
    make(number, "zh-Hant")
    assert held(number) == {"approval": 1}


@pytest.fixture
def drafted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A release of which the only engine makes a draft, with nobody who asked for an approval; its number."""
    translation_file(tmp_path, monkeypatch, "engines: {opencc: {grade: draft}}")
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    return number


def test_a_draft_waits_for_an_editor_and_goes_once_it_is_approved(drafted: int) -> None:
    assert claimed() == []
    with ledger.read() as connection:
        [hold] = counts.holds(connection, drafted)
        [waiting] = review.waiting(connection)
    assert (hold["kind"], hold["detail"]) == ("approval", "a draft by opencc waits for an editor")
    assert (waiting.standing, waiting.waits, waiting.to_dict()["open"]) == ("draft", 1, 0)
    assert review.approve(drafted, "zh-Hant", by="Ann").released == 1
    build_renditions(drafted, "zh-Hant")
    assert [one.outlet_id for one in claimed()] == ["a"]
    assert (row(drafted, "zh-Hant").status, row(drafted, "zh-Hant").reason) == ("approved", None)
    assert '"role":"translation-approver"' in body(drafted, "zh-Hant")


def test_a_draft_under_an_embargo_is_shown_to_editors_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embargoed = CHINESE | {"embargo_until": "2199-12-01T07:00:00-05:00"}
    number = planned(outlet("a", languages=["zh-Hant"]), **embargoed)
    make(number, "zh-Hant")
    with ledger.read() as connection:
        assert list(review.waiting(connection)) == []
    translation_file(tmp_path, monkeypatch, "engines: {opencc: {grade: draft}}")
    other = planned(outlet("a", languages=["zh-Hant"]), **embargoed | {"uri": "urn:x:draft"})
    make(other, "zh-Hant")
    with ledger.read() as connection:
        assert [(one.release.uri, one.waits) for one in review.waiting(connection)] == [("urn:x:draft", 0)]
    told = typed("status", "urn:x:draft")
    assert "a draft that an editor should see before the embargo ends: zh-Hant" in told
    assert "let it go as it is: fanwire translations approve urn:x:draft zh-Hant" in told


def test_status_says_how_a_person_translates_what_no_engine_could(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translation_file(tmp_path, monkeypatch, "languages: {zh-Hant: {engines: []}}")
    number = planned(outlet("a", languages=["zh-Hant"]), outlet("b", languages=["ko"]), **CHINESE)
    assert "fanwire translations" not in typed("status", URI), "it may yet be made"
    make(number, "zh-Hant")
    assert "; for " not in typed("status", URI)
    make(number, "ko")
    told = typed("status", URI)
    assert "  in ko, zh-Hant; for ko:\n" in told
    assert f"translate them: fanwire translations export {URI} ko --output ko.xlf, edit the file" in told
    assert "let it go" not in told


def test_a_draft_of_which_people_wrote_every_sentence_goes_and_one_of_which_they_wrote_some_waits(drafted: int) -> None:
    review.take(drafted, "zh-Hant", returned(drafted, "zh-Hant", headline="公司釋出新的軟體"))
    make(drafted, "zh-Hant")
    assert (held(drafted), row(drafted, "zh-Hant").status) == ({"approval": 1}, "draft")
    data = xliff.write(sheet(drafted, "zh-Hant")).replace(b'state="translated"', b'state="final"')
    review.take(drafted, "zh-Hant", xliff.read(data), by="Ann")
    make(drafted, "zh-Hant")
    assert (row(drafted, "zh-Hant").status, len(claimed())) == ("approved", 1)


def test_a_draft_is_built_anew_when_people_approve_its_sentences_elsewhere(drafted: int) -> None:
    with ledger.read() as connection:
        units = review.look(connection, drafted, "zh-Hant").units
    kept = [
        {"key": unit.record.packed_key, "target": unit.record.packed, "source": "…", "maker": APPROVED}
        | {"source_language": "zh-Hans", "target_language": "zh-Hant", "origin": "a file"}
        for unit in units
    ]
    with ledger.write() as connection:
        memory_entries.keep(connection, [kept[0] | {"key": "0" * 64}], now=present(), are_units=True)
    assert row(drafted, "zh-Hant").state == ArtifactState.MADE
    with ledger.write() as connection:
        memory_entries.keep(connection, kept, now=present())
    assert (row(drafted, "zh-Hant").state, held(drafted)) == (ArtifactState.WANTED, {"approval": 1})
    make(drafted, "zh-Hant")
    assert (row(drafted, "zh-Hant").status, len(claimed())) == ("approved", 1)


@pytest.mark.parametrize("are_units", [True, False])
def test_what_is_held_for_a_person_is_tried_at_once_when_people_approve_its_sentences_elsewhere(
    drafted: int, are_units: bool
) -> None:
    key, now = TranslationKey(drafted, "zh-Hant"), present()
    units = row(drafted, "zh-Hant").units
    kept = {"key": re.findall(r'"([0-9a-f]{64})"', units)[0], "target": "[]", "source": "…", "maker": APPROVED} | {
        "source_language": "zh-Hans", "target_language": "zh-Hant", "origin": "a file"}  # fmt: skip
    with ledger.write() as connection:
        translation_rows.rebuild(connection, key, now)
        attempt = artifacts.claim(connection, key, now=now, lease=60)
        assert attempt
        translation_rows.hold(connection, key, attempt=attempt, now=now, reason="open", wait=3600, units=units)
        memory_entries.keep(connection, [kept | {"key": "0" * 64}], now=now, are_units=True)
    assert row(drafted, "zh-Hant").hint_at == now + 3600, "no sentence of its own"
    with ledger.write() as connection:
        memory_entries.keep(connection, [kept], now=now, are_units=are_units)
    assert row(drafted, "zh-Hant").hint_at == now


def test_a_draft_goes_once_the_translation_file_says_that_it_may(
    drafted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.sweep_ledger(present())
    assert row(drafted, "zh-Hant").state == ArtifactState.MADE
    translation_file(tmp_path, monkeypatch, "engines: {opencc: {grade: {zh: {zh-Hant: publish}}}}")
    assert pipeline.sweep_ledger(present()).to_translate == [TranslationKey(drafted, "zh-Hant")]
    make(drafted, "zh-Hant")
    assert (row(drafted, "zh-Hant").status, len(claimed())) == ("checked", 1)


def test_what_has_not_left_waits_once_the_translation_file_lowers_its_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    assert row(number, "zh-Hant").status == "checked"
    translation_file(tmp_path, monkeypatch, "engines: {opencc: {grade: draft}}")
    pipeline.sweep_ledger(present())
    assert (row(number, "zh-Hant").status, claimed()) == ("draft", [])
    assert held(number) == {"approval": 1}
    assert review.approve(number, "zh-Hant", by="Ann").released == 1


class Away:
    """An engine of grade publish that does not answer."""

    name = "away"
    capabilities = Capabilities(inline="native", script_only=True, grade="publish")

    def pairs(self) -> dict[Pair, int]:
        return {("zh-Hans", "zh-Hant"): 1}

    def model(self, source: str, target: str) -> str:
        return "1"

    def translate(self, units: Any, source: str, target: str) -> Any:
        raise Retryable("it does not answer")


def test_a_draft_that_waits_for_a_better_engine_can_be_signed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translation_file(tmp_path, monkeypatch, "engines: {away: {type: opencc}, opencc: {grade: draft}}")
    among = registry.load_registry(tmp_path / "translation.yaml").engines | {"away": Away()}
    monkeypatch.setattr(registry, "load_registry", lambda _=None: registry.ConfiguredEngines(among, {}))
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    assert held(number) == {"translation": 1}
    with pytest.raises(DocumentRefused, match="opencc waits for an editor; to let it go all the same, export"):
        review.approve(number, "zh-Hant", "Ann")
    data = xliff.write(sheet(number, "zh-Hant")).replace(b'state="translated"', b'state="final"')
    review.take(number, "zh-Hant", xliff.read(data), by="Ann")
    make(number, "zh-Hant")
    assert (row(number, "zh-Hant").status, len(claimed())) == ("approved", 1)


def test_what_was_let_go_before_its_text_became_a_draft_waits_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    [one] = claimed()
    translation_file(tmp_path, monkeypatch, "engines: {opencc: {grade: draft}}")
    review.take(number, "zh-Hant", returned(number, "zh-Hant", headline="公司釋出新的軟體"))
    make(number, "zh-Hant")
    finish(result(one, State.DUE, due_at=present()))
    assert claimed() == []
    assert held(number) == {"approval": 1}


def test_a_kill_says_nothing_of_a_text_that_became_a_draft_after_it_had_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused = outlet("b", languages=["zh-Hant"], status="paused")
    number = planned(outlet("a", languages=["zh-Hant"]), paused, **CHINESE)
    make(number, "zh-Hant")
    finish(*map(result, claimed()))
    second = planned(version=2, **CHINESE | {"headline": "公司发布旧软件"})
    make(second, "zh-Hant")
    finish(*map(result, claimed()))
    translation_file(tmp_path, monkeypatch, "engines: {opencc: {grade: draft}}")
    review.take(second, "zh-Hant", returned(second, "zh-Hant", headline="公司釋出舊的軟體"))
    make(second, "zh-Hant")
    assert row(second, "zh-Hant").status == "draft"
    kill = planned(version=3, **CHINESE | {"status": "canceled", "body_html": None})
    make(kill, "zh-Hant")
    assert "公司釋出新軟體" in body(kill, "zh-Hant")


def test_what_the_producer_wrote_needs_no_approval() -> None:
    text = {"headline": "Werk", "body_html": "<p>Das Werk ist offen.</p>"}
    receiver = outlet("a", languages=["en", "de"], machine_translation="approved")
    number = planned(receiver, policy=lambda _: True, translations={"de": text})
    for language in ("en", "de"):
        make(number, language)
    assert {one.language for one in claimed()} == {"en", "de"}


def test_what_older_planners_asked_engines_for_goes_out_as_the_producer_wrote_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They knew no text in `en` of a release in `en-US`, and so wanted one that a person approves."""
    with monkeypatch.context() as older:
        older.setattr(planning, "_at_hand", lambda *_: None)
        number = planned(outlet("a", languages=["en"], machine_translation="approved"), language="en-US")
    with ledger.write() as connection:
        connection.execute(update(deliveries_table).values(approval=True))
    make(number, "en")
    assert (states(number), row(number, "en").engine) == ({"due": 1}, "source")
    assert {one.language for one in claimed()} == {"en"}


def test_a_kill_waits_for_nobody() -> None:
    careful = outlet("careful", languages=["zh-Hant"], machine_translation="approved")
    number = planned(careful, **CHINESE)
    make(number, "zh-Hant")
    review.approve(number, "zh-Hant", "Ann")
    make(number, "zh-Hant")
    finish(*map(result, claimed()))
    kill = planned(version=2, policy=lambda _: True, **CHINESE | {"status": "canceled", "body_html": None})
    make(kill, "zh-Hant")
    assert [one.release_id for one in claimed()] == [kill]


def test_a_kill_is_told_in_the_language_of_a_translation_that_is_being_made_anew() -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), outlet("b", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    first, _ = claimed()
    finish(result(first))
    review.take(number, "zh-Hant", returned(number, "zh-Hant", headline="公司釋出新的軟體"))
    kill = planned(version=2, **CHINESE | {"status": "canceled", "body_html": None})
    make(kill, "zh-Hant")
    assert "公司釋出新軟體" in body(kill, "zh-Hant")


def test_a_kill_never_says_what_nobody_approved() -> None:
    careful = outlet("careful", languages=["zh-Hant"], machine_translation="approved")
    number = planned(careful, outlet("quick", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    review.approve(number, "zh-Hant", "Ann")
    make(number, "zh-Hant")
    finish(*map(result, claimed()))
    corrected = planned(version=2, **CHINESE | {"headline": "公司发布旧软件"})
    make(corrected, "zh-Hant")
    assert held(corrected) == {"approval": 1}
    finish(*map(result, claimed()))
    kill = planned(version=3, **CHINESE | {"status": "canceled", "body_html": None})
    make(kill, "zh-Hant")
    assert {one.outlet_id for one in claimed()} == {"careful", "quick"}
    assert "公司釋出新軟體" in body(kill, "zh-Hant")


def test_a_kill_names_the_version_that_outlets_have() -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    finish(*map(result, claimed()))
    corrected = planned(version=2, **CHINESE | {"headline": "公司发布旧软件"})
    make(corrected, "zh-Hant")
    kill = planned(version=3, **CHINESE | {"status": "canceled", "body_html": None})
    make(kill, "zh-Hant")
    assert "公司釋出新軟體" in body(kill, "zh-Hant")


def test_a_correction_in_a_language_that_only_an_engine_has_waits_for_a_person_where_engines_are_refused() -> None:
    """It has the producer's text of the version before, so it is to have the correction; but not from an engine."""
    refusing = outlet("a", languages=["zh-Hant"], machine_translation="refuse")
    text = {"headline": "公司", "body_html": "<p>公司。</p>"}
    number = planned(refusing, **CHINESE | {"translations": {"zh-Hant": text}})
    make(number, "zh-Hant")
    finish(*map(result, claimed()))
    corrected = planned(version=2, **CHINESE)
    make(corrected, "zh-Hant")
    assert (claimed(), held(corrected)) == ([], {"approval": 1})


# --- approving


def test_approval_lets_go_and_says_so_in_what_goes_out() -> None:
    careful = outlet("careful", languages=["zh-Hant"], machine_translation="approved")
    number = planned(outlet("quick", languages=["zh-Hant"]), careful, **CHINESE)
    make(number, "zh-Hant")
    checked = body(number, "zh-Hant")
    done = review.approve(number, "zh-Hant", "Ann")
    assert (done.by, done.before, done.released) == ("Ann", False, 2)
    assert held(number) == {"rendition": 2}
    make(number, "zh-Hant")
    assert {one.outlet_id for one in claimed()} == {"quick", "careful"}
    assert body(number, "zh-Hant") != checked
    kept = row(number, "zh-Hant")
    assert (kept.status, kept.approved_by) == ("approved", "Ann")
    assert Translation.model_validate_json(kept.document).status == "approved"
    assert {line.state for line in sheet(number, "zh-Hant").lines} == {"final"}
    again = review.approve(number, "zh-Hant", "Bob")
    assert (again.by, again.before, again.released) == ("Ann", True, 0)


def test_every_unit_that_was_approved_is_known_in_the_next_version() -> None:
    careful = outlet("careful", languages=["zh-Hant"], machine_translation="approved")
    number = planned(careful, **CHINESE)
    make(number, "zh-Hant")
    review.approve(number, "zh-Hant")
    same = planned(version=2, **CHINESE)
    make(same, "zh-Hant")
    assert (row(same, "zh-Hant").status, row(same, "zh-Hant").engine) == ("approved", "memory")
    changed = planned(version=3, **CHINESE | {"headline": "公司发布旧软件"})
    make(changed, "zh-Hant")
    assert row(changed, "zh-Hant").status == "checked"
    assert held(changed) == {"approval": 1}


def test_a_draft_cannot_be_approved_and_says_what_is_open() -> None:
    number = planned(outlet("a", languages=["ko"], machine_translation="approved"))
    make(number, "ko")
    with pytest.raises(
        DocumentRefused, match=r"these units are open: headline \(nobody has translated it\); paragraph 1"
    ):
        review.approve(number, "ko")


def test_what_is_not_ours_or_no_longer_the_newest_cannot_be_approved() -> None:
    number = planned(outlet("a", languages=["zh-Hans", "zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    with pytest.raises(DocumentRefused, match="the producer wrote it"):
        review.approve(number, "zh-Hans")
    with pytest.raises(DocumentRefused, match="nobody is to get it in fr; its languages are: zh-Hans, zh-Hant"):
        review.approve(number, "fr")
    planned(version=2, **CHINESE)
    with pytest.raises(DocumentRefused, match="was corrected by version 2"):
        review.approve(number, "zh-Hant")
    kill = planned(version=3, **CHINESE | {"status": "canceled", "body_html": None})
    for version in (number, kill):
        with pytest.raises(DocumentRefused, match=r"was killed by version 3|it is a kill"):
            review.approve(version, "zh-Hant")


def stamp_of(number: int, language: str = "zh-Hant") -> str:
    with ledger.read() as connection:
        return review.look(connection, number, language).as_read.stamp


def test_only_what_was_read_is_approved_and_a_refusal_says_what_changed() -> None:
    receiver = outlet("a", languages=["zh-Hant"], machine_translation="approved")
    number = planned(receiver, **CHINESE)
    make(number, "zh-Hant")
    read = stamp_of(number)
    assert sheet(number, "zh-Hant").stamp == read
    review.take(number, "zh-Hant", returned(number, "zh-Hant", headline="公司推出新軟體"), by="Ann Lee")
    make(number, "zh-Hant")
    with pytest.raises(DocumentRefused, match=r"changed since it was read: Ann Lee imported headline at 20.*: read it"):
        review.approve(number, "zh-Hant", stamp=read)
    assert row(number, "zh-Hant").status == "checked"
    assert held(number) == {"approval": 1}
    now = stamp_of(number)
    make(number, "zh-Hant")
    assert stamp_of(number) == now
    assert review.approve(number, "zh-Hant", stamp=f" {now} ").released == 1
    assert stamp_of(number) == now
    assert review.approve(number, "zh-Hant", stamp=now).before


def test_a_text_that_was_translated_again_otherwise_is_not_approved_by_an_older_stamp() -> None:
    number = planned(outlet("a", languages=["zh-Hant"], machine_translation="approved"), **CHINESE)
    make(number, "zh-Hant")
    read = stamp_of(number)
    with ledger.write() as connection:
        units = row(number, "zh-Hant").units.replace("公司釋出", "公司發出")
        connection.execute(update(translations).where(translations.c.release_id == number).values(units=units))
    with pytest.raises(DocumentRefused, match="it was translated again at 20"):
        review.approve(number, "zh-Hant", stamp=read)


@pytest.mark.parametrize(
    ("stamp", "told"),
    [
        ("nonsense", "'nonsense' is no stamp"), ("", "is no stamp"),
        ("zh-Hant.1.ffffffffffffff.012345678901", "is no stamp"),
        ("ko.1.0.012345678901", "of the translation into ko, and this is zh-Hant"),
        ("zh-Hant.2.0.012345678901", "of version 2, and this is version 1"),
        ("zh-Hant.1.0.012345678901", "or the stamp is of another release"),
    ],
)  # fmt: skip
def test_a_stamp_that_does_not_fit_is_refused_in_words(stamp: str, told: str) -> None:
    number = planned(outlet("a", languages=["zh-Hant"], machine_translation="approved"), **CHINESE)
    make(number, "zh-Hant")
    with pytest.raises(DocumentRefused, match=told):
        review.approve(number, "zh-Hant", stamp=stamp)
    assert row(number, "zh-Hant").status == "checked"


def test_an_embargo_and_a_pause_outlast_approval() -> None:
    careful = {"languages": ["zh-Hant"], "machine_translation": "approved"}
    paused = outlet("paused", status="paused", **careful)
    number = planned(outlet("a", **careful), paused, **CHINESE | {"embargo_until": "2199-01-01T00:00:00Z"})
    make(number, "zh-Hant")
    assert held(number) == {"embargo": 1, "outlet paused": 1}
    review.approve(number, "zh-Hant")
    make(number, "zh-Hant")
    assert held(number) == {"embargo": 1, "outlet paused": 1}
    with ledger.write() as connection:
        assert deliveries.lift_embargoes(connection, 40_000_000_000.0) == [number]
        assert deliveries.resume(connection, ["paused"], 40_000_000_000.0) == 1
    assert states(number) == {"due": 2}


# --- races


def test_a_row_in_flight_goes_out_with_the_older_text_and_waits_for_the_new_one_when_it_comes_back() -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    [going] = claimed()
    review.take(number, "zh-Hant", returned(number, "zh-Hant", headline="公司釋出新的軟體"))
    assert states(number) == {"claimed": 1}
    assert finish(result(going, State.DUE, present())) == 1
    assert claimed() == []
    assert held(number) == {"translation": 1}
    make(number, "zh-Hant")
    [again] = claimed()
    with ledger.read() as connection:
        [item], broken = read_payloads(connection, [again])
    assert not broken
    assert "公司釋出新的軟體" in item.rendition.body.decode()


def test_a_row_in_flight_that_comes_back_is_not_sent_unapproved() -> None:
    careful = outlet("careful", languages=["zh-Hant"], machine_translation="approved")
    number = planned(careful, **CHINESE)
    make(number, "zh-Hant")
    review.approve(number, "zh-Hant")
    make(number, "zh-Hant")
    [going] = claimed()
    with ledger.write() as connection:  # the memory forgets, so that an engine makes it again
        connection.execute(memory.delete())
        connection.execute(update(translations).values(units=None))
        translation_rows.rebuild(connection, TranslationKey(number, "zh-Hant"), present())
        rendition_rows.rebuild(connection, number, present(), "zh-Hant")
    make(number, "zh-Hant")
    assert row(number, "zh-Hant").status == "checked"
    finish(result(going, State.DUE, present()))
    assert claimed() == []
    assert held(number) == {"approval": 1}
    review.approve(number, "zh-Hant")
    make(number, "zh-Hant")
    assert len(claimed()) == 1


def test_what_comes_late_of_an_attempt_still_counts_after_the_row_was_put_back() -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    [going] = claimed()
    with ledger.write() as connection:
        deliveries.expire_leases(connection, present() + 3600)
    review.approve(number, "zh-Hant")
    assert claimed() == []
    assert finish(result(going)) == 1
    assert states(number) == {"delivered": 1}


def begun_rendition(number: int) -> Callable[[Connection], None]:
    """A builder that has taken the rendition; what it does with it at the end, in one transaction."""
    key = RenditionKey(number, "zh-Hant", "ninjs")
    with ledger.write() as connection:
        attempt = artifacts.claim(connection, key, now=present(), lease=60)
    assert attempt is not None

    def end(connection: Connection) -> None:
        assert rendition_rows.finish(connection, key, attempt=attempt, now=present(), **BYTES)
        deliveries.promote(connection, number, present(), "zh-Hant")

    return end


def side_by_side(first: Callable[[Connection], Any], second: Callable[[], Any]) -> None:
    """`second` from beginning to end before `first` is committed; unless it has to wait for that."""
    with ledger.write() as connection:
        first(connection)
        other = begin(second)
        wait([other], 1)
    other.result(PATIENCE)


def test_what_is_made_while_an_outlet_is_resumed_goes_out() -> None:
    number = planned(outlet("a", languages=["zh-Hant"], status="paused"), **CHINESE)
    build_translation(number, "zh-Hant")

    def resume() -> None:
        with ledger.write() as connection:
            deliveries.resume(connection, ["a"], present())

    side_by_side(begun_rendition(number), resume)
    assert states(number) == {"due": 1}


def test_what_is_made_while_a_claim_puts_rows_back_goes_out() -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), outlet("b", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    going = claimed()
    review.approve(number, "zh-Hant")
    finish(*(result(one, State.DUE, present()) for one in going))
    taken: list[Claim] = []
    side_by_side(begun_rendition(number), lambda: taken.extend(claimed()))
    assert len(taken or claimed()) == 2


def test_builders_at_work_lose_their_claims() -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    translation, rendition = TranslationKey(number, "zh-Hant"), RenditionKey(number, "zh-Hant", "ninjs")
    with ledger.write() as connection:
        rendition_rows.rebuild(connection, number, present(), "zh-Hant")
        late = artifacts.claim(connection, rendition, now=present(), lease=60)
    review.approve(number, "zh-Hant")
    with ledger.write() as connection:
        assert late is not None
        assert not rendition_rows.finish(connection, rendition, attempt=late, now=present(), **BYTES)
    review.take(number, "zh-Hant", returned(number, "zh-Hant", headline="公司釋出新的軟體"))
    with ledger.write() as connection:
        slow = artifacts.claim(connection, translation, now=present(), lease=60)
    review.take(number, "zh-Hant", returned(number, "zh-Hant", headline="公司釋出全新軟體"))
    with ledger.write() as connection:
        assert slow is not None
        old = Translation(language="zh-Hant", headline="x", body_html="<p>x</p>", engine="slow")
        assert not translation_rows.finish(connection, translation, old, attempt=slow, now=present())
    make(number, "zh-Hant")
    assert "公司釋出全新軟體" in body(number, "zh-Hant")


def test_while_drains_claim_and_people_change_their_minds_nothing_is_half_and_half() -> None:
    asked = [outlet(f"a{n}", languages=["zh-Hant"], format="html", machine_translation="approved") for n in range(6)]
    number = planned(*asked, *(outlet(f"b{n}", languages=["zh-Hant"], format="html") for n in range(6)), **CHINESE)
    make(number, "zh-Hant")
    done = threading.Event()
    wrong: list[Any] = []
    seen: set[tuple[str, str]] = set()

    def drain() -> None:
        while not done.wait(BREATH):
            with ledger.write() as connection:
                claims = deliveries.claim(connection, "w", now=ledger.now(connection), lease=60, limit=5)
                items, broken = read_payloads(connection, claims)
            wrong.extend(broken)
            for item in items:
                status = "approved" if 'status="approved"' in (item.translation or "") else "checked"
                seen.add((item.claim.outlet_id[0], status))
                if escape(item.translation or "?") not in item.rendition.body.decode().replace("&#34;", "&quot;"):
                    wrong.append((item.claim.outlet_id, item.translation))
            finish(*(result(one, State.DUE, present()) for one in claims))

    drains = [begin(drain) for _ in range(2)]
    for _ in range(6):
        review.approve(number, "zh-Hant")
        build_renditions(number, "zh-Hant")
        with ledger.write() as connection:
            deliveries.revising(connection)
            connection.execute(memory.delete())
            connection.execute(update(translations).values(units=None))
            imports.make_anew(connection, number, "zh-Hant", present())
        make(number, "zh-Hant")
    review.approve(number, "zh-Hant")
    make(number, "zh-Hant")
    done.set()
    for running in drains:
        running.result(PATIENCE)
    assert wrong == []
    assert ("a", "checked") not in seen
    with ledger.write() as connection:
        deliveries.promote(connection, number, present())
    assert states(number) == {"due": 12}


# --- what people wrote


def test_a_language_without_any_engine_is_translated_by_people() -> None:
    number = planned(outlet("a", languages=["ko"], machine_translation="approved"))
    make(number, "ko")
    assert row(number, "ko").state == ArtifactState.HELD
    half = returned(number, "ko", headline="Acme Robotics, 포르투에 공장을 열다")
    assert review.take(number, "ko", half).accepted == ["headline"]
    make(number, "ko")
    assert [unit.name for unit in look(number, "ko").open] == ["paragraph 1"]
    rest = returned(
        number, "ko", paragraph_1='Acme는 월요일에 <pc id="2">공장</pc>이 문을 열었다고 밝혔다.'
    )  # fmt: skip
    taken = review.take(number, "ko", rest)
    assert (taken.accepted, taken.remade) == (["paragraph 1"], True)
    make(number, "ko")
    kept = row(number, "ko")
    assert (kept.state, kept.status, kept.engine) == (ArtifactState.MADE, "approved", "memory")
    assert '<a href=\\"https://acme.example/porto\\">공장</a>' in body(number, "ko")
    assert len(claimed()) == 1


def look(number: int, language: str) -> review.Reviewed:
    with ledger.read() as connection:
        return review.look(connection, number, language)


def test_a_file_that_comes_back_unchanged_changes_nothing() -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    before = row(number, "zh-Hant")
    taken = review.take(number, "zh-Hant", returned(number, "zh-Hant"))
    assert (taken.accepted, taken.unchanged, taken.remade) == ([], 3, False)
    assert row(number, "zh-Hant") == before


def test_only_what_changed_is_kept_and_no_engine_is_asked_again() -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    review.take(number, "zh-Hant", returned(number, "zh-Hant", headline="公司釋出新的軟體"))
    assert held(number) == {"translation": 1}
    with ledger.read() as connection:
        kept = connection.execute(select(memory).where(memory.c.maker == APPROVED)).all()
    assert [(one.source, one.origin) for one in kept] == [("公司发布新软件", f"review of {URI} v1")]
    make(number, "zh-Hant")
    assert [(unit.name, unit.approved) for unit in look(number, "zh-Hant").units] == [
        ("headline", True), ("paragraph 1, sentence 1", False), ("paragraph 1, sentence 2", False),
    ]  # fmt: skip
    assert row(number, "zh-Hant").status == "checked"


def test_a_unit_that_is_signed_as_it_is_counts_as_approved() -> None:
    number = planned(outlet("a", languages=["zh-Hant"], machine_translation="approved"), **CHINESE)
    make(number, "zh-Hant")
    data = xliff.write(sheet(number, "zh-Hant")).replace(b'state="translated"', b'state="final"')
    assert len(review.take(number, "zh-Hant", xliff.read(data), by="Ann").accepted) == 3
    make(number, "zh-Hant")
    found = row(number, "zh-Hant")
    assert (found.status, found.approved_by, found.approved_at is None) == ("approved", "Ann", False)
    assert len(claimed()) == 1


def test_who_wrote_a_part_has_not_approved_the_whole() -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    review.take(number, "zh-Hant", returned(number, "zh-Hant", headline="公司釋出新的軟體"), by="Ann")
    make(number, "zh-Hant")
    found = row(number, "zh-Hant")
    assert (found.status, found.approved_by, found.approved_at) == ("checked", None, None)


# --- drafts of engines, and what people make of them


class Draughtsman:
    """An engine that leaves out the numbers, so that checks refuse its drafts."""

    name = "draughtsman"
    capabilities = Capabilities(inline="native", grade="draft")

    def pairs(self) -> dict[Pair, int]:
        return {("en", "es"): 1}

    def model(self, source: str, target: str) -> str:
        return "draughtsman 1"

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        said = {"The plant has 12 workers": "La fábrica tiene trabajadores", "It is open.": "Abre."}
        said |= {"The plant is new and large.": "La planta es es nueva y grande."}
        return [joined(said.get(one, one) if isinstance(one, str) else one for one in unit) for unit in units]


@pytest.fixture
def half_drafted(monkeypatch: pytest.MonkeyPatch) -> int:
    """A release in Spanish: a headline that the checks refused, and a sentence that an engine drafted."""
    engine = Draughtsman()
    monkeypatch.setattr("tasks.building.engine_meter.metered", lambda *_: [engine])
    receiver = outlet("a", languages=["es"], machine_translation="approved")
    number = planned(receiver, headline="The plant has 12 workers", body_html="<p>It is open.</p>", dateline=None)
    make(number, "es")
    return number


def test_what_looks_wrong_in_a_draft_that_is_kept_is_marked_until_somebody_approves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Draughtsman()
    monkeypatch.setattr("tasks.building.engine_meter.metered", lambda *_: [engine])
    receiver = outlet("a", languages=["es"], machine_translation="approved")
    number = planned(receiver, headline="It is open.", body_html="<p>The plant is new and large.</p>", dateline=None)
    make(number, "es")
    [_, unit] = look(number, "es").units
    assert (unit.open, shown(unit.target)) == (False, "La planta es es nueva y grande.")
    assert [fault.words for fault in unit.faults] == [["es es"]]
    assert [line.doubts for line in sheet(number, "es").lines][1][1] == ("es es", "'es es' says a word twice")
    assert '<mark class="fault" title="&#39;es es&#39; says a word twice">es es</mark>' in review.as_html(
        look(number, "es"), "Testwire"
    )
    review.take(number, "es", returned(number, "es", paragraph_1="La planta es nueva y grande."))
    make(number, "es")
    [_, unit] = look(number, "es").units
    assert (unit.faults, unit.reasons, unit.approved) == ([], [], True)


def headline_of(number: int) -> review.ReviewedUnit:
    return look(number, "es").units[0]


def test_a_refused_draft_is_kept_for_editors_alone(half_drafted: int) -> None:
    unit = headline_of(half_drafted)
    assert (unit.open, shown(unit.target), shown(unit.draft)) == (True, "", "La fábrica tiene trabajadores")
    assert unit.refused is not None
    assert [fault.check for fault in unit.refused.faults] == ["quantity"]
    [line, _] = sheet(half_drafted, "es").lines
    assert (shown(line.target), line.state) == ("La fábrica tiene trabajadores", "initial")
    assert ("draft by", "draughtsman 1") in line.notes
    page = review.as_html(look(half_drafted, "es"), "Testwire")
    assert "A draft by draughtsman 1, which the checks refused" in page
    assert "At fault: number 12 is missing" in page
    assert claimed() == []


@pytest.mark.parametrize(
    ("state", "kept_stamp"), [("initial", True), ("initial", False), ("translated", True), ("translated", False)]
)
def test_a_refused_draft_that_comes_back_unread_is_nobodys_word(
    half_drafted: int, state: str, kept_stamp: bool
) -> None:
    data = xliff.write(sheet(half_drafted, "es")).replace(b'state="initial"', f'state="{state}"'.encode())
    if not kept_stamp:
        data = re.sub(rb' fanwire:exported="[^"]*"', b"", data)
    assert review.take(half_drafted, "es", xliff.read(data)).accepted == []


def test_a_refused_draft_that_a_person_signs_still_warns(half_drafted: int) -> None:
    data = xliff.write(sheet(half_drafted, "es")).replace(b'state="initial"', b'state="final"')
    with pytest.raises(DocumentRefused, match="number 12 is missing"):
        review.take(half_drafted, "es", xliff.read(data))
    assert review.take(half_drafted, "es", xliff.read(data), despite_warnings=True).accepted == ["headline"]


def edited(number: int) -> dict[str, tuple[str, str, int, int]]:
    with ledger.read() as connection:
        rows = connection.execute(select(post_edits).where(post_edits.c.release_id == number)).all()
    return {row.unit: (row.draft, row.approved, row.edits, row.words) for row in rows}


def test_the_first_draft_is_measured_against_what_a_person_approved_last(half_drafted: int) -> None:
    draft = "La fábrica tiene trabajadores"
    for text, edits in (("La fábrica tiene 12 obreros", 2), ("La fábrica tiene 12 trabajadores", 1)):
        review.take(half_drafted, "es", returned(half_drafted, "es", headline=text))
        make(half_drafted, "es")
        assert edited(half_drafted)["headline"] == (draft, text, edits, 5)
    review.approve(half_drafted, "es")
    assert edited(half_drafted)["paragraph 1"] == ("Abre.", "Abre.", 0, 2)
    with ledger.read() as connection:
        [rate] = post_edits_of.rates(connection)
        assert post_edits_of.rates(connection, since=present() + 9) == []
        assert post_edits_of.rates(connection, release_id=half_drafted + 1) == []
    assert rate == ("draughtsman", "en", "es", 2, 1, 1, 7)
    assert round(rate.rate, 3) == 0.143


def test_what_people_translate_from_nothing_rates_no_engine() -> None:
    number = planned(outlet("a", languages=["ko"], machine_translation="approved"))
    make(number, "ko")
    review.take(number, "ko", returned(number, "ko", headline="Acme Robotics, 포르투에 공장을 열다"))
    assert edited(number) == {}


def test_near_matches_are_of_the_same_languages_approved_and_fitted(half_drafted: int) -> None:
    with ledger.write() as connection:
        for source, target, into in (
            ("The plant has 15 workers", "La planta tiene 15 trabajadores", "es"),
            ("The plant has 16 workers", "A fábrica tem 16 trabalhadores", "pt"),
            ("The plant has 17 workers", "La planta tiene 17 empleados", "es-MX"),
            ("Shares trade in Zurich", "Cotiza en Zúrich", "es"),
        ):
            entry = aligned_texts.entry(source, target, LanguagePair.of("en", into))
            assert entry is not None
            row = asdict(entry) | {"source_language": "en-GB", "target_language": into, "origin": "f.tmx"}
            memory_entries.keep(connection, [row, {**row, "maker": "stub 1"}], now=present())
    with ledger.read() as connection:
        found = review.near_matches(connection, review.look(connection, half_drafted, "es"))
    assert {unit: [(one.score, shown(one.target), one.origin) for one in near] for unit, near in found.items()} == {
        "headline": [(96, "La planta tiene 15 trabajadores", "f.tmx")]
    }
    page = review.as_html(look(half_drafted, "es"), "Testwire", found)
    assert "<b>96 %</b> near match" in page
    assert '<del title="only in the near match">15 </del><ins title="only in this release">12 </ins>' in page
    [line, _] = review.sheet_of(look(half_drafted, "es"), found).lines
    assert [match.score for match in line.matches] == [96]


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("该公司的伺服器執行新的軟體。", "link to https://acme.example/s?a=1&b=2 is missing"),
        ('該公司的<pc id="1">伺服器</pc>和<pc id="1">伺服器</pc>執行。', "stands there twice"),
        ('該公司的<sc id="1"/>伺服器執行新的軟體。', "is never closed"),
        ('該公司的<ec startRef="1"/>伺服器<sc id="1"/>執行新的軟體。', "closed where it is not open"),
        ('該公司的伺服器執行新的軟體<pc id="1"/>。', "lost its text"),
        ('該公司的<pc id="1">伺服器</pc><ph id="9"/>執行。', "inline code '9' stands in its target"),
        ('<pc id="1">。</pc>', "empty"),
        ('該公司的<pc id="1">伺服器</pc><cp hex="202E"/>執行<cp hex="0000"/>。', "has U+0000 (a control character)"),
    ],
)  # fmt: skip
def test_what_would_break_the_page_is_refused_whatever_is_said(target: str, problem: str) -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    file = returned(number, "zh-Hant", headline="公司釋出新的軟體", paragraph_1__sentence_1=target)
    with pytest.raises(DocumentRefused, match=re.escape("paragraph 1, sentence 1")) as refusal:
        review.take(number, "zh-Hant", file, despite_warnings=True)
    assert problem in str(refusal.value)
    assert row(number, "zh-Hant").state == ArtifactState.MADE
    with ledger.read() as connection:
        assert not connection.execute(select(memory).where(memory.c.maker == APPROVED)).all()


def test_other_checks_warn_and_can_be_overruled() -> None:
    number = planned(outlet("a", languages=["de"]), headline="Acme Robotics hires 40 engineers in Porto")
    make(number, "de")
    number_lost = returned(number, "de", headline="Acme Robotics stellt Dutzende Menschen in Porto ein")
    with pytest.raises(DocumentRefused, match=r"headline: .*40"):
        review.take(number, "de", number_lost)
    taken = review.take(number, "de", number_lost, despite_warnings=True)
    assert taken.accepted == ["headline"]
    assert any("40" in str(warning) for warning in taken.warnings)
    make(number, "de")
    assert [unit.name for unit in look(number, "de").open] == ["paragraph 1"]


def test_a_file_of_another_version_language_or_release_is_refused_in_words() -> None:
    receiver = outlet("a", languages=["zh-Hant", "ko"])
    number = planned(receiver, **CHINESE)
    make(number, "zh-Hant")
    old = returned(number, "zh-Hant", headline="公司釋出新的軟體")
    newer = planned(version=2, **CHINESE | {"headline": "公司发布旧软件", "body_html": "<p>员工很高兴。</p>"})
    make(newer, "zh-Hant")
    with pytest.raises(DocumentRefused) as refusal:
        review.take(newer, "zh-Hant", old)
    told = [str(problem) for problem in refusal.value.problems]
    assert told[0].startswith(
        "headline: its source is not what the release says now: the file was exported from version 1"
    )
    assert "paragraph 1, sentence 1: the release has no such unit: the file was exported from version 1" in told[1]
    with pytest.raises(DocumentRefused, match="was corrected by version 2"):
        review.take(number, "zh-Hant", old)
    make(newer, "ko")
    with pytest.raises(DocumentRefused, match="from zh-Hans into zh-Hant; it must be 'ko'"):
        review.take(newer, "ko", old)


def test_what_the_room_would_not_use_is_refused() -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE | {"body_html": "<p>2025</p><p>员工很高兴。</p>"})
    make(number, "zh-Hant")
    with ledger.write() as connection:
        glossary_terms.put(connection, [asdict(Term("zh-Hans", "zh-Hant", "软件", "軟件", forbidden=True))])
    for changed, problem in (
        ({"headline": "公司釋出新軟件"}, "headline: the glossary forbids '軟件' (for '软件')"),
        ({"paragraph_1": "公元2025年"}, "paragraph 1: has no words to translate"),
    ):
        with pytest.raises(DocumentRefused) as refusal:
            review.take(number, "zh-Hant", returned(number, "zh-Hant", **changed), despite_warnings=True)
        assert problem in str(refusal.value)


def test_of_two_reviewers_neither_undoes_what_the_other_wrote() -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    ann = returned(number, "zh-Hant", headline="公司釋出新的軟體")
    bob = returned(number, "zh-Hant", paragraph_1__sentence_2="員工都很高興。")
    cleo = returned(number, "zh-Hant", headline="公司釋出全新軟體")
    review.take(number, "zh-Hant", ann)
    make(number, "zh-Hant")
    assert review.take(number, "zh-Hant", bob).accepted == ["paragraph 1, sentence 2"]
    make(number, "zh-Hant")
    assert all(words in body(number, "zh-Hant") for words in ("公司釋出新的軟體", "員工都很高興。"))
    with pytest.raises(DocumentRefused, match="headline: somebody else has changed it since the file was exported"):
        review.take(number, "zh-Hant", cleo)
    assert review.take(number, "zh-Hant", ann).accepted == []


def test_the_same_sentence_has_one_translation() -> None:
    twice = CHINESE | {"body_html": "<p>员工很高兴。</p><p>员工很高兴。</p>"}
    number = planned(outlet("a", languages=["zh-Hant"]), **twice)
    make(number, "zh-Hant")
    both = {"paragraph_1": "員工非常高興。", "paragraph_2": "員工十分高興。"}
    with pytest.raises(DocumentRefused, match="paragraph 2: is the same sentence as paragraph 1"):
        review.take(number, "zh-Hant", returned(number, "zh-Hant", **both))
    review.take(number, "zh-Hant", returned(number, "zh-Hant", paragraph_2="員工十分高興。"))
    make(number, "zh-Hant")
    assert body(number, "zh-Hant").count("員工十分高興。") >= 2


def test_units_come_back_in_any_order_and_not_all_of_them() -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    root = etree.fromstring(
        with_target(xliff.write(sheet(number, "zh-Hant")), "paragraph-1.sentence-2", "員工十分高興。")
    )
    [file] = root
    file[:] = [unit for unit in reversed(file) if unit.get("id") != "headline"]
    assert review.take(number, "zh-Hant", xliff.read(etree.tostring(root))).accepted == ["paragraph 1, sentence 2"]


def test_what_comes_after_all_has_left_is_kept_for_others_and_nothing_is_made() -> None:
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    finish(*map(result, claimed()))
    taken = review.take(number, "zh-Hant", returned(number, "zh-Hant", headline="公司釋出新的軟體"))
    assert (taken.accepted, taken.remade) == (["headline"], False)
    assert row(number, "zh-Hant").state == ArtifactState.MADE
    later = planned(version=2, **CHINESE)
    make(later, "zh-Hant")
    assert "公司釋出新的軟體" in body(later, "zh-Hant")


def test_a_later_word_of_a_person_counts_though_the_first_was_kept_under_a_closer_form() -> None:
    number = planned(outlet("a", languages=["ko"]), headline="Acme Robotics opened a plant on March 5, 2026")
    make(number, "ko")
    [date] = [mark.id for mark in xliff.marks(look(number, "ko").units[0].source, look(number, "ko").units[0].source)
              if isinstance(mark, xliff.Mark) and mark.kind == "opaque"][-1:]  # fmt: skip
    own = returned(number, "ko", headline="Acme Robotics가 지난봄에 공장을 열었다")
    review.take(number, "ko", own, despite_warnings=True)
    make(number, "ko")
    assert "지난봄" in str(look(number, "ko").units[0].target)
    review.take(
        number, "ko", returned(number, "ko", headline=f'Acme Robotics가 <ph id="{date}"/>에 공장을 열었다'),
        despite_warnings=True,
    )  # fmt: skip
    make(number, "ko")
    assert "지난봄" not in str(look(number, "ko").units[0].target)


# --- what waits


def test_what_waits_for_a_person_is_listed_the_oldest_first() -> None:
    careful = outlet("careful", languages=["zh-Hant"], machine_translation="approved")
    first = planned(careful, uri="urn:x:one", **CHINESE)
    second = planned(outlet("b", languages=["ko"]), uri="urn:x:two")
    make(first, "zh-Hant")
    make(second, "ko")
    with ledger.read() as connection:
        found = [(one.release.uri, one.language, one.standing, one.waits) for one in review.waiting(connection)]
    assert found == [("urn:x:one", "zh-Hant", "unreviewed", 1), ("urn:x:two", "ko", "draft", 0)]
    review.approve(first, "zh-Hant")
    with ledger.read() as connection:
        assert [one.release.uri for one in review.waiting(connection)] == ["urn:x:two"]


def test_the_page_is_one_safe_file_whatever_it_holds() -> None:
    evil = '<script>alert("1")</script>'
    number = planned(
        outlet("a", languages=["ar"]),
        headline=f"{evil} & {{{{ 7 * 7 }}}}",
        body_html='<p>See <a href="https://acme.example/?q=%22%3E&amp;x=\'1">the &lt;b&gt; plant</a> '
        '<code>&lt;img src=x onerror=alert(1)&gt;</code>.</p>',
    )  # fmt: skip
    make(number, "ar")
    with ledger.write() as connection:
        connection.execute(
            update(translations).where(translations.c.language == "ar").values(reason=f"engine said {evil}")
        )
    page = review.as_html(look(number, "ar"), "Testwire")
    assert "<script" not in page
    assert "&lt;img src=x" in page
    assert "<img" not in page
    assert "{{ 7 * 7 }}" in page
    assert 'lang="ar" dir="rtl"' in page
    assert page.count('class="unit open') == 2
    etree.fromstring(page.replace("<!doctype html>", "").encode(), etree.HTMLParser(recover=False))
