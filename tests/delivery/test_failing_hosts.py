"""Failing hosts on a real Valkey. Time is a parameter: seven days take no time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import chain

import pytest
import redis

from tasks.delivery.admission.breaker import Outcome
from tasks.delivery.admission.failing_hosts import (
    DEAD_DAYS,
    FINAL_WARNING_DAYS,
    KEEP,
    WARNING_DAYS,
    FailingHosts,
    HostNotice,
    Stage,
    stage,
)
from tasks.delivery.admission.shared_state import SharedState
from tasks.model.states import Verdict
from tests.delivery.conftest import patient_state
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
def failing_hosts(server: str, valkey: redis.Redis) -> FailingHosts:
    return FailingHosts(patient_state(server))


def noon(day: int) -> float:
    """The middle of the so many-th day."""
    return NOON + (day - 1) * DAY


def test_each_stage_is_reported_once_and_death_every_day(failing_hosts: FailingHosts) -> None:
    found = {
        day: failing_hosts.record([FAILURE] * 3, noon(day)) + failing_hosts.record([FAILURE], noon(day) + 60)
        for day in range(1, 10)
    }
    assert {day: notices for day, notices in found.items() if notices} == {
        2: [HostNotice(HOST, Stage.WARNING, 2, FIRST)],
        4: [HostNotice(HOST, Stage.FINAL_WARNING, 4, FIRST)],
        7: [HostNotice(HOST, Stage.DEAD, 7, FIRST)],
        8: [HostNotice(HOST, Stage.DEAD, 8, FIRST)],
        9: [HostNotice(HOST, Stage.DEAD, 9, FIRST)],
    }


def test_the_stages() -> None:
    assert [stage(days) for days in range(9)] == [
        None, None, Stage.WARNING, None, Stage.FINAL_WARNING, None, None, Stage.DEAD, Stage.DEAD,
    ]  # fmt: skip
    assert WARNING_DAYS < FINAL_WARNING_DAYS < DEAD_DAYS


def test_the_worst_of_days_is_one_day(failing_hosts: FailingHosts, valkey: redis.Redis) -> None:
    begin = noon(1) - DAY / 2
    for second in range(0, int(DAY), 3600):
        assert failing_hosts.record([FAILURE] * 100, begin + second) == []
    assert valkey.hgetall(KEY) == {"days": "1", "since": "2026-12-28", "last": "2026-12-28"}


def test_days_need_not_follow_each_other(failing_hosts: FailingHosts) -> None:
    days = [1, 8, 15, 22, 29, 36, 43]
    assert [notice.stage for day in days for notice in failing_hosts.record([FAILURE], noon(day))] == [
        Stage.WARNING, Stage.FINAL_WARNING, Stage.DEAD,
    ]  # fmt: skip


def test_days_are_days_of_utc(failing_hosts: FailingHosts) -> None:
    midnight = noon(1) + DAY / 2
    assert failing_hosts.record([FAILURE], midnight - 0.1) == []
    assert failing_hosts.record([FAILURE], midnight) == [HostNotice(HOST, Stage.WARNING, 2, FIRST)]


def test_a_drain_whose_clock_is_behind_adds_no_day(failing_hosts: FailingHosts) -> None:
    midnight = noon(1) + DAY / 2
    failing_hosts.record([FAILURE], midnight + 0.1)
    assert failing_hosts.record([FAILURE], midnight - 0.1) == []
    assert failing_hosts.record([FAILURE], midnight + 0.2) == []


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.DELIVERED])
def test_only_success_forgets(failing_hosts: FailingHosts, verdict: Verdict) -> None:
    failing_hosts.record([FAILURE], noon(1))
    failing_hosts.record([(HOST, verdict, 60.0)], noon(1))
    assert len(failing_hosts.record([FAILURE], noon(2))) == 1


def test_success_forgets_all(failing_hosts: FailingHosts, valkey: redis.Redis) -> None:
    for day in range(1, 7):
        failing_hosts.record([FAILURE], noon(day))
    assert failing_hosts.record([SUCCESS], noon(6)) == []
    assert valkey.dbsize() == 0
    assert failing_hosts.record([FAILURE], noon(7)) == []
    assert failing_hosts.record([FAILURE], noon(8)) == [HostNotice(HOST, Stage.WARNING, 2, FIRST + timedelta(6))]


@pytest.mark.parametrize("verdict", [v for v in Verdict if v not in (Verdict.FAILED, Verdict.UNSURE)])
def test_what_does_not_make_a_day_count(failing_hosts: FailingHosts, valkey: redis.Redis, verdict: Verdict) -> None:
    failing_hosts.record([(HOST, verdict, None)] * 3, noon(1))
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
    failing_hosts: FailingHosts, valkey: redis.Redis, flush: list[Outcome], days: str | None
) -> None:
    failing_hosts.record([FAILURE], noon(1))
    failing_hosts.record([FAILURE], noon(2))
    failing_hosts.record(flush, noon(3))
    assert valkey.hget(KEY, "days") == days


def test_hosts_are_apart(failing_hosts: FailingHosts) -> None:
    failing_hosts.record([FAILURE, (OTHER, Verdict.UNSURE, None)], noon(1))
    failing_hosts.record([(OTHER, Verdict.DELIVERED, None)], noon(1))
    notices = failing_hosts.record([(OTHER, Verdict.UNSURE, None), FAILURE], noon(2))
    assert notices == [HostNotice(HOST, Stage.WARNING, 2, FIRST)]


def test_one_of_many_drains_reports_a_stage(server: str, failing_hosts: FailingHosts) -> None:
    failing_hosts.record([FAILURE], noon(1))
    drains = [FailingHosts(patient_state(server)) for _ in range(20)]
    assert len([*chain(*run_together([partial(drain.record, [FAILURE], noon(2)) for drain in drains]))]) == 1


def test_forget_gives_seven_days_anew(failing_hosts: FailingHosts, valkey: redis.Redis) -> None:
    for day in range(1, 8):
        failing_hosts.record([FAILURE], noon(day))
    failing_hosts.forget([HOST, OTHER])
    assert valkey.dbsize() == 0
    assert failing_hosts.record([FAILURE], noon(8)) == []


def test_keys_end_by_themselves_and_do_not_grow(failing_hosts: FailingHosts, valkey: redis.Redis) -> None:
    for day in range(1, 60):
        failing_hosts.record([FAILURE], noon(day))
    assert KEEP - 300 <= valkey.ttl(KEY) <= KEEP
    assert valkey.hlen(KEY) == 3
    assert valkey.dbsize() == 1


def test_no_redis_remembers_nothing() -> None:
    failing_hosts = FailingHosts(SharedState.at("redis://127.0.0.1:1/0"))
    assert [failing_hosts.record([FAILURE], noon(day)) for day in range(1, 9)] == [[]] * 8


def test_any_client_will_do(server: str, valkey: redis.Redis) -> None:
    failing_hosts = FailingHosts(SharedState(lambda: redis.Redis.from_url(server)))
    failing_hosts.record([FAILURE], noon(1))
    assert failing_hosts.record([FAILURE], noon(2)) == [HostNotice(HOST, Stage.WARNING, 2, FIRST)]
