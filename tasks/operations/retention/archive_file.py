"""The archive file of a release: all that the ledger knows of its versions, as lines of JSON in one gzip file.

    {"archive": 1, "release": "urn:…", "versions": [1, 2], "archived_at": "2026-11-30T00:00:00Z"}
    {"table": "deliveries", "columns": ["id", "release_id", …]}
    [1201, 7, …]                                        a row of that table, and so on
    {"end": {"deliveries": 6617, "attempts": 7012, …}}  how many rows each table has

Columns stand by their names, so a file of an earlier version is read into the tables of a later one. Outlets are there
as they stood when the file was written. The bytes of renditions are not: they are built of the texts, which are.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import IO, Any

from sqlalchemy import ColumnElement, Connection, Select, Table, select

from tasks.ledger.retained_rows import Candidate
from tasks.ledger.schema import (
    attempts,
    audit,
    deliveries,
    media_files,
    media_sizes,
    outlets,
    post_edits,
    publications,
    release_media,
    releases,
    renditions,
    translations,
)
from tasks.runtime import moments
from tasks.runtime.errors import NotPossible

FORMAT = 1
TABLES = (
    releases, outlets, translations, renditions, media_files, media_sizes, release_media, deliveries, attempts,
    publications, post_edits, audit,
)  # fmt: skip
"""In the order in which they can be read into a ledger: no row refers to one of a later table."""
_AT_ONCE = 500
_LEVEL = 6


@dataclass(frozen=True)
class Header:
    """What an archive file says of itself."""

    uri: str
    versions: tuple[int, ...]
    archived_at: float


def file_name(uri: str, taken_at: float) -> str:
    """The name of the file of a release whose newest version was taken at this moment: by month, then by its URI."""
    return f"{moments.utc(taken_at)[:7]}/{sha256(uri.encode()).hexdigest()[:32]}.jsonl.gz"


def write(connection: Connection, versions: Sequence[Candidate], file: IO[bytes], now: float) -> dict[str, int]:
    """Write all that one view of the ledger has of a release; how many rows of each table. The same rows give the same
    bytes."""
    uri = versions[0].uri
    written: dict[str, int] = {}
    with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed:
        head = {"archive": FORMAT, "release": uri, "versions": [one.version for one in versions]}
        _line(packed, head | {"archived_at": moments.utc(now, "milliseconds")})
        for table in TABLES:
            columns = [column for column in table.columns if column is not renditions.c.body]
            _line(packed, {"table": table.name, "columns": [column.name for column in columns]})
            query = _of_release(table, select(*columns), uri, [one.id for one in versions])
            written[table.name] = 0
            for row in connection.execute(query, execution_options={"yield_per": _AT_ONCE}):
                _line(packed, list(row))
                written[table.name] += 1
        _line(packed, {"end": written})
    return written


def _line(file: gzip.GzipFile, value: Any) -> None:
    file.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass") + b"\n")


def _of_release(table: Table, query: Select[Any], uri: str, ids: Sequence[int]) -> Select[Any]:
    """The rows of a table that belong to a release, in the order of their keys."""
    return query.where(_belongs(table, uri, ids)).order_by(*table.primary_key.columns)


def _belongs(table: Table, uri: str, ids: Sequence[int]) -> ColumnElement[bool]:
    """SQL condition: a row belongs to the release with this URI, whose versions have these numbers."""
    if table is releases:
        return table.c.id.in_(ids)
    if table is audit:
        return table.c.uri == uri
    if table is outlets:
        return table.c.id.in_(select(deliveries.c.outlet_id).where(deliveries.c.release_id.in_(ids)))
    if table in (attempts, publications):
        return table.c.delivery_id.in_(select(deliveries.c.id).where(deliveries.c.release_id.in_(ids)))
    if table in (media_files, media_sizes):
        files = select(release_media.c.sha256).where(release_media.c.release_id.in_(ids))
        return (table.c.sha256 if table is media_files else table.c.original).in_(files)
    return table.c.release_id.in_(ids)


def header(content: bytes) -> Header:
    """What an archive file says of itself; raises NotPossible if it is none, or of a later format."""
    return _header(next(_lines(content), None))


def _header(first: Any) -> Header:
    if not isinstance(first, dict) or "archive" not in first:
        raise NotPossible("this is no archive file of a release", "(archive)")
    if first["archive"] != FORMAT:
        raise NotPossible(f"the archive file is of format {first['archive']}, which is a later one", "(archive)")
    at = moments.read(first["archived_at"]).timestamp()
    return Header(first["release"], tuple(first["versions"]), at)


def rows(content: bytes) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    """The rows of an archive file, some of one table at a time; columns that the table no longer has are left out.
    Raises NotPossible if the file is not whole."""
    lines = _lines(content)
    _header(next(lines, None))
    known, table, columns = {one.name: one for one in TABLES}, None, []
    some: list[dict[str, Any]] = []
    counted: dict[str, int] = {}
    for line in lines:
        if isinstance(line, dict) or len(some) == _AT_ONCE:
            if table is not None and some:
                yield table, some
                counted[table.name] = counted.get(table.name, 0) + len(some)
            some = []
        if isinstance(line, list):
            if table is not None:
                row = zip(columns, line, strict=True)
                some.append({name: value for name, value in row if name in table.columns})
        elif "end" in line:
            if counted != {name: n for name, n in line["end"].items() if n and name in known}:
                break
            return
        else:
            table, columns = known.get(line["table"]), line["columns"]
    raise NotPossible("the archive file is not whole: its end is missing, or rows are", "(archive)")


def _lines(content: bytes) -> Iterator[Any]:
    try:
        with gzip.GzipFile(fileobj=BytesIO(content)) as unpacked:
            for line in unpacked:
                yield json.loads(line)
    except (OSError, EOFError, ValueError) as error:
        raise NotPossible(f"the archive file cannot be read: {error}", "(archive)") from None
