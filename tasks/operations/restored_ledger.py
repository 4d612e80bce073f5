"""A ledger that was restored from a backup: what may have been delivered since waits, and is decided here.

What is known from elsewhere is taken from files: the logs of the workers, which say what was delivered, or lists of
idempotency keys that outlets have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import audit
from tasks.ledger.audit import Entry
from tasks.ledger.deliveries import after_restore
from tasks.model.acts import Act
from tasks.model.identity import delivery_key
from tasks.model.states import Verdict
from tasks.runtime import moments


def hold_open(connection: Connection, backup_at: float | None) -> int:
    """Hold what is not final in a ledger that was just restored, and record that; how many deliveries. `backup_at`: of
    when the backup is, seconds since the epoch, if that is known."""
    of = f"restored from a backup of {moments.utc(backup_at)}" if backup_at else "restored from a backup"
    held = after_restore.hold_open(connection, ledger.now(connection), of)
    new = {"backup_at": backup_at and moments.utc(backup_at), "held": held}
    audit.record(connection, Entry(act=Act.RESTORE_LEDGER, subject="the ledger", new=new))
    return held


@dataclass(frozen=True)
class Confirmed:
    """What came of a file that says what was delivered."""

    said: int
    """Deliveries that the file says are delivered."""
    confirmed: int
    """Those of them that waited for a decision, and have ended as delivered."""


def confirm(connection: Connection, lines: Iterable[bytes]) -> Confirmed:
    """Take what a file says was delivered: lines of a worker's log, or idempotency keys, one a line."""
    keys = {key for line in lines if (key := _key_in(line))}
    ids = [
        one.id
        for one in after_restore.undecided(connection)
        if delivery_key(one.uri, one.version, one.language, one.outlet_id) in keys
    ]
    count = after_restore.confirm(connection, ids, ledger.now(connection))
    if count:
        audit.record(connection, Entry(act=Act.CONFIRM, subject="restored deliveries", new={"deliveries": count}))
    return Confirmed(len(keys), count)


def _key_in(line: bytes) -> str | None:
    """The idempotency key of the delivery that a line says was delivered; None for any other line."""
    text = line.strip()
    if text.startswith(b"fw_") and len(text) == len("fw_") + 32:
        return text.decode("ascii", "replace")
    if b'"attempt"' not in text:
        return None
    try:
        said = json.loads(text)
        if said.get("event") != "attempt" or said.get("verdict") != Verdict.DELIVERED:
            return None
        return delivery_key(said["release"], said["version"], said["language"], said["outlet"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def send(connection: Connection, uri: str | None = None) -> int:
    """Send what waits for a decision, of one release or all of it, and record that; how many deliveries."""
    count = after_restore.let_go(connection, ledger.now(connection), uri)
    return _recorded(connection, Act.REPLAY, uri, count)


def drop(connection: Connection, uri: str | None = None) -> int:
    """Let what waits for a decision end unsent, of one release or all of it, and record that; how many deliveries."""
    return _recorded(connection, Act.DROP, uri, after_restore.drop(connection, uri))


def _recorded(connection: Connection, act: Act, uri: str | None, count: int) -> int:
    if count:
        new = {"restored": True, "deliveries": count}
        audit.record(connection, Entry(act=act, subject=uri or "restored deliveries", uri=uri, new=new))
    return count
