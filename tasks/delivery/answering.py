"""What outlets answer beside taking a delivery: where they publish it, or why they do not (tasks/model/publication.py).

They say it at the callback address in the headers of a delivery, which workers/web/answers.py serves, or in the body of
their answer to the delivery itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection

from tasks import ledger
from tasks.delivery.transfers.handle import may_say_more
from tasks.ledger import notices, publications
from tasks.ledger.publications import Noted, Outcome
from tasks.model.documents import DocumentRefused
from tasks.model.publication import Publication, Said, read_publication
from tasks.runtime.signed_urls import signed_address

DAY = 86400.0


def callback_path(delivery_id: int) -> str:
    """The path of the callback address of a delivery."""
    return f"/answers/{delivery_id}"


def callback_url(delivery_id: int, now: float, days: int) -> str | None:
    """The address at which the outlet of a delivery may say what became of it; None if the wire has no public address.

    It is good for so many days from the end of today; `now`: seconds since the epoch.
    """
    today_ends = (now // DAY + 1) * DAY
    return signed_address(callback_path(delivery_id), today_ends + days * DAY)


def in_body(body: bytes) -> Publication | None:
    """What an outlet says in the body of its answer to a delivery; None if that is something else.

    Almost no answer gets past the first look, which costs nothing.
    """
    if not may_say_more(body):
        return None
    try:
        return read_publication(json.loads(body))
    except (ValueError, RecursionError, DocumentRefused):
        return None


def take(connection: Connection, said: Sequence[tuple[int, Publication]]) -> list[Noted]:
    """Write what outlets say of these deliveries, and a notice for each outlet that newly says no."""
    now = ledger.now(connection)
    noted = publications.note(connection, said, now)
    for one in noted:
        if one.outcome is Outcome.TAKEN and one.now.status is Said.REJECTED:
            _notice(connection, one, now)
    return noted


def _notice(connection: Connection, one: Noted, now: float) -> None:
    """Write that an outlet does not publish what it has, or took it down; once an hour for each outlet."""
    of = publications.answerable(connection, one.delivery_id)
    assert of is not None, "it was noted in this transaction"
    what = "has taken down" if one.now.taken_down else "does not publish"
    if of.status == "canceled":
        what = "does not withdraw"
    why = f": {one.now.reason}" if one.now.reason else ", and says no reason"
    text = f"{what} {of.release} v{of.version} in {of.language}{why}; `fanwire status {of.release}` shows who else"
    notices.add_unless_known(connection, "rejection", of.outlet_id, text, now)
