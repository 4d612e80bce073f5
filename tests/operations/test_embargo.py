"""Embargoes are holds: moved, lifted, and never leaked by a clock that is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from tasks import ledger, pipeline
from tasks.ledger import audit, deliveries, releases, rendition_rows
from tasks.ledger.artifacts import RenditionKey, TranslationKey
from tasks.operations import embargo
from tasks.runtime import moments
from tasks.runtime.errors import UserError
from tests.support.delivery_steps import claim, receivers, render, states, take
from tests.support.samples import outlet, release

pytestmark = pytest.mark.usefixtures("book")


def present() -> float:
    with ledger.read() as connection:
        return ledger.now(connection)


def embargoed(hours: float = 1) -> int:
    """A release under embargo whose renditions are made ahead; its number."""
    receivers(outlet("a"))
    until = datetime.fromtimestamp(present(), UTC) + timedelta(hours=hours)
    number = take(now=present(), embargo_until=until.isoformat())
    render(number, now=present())
    assert states(number) == {"held": 1}
    return number


def move(number: int, until: datetime | None) -> None:
    with ledger.write() as connection:
        embargo.move(connection, number, until)


def lift(now: float) -> list[int]:
    with ledger.write() as connection:
        return deliveries.lift_embargoes(connection, now)


def test_a_moved_embargo_holds_until_the_new_moment_and_says_so_in_new_renditions() -> None:
    number = embargoed()
    later = datetime.fromtimestamp(present(), UTC) + timedelta(hours=5)
    move(number, later)
    assert lift(present() + 2 * 3600) == []
    with ledger.read() as connection:
        assert releases.get(connection, number).embargo_until == later
        assert rendition_rows.unmade(connection, TranslationKey(number, "en")) == [RenditionKey(number, "en", "ninjs")]
    render(number, now=present())
    assert lift(later.timestamp()) == [number]
    assert states(number) == {"due": 1}


def test_a_lifted_embargo_lets_go_at_the_next_sweep() -> None:
    number = embargoed()
    move(number, None)
    render(number, now=present())
    moment = present() + 0.001
    assert lift(moment) == [number]
    assert len(claim(now=moment)) == 1


def test_the_end_of_an_embargo_is_recorded_once_as_what_the_clock_did() -> None:
    number = embargoed()
    for _ in range(2):
        pipeline.sweep_ledger(present() + 3600)
    with ledger.read() as connection:
        [entry] = audit.latest(connection, audit.Wanted(act="embargo.end"), 9)
        until = releases.get(connection, number).embargo_until
    assert until is not None
    assert (entry["act"], entry["role"], entry["old"]) == (
        "embargo.end", "process", {"embargo_until": moments.written(until)},
    )  # fmt: skip


def test_an_embargo_that_is_over_cannot_be_moved() -> None:
    receivers(outlet("a"))
    number = take(now=present(), embargo_until="2026-01-01T00:00:00Z")
    render(number, now=present())
    assert states(number) == {"due": 1}
    with pytest.raises(UserError, match="any more: it ended at 2026-01-01"):
        move(number, datetime.now(UTC) + timedelta(hours=1))


def test_an_embargo_is_not_moved_into_the_past() -> None:
    number = embargoed()
    for until in (present() - 1, present()):
        with pytest.raises(UserError, match=r"is past; `fanwire embargo urn:.* --lift` lets the release go now"):
            move(number, datetime.fromtimestamp(until, UTC))
    assert states(number) == {"held": 1}


def test_a_release_is_known_again_however_its_embargo_is_written() -> None:
    """Before, front matter brought every moment in UTC, and so it stands in the digests of older ledgers."""
    in_utc, in_new_york = (release(embargo_until=f"2126-12-01T{rest}") for rest in ("12:00:00Z", "07:00:00-05:00"))
    with ledger.write() as connection:
        assert releases.take(connection, in_utc, 1.0).outcome == "new"
        assert releases.take(connection, in_new_york, 2.0).outcome == "known"
        other = release(embargo_until="2126-12-01T07:00:00Z")
        assert releases.take(connection, other, 3.0).outcome == "conflict"


def test_a_worker_whose_clock_is_hours_fast_leaks_nothing(book: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    if book.dialect.name == "sqlite":
        pytest.skip("SQLite is on this machine and has this machine's clock")
    number = embargoed()
    import time

    monkeypatch.setattr(time, "time", lambda real=time.time: real() + 7200)
    assert pipeline.sweep_ledger(present()).lifted == []
    assert states(number) == {"held": 1}
