"""How an outlet becomes active: after a pause, or once it is verified; and the address at which it is confirmed."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import audit, deliveries, outlets
from tasks.model.acts import Act


def make_active(connection: Connection, row: Any, act: Act, **more: Any) -> int:
    """Make the outlet of this row active, let go what was kept for it and what waits for its next try, and record it as
    `act`; how many deliveries are due now that were not. `more` goes into the entry."""
    now = ledger.now(connection)
    outlets.set_status(connection, [row.id], "active", None, now)
    due = deliveries.resume(connection, [row.id], now) + deliveries.try_now(connection, row.id, now)
    new = {"status": "active", "reason": None, "deliveries": due}
    audit.record(connection, audit.of_outlet(act, row.id, old=status_of(row), new=new, **more))
    return due


def status_of(row: Any) -> dict[str, Any]:
    """The status of an outlet and the reason of it, as entries of the audit table have them."""
    return {"status": row.status, "reason": row.status_reason}


def confirmation_path(outlet_id: str, url: str) -> str:
    """The path at which whoever reads the mail of an outlet confirms that it is the right one; of this URL of it, and
    no other."""
    return f"/verify/{outlet_id}/{hashlib.sha256(url.encode()).hexdigest()[:16]}"
