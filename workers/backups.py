"""The backup of a Fanwire with a ledger on SQLite: one tar file with the ledger, the keys, and the files if wanted.

    backup.json       of when it is, by which version, and the SHA-256 of the ledger
    ledger.sqlite     as it stood at one moment, although workers go on writing
    home/…            keys, users, outlets' secrets; with the files also the stores of media and archives under the home

It holds secrets and embargoed texts, and so is for its owner only.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from tasks import ledger
from tasks.operations import restored_ledger
from tasks.runtime import moments
from tasks.runtime.errors import NotPossible
from tasks.runtime.private_files import ensure_private_folder, refuse_what_is_no_file
from tasks.runtime.seal_key import head_file
from tasks.runtime.settings import settings
from workers import home

FORMAT = 1
KEYS = ("web.key*", "seal.key*", "seals.head", "users*", "secrets/*")
"""What of the home is in every backup; the keys of outlets are in `secrets`."""
FILES = ("media/**/*", "archive/**/*")
"""What is in a backup with the files."""
_ABOUT, _LEDGER, _HOME = "backup.json", "ledger.sqlite", "home/"
_ASIDE = ("journal", "seals.head")
"""What else of the home speaks of another state of the ledger: it is put aside, never removed."""


@dataclass(frozen=True)
class Backup:
    """What a backup says of itself."""

    at: float
    version: str
    sha256: str
    """Of the ledger."""
    bytes: int


def sqlite_file() -> Path:
    """The file of the configured ledger; raises NotPossible if that is not SQLite."""
    address = make_url(ledger.ledger_url())
    if address.get_backend_name() != "sqlite" or not address.database:
        raise NotPossible(
            "only a ledger on SQLite is backed up and restored so; for PostgreSQL take pg_dump or its continuous "
            'archiving (deploy/README.md, "Backup"), and after a restore `fanwire restored hold`',
            "(ledger)",
        )
    return Path(address.database)


def back_up(file: Path, *, with_files: bool = False) -> Backup:
    """Write a backup; whole or not at all. Workers go on meanwhile: what they commit after it began is not in it."""
    source = sqlite_file()
    refuse_what_is_no_file(file)
    draft, copy = (file.with_name(f".{file.name}.{os.getpid()}{suffix}") for suffix in ("", ".sqlite"))
    ensure_private_folder(file.parent.absolute())
    mask = os.umask(0o077)
    try:
        at = time.time()
        _copy_ledger(source, copy)
        with copy.open("rb") as content:
            found = Backup(at, version("fanwire"), file_digest(content, "sha256").hexdigest(), copy.stat().st_size)
        with tarfile.open(draft, "w") as tar:
            about = {"backup": FORMAT, **vars(found) | {"at": moments.utc(at, "milliseconds")}}
            _add_text(tar, _ABOUT, json.dumps(about, indent=1))
            tar.add(copy, _LEDGER)
            for path in _of_home((*KEYS, *FILES) if with_files else KEYS):
                tar.add(path, _HOME + str(path.relative_to(settings().home)), recursive=False)
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(file)
    finally:
        os.umask(mask)
        for left in (draft, copy):
            left.unlink(missing_ok=True)
    return found


def _copy_ledger(source: Path, copy: Path) -> None:
    """Copy the ledger as it stands at one moment. All in one step, for each write of others would begin it anew."""
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as ours,
        closing(sqlite3.connect(copy)) as theirs,
    ):
        ours.backup(theirs, pages=-1)


def _of_home(patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(path for path in settings().home.glob(pattern) if path.is_file())


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry, content = tarfile.TarInfo(name), text.encode()
    entry.size, entry.mtime, entry.mode = len(content), int(time.time()), 0o600
    tar.addfile(entry, io.BytesIO(content))


@dataclass(frozen=True)
class Restored:
    """What came of restoring a backup."""

    backup: Backup
    held: int
    """Deliveries that wait for a decision: they may have left after the backup."""
    aside: str
    """How the names end under which what was there before is kept."""


def restore(file: Path) -> Restored:
    """Put the ledger of a backup in the place of the configured one, its keys where there are none, and hold what may
    have been delivered since. What was there is put aside.

    Raises NotPossible if the file is no whole backup, and AlreadyUp while Fanwire is up in this home.
    """
    place = sqlite_file()
    ensure_private_folder(settings().home)
    descriptor = home.lock()
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        with _opened(file) as tar:
            found = _about(tar, file)
            _extract_ledger(tar, file, found, draft)
            aside = _aside_now()
            ledger.reset()
            _put_aside(place, aside)
            draft.replace(place)
            _extract_missing(tar)
    finally:
        draft.unlink(missing_ok=True)
        os.close(descriptor)
    ledger.upgrade()
    with ledger.write() as connection:
        held = restored_ledger.hold_open(connection, found.at)
    return Restored(found, held, aside)


def _put_aside(place: Path, aside: str) -> None:
    """Give what speaks of another state of the ledger other names; SQLite finds what belongs together by them."""
    for suffix in ("-wal", "-shm", ""):
        there = place.with_name(place.name + suffix)
        if there.exists():
            there.rename(place.with_name(place.name + aside + suffix))
    for name in _ASIDE:
        _rename(settings().home / name, aside)


def put_head_aside() -> None:
    """Give the last seal that this machine has made another name: the ledger was restored, and does not have it."""
    _rename(head_file(), _aside_now())


def _aside_now() -> str:
    """How the names end of what is put aside now."""
    return f".before-{moments.utc(time.time()).replace(':', '')}"


def _rename(there: Path, aside: str) -> None:
    if there.exists():
        there.rename(there.with_name(there.name + aside))


def _opened(file: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(file, "r:")
    except tarfile.TarError as error:
        raise NotPossible(f"{file} is no backup: {error}", "(file)") from None


def _about(tar: tarfile.TarFile, file: Path) -> Backup:
    try:
        said: dict[str, Any] = json.loads(_member(tar, _ABOUT).read())
        if said["backup"] != FORMAT:
            raise NotPossible(f"the backup is of format {said['backup']}, which is a later one", "(file)")
        at = moments.read(said["at"]).timestamp()
        return Backup(at, said["version"], said["sha256"], said["bytes"])
    except tarfile.TarError as error:
        raise NotPossible(f"{file} is not whole: {error}", "(file)") from None
    except (KeyError, ValueError, TypeError) as error:
        if isinstance(error, NotPossible):
            raise
        raise NotPossible(f"{file} is no backup of Fanwire", "(file)") from None


def _member(tar: tarfile.TarFile, name: str) -> Any:
    content = tar.extractfile(name)
    if content is None:
        raise KeyError(name)
    return content


def _extract_ledger(tar: tarfile.TarFile, file: Path, found: Backup, draft: Path) -> None:
    """Write the ledger of a backup beside its place, and look that it is whole."""
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as copy, _member(tar, _LEDGER) as content:
            shutil.copyfileobj(content, copy)
    except (KeyError, tarfile.TarError):
        raise NotPossible(f"{file} has no whole ledger", "(file)") from None
    with draft.open("rb") as written:
        if file_digest(written, "sha256").hexdigest() != found.sha256:
            raise NotPossible(f"the ledger in {file} is not the one that was backed up", "(file)")
    with closing(sqlite3.connect(f"file:{draft}?mode=ro&immutable=1", uri=True)) as connection:
        said = connection.execute("PRAGMA quick_check").fetchone()[0]
    if said != "ok":
        raise NotPossible(f"the ledger in {file} is damaged: {said}", "(file)")


def _extract_missing(tar: tarfile.TarFile) -> None:
    """Write those keys and files of a backup that the home does not have."""
    for entry in tar:
        relative = Path(entry.name.removeprefix(_HOME))
        if not (entry.isfile() and entry.name.startswith(_HOME)) or relative.is_absolute() or ".." in relative.parts:
            continue
        place = settings().home / relative
        if place.exists():
            continue
        ensure_private_folder(place.parent)
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as copy, _member(tar, entry.name) as content:
            shutil.copyfileobj(content, copy)
