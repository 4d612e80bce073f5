"""Releases in the ledger: taken once each, and planned once each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from tasks.ledger import audit, media_rows, producer_rows, webhook_rows
from tasks.ledger.schema import deliveries, releases
from tasks.model.acts import UNSIGNED, Act, Actor, Role
from tasks.model.release import MAX_VERSION, Release
from tasks.model.retention_policy import Stage
from tasks.model.states import FINAL, State
from tasks.runtime import moments

DAY = 24 * 3600.0
"""Seconds."""
HINT_AFTER = 5.0
"""Seconds after which a release that nobody planned is hinted at again."""


class Consent(StrEnum):
    """What a sender must mean, and say with the message, for intake to take it."""

    JUMP = "jump"
    """The version is far above the newest one."""
    REVIVE = "revive"
    """The release was killed, and this version publishes it anew."""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who sends a release, and with which rights."""

    actor: Actor = UNSIGNED
    producer: str | None = None
    """The name of the producer; None for operations, and for whoever sends unsigned."""
    named: bool = False
    """Whether the producers file names a prefix of the URI for this producer, and not only leaves URIs open to it."""
    consent: frozenset[Consent] = frozenset()
    max_jump: int = 1000
    """How far above the newest version the next one may be without consent."""
    per_day: int | None = None
    """How many release versions that are no kills are taken of the producer in a day; None: as many as come."""


class Outcome(StrEnum):
    """What became of a release at the door. Only what is `new` was written."""

    NEW = "new"
    KNOWN = "known"
    """It was taken before, with the same content."""
    CONFLICT = "conflict"
    """This version was taken before, with other content."""
    FOREIGN = "foreign"
    """The URI is somebody else's."""
    OUTDATED = "outdated"
    """A higher version was taken, so this one could never be delivered."""
    KILLED = "killed"
    """The newest version is a kill, and nobody said that the release is to be revived."""
    JUMP = "jump"
    """The version is too far above the newest one, and nobody said that this is meant."""
    LIMIT = "limit"
    """The producer has sent as many release versions today as it may."""
    ARCHIVED = "archived"
    """The deliveries of the release are only in its archive file, so nobody could say who has it."""


@dataclass(frozen=True)
class Taken:
    """What became of a release, and which version was the newest before (0: none)."""

    outcome: Outcome
    release_id: int = 0
    """Of a release that is new or known."""
    newest: int = 0
    killed: bool = False
    """Whether that newest version is a kill."""
    limit_ends: float | None = None
    """When the producer may send more, if it has sent as much as it may; seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What a delivery needs to know of its release."""

    uri: str
    version: int
    status: str
    replaced_by: str | None
    """The `status` of the newest version, `usable` or `canceled`; None if this is the newest one."""
    first_received: float
    """When the wire took the first version, in seconds since the epoch."""

    @property
    def name(self) -> str:
        """The release and its version, such as `urn:… v2`."""
        return f"{self.uri} v{self.version}"


def take(
    connection: Connection, release: Release, now: float, sender: Sender = Sender(), *, hint_at: float | None = None
) -> Taken:
    """Keep a release version, once, and record who sent it; the caller commits before it answers the producer.

    What the sender may not send, and what could never be delivered, is not kept. `hint_at`: when the clock has it
    planned if nobody has; left out, after some seconds, for a hint is on its way.
    """
    one_taker_at_a_time(connection, release.uri)
    whose, newest = owner(connection, release.uri), find(connection, release.uri)
    judged = _judged(connection, release, sender, whose, newest)
    if judged.outcome is not Outcome.NEW:
        return judged
    if not _within_limit(connection, release, sender, now):
        return replace(judged, outcome=Outcome.LIMIT, limit_ends=_day_ends(now))
    row = {
        "uri": release.uri,
        "version": release.version,
        "digest": release.digest(),
        "language": release.language,
        "status": release.status,
        "urgency": release.urgency,
        "embargo_until": release.embargo_until.timestamp() if release.embargo_until else None,
        "document": release.to_json(),
        "received_at": now,
        "hint_at": now + HINT_AFTER if hint_at is None else hint_at,
        "producer": whose or sender.producer,
        "sent_by": str(sender.actor),
    }
    number = connection.execute(_INSERT, row).scalar_one()
    media_rows.want(connection, number, release, now)
    if producer := whose or sender.producer:
        webhook_rows.watch(connection, number, producer, now)
    audit.record(connection, _entry(release, sender, newest), by=sender.actor)
    return replace(judged, release_id=number)


