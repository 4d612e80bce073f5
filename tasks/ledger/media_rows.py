"""Media in the ledger: which files a release has, how far each of them is, and what is in the store.

    wanted ──claim──► (leased) ──keep──► stored
       ▲                 ├──try_again──► wanted, later
       └─────retry───────┴────refuse──► refused ──drop──► dropped

As with artifacts, a claim carries an attempt number, and a result counts for that number only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Update,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from tasks.ledger.inserts import insert_into
from tasks.ledger.schema import deliveries, media_files, media_sizes, release_media, releases
from tasks.model.media import Media, MediaType
from tasks.model.release import Release
from tasks.model.states import MediaState

A_HOST = 2
"""Files of one host that are fetched at once: a slow server holds up its own producer, and not all others."""
LOOKED_AT = 1000
"""Files that may be tried now among which some of a host with room are looked for."""
HINT_AFTER = 5.0
"""Seconds after which a file that nobody fetches is hinted at."""
IS_WANTED: ColumnElement[bool] = release_media.c.state == literal_column("'wanted'")
"""Written into the statement, not bound, as in the partial index."""
m = release_media.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file that belongs to this worker, to be fetched, until its lease ends."""

    release_id: int
    item: str
    type: MediaType
    url: str
    content_type: str | None
    attempt: int
    first_due_at: float


