"""Which releases are in archive files, and of which nothing may be taken: the tables `archives` and `legal_holds`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from tasks.ledger.inserts import insert_into
from tasks.ledger.schema import archives, legal_holds, releases
from tasks.model.retention_policy import Stage


def get(connection: Connection, uri: str) -> Row[Any] | None:
    """The row of the archive file of a release; None if it has none."""
    return connection.execute(select(archives).where(archives.c.uri == uri)).first()


def keep(connection: Connection, row: dict[str, Any]) -> None:
    """Note an archive file (the columns of `archives`), in the place of an older one of the same release."""
    insert = insert_into(connection, archives).values(row | {"restored_at": None})
    others = {name: insert.excluded[name] for name in (*row, "restored_at") if name != "uri"}
    connection.execute(insert.on_conflict_do_update(index_elements=["uri"], set_=others))


def mark_restored(connection: Connection, uri: str, now: float) -> None:
    """Note that the rows of an archived release are in the ledger again."""
    connection.execute(update(archives).where(archives.c.uri == uri).values(restored_at=now))


def away(connection: Connection, uri: str) -> Row[Any] | None:
    """The row of the archive file of a release whose deliveries are no longer in the ledger; None if they are."""
    gone = select(releases.c.id).where(releases.c.uri == uri, releases.c.retained >= int(Stage.ARCHIVED)).limit(1)
    return get(connection, uri) if connection.execute(gone).first() is not None else None


def latest(connection: Connection, count: int) -> list[Row[Any]]:
    """The archive files that were written last, the latest first."""
    return list(connection.execute(select(archives).order_by(archives.c.archived_at.desc()).limit(count)))


def every(connection: Connection) -> Iterator[Row[Any]]:
    """The rows of all archive files, few of them in memory at a time."""
    yield from connection.execute(select(archives), execution_options={"yield_per": 1000})


def totals(connection: Connection) -> tuple[int, int, int]:
    """How many archive files there are, with how many deliveries and bytes."""
    a = archives.c
    row = connection.execute(
        select(func.count(), func.coalesce(func.sum(a.deliveries), 0), func.coalesce(func.sum(a.bytes), 0))
    ).one()
    return int(row[0]), int(row[1]), int(row[2])


def hold(connection: Connection, uri: str, reason: str, by: str, now: float) -> None:
    """Have retention take nothing of a release; a hold that is there gets the newer reason."""
    insert = insert_into(connection, legal_holds).values(uri=uri, since=now, reason=reason, by=by)
    newer = {"reason": insert.excluded.reason, "by": insert.excluded.by}
    connection.execute(insert.on_conflict_do_update(index_elements=["uri"], set_=newer))


def unhold(connection: Connection, uri: str) -> bool:
    """End the legal hold of a release; False if it has none."""
    return bool(connection.execute(delete(legal_holds).where(legal_holds.c.uri == uri)).rowcount)


def holds(connection: Connection) -> list[Row[Any]]:
    """All legal holds, the oldest first: uri, since, reason, by."""
    return list(connection.execute(select(legal_holds).order_by(legal_holds.c.since, legal_holds.c.uri)))
