"""When a delivery is tried again."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.delivery.backoff import JITTER, delay, exhausted, next_due
from tasks.model.states import Verdict

BASE, CAP, HORIZON = 5.0, 4 * 3600.0, 72 * 3600.0
VERDICTS = st.sampled_from([Verdict.FAILED, Verdict.THROTTLED, Verdict.UNSURE, Verdict.OURS])


@pytest.mark.parametrize(
    ("attempt", "verdict", "retry_after", "random", "wait"),
    [
        (1, Verdict.FAILED, None, 0.0, 5),
        (2, Verdict.FAILED, None, 0.0, 10),
        (12, Verdict.FAILED, None, 0.0, 10240),
        (13, Verdict.FAILED, None, 0.0, CAP),
        (5000, Verdict.FAILED, None, 0.0, CAP),
        (1, Verdict.FAILED, None, 1.0, 3.75),
        (13, Verdict.FAILED, None, 1.0, 0.75 * CAP),
        (1, Verdict.OURS, None, 0.0, 5),
        (1, Verdict.THROTTLED, None, 0.0, 60),
        (1, Verdict.THROTTLED, None, 1.0, 75),
        (6, Verdict.THROTTLED, None, 0.0, 160),
        (1, Verdict.UNSURE, None, 0.0, 20),
        (1, Verdict.THROTTLED, 17.0, 0.0, 17),
        (1, Verdict.THROTTLED, 0.0, 0.0, 5),
        (4, Verdict.THROTTLED, 17.0, 0.0, 40),
        (1, Verdict.FAILED, 3600.0, 0.9, 3600),
        (1, Verdict.THROTTLED, 24 * 3600.0, 0.5, 24 * 3600),
    ],
)
def test_delay(attempt: int, verdict: Verdict, retry_after: float | None, random: float, wait: float) -> None:
    assert delay(attempt, verdict, retry_after, base=BASE, cap=CAP, random=random) == wait


def test_attempts_count_from_one() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        delay(0, Verdict.FAILED, None, base=BASE, cap=CAP, random=0.0)


def test_the_table_in_the_module_is_true() -> None:
    moments = [0.0]
    for attempt in range(1, 100):
        if (due := step(moments[-1], attempt)) is None:
            break
        moments.append(due)
    assert [round(moment) for moment in moments[:13]] == [
        0, 5, 15, 35, 75, 155, 315, 635, 1275, 2555, 5115, 10235, 20475,
    ]  # fmt: skip
    assert {round(later - earlier) for earlier, later in pairwise(moments[12:-1])} == {round(CAP)}
    assert len(moments) == 30
    assert moments[-2] == 20475 + 16 * CAP
    assert moments[-1] == HORIZON


def step(now: float, attempt: int, retry_after: float | None = None) -> float | None:
    return next_due(
        now, 0.0, attempt, Verdict.FAILED, retry_after, base=BASE, cap=CAP, horizon=HORIZON, random=0.0
    )  # fmt: skip


@pytest.mark.parametrize(("now", "over"), [(0, False), (HORIZON - 1, False), (HORIZON, True), (HORIZON + 1, True)])
def test_exhausted(now: float, *, over: bool) -> None:
    assert exhausted(now, 0.0, HORIZON) is over
    assert (step(now, 3) is None) is over


def test_a_wish_beyond_the_horizon_leaves_one_last_try() -> None:
    assert step(0.0, 1, retry_after=10 * HORIZON) == HORIZON


@given(
    attempt=st.integers(1, 10_000),
    verdict=VERDICTS,
    retry_after=st.none() | st.floats(0, 1e9),
    base=st.floats(0.01, 3600),
    cap=st.floats(0.01, 1e6),
    random=st.floats(0, 1, exclude_max=True),
)
def test_delay_is_bounded(
    attempt: int, verdict: Verdict, retry_after: float | None, base: float, cap: float, random: float
) -> None:
    wait = delay(attempt, verdict, retry_after, base=base, cap=cap, random=random)
    assert wait >= min(base, cap) * (1 - JITTER)
    assert wait >= (retry_after or 0)
    assert wait <= max(cap, retry_after or 0)


@given(attempt=st.integers(1, 100), verdict=VERDICTS, random=st.floats(0, 1, exclude_max=True))
def test_later_attempts_never_wait_less(attempt: int, verdict: Verdict, random: float) -> None:
    now, later = (delay(n, verdict, None, base=BASE, cap=CAP, random=random) for n in (attempt, attempt + 1))
    assert now <= later


@given(
    now=st.floats(0, 2 * HORIZON),
    attempt=st.integers(1, 60),
    verdict=VERDICTS,
    retry_after=st.none() | st.floats(0, 1e7),
    random=st.floats(0, 1, exclude_max=True),
)
def test_next_due_is_later_and_within_the_horizon(
    now: float, attempt: int, verdict: Verdict, retry_after: float | None, random: float
) -> None:
    due = next_due(now, 0.0, attempt, verdict, retry_after, base=BASE, cap=CAP, horizon=HORIZON, random=random)
    if now >= HORIZON:
        assert due is None
    else:
        assert due is not None
        assert now < due <= HORIZON
        assert retry_after is None or due >= min(now + retry_after, HORIZON)
