"""The life of a delivery row, on SQLite and on PostgreSQL."""

from __future__ import annotations

from functools import partial
from itertools import chain

import pytest
from sqlalchemy import Engine, select

from tasks import ledger
from tasks.ledger import artifacts, counts, deliveries, outlets, releases, translation_rows
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.deliveries import Claim
from tasks.ledger.schema import attempts
from tasks.model.release import supplied
from tasks.model.states import Hold, State
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, states, take
from tests.support.samples import URI, outlet, release
from tests.support.threads import run_together

pytestmark = pytest.mark.usefixtures("book")


def test_a_delivery_goes_from_held_to_delivered() -> None:
    receivers(outlet("a"), outlet("b"))
    number = take()
    assert states(number) == {"held": 2}
    assert render(number) == 2
    taken = claim()
    assert [c.outlet_id for c in taken] == ["a", "b"]
    assert states(number) == {"claimed": 2}
    assert finish(*map(result, taken)) == 2
    assert states(number) == {"delivered": 2}


def test_a_claimed_row_is_claimed_once() -> None:
    receivers(*(outlet(f"o{n}") for n in range(50)))
    render(take())

    def worker(name: str) -> list[Claim]:
        mine: list[Claim] = []
        while found := claim(name, limit=3):
            mine += found
        return mine

    taken = list(chain(*run_together([partial(worker, f"w{n}") for n in range(4)])))
    assert len(taken) == 50
    assert len({c.id for c in taken}) == 50


def test_urgent_rows_are_claimed_first_although_they_came_second() -> None:
    receivers(outlet("a"), outlet("b"))
    render(take(uri="urn:x:slow"))
    render(take(uri="urn:x:flash", urgency=1), now=NOW + 5)
    assert [c.urgency for c in claim(now=NOW + 10, limit=3)] == [1, 1, 5]


def test_a_row_is_not_claimed_before_it_is_due() -> None:
    receivers(outlet("a"))
    render(take())
    [taken] = claim()
    finish(result(taken, State.DUE, due_at=NOW + 30))
    assert claim(now=NOW + 29.9) == []
    [again] = claim(now=NOW + 30)
    assert (again.attempt, again.tries, again.first_due_at) == (2, 1, NOW)


def test_an_expired_lease_makes_the_row_due_and_notes_that_nobody_knows() -> None:
    receivers(outlet("a"))
    number = take()
    render(number)
    claim(lease=10)
    with ledger.write() as connection:
        assert deliveries.expire_leases(connection, NOW + 9) == 0
        assert deliveries.expire_leases(connection, NOW + 11) == 1
        assert [row.verdict for row in connection.execute(select(attempts))] == ["unsure"]
    assert states(number) == {"due": 1}


def test_a_late_worker_cannot_overwrite_a_newer_attempt() -> None:
    receivers(outlet("a"))
    number = take()
    render(number)
    [late] = claim("late", lease=10)
    with ledger.write() as connection:
        deliveries.expire_leases(connection, NOW + 11)
    [newer] = claim("newer", now=NOW + 12)
    assert finish(result(late)) == 0
    assert states(number) == {"claimed": 1}
    assert finish(result(newer, State.DUE, NOW + 99)) == 1
    with ledger.read() as connection:
        told = dict(connection.execute(select(attempts.c.attempt, attempts.c.verdict)).all())
    assert told == {1: "delivered", 2: "failed"}


def test_a_late_result_counts_while_nobody_has_claimed_anew() -> None:
    receivers(outlet("a"))
    number = take()
    render(number)
    [late] = claim(lease=10)
    with ledger.write() as connection:
        deliveries.expire_leases(connection, NOW + 11)
    assert finish(result(late)) == 1
    assert states(number) == {"delivered": 1}


def test_a_translation_that_comes_late_lets_only_its_own_language_go() -> None:
    receivers(outlet("a", languages=["en", "de"]), outlet("b", languages=["ko"]))
    number = take()
    assert render(number) == 1
    with ledger.write() as connection:
        key = TranslationKey(number, "de")
        attempt = artifacts.claim(connection, key, now=NOW, lease=60)
        assert attempt is not None
        translation = supplied(release(language="de"), "de")
        assert translation is not None
        translation_rows.finish(connection, key, translation, attempt=attempt, now=NOW)
        assert deliveries.promote(connection, number, NOW) == 0
    assert render(number, "de") == 1
    with ledger.read() as connection:
        assert [(h["language"], h["reason"], h["n"]) for h in counts.holds(connection, number)] == [
            ("ko", "translation", 1)
        ]


def test_an_embargo_holds_until_its_moment_and_work_is_done_ahead() -> None:
    receivers(outlet("a"))
    number = take(embargo_until="2027-01-15T09:00:00Z")
    moment = release(embargo_until="2027-01-15T09:00:00Z").embargo_until
    assert moment is not None
    assert render(number) == 0
    with ledger.write() as connection:
        assert deliveries.lift_embargoes(connection, moment.timestamp() - 0.1) == []
        assert deliveries.lift_embargoes(connection, moment.timestamp()) == [number]
    assert states(number) == {"due": 1}


