"""What receipts and commands say of a release that was taken: its dates and its embargo, and warnings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row

from tasks.ledger import releases
from tasks.model.release import Release
from tasks.runtime import moments
from tasks.runtime.errors import Problem


def particulars(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    """Whether a release's row is a kill, and its headline, dates and embargo as they stand now, each with its zone."""
    release = Release.from_ledger(row.document)
    return {
        "kill": release.status == "canceled",
        "headline": release.headline,
        "dateline": release.dateline and release.dateline.model_dump(mode="json"),
        "received_at": moments.utc(row.received_at),
        "first_received_at": moments.utc(releases.first_received(connection, row.uri)),
        "embargo_until": release.embargo_until and moments.written(release.embargo_until),
    }


def warnings(connection: Connection, row: Row[Any]) -> list[Problem]:
    """What the producer probably did not mean in a release that was taken all the same."""
    return warnings_of(connection, Release.from_ledger(row.document), row.received_at)


def warnings_of(connection: Connection, release: Release, received_at: float) -> list[Problem]:
    """The warnings of a release that is received at this moment (seconds since the epoch), or would be."""
    if release.status == "canceled":
        return []
    return [*_past_embargo(release, received_at), *_earlier_embargo(connection, release, received_at)]


def _past_embargo(release: Release, received_at: float) -> list[Problem]:
    if release.embargo_until is None or release.embargoed_at(received_at):
        return []
    moment = moments.with_utc(release.embargo_until)
    return [Problem("embargo_until", f"{moment} is past, so the release goes out at once")]


def _earlier_embargo(connection: Connection, release: Release, received_at: float) -> list[Problem]:
    """A correction counts by its own embargo only, which whoever wrote it may have forgotten."""
    before = releases.before(connection, release.uri, release.version)
    if before is None or before.embargo_until is None or before.embargo_until <= received_at:
        return []
    held = f"version {before.version} is held until {moments.shown(before.embargo_until)}"
    if release.embargo_until is None:
        return [Problem("embargo_until", f"{held}; the field is missing, so this version goes out at once")]
    if received_at < release.embargo_until.timestamp() < before.embargo_until:
        earlier = moments.with_utc(release.embargo_until)
        return [Problem("embargo_until", f"{held}; the field ends this embargo earlier, at {earlier}")]
    return []
