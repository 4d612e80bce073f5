"""Releases in the ledger: taken once each, and planned once each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection, Row, func, select, update

from tasks.ledger.schema import releases
from tasks.model.release import Release

HINT_AFTER = 5.0
"""Seconds after which a release that nobody planned is hinted at again."""


@dataclass(frozen=True)
class Taken:
    """What became of a release at the door: `new`, `known` (same content) or `conflict` (other content)."""

    outcome: Literal["new", "known", "conflict"]
    release_id: int


@dataclass(frozen=True, slots=True)
class Heading:
    """What a delivery needs to know of its release."""

    uri: str
    version: int
    status: str
    replaced_by: str | None
    """The `status` of the newest version, `usable` or `canceled`; None if this is the newest one."""

    @property
    def name(self) -> str:
        """The release and its version, such as `urn:… v2`."""
        return f"{self.uri} v{self.version}"


def take(
    connection: Connection, release: Release, now: float, *, sent_by: str | None = None, hint_at: float | None = None
) -> Taken:
    """Keep a release version, once; the caller commits before it answers the producer.

    `hint_at`: when the clock has it planned if nobody has; left out, after some seconds, for a hint is on its way.
    """
    known = connection.execute(
        select(releases.c.id, releases.c.digest).where(
            releases.c.uri == release.uri, releases.c.version == release.version
        )
    ).first()
    if known:
        same = known.digest in (release.digest(), _with_embargo_in_utc(release).digest())
        return Taken("known" if same else "conflict", known.id)
    row = releases.insert().values(
        uri=release.uri,
        version=release.version,
        digest=release.digest(),
        language=release.language,
        status=release.status,
        urgency=release.urgency,
        embargo_until=release.embargo_until.timestamp() if release.embargo_until else None,
        document=release.to_json(),
        received_at=now,
        hint_at=now + HINT_AFTER if hint_at is None else hint_at,
        sent_by=sent_by,
    )
    return Taken("new", connection.execute(row.returning(releases.c.id)).scalar_one())


def _with_embargo_in_utc(release: Release) -> Release:
    """The release as it was kept when front matter lost the offset of a moment; the moment is the same."""
    until = release.embargo_until
    return release.model_copy(update={"embargo_until": until and until.astimezone(UTC)})


def get(connection: Connection, release_id: int) -> Release:
    """The release document with this number; raises LookupError when there is no such row."""
    document = connection.execute(select(releases.c.document).where(releases.c.id == release_id)).scalar()
    if document is None:
        raise LookupError(f"the ledger has no release with number {release_id}")
    return Release.from_ledger(document)


def received(connection: Connection, release_id: int) -> datetime:
    """When the release was taken: UTC, whole seconds; raises LookupError when there is no such row."""
    at = connection.execute(select(releases.c.received_at).where(releases.c.id == release_id)).scalar()
    if at is None:
        raise LookupError(f"the ledger has no release with number {release_id}")
    return datetime.fromtimestamp(int(at), UTC)


def headings(connection: Connection, release_ids: Collection[int]) -> dict[int, Heading]:
    """The headings of these releases, as things stand now: {id: heading}."""
    newer = releases.alias("newer")
    replaced_by = (
        select(newer.c.status)
        .where(newer.c.uri == releases.c.uri, newer.c.version > releases.c.version)
        .order_by(newer.c.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = (releases.c.id, releases.c.uri, releases.c.version, releases.c.status, replaced_by)
    rows = connection.execute(select(*columns).where(releases.c.id.in_(release_ids)))
    return {row[0]: Heading(*row[1:]) for row in rows}


def move_embargo(connection: Connection, release_id: int, until: datetime | None) -> None:
    """Give a release another embargo, or none; the caller makes its renditions anew (they say when it ends)."""
    release = get(connection, release_id).model_copy(update={"embargo_until": until})
    moved = {"embargo_until": until.timestamp() if until else None, "document": release.to_json()}
    connection.execute(update(releases).where(releases.c.id == release_id).values(moved))


def find(connection: Connection, uri: str, version: int | None = None) -> Row | None:  # type: ignore[type-arg]
    """The row of a release: of `version`, or of the newest one."""
    query = select(releases).where(releases.c.uri == uri).order_by(releases.c.version.desc()).limit(1)
    if version is not None:
        query = query.where(releases.c.version == version)
    return connection.execute(query).first()


def before(connection: Connection, uri: str, version: int) -> Row | None:  # type: ignore[type-arg]
    """The row of the newest version of a release that is older than `version`."""
    older = select(releases).where(releases.c.uri == uri, releases.c.version < version)
    return connection.execute(older.order_by(releases.c.version.desc()).limit(1)).first()


def first_received(connection: Connection, uri: str) -> float:
    """When the first version of a release was received that is in the ledger; seconds since the epoch."""
    return float(connection.execute(select(func.min(releases.c.received_at)).where(releases.c.uri == uri)).scalar_one())


def latest(connection: Connection, count: int) -> list[Row]:  # type: ignore[type-arg]
    """The releases received last, newest first."""
    return list(connection.execute(select(releases).order_by(releases.c.received_at.desc()).limit(count)))


def start_planning(connection: Connection, release_id: int, now: float) -> bool:
    """Mark the release planned, in the transaction that writes its deliveries; False when somebody else has done it."""
    mark = update(releases).where(releases.c.id == release_id, releases.c.planned_at.is_(None)).values(planned_at=now)
    return bool(connection.execute(mark).rowcount)


def is_newest(connection: Connection, release: Release) -> bool:
    """Whether the ledger has no higher version of the release."""
    newest = connection.execute(select(func.max(releases.c.version)).where(releases.c.uri == release.uri)).scalar_one()
    return bool(newest <= release.version)


def unplanned(connection: Connection, now: float) -> list[int]:
    """The ids of releases whose hint to plan was lost, each given out once in a while only."""
    late = (
        update(releases)
        .where(releases.c.planned_at.is_(None), releases.c.hint_at <= now)
        .values(hint_at=now + HINT_AFTER)
        .returning(releases.c.id)
    )
    return list(connection.execute(late).scalars())
