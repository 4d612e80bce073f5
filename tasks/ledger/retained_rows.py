"""What retention takes from the ledger: releases stage by stage, and rows that belong to no release.

Each function named `some_…` finds a few rows without holding anybody up, and its partner takes exactly these in one
short transaction (tasks/operations/retention/pace.py has them follow one another).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from tasks.ledger import media_rows, seals
from tasks.ledger.connection import now
from tasks.ledger.deliveries.conditions import IS_CLAIMED, IS_DUE, IS_HELD, d
from tasks.ledger.inserts import insert_unless_there
from tasks.ledger.schema import (
    attempts,
    audit,
    awaited_engines,
    deliveries,
    feed_addresses,
    feed_entries,
    legal_holds,
    media_files,
    media_removals,
    media_sizes,
    notices,
    post_edits,
    publications,
    refusals,
    release_media,
    releases,
    renditions,
    reopenings,
    translations,
)
from tasks.ledger.seals import Took
from tasks.model.acts import Act
from tasks.model.retention_policy import Stage
from tasks.model.states import ArtifactState, Verdict

ARRIVED = (Verdict.DELIVERED.value, Verdict.UNSURE.value)
"""Verdicts of attempts by which a correction or a kill finds who has, or may have, a release."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release version that has reached the age of a stage."""

    id: int
    uri: str
    version: int
    received_at: float
    embargo_until: float | None
    planned: bool
    producer: str | None
    retained: int

    @property
    def age_from(self) -> float:
        """From when its days are counted, seconds since the epoch: when it was taken, or its embargo ended."""
        return max(self.received_at, self.embargo_until or 0)


_CANDIDATE = (
    releases.c.id, releases.c.uri, releases.c.version, releases.c.received_at, releases.c.embargo_until,
    releases.c.planned_at.is_not(None), releases.c.producer, releases.c.retained,
)  # fmt: skip


def candidates(
    connection: Connection,
    at: Collection[Stage],
    before: float,
    after: tuple[float, int] = (0, 0),
    limit: int = _AT_ONCE,
) -> list[Candidate]:
    """Release versions at one of these stages that were taken before a moment, the oldest first, from behind `after`
    (the moment and the number of one) on."""
    found: list[Candidate] = []
    for stage in at:  # each by itself, for so the index gives them in their order
        query = (
            select(*_CANDIDATE)
            .where(
                releases.c.retained == int(stage),
                releases.c.received_at < before,
                tuple_(releases.c.received_at, releases.c.id) > tuple_(*after),
            )
            .order_by(releases.c.received_at, releases.c.id)
            .limit(limit)
        )
        found += [Candidate(*row) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (one.received_at, one.id))[:limit]


def versions(connection: Connection, uri: str) -> list[Candidate]:
    """All versions of a release, the lowest first."""
    query = select(*_CANDIDATE).where(releases.c.uri == uri).order_by(releases.c.version)
    return [Candidate(*row) for row in connection.execute(query)]


def oldest(connection: Connection, at: Collection[Stage], since: float) -> float | None:
    """When the oldest release version at one of these stages was taken, of those that were taken at or after a moment;
    None if there is none."""
    r = releases.c
    first = select(func.min(r.received_at)).where(r.received_at >= since)
    found = [connection.execute(first.where(r.retained == int(stage))).scalar() for stage in at]
    return min((moment for moment in found if moment is not None), default=None)


def any_open(connection: Connection, release_ids: Collection[int]) -> bool:
    """Whether a delivery of these release versions is not final."""
    still = or_(IS_HELD, IS_DUE, IS_CLAIMED)
    return connection.execute(select(d.id).where(d.release_id.in_(release_ids), still).limit(1)).first() is not None


def has_newest_delivery(connection: Connection, release_ids: Collection[int]) -> bool:
    """Whether the delivery with the highest number of all is one of these: it stays, or SQLite would give its number
    to another one, of which an outlet could then answer by an old address."""
    newest = select(func.max(d.id)).scalar_subquery()
    return connection.execute(select(d.release_id).where(d.id == newest)).scalar() in release_ids


