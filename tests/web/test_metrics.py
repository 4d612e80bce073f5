"""`GET /metrics`: who may read it, that a parser of Prometheus reads it, and what each incident changes in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read_plain
from sqlalchemy import Engine, text

from tasks import ledger, pipeline
from tasks.ledger import engine_usage, metrics, refusals, releases
from tasks.runtime.settings import settings
from tests.support.delivery_steps import NOW, claim, receivers, render, take
from tests.support.drains import drain
from tests.support.samples import outlet, release
from tests.support.stepped_time import SteppedTime
from tests.support.web_server import InProcess
from workers import measures
from workers.web import metrics as page
from workers.web.application import application
from workers.web.pages import kept

Figures = dict[tuple[str, tuple[str, ...]], float]


def figures(**headers: str) -> Figures:
    """All metrics as they are now, without `fanwire_`: {(name, values of labels by their names): value}."""
    page._LEDGER.forget()
    answer = InProcess(application()).ask("GET", "/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    read = read_open if "openmetrics" in answer.headers["content-type"] else read_plain
    samples = [one for family in read(answer.text) for one in family.samples]
    return {
        (one.name.removeprefix("fanwire_"), tuple(value for _, value in sorted(one.labels.items()))): one.value
        for one in samples
    }


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_both_forms_are_read_by_a_parser(sqlite_ledger: None, accept: str) -> None:
    found = figures(accept=accept)
    assert found["ledger_up", ()] == 1
    assert found["due_deliveries", ()] == 0
    assert found["delivery_delay_seconds_bucket", ("+Inf",)] == 0
    assert 0 < found["disk_free_ratio", ("home",)] < 1


def test_open_deliveries_and_engines_are_shown(sqlite_ledger: None) -> None:
    receivers(outlet("a"), outlet("b"), outlet("c", languages=["de"]))
    render(take())
    claim(limit=1)
    row = {
        "failures": 5, "rest_until": time.time() + 60, "month": time.strftime("%Y-%m", time.gmtime()),
        "month_characters": 1200, "month_cost": 0.5,
    }  # fmt: skip
    with ledger.write() as connection:
        engine_usage.lock(connection, "deepl")
        engine_usage.put(connection, "deepl", row)
    found = figures()
    assert (found["waiting_deliveries", ()], found["leased_deliveries", ()]) == (1, 1), "NOW is not yet"
    assert found["held_deliveries", ("translation",)] == 1
    assert found["open_translations", ("wanted",)] == 1
    assert [found[f"engine_{name}", ("deepl",)] for name in ("characters", "cost", "resting")] == [1200, 0.5, 1]


def test_what_workers_measured_is_shown_by_its_age(sqlite_ledger: None) -> None:
    now = time.time()
    with ledger.write() as connection:
        metrics.put(connection, measures.HEARTBEAT, {"deliver@a": now - 2, "deliver@b": now - 400}, now)
        metrics.put(connection, measures.BROKER, {"": 0}, now - 40)
        metrics.put(connection, measures.BREAKER, {"host open": 2}, now)
        metrics.add(connection, {(metrics.ATTEMPTS, "failed timeout"): 7, (metrics.EXPIRIES, ""): 3}, now)
    found = figures()
    assert (found["workers_alive", ("deliver",)], found["workers_alive", ("intake",)]) == (1, 0)
    assert found["worker_heartbeat_age_seconds", ("b", "deliver")] == pytest.approx(400, abs=60)
    assert (found["broker_up", ()], found["breakers", ("host", "open")]) == (0, 2)
    assert found["clock_age_seconds", ()] == pytest.approx(40, abs=30)
    assert (found["attempts_total", ("timeout", "failed")], found["lease_expiries_total", ()]) == (7, 3)


@pytest.mark.parametrize(("answers", "shown"), [(1, {("plan",): 7.0}), (0, {})])
def test_queues_have_no_lengths_while_the_broker_does_not_answer(
    sqlite_ledger: None, answers: int, shown: dict[tuple[str, ...], float]
) -> None:
    now = time.time()
    with ledger.write() as connection:
        metrics.put(connection, measures.QUEUE, {"plan": 7}, now - 60)
        metrics.put(connection, measures.BROKER, {"": answers}, now)
    assert {labels: value for (name, labels), value in figures().items() if name == "queue_messages"} == shown


def test_a_ledger_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    found = figures()  # it has no tables
    assert found["ledger_up", ()] == 0
    assert ("due_deliveries", ()) not in found
    assert ("disk_free_bytes", ("home",)) in found


def test_one_reading_serves_all_who_ask_within_a_moment(sqlite_ledger: None, monkeypatch: pytest.MonkeyPatch) -> None:
    figures()
    monkeypatch.setattr(page, "read", lambda: pytest.fail("was kept"))
    page._LEDGER._until = time.monotonic() + 60
    assert InProcess(application()).ask("GET", "/metrics").status_code == 200


def test_a_reading_that_took_minutes_is_not_shown_for_an_hour(
    sqlite_ledger: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does that had to wait for somebody who had locked a table."""
    reading = page.read()
    monkeypatch.setattr(page, "read", lambda: replace(reading, seconds=180.0))
    assert figures()["ledger_read_seconds", ()] == 180
    assert page._LEDGER._until - time.monotonic() <= 15

    def make() -> int:
        clock.sleep(180)
        return 1

    clock = SteppedTime()
    monkeypatch.setattr(kept, "time", clock)
    kept.kept("slow", make)
    clock.sleep(61)
    assert not kept.is_kept("slow")


