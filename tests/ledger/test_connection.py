"""The connection to the ledger."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Engine

from tasks import ledger
from tests.support.threads import run_together


def test_threads_that_use_the_ledger_first_at_once_share_one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the connections of all engines but one would stay open for ever."""
    all_there = threading.Barrier(4)
    open_ledger = ledger.open_ledger

    def open_with_the_others(url: str) -> Engine:
        all_there.wait(30)
        return open_ledger(url)

    monkeypatch.setattr(ledger.connection, "open_ledger", open_with_the_others)
    engines = run_together([ledger.sql_engine] * 4)
    assert len({id(engine) for engine in engines}) == 1


def test_after_a_reset_the_settings_are_asked_anew() -> None:
    before = ledger.sql_engine()
    assert ledger.sql_engine() is before
    ledger.reset()
    assert ledger.sql_engine() is not before