def fingerprint(connection: Connection, release_ids: Collection[int]) -> tuple[Any, ...]:
    """What changes when anything is delivered of these release versions, or is said of their deliveries."""
    mine = d.release_id.in_(release_ids)
    counted = connection.execute(select(func.count(), func.sum(d.attempt), func.max(d.ended_at)).where(mine)).one()
    said = select(func.count()).select_from(publications).join(deliveries, d.id == publications.c.delivery_id)
    return (*counted, connection.execute(said.where(mine)).scalar_one())


def mark(connection: Connection, release_ids: Collection[int], stage: Stage) -> None:
    """Note that these release versions have reached a stage."""
    connection.execute(update(releases).where(releases.c.id.in_(release_ids)).values(retained=int(stage)))


# --- the rows of a release


def some_feed_entries(candidate: Candidate, connection: Connection, limit: int) -> list[tuple[str, str]]:
    """Entries of feeds that show a release version: (outlet, language)."""
    e = feed_entries.c
    query = select(e.outlet_id, e.language).where(e.uri == candidate.uri, e.release_id == candidate.id).limit(limit)
    return [(row.outlet_id, row.language) for row in connection.execute(query)]


def remove_feed_entries(candidate: Candidate, connection: Connection, keys: Sequence[tuple[str, str]]) -> None:
    """Take entries from feeds."""
    e = feed_entries.c
    mine = (e.uri == candidate.uri, e.release_id == candidate.id)
    connection.execute(delete(feed_entries).where(*mine, tuple_(e.outlet_id, e.language).in_(keys)))


def some_bodies(candidate: Candidate, connection: Connection, limit: int) -> list[tuple[str, str]]:
    """Renditions of a release version that have bytes: (language, format)."""
    r = renditions.c
    query = select(r.language, r.format).where(r.release_id == candidate.id, r.body.is_not(None)).limit(limit)
    return [(row.language, row.format) for row in connection.execute(query)]


def remove_bodies(candidate: Candidate, connection: Connection, keys: Sequence[tuple[str, str]]) -> None:
    """Take the bytes of renditions."""
    r = renditions.c
    if not _is_noted(connection, candidate):
        seals.note_taken(connection, candidate.id, Took.RENDITIONS)
    of = (r.release_id == candidate.id, tuple_(r.language, r.format).in_(keys))
    connection.execute(update(renditions).where(*of).values(body=None))


def _is_noted(connection: Connection, candidate: Candidate) -> bool:
    """Whether an audit entry says that retention took the bytes of renditions of a release version, or archived it."""
    a = audit.c
    mine = and_(a.version == candidate.version, a.act == Act.RETAIN, a.new.contains(Took.RENDITIONS.value))
    archived = and_(a.version >= candidate.version, a.act == Act.ARCHIVE)
    query = select(a.id).where(a.uri == candidate.uri, or_(mine, archived)).limit(1)
    return connection.execute(query).first() is not None


def some_answers(candidate: Candidate, connection: Connection, limit: int) -> list[tuple[int, int]]:
    """Attempts at deliveries of a release version that hold the text of an answer: (delivery, attempt)."""
    return _some_attempts(connection, candidate, attempts.c.detail.is_not(None), limit)


def remove_answers(candidate: Candidate, connection: Connection, keys: Sequence[tuple[int, int]]) -> None:
    """Take the texts of answers from attempts."""
    seals.entomb(connection, [candidate.id], Took.ANSWERS)
    connection.execute(update(attempts).where(_attempt_is_in(keys)).values(detail=None))


def some_that_did_not_arrive(candidate: Candidate, connection: Connection, limit: int) -> list[tuple[int, int]]:
    """Attempts at deliveries of a release version that did not arrive: (delivery, attempt)."""
    return _some_attempts(connection, candidate, attempts.c.verdict.not_in(ARRIVED), limit)


def remove_attempts(candidate: Candidate, connection: Connection, keys: Sequence[tuple[int, int]]) -> None:
    """Take attempts."""
    seals.entomb(connection, [candidate.id], Took.ATTEMPTS)
    connection.execute(delete(attempts).where(_attempt_is_in(keys)))


