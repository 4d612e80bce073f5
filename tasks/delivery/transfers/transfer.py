"""What goes into the transfer loop and what comes out: a Transfer, and an Answer that says what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ErrorKind(StrEnum):
    """Where a transfer failed."""

    RESOLVE = "resolve"
    NAME_SERVER = "name server"
    """Our own name servers are away: nothing that the outlet did."""
    REFUSED = "refused"
    """Nothing listens at the port."""
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    RESET = "reset"
    BLOCKED = "blocked"
    """The address policy refused every address that the host has."""
    OURS = "ours"
    """Nothing the outlet did: a URL that is none, no descriptors left, abandoned at shutdown."""
    OTHER = "other"
    """The outlet answered with something that is not HTTP."""
    LOGIN = "login"
    """The server does not know the user, the password or the key."""
    HOST_KEY = "host key"
    """The key of an SSH server is not the one that was pinned."""
    REPLY = "reply"
    """A server of files or mail answered that it does not do what it was asked; `Answer.status` is its reply, if its
    protocol has numbers for them."""
    WORK = "work"
    """What was to be done on this machine could not be done; `Answer.os_error` says why, if the system did."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Transfers that share a few connections, such as those to the relay of all e-mails."""

    name: str
    connections: int
    """How many of them go at once; the others wait for their turn, and their deadline with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One request to make: over HTTP, FTP, SFTP or SMTP, as the scheme of its URL says; or one piece of work to do."""

    key: Any
    """Whatever the caller knows it by; the transfer loop only hands it back."""
    url: str
    """ASCII; no user or password in it. Of a piece of work it only says where, for logs."""
    headers: tuple[str, ...] = field(default=(), repr=False)
    """`Name: value`, ASCII; `Name;` for an empty value, as libcurl has it. They come before the body of an e-mail; FTP
    and SFTP know none."""
    body: bytes
    deadline: float
    """Seconds for everything, from name look-up to the last byte of the answer, and for all that follows it."""
    method: str = "POST"
    """Of HTTP."""
    options: tuple[tuple[int, Any], ...] = field(default=(), repr=False)
    """libcurl's options for this transfer, by pycurl's numbers, beside those of its protocol (handle.py)."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What is secret in it: struck from everything that is kept of the answer."""
    decisive: bool = True
    """Whether the outlet may have the delivery once this was sent. A look-up or a request for a token is not decisive:
    when its answer is lost, nothing has arrived."""
    then: Callable[[Answer], Transfer | None] | None = field(default=None, repr=False)
    """Asked with the answer: what to transfer next for the same delivery, or None if this answer is the outcome."""
    work: Callable[[], str] | None = field(default=None, repr=False)
    """Done in a thread instead of a transfer. Returns what it did, for people; raises WorkFailed or OSError."""
    group: str | None = None
    """Of a piece of work: the group that it is of, which has a few threads for all of it; None: those at its host, or
    in its folder."""
    pool: Pool | None = None
    trusted: bool = False
    """Whether its host is the operator's own choice and not an outlet's, so that it may be at any address."""


class WorkFailed(Exception):
    """A piece of work could not be done; its text says why, short and without secrets."""

    def __init__(self, why: str, os_error: int = 0) -> None:
        """`os_error`: the number of the system's error that it was, if it was one."""
        super().__init__(why)
        self.os_error = os_error


class OurFault(WorkFailed):
    """A piece of work could not be done, and no outlet is to be charged for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one transfer. Its texts hold no secret of the transfer, whatever the outlet or libcurl said."""

    transfer: Transfer
    """The last one, where several followed one another."""
    status: int | None
    """Final HTTP status, if the whole header block was read; the last reply code of FTP and SMTP."""
    error: str | None
    """What went wrong, short; None if nothing did. With a status: what ended the answer's body early."""
    error_kind: ErrorKind | None
    headers: dict[str, str]
    """Only retry-after, location, content-type and server; names in lower case. None of a 2xx to a transfer with
    secrets: nobody reads them."""
    answer: bytes
    """The start of the answer's body, at most `handle.KEPT_BYTES`, or KEPT_TO_GO_ON if there is `then`; nothing of a
    2xx to a transfer with secrets that nothing follows. Of FTP and SMTP the last lines that the server said; of a piece
    of work what it did."""
    sent: bool
    """The whole request went to the network: even without a status the outlet may have it."""
    address: str | None
    """The IP address connected to, or the one refused."""
    started_at: float
    """Seconds since the epoch."""
    seconds: float
    """How long it took, name look-up included."""
    connected: float | None
    """Seconds from the start until the connection stood (with TLS), None if it never did; near 0 if one was reused."""
    os_error: int = 0
    """The number of the system's error (errno) that ended a piece of work; 0 for none."""
    raw: bytes = field(default=b"", repr=False)
    """`answer` with all that is secret in it, for `then` to read, since a short secret may be a part of any word. None
    of it may be shown."""


class StartedTransfer:
    """A transfer that was started, until libcurl has it: most wait no time at all, some for the look-up of a name."""

    __slots__ = ("host", "look_up_ended", "port", "started", "started_at", "transfer", "waited")

    def __init__(self, transfer: Transfer, started_at: float, started: float, *, waited: bool = False) -> None:
        """`started_at`: seconds since the epoch. `started`: the same moment by the monotonic clock; of a transfer that
        follows another, that one's start. `waited`: whether that is some time ago."""
        self.transfer = transfer
        self.started_at = started_at
        self.started = started
        self.waited = waited
        """Whether time has gone by since it was started: it follows another, or waited for its name or its turn."""
        self.host = ""
        self.port = 0
        self.look_up_ended = False
        """It waited for its name, and waits no more."""

    def left(self, now: float) -> float:
        """Seconds that are left of its deadline. `now`: by the monotonic clock."""
        return self.transfer.deadline - (now - self.started) if self.waited else self.transfer.deadline

    def failed(self, error: str, kind: ErrorKind, now: float, *, sent: bool = False, os_error: int = 0) -> Answer:
        """The Answer of a transfer that libcurl never had, and that failed. `now`: by the monotonic clock."""
        return self._answer(now, error=error, error_kind=kind, sent=sent, os_error=os_error)

    def done(self, said: str, now: float) -> Answer:
        """The Answer of a piece of work that was done. `now`: by the monotonic clock."""
        return self._answer(now, answer=said.encode("utf-8", "replace"), sent=True)

    def _answer(
        self,
        now: float,
        *,
        sent: bool,
        error: str | None = None,
        error_kind: ErrorKind | None = None,
        answer: bytes = b"",
        os_error: int = 0,
    ) -> Answer:
        return Answer(
            transfer=self.transfer,
            status=None,
            error=error,
            error_kind=error_kind,
            headers={},
            answer=answer,
            sent=sent,
            address=None,
            started_at=self.started_at,
            seconds=now - self.started,
            connected=None,
            os_error=os_error,
        )
