"""What a drain had read when it was killed: its journal says it, and no outlet gets it again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tasks import ledger
from tasks.ledger import journal
from tasks.ledger.deliveries import Claim, Result, expire_leases
from tasks.ledger.journal import Journal
from tasks.ledger.schema import attempts, publications
from tasks.model.publication import Publication
from tasks.model.states import Hold, State
from tasks.operations import journals
from tasks.runtime import processes
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, states, take
from tests.support.samples import outlet
from tests.support.stepped_time import SteppedTime

ME = f"here:{os.getpid()}:{processes.started(os.getpid())}"
GONE = f"here:{2**22 + 1}:5"
"""No process has such a number."""

pytestmark = pytest.mark.usefixtures("book")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for journals, with nothing in it."""
    found = tmp_path / "journal"
    found.mkdir()
    return found


@pytest.fixture
def claims() -> list[Claim]:
    """Three deliveries that a drain that is gone has claimed."""
    receivers(outlet("a"), outlet("b"), outlet("c"))
    render(take())
    return claim(GONE)


def note(kept: Journal, result: Result, said: Publication | None = None) -> None:
    kept.note([(result, said)])


def noted() -> int:
    with ledger.read() as connection:
        return connection.execute(select(func.count()).select_from(attempts)).scalar_one()


def test_what_was_read_is_taken_once_and_the_rest_stays_claimed(folder: Path, claims: list[Claim]) -> None:
    kept = Journal(folder, GONE)
    note(kept, result(claims[0]), Publication.model_validate({"status": "accepted"}))
    note(kept, result(claims[1], State.DUE, due_at=NOW + 60))
    assert journals.take_in(folder) == 2
    assert states(claims[0].release_id) == {"delivered": 1, "due": 1, "claimed": 1}
    with ledger.read() as connection:
        said = connection.execute(select(publications.c.delivery_id, publications.c.status)).all()
    assert [tuple(row) for row in said] == [(claims[0].id, "accepted")]
    assert list((folder).iterdir()) == []
    assert journals.take_in(folder) == 0


def test_reading_it_twice_changes_nothing(folder: Path, claims: list[Claim]) -> None:
    note(Journal(folder, GONE), result(claims[0], State.DUE, due_at=NOW + 60))
    [page] = folder.iterdir()
    text = page.read_bytes()
    assert journals.take_in(folder) == 1
    page.write_bytes(text)
    assert journals.take_in(folder) == 0
    again = claim("other", now=NOW + 61)
    assert [one.attempt for one in again] == [2]
    page.write_bytes(text)
    assert journals.take_in(folder) == 0
    finish(result(again[0]))
    assert noted() == 2


def test_it_is_better_knowledge_than_that_the_worker_vanished(folder: Path, claims: list[Claim]) -> None:
    note(Journal(folder, GONE), result(claims[0]))
    with ledger.write() as connection:
        assert expire_leases(connection, NOW + 1, gone=[GONE]) == 3
    assert journals.take_in(folder) == 1
    assert states(claims[0].release_id) == {"delivered": 1, "due": 2}


def test_the_journal_of_a_drain_that_lives_is_read_only_before_its_claims_are_freed(
    folder: Path, claims: list[Claim]
) -> None:
    mine = Journal(folder, ME)
    note(mine, result(claims[0]))
    assert journals.take_in(folder) == 0
    assert journals.take_in(folder, {ME}) == 1
    note(mine, result(claims[1]))
    assert journals.take_in(folder, {ME}) == 1
    assert len(list(folder.iterdir())) == 1


def test_a_process_that_cannot_be_seen_has_left_what_has_stood_there_for_seconds(
    folder: Path, claims: list[Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "machine", lambda: "another machine")
    note(Journal(folder, ME), result(claims[0]))
    monkeypatch.undo()
    [page] = folder.iterdir()
    noted_at = page.stat().st_mtime
    clock = SteppedTime(noted_at + 1.9)
    monkeypatch.setattr(journal, "time", clock)
    assert journals.take_in(folder) == 0
    clock.now = noted_at + 2.1
    assert journals.take_in(folder) == 1
    assert page.exists()
    clock.now = noted_at + 100
    assert journals.take_in(folder) == 0
    assert not page.exists()


def test_a_last_line_that_is_cut_costs_no_other(folder: Path, claims: list[Claim]) -> None:
    kept = Journal(folder, GONE)
    for one in claims:
        note(kept, result(one))
    [page] = folder.iterdir()
    os.truncate(page, page.stat().st_size - 20)
    assert journals.take_in(folder) == 2
    assert list(folder.iterdir()) == []
    for number, only_begun in enumerate((b"", b'["mach')):
        (folder / f"{GONE}.{number}.journal").write_bytes(only_begun)
    assert journals.take_in(folder) == 0


def test_pages_go_when_the_ledger_has_them(folder: Path, claims: list[Claim]) -> None:
    kept = Journal(folder, GONE)
    note(kept, result(claims[0]))
    [first] = folder.iterdir()
    kept.turn_page()
    note(kept, result(claims[1]))
    [second] = set(folder.iterdir()) - {first}
    assert first.stat().st_mode & 0o777 == 0o600
    kept.drop_turned()
    assert list(folder.iterdir()) == [second]
    [page] = journal.pages(folder)
    assert page.results() == [(result(claims[1]), None)]


def test_states_and_holds_come_back_as_what_they_were(folder: Path, claims: list[Claim]) -> None:
    put_back = result(claims[0], State.HELD)
    put_back = type(put_back)(**{n: getattr(put_back, n) for n in put_back.__slots__} | {"hold": Hold.PAUSED})
    note(Journal(folder, GONE), put_back)
    [page] = journal.pages(folder)
    [(read, said)] = page.results()
    assert (read, read.state, read.hold, said) == (put_back, State.HELD, Hold.PAUSED, None)
    assert isinstance(read.hold, Hold)


def test_a_disk_that_takes_nothing_stops_no_delivery(
    folder: Path, claims: list[Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Journal(folder, GONE)
    note(kept, result(claims[0]))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    note(kept, result(claims[1]))
    note(kept, result(claims[2]))
    monkeypatch.undo()
    kept.turn_page()
    note(kept, result(claims[2]))
    assert journals.take_in(folder) == 2
    (folder / "file").touch()
    note(Journal(folder / "file", GONE), result(claims[1]))
