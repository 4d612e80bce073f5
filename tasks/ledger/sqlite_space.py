"""The space of a SQLite ledger: what is free in its file, and giving it back to the system.

A ledger that was made by this version or later gives back page by page (`auto_vacuum=INCREMENTAL`). An older
one does so after `compact`, which writes the whole file anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, text

from tasks.runtime.errors import NotPossible

PAGE = 4096
"""Bytes of a page, as SQLite has it unless somebody set it otherwise."""
KEPT_FREE = 0.2
"""The share of the file that stays free for the rows of the next days."""
_INCREMENTAL = 2


def to_give_back(connection: Connection, limit: int) -> Sequence[int]:
    """Numbers, one for each page that may be given back now, `limit` at most; none on another database."""
    if connection.dialect.name != "sqlite":
        return ()
    pages, free = (_pragma(connection, name) for name in ("page_count", "freelist_count"))
    if _pragma(connection, "auto_vacuum") != _INCREMENTAL:
        return ()
    return range(max(0, min(limit, free - int(pages * KEPT_FREE))))


def give_back(connection: Connection, pages: Sequence[int]) -> None:
    """Give so many free pages back to the system."""
    for _ in pages:  # some versions of SQLite give back one page only, however many are asked for, and return no rows
        connection.exec_driver_sql("PRAGMA incremental_vacuum(1)").close()


def compact(engine: Engine) -> tuple[int, int]:
    """Write the whole file of a SQLite ledger anew, so that nothing in it is free and it gives space back from then on;
    its size in bytes before and after. Raises NotPossible for another database."""
    if engine.dialect.name != "sqlite":
        raise NotPossible("only a ledger on SQLite is compacted; PostgreSQL has VACUUM FULL for that", "(ledger)")
    with engine.connect() as connection:
        before, _ = size(connection)
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("VACUUM")  # not within a transaction, as all that SQLAlchemy does would be
    finally:
        raw.close()
    with engine.connect() as connection:
        return before, size(connection)[0]


def gives_back(connection: Connection) -> bool:
    """Whether a ledger gives space back; always true of another database than SQLite."""
    return connection.dialect.name != "sqlite" or _pragma(connection, "auto_vacuum") == _INCREMENTAL


def size(connection: Connection) -> tuple[int, int]:
    """The bytes of the file of a SQLite ledger, and how many of them are free."""
    bytes_of_page = _pragma(connection, "page_size")
    return _pragma(connection, "page_count") * bytes_of_page, _pragma(connection, "freelist_count") * bytes_of_page


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.execute(text(f"PRAGMA {name}")).scalar_one())
