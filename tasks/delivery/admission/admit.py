"""Admission: which deliveries of a claimed chunk may go now, by what all drains know of hosts and outlets.

It decides before a transfer starts, so that a dead host costs a row its moment and no drain its time, and records the
outcomes after each write of verdicts. Everything here fails open: without Redis all may go (shared_state.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import dataclass
from random import random

import structlog

from tasks.delivery.admission.breaker import (
    FAILING,
    THRESHOLD,
    Breaker,
    Change,
    Decision,
    Permission,
    outlet_of,
    outlet_subject,
)
from tasks.delivery.admission.failing_hosts import FailingHosts, HostNotice
from tasks.delivery.admission.rate_limiter import RateLimiter, RateRequest
from tasks.delivery.admission.shared_state import SharedState
from tasks.delivery.payloads import Payload
from tasks.delivery.transports import host_of
from tasks.model.codes import Code
from tasks.model.states import Hold, State, Verdict
from tasks.runtime import moments

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
    """Its host or the outlet failed lately: it waits for them until its retry horizon, and no longer."""
    hold: Hold | None = None
    """What it waits for; only with the state `held`."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What an attempt shows of its outlet and its host."""

    host: str
    outlet_id: str
    verdict: Verdict
    retry_after: float | None
    """Seconds that the outlet asked to wait, if it did."""
    connected: bool
    """Whether there was a connection, and TLS on it if the outlet has TLS."""
    of_host: Verdict | None = None
    """The verdict on the host, if that is another one."""

    @property
    def host_verdict(self) -> Verdict:
        """The verdict on the host."""
        return self.verdict if self.of_host is None else self.of_host

    @property
    def is_soft(self) -> bool:
        """Whether the host took the connection, and the delivery failed then: so it may be the outlet alone. All else
        says something of the host: an answer that ends the delivery, no connection, or that nothing was sent."""
        failed = self.verdict in FAILING or self.verdict is Verdict.THROTTLED
        return self.connected and failed and self.of_host is None


OutletsAt = Callable[[str], Collection[str]]
"""Gives the ids of the outlets of a host."""


