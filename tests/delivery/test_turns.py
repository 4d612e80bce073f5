"""Deliveries that share a few connections: how many wait for their turn, and when the others come back."""

from __future__ import annotations

from itertools import pairwise

from tasks.delivery.transfers.transfer import Pool
from tasks.delivery.turns import EAGER, FIRST_GUESS, LONGEST, QUEUE_SECONDS, Turns
from tests.support.stepped_time import SteppedTime

RELAY = Pool("relay", 10)
NOW = 1_800_000_000.0


def measured(rate: float, waiting: int = 50) -> Turns:
    """A relay that took so many a second, while others were waiting."""
    clock = SteppedTime()
    turns = Turns(clock)
    for _ in range(int(rate * 20)):
        clock.now += 1 / rate
        turns.ended(RELAY, waiting)
    return turns


def test_whoever_shares_nothing_never_waits() -> None:
    assert Turns().later(None, 10_000, NOW) is None


def test_no_more_wait_than_are_taken_within_seconds() -> None:
    guess = round(RELAY.connections / FIRST_GUESS * QUEUE_SECONDS)
    assert Turns().later(RELAY, guess - 1, NOW) is None
    assert Turns().later(RELAY, guess, NOW) is not None
    assert measured(100).later(RELAY, 290, NOW) is None
    assert measured(100).later(RELAY, 310, NOW) is not None


def test_a_slow_relay_has_a_short_queue_and_its_connections_are_never_idle() -> None:
    turns = measured(1)
    assert turns.later(RELAY, 39, NOW) is None
    assert turns.later(RELAY, 40, NOW) is not None


def test_they_come_back_one_after_the_other_at_the_pace_of_the_relay() -> None:
    turns = measured(100)
    moments = [turns.later(RELAY, 400, NOW) for _ in range(1000)]
    found = [moment - NOW for moment in moments if moment is not None]
    assert len(found) == 1000
    assert abs(found[0] - 4.0) < 0.2
    steps = [after - before for before, after in pairwise(found)]
    assert all(abs(step - 1 / (100 * EAGER)) < 0.001 for step in steps)


def test_nobody_is_sent_away_for_long() -> None:
    turns = measured(10)
    moments = [turns.later(RELAY, 400, NOW) for _ in range(86_000)]
    assert max(moment for moment in moments if moment) <= NOW + LONGEST


def test_what_comes_singly_says_nothing_of_the_pace() -> None:
    clock = SteppedTime()
    turns = Turns(clock)
    for _ in range(10):
        clock.now += 10
        turns.ended(RELAY, 0)
    assert turns.later(RELAY, round(RELAY.connections / FIRST_GUESS * QUEUE_SECONDS) - 1, NOW) is None


# --- all of one format


def full(turns: Turns, waiting: int) -> set[str]:
    return set(turns.full(lambda pool: waiting if pool is RELAY else 0))


def test_a_format_is_left_out_while_as_many_wait_as_are_taken_within_seconds() -> None:
    turns = measured(100)
    assert full(turns, 310) == set(), "other deliveries go over it too"
    turns.started(RELAY, "email")
    assert full(turns, 290) == set()
    assert full(turns, 310) == {"email"}


def test_another_relay_is_not_held_up() -> None:
    turns = measured(100)
    turns.started(RELAY, "email")
    turns.started(Pool("other", 10), "fax")
    assert full(turns, 1000) == {"email"}
