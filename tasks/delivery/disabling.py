"""What follows for outlets when one says that it is gone, or its host has been failing for days."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from tasks import ledger
from tasks.delivery.admission.breaker import Breaker
from tasks.delivery.admission.failing_hosts import Notice, Stage, Tracker
from tasks.delivery.admission.shared_state import Memory, host_of
from tasks.ledger import deliveries, notices, outlets
from tasks.model.states import Hold

log = structlog.get_logger()


def disable(connection: Connection, outlet_ids: Sequence[str], kind: str, subject: str, detail: str) -> None:
    """Send these outlets nothing more, keep what they miss, and note that somebody should be told."""
    if outlets.set_status(connection, outlet_ids, "disabled", detail, ledger.now(connection)):
        notices.add(connection, kind, subject, f"disabled: {detail}; what is missed is kept", ledger.now(connection))
        log.warning("outlets disabled", kind=kind, subject=subject, detail=detail, outlets=list(outlet_ids))
    deliveries.hold_for_status(connection, outlet_ids, Hold.DISABLED)


def forget(memory: Memory, url: str) -> None:
    """Forget what was held against the host of an outlet, as operations say that it was repaired."""
    Breaker(memory, deadline=0).forget([host_of(url)])
    Tracker(memory).forget([host_of(url)])


def apply_notice(connection: Connection, notice: Notice) -> None:
    """Do what a host's failing days call for: tell somebody, and let it go when it is dead."""
    detail = f"{notice.days} days with failures and no success, since {notice.since.isoformat()}"
    if notice.stage is Stage.DEAD:
        there = [outlet.id for outlet in outlets.everyone(connection) if host_of(outlet.url) == notice.host]
        disable(connection, there, "dead", notice.host, detail)
    else:
        notices.add(connection, "failing", notice.host, f"{notice.stage}: {detail}", ledger.now(connection))
        log.warning("host is failing for days", host=notice.host, stage=notice.stage, days=notice.days)
