"""The connection to the ledger."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from tasks import ledger
from tasks.ledger import sqlite_space
from tasks.ledger.schema import refusals
from tasks.runtime.settings import settings
from tests.support.command_line import typed
from tests.support.threads import PATIENCE, run_together


def test_threads_that_use_the_ledger_first_at_once_share_one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the connections of all engines but one would stay open for ever."""
    all_there = threading.Barrier(4)
    open_ledger = ledger.open_ledger

    def open_with_the_others(url: str) -> Engine:
        all_there.wait(PATIENCE)
        return open_ledger(url)

    monkeypatch.setattr(ledger.connection, "open_ledger", open_with_the_others)
    engines = run_together([ledger.sql_engine] * 4)
    assert len({id(engine) for engine in engines}) == 1


def test_a_new_ledger_and_what_sqlite_puts_beside_it_are_for_the_owner_only() -> None:
    os.umask(0o022)
    ledger.upgrade()
    with ledger.write() as connection:
        connection.execute(text("CREATE TABLE other (number INTEGER)"))
        found = {path.name: path.stat().st_mode & 0o777 for path in settings().home.iterdir()}
    assert found == {"ledger.sqlite": 0o600, "ledger.sqlite-wal": 0o600, "ledger.sqlite-shm": 0o600}
    assert settings().home.stat().st_mode & 0o777 == 0o700


def test_a_ledger_in_memory_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite://", "sqlite:///:memory:"):
        engine = ledger.open_ledger(url)
        with engine.connect():
            assert list(tmp_path.iterdir()) == []
        engine.dispose()


def test_before_a_fork_only_what_must_not_cross_it_is_closed(book: Engine) -> None:
    opened: list[Any] = []
    event.listen(ledger.sql_engine(), "connect", lambda connection, _record: opened.append(connection))
    for _ in range(3):
        with ledger.read() as connection:
            connection.execute(text("SELECT 1"))
        child = os.fork()
        if not child:
            os._exit(0)
        os.waitpid(child, 0)
    assert len(opened) == (3 if book.dialect.name == "sqlite" else 1)


def test_a_forked_child_leaves_the_connection_of_its_parent_alone(book: Engine) -> None:
    with ledger.read() as connection:
        connection.execute(text("SELECT 1"))
    child = os.fork()
    if not child:
        with ledger.read() as connection:
            found = connection.execute(text("SELECT 2")).scalar()
        for engine in list(ledger.connection._engines.values()):
            engine.dispose(close=False)
        gc.collect()  # what no longer has a name ends, as when a process of a pool does
        os._exit(0 if found == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with ledger.read() as connection:
        assert connection.execute(text("SELECT 3")).scalar() == 3
    assert ledger.sql_engine().pool.checkedin() == 1  # type: ignore[attr-defined]


def test_after_a_reset_the_settings_are_asked_anew() -> None:
    before = ledger.sql_engine()
    assert ledger.sql_engine() is before
    ledger.reset()
    assert ledger.sql_engine() is not before


def test_a_new_connection_waits_for_nobody_who_writes(sqlite_ledger: None) -> None:
    with ledger.write() as writing:
        writing.execute(text("SELECT 1"))
        with ledger.sql_engine().connect() as other:  # it is new: the one of before is in use
            assert other.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_a_new_ledger_gives_back_pages_that_are_free() -> None:
    ledger.upgrade()
    with ledger.read() as connection:
        assert connection.execute(text("PRAGMA auto_vacuum")).scalar() == 2


@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("command", ["status", "notices", "doctor"])
def test_who_only_looks_does_not_wait_until_somebody_unlocks_a_table(
    book: Engine, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(ledger.connection, "LOOK_SECONDS", 1)
    with book.begin() as console:
        console.execute(text("LOCK TABLE releases, deliveries, notices"))
        told = typed(command, status=1)
    assert "lock timeout" in told
    assert command == "doctor" or "docs/runbook.md" in told


@pytest.mark.usefixtures("sqlite_ledger")
def test_free_pages_of_a_file_are_given_back_to_the_system() -> None:
    with ledger.write() as connection:
        connection.execute(refusals.insert().values(received_at=0, reason="no", bytes=9, body=bytes(3_000_000)))
        connection.execute(refusals.delete())
    with ledger.write() as connection:
        before, pages = sqlite_space.size(connection)[0], sqlite_space.to_give_back(connection, 50)
        sqlite_space.give_back(connection, pages)
        assert len(pages) == 50
        given = (before - sqlite_space.size(connection)[0]) // sqlite_space.PAGE
    assert given in (50, 51), "a page that says where others belong may go with them"
