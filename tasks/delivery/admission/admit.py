"""The gate: which deliveries of a claimed chunk may go now, by what all drains remember of hosts and outlets.

Asked before a transfer starts, so that a dead host costs a row its moment and no drain its time; told after each write
of verdicts. Everything here fails open: without Redis all may go (tasks/delivery/admission/shared_state.py).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from random import random

import structlog

from tasks.delivery.admission.breaker import Breaker, May, Outcome
from tasks.delivery.admission.failing_hosts import Notice, Tracker
from tasks.delivery.admission.rate_limiter import RateLimiter, Send
from tasks.delivery.admission.shared_state import Memory, host_of
from tasks.delivery.payloads import Payload
from tasks.model.states import Hold, State

log = structlog.get_logger()


LIMIT_AGAIN = 1.0
"""Seconds, and up to twice that, until a delivery over its outlet's limit in flight is looked at again."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A claim that is not sent: where its delivery goes instead."""

    state: State
    why: str
    until: float | None = None
    """Due again then, seconds since the epoch."""
    resting: bool = False
    """Its host failed lately: the retry horizon goes on. Not so for limits, which are our own doing."""


class Admission:
    """Breaker, tracker and pace of one drain."""

    def __init__(self, memory: Memory, deadline: float) -> None:
        self._memory = memory
        self._breaker = Breaker(memory, deadline=deadline)
        self._tracker = Tracker(memory)
        self._pace = RateLimiter(memory)

    def stops(self, loads: Sequence[Payload], over_limit: Container[int], now: float) -> dict[int, Stop]:
        """Which deliveries of a chunk are not sent, by their number; the others may go, and count as gone.

        `over_limit`: those that would be too many in flight. `now`: seconds since the epoch.
        """
        stops: dict[int, Stop] = {}
        for load in loads:
            if load.heading.outdated:
                stops[load.claim.id] = Stop(State.SUPERSEDED, "a newer version came")
            elif load.outlet.status != "active":  # its rows are held; this one was in a drain's hands at that moment
                hold = Hold.PAUSED if load.outlet.status == "paused" else Hold.DISABLED
                stops[load.claim.id] = Stop(State.HELD, hold)
            elif load.claim.id in over_limit:
                again = now + LIMIT_AGAIN * (1 + random())  # noqa: S311, dice for spreading load
                stops[load.claim.id] = Stop(State.DUE, "as many as the outlet takes are in flight", again)
        return stops | self._ask_memory([load for load in loads if load.claim.id not in stops], now)

    def _ask_memory(self, loads: Sequence[Payload], now: float) -> dict[int, Stop]:
        stops: dict[int, Stop] = {}
        paced: list[Send] = []
        permissions = self._breaker.ask([host_of(load.outlet.url) for load in loads], now)
        for load, permission in zip(loads, permissions, strict=True):
            if permission.may is May.WAIT:
                why = "its host rests after failures"
                stops[load.claim.id] = Stop(State.DUE, why, permission.until, resting=True)
            elif permission.may is May.GO and load.action != "kill":
                paced.append(Send(load.claim.id, load.outlet.id, load.outlet.limits.per_minute))
        for send, moment in zip(paced, self._pace.reserve(paced, now), strict=True):
            if moment > now:
                stops[send.delivery_id] = Stop(State.DUE, "the outlet's limit per minute", moment)
        return stops

    def note(self, outcomes: Sequence[Outcome], now: float) -> list[Notice]:
        """Remember what became of attempts; the hosts that have been failing for days."""
        changes, notices = self._memory.both(self._breaker.noting(outcomes, now), self._tracker.noting(outcomes, now))
        for change in changes:
            if change.until is None:
                log.info("host answers again", host=change.host, openings=change.openings)
            else:
                rests = round(change.until - now, 1)
                log.warning("host rests after failures", host=change.host, seconds=rests, openings=change.openings)
        return notices
