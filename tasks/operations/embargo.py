"""Moving and lifting an embargo: until its moment nothing has left, so everything can still change."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import audit, deliveries, releases, rendition_rows
from tasks.model.acts import Act
from tasks.model.release import Release
from tasks.runtime import moments
from tasks.runtime.errors import Problem, UserError


def move(connection: Connection, release_id: int, until: datetime | None) -> None:
    """Hold a release until another moment, or (None) no longer, and record who did.

    Raises UserError when its embargo is over, and when the other moment is past: to let it go at once must be meant.

    The clock lets it go; so a lifted embargo takes a tick. Renditions are made anew, since they say when it ends.
    """
    release = releases.get(connection, release_id)
    now = ledger.now(connection)
    if not release.embargoed_at(now):
        raise UserError(release.name, [Problem("embargo_until", _none_left(release, "moved" if until else "lifted"))])
    if until is not None and until.timestamp() <= now:
        instead = f"`fanwire embargo {release.uri} --lift` lets the release go now"
        raise UserError(release.name, [Problem("embargo_until", f"{moments.with_utc(until)} is past; {instead}")])
    moved = until or datetime.fromtimestamp(int(now), UTC)
    releases.move_embargo(connection, release_id, moved)
    rendition_rows.rebuild(connection, release_id, now)
    deliveries.hold_again(connection, release_id)
    act = Act.MOVE_EMBARGO if until else Act.LIFT_EMBARGO
    old, new = ({"embargo_until": moments.written(moment)} for moment in (release.embargo_until, moved) if moment)
    audit.record(connection, audit.of_release(act, release.uri, release.version, old=old, new=new))


def _none_left(release: Release, done: str) -> str:
    """Why an embargo cannot be moved or lifted (`done`)."""
    if release.status == "canceled":
        return f"cannot be {done}, for the release was killed"
    if release.embargo_until is None:
        return f"cannot be {done}, for the release has none"
    return f"cannot be {done} any more: it ended at {moments.with_utc(release.embargo_until)}"
