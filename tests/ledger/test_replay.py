"""Replay: finished deliveries made due again, but never an older version."""

from __future__ import annotations

from typing import Any

import pytest

from tasks import ledger
from tasks.ledger import deliveries
from tasks.model.states import State
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
