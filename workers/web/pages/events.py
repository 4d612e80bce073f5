"""`GET /ops/events?of=deliveries,notices`: server-sent events that tell pages of which kinds something has changed.

However many listen, one question a second goes to the ledger, and none while nobody does. It reads last values and
counters, never rows of deliveries. An event names the kinds that have changed; what they are now the pages ask for
themselves. The id of an event is the state that was seen, so who comes back with `Last-Event-ID` hears what it missed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tasks import ledger
from tasks.ledger import metrics
from tasks.ledger.schema import IS_DRAFT, audit, notices, refusals, releases, translations
from tasks.ledger.schema import metrics as metric_rows
from workers.web.pages import sessions, shell

log = structlog.get_logger()

KINDS = ("deliveries", "releases", "translations", "outlets", "notices", "refusals", "audit")
"""What pages may listen to."""
LOOK_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
"""A listener to whom nothing is said gets a comment, so that no proxy in between ends the connection."""
MOST_LISTENERS = 200

Seen = Mapping[str, str]
"""The state of each kind, as a short digest."""


def routes() -> list[Route]:
    """The route of events."""
    return [Route("/ops/events", events)]


def look(connection: Connection) -> Seen:
    """The state of each kind now; another state means that something has changed."""
    attempts = select(func.sum(metric_rows.c.value)).where(metric_rows.c.name == metrics.ATTEMPTS)
    taken = select(func.max(releases.c.id))
    unplanned = select(func.count()).where(releases.c.planned_at.is_(None))
    acts, told, refused = (select(func.max(table.c.id)) for table in (audit, notices, refusals))
    drafts = select(func.count()).where(translations.c.status == IS_DRAFT)
    unmade = select(func.count()).where(translations.c.state != "made")
    queries = (attempts, taken, unplanned, acts, told, refused, drafts, unmade)
    sent, *found = connection.execute(select(*(query.scalar_subquery() for query in queries))).one()
    release, waiting, act, notice, refusal, draft, open_texts = found
    of = {
        "deliveries": (sent, release, waiting, act, draft, open_texts),
        "releases": (release, waiting, act),
        "translations": (release, act, draft, open_texts),
        "outlets": (act, notice),
        "notices": (notice,),
        "refusals": (refusal,),
        "audit": (act,),
    }
    return {kind: hashlib.sha256(repr(state).encode()).hexdigest()[:8] for kind, state in of.items()}


@dataclass(eq=False)
class Listener:
    """One open page: what it listens to, and what it has not been told yet. A page that reads slowly misses nothing,
    for what waits is no more than one name of each kind."""

    kinds: frozenset[str]
    may_go_on: Callable[[], bool] = lambda: True
    """Whether its session still lasts."""
    changed: set[str] = field(default_factory=set)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, changed: set[str]) -> None:
        """Note what has changed."""
        if mine := changed & self.kinds:
            self.changed |= mine
            self.wake.set()


class Hub:
    """All open pages of this process, and the one look for all of them."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._seen: Seen = {}
        self._looking: asyncio.Task[None] | None = None
        self.closed = False

    def is_full(self) -> bool:
        """Whether no more pages may listen."""
        return len(self._listeners) >= MOST_LISTENERS

    async def listen(self, listener: Listener, before: Seen) -> AsyncIterator[str]:
        """What is sent to a page: an event for each change from the state `before` on, until the server stops or the
        page may not go on."""
        self._listeners.add(listener)
        try:
            if self._looking is None:
                self._seen = await self._look() or self._seen
                self._looking = asyncio.create_task(self._look_on())
            listener.tell({kind for kind in before if before[kind] != self._seen.get(kind)})
            yield "retry: 3000\n" + self._event([])
            while self._lasts(listener):
                said = await self._next(listener)
                if self._lasts(listener):
                    yield said
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    def _lasts(self, listener: Listener) -> bool:
        return not self.closed and listener.may_go_on()

    async def _next(self, listener: Listener) -> str:
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await listener.wake.wait()
        except TimeoutError:
            return ": nothing new\n\n"
        listener.wake.clear()
        changed, listener.changed = listener.changed, set()
        return self._event(sorted(changed))

    def _event(self, changed: list[str]) -> str:
        state = ",".join(f"{kind}={value}" for kind, value in self._seen.items())
        return f"id: {state}\nevent: changed\ndata: {json.dumps(changed)}\n\n"

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = await self._look()
            changed = {kind for kind in now if now[kind] != self._seen.get(kind)}
            self._seen = now or self._seen
            for listener in self._listeners:
                listener.tell(changed)
                if not listener.may_go_on():
                    listener.wake.set()

    async def _look(self) -> Seen:
        try:
            return await run_in_threadpool(_read)
        except SQLAlchemyError as error:
            log.warning("pages cannot be told what has changed", error=str(error).splitlines()[0])
            return {}

    def close(self) -> None:
        """End all listening, for the server stops."""
        self.closed = True
        for listener in self._listeners:
            listener.wake.set()


HUB = Hub()


def _read() -> Seen:
    with ledger.read() as connection:
        return look(connection)


async def events(request: Request) -> Response:
    """The events of the kinds that a page names, for whoever is signed in."""
    if not _is_signed_in(request):
        raise HTTPException(401, "sign in to listen")
    if HUB.is_full():
        raise HTTPException(503, "too many pages listen already", {"retry-after": "30"})
    kinds = frozenset(request.query_params.get("of", "").split(",")) & set(KINDS)
    pairs = (part.partition("=") for part in request.headers.get("last-event-id", "").split(","))
    before = {kind: state for kind, _, state in pairs if kind in KINDS}
    said = HUB.listen(Listener(kinds, lambda: _is_signed_in(request)), before)
    headers = {**shell.HEADERS, "x-accel-buffering": "no"}
    return StreamingResponse(said, headers=headers, media_type="text/event-stream")


def _is_signed_in(request: Request) -> bool:
    session = sessions.read(request, time.time())
    return session is not None and sessions.person(session) is not None
