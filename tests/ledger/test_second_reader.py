"""A second reader in the ledger, on both databases: what it doubts does not leave, and what waits for it is woken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks import ledger, pipeline, review
from tasks.building.renditions import build_renditions
from tasks.building.translations import build_translation
from tasks.ledger import counts, engine_usage, translation_rows
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.translation_rows import TranslationRow
from tasks.model.states import ArtifactState
from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tests.support.delivery_steps import claim, receivers, take
from tests.support.samples import outlet
from tests.translation.engines.doubles_openai import KEY, NOT_OURS, OpenAIDouble, known_as_wrong, refused

pytestmark = pytest.mark.usefixtures("book")

FILE = """
engines:
  llm: {{type: openai, model: gpt-4o-mini, key: env:TEST_OPENAI_KEY, url: "{llm}"}}
  judge: {{type: openai, model: gpt-4o-mini, key: env:TEST_OPENAI_KEY, url: "{judge}", price: 20}}
languages:
  es: {{reader: {{engine: judge, threshold: {threshold}}}}}
"""


SPANISH = {
    "opens a plant in": "abre una planta en",
    "said on Monday that": "dijo el lunes que",
    "the plant": "la planta",
    "is open": "está abierta",
    "Another plant": "Otra planta",
}


def spanish(texts: dict[str, str]) -> str:
    """What a model says that can translate the releases of these tests."""
    for english, words in SPANISH.items():
        texts = {key: text.replace(english, words) for key, text in texts.items()}
    return json.dumps(texts)


@pytest.fixture
def llm() -> Iterator[OpenAIDouble]:
    double = OpenAIDouble()
    double.says = spanish
    yield double
    double.close()


@pytest.fixture
def judge() -> Iterator[OpenAIDouble]:
    double = OpenAIDouble()
    yield double
    double.close()


@pytest.fixture
def file(llm: OpenAIDouble, judge: OpenAIDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "translation.yaml"
    path.write_text(FILE.format(llm=llm.url, judge=judge.url, threshold=90))
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(path))
    monkeypatch.setenv("TEST_OPENAI_KEY", KEY)
    settings.cache_clear()
    secrets.forget()
    receivers(outlet("a", languages=["es"]))
    yield path
    secrets.forget()


def make(number: int) -> TranslationRow:
    """The row of the translation, after it was built as far as it could be."""
    build_translation(number, "es")
    build_renditions(number, "es")
    with ledger.read() as connection:
        found = translation_rows.get(connection, TranslationKey(number, "es"))
    assert found is not None
    return found


def present() -> float:
    with ledger.read() as connection:
        return ledger.now(connection)


def claimed() -> list[Any]:
    return claim(now=present())


def test_a_reader_that_is_down_holds_and_lets_go_by_itself_when_it_is_back(
    file: Path, llm: OpenAIDouble, judge: OpenAIDouble
) -> None:
    judge.instead = refused(503, "overloaded", "server_error")
    first = take(uri="urn:x:first")
    row = make(first)
    assert row.state == ArtifactState.HELD
    assert row.reason == "the second reader judge en→es: answered 503: overloaded"
    assert claimed() == []
    translated = len(llm.asked)
    judge.instead = None
    second = make(take(uri="urn:x:second", headline="Another plant is open"))
    assert (second.state, second.status) == (ArtifactState.MADE, "checked")
    with ledger.read() as connection:
        assert translation_rows.late(connection, now=ledger.now(connection), again_at=present() + 60)
    asked = len(llm.asked)
    row = make(first)
    assert (row.state, row.status, row.reason) == (ArtifactState.MADE, "checked", None)
    assert len(llm.asked) == asked > translated  # for the second release alone
    assert len(claimed()) == 2


def test_what_it_doubts_waits_and_says_why_until_a_person_has_approved_it(file: Path, judge: OpenAIDouble) -> None:
    judge.finds = lambda unit: known_as_wrong(unit) or [NOT_OURS]
    number = take()
    row = make(number)
    assert (row.state, row.status) == (ArtifactState.MADE, "draft")
    assert "judge doubts it, score 0 of 100 (90 wanted): critical accuracy/mistranslation: other text" in str(
        row.reason
    )
    with ledger.read() as connection:
        [hold] = counts.holds(connection, number)
        units = review.look(connection, number, "es").units
        used = engine_usage.get(connection, "judge")
    assert (hold["kind"], hold["detail"]) == ("approval", row.reason)
    assert {unit.problem and unit.problem[:17] for unit in units} == {"judge doubts it, "}
    assert used is not None
    assert used["month_characters"] > 0
    assert used["month_cost"] > 0
    assert claimed() == []
    review.approve(number, "es", by="Ann")
    build_renditions(number, "es")
    assert len(claimed()) == 1


def test_a_draft_goes_once_the_file_is_content_with_it_and_is_not_read_again(
    file: Path, llm: OpenAIDouble, judge: OpenAIDouble
) -> None:
    judge.finds = lambda unit: known_as_wrong(unit) or [NOT_OURS | {"severity": "major"}]
    number = take()
    assert make(number).status == "draft"
    pipeline.sweep_ledger(present())
    assert make(number).status == "draft"
    asked = len(judge.asked)
    file.write_text(FILE.format(llm=llm.url, judge=judge.url, threshold=80))
    assert pipeline.sweep_ledger(present()).to_translate == [TranslationKey(number, "es")]
    assert make(number).status == "checked"
    assert len(judge.asked) == asked
