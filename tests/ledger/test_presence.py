"""Processes sign in before they claim, and say that they are still there."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import Engine, update

from tasks import ledger
from tasks.ledger import presence
from tasks.ledger.schema import workers
from tasks.runtime.settings import settings
from tests.support.postgres import Postgres
from tests.support.processes import until


def listed() -> list[presence.Present]:
    with ledger.read() as connection:
        return presence.present(connection)


def test_a_process_signs_in_once(book: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "_role", [])
    name = presence.sign_in()
    assert presence.sign_in() == name
    [mine] = listed()
    assert (mine.name, mine.lives(), mine.role) == (name, True, None)
    assert not presence.out_of_touch(time.monotonic())


@pytest.mark.usefixtures("sqlite_ledger")
def test_a_process_says_as_which_one_it_was_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "_role", [])
    presence.be("deliver")
    presence.sign_in()
    assert listed()[0].role == "deliver"


@pytest.mark.usefixtures("sqlite_ledger")
def test_on_sqlite_nobody_needs_beats() -> None:
    presence.sign_in()
    assert listed()[0].beat_at is None


@pytest.fixture
def postgresql(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configured ledger is on PostgreSQL, and beats come fast."""
    monkeypatch.setenv("FANWIRE_LEDGER_URL", postgres.url(postgres.new_database("fanwire_template")))
    monkeypatch.setattr(presence, "BEAT_EVERY", 0.05)
    ledger.reset()
    settings.cache_clear()


@pytest.mark.usefixtures("postgresql")
def test_on_postgresql_it_beats() -> None:
    presence.sign_in()
    first = listed()[0].beat_at
    assert first is not None
    until(lambda: (listed()[0].beat_at or 0) > first)


@pytest.mark.usefixtures("postgresql")
def test_one_that_was_taken_for_gone_is_on_the_list_again_with_its_next_beat() -> None:
    name = presence.sign_in()
    with ledger.write() as connection:
        presence.forget(connection, listed())
    until(lambda: [one.name for one in listed()] == [name])


@pytest.mark.usefixtures("postgresql")
def test_one_whose_beats_do_not_arrive_is_out_of_touch_until_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "OUT_OF_TOUCH_AFTER", 0.5)
    name = presence.sign_in()
    with ledger.write() as connection:
        connection.execute(update(workers).where(workers.c.name == name).values(machine="another"))  # locks its row
        until(lambda: presence.out_of_touch(time.monotonic()))
    until(lambda: not presence.out_of_touch(time.monotonic()))


@pytest.mark.usefixtures("postgresql")
def test_one_whose_beats_arrive_again_was_out_of_touch_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a process that was frozen the beats may go on before its drain looks: what it had may be another's by then."""
    monkeypatch.setattr(presence, "OUT_OF_TOUCH_AFTER", 0.5)
    name, before = presence.sign_in(), time.monotonic()
    with ledger.write() as connection:
        connection.execute(update(workers).where(workers.c.name == name).values(machine="another"))  # locks its row
        until(lambda: presence.out_of_touch(time.monotonic()))
    until(lambda: not presence.out_of_touch(time.monotonic()))
    assert presence.out_of_touch(before)


@pytest.mark.usefixtures("postgresql")
def test_one_whose_beat_comes_in_the_moment_when_it_is_taken_for_gone_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """From then on it may claim anew, and what it claims then must not be another's."""
    monkeypatch.setattr(presence, "BEAT_EVERY", 3600.0)
    name = presence.sign_in()
    seen = listed()
    with ledger.write() as connection:
        connection.execute(update(workers).where(workers.c.name == name).values(beat_at=workers.c.beat_at + 9))
    with ledger.write() as connection:
        assert presence.forget(connection, seen) == set()
    again = listed()
    assert [one.name for one in again] == [name]
    with ledger.write() as connection:
        assert presence.forget(connection, again) == {name}
    assert listed() == []
