"""`fanwire media …`: the store of pictures, videos, sounds and documents, and files of releases that are missing."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.progress import Progress
from sqlalchemy import Row

from tasks import ledger
from tasks.building import fetching
from tasks.ledger import audit, deliveries, media_rows
from tasks.ledger.media_rows import StoredFile
from tasks.media_store.examining import NotTaken
from tasks.media_store.store import configured_store
from tasks.model.acts import Act
from tasks.model.media import SCHEME
from tasks.model.states import MediaState
from tasks.operations import media_adding
from tasks.runtime.foreign_text import printable
from tasks.runtime.moments import shown, utc
from tasks.runtime.settings import settings
from workers.cli.rows import find_release, reading, writing
from workers.cli.screen import CountOption, JsonOption, err, out, print_json, print_rows, stop

app = typer.Typer(
    no_args_is_help=True,
    help="Add files to the wire's store of media, and see to files of releases that cannot be fetched.",
)
LARGE = 8 * 1024 * 1024
"""Bytes of a file from which on progress is shown."""
ReleaseArgument = Annotated[str, typer.Argument(help="The URI of the release, of its newest version.")]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A picture, a video, a sound or a document.")],
    as_json: JsonOption = False,
) -> None:
    """Put a file into the wire's store, and print how the media of a release name it (`stored: media:…`)."""
    policy = settings()
    with file.open("rb") as content:
        size = content.seek(0, 2)
        if size > policy.media_bytes:
            stop(f"{file} has {size:,} bytes; at most {policy.media_bytes:,} are taken (FANWIRE_MEDIA_BYTES)", "(file)")
        try:
            with Progress(console=err, transient=True, disable=size < LARGE or not err.is_terminal) as progress:
                kept = fetching.add(
                    configured_store(), _watched(content, size, progress), file.name, pixels=policy.media_pixels
                )
        except NotTaken as refusal:
            stop(f"{file} {refusal}", "(file)")
    with writing() as connection:
        media_adding.note(connection, kept)
    if as_json:
        print_json(_told(kept))
        return
    out.print(f"{SCHEME}{kept.sha256}", markup=False)


class _Watched:
    """A file whose reading moves a bar."""

    def __init__(self, file: IO[bytes], progress: Progress, task: Any) -> None:
        self._file, self._progress, self._task = file, progress, task

    def read(self, size: int = -1) -> bytes:
        part = self._file.read(size)
        self._progress.update(self._task, advance=len(part))
        return part

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _watched(file: IO[bytes], size: int, progress: Progress) -> Any:
    """The file, read twice: once for its digest, and once into the store."""
    return _Watched(file, progress, progress.add_task("Adding", total=2 * size))


@app.command("list")
def list_(count: CountOption = 20, as_json: JsonOption = False) -> None:
    """List the files in the store, the latest first."""
    with reading() as connection:
        rows = media_rows.latest(connection, count)
    if as_json:
        print_json([_row_told(row) for row in rows])
        return
    lines = [
        (row.sha256[:12], row.content_type, f"{row.bytes:,}", _pixels(row), str(row.releases), shown(row.kept_at),
         row.name or "")
        for row in rows
    ]  # fmt: skip
    print_rows(("media:", "type", "bytes", "pixels", "releases", "kept", "name"), lines)


