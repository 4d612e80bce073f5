"""Servers of files: where an outlet's folder is, and what all transfers of one delivery to it have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import pycurl

from tasks.delivery.files.file_plan import FileToWrite
from tasks.delivery.read_first import read_first
from tasks.delivery.transfers.transfer import Pool, Transfer
from tasks.delivery.transports.http import wire_url

CONNECTIONS: Final = 4
"""Connections that a drain makes at once to one server: OpenSSH turns away what comes beyond ten that have not logged
in yet, and FTP servers often allow an address no more than five."""
QUIET: Final = ((pycurl.UPLOAD, 0), (pycurl.NOBODY, 1))
"""libcurl's options for a transfer that sends no file."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder on a server."""

    url: str
    """In ASCII, with a slash at its end and without a user."""
    user: str | None
    path: str
    """The folder as it is called on the server: not percent-encoded, with a slash at its end."""
    pool: Pool
    """The transfers to the server, whoever's folder it is."""

    def of(self, name: str) -> str:
        """The URL of a file or folder below it."""
        return self.url + quote(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What all transfers of one delivery have in common."""

    key: Any
    deadline: float
    place: Place
    options: tuple[tuple[int, Any], ...]
    secrets: tuple[str, ...]

    def transfer(self, name: str, *, options: tuple[tuple[int, Any], ...] = (), **fields: Any) -> Transfer:
        """A transfer of the file of this name below the folder, or of the folder."""
        fields = {"body": b""} | fields
        return Transfer(
            key=self.key,
            url=self.place.of(name),
            deadline=self.deadline,
            options=(*self.options, *options),
            secrets=self.secrets,
            pool=self.place.pool,
            **fields,
        )

    def write(self, file: FileToWrite, name: str) -> Transfer:
        """A transfer of the content of a file to this name, after the content was read."""
        if file.decisive:  # the rendition, which is in memory
            return self.transfer(name, body=file.read(), decisive=False)
        return read_first(
            [file],
            lambda contents, _: self.transfer(name, body=contents[0], decisive=False),
            key=self.key,
            url=self.place.of(name),
            deadline=self.deadline,
            pool=self.place.pool,
        )


@lru_cache(maxsize=4096)
def place_of(url: str) -> Place:
    """The folder that an outlet's URL names."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    plain = wire_url(urlunsplit((parts.scheme, host, path, "", "")))
    return Place(
        url=plain,
        user=unquote(parts.username) if parts.username else None,
        path=unquote(path),
        pool=Pool(f"server {host.lower()}", CONNECTIONS),
    )


def check_server(url: str) -> None:
    """Raise ValueError that says why a URL names no folder of a server of files."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("has no host")
    if parts.password is not None:
        raise ValueError("must not hold a password; name it under 'auth'")
    _ = parts.port  # raises ValueError by itself when it is no port
    if parts.query or parts.fragment or ";" in parts.path:
        raise ValueError("must end with a folder, without '?', '#' and ';'")
    if not all(unquote(text).isprintable() for text in (parts.path, parts.username or "")):
        raise ValueError("has control characters in it")
    if any(unquote(part) == ".." for part in parts.path.split("/")):
        raise ValueError("has '..' in its path: write the folder itself")


def folder_and_leaf(name: str) -> tuple[str, str]:
    """The subfolders of a name, with a slash at their end, and the rest: `a/b.txt` is `a/` and `b.txt`."""
    folder, slash, leaf = name.rpartition("/")
    return folder + slash, leaf


def temporary(leaf: str) -> str:
    """What a file is called until all of it is there."""
    return f".{leaf}.part"
