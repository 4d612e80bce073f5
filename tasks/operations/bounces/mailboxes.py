"""The mailbox in which bounces arrive: a folder on this machine (Maildir), or one of a mail server (IMAP)."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

from tasks.operations.bounces.messages import READ_BYTES

TIMEOUT: Final = 20.0
"""Seconds without a word of the mail server."""


class MailboxAway(Exception):
    """A mailbox cannot be read; the text says why, without its password."""


class Mailbox(Protocol):
    """Unread messages."""

    def unread(self, at_most: int) -> list[str]:
        """The names of so many unread messages, oldest first."""
        ...

    def read(self, name: str) -> bytes:
        """The beginning of a message; it stays unread. Raises KeyError if it is gone."""
        ...

    def mark_read(self, name: str) -> None:
        """Mark a message as read, so that it is not read again."""
        ...


class Maildir:
    """A folder with `new` for what is unread and `cur` for what was read, as mail servers write it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def unread(self, at_most: int) -> list[str]:
        """See Mailbox: the names of files in `new` begin with the time."""
        return sorted(entry.name for entry in (self._folder / "new").iterdir() if not entry.name.startswith("."))[
            :at_most
        ]

    def read(self, name: str) -> bytes:
        """See Mailbox."""
        try:
            with (self._folder / "new" / name).open("rb") as file:
                return file.read(READ_BYTES)
        except FileNotFoundError:
            raise KeyError(name) from None

    def mark_read(self, name: str) -> None:
        """See Mailbox: moved to `cur` with the flag for "seen"."""
        (self._folder / "cur").mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            (self._folder / "new" / name).replace(self._folder / "cur" / f"{name}:2,S")


class Imap:
    """A mailbox at a mail server. Messages get the flag `Seen`, and stay."""

    def __init__(self, server: imaplib.IMAP4) -> None:
        self._server = server

    def unread(self, at_most: int) -> list[str]:
        """See Mailbox: their numbers (UID)."""
        found = _done(self._server.uid("SEARCH", "UNSEEN"))
        return [number.decode() for number in (found[0] or b"").split()[:at_most]]

    def read(self, name: str) -> bytes:
        """See Mailbox."""
        parts = _done(self._server.uid("FETCH", name, f"(BODY.PEEK[]<0.{READ_BYTES}>)"))
        body = next((part[1] for part in parts if isinstance(part, tuple)), None)
        if body is None:
            raise KeyError(name)
        return bytes(body)

    def mark_read(self, name: str) -> None:
        """See Mailbox."""
        _done(self._server.uid("STORE", name, "+FLAGS.SILENT", r"(\Seen)"))


@contextmanager
def open_mailbox(url: str, trusted: Path) -> Iterator[Mailbox]:
    """Open the mailbox at this address. `trusted`: a PEM file with the certificate authorities to believe.

    Raises MailboxAway, also for what goes wrong while it is open.
    """
    parts = urlsplit(url)
    try:
        if parts.scheme == "maildir":
            yield Maildir(Path(unquote(parts.path)))
            return
        server = _connect(parts.scheme == "imaps", parts.hostname or "", parts.port, trusted)
        try:
            server.login(unquote(parts.username or ""), unquote(parts.password or ""))
            name = unquote(parts.path.strip("/")) or "INBOX"
            _done(server.select('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'))
            yield Imap(server)
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                server.logout()
    except imaplib.IMAP4.error as error:  # its text may repeat what we sent
        raise MailboxAway(f"the mail server at {parts.hostname} refuses ({type(error).__name__})") from None
    except OSError as error:
        raise MailboxAway(f"the mailbox cannot be read: {_why(error)}") from None


def _why(error: OSError) -> str:
    said = (error.strerror or type(error).__name__).lower()
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"{said}: {error.filename} (a maildir has the folders new, cur and tmp)"
    return said


def _connect(tls: bool, host: str, port: int | None, trusted: Path) -> imaplib.IMAP4:
    if not tls:
        return imaplib.IMAP4(host, port or 143, timeout=TIMEOUT)
    context = ssl.create_default_context(cafile=str(trusted))
    return imaplib.IMAP4_SSL(host, port or 993, ssl_context=context, timeout=TIMEOUT)


def _done(answer: tuple[str, list[Any]]) -> list[Any]:
    """What a command gave; raises the error of the module if the server said no."""
    status, found = answer
    if status != "OK":
        raise imaplib.IMAP4.error(status)
    return found
