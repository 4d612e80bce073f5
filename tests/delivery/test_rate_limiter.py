"""The rate limiter on a real Valkey. Time is a parameter: a minute takes no time."""

from __future__ import annotations

import itertools
import random
from bisect import bisect_left
from collections.abc import Sequence
from functools import partial
from itertools import chain

import pytest
import redis

from tasks.delivery.admission.rate_limiter import GRACE, MARGIN, MINUTE, RateLimiter, RateRequest, rate
from tasks.delivery.admission.shared_state import SharedState
from tests.delivery.conftest import patient_state
from tests.support.threads import run_together

NOW = 1_800_000_000.0
LIMITS = [1, 2, 9, 10, 19, 20, 60, 61, 600, 6000]
EXACT = 1e-3
"""Seconds: what rounding may take off a minute."""


@pytest.fixture
def limiter(server: str, valkey: redis.Redis) -> RateLimiter:
    return RateLimiter(patient_state(server))


def sends(count: int, per_minute: int | None = 60, *, first: int = 1, outlet: str = "bote") -> list[RateRequest]:
    return [RateRequest(first + n, outlet, per_minute) for n in range(count)]


def most_in_a_minute(moments: Sequence[float]) -> int:
    ordered = sorted(moments)
    return max(bisect_left(ordered, m + MINUTE - EXACT) - place for place, m in enumerate(ordered))


@pytest.mark.parametrize("limit", LIMITS)
def test_no_minute_holds_more_than_the_limit_and_none_is_wasted(limiter: RateLimiter, limit: int) -> None:
    moments = limiter.reserve(sends(3 * limit + 5, limit), NOW)
    assert most_in_a_minute(moments) == limit
    assert moments == sorted(moments)
    interval, _ = rate(limit)
    assert moments[-1] <= NOW + (3 * limit + 5) * interval <= NOW + 60 * (3 * limit + 5) / (0.9 * limit)


@pytest.mark.parametrize(("limit", "burst"), [(1, 1), (9, 1), (10, 1), (20, 2), (60, 6), (600, 60)])
def test_a_burst_goes_at_once_and_the_rest_one_by_one(limiter: RateLimiter, limit: int, burst: int) -> None:
    moments = limiter.reserve(sends(burst + 5, limit), NOW)
    interval, _ = rate(limit)
    assert moments[:burst] == [NOW] * burst
    steps = [later - earlier for earlier, later in itertools.pairwise(moments[burst - 1 :])]
    assert steps == pytest.approx([interval] * 5, abs=EXACT)


@pytest.mark.parametrize("seed", range(5))
def test_no_minute_holds_more_however_they_come(limiter: RateLimiter, seed: int) -> None:
    dice = random.Random(seed)
    limit, now, moments, ids = dice.choice(LIMITS[:8]), NOW, [], itertools.count(1)
    for _ in range(60):
        now += dice.choice([0, 0.1, 1, 7, 30, 100]) * dice.random()
        moments += limiter.reserve([RateRequest(next(ids), "bote", limit) for _ in range(dice.randrange(12))], now)
    assert most_in_a_minute(moments) <= limit


def test_outlets_are_apart_and_the_order_is_kept(limiter: RateLimiter) -> None:
    wanted = [
        RateRequest(1, "slow", 1), RateRequest(2, "free", None), RateRequest(3, "slow", 1), RateRequest(4, "other", 1),
        RateRequest(5, "slow", 1),
    ]  # fmt: skip
    assert limiter.reserve(wanted, NOW) == [NOW, NOW, NOW + 60, NOW, NOW + 120]


def test_a_quiet_time_saves_up_no_more_than_a_burst(limiter: RateLimiter) -> None:
    limiter.reserve(sends(30), NOW)
    moments = limiter.reserve(sends(30, first=100), NOW + 3600)
    assert sum(moment == NOW + 3600 for moment in moments) == 6


