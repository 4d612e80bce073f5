"""What held deliveries wait for, in columns: a kind of hold, and what else there is to say of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from tasks import ledger, pipeline
from tasks.ledger import counts, deliveries, outlets, translation_rows
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.schema import deliveries as rows
from tasks.model.states import Hold, State, Verdict
from tasks.operations import embargo
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, take
from tests.support.samples import outlet, release

pytestmark = pytest.mark.usefixtures("book")


def held() -> dict[str, tuple[str, str | None, str | None]]:
    """{outlet: state, kind and detail of its hold}."""
    with ledger.read() as connection:
        query = select(rows.c.outlet_id, rows.c.state, rows.c.hold_kind, rows.c.hold_detail)
        return {row[0]: tuple(row[1:]) for row in connection.execute(query)}


def pause(name: str, why: str = "paused by operations") -> None:
    with ledger.write() as connection:
        outlets.set_status(connection, [name], "paused", why, NOW)
        deliveries.hold_for_status(connection, [name], Hold.PAUSED, why)


def test_a_row_says_what_it_waits_for_until_it_waits_no_more() -> None:
    receivers(outlet("a"), outlet("b", languages=["ko"]))
    number = take()
    assert held() == {"a": ("held", "rendition", None), "b": ("held", "translation", None)}
    render(number)
    assert held()["a"] == ("due", None, None)


def test_an_embargo_says_until_when_also_when_it_is_moved() -> None:
    receivers(outlet("a"))
    number = take(embargo_until="2127-01-15T09:00:00Z")
    assert held() == {"a": ("held", "embargo", "2127-01-15T09:00:00Z")}
    later = release(embargo_until="2127-02-01T10:30:00+02:00").embargo_until
    with ledger.write() as connection:
        embargo.move(connection, number, later)
    assert held() == {"a": ("held", "embargo", "2127-02-01T08:30:00Z")}


def test_what_an_outlet_misses_says_why_it_gets_nothing() -> None:
    receivers(outlet("a"), outlet("b"))
    number = take()
    render(number)
    pause("a", "they move their server")
    assert held()["a"] == ("held", "outlet_paused", "they move their server")
    with ledger.read() as connection:
        assert counts.holds(connection, number) == [
            {
                "language": "en",
                "kind": "outlet_paused",
                "reason": "outlet paused",
                "n": 1,
                "detail": "they move their server",
            }
        ]
    with ledger.write() as connection:
        outlets.set_status(connection, ["a"], "active", None, NOW)
        deliveries.resume(connection, ["a"], NOW)
    assert held()["a"] == ("due", None, None)


def test_what_is_planned_for_a_paused_outlet_says_why_too() -> None:
    receivers(outlet("a"))
    pause("a", "they move their server")
    take()
    assert held() == {"a": ("held", "outlet_paused", "they move their server")}


def test_a_row_that_a_drain_gives_back_for_a_pause_says_why() -> None:
    receivers(outlet("a"))
    render(take())
    [taken] = claim()
    pause("a")
    finish(replace(result(taken, State.HELD), verdict=Verdict.DEFERRED, reason="outlet paused", hold=Hold.PAUSED))
    assert held() == {"a": ("held", "outlet_paused", "paused by operations")}


def test_what_ends_waits_for_nothing() -> None:
    receivers(outlet("a"), outlet("b", languages=["ko"]))
    take()
    pause("a")
    with ledger.write() as connection:
        deliveries.supersede(connection, release().uri, 2, by_kill=True)
    assert held() == {"a": ("canceled", None, None), "b": ("canceled", None, None)}


def test_a_hold_tells_why_its_translation_could_not_be_made_and_no_other_does() -> None:
    receivers(outlet("a", languages=["ko"]), outlet("b", languages=["ko"]))
    number = take()
    pause("b")
    with ledger.write() as connection:
        translation_rows.hold(connection, TranslationKey(number, "ko"), attempt=0, now=NOW, reason="no engine", wait=60)
        found = {hold["kind"]: hold["detail"] for hold in counts.holds(connection, number)}
    assert found == {"translation": "no engine", "outlet_paused": "paused by operations"}


# --- beside workers of before migration 0003, which know `reason` only


OLD_WORDS = ["embargo", "translation", "approval", "rendition", "outlet paused", "outlet disabled"]


def test_held_rows_have_the_words_that_older_workers_know() -> None:
    assert {hold.words for hold in Hold if hold not in (Hold.UNVERIFIED, Hold.MEDIA, Hold.RESTORED)} == set(OLD_WORDS)


@pytest.mark.parametrize("kind", [None, "outlet_disabled"])
def test_a_row_that_an_older_worker_holds_is_found_and_moved_on(kind: str | None) -> None:
    """Nobody else would come back to it: its rendition is made by somebody who did not know that it waits for that."""
    receivers(outlet("a"))
    number = take()
    with ledger.write() as connection:
        connection.execute(update(rows).values(reason="rendition", hold_kind=kind))
    assert render(number) == 0
    assert pipeline.sweep_ledger(NOW).due
    assert held() == {"a": ("due", None, None)}


@pytest.mark.parametrize("words", OLD_WORDS)
def test_each_kind_of_hold_of_an_older_worker_is_known(words: str) -> None:
    receivers(outlet("a", languages=["ko"]))
    take(embargo_until="2127-01-15T09:00:00Z")
    with ledger.write() as connection:
        connection.execute(update(rows).values(reason=words, hold_kind=None))
        assert deliveries.adopt(connection, NOW) == 1
        assert deliveries.adopt(connection, NOW) == 0
        assert connection.execute(select(rows.c.hold_kind)).scalar_one() == words.replace(" ", "_")


def test_nothing_is_let_go_under_an_embargo_whatever_its_row_says() -> None:
    """An older command line moved the embargo: the row says so in its reason only, until the clock looks."""
    receivers(outlet("a"))
    number = take(embargo_until="2127-01-15T09:00:00Z")
    with ledger.write() as connection:
        connection.execute(update(rows).values(hold_kind="rendition"))
    assert render(number) == 0
    assert held()["a"][0] == "held"
