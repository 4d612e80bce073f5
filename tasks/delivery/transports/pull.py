"""`pull:`: the outlet fetches. A delivery puts the release into its feed in the ledger, which the web server shows.

Nothing is sent to anybody, so whatever goes wrong is the wire's own fault, and is tried again without being charged to
the outlet. An entry is put in once, however often that is tried (tasks/ledger/feed_rows.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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


def _put(outlet: Outlet, request: DeliveryRequest) -> str:
    with ledger.write() as connection:
        try:
            new = feed_rows.put(
                connection,
                outlet.id,
                request.release,
                request.version,
                request.outlet_language,
                ledger.now(connection),
            )
        except LookupError as error:
            raise WorkFailed(str(error)) from None
    return "in the feed" if new else "in the feed already"


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