_INSERT = releases.insert().returning(releases.c.id)


def would_take(connection: Connection, release: Release, sender: Sender, now: float) -> Taken:
    """What `take` would come to as the ledger stands now; writes nothing, and what is new has no number."""
    judged = _judged(connection, release, sender, owner(connection, release.uri), find(connection, release.uri))
    if judged.outcome is not Outcome.NEW or sender.producer is None or sender.per_day is None:
        return judged
    sent = producer_rows.counted(connection, day_of(now)).get(sender.producer, 0)
    over = release.status != "canceled" and sent >= sender.per_day
    return replace(judged, outcome=Outcome.LIMIT, limit_ends=_day_ends(now)) if over else judged


def _within_limit(connection: Connection, release: Release, sender: Sender, now: float) -> bool:
    """Whether the producer may send one version more today, which is counted then. A kill is always taken."""
    if sender.producer is None or release.status == "canceled":
        return True
    return producer_rows.count(connection, sender.producer, day_of(now), sender.per_day)


def day_of(now: float) -> str:
    """The day (UTC) in which a moment is by which releases of producers are counted."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def _day_ends(now: float) -> float:
    """The end of that day, in seconds since the epoch."""
    return (now // DAY + 1) * DAY


def one_taker_at_a_time(connection: Connection, uri: str) -> None:
    """Until this transaction ends, nobody else takes a version of this release: two that look at once would each find
    that theirs is the newest, or the first. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"uri": uri})


_LOCK = text("SELECT pg_advisory_xact_lock(7265555, hashtext(:uri))")


def owner(connection: Connection, uri: str) -> str | None:
    """The producer to whom a release belongs: the first that sent a version of it; None if it is nobody's."""
    return connection.execute(_OWNER, {"of_uri": uri}).scalar()


_OWNER = (
    select(releases.c.producer)
    .where(releases.c.uri == bindparam("of_uri"), releases.c.producer.is_not(None))
    .order_by(releases.c.version)
    .limit(1)
)


def _judged(
    connection: Connection,
    release: Release,
    sender: Sender,
    owner: str | None,
    newest: Row | None,  # type: ignore[type-arg]
) -> Taken:
    outcome, known = _judge(connection, release, sender, owner, newest)
    if newest is None:
        return Taken(outcome, known)
    return Taken(outcome, known, newest=newest.version, killed=newest.status == "canceled")


def _judge(
    connection: Connection,
    release: Release,
    sender: Sender,
    owner: str | None,
    newest: Row | None,  # type: ignore[type-arg]
) -> tuple[Outcome, int]:
    """What is to become of a release, and the number of the row if it is known.

    Whose it is comes first, so that a stranger learns nothing of what the ledger has.
    """
    if sender.actor.role is not Role.OPERATOR and _is_foreign(sender, owner, is_known=newest is not None):
        return Outcome.FOREIGN, 0
    same = find(connection, release.uri, release.version)
    if same is not None:
        known = same.digest in (release.digest(), _with_embargo_in_utc(release).digest())
        return (Outcome.KNOWN, same.id) if known else (Outcome.CONFLICT, 0)
    if newest is not None and release.version < newest.version:
        return Outcome.OUTDATED, 0
    if newest is not None and newest.retained >= Stage.ARCHIVED:
        return Outcome.ARCHIVED, 0
    revives = newest is not None and newest.status == "canceled" and release.status == "usable"
    if revives and Consent.REVIVE not in sender.consent:
        return Outcome.KILLED, 0
    most = highest(newest.version if newest else 0, sender.max_jump)
    if release.version > most and Consent.JUMP not in sender.consent:
        return Outcome.JUMP, 0
    return Outcome.NEW, 0


def _is_foreign(sender: Sender, owner: str | None, *, is_known: bool) -> bool:
    """Whether a URI is not the sender's. One that was only sent unsigned goes to the producer whom the file names."""
    if owner is not None:
        return owner != sender.producer
    return is_known and sender.producer is not None and not sender.named


