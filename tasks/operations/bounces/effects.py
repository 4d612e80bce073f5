"""What follows from what came back of e-mails: for the delivery, and for the outlet."""

from __future__ import annotations

import structlog
from sqlalchemy import Connection

from tasks import ledger
from tasks.delivery.disabling import disable
from tasks.ledger import audit, deliveries, notices, outlets
from tasks.ledger.deliveries import Return, Taken
from tasks.model.acts import Act
from tasks.model.codes import Code
from tasks.model.states import Hold, State, Verdict
from tasks.operations.bounces.messages import News, Returned
from tasks.runtime.mail_tokens import Sent

log = structlog.get_logger()

REFUSED_MOST = 3
"""Releases that come back from an outlet for good until it is disabled: one or two may be about what is in them."""
REFUSED_WITHIN = 30 * 86_400.0
"""Seconds within which these count."""
COMPLAINED = "somebody there called an e-mail of ours spam"
UNSUBSCRIBED = "somebody there has unsubscribed"
_ENDS = {
    News.REFUSED: (State.REJECTED, Verdict.REJECTED, Code.BOUNCED),
    News.GIVEN_UP: (State.EXHAUSTED, Verdict.FAILED, Code.BOUNCED),
    News.DELAYED: (None, Verdict.FAILED, Code.DELAYED),
}


def apply(connection: Connection, returned: Returned) -> Taken:
    """Do what a message calls for; what it has changed of the delivery that it names."""
    now = ledger.now(connection)
    if returned.news is News.COMPLAINT:
        return pause(connection, returned.sent, COMPLAINED, "complaint")
    if returned.news is News.UNSUBSCRIBE:
        return pause(connection, returned.sent, UNSUBSCRIBED, "unsubscribed")
    state, verdict, code = _ENDS[returned.news]
    came = Return(
        delivery_id=returned.sent.delivery,
        attempt=returned.sent.attempt,
        state=state,
        verdict=verdict,
        status=returned.status,
        code=code,
        reason=_in_words(returned),
    )
    taken, outlet_id = deliveries.take_return(connection, came, now)
    if taken is Taken.ENDED and returned.news is News.REFUSED and outlet_id:
        count = deliveries.refused_lately(connection, outlet_id, now - REFUSED_WITHIN)
        if count >= REFUSED_MOST:
            detail = f"the last {count} releases came back: {came.reason}"
            disable(connection, [outlet_id], "bounces", outlet_id, detail)
    return taken


def _in_words(returned: Returned) -> str:
    what = {News.REFUSED: "came back", News.GIVEN_UP: "came back after many tries", News.DELAYED: "is delayed"}
    return f"the e-mail {what[returned.news]}: {returned.said or 'nobody says why'}"


def pause(connection: Connection, sent: Sent, reason: str, kind: str) -> Taken:
    """Pause the outlet that an e-mail went to, if it is active, because somebody there wants no more; and leave a
    notice of this kind."""
    outlet_id = deliveries.outlet_of(connection, sent.delivery)
    if outlet_id is None:
        return Taken.UNKNOWN
    old = outlets.statuses(connection, [outlet_id])[outlet_id]
    if old["status"] != "active":
        return Taken.NOTED
    outlets.set_status(connection, [outlet_id], "paused", reason, ledger.now(connection))
    kept = deliveries.hold_for_status(connection, [outlet_id], Hold.PAUSED, reason)
    new = {"status": "paused", "reason": reason, "deliveries": kept}
    audit.record(connection, audit.of_outlet(Act.PAUSE_OUTLET, outlet_id, old=old, new=new))
    text = f"paused: {reason}; what is missed is kept. `fanwire outlets remove {outlet_id}` if that is meant for good"
    notices.add(connection, kind, outlet_id, text, ledger.now(connection))
    log.warning("outlet paused", outlet=outlet_id, reason=reason)
    return Taken.NOTED
