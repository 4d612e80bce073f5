"""Legal holds: releases of which retention takes nothing, whatever their age."""

from __future__ import annotations

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import archive_rows, audit
from tasks.model.acts import Act
from tasks.runtime.errors import NotPossible


def put(connection: Connection, uri: str, version: int, reason: str) -> None:
    """Have retention take nothing of a release from now on, and record who ordered it. `version`: its newest one."""
    archive_rows.hold(connection, uri, reason, str(audit.actor()), ledger.now(connection))
    audit.record(connection, audit.of_release(Act.HOLD_LEGALLY, uri, version, new={"reason": reason}))


def end(connection: Connection, uri: str, version: int) -> None:
    """End the legal hold of a release, and record who did; raises NotPossible if it has none."""
    reason = {row.uri: row.reason for row in archive_rows.holds(connection)}.get(uri)
    if reason is None or not archive_rows.unhold(connection, uri):
        raise NotPossible(f"{uri} has no legal hold; `fanwire retention show` lists those there are", "(ledger)")
    audit.record(connection, audit.of_release(Act.END_LEGAL_HOLD, uri, version, old={"reason": reason}))
