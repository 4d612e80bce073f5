"""Due deliveries that no worker takes, as when somebody has stopped the consumer, are noticed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from tasks import ledger, pipeline
from tasks.ledger import notices
from tasks.ledger.notices import NOTICE_AGAIN
from tasks.operations.sweep import UNTAKEN
from tests.support.delivery_steps import NOW, claim, receivers, render, take
from tests.support.samples import outlet


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
