"""Files and folders for their owner only: the home holds embargoed texts, in the ledger, in logs and at the broker."""

from __future__ import annotations

import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tasks.runtime.errors import ConfigurationRefused, Problem

_being_made = threading.Lock()
"""So that nobody locks a file that another thread has made and not closed yet."""
UMASK = 0o077
"""Of every process that writes into the home."""
_OURS = ("ledger.sqlite*", "log", "run", "secrets", "valkey", "broker.*", "up.lock", "supervisord.*", "flower.*",
         "trust.pem*", "web.key*", "seal.key*", "seals.head", "users*", "media", "archive", "journal")  # fmt: skip
"""What Fanwire puts into its home, beside models of engines, which are public."""
_SYSTEM = frozenset(
    Path("/", *place.split("/"))
    for place in ("", "bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root", "run",
                  "sbin", "srv", "sys", "tmp", "usr", "usr/bin", "usr/lib", "usr/local", "usr/share", "var",
                  "var/cache", "var/lib", "var/local", "var/log", "var/run", "var/spool", "var/tmp")
)  # fmt: skip


def ensure_private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for their owner only."""
    try:
        path.mkdir(mode=0o700)
    except FileNotFoundError:
        ensure_private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        if not path.is_dir():
            raise


def ensure_private_file(path: Path) -> None:
    """Make an empty file, unless it is there, readable by its owner only.

    A file that is there is never opened: a process that closes a file loses all its locks on it, and those of SQLite
    keep other processes from writing over the ledger.
    """
    ensure_private_folder(path.parent)
    with _being_made, suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def refuse_what_is_no_file(path: Path) -> None:
    """Raise FileExistsError if something else than a file has this name: a device or a pipe, whose place a new file
    would take, for root even that of /dev/null."""
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} is there and is no file: name another place")


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, readable by its owner only; raises FileExistsError where a device is."""
    refuse_what_is_no_file(path)
    ensure_private_folder(path.parent)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    draft.replace(path)


def kept_secret(file: Path) -> str:
    """The secret in a file, which is made if it is not there; of processes that make it at once the first one does.

    Raises OSError where there is none and none can be written.
    """
    if not file.exists():
        draft = file.with_name(f"{file.name}.new-{os.getpid()}")
        write_private(draft, secrets.token_urlsafe(32) + "\n")
        with suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_text()


def refuse_shared(home: Path) -> None:
    """Raises ConfigurationRefused for a home that others need too: it is about to be closed to them."""
    place = home.resolve()
    sticky = place.is_dir() and place.stat().st_mode & stat.S_ISVTX
    if place in _SYSTEM or sticky:
        problem = "is a folder of the system, or for everybody; name one that is only for Fanwire"
        raise ConfigurationRefused([Problem("FANWIRE_HOME", problem, "/var/lib/fanwire")])


def make_private(home: Path) -> None:
    """Close the home, and what Fanwire has put there, to everybody but the owner. What is not ours to change stays."""
    for path in loose(home):
        try:
            path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~UMASK)
        except (PermissionError, FileNotFoundError):
            continue  # `fanwire doctor` says so


def loose(home: Path) -> list[Path]:
    """The home and what Fanwire has put there, as far as others than the owner may use it."""
    if not home.is_dir():
        return []
    ours = (path for name in _OURS for found in home.glob(name) for path in _with_content(found))
    return [path for path in (home, *ours) if _is_loose(path)]


def _is_loose(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:  # gone since
        return False
    return not stat.S_ISLNK(mode) and bool(mode & UMASK)


def _with_content(path: Path) -> Iterator[Path]:
    yield path
    if path.is_dir() and not path.is_symlink():
        for folder, folders, files in os.walk(path):  # follows no links
            yield from (Path(folder, name) for name in (*folders, *files))
