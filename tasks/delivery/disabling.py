"""What follows for outlets when one says that it is gone, or its host has been failing for days."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from tasks import ledger
from tasks.delivery.admission.breaker import Breaker, outlet_subject
from tasks.delivery.admission.failing_hosts import FailingHosts, HostNotice, Stage
from tasks.delivery.admission.shared_state import SharedState
from tasks.delivery.transports import host_of, relays
from tasks.ledger import audit, deliveries, notices, outlets
from tasks.model.acts import Act
from tasks.model.states import Hold

log = structlog.get_logger()


def disable(connection: Connection, outlet_ids: Sequence[str], kind: str, subject: str, detail: str) -> None:
    """Disable these outlets: send them nothing more, keep what they miss, and leave a notice about it."""
    stand = outlets.statuses(connection, outlet_ids)
    if outlets.set_status(connection, outlet_ids, "disabled", detail, ledger.now(connection)):
        new = {"status": "disabled", "reason": detail}
        changed = ((id, status) for id, status in stand.items() if status["status"] != "disabled")
        audit.record(
            connection, *(audit.of_outlet(Act.DISABLE_OUTLET, id, old=status, new=new) for id, status in changed)
        )
        notices.add(connection, kind, subject, f"disabled: {detail}; what is missed is kept", ledger.now(connection))
        log.warning("outlets disabled", kind=kind, subject=subject, detail=detail, outlets=list(outlet_ids))
    deliveries.hold_for_status(connection, outlet_ids, Hold.DISABLED, detail)


def forget_failures(shared_state: SharedState, outlet_id: str, url: str) -> None:
    """Forget the failures of an outlet and of its host, as operations say that it was repaired."""
    Breaker(shared_state, deadline=0).forget([host_of(url), outlet_subject(outlet_id)])
    FailingHosts(shared_state).forget([host_of(url)])


def apply_notice(connection: Connection, notice: HostNotice) -> None:
    """Do what a host's failing days call for: leave a notice, and disable its outlets when it is dead; not those behind
    a relay of the wire's own, which can do nothing about it."""
    detail = f"{notice.days} days with failures and no success, since {notice.since.isoformat()} (UTC)"
    if notice.stage is Stage.DEAD and notice.host not in relays():
        affected = [
            outlet.id
            for outlet in outlets.everyone(connection)
            if host_of(outlet.url) == notice.host and outlet.status != "unverified"  # it gets nothing anyway
        ]
        disable(connection, affected, "dead", notice.host, detail)
    else:
        notices.add(connection, "failing", notice.host, f"{notice.stage}: {detail}", ledger.now(connection))
        log.warning("host is failing for days", host=notice.host, stage=notice.stage, days=notice.days)
