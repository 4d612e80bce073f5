"""What operations do with one outlet where the ledger alone is not enough: the breaker is to forget its failures, or
something is sent to it. Commands and the operations' page call these; each opens its own transactions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from tasks import ledger
from tasks.delivery import disabling
from tasks.ledger import audit
from tasks.model.acts import Act
from tasks.model.documents import DocumentRefused
from tasks.model.outlet import Outlet, read_outlet
from tasks.model.readers.outlet_edits import edited
from tasks.model.readers.outlet_files import OutletFile
from tasks.operations import outlet_acts
from tasks.operations.activation import make_active, status_of
from tasks.operations.outlet_acts import Done, find
from tasks.operations.outlet_import import Imported, import_outlets, shown_without_secrets
from tasks.runtime.counting import counted
from tasks.runtime.errors import UserError
from tasks.runtime.settings import settings
from workers import verification
from workers.broker import shared_state
from workers.offered import offered
from workers.verification import Verified


def resume(outlet_id: str) -> Done:
    """Make a paused or disabled outlet active again, deliver what was kept for it, and end its rest and its waits for
    the next try."""
    with ledger.write() as connection:
        row = find(connection, outlet_id)
        done = outlet_acts.resume(connection, outlet_id)
    forget_failures(row)
    return done


def send_missed(outlet_id: str) -> Done:
    """Make an outlet active if it is not, end its rest, and send what was kept for it, what it could not get before,
    and what waits for its next try."""
    with ledger.write() as connection:
        row = find(connection, outlet_id)
        done = outlet_acts.send_missed(connection, outlet_id)
    forget_failures(row)
    return done


def forget_failures(row: Any) -> None:
    """Forget that an outlet and its host failed, if a broker is up; else nothing is remembered there."""
    with suppress(UserError), closing(shared_state()) as state:
        disabling.forget_failures(state, row.id, json.loads(row.document)["url"])


def verify(outlet_id: str, vouched: str | None) -> dict[str, Any]:
    """Verify an outlet and record it; whether that went well, and in words what came of it. `vouched`: the words of
    somebody who knows, in place of asking."""
    with ledger.read() as connection:
        before = find(connection, outlet_id)
    found = Verified(True, "somebody vouched for it")
    if vouched is None:
        found = verification.verify(Outlet.model_validate_json(before.document))
    told = {
        "outlet": outlet_id, "verified": found.good, "asked": found.asked, "detail": found.detail,
        "status": before.status, "deliveries": 0,
    }  # fmt: skip
    if found.asked:
        return told | {"words": f"{outlet_id} is asked: {found.detail}"}
    if not found.good:
        return told | {"words": f"{outlet_id} is not verified: {found.detail}"}
    with ledger.write() as connection:
        row = find(connection, outlet_id)
        if row.document != before.document:
            return told | {"verified": False, "words": f"{outlet_id} was changed meanwhile; verify it again"}
        if row.status != "unverified":
            entry = audit.of_outlet(Act.VERIFY_OUTLET, outlet_id, new=status_of(row), remark=vouched or found.detail)
            audit.record(connection, entry)
            return told | {"words": f"{outlet_id} is verified: {found.detail}; it stays {row.status}"}
        due = make_active(connection, row, Act.VERIFY_OUTLET, remark=vouched or found.detail)
    forget_failures(row)
    are = "is" if due == 1 else "are"
    words = f"{outlet_id} is verified: {found.detail}; it is active, and {counted(due, 'delivery')} {are} due now"
    return told | {"status": "active", "deliveries": due, "words": words}


@dataclass(frozen=True, kw_only=True)
class Edited:
    """What an edit changes of an outlet: the names of the fields, and each as it was and is, without secrets."""

    fields: list[str]
    old: dict[str, Any]
    new: dict[str, Any]


def edit(connection: Connection, outlet_id: str, changes: Sequence[str], *, confirmed: bool, dry_run: bool) -> Edited:
    """Change single fields of an outlet, as `field=value`; raises DocumentRefused and NotPossible.

    `confirmed`: its credentials may go to another URL.
    """
    before = json.loads(find(connection, outlet_id).document)
    return _taken(connection, before, read_outlet(edited(before, changes), offered()), confirmed, dry_run)


def replace(
    connection: Connection, outlet_id: str, document: dict[str, Any], *, confirmed: bool, dry_run: bool
) -> Edited:  # fmt: skip
    """Give an outlet another document as a whole, with the same id; raises DocumentRefused and NotPossible."""
    before = json.loads(find(connection, outlet_id).document)
    after = read_outlet(document, offered())
    if after.id != outlet_id:
        edited(before, [f"id={after.id}"])
    return _taken(connection, before, after, confirmed, dry_run)


def _taken(connection: Connection, before: dict[str, Any], document: Outlet, confirmed: bool, dry_run: bool) -> Edited:
    done = import_outlets(connection, [document], confirmed=confirmed, remark="edited", dry_run=dry_run)
    if done.refused:
        raise done.refused[0]
    after = json.loads(document.to_json(without_status=True))
    fields = done.changed.get(document.id, [])
    old, new = (shown_without_secrets({name: of[name] for name in fields if name in of}) for of in (before, after))
    return Edited(fields=fields, old=old, new=new)


@dataclass(frozen=True, kw_only=True)
class FileImported:
    """What the import of a file of outlets did, or would do."""

    done: Imported
    problems: list[dict[str, Any]] = field(default_factory=list)
    """What is wrong: `where` in the file, `what`, `field`, `problem`, `example`."""
    refused: int = 0
    """How many outlets are refused."""
    stopped: bool = False
    """Nothing is imported, for some rows are bad and nobody said that the others are to be taken."""


def import_file(found: OutletFile, name: str, *, skip_bad: bool, confirmed: bool, dry_run: bool) -> FileImported:
    """Import the outlets of a file that was read: all of them, or with `skip_bad` the good ones, or none."""
    stopped = bool(found.refused) and not skip_bad
    done, verify_first = Imported(), settings().verify_outlets
    if dry_run:
        with ledger.read() as connection:
            done = import_outlets(connection, found.outlets, confirmed=confirmed, verify=verify_first, dry_run=True)
    elif not stopped:
        with ledger.write() as connection:
            done = import_outlets(
                connection, found.outlets, confirmed=confirmed, verify=verify_first, remark=f"from {name}"
            )
    refusals: list[tuple[str | None, DocumentRefused]] = [*found.refused, *((None, one) for one in done.refused)]
    problems = [
        {"where": where, "what": refusal.what} | vars(problem)
        for where, refusal in refusals
        for problem in refusal.problems
    ]
    return FileImported(done=done, problems=problems, refused=len(refusals), stopped=stopped)