def highest(newest: int, max_jump: int) -> int:
    """The highest version that needs no consent above `newest` (0: none). A first one must leave room for as many
    corrections."""
    return newest + max_jump if newest else MAX_VERSION - max_jump


def _entry(release: Release, sender: Sender, newest: Row | None) -> audit.Entry:  # type: ignore[type-arg]
    """What is recorded of a version that was taken."""
    if release.status == "canceled":
        act = Act.KILL
    elif newest is None:
        act = Act.PUBLISH
    else:
        act = Act.REVIVE if newest.status == "canceled" else Act.CORRECT
    old = {"version": newest.version, "status": newest.status} if newest else None
    new: dict[str, Any] = {"version": release.version, "status": release.status, "sha256": release.digest()}
    if sender.consent:
        new["consent"] = sorted(sender.consent)
    return audit.of_release(act, release.uri, release.version, old=old, new=new, remark=release.correction_note)


def _with_embargo_in_utc(release: Release) -> Release:
    """The release as it was kept when front matter lost the offset of a moment; the moment is the same."""
    until = release.embargo_until
    return release.model_copy(update={"embargo_until": until and moments.in_zone(until, UTC)})


def get(connection: Connection, release_id: int) -> Release:
    """The release document with this number; raises LookupError when there is no such row."""
    document = connection.execute(_DOCUMENT, {"number": release_id}).scalar()
    if document is None:
        raise LookupError(f"the ledger has no release with number {release_id}")
    return Release.from_ledger(document)


_DOCUMENT = select(releases.c.document).where(releases.c.id == bindparam("number"))


def received(connection: Connection, release_id: int) -> datetime:
    """When the release was taken: UTC, whole seconds; raises LookupError when there is no such row."""
    at = connection.execute(select(releases.c.received_at).where(releases.c.id == release_id)).scalar()
    if at is None:
        raise LookupError(f"the ledger has no release with number {release_id}")
    return datetime.fromtimestamp(int(at), UTC)


def headings(connection: Connection, release_ids: Collection[int]) -> dict[int, Heading]:
    """The headings of these releases, as things stand now: {id: heading}."""
    rows = connection.execute(_headings(), {"ids": list(release_ids)})
    return {row[0]: Heading(*row[1:]) for row in rows}


