"""Due deliveries that no worker takes, as when somebody has stopped the consumer, are noticed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from tasks import ledger, pipeline
from tasks.ledger import notices
from tasks.ledger.notices import NOTICE_AGAIN
from tasks.operations.untaken import UNTAKEN
from tasks.runtime.settings import settings
from tests.support.delivery_steps import NOW, claim, receivers, render, take
from tests.support.samples import URI, outlet
from workers import doctor
from workers.cli import rows
from workers.cli.commands import application


@pytest.fixture(autouse=True)
def due(book: Engine) -> None:
    """Two deliveries are due since NOW."""
    receivers(outlet("a"), outlet("b"))
    render(take())


def swept(now: float) -> list[dict[str, Any]]:
    """The notices after a sweep."""
    pipeline.sweep_ledger(now)
    with ledger.read() as connection:
        return notices.latest(connection, 10)


def test_what_is_due_and_taken_by_nobody_is_noticed_once_an_hour() -> None:
    assert swept(NOW + UNTAKEN - 1) == []
    [notice] = swept(NOW + UNTAKEN + 1)
    assert (notice["kind"], notice["subject"]) == ("untaken", "deliver")
    assert "no worker has taken any delivery" in notice["text"]
    assert "2027-01-15T08:00:00Z" in notice["text"]
    assert len(swept(NOW + UNTAKEN + NOTICE_AGAIN)) == 1
    assert len(swept(NOW + UNTAKEN + NOTICE_AGAIN + 2)) == 2


def test_a_backlog_on_which_somebody_works_is_none() -> None:
    claim(limit=1, lease=2 * UNTAKEN)
    assert swept(NOW + UNTAKEN + 1) == []


def test_doctor_says_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It called everything fine while no worker took anything, and only the notices said so."""
    monkeypatch.setenv("FANWIRE_BROKER_URL", "redis://127.0.0.1:9/0")
    settings.cache_clear()

    def unsafe(now: float) -> list[str]:
        monkeypatch.setattr(ledger, "now", lambda _: now)
        return [finding.what for finding in doctor._ledger() if finding.level == "unsafe"]

    assert unsafe(NOW + UNTAKEN - 1) == []
    [said] = unsafe(NOW + UNTAKEN + 1)
    assert said.startswith("deliveries are due since 2027-01-15T08:00:00Z, and no worker has taken any delivery")
    assert claim(now=NOW + UNTAKEN + 1)
    assert unsafe(NOW + UNTAKEN + 2) == []


def test_status_says_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "now", lambda _: NOW + UNTAKEN + 1)
    monkeypatch.setattr(rows, "need_ledger", lambda: None)  # it is no file
    run = CliRunner().invoke(application("status"), ["status", URI])
    assert "due" in run.stdout
    assert run.stderr.startswith("warning: deliveries are due since 2027-01-15T08:00:00Z, and no worker has taken any")