@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
def test_a_table_that_somebody_has_locked_is_a_ledger_that_does_not_answer(
    book: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger.connection, "LOOK_SECONDS", 1)
    with book.begin() as console:
        console.execute(text("LOCK TABLE deliveries"))
        assert figures()["ledger_up", ()] == 0


@pytest.mark.parametrize(
    ("set_to", "sent", "status"),
    [
        ({}, {}, 200),
        ({"WEB_ADDRESS": "0.0.0.0"}, {}, 403),
        ({"WEB_URL": "https://wire.example"}, {}, 403),
        ({"METRICS_TOKEN": "geheim"}, {}, 401),
        ({"METRICS_TOKEN": "geheim"}, {"authorization": "Bearer falsch"}, 401),
        ({"METRICS_TOKEN": "geheim"}, {"authorization": "Basic geheim"}, 401),
        ({"METRICS_TOKEN": "geheim", "WEB_ADDRESS": "0.0.0.0"}, {"authorization": "Bearer geheim"}, 200),
    ],
)
def test_others_need_the_token(
    sqlite_ledger: None, monkeypatch: pytest.MonkeyPatch, set_to: dict[str, str], sent: dict[str, str], status: int
) -> None:
    for name, value in set_to.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    answer = InProcess(application()).ask("GET", "/metrics", headers=sent)
    assert answer.status_code == status
    if status != 200:
        assert "FANWIRE_METRICS_TOKEN" in answer.json()["detail"]


def test_a_due_delivery_that_nobody_takes_grows_older(sqlite_ledger: None, monkeypatch: pytest.MonkeyPatch) -> None:
    receivers(outlet("a"))
    render(take())
    monkeypatch.setattr(ledger, "now", lambda _: NOW + 250)
    found = figures()
    assert (found["due_deliveries", ()], found["oldest_due_age_seconds", ()]) == (1, 250)


# --- incidents, as they are: what alerts.test.yml fires its alerts by


def outlet_down() -> None:
    receivers(outlet("a"))
    render(take(now=time.time() - 9), now=time.time() - 5)
    drain()


def relay_down() -> None:
    receivers(outlet("a", url="mailto:desk@bote.example", format="email"))
    render(take(now=time.time()), now=time.time())
    drain()


def secret_lost() -> None:
    receivers(outlet("a", auth={"type": "bearer", "secret": "env:FANWIRE_SECRET_LOST"}))
    render(take(now=time.time()), now=time.time())
    drain()


def worker_gone() -> None:
    receivers(outlet("a"), outlet("b"))
    render(take(now=time.time() - 99), now=time.time() - 99)
    claim(now=time.time() - 99, lease=1)
    pipeline.sweep_ledger(time.time())


def nobody_plans() -> None:
    with ledger.write() as connection:
        releases.take(connection, release(), time.time() - 120)


def refused() -> None:
    with ledger.write() as connection:
        refusals.keep(connection, b"{", "no release", time.time())


@pytest.mark.parametrize(
    ("incident", "shown", "least"),
    [
        (outlet_down, ("attempts_total", ("connection_refused", "failed")), 1),
        (outlet_down, ("first_attempt_lag_seconds_sum", ()), 9),
        (outlet_down, ("waiting_deliveries", ()), 1),
        (relay_down, ("attempts_total", ("connection_refused", "ours")), 1),
        (secret_lost, ("attempts_total", ("secret_missing", "ours")), 1),
        (worker_gone, ("lease_expiries_total", ()), 2),
        (worker_gone, ("due_deliveries", ()), 2),
        (nobody_plans, ("oldest_unplanned_age_seconds", ()), 120),
        (refused, ("refusals_total", ()), 1),
    ],
)
def test_an_incident_is_seen(
    sqlite_ledger: None, monkeypatch: pytest.MonkeyPatch, incident: Callable[[], None], shown: Any, least: float
) -> None:
    more = {"ALLOWED_NETWORKS": "127.0.0.0/8", "SMTP_URL": "smtp://127.0.0.1:1?tls=none", "SMTP_FROM": "w@wire.example"}
    for name, value in more.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    assert figures().get(shown, 0) == 0
    incident()
    assert figures()[shown] >= least