@cache
def _headings() -> Select[Any]:
    newer = releases.alias("newer")
    replaced_by = (
        select(newer.c.status)
        .where(newer.c.uri == releases.c.uri, newer.c.version > releases.c.version)
        .order_by(newer.c.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    older = releases.alias("older")
    first = select(func.min(older.c.received_at)).where(older.c.uri == releases.c.uri).scalar_subquery()
    columns = (releases.c.id, releases.c.uri, releases.c.version, releases.c.status, replaced_by, first)
    return select(*columns).where(releases.c.id.in_(bindparam("ids", expanding=True)))


def move_embargo(connection: Connection, release_id: int, until: datetime | None) -> None:
    """Give a release another embargo, or none; the caller makes its renditions anew (they say when it ends)."""
    release = get(connection, release_id).model_copy(update={"embargo_until": until})
    moved = {"embargo_until": until.timestamp() if until else None, "document": release.to_json()}
    connection.execute(update(releases).where(releases.c.id == release_id).values(moved))


def find(connection: Connection, uri: str, version: int | None = None) -> Row | None:  # type: ignore[type-arg]
    """The row of a release: of `version`, or of the newest one."""
    if version is None:
        return connection.execute(_NEWEST, {"of_uri": uri}).first()
    return connection.execute(_ONE, {"of_uri": uri, "number": version}).first()


_OF_URI = select(releases).where(releases.c.uri == bindparam("of_uri"))
_NEWEST = _OF_URI.order_by(releases.c.version.desc()).limit(1)
_ONE = _OF_URI.where(releases.c.version == bindparam("number"))


def before(connection: Connection, uri: str, version: int) -> Row | None:  # type: ignore[type-arg]
    """The row of the newest version of a release that is older than `version`."""
    older = select(releases).where(releases.c.uri == uri, releases.c.version < version)
    return connection.execute(older.order_by(releases.c.version.desc()).limit(1)).first()


def killed_by(connection: Connection, uri: str, version: int) -> int | None:
    """The version that kills this older one of a release; None if the release is not killed, or this is the kill."""
    newest = find(connection, uri)
    killed = newest is not None and newest.status == "canceled" and newest.version > version
    return newest.version if newest is not None and killed else None


def first_received(connection: Connection, uri: str) -> float:
    """When the first version of a release was received that is in the ledger; seconds since the epoch."""
    return float(connection.execute(select(func.min(releases.c.received_at)).where(releases.c.uri == uri)).scalar_one())


def latest(
    connection: Connection, count: int, *, since: float | None = None, states: Collection[State] = ()
) -> list[Row[Any]]:
    """The releases received last, newest first. `since`: received at or after that moment (seconds since the epoch);
    `states`: those with a delivery in one of them."""
    query = select(releases).order_by(releases.c.received_at.desc()).limit(count)
    if since is not None:
        query = query.where(releases.c.received_at >= since)
    if states:
        query = query.where(or_(*map(_has_in, states)))
    return list(connection.execute(query))


def _has_in(state: State) -> ColumnElement[bool]:
    """Whether a release has a delivery in this state. What is open there is little of, and its index says whose."""
    d = deliveries.c
    if state in FINAL:
        return exists().where(d.release_id == releases.c.id, d.state == state)
    return releases.c.id.in_(select(d.release_id).where(d.state == literal_column(f"'{state.value}'")))


def of_producer(connection: Connection, producer: str, count: int, below: int | None = None) -> list[Row[Any]]:
    """The release versions that belong to a producer, the newest first; `below`: only those with lower numbers."""
    query = select(releases).where(releases.c.producer == producer).order_by(releases.c.id.desc()).limit(count)
    return list(connection.execute(query if below is None else query.where(releases.c.id < below)))


def start_planning(connection: Connection, release_id: int, now: float) -> bool:
    """Mark the release planned, in the transaction that writes its deliveries; False when somebody else has done it."""
    return bool(connection.execute(_mark_planned(), {"number": release_id, "moment": now}).rowcount)


@cache
def _mark_planned() -> Update:
    unplanned = update(releases).where(releases.c.id == bindparam("number"), releases.c.planned_at.is_(None))
    return unplanned.values(planned_at=bindparam("moment"))


def is_newest(connection: Connection, release: Release) -> bool:
    """Whether the ledger has no higher version of the release."""
    return bool(connection.execute(_HIGHEST, {"of_uri": release.uri}).scalar_one() <= release.version)


_HIGHEST = select(func.max(releases.c.version)).where(releases.c.uri == bindparam("of_uri"))


def last(connection: Connection) -> Release | None:
    """The release version that was taken last, by its number; None in an empty ledger."""
    document = connection.execute(select(releases.c.document).order_by(releases.c.id.desc()).limit(1)).scalar()
    return None if document is None else Release.from_ledger(document)


def is_planned(connection: Connection, release_id: int) -> bool:
    """Whether all deliveries of a release are written: one look at its row, without its document."""
    return connection.execute(_PLANNED_AT, {"number": release_id}).scalar() is not None


_PLANNED_AT = select(releases.c.planned_at).where(releases.c.id == bindparam("number"))


_WAITS_FOR_A_PLAN = and_(releases.c.planned_at.is_(None), releases.c.hint_at <= bindparam("moment"))
"""SQL condition: nobody has planned a release in time."""


def any_unplanned(connection: Connection, now: float) -> bool:
    """Whether `unplanned` would find any."""
    return connection.execute(_ANY_UNPLANNED, {"moment": now}).first() is not None


_ANY_UNPLANNED = select(releases.c.id).where(_WAITS_FOR_A_PLAN).limit(1)


def unplanned(connection: Connection, now: float) -> dict[int, int]:
    """{release: urgency} of the releases that nobody has planned in time, the most urgent first; each is given out once
    in a while only."""
    late = connection.execute(_hint_at_unplanned(), {"moment": now, "again_at": now + HINT_AFTER})
    return dict(sorted(((row.id, row.urgency) for row in late), key=lambda one: (one[1], one[0])))


@cache
def _hint_at_unplanned() -> ReturningUpdate[Any]:
    late = update(releases).where(_WAITS_FOR_A_PLAN).values(hint_at=bindparam("again_at"))
    return late.returning(releases.c.id, releases.c.urgency)
