"""One request at the door: from which producer it is, by its token, and what it holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Row
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tasks import ledger
from tasks.ledger import producer_rows, releases
from tasks.ledger.releases import Sender
from tasks.model.acts import Actor, Role
from tasks.model.documents import WHOLE, Document, DocumentRefused, read, unreadable
from tasks.model.producers import DoorProducer
from tasks.model.release import Release
from tasks.operations.door_access import digest
from tasks.runtime.errors import Problem
from workers import authority
from workers.web.door.limits import PerMinute, WrongTokens
from workers.web.surroundings import allow_body

LARGEST_JSON = 16 * 1024
"""Bytes of what a request says that is no release and no file."""
ONCE = ("authorization", "content-type", "content-length", "content-encoding", "idempotency-key", "fanwire-consent")
"""Headers of which a request may have one, for two would say two things."""
WANTED = "send `Authorization: Bearer TOKEN` with the token that the wire gave you; this one is none, or has ended"
"""Said whatever is wrong with a token, so that nobody learns which producers there are."""

per_minute, wrong_tokens = PerMinute(), WrongTokens()
D = TypeVar("D", bound=Document)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The producer that makes a request."""

    name: str
    document: DoorProducer
    sha256: str
    """Of its token."""
    origin: str

    @property
    def actor(self) -> Actor:
        """Who it is, for the audit table."""
        return Actor(Role.PRODUCER, self.name, self.origin)

    def hold(self, connection: Connection) -> None:
        """Make sure in the transaction in which something is done that the token is still good; raises 401."""
        known = producer_rows.by_token(connection, self.sha256, ledger.now(connection), hold=True)
        if known is None or known.name != self.name:
            raise unknown()

    def own(self, connection: Connection, uri: str, version: int | None = None) -> Row[Any]:
        """The row of a release of its own, of the newest version unless one is named; raises 404 for any other."""
        row = releases.find(connection, uri, version)
        if row is None or row.producer != self.name:
            raise HTTPException(404, "you have no such release; of its URI '/', '?', '#' and '%' are percent-encoded")
        return row


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request of a producer, with its body."""

    request: Request
    caller: Caller
    body: bytes = b""

    @property
    def uri(self) -> str:
        """The URI of the release that the address names."""
        return str(self.request.path_params["uri"])

    def read(self, model: type[D]) -> D:
        """What the body says, which is JSON; an empty one says nothing. Raises DocumentRefused."""
        try:
            said = json.loads(self.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise DocumentRefused("request", [Problem(WHOLE, unreadable(error))]) from None
        return read(model, said, "request")


@dataclass(frozen=True, kw_only=True)
class ByToken:
    """From whom a release is that came to the door; what `taking.take` asks."""

    caller: Caller
    consent: frozenset[releases.Consent]

    @property
    def name(self) -> str | None:
        """The producer."""
        return self.caller.name

    @property
    def actor(self) -> Actor:
        """The same for the audit table."""
        return self.caller.actor

    def sender(self, connection: Connection, release: Release) -> Sender:
        """With which rights the release is sent; raises DocumentRefused when it may not be sent, and 401."""
        self.caller.hold(connection)
        return authority.judge(connection, self.actor, self.name, release, self.consent)


def unknown() -> HTTPException:
    """The refusal of a request without a good token."""
    return HTTPException(401, WANTED, {"www-authenticate": 'Bearer realm="fanwire"'})


def refuse_doubled(request: Request) -> None:
    """Raise 400 for a request that says something twice."""
    for name in ONCE:
        if len(request.headers.getlist(name)) > 1:
            raise HTTPException(400, f"the header {name} may stand there once")


def caller(request: Request) -> Caller:
    """The producer whose token a request has; raises 401, and 429 for one that asks too much."""
    origin = request.client.host if request.client else "unknown"
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise unknown()
    sha256 = digest(token.strip())
    wrong_tokens.check(origin, sha256)
    with ledger.read() as connection:
        now = ledger.now(connection)
        known = producer_rows.by_token(connection, sha256, now)
    wrong_tokens.note(origin, sha256, good=known is not None)
    if known is None:
        raise unknown()
    per_minute.note(known.name, known.document.per_minute, now)
    if known.used_at is None or now - known.used_at > producer_rows.USED_AGAIN:
        with ledger.write() as connection:
            producer_rows.note_use(connection, known.name, now)
    return Caller(name=known.name, document=known.document, sha256=sha256, origin=origin)


async def body_of(request: Request, largest: int, types: tuple[str, ...]) -> bytes:
    """The body of a request; raises 415 for one of another content type, 413 for one that is too large, and 408."""
    refuse_other_types(request, types)
    return b"".join([part async for part in stream(request, largest)])


async def stream(request: Request, largest: int, seconds: float | None = None) -> Any:
    """The parts of a body; raises 413 as soon as it is known to be too large, and 408 if it comes too slowly."""
    allow_body(request.scope, largest, seconds)
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit() and int(said) > largest:
        raise _too_large(largest)
    read = 0
    async for part in request.stream():
        read += len(part)
        if read > largest:
            raise _too_large(largest)
        yield part


def _too_large(largest: int) -> HTTPException:
    return HTTPException(413, f"the body may have {largest:,} bytes", {"connection": "close"})


def refuse_other_types(request: Request, types: tuple[str, ...]) -> None:
    """Raise 415 for a body that is packed, or of a content type that is not among these."""
    kind, _, more = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "send the body as it is, without Content-Encoding")
    if not types or (kind == "" and types == JSON):
        return
    if kind not in types and not (kind.endswith("+json") and "application/json" in types):
        raise HTTPException(415, f"the content type must be {' or '.join(types)}")
    charset = more.lower().replace(" ", "").partition("charset=")[2].strip('"')
    if charset not in ("", "utf-8", "utf8"):
        raise HTTPException(415, "the body must be in UTF-8")


JSON = ("application/json",)
