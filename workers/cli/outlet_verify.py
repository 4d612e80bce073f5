"""`fanwire outlets verify` for one outlet: ask it, and make it active if it was unverified."""

from __future__ import annotations

from typing import Any

from tasks.ledger import audit
from tasks.model.acts import Act
from tasks.model.outlet import Outlet
from tasks.operations.activation import make_active, status_of
from workers import verification
from workers.cli.outlet_status import forget_failures
from workers.cli.rows import find_outlet, reading, writing
from workers.cli.screen import counted
from workers.verification import Verified


def verify_one(outlet: str, vouched: str | None) -> dict[str, Any]:
    """Verify an outlet and record it; whether that went well, and in words what came of it. `vouched`: the words of
    somebody who knows, in place of asking."""
    with reading() as connection:
        before = find_outlet(connection, outlet)
    found = Verified(True, "somebody vouched for it")
    if vouched is None:
        found = verification.verify(Outlet.model_validate_json(before.document))
    told = {
        "outlet": outlet, "verified": found.good, "asked": found.asked, "detail": found.detail, "status": before.status,
        "deliveries": 0,
    }  # fmt: skip
    if found.asked:
        return told | {"words": f"{outlet} is asked: {found.detail}"}
    if not found.good:
        return told | {"words": f"{outlet} is not verified: {found.detail}"}
    with writing() as connection:
        row = find_outlet(connection, outlet)
        if row.document != before.document:
            return told | {"verified": False, "words": f"{outlet} was changed meanwhile; verify it again"}
        if row.status != "unverified":
            entry = audit.of_outlet(Act.VERIFY_OUTLET, outlet, new=status_of(row), remark=vouched or found.detail)
            audit.record(connection, entry)
            return told | {"words": f"{outlet} is verified: {found.detail}; it stays {row.status}"}
        due = make_active(connection, row, Act.VERIFY_OUTLET, remark=vouched or found.detail)
    forget_failures(row)
    are = "is" if due == 1 else "are"
    words = f"{outlet} is verified: {found.detail}; it is active, and {counted(due, 'delivery')} {are} due now"
    return told | {"status": "active", "deliveries": due, "words": words}
