"""What goes into the transfer loop and what comes out: a Transfer, and an Answer that says what became of it."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One HTTP request to make."""

    key: Any
    """Whatever the caller knows it by; the transfer loop only hands it back."""
    url: str
    """ASCII; http or https; no user or password in it."""
    headers: tuple[str, ...] = field(repr=False)
    """`Name: value`, ASCII; `Name;` for an empty value, as libcurl has it."""
    body: bytes
    deadline: float
    """Seconds for everything, from name look-up to the last byte of the answer."""
    method: str = "POST"
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What is secret in it: struck from everything that is kept of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one transfer. Its texts hold no secret of the transfer, whatever the outlet or libcurl said."""

    transfer: Transfer
    status: int | None
    """Final HTTP status, if the whole header block was read."""
    error: str | None
    """What went wrong, short; None if nothing did. With a status: what ended the answer's body early."""
    error_kind: ErrorKind | None
    headers: dict[str, str]
    """Only retry-after, location, content-type and server; names in lower case. None of a 2xx to a transfer with
    secrets: nobody reads them."""
    answer: bytes
    """The start of the answer's body, at most `handle.KEPT_BYTES`; nothing of a 2xx to a transfer with secrets."""
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


class StartedTransfer:
    """A transfer that was started, until libcurl has it: most wait no time at all, some for the look-up of a name."""

    __slots__ = ("host", "look_up_ended", "port", "started", "started_at", "transfer")

    def __init__(self, transfer: Transfer, started_at: float, started: float) -> None:
        """`started_at`: seconds since the epoch. `started`: the same moment by the monotonic clock."""
        self.transfer = transfer
        self.started_at = started_at
        self.started = started
        self.host = ""
        self.port = 0
        self.look_up_ended = False
        """It waited for its name, and waits no more."""

    def failed(self, error: str, kind: ErrorKind, now: float) -> Answer:
        """The Answer of a transfer that ends before libcurl ever had it. `now`: by the monotonic clock."""
        return Answer(
            transfer=self.transfer,
            status=None,
            error=error,
            error_kind=kind,
            headers={},
            answer=b"",
            sent=False,
            address=None,
            started_at=self.started_at,
            seconds=now - self.started,
            connected=None,
        )
