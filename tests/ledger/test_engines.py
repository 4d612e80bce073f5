"""The meter that all workers share, on both databases: nothing is counted twice or lost, and rests hold for all."""

from __future__ import annotations

from datetime import datetime
from itertools import chain
from typing import Any

import pytest
from sqlalchemy import event, update

from tasks import ledger
from tasks.building import engine_meter
from tasks.building.engine_meter import LedgerMeter
from tasks.building.translations import build_translation
from tasks.ledger import artifacts, translation_rows
from tasks.ledger import engine_usage as engines
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.schema import translations
from tasks.runtime import shutdown
from tasks.runtime.settings import settings
from tasks.translation.configuration import EngineDocument
from tasks.translation.engine_support.metering import Busy, Usage
from tasks.translation.errors import QuotaUsedUp, Retryable, Unsupported
from tests.support.delivery_steps import NOW, receivers, take
from tests.support.samples import outlet
from tests.support.threads import run_together

pytestmark = pytest.mark.usefixtures("book")


@pytest.fixture(autouse=True)
def _ledgers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands still: a minute or a month that ended within a test would begin its limits anew."""
    monkeypatch.setattr(ledger, "now", lambda _connection: NOW)


LIMITED = EngineDocument.model_validate({"budget": {"characters": 1_000}})
FREE = EngineDocument()


def row(name: str = "deepl") -> Usage:
    with ledger.read() as connection:
        found = engines.get(connection, name)
    assert found is not None
    return Usage(**found)


def put(name: str = "deepl", **columns: object) -> None:
    with ledger.write() as connection:
        engines.put(connection, name, engines.lock(connection, name) | columns)


def fail(times: int, document: EngineDocument = LIMITED, name: str = "deepl") -> None:
    meter = LedgerMeter()
    for _ in range(times):
        permit = meter.ask(name, document, 10)
        meter.note(name, document, permit, Retryable("answered 503"))


def test_workers_side_by_side_use_a_budget_up_exactly() -> None:
    def ask() -> int:
        try:
            return LedgerMeter().ask("deepl", LIMITED, 70).characters
        except QuotaUsedUp:
            return 0

    given = [*chain(*run_together([lambda: [ask() for _ in range(5)]] * 8))]
    assert sum(given) == row().month_characters == 980
    with pytest.raises(QuotaUsedUp, match=r"has used 980 of 1,000 characters this month, and this takes 21"):
        LedgerMeter().ask("deepl", LIMITED, 21)
    assert LedgerMeter().ask("deepl", LIMITED, 20)


def test_workers_side_by_side_send_exactly_a_minutes_requests() -> None:
    document = EngineDocument.model_validate({"per_minute": {"requests": 7}})

    def ask() -> bool:
        try:
            return bool(LedgerMeter().ask("deepl", document, 1))
        except Busy:
            return False

    assert sum(chain(*run_together([lambda: [ask() for _ in range(4)]] * 8))) == 7


def test_after_a_rest_exactly_one_worker_probes() -> None:
    fail(5)
    put(rest_until=1.0)

    def ask() -> bool:
        try:
            return LedgerMeter().ask("deepl", LIMITED, 1).probe
        except Retryable:
            return False

    assert sum(run_together([ask] * 16)) == 1


def test_a_rest_holds_for_all_and_ends_with_an_answer() -> None:
    fail(5)
    with pytest.raises(Retryable, match=r"rests until \d\d:\d\d:\d\d UTC after 5 failures: answered 503") as caught:
        LedgerMeter().ask("deepl", LIMITED, 10)
    assert 20 < (caught.value.after or 0) <= 30
    put(rest_until=1.0)
    permit = LedgerMeter().ask("deepl", LIMITED, 10)
    LedgerMeter().note("deepl", LIMITED, permit, None)
    assert row().sound


def test_the_month_is_that_of_utc_by_the_ledgers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    def at(moment: str) -> None:
        seconds = datetime.fromisoformat(moment).timestamp()
        monkeypatch.setattr(ledger, "now", lambda _connection: seconds)

    at("2026-11-30T23:59:59Z")
    LedgerMeter().ask("deepl", LIMITED, 900)
    assert (row().month, row().month_characters) == ("2026-11", 900)
    at("2026-12-01T00:00:00Z")
    LedgerMeter().ask("deepl", LIMITED, 800)
    assert (row().month, row().month_characters) == ("2026-12", 800)


def test_what_was_refused_is_given_back_and_what_may_be_billed_is_not() -> None:
    meter = LedgerMeter()
    for error, left in ((Unsupported("too long"), 0), (QuotaUsedUp("answered 456"), 0), (Retryable("hung"), 10)):
        put(rest_until=0, failures=0, month_characters=0)
        meter.note("deepl", LIMITED, meter.ask("deepl", LIMITED, 10), error)
        assert row().month_characters == left


def test_an_engine_without_limits_that_works_costs_no_write(book: object) -> None:
    written: list[str] = []

    def see(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("SELECT", "BEGIN")):
            written.append(statement)

    event.listen(ledger.sql_engine(), "before_cursor_execute", see)
    meter = LedgerMeter()
    for error in (None, Unsupported("too long"), None):
        meter.note("apertium", FREE, meter.ask("apertium", FREE, 500), error)
    assert written == []
    fail(1, FREE, "apertium")
    meter.note("apertium", FREE, meter.ask("apertium", FREE, 500), None)
    assert row("apertium").sound
    written.clear()
    meter.note("apertium", FREE, meter.ask("apertium", FREE, 500), None)
    assert written == []


def held(language: str, reason: str, *engines: str) -> TranslationKey:
    """A translation that is held and waits for these engines, to be tried again in an hour."""
    receivers(outlet(language, languages=[language]))
    number = take(uri=f"urn:x:{language}")
    key = TranslationKey(number, language)
    with ledger.write() as connection:
        now = ledger.now(connection)
        attempt = artifacts.claim(connection, key, now=now, lease=60)
        assert attempt is not None
        translation_rows.hold(connection, key, attempt=attempt, now=now, wait=3600, reason=reason, engines=engines)
    return key


def waits(key: TranslationKey) -> float:
    """Seconds until the clock hints at it."""
    with ledger.read() as connection:
        row = translation_rows.get(connection, key)
        assert row is not None
        return row.hint_at - ledger.now(connection)


def test_an_engine_that_answers_again_has_what_is_held_for_it_tried_at_once() -> None:
    mine = held("de", "two engines failed", "google", "deepl")
    other = held("ko", "google failed, and deepl gave nothing sound", "google")
    fail(1)
    LedgerMeter().note("deepl", LIMITED, LedgerMeter().ask("deepl", LIMITED, 1), None)
    assert waits(mine) <= 0
    assert waits(other) > 3000


def test_waking_an_engine_does_the_same() -> None:
    mine = held("de", "deepl is left out", "deepl")
    fail(5)
    assert engine_meter.wake("deepl") == 1
    assert row().sound
    assert row().month_characters == 50
    assert waits(mine) <= 0
    assert engine_meter.wake("deepl") == 0


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ({}, 3600),
        ({"temporary": True}, 600),
        ({"temporary": True, "retry_after": 25.0}, 25),
        ({"temporary": True, "retry_after": 9e9}, 600),
    ],
)
def test_what_time_may_mend_is_tried_again_sooner(more: dict[str, Any], seconds: float) -> None:
    key = held("de", "x")
    with ledger.write() as connection:
        connection.execute(update(translations).values(attempt=12))
        now = ledger.now(connection)
        translation_rows.hold(connection, key, attempt=12, now=now, wait=60, reason="x", **more)
    assert seconds - 5 < waits(key) <= seconds


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("engines: [", "(file): is not YAML"),
        (None, "(file): cannot be read: No such file or directory"),
        ("engines: {deepl: {}}", "left out: deepl (engines.deepl.key: is required"),
        ("engines: {mine: {}}", "left out: mine (engines.mine.type: there is no type 'mine'"),
        ("engines: {apertium: {folder: /nowhere}}", "left out: apertium (can translate nothing here"),
    ],
)
def test_what_is_wrong_with_the_translation_file_is_the_reason_and_time_may_mend_it(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, file: str | None, reason: str
) -> None:
    path = tmp_path / "translation.yaml"  # type: ignore[operator]
    if file is not None:
        path.write_text(file)
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(path))
    settings.cache_clear()
    key = held("es", "x")
    with ledger.write() as connection:
        connection.execute(update(translations).values(attempt=12))
    made = build_translation(key.release_id, key.language)
    assert reason in made.held["es"]
    assert 590 < waits(key) <= 600


def test_a_resting_engine_says_when_it_is_worth_coming_back(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "translation.yaml"  # type: ignore[operator]
    path.write_text("engines: {libretranslate: {url: 'http://127.0.0.1:9'}}")
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(path))
    settings.cache_clear()
    key = held("es", "x")
    for _ in range(5):
        assert "cannot be reached" in build_translation(key.release_id, key.language).held["es"]
    assert "after 5 failures: cannot be reached" in build_translation(key.release_id, key.language).held["es"]
    assert 20 < waits(key) <= 30


def test_nobody_waits_in_a_worker_that_is_to_stop() -> None:
    shutdown.ask()
    try:
        assert engine_meter.wait_budget().wait(60)  # at once; the limit is still there, and so the next wait is refused
    finally:
        shutdown._flag[0] = 0
