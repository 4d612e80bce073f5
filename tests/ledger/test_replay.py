"""Replay: finished deliveries made due again, but never an older version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tasks import ledger
from tasks.ledger import deliveries
from tasks.model.states import Hold, State
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, states, take
from tests.support.samples import outlet

pytestmark = pytest.mark.usefixtures("book")
UNDELIVERED = (State.EXHAUSTED, State.REJECTED)


def three(**fields: Any) -> int:
    """A release that one outlet has, one rejected and one never answered; its number."""
    receivers(outlet("has"), outlet("no"), outlet("silent"))
    number = take(**fields)
    render(number)
    has, no, silent = claim()
    finish(result(has), result(no, State.REJECTED), result(silent, State.EXHAUSTED))
    return number


def replay(*states: State, **which: object) -> int:
    with ledger.write() as connection:
        return deliveries.replay(connection, NOW + 9, states=states, **which).count  # type: ignore[arg-type]


def test_what_an_outlet_missed_is_due_again_with_a_new_horizon() -> None:
    three()
    assert replay(*UNDELIVERED, outlet_id="silent") == 1
    [again] = claim(now=NOW + 9)
    assert (again.outlet_id, again.tries, again.first_due_at) == ("silent", 0, NOW + 9)


def test_a_release_is_replayed_by_state() -> None:
    number = three()
    assert replay(State.EXHAUSTED, release_id=number) == 1
    assert states(number) == {"delivered": 1, "rejected": 1, "due": 1}


def test_since_leaves_out_what_ended_before() -> None:
    three()
    assert replay(*UNDELIVERED, outlet_id="no", since=NOW + 2) == 0
    assert replay(*UNDELIVERED, outlet_id="no", since=NOW) == 1


def test_a_single_delivered_delivery_can_be_sent_once_more() -> None:
    number = three()
    assert replay(State.DELIVERED, release_id=number, outlet_id="has", language="en") == 1


def test_what_a_correction_has_replaced_is_never_replayed() -> None:
    number = three()
    take(version=2)
    assert replay(*UNDELIVERED, State.DELIVERED, release_id=number) == 0


def test_open_rows_are_left_alone() -> None:
    receivers(outlet("a"))
    number = take()
    assert replay(State.HELD, State.DUE, release_id=number) == 0


# --- what an outlet missed

ENDS = {
    "delivered": (State.DELIVERED, "http_200", None),
    "gone": (State.REJECTED, "http_410", "rejected"),
    "wrong token": (State.REJECTED, "http_401", "rejected"),
    "moved": (State.REJECTED, "redirect", "rejected"),
    "refused on its merits": (State.REJECTED, "http_422", None),
    "never answered": (State.EXHAUSTED, "timeout", "exhausted"),
}
"""How a delivery may end: its state and code, and as what it counts among what its outlet missed."""


def missed() -> dict[str, int]:
    with ledger.read() as connection:
        return deliveries.missed(connection, "a")


def replay_missed(now: float = NOW + 9) -> deliveries.Replayed:
    with ledger.write() as connection:
        return deliveries.replay_missed(connection, "a", now)


@pytest.mark.parametrize("ended", ENDS)
def test_an_outlet_misses_what_it_could_not_get_and_not_what_it_refused(ended: str) -> None:
    receivers(outlet("a"), outlet("b"))
    number = take()
    render(number)
    state, code, counted = ENDS[ended]
    finish(*(replace(result(one, state), code=code) for one in claim()))
    assert missed() == ({counted: 1} if counted else {})
    assert replay_missed().count == bool(counted)
    assert [(one.outlet_id, one.tries, one.first_due_at) for one in claim(now=NOW + 9)] == (
        [("a", 0, NOW + 9)] if counted else []
    )
    assert missed() == {}


def test_what_is_kept_is_missed_and_let_go_by_the_end_of_the_pause() -> None:
    receivers(outlet("a"))
    render(take())
    with ledger.write() as connection:
        deliveries.hold_for_status(connection, ["a"], Hold.DISABLED, "410 Gone")
    assert missed() == {"kept": 1}
    assert replay_missed().count == 0
    assert missed() == {"kept": 1}


@pytest.mark.parametrize("status", ["usable", "canceled"])
def test_nothing_that_a_newer_version_or_a_kill_replaced_is_missed(status: str) -> None:
    receivers(outlet("a"))
    render(take())
    finish(*(replace(result(one, State.EXHAUSTED), code="timeout") for one in claim()))
    body = None if status == "canceled" else "<p>Corrected.</p>"
    take(version=2, status=status, body_html=body)
    assert "exhausted" not in missed()
    assert replay_missed().count == 0


def test_what_is_missed_waits_for_an_embargo_that_came_since() -> None:
    receivers(outlet("a"))
    number = take()
    render(number)
    finish(*(replace(result(one, State.EXHAUSTED), code="timeout") for one in claim()))
    with ledger.write() as connection:
        connection.exec_driver_sql(f"UPDATE releases SET embargo_until = {NOW + 3600} WHERE id = {number}")
    done = replay_missed()
    assert (done.count, done.waiting) == (1, 1)
    assert not claim(now=NOW + 9)