def test_a_paused_outlet_is_kept_its_deliveries_and_an_embargo_survives_the_pause() -> None:
    receivers(outlet("a"), outlet("b"))
    open_now = take()
    embargoed = take(uri="urn:x:embargo", embargo_until="2027-01-15T09:00:00Z")
    render(open_now)
    render(embargoed)
    with ledger.write() as connection:
        outlets.set_status(connection, ["a"], "paused", "test", NOW)
        assert deliveries.hold_for_status(connection, ["a"], Hold.PAUSED) == 2
    assert [c.outlet_id for c in claim()] == ["b"]
    with ledger.write() as connection:
        assert deliveries.resume(connection, ["a"], NOW) == 1
    assert states(embargoed) == {"held": 2}
    assert [c.outlet_id for c in claim()] == ["a"]


def test_what_waits_for_its_next_try_at_an_outlet_is_tried_at_once() -> None:
    receivers(outlet("a"), outlet("b"))
    render(take())
    finish(*(result(one, State.DUE, due_at=NOW + 900) for one in claim()))
    with ledger.write() as connection:
        assert deliveries.try_now(connection, "a", NOW + 5) == 1
    [again] = claim(now=NOW + 5)
    assert (again.outlet_id, again.tries, again.first_due_at) == ("a", 1, NOW)
    with ledger.write() as connection:
        assert deliveries.try_now(connection, "a", NOW + 5) == 0, "what is in flight stays there"


def test_a_correction_supersedes_what_is_not_out_and_reaches_who_may_have_it() -> None:
    receivers(outlet("has"), outlet("waits"), outlet("may"))
    first = take(circuits=[])
    render(first)
    has, may, waits = claim()
    assert (has.outlet_id, may.outlet_id, waits.outlet_id) == ("has", "may", "waits")
    finish(result(has), result(waits, State.DUE, NOW + 60))
    # nobody matches the correction's circuit, but two got or may have got the first version
    second = take(version=2, circuits=["nobody"])
    assert states(first) == {"delivered": 1, "claimed": 1, "superseded": 1}
    render(second)
    assert [c.outlet_id for c in claim()] == ["has"]
    assert finish(result(may, State.DUE, NOW)) == 1  # its attempt ended, and its delivery with it
    assert states(first) == {"delivered": 1, "superseded": 2}
    assert [(c.outlet_id, c.release_id) for c in claim()] == [("may", second)]


def test_a_correction_waits_for_an_older_version_in_flight_to_the_same_outlet_only() -> None:
    receivers(outlet("a", languages=["en", "de"]), outlet("b"))
    german = {"de": {"headline": "Werk", "body_html": "<p>Text</p>"}}
    first = take(translations=german)
    render(first)
    in_flight = claim()  # both English ones; the German one of a is not rendered
    assert {(c.outlet_id, c.language) for c in in_flight} == {("a", "en"), ("b", "en")}
    second = take(version=2, translations=german)
    render(second, "en")
    render(second, "de")
    assert [(c.outlet_id, c.language) for c in claim()] == [("a", "de")]
    finish(*(result(c) for c in in_flight if c.outlet_id == "b"))
    assert [(c.outlet_id, c.language) for c in claim()] == [("b", "en")]
    with ledger.write() as connection:  # the worker that had the other one vanished
        deliveries.expire_leases(connection, NOW + 61)
    assert {c.release_id for c in claim(now=NOW + 62)} == {first, second}


def test_a_kill_cancels_and_goes_to_who_has_it_without_an_engine() -> None:
    receivers(outlet("has", languages=["ko"]), outlet("waits", languages=["ko"]))
    text = {"ko": {"headline": "머리기사", "body_html": "<p>본문</p>"}}
    first = take(translations=text)
    render(first, "ko")
    has, waits = claim()
    finish(result(has), result(waits, State.DUE, NOW + 60))
    kill = take(version=2, status="canceled", body_html=None)
    assert states(first) == {"delivered": 1, "canceled": 1}
    assert render(kill, "ko") == 1
    with ledger.read() as connection:
        translation = translation_rows.finished(connection, TranslationKey(kill, "ko"))
    assert translation is not None
    assert (translation.headline, translation.body_html) == ("머리기사", "")


def test_the_same_content_is_taken_once_and_other_content_refused() -> None:
    with ledger.write() as connection:
        assert releases.take(connection, release(), NOW).outcome == "new"
        assert releases.take(connection, release(), NOW).outcome == "known"
        assert releases.take(connection, release(headline="Another"), NOW).outcome == "conflict"
        row = releases.find(connection, URI)
    assert row is not None
    assert row.version == 1


def test_migrations_and_schema_agree(book: Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with book.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, ledger.schema.metadata) == []
