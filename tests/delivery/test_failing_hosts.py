"""The tracker on a real Valkey. Time is a parameter: seven days take no time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import redis

from tasks.delivery.admission.breaker import Outcome
from tasks.delivery.admission.failing_hosts import (
    DEAD_DAYS,
    FINAL_WARNING_DAYS,
    KEEP,
    WARNING_DAYS,
    Notice,
    Stage,
    Tracker,
    stage,
)
from tasks.delivery.admission.shared_state import Memory
from tasks.model.states import Verdict
from tests.delivery.conftest import patient_memory
from tests.support.threads import run_together

FIRST = date(2026, 12, 28)
DAY = 24 * 3600.0
NOON = datetime(2026, 12, 28, 12, tzinfo=UTC).timestamp()
"""Of the first day; the days go over the end of a year."""
HOST, OTHER = "bote.example:443", "anzeiger.example:443"
KEY = f"fanwire:tracker:{HOST}"
FAILURE: Outcome = (HOST, Verdict.FAILED, None)
SUCCESS: Outcome = (HOST, Verdict.DELIVERED, None)


@pytest.fixture
def tracker(server: str, valkey: redis.Redis) -> Tracker:
    return Tracker(patient_memory(server))


def noon(day: int) -> float:
    """The middle of the so many-th day."""
    return NOON + (day - 1) * DAY


def test_each_stage_is_told_once_and_death_every_day(tracker: Tracker) -> None:
    told = {
        day: tracker.note([FAILURE] * 3, noon(day)) + tracker.note([FAILURE], noon(day) + 60) for day in range(1, 10)
    }
    assert {day: notices for day, notices in told.items() if notices} == {
        2: [Notice(HOST, Stage.WARNING, 2, FIRST)],
        4: [Notice(HOST, Stage.FINAL_WARNING, 4, FIRST)],
        7: [Notice(HOST, Stage.DEAD, 7, FIRST)],
        8: [Notice(HOST, Stage.DEAD, 8, FIRST)],
        9: [Notice(HOST, Stage.DEAD, 9, FIRST)],
    }


def test_the_stages() -> None:
    assert [stage(days) for days in range(9)] == [
        None, None, Stage.WARNING, None, Stage.FINAL_WARNING, None, None, Stage.DEAD, Stage.DEAD,
    ]  # fmt: skip
    assert WARNING_DAYS < FINAL_WARNING_DAYS < DEAD_DAYS


def test_the_worst_of_days_is_one_day(tracker: Tracker, valkey: redis.Redis) -> None:
    begin = noon(1) - DAY / 2
    for second in range(0, int(DAY), 3600):
        assert tracker.note([FAILURE] * 100, begin + second) == []
    assert valkey.hgetall(KEY) == {"days": "1", "since": "2026-12-28", "last": "2026-12-28"}


def test_days_need_not_follow_each_other(tracker: Tracker) -> None:
    days = [1, 8, 15, 22, 29, 36, 43]
    assert [notice.stage for day in days for notice in tracker.note([FAILURE], noon(day))] == [
        Stage.WARNING, Stage.FINAL_WARNING, Stage.DEAD,
    ]  # fmt: skip


def test_days_are_days_of_utc(tracker: Tracker) -> None:
    midnight = noon(1) + DAY / 2
    assert tracker.note([FAILURE], midnight - 0.1) == []
    assert tracker.note([FAILURE], midnight) == [Notice(HOST, Stage.WARNING, 2, FIRST)]


def test_a_drain_whose_clock_is_behind_adds_no_day(tracker: Tracker) -> None:
    midnight = noon(1) + DAY / 2
    tracker.note([FAILURE], midnight + 0.1)
    assert tracker.note([FAILURE], midnight - 0.1) == []
    assert tracker.note([FAILURE], midnight + 0.2) == []


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.DELIVERED])
def test_only_success_forgets(tracker: Tracker, verdict: Verdict) -> None:
    tracker.note([FAILURE], noon(1))
    tracker.note([(HOST, verdict, 60.0)], noon(1))
    assert len(tracker.note([FAILURE], noon(2))) == 1


def test_success_forgets_all(tracker: Tracker, valkey: redis.Redis) -> None:
    for day in range(1, 7):
        tracker.note([FAILURE], noon(day))
    assert tracker.note([SUCCESS], noon(6)) == []
    assert valkey.dbsize() == 0
    assert tracker.note([FAILURE], noon(7)) == []
    assert tracker.note([FAILURE], noon(8)) == [Notice(HOST, Stage.WARNING, 2, FIRST + timedelta(6))]


@pytest.mark.parametrize("verdict", [v for v in Verdict if v not in (Verdict.FAILED, Verdict.UNSURE)])
def test_what_does_not_make_a_day_count(tracker: Tracker, valkey: redis.Redis, verdict: Verdict) -> None:
    tracker.note([(HOST, verdict, None)] * 3, noon(1))
    assert valkey.dbsize() == 0


@pytest.mark.parametrize(
    ("flush", "days"),
    [
        ([FAILURE, SUCCESS], None),
        ([SUCCESS, FAILURE], "1"),
        ([FAILURE, SUCCESS, FAILURE, FAILURE], "1"),
        ([SUCCESS, FAILURE, SUCCESS], None),
        ([FAILURE, FAILURE], "3"),
    ],
)
def test_the_order_within_a_flush_counts(
    tracker: Tracker, valkey: redis.Redis, flush: list[Outcome], days: str | None
) -> None:
    tracker.note([FAILURE], noon(1))
    tracker.note([FAILURE], noon(2))
    tracker.note(flush, noon(3))
    assert valkey.hget(KEY, "days") == days


def test_hosts_are_apart(tracker: Tracker) -> None:
    tracker.note([FAILURE, (OTHER, Verdict.UNSURE, None)], noon(1))
    tracker.note([(OTHER, Verdict.DELIVERED, None)], noon(1))
    notices = tracker.note([(OTHER, Verdict.UNSURE, None), FAILURE], noon(2))
    assert notices == [Notice(HOST, Stage.WARNING, 2, FIRST)]


def test_many_drains_hear_a_stage_once(server: str, tracker: Tracker) -> None:
    tracker.note([FAILURE], noon(1))
    drains = [Tracker(patient_memory(server)) for _ in range(20)]
    assert sum(map(len, run_together([lambda drain=drain: drain.note([FAILURE], noon(2)) for drain in drains]))) == 1


def test_forget_gives_seven_days_anew(tracker: Tracker, valkey: redis.Redis) -> None:
    for day in range(1, 8):
        tracker.note([FAILURE], noon(day))
    tracker.forget([HOST, OTHER])
    assert valkey.dbsize() == 0
    assert tracker.note([FAILURE], noon(8)) == []


def test_keys_end_by_themselves_and_do_not_grow(tracker: Tracker, valkey: redis.Redis) -> None:
    for day in range(1, 60):
        tracker.note([FAILURE], noon(day))
    assert KEEP - 5 <= valkey.ttl(KEY) <= KEEP
    assert valkey.hlen(KEY) == 3
    assert valkey.dbsize() == 1


def test_no_redis_remembers_nothing() -> None:
    tracker = Tracker(Memory.at("redis://127.0.0.1:1/0"))
    assert [tracker.note([FAILURE], noon(day)) for day in range(1, 9)] == [[]] * 8


def test_any_client_will_do(server: str, valkey: redis.Redis) -> None:
    tracker = Tracker(Memory(lambda: redis.Redis.from_url(server)))
    tracker.note([FAILURE], noon(1))
    assert tracker.note([FAILURE], noon(2)) == [Notice(HOST, Stage.WARNING, 2, FIRST)]
