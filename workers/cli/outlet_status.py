"""How several commands make an outlet active, and say what it missed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from tasks import ledger
from tasks.delivery import disabling
from tasks.ledger import audit, deliveries, outlets
from tasks.model.acts import Act
from tasks.model.states import State
from tasks.runtime.errors import UserError
from workers.broker import shared_state
from workers.cli.screen import stop


def make_active(connection: Connection, row: Any, act: Act, **more: Any) -> int:
    """Make the outlet of this row active, let go what was kept for it, and record it as `act`; how many deliveries are
    due now. `more` goes into the entry."""
    now = ledger.now(connection)
    outlets.set_status(connection, [row.id], "active", None, now)
    due = deliveries.resume(connection, [row.id], now)
    new = {"status": "active", "reason": None, "deliveries": due}
    audit.record(connection, audit.of_outlet(act, row.id, old=status_of(row), new=new, **more))
    return due


def stop_if_unverified(row: Any) -> None:
    """End the command if the outlet of this row is not verified."""
    if row.status == "unverified":
        stop(
            f"{row.id} is not verified yet: `fanwire outlets verify {row.id}` asks it, and makes it active; with "
            "--vouch it takes your word"
        )


def forget_failures(row: Any) -> None:
    """Forget that an outlet and its host failed, if a broker is up; else nothing is remembered there."""
    with suppress(UserError):
        disabling.forget_failures(shared_state(), row.id, json.loads(row.document)["url"])


def status_of(row: Any) -> dict[str, Any]:
    """The status of an outlet and the reason of it, as entries of the audit table have them."""
    return {"status": row.status, "reason": row.status_reason}


def in_words_missed(count: Mapping[str, int]) -> str:
    """What an outlet missed (`deliveries.missed`), in words: `8 kept, 3 exhausted`."""
    order = ("kept", State.EXHAUSTED, State.REJECTED, State.CANCELED)
    return ", ".join(f"{count[state]:,} {state}" for state in order if state in count)
