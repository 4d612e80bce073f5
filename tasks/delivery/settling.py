"""Settling: from the verdict of an attempt to the next state of its delivery. Pure, but for the jitter of the wait."""

from __future__ import annotations

from dataclasses import dataclass
from random import random

from tasks.delivery import backoff
from tasks.delivery.policy import RetryPolicy
from tasks.delivery.verdicts import Judgement
from tasks.ledger.deliveries import Claim, Result
from tasks.model.states import Hold, State, Verdict

OWN_FAULT_RETRY = 60.0
"""Seconds until an attempt that failed by our own fault is made again: long enough to mend a secret or a disk."""


@dataclass(frozen=True, slots=True)
class AttemptTimes:
    """When an attempt began, and how long it took."""

    started_at: float
    """Seconds since the epoch."""
    seconds: float
    """How long the attempt took."""


def settle(claim: Claim, judgement: Judgement, times: AttemptTimes, now: float, policy: RetryPolicy) -> Result:
    """The next state of a delivery after an attempt. `now`: seconds since the epoch."""
    verdict = judgement.verdict
    charged = verdict not in (Verdict.OURS, Verdict.DEFERRED)
    tries = claim.tries + charged
    state, due_at, reason = State.DELIVERED, None, None
    if verdict in (Verdict.REJECTED, Verdict.BLOCKED):
        state, reason = State.REJECTED, judgement.detail
    elif verdict is not Verdict.DELIVERED:
        due_at = _next_due(claim, judgement, tries, now, policy)
        state = State.EXHAUSTED if due_at is None else State.DUE
        reason = judgement.detail
    return Result(
        delivery_id=claim.id,
        attempt=claim.attempt,
        state=state,
        verdict=verdict,
        status=judgement.status,
        code=judgement.code,
        reason=reason,
        due_at=due_at,
        tries=tries,
        ended_at=now,
        started_at=times.started_at,
        seconds=times.seconds,
        release_id=claim.release_id,
        first_due_at=claim.first_due_at,
    )


def settle_unsent(
    claim: Claim, state: State, reason: str, *, due_at: float | None, code: str | None, hold: Hold | None, now: float
) -> Result:
    """The result of a claim that was never sent: deferred, no try charged. Moments are seconds since the epoch.

    `hold`: what it waits for, if its state is `held`.
    """
    return Result(
        delivery_id=claim.id,
        attempt=claim.attempt,
        state=state,
        verdict=Verdict.DEFERRED,
        status=None,
        reason=reason,
        due_at=due_at,
        tries=claim.tries,
        ended_at=now,
        started_at=now,
        seconds=0.0,
        code=code,
        hold=hold,
    )


def _next_due(claim: Claim, judgement: Judgement, tries: int, now: float, policy: RetryPolicy) -> float | None:
    if judgement.verdict in (Verdict.OURS, Verdict.DEFERRED):
        if claim.tried_since is not None and backoff.exhausted(now, claim.tried_since, policy.horizon):
            return None
        return now + (judgement.retry_after or OWN_FAULT_RETRY)
    return backoff.next_due(
        now,
        claim.first_due_at,
        tries,
        judgement.verdict,
        judgement.retry_after,
        base=policy.base,
        cap=policy.cap,
        horizon=policy.horizon,
        random=random(),  # noqa: S311, for spreading load
    )
