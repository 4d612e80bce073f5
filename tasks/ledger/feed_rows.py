"""Feeds in the ledger: what an outlet that fetches finds, in which order, and what its readers must no longer find.

Each release has one entry for each language, with a number that is the feed's next whenever the entry comes or changes.
Pages of a feed are ranges of these numbers, so one that is complete never gets another entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, exists, func, or_, select, update

from tasks.ledger.inserts import insert_into
from tasks.ledger.schema import deliveries, feed_entries, feeds, releases, renditions

e, f = feed_entries.c, feeds.c


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as a page shows it."""

    number: int
    uri: str
    language: str
    changed_at: float
    killed: bool
    """The release was killed: readers who have the entry are to remove it."""
    format: str
    """Of the rendition, which the outlet took when the entry came."""
    body: bytes | None
    """The rendition; None where there is none to be shown, as of a release that was killed until its kill is made."""


@dataclass(frozen=True, slots=True)
class Unpinged:
    """A feed of which the hub has not heard yet that it has changed."""

    outlet_id: str
    changes: int
    """As many as it had changed when this was read."""
    failures: int


def put(connection: Connection, outlet_id: str, uri: str, version: int, language: str, now: float) -> bool:
    """Put a release version into the feed of an outlet, in the place of an older one; False if it has this one or a
    newer one already. Raises LookupError if the outlet is to get no such version in this language."""
    known = connection.execute(
        select(e.version).where(e.outlet_id == outlet_id, e.uri == uri, e.language == language)
    ).scalar()
    if known is not None and known >= version:
        return False
    newer = releases.alias()
    killed = exists().where(newer.c.uri == uri, newer.c.version > version, newer.c.status == "canceled")
    found = connection.execute(
        select(releases.c.id, releases.c.status, deliveries.c.format, killed.label("killed"))
        .join(deliveries, deliveries.c.release_id == releases.c.id)
        .where(
            releases.c.uri == uri,
            releases.c.version == version,
            deliveries.c.outlet_id == outlet_id,
            deliveries.c.language == language,
        )
    ).first()
    if found is None:
        raise LookupError(f"{uri} v{version} in {language} is not for outlet {outlet_id}")
    first = {"outlet_id": outlet_id, "newest": 1, "changes": 1, "changed_at": now, "ping_at": now, "ping_failures": 0}
    later = {"newest": f.newest + 1} | _change(now)
    insert = insert_into(connection, feeds).values(first)
    number = connection.execute(  # whoever else puts something into this feed waits here
        insert.on_conflict_do_update(index_elements=["outlet_id"], set_=later).returning(f.newest)
    ).scalar_one()
    row = {
        "number": number, "release_id": found.id, "version": version, "format": found.format, "changed_at": now,
        "withdrawn": found.status == "canceled" or found.killed,
    }  # fmt: skip
    key = ["outlet_id", "uri", "language"]
    insert = insert_into(connection, feed_entries).values(outlet_id=outlet_id, uri=uri, language=language, **row)
    connection.execute(insert.on_conflict_do_update(index_elements=key, set_=row, where=e.version < version))
    return True


def withdraw(connection: Connection, uri: str, version: int, now: float) -> list[str]:
    """Have no feed show a text of a release of before this version, which is a kill; returns the ids of the feeds that
    had one. The kill itself comes into each of them as any version does."""
    which = (e.uri == uri, e.version < version, e.withdrawn.is_(False))
    these = f.outlet_id.in_(select(e.outlet_id).where(*which))
    # In the order of their ids, so that two kills at once do not wait for each other for ever.
    ids = list(connection.execute(select(f.outlet_id).where(these).order_by(f.outlet_id).with_for_update()).scalars())
    if ids:
        connection.execute(update(feeds).where(these).values(_change(now)))
        connection.execute(update(feed_entries).where(*which).values(withdrawn=True, changed_at=now))
    return ids


def _change(now: float) -> dict[str, Any]:
    """What changes of a feed when its entries do."""
    return {"changes": f.changes + 1, "changed_at": now, "ping_at": func.coalesce(f.ping_at, now)}


def newest(connection: Connection, outlet_id: str, count: int) -> list[EntryRow]:
    """The newest entries of a feed, the newest first."""
    return _rows(connection, _shown(outlet_id).limit(count))


def between(connection: Connection, outlet_id: str, first: int, last: int) -> list[EntryRow]:
    """The entries of a feed with these numbers, the newest first."""
    return _rows(connection, _shown(outlet_id).where(e.number.between(first, last)))


def highest(connection: Connection, outlet_id: str) -> int:
    """The highest number that an entry of a feed has had; 0 if it has never had any."""
    return connection.execute(select(f.newest).where(f.outlet_id == outlet_id)).scalar() or 0


def next_older(connection: Connection, outlet_id: str, number: int) -> int | None:
    """The highest number of an entry below this one; None if there is none."""
    query = select(func.max(e.number)).where(e.outlet_id == outlet_id, e.number < number)
    return connection.execute(query).scalar()


def _shown(outlet_id: str) -> Select[tuple[int, str, str, float, bool, str, bytes]]:
    """The entries of a feed with their renditions, the newest first."""
    of_entry = and_(
        renditions.c.release_id == e.release_id,
        renditions.c.language == e.language,
        renditions.c.format == e.format,
        or_(e.withdrawn.is_(False), releases.c.status == "canceled"),
    )
    return (
        select(e.number, e.uri, e.language, e.changed_at, e.withdrawn, e.format, renditions.c.body)
        .join(releases, releases.c.id == e.release_id)
        .outerjoin(renditions, of_entry)
        .where(e.outlet_id == outlet_id)
        .order_by(e.number.desc())
    )


def _rows(connection: Connection, query: Select[tuple[int, str, str, float, bool, str, bytes]]) -> list[EntryRow]:
    return [
        EntryRow(row.number, row.uri, row.language, row.changed_at, row.withdrawn, row.format, row.body)
        for row in connection.execute(query)
    ]


# --- the hub


def any_unpinged(connection: Connection, now: float) -> bool:
    """Whether there is a feed that has changed and whose hub is to hear of it by now."""
    return connection.execute(_ANY_UNPINGED, {"moment": now}).first() is not None


_ANY_UNPINGED = select(f.outlet_id).where(f.ping_at <= bindparam("moment")).limit(1)


def unpinged(connection: Connection, now: float, at_most: int) -> list[Unpinged]:
    """Feeds whose hub is to hear by now that they have changed, those that have waited longest first."""
    query = select(f.outlet_id, f.changes, f.ping_failures).where(f.ping_at <= now).order_by(f.ping_at).limit(at_most)
    return [Unpinged(row.outlet_id, row.changes, row.ping_failures) for row in connection.execute(query)]


def mark_pinged(connection: Connection, feed: Unpinged, now: float) -> None:
    """Note that the hub knows of all changes that were there when `feed` was read; of later ones it is to hear now."""
    known = f.changes == feed.changes
    done = update(feeds).where(f.outlet_id == feed.outlet_id)
    connection.execute(done.where(known).values(ping_at=None, ping_failures=0))
    connection.execute(done.where(~known).values(ping_at=now, ping_failures=0))


def mark_ping_failed(connection: Connection, feed: Unpinged, again_at: float) -> None:
    """Note that the hub could not be told, and when it is tried again."""
    change = update(feeds).where(f.outlet_id == feed.outlet_id)
    connection.execute(change.values(ping_at=again_at, ping_failures=f.ping_failures + 1))
