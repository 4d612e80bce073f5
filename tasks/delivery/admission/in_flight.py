"""`limits.in_flight` of outlets: how many deliveries may be on their way to one outlet, over all drains together."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from tasks.delivery.payloads import Payload
from tasks.ledger import deliveries


def over_limit(connection: Connection, payloads: Sequence[Payload]) -> set[int]:
    """The numbers of those deliveries of a chunk that must wait; call it in the transaction that claimed the chunk.

    The ledger's claimed rows are what is in flight, so all drains on all machines are counted.
    """
    limited = {each.outlet.id: each.outlet.limits.in_flight for each in payloads if each.outlet.limits.in_flight}
    if not limited:
        return set()
    deliveries.one_counter_at_a_time(connection)
    over: set[int] = set()
    in_flight = deliveries.in_flight(connection, limited)
    for each in reversed(payloads):  # the last to be claimed is the first to wait
        limit = limited.get(each.outlet.id)
        if limit and in_flight[each.outlet.id] > limit:
            in_flight[each.outlet.id] -= 1
            over.add(each.claim.id)
    return over
