"""Admission: which deliveries of a claimed chunk may go now, by what all drains know of hosts and outlets.

It decides before a transfer starts, so that a dead host costs a row its moment and no drain its time, and records the
outcomes after each write of verdicts. Everything here fails open: without Redis all may go (shared_state.py).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from random import random

import structlog

from tasks.delivery.admission.breaker import Breaker, Decision, Outcome
from tasks.delivery.admission.failing_hosts import FailingHosts, HostNotice
from tasks.delivery.admission.rate_limiter import RateLimiter, RateRequest
from tasks.delivery.admission.shared_state import SharedState, host_of
from tasks.delivery.payloads import Payload
from tasks.model.codes import Code
from tasks.model.states import Hold, State

log = structlog.get_logger()


LIMIT_RETRY = 1.0
"""Seconds, and up to twice that, until a delivery over its outlet's limit in flight is looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAdmitted:
    """A claim that is not sent, and where its delivery goes instead."""

    state: State
    reason: str
    code: Code | None = None
    """What stops it; None with the state `held`."""
    due_at: float | None = None
    """When it is due again, seconds since the epoch; only with the state `due`."""
    host_rests: bool = False
    """Its host failed lately, so the retry horizon goes on. Not so for limits, which are our own doing."""
    hold: Hold | None = None
    """What it waits for; only with the state `held`."""


class Admission:
    """Breaker, failing hosts and rate limiter of one drain."""

    def __init__(self, shared_state: SharedState, deadline: float) -> None:
        """`deadline`: the longest that a transfer can take, seconds."""
        self._shared_state = shared_state
        self._breaker = Breaker(shared_state, deadline=deadline)
        self._failing_hosts = FailingHosts(shared_state)
        self._rate_limiter = RateLimiter(shared_state)

    def not_admitted(
        self, payloads: Sequence[Payload], over_limit: Container[int], now: float
    ) -> dict[int, NotAdmitted]:
        """The deliveries of a chunk that are not sent, by their number; the others may go, and count as sent.

        `over_limit`: those that would be too many in flight. `now`: seconds since the epoch.
        """
        refused: dict[int, NotAdmitted] = {}
        for payload in payloads:
            status: str = payload.outlet.status  # no document says `removed`, but the ledger does
            if payload.heading.replaced_by == "canceled":
                refused[payload.claim.id] = NotAdmitted(
                    state=State.CANCELED, reason="the release was killed", code=Code.RELEASE_KILLED
                )
            elif payload.heading.replaced_by is not None:
                refused[payload.claim.id] = NotAdmitted(
                    state=State.SUPERSEDED, reason="a newer version came", code=Code.NEWER_VERSION
                )
            elif status == "removed":
                refused[payload.claim.id] = NotAdmitted(
                    state=State.CANCELED, reason="the outlet was removed", code=Code.OUTLET_REMOVED
                )
            elif status != "active":  # its rows are held; a drain had claimed this one at that moment
                hold = Hold.PAUSED if status == "paused" else Hold.DISABLED
                refused[payload.claim.id] = NotAdmitted(state=State.HELD, reason=hold.words, hold=hold)
            elif payload.claim.id in over_limit:
                again = now + LIMIT_RETRY * (1 + random())  # noqa: S311, for spreading load
                reason = "as many as the outlet takes are in flight"
                refused[payload.claim.id] = NotAdmitted(
                    state=State.DUE, reason=reason, code=Code.IN_FLIGHT_LIMIT, due_at=again
                )
        rest = [payload for payload in payloads if payload.claim.id not in refused]
        return refused | self._by_shared_state(rest, now)

    def _by_shared_state(self, payloads: Sequence[Payload], now: float) -> dict[int, NotAdmitted]:
        refused: dict[int, NotAdmitted] = {}
        limited: list[RateRequest] = []
        permissions = self._breaker.permissions([host_of(payload.outlet.url) for payload in payloads], now)
        for payload, permission in zip(payloads, permissions, strict=True):
            claim, outlet = payload.claim, payload.outlet
            if permission.decision is Decision.WAIT:
                refused[claim.id] = NotAdmitted(
                    state=State.DUE,
                    reason="its host rests after failures",
                    code=Code.RESTING_HOST,
                    due_at=permission.until,
                    host_rests=True,
                )
            elif permission.decision is Decision.GO and payload.action != "kill":
                limited.append(RateRequest(claim.id, outlet.id, outlet.limits.per_minute))
        for request, moment in zip(limited, self._rate_limiter.reserve(limited, now), strict=True):
            if moment > now:
                refused[request.delivery_id] = NotAdmitted(
                    state=State.DUE, reason="the outlet's limit per minute", code=Code.RATE_LIMIT, due_at=moment
                )
        return refused

    def record(self, outcomes: Sequence[Outcome], now: float) -> list[HostNotice]:
        """Record what became of attempts; returns the hosts that have been failing for days."""
        changes, notices = self._shared_state.run_both(
            self._breaker.record_call(outcomes, now), self._failing_hosts.record_call(outcomes, now)
        )
        for change in changes:
            if change.until is None:
                log.info("host answers again", host=change.host, openings=change.openings)
            else:
                rests = round(change.until - now, 1)
                log.warning("host rests after failures", host=change.host, seconds=rests, openings=change.openings)
        return notices
