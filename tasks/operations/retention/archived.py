"""What is read from archive files: the ledger of one release, for reports, and its rows, for a correction or a kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, Table, create_engine, select, update
from sqlalchemy.pool import StaticPool

from tasks.ledger import archive_rows, audit, releases, retained_rows, seals
from tasks.ledger.inserts import insert_unless_there
from tasks.ledger.schema import audit as audit_table
from tasks.ledger.schema import media_files, media_sizes, metadata, outlets
from tasks.ledger.schema import releases as releases_table
from tasks.media_store.store import Store
from tasks.model.acts import Act
from tasks.model.retention_policy import Stage
from tasks.operations.retention import archive_file
from tasks.runtime.errors import NotPossible


def content_of(archive: Row[Any], store: Store) -> bytes:
    """The archive file of a release, as it was written; raises NotPossible if it is another one, or cannot be read."""
    try:
        content = store.whole(archive.name)
    except OSError as error:
        raise NotPossible(
            f"{archive.uri} is archived, and its file {archive.name} cannot be read: {error}", "(archive)"
        ) from None
    if sha256(content).hexdigest() != archive.sha256:
        raise NotPossible(
            f"the archive file {archive.name} of {archive.uri} was changed since it was written", "(archive)"
        )
    return content


@contextmanager
def as_ledger(content: bytes) -> Iterator[Connection]:
    """A ledger in memory that holds what an archive file does, and nothing else: whoever reads a release reads it
    there."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        metadata.create_all(engine)
        with engine.begin() as connection:
            for table, rows in archive_file.rows(content):
                connection.execute(table.insert(), rows)
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def where_it_is(
    connection: Connection, uri: str, store: Callable[[], Store]
) -> Iterator[tuple[Connection, Row[Any] | None]]:
    """Where the deliveries of a release are read: in the ledger, or, with the row of its archive file, in a ledger made
    of that. The store is asked for only then; raises NotPossible if the file cannot be read."""
    archive = archive_rows.away(connection, uri)
    if archive is None:
        yield connection, None
        return
    with as_ledger(content_of(archive, store())) as other:
        yield other, archive


def restore(connection: Connection, uri: str, store: Store, now: float) -> int:
    """Bring the rows of an archived release back into the ledger, so that a correction or a kill finds who has it; how
    many deliveries. They go again after some days (`RESTORED_DAYS`), whether a newer version came or not.

    Raises NotPossible if the release is not archived, or its file cannot be read.
    """
    releases.one_taker_at_a_time(connection, uri)
    archive = archive_rows.away(connection, uri)
    if archive is None:
        raise NotPossible(f"{uri} is not archived: the ledger has all that it knew of the release", "(ledger)")
    counted = 0
    for table, rows in archive_file.rows(content_of(archive, store)):
        _put_back(connection, table, rows)
        counted += len(rows) if table.name == "deliveries" else 0
    ids = [one.id for one in retained_rows.versions(connection, uri)]
    retained_rows.mark(connection, ids, Stage.ARRIVED_ONLY)
    seals.look_again(connection, ids, now)
    archive_rows.mark_restored(connection, uri, now)
    audit.record(
        connection,
        audit.of_release(Act.RESTORE, uri, archive.newest, new={"file": archive.name, "deliveries": counted}),
    )
    return counted


def _put_back(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Write rows that are missing; what the ledger has kept itself is not touched, but for the texts of releases."""
    if table in (audit_table, media_files, media_sizes):
        return  # entries never leave, and files may have left the store
    if table is releases_table:
        for row in rows:
            connection.execute(update(table).where(table.c.id == row["id"]).values(document=row["document"]))
        return
    if table is outlets:
        known = set(
            connection.execute(select(outlets.c.id).where(outlets.c.id.in_([row["id"] for row in rows]))).scalars()
        )
        rows = [row for row in rows if row["id"] not in known]
    if rows:
        insert_unless_there(connection, table, rows)


def refuse_archived(connection: Connection, uri: str) -> None:
    """Raise NotPossible if the deliveries of a release are only in its archive file: nobody could say who has it."""
    if archive_rows.away(connection, uri) is not None:
        raise NotPossible(
            f"{uri} is archived, so the ledger does not know who has it; first `fanwire retention restore {uri}`",
            "(archive)",
        )