@app.command()
def show(
    what: Annotated[str, typer.Argument(help="A file of the store, media:…, or the URI of a release.")],
    version: Annotated[
        int | None, typer.Option(help="The version of the release; the newest unless it is named.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show one file of the store with the releases that have it, or how far the files of a release are."""
    if not what.startswith(SCHEME):
        _show_release(what, version, as_json=as_json)
        return
    sha256 = what.removeprefix(SCHEME)
    with reading() as connection:
        kept = media_rows.files(connection, [sha256]).get(sha256)
        used = media_rows.used_by(connection, sha256)
    if kept is None:
        stop(f"the store has no file {what}; `fanwire media list` shows what it has")
    if as_json:
        print_json(_told(kept) | {"releases": [{"release": release, "id": item} for release, item in used]})
        return
    out.print(f"{what} · {kept.content_type} · {kept.bytes:,} bytes{_in_pixels(kept)}", markup=False)
    for size in kept.sizes:
        out.print(f"  {size.width} × {size.height} · {size.content_type} · {size.bytes:,} bytes", markup=False)
    for release, item in used:
        out.print(f"  {item} of {release}", markup=False)


def _show_release(uri: str, version: int | None, *, as_json: bool) -> None:
    with reading() as connection:
        release = find_release(connection, uri, version)
        rows = media_rows.of_release(connection, release.id)
    if as_json:
        print_json([
            {"id": row.item, "type": row.type, "state": row.state, "code": row.code, "reason": row.reason,
             "url": row.url, "stored": row.sha256 and f"{SCHEME}{row.sha256}",
             "next_try": utc(row.due_at) if row.state == MediaState.WANTED else None}
            for row in rows
        ])  # fmt: skip
        return
    for row in rows:
        why = f" · {row.code}: {row.reason}" if row.reason else ""
        when = f" · tried again at {shown(row.due_at)}" if row.reason and row.state == MediaState.WANTED else ""
        out.print(printable(f"{row.state:8} {row.type} {row.item}{why}{when}"), markup=False)
    if not rows:
        out.print("The release has no media.")


@app.command()
def retry(
    release: ReleaseArgument,
    item: Annotated[str | None, typer.Argument(help="The id of the file; all that are not there unless named.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch files of a release again at once: those that were refused, that failed, or (by its id) that was dropped."""
    with writing() as connection:
        row, now = find_release(connection, release), ledger.now(connection)
        items = media_rows.retry(connection, row.id, now, item)
        if not items:
            stop(_nothing(item, "to fetch"))
        new = {"ids": items}
        audit.record(connection, audit.of_release(Act.RETRY_MEDIA, row.uri, row.version, new=new))
        deliveries.promote(connection, row.id, now)
    _done({"retried": items}, f"Fetching again: {', '.join(items)}", as_json=as_json)


@app.command()
def drop(
    release: ReleaseArgument,
    item: Annotated[str, typer.Argument(help="The id of the file.")],
    as_json: JsonOption = False,
) -> None:
    """Let a release go out without a file that the wire could not fetch."""
    with writing() as connection:
        row, now = find_release(connection, release), ledger.now(connection)
        if not media_rows.drop(connection, row.id, item):
            stop(_nothing(item, "that is missing; one that the wire has goes out, unless a new version leaves it out"))
        audit.record(connection, audit.of_release(Act.DROP_MEDIA, row.uri, row.version, new={"id": item}))
        deliveries.promote(connection, row.id, now)
    _done({"dropped": item}, f"{item} is dropped: the release goes out without it", as_json=as_json)


def _nothing(item: str | None, what: str) -> str:
    of = f"no file {item!r} {what}" if item else f"no file {what}"
    return f"the newest version of the release has {of}; `fanwire media show` lists its files"


def _done(told: dict[str, Any], line: str, *, as_json: bool) -> None:
    if as_json:
        print_json(told)
    else:
        out.print(line, markup=False)


def _pixels(row: Row[Any] | StoredFile) -> str:
    return f"{row.width} × {row.height}" if row.width else ""


def _in_pixels(file: StoredFile) -> str:
    return f" · {_pixels(file)} pixels" if file.width else ""


def _told(file: StoredFile) -> dict[str, Any]:
    return {
        "media": f"{SCHEME}{file.sha256}", "content_type": file.content_type, "bytes": file.bytes, "width": file.width,
        "height": file.height, "name": file.name,
        "sizes": [{"width": size.width, "height": size.height, "bytes": size.bytes} for size in file.sizes],
    }  # fmt: skip


def _row_told(row: Row[Any]) -> dict[str, Any]:
    return {
        "media": f"{SCHEME}{row.sha256}", "content_type": row.content_type, "bytes": row.bytes, "width": row.width,
        "height": row.height, "name": row.name, "kept_at": utc(row.kept_at), "kept_by": row.kept_by,
        "releases": row.releases,
    }  # fmt: skip
