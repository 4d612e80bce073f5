"""A store of media in a folder, which all processes see: that of one machine, or one that machines share."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tasks.runtime.private_files import ensure_private_folder

_PART = 256 * 1024


@dataclass(frozen=True)
class Folder:
    """A folder with a file for each content: `ab/abcd…`, after its SHA-256."""

    path: Path

    def put(self, file: IO[bytes], sha256: str, content_type: str) -> None:
        """See Store. What is there after a crash is whole: the file gets its name when all of it is on the disk."""
        place = self._place(sha256)
        if not place.exists():
            _write(place, file)

    def folder_of_drafts(self) -> Path:
        """See Store."""
        ensure_private_folder(self.path)
        return self.path

    def size(self, sha256: str) -> int | None:
        """See Store."""
        try:
            return self._place(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def parts(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """See Store."""
        with self._place(sha256).open("rb") as file:
            file.seek(start)
            left = end - start
            while left > 0 and (part := file.read(min(_PART, left))):
                left -= len(part)
                yield part

    def remove(self, sha256: str) -> None:
        """See Store."""
        self._place(sha256).unlink(missing_ok=True)

    def write(self, name: str, file: IO[bytes], content_type: str) -> None:
        """See Store."""
        _write(self.path / name, file)

    def whole(self, name: str) -> bytes:
        """See Store."""
        return (self.path / name).read_bytes()

    def unlink(self, name: str) -> None:
        """See Store."""
        (self.path / name).unlink(missing_ok=True)

    def _place(self, sha256: str) -> Path:
        return self.path / sha256[:2] / sha256


def _write(place: Path, file: IO[bytes]) -> None:
    """Write a file; its name leads to all of it, or to what was there before."""
    ensure_private_folder(place.parent)
    draft = place.with_name(f".{place.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as copy:
            shutil.copyfileobj(file, copy, _PART)
            copy.flush()
            os.fsync(copy.fileno())
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(place.parent)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