@dataclass(frozen=True, kw_only=True)
class StoredSize:
    """A picture in a smaller size, as the store has it."""

    width: int
    height: int
    sha256: str
    content_type: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file in the store, and what is known of it."""

    sha256: str
    content_type: str
    bytes: int
    width: int | None = None
    height: int | None = None
    name: str | None = None
    sizes: tuple[StoredSize, ...] = ()
    """The smallest one first."""


def is_open(release_id: Any) -> ColumnElement[bool]:
    """SQL condition: the release has files that are still to be fetched, or that were refused."""
    still = m.state.in_([literal_column("'wanted'"), literal_column("'refused'")])
    return exists().where(m.release_id == release_id, still)


def want(connection: Connection, release_id: int, release: Release, now: float) -> None:
    """Note which files a release has. Those that are in the store are there; so are those that an earlier version
    fetched from the same address."""
    if release.status != "usable" or not release.media:
        return
    fetched = _fetched_before(connection, release, release_id)
    common = {"release_id": release_id, "first_due_at": now, "due_at": now, "hint_at": now + HINT_AFTER}
    rows = []
    for item in release.media:
        sha256 = item.sha256 or fetched.get((item.url, item.type))
        state = MediaState.STORED if sha256 else MediaState.WANTED
        rows.append(
            common
            | {"item": item.id, "type": item.type, "url": item.url, "content_type": item.content_type}
            | {"state": state, "sha256": sha256, "lease_until": 0, "attempt": 0}
        )
    connection.execute(release_media.insert(), rows)


def _fetched_before(connection: Connection, release: Release, release_id: int) -> dict[tuple[Any, str], str]:
    """The files that earlier versions of a release fetched, by their address and type."""
    query = (
        select(m.url, m.type, m.sha256)
        .join(releases, releases.c.id == m.release_id)
        .where(releases.c.uri == release.uri, releases.c.id != release_id)
        .where(m.state == MediaState.STORED, m.url.is_not(None))
        .order_by(releases.c.version)
    )
    return {(row.url, row.type): row.sha256 for row in connection.execute(query)}


def claim(
    connection: Connection, *, now: float, lease: float, worker: str, limit: int, at_work: Collection[str] = ()
) -> list[Wanted]:
    """Take up to `limit` files that may be tried now, those that have waited longest first.

    `at_work`: the addresses of those that are being fetched; no more than A_HOST of one host are at once. What nobody
    waits for any more, because a newer version came, is left alone.
    """
    hosts = Counter(map(_host, at_work))
    pick = (
        select(m.release_id, m.item, m.url)
        .where(IS_WANTED, m.due_at <= now, m.lease_until <= now, _is_awaited())
        .order_by(m.due_at, m.release_id, m.item)
        .limit(LOOKED_AT)
        .with_for_update(skip_locked=True)
    )
    taken: list[Wanted] = []
    for row in connection.execute(pick).all():
        if len(taken) == limit:
            break
        hosts[_host(row.url)] += 1
        if hosts[_host(row.url)] > A_HOST:
            continue
        take = (
            update(release_media)
            .where(m.release_id == row.release_id, m.item == row.item, IS_WANTED, m.lease_until <= now)
            .values(lease_until=now + lease, claimed_by=worker, attempt=m.attempt + 1)
            .returning(*(m[name] for name in Wanted.__slots__))
        )
        taken += [Wanted(**one._mapping) for one in connection.execute(take)]
    return taken


def _host(url: str) -> str:
    return url.split("/", 3)[2].lower() if url.count("/") > 1 else url


def _is_awaited() -> ColumnElement[bool]:
    """Whether a delivery of the release is held, or the release is not planned yet."""
    unplanned = exists().where(releases.c.id == m.release_id, releases.c.planned_at.is_(None))
    held = exists().where(deliveries.c.release_id == m.release_id, deliveries.c.state == literal_column("'held'"))
    return or_(unplanned, held)


def late(connection: Connection, *, now: float, again_at: float) -> bool:
    """Whether there are files that nobody fetches although their time has come; each counts once until `again_at`."""
    return bool(connection.execute(_put_off_late(), {"moment": now, "again_at": again_at}).rowcount)


@cache
def _put_off_late() -> Update:
    late = (moment <= bindparam("moment") for moment in (m.hint_at, m.due_at, m.lease_until))
    return update(release_media).where(IS_WANTED, *late, _is_awaited()).values(hint_at=bindparam("again_at"))


def free(connection: Connection, gone: Collection[str], *, now: float) -> None:
    """Let others fetch at once what these workers had claimed: they are gone."""
    if gone:
        theirs = update(release_media).where(IS_WANTED, m.claimed_by.in_(gone), m.lease_until > now)
        connection.execute(theirs.values(lease_until=0, claimed_by=None, hint_at=now))


def _settle(connection: Connection, wanted: Wanted, values: Mapping[str, Any]) -> bool:
    """Write what came of a claim; False if somebody newer has the row."""
    mine = and_(m.release_id == wanted.release_id, m.item == wanted.item, m.attempt == wanted.attempt, IS_WANTED)
    settled = update(release_media).where(mine).values({"lease_until": 0, "claimed_by": None, **values})
    return bool(connection.execute(settled).rowcount)


def finish(connection: Connection, wanted: Wanted, sha256: str) -> bool:
    """Note that a file was fetched and is in the store."""
    return _settle(connection, wanted, {"state": MediaState.STORED, "sha256": sha256, "code": None, "reason": None})


def try_again(connection: Connection, wanted: Wanted, *, due_at: float, code: str, reason: str) -> bool:
    """Note why a file could not be fetched, and when it is tried again."""
    return _settle(connection, wanted, {"due_at": due_at, "hint_at": due_at, "code": code, "reason": reason})


def refuse(connection: Connection, wanted: Wanted, *, code: str, reason: str) -> bool:
    """Note that a file is not taken, or not to be had."""
    return _settle(connection, wanted, {"state": MediaState.REFUSED, "code": code, "reason": reason})


def retry(connection: Connection, release_id: int, now: float, item: str | None = None) -> list[str]:
    """Have the files of a release (or one of them) that are not there be fetched at once; the ids of these."""
    which = [m.release_id == release_id, m.state.in_([MediaState.WANTED, MediaState.REFUSED, MediaState.DROPPED])]
    which += [m.url.is_not(None)] if item is None else [m.url.is_not(None), m.item == item]
    if item is None:
        which.append(m.state != MediaState.DROPPED)
    again = {"state": MediaState.WANTED, "first_due_at": now, "due_at": now, "hint_at": now, "lease_until": 0}
    again |= {"code": None, "reason": None}
    rows = connection.execute(update(release_media).where(*which).values(again).returning(m.item)).scalars()
    return sorted(rows)


def drop(connection: Connection, release_id: int, item: str) -> bool:
    """Let a release go out without a file that is not there; False if it has no such file, or the wire has it."""
    lacking = m.state.in_([MediaState.WANTED, MediaState.REFUSED])
    dropped = {"state": MediaState.DROPPED, "lease_until": 0, "claimed_by": None, "attempt": m.attempt + 1}
    which = (m.release_id == release_id, m.item == item, lacking)
    return bool(connection.execute(update(release_media).where(*which).values(dropped)).rowcount)


def of_release(connection: Connection, release_id: int) -> list[Row[Any]]:
    """The files of a release in no order of theirs: item, type, state, code, reason, url, sha256, due_at."""
    columns = (m.item, m.type, m.state, m.code, m.reason, m.url, m.sha256, m.due_at)
    return list(connection.execute(select(*columns).where(m.release_id == release_id).order_by(m.item)))


def all_there(connection: Connection, release_id: int) -> bool:
    """Whether every file of a release is in the store, or goes out without it."""
    return not connection.execute(_IS_OPEN, {"release": release_id}).scalar_one()


_IS_OPEN = select(is_open(bindparam("release")))


def progress(connection: Connection, release_id: int) -> str:
    """How far the files of a release are, for people: `2 of 3 files are here; picture hero: http_404, …`."""
    rows = [row for row in of_release(connection, release_id) if row.state != MediaState.DROPPED]
    here = sum(row.state == MediaState.STORED for row in rows)
    said = [f"{here} of {len(rows)} files {'is' if here == 1 else 'are'} here"]
    for row in sorted(rows, key=lambda row: row.state != MediaState.REFUSED):
        if row.reason and row.state in (MediaState.REFUSED, MediaState.WANTED):
            refused = row.state == MediaState.REFUSED
            said.append(f"{row.type} {row.item}: {row.code}, {row.reason}{'' if refused else '; it is tried again'}")
    return "; ".join(said)[:1000]


# --- the store


def keep(connection: Connection, file: StoredFile, *, now: float, by: str) -> None:
    """Note that a file is in the store; what is known of one that is there already stays."""
    row = {name: getattr(file, name) for name in ("sha256", "content_type", "bytes", "width", "height", "name")}
    new = insert_into(connection, media_files).values(**row, kept_at=now, kept_by=by)
    connection.execute(new.on_conflict_do_nothing())
    for size in file.sizes:
        values = {"original": file.sha256} | {name: getattr(size, name) for name in size.__dataclass_fields__}
        connection.execute(insert_into(connection, media_sizes).values(values).on_conflict_do_nothing())


def files(connection: Connection, wanted: Collection[str]) -> dict[str, StoredFile]:
    """By their SHA-256, those of these files that are in the store."""
    if not wanted:
        return {}
    columns = ("sha256", "content_type", "bytes", "width", "height", "name")
    rows = connection.execute(
        select(*(media_files.c[name] for name in columns)).where(media_files.c.sha256.in_(wanted))
    )
    sizes: dict[str, list[StoredSize]] = {}
    smaller = select(media_sizes).where(media_sizes.c.original.in_(wanted)).order_by(media_sizes.c.width)
    for row in connection.execute(smaller):
        named = {name: row._mapping[name] for name in StoredSize.__dataclass_fields__}
        sizes.setdefault(row.original, []).append(StoredSize(**named))
    return {row.sha256: StoredFile(**row._mapping, sizes=tuple(sizes.get(row.sha256, ()))) for row in rows}


def stored(connection: Connection, release_id: int) -> dict[str, StoredFile]:
    """The files of a release that are in the store, by the ids of its media."""
    query = select(m.item, m.sha256).where(m.release_id == release_id, m.state == MediaState.STORED)
    of_item = {row.item: row.sha256 for row in connection.execute(query.order_by(m.item))}
    found = files(connection, set(of_item.values()))
    return {item: found[sha256] for item, sha256 in of_item.items() if sha256 in found}


def stored_before(connection: Connection, uri: str, version: int) -> list[tuple[str, StoredFile]]:
    """The files in the store that the versions of a release below this one had, each with the id of its item."""
    query = (
        select(m.item, m.sha256)
        .join(releases, releases.c.id == m.release_id)
        .where(releases.c.uri == uri, releases.c.version < version, m.state == MediaState.STORED)
        .order_by(releases.c.version, m.item)
    )
    rows = connection.execute(query).all()
    found = files(connection, {row.sha256 for row in rows})
    return [(row.item, found[row.sha256]) for row in rows if row.sha256 in found]


def dropped(connection: Connection, release_id: int) -> frozenset[str]:
    """The ids of those media of a release without which it goes out."""
    query = select(m.item).where(m.release_id == release_id, m.state == MediaState.DROPPED)
    return frozenset(connection.execute(query).scalars())


def content_type(connection: Connection, sha256: str) -> tuple[str, int] | None:
    """The content type and size in bytes of a file in the store, or of a picture in a smaller size; None if the ledger
    knows none."""
    for table in (media_files, media_sizes):
        row = connection.execute(
            select(table.c.content_type, table.c.bytes).where(table.c.sha256 == sha256).limit(1)
        ).first()
        if row is not None:
            return row.content_type, row.bytes
    return None


def withdrawn(connection: Connection, sha256: str) -> bool:
    """Whether a file, or a picture in a smaller size, was only in releases that are killed by now."""
    originals = select(media_sizes.c.original).where(media_sizes.c.sha256 == sha256)
    of_file = or_(m.sha256 == sha256, m.sha256.in_(originals))
    uris = (
        select(releases.c.uri).join(release_media, releases.c.id == m.release_id).where(of_file).distinct().subquery()
    )
    newest = (
        select(releases.c.status)
        .where(releases.c.uri == uris.c.uri)
        .order_by(releases.c.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = connection.execute(select(newest).select_from(uris)).scalars().all()
    return bool(found) and all(status == "canceled" for status in found)


def latest(connection: Connection, count: int) -> list[Row[Any]]:
    """The files that were kept last, the latest first, each with the number of releases that have it."""
    uses = (
        select(func.count(m.release_id.distinct())).where(m.sha256 == media_files.c.sha256).correlate(media_files)
    ).scalar_subquery()
    query = select(media_files, uses.label("releases")).order_by(media_files.c.kept_at.desc(), media_files.c.sha256)
    return list(connection.execute(query.limit(count)))


def used_by(connection: Connection, sha256: str) -> list[tuple[str, str]]:
    """The releases that have a file, as `urn:… v2`, each with the id under which it has it; the newest first."""
    query = (
        select(releases.c.uri, releases.c.version, m.item)
        .join(releases, releases.c.id == m.release_id)
        .where(m.sha256 == sha256)
        .order_by(releases.c.id.desc())
    )
    return [(f"{row.uri} v{row.version}", row.item) for row in connection.execute(query)]


def missing(connection: Connection, items: Sequence[Media]) -> dict[str, str | None]:
    """Of those of these items that are to be in the store, the content type of each by its id; None: it is not
    there."""
    wanted = {item.id: item.sha256 for item in items if item.sha256}
    found = files(connection, set(filter(None, wanted.values())))
    return {id: found[sha].content_type if sha in found else None for id, sha in wanted.items()}
