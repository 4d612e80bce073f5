"""Moving and lifting an embargo: until its moment nothing has left, so everything can still change."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection

from tasks.documents import DocumentRefused, Problem
from tasks.ledger import deliveries, makings, now, releases


def move(ledger: Connection, release_id: int, until: datetime | None) -> None:
    """Hold a release until another moment, or (None) no longer; raises DocumentRefused when its embargo is over.

    The clock lets it go; so a lifted embargo takes a tick. Renditions are made anew, since they say when it ends.
    """
    release = releases.get(ledger, release_id)
    present = now(ledger)
    if not release.embargoed_at(present):
        told = (
            "has no embargo" if release.embargo_until is None else f"was let go at {release.embargo_until.isoformat()}"
        )
        raise DocumentRefused(release.name, [Problem("embargo_until", f"cannot be moved: the release {told}")])
    releases.move_embargo(ledger, release_id, until or datetime.fromtimestamp(present, UTC))
    makings.remake_renditions(ledger, release_id, present)
    deliveries.hold_again(ledger, release_id)
