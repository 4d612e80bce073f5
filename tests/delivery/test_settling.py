"""Settling: from verdict to state, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.delivery.policy import RetryPolicy
from tasks.delivery.settling import OWN_FAULT_RETRY, AttemptTimes, settle
from tasks.delivery.verdicts import Judgement
from tasks.ledger.deliveries import Claim, Result
from tasks.model.outlet import Retry
from tasks.model.states import State, Verdict

FIRST = 1_800_000_000.0
"""When the delivery was first due."""
CLAIM = Claim(
    id=7,
    release_id=1,
    language="de",
    outlet_id="bote",
    format="ninjs",
    urgency=5,
    attempt=4,
    tries=2,
    first_due_at=FIRST,
)
POLICY = RetryPolicy(base=5, cap=100, horizon=1000)


def settled(
    verdict: Verdict, *, after: float = 50, retry_after: float | None = None, claim: Claim = CLAIM, detail: str = "why"
) -> Result:
    judgement = Judgement(verdict, detail, retry_after, disable_outlet=False, status=None, code="http_404")
    return settle(claim, judgement, AttemptTimes(FIRST + after - 1, 1.0), FIRST + after, POLICY)


@pytest.mark.parametrize(
    ("verdict", "state", "charged"),
    [
        (Verdict.DELIVERED, State.DELIVERED, 1),
        (Verdict.REJECTED, State.REJECTED, 1),
        (Verdict.BLOCKED, State.REJECTED, 1),
        (Verdict.THROTTLED, State.DUE, 1),
        (Verdict.FAILED, State.DUE, 1),
        (Verdict.UNSURE, State.DUE, 1),
        (Verdict.DEFERRED, State.DUE, 0),
        (Verdict.OURS, State.DUE, 0),
    ],
)
def test_the_state_after_each_verdict_and_what_it_costs(verdict: Verdict, state: State, charged: int) -> None:
    result = settled(verdict)
    assert (result.state, result.verdict, result.tries) == (state, verdict, CLAIM.tries + charged)
    assert (result.delivery_id, result.attempt) == (CLAIM.id, CLAIM.attempt)
    assert (result.started_at, result.seconds, result.ended_at) == (FIRST + 49, 1.0, FIRST + 50)
    assert (result.due_at is not None) == (state is State.DUE)
    assert result.reason == (None if state is State.DELIVERED else "why")


@pytest.mark.parametrize(
    "verdict", [v for v in Verdict if v not in (Verdict.DELIVERED, Verdict.REJECTED, Verdict.BLOCKED)]
)
def test_what_may_still_work_is_exhausted_at_its_horizon(verdict: Verdict) -> None:
    tried = replace(CLAIM, tried_since=FIRST)
    assert settled(verdict, after=999, claim=tried).state is State.DUE
    result = settled(verdict, after=1000, claim=tried)
    assert (result.state, result.due_at, result.reason) == (State.EXHAUSTED, None, "why")


@pytest.mark.parametrize("verdict", [Verdict.OURS, Verdict.DEFERRED])
def test_what_was_not_sent_by_our_own_fault_has_a_horizon_from_its_first_attempt(verdict: Verdict) -> None:
    """A limit may have held it back for longer than its horizon: it must not end for that."""
    assert settled(verdict, after=5000).due_at == FIRST + 5000 + OWN_FAULT_RETRY
    tried = replace(CLAIM, tried_since=FIRST + 4500)
    assert settled(verdict, after=5499, claim=tried).state is State.DUE
    assert settled(verdict, after=5500, claim=tried).state is State.EXHAUSTED
    assert settled(Verdict.FAILED, after=5000, claim=tried).state is State.EXHAUSTED, "it was sent"


@pytest.mark.parametrize(
    ("verdict", "retry_after", "least", "most"),
    [
        (Verdict.FAILED, None, 15, 20),  # the third try: four times the base, less a quarter at most
        (Verdict.FAILED, 40, 40, 40),
        (Verdict.THROTTLED, None, 60, 75),
        (Verdict.THROTTLED, 2, 15, 20),
        (Verdict.THROTTLED, 500, 500, 500),
        (Verdict.THROTTLED, 5000, 950, 950),  # the last try is at the horizon
        (Verdict.UNSURE, None, 20, 25),
        (Verdict.OURS, None, OWN_FAULT_RETRY, OWN_FAULT_RETRY),
        (Verdict.DEFERRED, None, OWN_FAULT_RETRY, OWN_FAULT_RETRY),
        (Verdict.DEFERRED, 3, 3, 3),
    ],
)
def test_the_wait(verdict: Verdict, retry_after: float | None, least: float, most: float) -> None:
    for _ in range(50):
        due_at = settled(verdict, retry_after=retry_after).due_at
        assert due_at is not None
        assert least - 1e-6 <= due_at - (FIRST + 50) <= most + 1e-6


def test_the_wait_grows_with_the_tries_not_with_the_claims() -> None:
    """A claim that was lost, or ended by our own fault, makes nobody wait longer."""
    few = settled(Verdict.FAILED, claim=replace(CLAIM, tries=0, attempt=40)).due_at
    many = settled(Verdict.FAILED, claim=replace(CLAIM, tries=10, attempt=11)).due_at
    assert few is not None
    assert many is not None
    assert few <= FIRST + 50 + 5
    assert many >= FIRST + 50 + 75


def test_an_outlets_own_policy_goes_before_ours() -> None:
    assert POLICY.of(None) == POLICY.of(Retry()) == POLICY
    assert POLICY.of(Retry(base=1, horizon=60)) == RetryPolicy(base=1, cap=100, horizon=60)
