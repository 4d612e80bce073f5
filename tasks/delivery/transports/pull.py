"""`pull:`: the outlet fetches. A delivery puts the release into its feed in the ledger, which the web server shows.

Nothing is sent to anybody, so whatever goes wrong is the wire's own fault, and is tried again without being charged to
the outlet. An entry is put in once, however often that is tried (tasks/ledger/feed_rows.py).
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from tasks import ledger
from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.transfers.transfer import Answer, Transfer, WorkFailed
from tasks.delivery.transports import Transport
from tasks.delivery.verdicts import Judgement, judge_outcome
from tasks.ledger import feed_addresses, feed_rows
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict

URL = "pull:"


def prepare(outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float) -> Transfer:  # noqa: ARG001
    """Make the piece of work that puts a release into the outlet's feed. See `tasks.delivery.transports.Prepare`."""
    work = (lambda: _try(outlet)) if request.action == "test" else (lambda: _put(outlet, request))
    return Transfer(key=key, url=URL, body=b"", deadline=deadline, work=work)


class _Entry:
    """A release on its way into a feed."""

    def __init__(self, outlet: Outlet, request: DeliveryRequest) -> None:
        self.outlet_id = outlet.id
        self._request = request
        self.said: str | None = None
        """What came of it; None until it was tried."""
        self.error: Exception | None = None

    def put(self, connection: Connection, now: float) -> None:
        """Put it in, in the transaction of others."""
        of = self._request
        try:
            new = feed_rows.put(connection, self.outlet_id, of.release, of.version, of.outlet_language, now)
        except LookupError as error:
            self.error = WorkFailed(str(error))
        self.said = "in the feed" if self.error is None and new else "in the feed already"


_waiting: list[_Entry] = []
_list, _writer = threading.Lock(), threading.Lock()


def _put(outlet: Outlet, request: DeliveryRequest) -> str:
    """Put a release into a feed. Whatever comes while somebody else writes goes into the next transaction together: a
    commit costs the same for one and for many."""
    entry = _Entry(outlet, request)
    with _list:
        _waiting.append(entry)
    with _writer:
        if entry.said is None and entry.error is None:
            _write_waiting()
    if entry.error is not None:
        raise entry.error
    return entry.said or ""


def _write_waiting() -> None:
    """Put in all that wait, in the order of their outlets, so that no two drains wait for each other's feeds."""
    with _list:
        entries = sorted(_waiting, key=lambda entry: entry.outlet_id)
        _waiting.clear()
    try:
        with ledger.write() as connection:
            now = ledger.now(connection)
            for entry in entries:
                entry.put(connection, now)
    except Exception as error:
        for entry in entries:
            entry.error = error


def _try(outlet: Outlet) -> str:
    """Of a test nothing comes into the feed: it could not be taken back from those who have fetched it."""
    with ledger.read() as connection:
        if not feed_addresses.of(connection, [outlet.id], ledger.now(connection)):
            raise WorkFailed(f"the feed has no address: `fanwire feeds rotate {outlet.id}` makes one")
    return "the feed has an address; tests are not put into feeds"


def judge(answer: Answer, now: float) -> Judgement:
    """Return the verdict on a piece of work: what could not be done is our own fault."""
    judgement = judge_outcome(answer, now)
    return judgement if judgement.verdict is Verdict.DELIVERED else replace(judgement, verdict=Verdict.OURS)


def check_url(url: str) -> None:
    """Raise ValueError for anything that follows the scheme."""
    if url != URL:
        raise ValueError(f"must be {URL!r} and nothing more: the wire gives the feed its addresses")


TRANSPORT = Transport(
    schemes=("pull",),
    prepare=prepare,
    check_url=check_url,
    judge=judge,
    auth=("none",),
    formats=("atom", "rss", "jsonfeed"),
    host=lambda _: URL,
)
