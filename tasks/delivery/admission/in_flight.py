"""`limits.in_flight` of outlets: how many deliveries may be on their way to one outlet, over all drains together."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from tasks.delivery.payloads import Payload
from tasks.ledger import deliveries


def over_limit(connection: Connection, loads: Sequence[Payload]) -> set[int]:
    """The deliveries, by number, of a chunk just claimed that must wait, in the transaction that claimed it.

    The ledger's claimed rows are what is in flight, so all drains on all machines are counted.
    """
    limited = {load.outlet.id: load.outlet.limits.in_flight for load in loads if load.outlet.limits.in_flight}
    if not limited:
        return set()
    deliveries.one_counter_at_a_time(connection)
    over: set[int] = set()
    in_flight = deliveries.in_flight(connection, limited)
    for load in reversed(loads):  # the last to be claimed is the first to wait
        limit = limited.get(load.outlet.id)
        if limit and in_flight[load.outlet.id] > limit:
            in_flight[load.outlet.id] -= 1
            over.add(load.claim.id)
    return over