def _some_attempts(
    connection: Connection, candidate: Candidate, which: ColumnElement[bool], limit: int
) -> list[tuple[int, int]]:
    a = attempts.c
    query = select(a.delivery_id, a.attempt).join(deliveries, d.id == a.delivery_id)
    rows = connection.execute(query.where(d.release_id == candidate.id, which).limit(limit))
    return [(row.delivery_id, row.attempt) for row in rows]


def _attempt_is_in(keys: Sequence[tuple[int, int]]) -> ColumnElement[bool]:
    return tuple_(attempts.c.delivery_id, attempts.c.attempt).in_(keys)


def some_final(connection: Connection, release_ids: Collection[int], limit: int) -> list[int]:
    """Numbers of final deliveries of these release versions."""
    still = or_(IS_HELD, IS_DUE, IS_CLAIMED)
    query = select(d.id).where(d.release_id.in_(release_ids), ~still).limit(limit)
    return list(connection.execute(query).scalars())


def remove_deliveries(connection: Connection, ids: Sequence[int]) -> None:
    """Take deliveries with their attempts and with what their outlets said of them."""
    theirs = connection.execute(select(d.release_id).where(d.id.in_(ids)).distinct()).scalars().all()
    seals.entomb(connection, theirs, Took.DELIVERIES)
    for table in (attempts, publications, reopenings):
        connection.execute(delete(table).where(table.c.delivery_id.in_(ids)))
    connection.execute(delete(deliveries).where(d.id.in_(ids)))


def remove_renditions(connection: Connection, release_ids: Collection[int]) -> None:
    """Take the rows of renditions whose bytes are gone."""
    connection.execute(delete(renditions).where(renditions.c.release_id.in_(release_ids)))


def remove_texts(connection: Connection, release_id: int, heading: str) -> None:
    """Take texts, translations and the list of files of a release version; `heading` is the document that is left."""
    seals.entomb(connection, [release_id], Took.TEXTS)
    for table in (awaited_engines, translations, release_media, post_edits):
        connection.execute(delete(table).where(table.c.release_id == release_id))
    connection.execute(update(releases).where(releases.c.id == release_id).values(document=heading))
    seals.look_again(connection, [release_id], now(connection))  # to seal the heading, which stays


def count(connection: Connection, stage: Stage, release_ids: Collection[int]) -> int:
    """How many rows of these release versions leave, or lose something, at a stage."""
    mine = d.release_id.in_(release_ids)
    tried = select(func.count()).select_from(attempts).join(deliveries, d.id == attempts.c.delivery_id).where(mine)
    of_release = {Stage.NO_FEEDS: feed_entries, Stage.NO_BYTES: renditions, Stage.NO_TEXTS: translations}
    if table := of_release.get(stage):
        query = select(func.count()).select_from(table).where(table.c.release_id.in_(release_ids))
        query = query.where(renditions.c.body.is_not(None)) if table is renditions else query
    elif stage is Stage.NO_ANSWERS:
        query = tried.where(attempts.c.detail.is_not(None))
    elif stage is Stage.ARRIVED_ONLY:
        query = tried.where(attempts.c.verdict.not_in(ARRIVED))
    else:
        query = select(func.count()).where(mine)
    return connection.execute(query).scalar_one()


# --- rows that belong to no release

OLD: dict[str, tuple[Table, str]] = {"refusals": (refusals, "received_at"), "notices": (notices, "at")}
"""Tables whose rows are numbered in the order of a time, and the name of that column."""


def some_old(connection: Connection, kind: str, before: float, limit: int) -> list[int]:
    """Numbers of the oldest rows of a kind from before a moment: as far as these stand together at the beginning."""
    table, column = OLD[kind]
    query = select(table.c.id, table.c[column]).order_by(table.c.id).limit(limit)
    return [row[0] for row in connection.execute(query) if row[1] < before]


def count_old(connection: Connection, kind: str, before: float) -> int:
    """How many rows of a kind are from before a moment; this one looks at all of them."""
    table, column = OLD[kind]
    return connection.execute(select(func.count()).select_from(table).where(table.c[column] < before)).scalar_one()


