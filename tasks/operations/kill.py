"""The kill by operations, and by a producer at the door: a release is withdrawn in the ledger, and at once."""

from __future__ import annotations

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import audit, releases
from tasks.model.documents import Document, read
from tasks.model.release import Release
from tasks.model.values import Line
from tasks.operations.retention.archived import refuse_archived


class _Note(Document):
    correction_note: Line | None


def kill(
    connection: Connection, newest: Release, note: str | None = None, by: releases.Sender | None = None
) -> Release:
    """Take a kill above the newest version of a release, whoever sent that, and record who did it; the kill. `by`: the
    producer to whom the release belongs, if it is the one that kills it.

    The caller has looked for the newest version after `releases.one_taker_at_a_time`.

    Once this is committed, no worker sends an older version any more. The clock has the kill planned at its next tick:
    no message is needed, and a broker that is down keeps nobody from killing a release. Nothing that stands in the
    newest version is checked again, so that every release can be killed; raises DocumentRefused for the note, and
    NotPossible for a release that is archived.
    """
    read(_Note, {"correction_note": note}, "kill")
    refuse_archived(connection, newest.uri)
    killed = newest.model_copy(
        update={"version": newest.version + 1, "status": "canceled", "correction_note": note, "body_html": None,
                "translations": {}, "embargo_until": None, "urgency": 1}
    )  # fmt: skip
    now = ledger.now(connection)
    taken = releases.take(connection, killed, now, by or releases.Sender(actor=audit.actor()), hint_at=now)
    assert taken.outcome is releases.Outcome.NEW, "the caller has seen to whom it belongs"
    return killed
