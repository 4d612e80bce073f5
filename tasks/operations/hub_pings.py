"""Tells the hub (WebSub) which feeds have changed, so that it fetches them and hands the news on at once.

A feed that has changed waits in the ledger until the hub has said that it knows: changes while it waits are one ping.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import structlog
from sqlalchemy import Connection

from tasks import ledger
from tasks.delivery.drain import open_transfers
from tasks.delivery.policy import DeliveryPolicy
from tasks.delivery.transfers.transfer import Answer, Transfer
from tasks.delivery.verdicts import judge
from tasks.ledger import feed_addresses, feed_rows, notices, outlets
from tasks.ledger.feed_rows import Unpinged
from tasks.model.states import Verdict
from tasks.operations import feed_access

log = structlog.get_logger()

AT_ONCE = 100
"""Feeds of which one task tells the hub at most."""
CONNECTIONS = 4
"""To the hub, at once."""
FIRST_WAIT, LONGEST_WAIT = 5.0, 3600.0
"""Seconds until the hub is tried again; they double with each failure."""
NOTICED = 8
"""Failures in a row after which operations hear of it, which is after twenty minutes."""


def ping(hub: str, base: str, policy: DeliveryPolicy) -> tuple[int, int]:
    """Tell the hub at this address of the feeds that have changed; how many it was told of, and how many not.

    `base` is the address of the web server, under which the hub fetches them.
    """
    with ledger.read() as connection:
        feeds = feed_rows.unpinged(connection, ledger.now(connection), AT_ONCE)
        paths = _paths(connection, [feed.outlet_id for feed in feeds])
    pings = [_transfer(hub, feed, base + path, policy) for feed in feeds for path in paths.get(feed.outlet_id, ())]
    failures: dict[str, str] = {}
    for answer in _sent(pings, policy):
        verdict = judge(answer)
        if verdict.verdict is not Verdict.DELIVERED:
            failures[answer.transfer.key.outlet_id] = verdict.detail
    with ledger.write() as connection:
        for feed in feeds:
            _note(connection, feed, failures.get(feed.outlet_id), hub)
    return len(feeds) - len(failures), len(failures)


def _paths(connection: Connection, outlet_ids: Sequence[str]) -> Mapping[str, list[str]]:
    """The paths of all good addresses of these feeds, for each is a topic of its own to the hub."""
    known = outlets.some(connection, outlet_ids)
    addresses = feed_addresses.of(connection, outlet_ids, ledger.now(connection))
    return {
        outlet_id: [path for one in rows if (path := feed_access.path_of(one, known[outlet_id].format))]
        for outlet_id, rows in addresses.items()
        if outlet_id in known and known[outlet_id].status == "active"
    }


def _transfer(hub: str, feed: Unpinged, topic: str, policy: DeliveryPolicy) -> Transfer:
    """The request that tells the hub of one address. Hubs differ in how they call the address, so it has both names."""
    body = urlencode({"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}).encode()
    headers = ("Content-Type: application/x-www-form-urlencoded",)
    return Transfer(key=feed, url=hub, headers=headers, body=body, deadline=policy.deadline, secrets=(topic,))


def _sent(pings: Sequence[Transfer], policy: DeliveryPolicy) -> list[Answer]:
    """The answers of the hub, in whatever order they come."""
    answers: list[Answer] = []
    waiting = list(pings)
    transfers = open_transfers(policy, CONNECTIONS)
    try:
        while waiting or transfers.in_flight:
            while waiting and transfers.in_flight < CONNECTIONS:
                transfers.start(waiting.pop())
            answers += transfers.turn(1.0)
    finally:
        transfers.close()
    return answers


def _note(connection: Connection, feed: Unpinged, problem: str | None, hub: str) -> None:
    """Note what came of telling the hub of a feed."""
    now = ledger.now(connection)
    if problem is None:
        feed_rows.mark_pinged(connection, feed, now)
        return
    feed_rows.mark_ping_failed(connection, feed, now + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(feed.failures, 60)))
    log.warning("hub not told", feed=feed.outlet_id, problem=problem, failures=feed.failures + 1)
    if feed.failures + 1 >= NOTICED:
        text = f"cannot be told that feeds have changed ({problem}), so those who subscribe there hear nothing"
        notices.add_unless_known(connection, "hub", hub, text, now)
