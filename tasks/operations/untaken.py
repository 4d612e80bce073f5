"""Due deliveries that no worker takes."""

from __future__ import annotations

from sqlalchemy import Connection

from tasks.ledger import deliveries
from tasks.runtime import moments

UNTAKEN = 120.0
"""Seconds for which a delivery may be due while no worker has claimed any, before somebody is told."""


def untaken(connection: Connection, since: float | None, now: float) -> str | None:
    """What to say when deliveries are due `since` long ago and nobody takes them: workers are away, or no longer read
    their queue. None while all is well."""
    if since is None or since >= now - UNTAKEN or deliveries.any_claimed(connection):
        return None
    return (
        f"deliveries are due since {moments.shown(since)}, and no worker has taken any delivery: look whether "
        "`fanwire worker deliver` runs and reads its queue, and restart it"
    )