def remove_old(connection: Connection, kind: str, ids: Sequence[int]) -> None:
    """Take rows of a kind."""
    table, _ = OLD[kind]
    connection.execute(delete(table).where(table.c.id.in_(ids)))


def some_ended_addresses(connection: Connection, before: float, limit: int) -> list[int]:
    """Numbers of addresses of feeds that ended before a moment."""
    query = select(feed_addresses.c.id).where(feed_addresses.c.expires_at < before).limit(limit)
    return list(connection.execute(query).scalars())


def remove_addresses(connection: Connection, ids: Sequence[int]) -> None:
    """Take addresses of feeds."""
    connection.execute(delete(feed_addresses).where(feed_addresses.c.id.in_(ids)))


def some_unused_media(connection: Connection, before: float, limit: int) -> list[str]:
    """Files kept before a moment that no release in the ledger has."""
    m = media_files.c
    query = select(m.sha256).where(m.kept_at < before, _is_unused()).order_by(m.kept_at).limit(limit)
    return list(connection.execute(query).scalars())


def count_unused_media(connection: Connection, before: float) -> int:
    """How many files kept before a moment no release in the ledger has."""
    return connection.execute(select(func.count()).where(media_files.c.kept_at < before, _is_unused())).scalar_one()


def _is_unused() -> ColumnElement[bool]:
    return ~exists().where(release_media.c.sha256 == media_files.c.sha256)


def remove_media(connection: Connection, files: Sequence[str], now: float) -> None:
    """Take the rows of files and of their smaller sizes, and note that these are to leave the store."""
    smaller = select(media_sizes.c.sha256).where(media_sizes.c.original.in_(files))
    gone = {*files, *connection.execute(smaller).scalars()}
    connection.execute(delete(media_sizes).where(media_sizes.c.original.in_(files)))
    connection.execute(delete(media_files).where(media_files.c.sha256.in_(files)))
    insert_unless_there(connection, media_removals, [{"sha256": sha256, "at": now} for sha256 in sorted(gone)])


def media_to_remove(connection: Connection, before: float, limit: int) -> dict[str, bool]:
    """Files that were noted before a moment to leave the store; whether each of them is in use again by now."""
    noted = select(media_removals.c.sha256).where(media_removals.c.at < before).limit(limit)
    files = list(connection.execute(noted).scalars())
    used: set[str] = set()
    for table in (media_files, media_sizes):
        used.update(connection.execute(select(table.c.sha256).where(table.c.sha256.in_(files))).scalars())
    return {sha256: sha256 in used for sha256 in files}


def forget_removals(connection: Connection, files: Sequence[str]) -> None:
    """Note that these files have left the store, or stay."""
    connection.execute(delete(media_removals).where(media_removals.c.sha256.in_(files)))


# --- whether others need the ledger or a worker more


def anything_due(connection: Connection, now: float) -> bool:
    """Whether a delivery may go out now that no drain has taken."""
    return connection.execute(_ANYTHING_DUE, {"moment": now}).first() is not None


_ANYTHING_DUE = select(d.id).where(IS_DUE, d.due_at <= bindparam("moment")).limit(1)


def anything_to_format(connection: Connection, now: float) -> bool:
    """Whether a rendition could be built now that nobody builds."""
    r, t = renditions.c, translations.c
    made = exists().where(t.release_id == r.release_id, t.language == r.language, t.state == ArtifactState.MADE)
    wanted = and_(r.state != literal_column("'made'"), r.state == ArtifactState.WANTED, r.lease_until <= now)
    buildable = select(r.release_id).where(wanted, made, ~media_rows.is_open(r.release_id)).limit(1)
    return connection.execute(buildable).first() is not None


# --- legal holds


def held_uris(connection: Connection) -> dict[str, str]:
    """The releases of which nothing is taken, by their URIs, each with the reason."""
    rows = connection.execute(select(legal_holds.c.uri, legal_holds.c.reason).order_by(legal_holds.c.since))
    return {row.uri: row.reason for row in rows}
