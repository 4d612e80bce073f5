"""The store of media: what every store can do, and the one that the settings name."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import unquote, urlsplit

from tasks.media_store.bucket_store import Bucket
from tasks.media_store.folder_store import Folder
from tasks.runtime import trust
from tasks.runtime.errors import ConfigurationRefused, Problem
from tasks.runtime.settings import settings

READ_AT_ONCE = 256 * 1024
"""Bytes that are read from a file at once."""
KEPT_FILES = 8
"""Files that a process keeps in memory for those who send them again and again."""
LARGEST_KEPT = 8 * 1024 * 1024
"""Bytes of a file that is kept so."""


class Store(Hashable, Protocol):
    """Keeps files by the SHA-256 of their content. All that fails raises OSError, whose text says why."""

    def put(self, file: IO[bytes], sha256: str, content_type: str) -> None:
        """Keep the content of a file that is open at its beginning; whole or not at all. One that is there stays."""

    def size(self, sha256: str) -> int | None:
        """The size of a file in bytes; None if the store has no such file."""

    def folder_of_drafts(self) -> Path | None:
        """A folder with room for files that are to be kept; None: that of the system will do."""

    def parts(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes of a file from `start` to before `end`, part by part; raises FileNotFoundError if it is gone."""

    def remove(self, sha256: str) -> None:
        """Remove a file; one that is not there is no fault."""

    def write(self, name: str, file: IO[bytes], content_type: str) -> None:
        """Keep the content of a file that is open at its beginning under a name of its own, such as `2026-08/x.gz`, in
        the place of what has that name; whole or not at all."""

    def whole(self, name: str) -> bytes:
        """The content of a file with a name of its own; raises FileNotFoundError if there is none."""

    def unlink(self, name: str) -> None:
        """Remove a file with a name of its own; one that is not there is no fault."""


def read(store: Store, sha256: str) -> bytes:
    """The whole content of a file; small ones are kept in memory for a while. Raises OSError."""
    size = store.size(sha256)
    if size is None:
        raise FileNotFoundError(f"the store of media has no file {sha256}")
    return _kept(store, sha256, size) if size <= LARGEST_KEPT else b"".join(store.parts(sha256, 0, size))


@lru_cache(maxsize=KEPT_FILES)
def _kept(store: Store, sha256: str, size: int) -> bytes:
    return b"".join(store.parts(sha256, 0, size))


def digest(file: IO[bytes]) -> tuple[str, int]:
    """The SHA-256 (hexadecimal) and the size in bytes of a file that is open at its beginning; all of it is read."""
    found, size = hashlib.sha256(), 0
    while part := file.read(READ_AT_ONCE):
        found.update(part)
        size += len(part)
    return found.hexdigest(), size


def configured_store() -> Store:
    """The store that the settings name; raises ConfigurationRefused for an address that is none."""
    policy = settings()
    if policy.media_url is None:
        return Folder(policy.home.absolute() / "media")
    return _named(policy.media_url, "FANWIRE_MEDIA_URL")


def archive_store() -> Store:
    """Where the settings have archive files of releases kept; raises ConfigurationRefused for an address that is
    none. A bucket there is reached with the access key of the store of media."""
    policy = settings()
    if policy.archive_url is None:
        return Folder(policy.home.absolute() / "archive")
    return _named(policy.archive_url, "FANWIRE_ARCHIVE_URL")


def _named(url: str, setting: str) -> Store:
    policy = settings()
    secret = policy.media_secret.get_secret_value() if policy.media_secret else ""
    return _store(url, setting, policy.media_endpoint, policy.media_region, policy.media_key_id or "", secret)


@cache
def _store(url: str, setting: str, endpoint: str | None, region: str, key_id: str, secret: str) -> Store:
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.strip("/"):
        return Folder(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        if not (key_id and secret):
            field = "FANWIRE_MEDIA_SECRET" if key_id else "FANWIRE_MEDIA_KEY_ID"
            raise ConfigurationRefused([Problem(field, f"is missing: the bucket in {setting} needs it")])
        base = endpoint or f"https://s3.{region}.amazonaws.com"
        folder = "/".join([base.rstrip("/"), parts.netloc, *filter(None, [parts.path.strip("/")])])
        return Bucket(folder, region=region, key_id=key_id, secret=secret, trust=str(trust.bundle()))
    problem = "must be s3://BUCKET/PREFIX or file:///FOLDER"
    raise ConfigurationRefused([Problem(setting, problem, "s3://acme-media/wire")])