class Admission:
    """Breaker, failing hosts and rate limiter of one drain."""

    def __init__(self, shared_state: SharedState, deadline: float) -> None:
        """`deadline`: the longest that a transfer can take, seconds."""
        self._shared_state = shared_state
        self._breaker = Breaker(shared_state, deadline=deadline)
        self._failing_hosts = FailingHosts(shared_state)
        self._rate_limiter = RateLimiter(shared_state)

    def not_admitted(
        self, payloads: Sequence[Payload], over_limit: Container[int], now: float, last: Container[int] = ()
    ) -> dict[int, NotAdmitted]:
        """The deliveries of a chunk that are not sent, by their number; the others may go, and count as sent.

        `over_limit`: those that would be too many in flight. `now`: seconds since the epoch. `last`: those that come
        for their last try, and go although their outlet or its host rests: none ends because others have failed.
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
                hold = Hold.of_outlet(status)
                refused[payload.claim.id] = NotAdmitted(state=State.HELD, reason=hold.words, hold=hold)
            elif payload.claim.id in over_limit:
                again = now + LIMIT_RETRY * (1 + random())  # noqa: S311, for spreading load
                reason = "as many as the outlet takes are in flight"
                refused[payload.claim.id] = NotAdmitted(
                    state=State.DUE, reason=reason, code=Code.IN_FLIGHT_LIMIT, due_at=again
                )
        rest = [payload for payload in payloads if payload.claim.id not in refused]
        return refused | self._by_shared_state(rest, now, last)

    def _by_shared_state(self, payloads: Sequence[Payload], now: float, last: Container[int]) -> dict[int, NotAdmitted]:
        refused: dict[int, NotAdmitted] = {}
        limited: list[RateRequest] = []
        unused: list[str] = []
        asking: list[tuple[Payload, Permission]] = []
        of_outlets = self._breaker.permissions([outlet_subject(payload.outlet.id) for payload in payloads], now)
        for payload, of_outlet in zip(payloads, of_outlets, strict=True):
            if of_outlet.decision is Decision.WAIT and payload.claim.id not in last:  # who rests is nobody's probe
                refused[payload.claim.id] = _resting("the outlet", Code.RESTING_OUTLET, of_outlet)
            else:
                asking.append((payload, of_outlet))
        hosts = [host_of(payload.outlet.url) for payload, _ in asking]
        of_hosts = self._breaker.permissions(hosts, now)
        for (payload, of_outlet), host, of_host in zip(asking, hosts, of_hosts, strict=True):
            if of_host.decision is Decision.WAIT and payload.claim.id not in last:
                refused[payload.claim.id] = _resting(f"its host {host}", Code.RESTING_HOST, of_host)
                if of_outlet.decision is Decision.PROBE:
                    unused.append(outlet_subject(payload.outlet.id))
            elif Decision.PROBE not in (of_host.decision, of_outlet.decision) and payload.action != "kill":
                limited.append(RateRequest(payload.claim.id, payload.outlet.id, payload.outlet.limits.per_minute))
        if unused:  # somebody else may be the probe
            self._breaker.record([(subject, Verdict.OURS, None) for subject in unused], now)
        for request, moment in zip(limited, self._rate_limiter.reserve(limited, now), strict=True):
            if moment > now:
                refused[request.delivery_id] = NotAdmitted(
                    state=State.DUE, reason="the outlet's limit per minute", code=Code.RATE_LIMIT, due_at=moment
                )
        return refused

    def record(
        self, observations: Sequence[Observation], now: float, outlets_at: OutletsAt = lambda _: ()
    ) -> list[HostNotice]:
        """Record what became of attempts; returns the hosts that have been failing for days.

        `outlets_at` gives the outlets of a host, and is asked when one failed: if most of them fail, the host does.
        """
        about_outlets = [(outlet_subject(one.outlet_id), one.verdict, one.retry_after) for one in observations]
        about_hosts = [(one.host, one.host_verdict, None) for one in observations if not one.is_soft]
        soft = list(dict.fromkeys(one.host for one in observations if one.is_soft))
        changes, notices = self._shared_state.run_both(
            self._breaker.record_call([*about_hosts, *about_outlets], now, soft),
            self._failing_hosts.record_call([(one.host, one.host_verdict, None) for one in observations], now),
        )
        down = [host for host in soft if self._most_fail(outlets_at(host), now)]
        if down:
            changes += self._breaker.record([(host, Verdict.FAILED, None) for host in down] * THRESHOLD, now)
        for change in changes:
            _log_change(change, now)
        return notices

    def _most_fail(self, outlet_ids: Collection[str], now: float) -> bool:
        """Whether more than half of the outlets of a host failed when they were last tried, and enough of them."""
        if len(outlet_ids) < THRESHOLD:
            return False
        failing = len(self._breaker.failing([outlet_subject(id) for id in outlet_ids], now))
        return failing >= THRESHOLD and failing * 2 > len(outlet_ids)


def _resting(who: str, code: Code, rest: Permission) -> NotAdmitted:
    """Put a delivery back until whoever failed has rested."""
    reason = f"{who} failed and rests until {moments.shown(rest.rests_until)}"
    return NotAdmitted(state=State.DUE, reason=reason, code=code, due_at=rest.until, host_rests=True)


def _log_change(change: Change, now: float) -> None:
    outlet = outlet_of(change.host)
    what, name = ("host", change.host) if outlet is None else ("outlet", outlet)
    if change.until is None:
        log.info(f"{what} answers again", **{what: name}, openings=change.openings)
    else:
        rests = round(change.until - now, 1)
        log.warning(f"{what} rests after failures", **{what: name}, seconds=rests, openings=change.openings)