def test_a_reservation_is_paid_once(limiter: RateLimiter, valkey: redis.Redis) -> None:
    first, second, third = limiter.reserve(sends(3, 1), NOW)
    assert (first, second, third) == (NOW, NOW + 60, NOW + 120)
    free = valkey.get("fanwire:rate:bote")
    assert limiter.reserve([RateRequest(2, "bote", 1)], NOW + 30) == [second]  # too early: the same slot
    assert limiter.reserve([RateRequest(2, "bote", 1)], second + 0.2) == [second + 0.2]
    assert limiter.reserve([RateRequest(3, "bote", 1)], third + GRACE - 1) == [third + GRACE - 1]
    assert valkey.get("fanwire:rate:bote") == free
    assert list(valkey.scan_iter("fanwire:slot:*")) == []


def test_the_slot_as_it_was_given_is_not_too_early(limiter: RateLimiter) -> None:
    for send, slot in zip(sends(200, 61), limiter.reserve(sends(200, 61), NOW + 0.123456789), strict=True):
        if slot > NOW + 1:
            assert limiter.reserve([send], slot) == [slot]


def test_another_attempt_pays_anew(limiter: RateLimiter) -> None:
    _, slot = limiter.reserve(sends(2, 1), NOW)
    assert limiter.reserve([RateRequest(2, "bote", 1)], slot) == [slot]
    assert limiter.reserve([RateRequest(2, "bote", 1)], slot + 5) == [slot + 60]


def test_slots_that_were_missed_do_not_come_due_as_a_herd(limiter: RateLimiter) -> None:
    """Their host was open for an hour: then they come all at once, and are spread again."""
    limiter.reserve(sends(30), NOW)
    moments = limiter.reserve(sends(30), NOW + 3600)
    assert sum(moment == NOW + 3600 for moment in moments) == 6
    assert len(set(moments)) == 25


def test_a_missed_slot_costs_nothing_when_nobody_waits(limiter: RateLimiter) -> None:
    _, slot = limiter.reserve(sends(2, 1), NOW)
    late = slot + 60 + GRACE
    assert limiter.reserve([RateRequest(2, "bote", 1)], late) == [late]


def test_a_limit_that_was_changed_holds_from_then_on(limiter: RateLimiter) -> None:
    limiter.reserve(sends(2, 60), NOW)
    moments = limiter.reserve(sends(4, 1, first=10), NOW)
    assert [later - earlier for earlier, later in itertools.pairwise(moments)] == pytest.approx([60] * 3, abs=EXACT)


def test_many_drains_share_a_limit(limiter: RateLimiter, server: str) -> None:
    drains = [RateLimiter(patient_state(server)) for _ in range(20)]
    asked = [partial(drain.reserve, sends(10, 60, first=1000 * number), NOW) for number, drain in enumerate(drains)]
    moments = [*chain(*run_together(asked))]
    assert most_in_a_minute(moments) == 60
    assert len(set(moments)) == 200 - 5


def test_every_key_ends_by_itself(limiter: RateLimiter, valkey: redis.Redis) -> None:
    limiter.reserve(sends(3, 1), NOW)
    lives = {key: valkey.ttl(key) for key in valkey.scan_iter()}
    assert lives.keys() == {"fanwire:rate:bote", "fanwire:slot:2", "fanwire:slot:3"}
    assert 180 < lives["fanwire:rate:bote"] <= 180 + MARGIN
    assert 120 + GRACE < lives["fanwire:slot:3"] <= 120 + GRACE + MARGIN


def test_nobody_with_a_limit_costs_no_round_trip(limiter: RateLimiter, valkey: redis.Redis) -> None:
    before = valkey.info("stats")["total_commands_processed"]
    assert limiter.reserve(sends(200, None), NOW) == [NOW] * 200
    assert limiter.reserve([], NOW) == []
    assert valkey.info("stats")["total_commands_processed"] == before + 1


def test_no_redis_lets_everything_pass() -> None:
    limiter = RateLimiter(SharedState.at("redis://127.0.0.1:1/0"))
    assert limiter.reserve(sends(100, 1), NOW) == [NOW] * 100


def test_any_client_will_do(server: str, valkey: redis.Redis) -> None:
    limiter = RateLimiter(SharedState(lambda: redis.Redis.from_url(server)))
    assert limiter.reserve(sends(2, 1), NOW) == [NOW, NOW + 60]


def test_a_limit_below_one_is_refused(limiter: RateLimiter) -> None:
    with pytest.raises(ValueError, match="0 a minute"):
        limiter.reserve(sends(1, 0), NOW)
