"""Processes sign in before they claim, and say that they are still there."""

from __future__ import annotations

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


def test_a_process_signs_in_once(book: Engine) -> None:
    name = presence.sign_in()
    assert presence.sign_in() == name
    [mine] = listed()
    assert (mine.name, mine.lives()) == (name, True)
    assert not presence.out_of_touch()


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
        presence.forget(connection, [name])
    until(lambda: [one.name for one in listed()] == [name])


@pytest.mark.usefixtures("postgresql")
def test_one_whose_beats_do_not_arrive_is_out_of_touch_until_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "OUT_OF_TOUCH_AFTER", 0.5)
    name = presence.sign_in()
    with ledger.write() as connection:
        connection.execute(update(workers).where(workers.c.name == name).values(machine="another"))  # locks its row
        until(presence.out_of_touch)
    until(lambda: not presence.out_of_touch())
