"""Notes a file that somebody put into the store of media, and who did."""

from __future__ import annotations

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import audit, media_rows
from tasks.ledger.audit import Entry
from tasks.ledger.media_rows import StoredFile
from tasks.model.acts import Act
from tasks.model.media import SCHEME


def note(connection: Connection, kept: StoredFile) -> None:
    """Note a file that is in the store, by whoever acts."""
    media_rows.keep(connection, kept, now=ledger.now(connection), by=str(audit.actor()))
    new = {"name": kept.name, "content_type": kept.content_type, "bytes": kept.bytes}
    audit.record(connection, Entry(act=Act.ADD_MEDIA, subject=f"{SCHEME}{kept.sha256}", new=new))
