"""Fetches the pictures and other files of releases, each once, into the wire's own store.

One process of the whole wire does it at a time, several files at once, until there is nothing to fetch: so producers
whose servers are slow hold up one process, and not all that build renditions. What a file turns out to be is found in a
process of its own (tasks/media_store/examining.py). What is fetched lets the deliveries of its release go on.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import IO

import structlog
from sqlalchemy.exc import DBAPIError

from tasks import ledger
from tasks.delivery import backoff
from tasks.delivery.policy import RetryPolicy
from tasks.delivery.transfers.address_policy import AddressPolicy
from tasks.delivery.transfers.download import Limits, NotFetched, download
from tasks.ledger import deliveries, elections, media_rows, presence, releases, rendition_rows
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.media_rows import StoredFile, StoredSize, Wanted
from tasks.media_store.examining import Examined, NotTaken, examine
from tasks.media_store.store import Store, digest
from tasks.model.codes import Code
from tasks.model.destinations import Destinations
from tasks.model.states import Verdict

log = structlog.get_logger()

AT_ONCE = 4
"""Files that are fetched at once."""
BUDGET = 120.0
"""Seconds after which a run takes no more files, so that workers can be replaced."""
OFFICE = "media"
TERM = 15.0
"""Seconds for which the office is held at a time; so long nobody fetches after a process that had it is gone."""
BEYOND_DEADLINE = 120.0
"""Seconds that a lease is longer than fetching may take: for looking into the file and for keeping it."""


@dataclass(frozen=True, kw_only=True)
class FetchPolicy:
    """How files are fetched, and which are taken."""

    limits: Limits
    pixels: int
    """How many a picture may have."""
    destinations: Destinations
    """Networks and ports that are allowed beyond the usual ones."""
    retry: RetryPolicy
    trust: str
    """The path of a bundle of certificates."""


@dataclass
class Fetching:
    """What a run has come to."""

    stored: int = 0
    refused: int = 0
    later: int = 0
    more: bool = False
    """It ended before there was nothing to fetch."""
    elsewhere: bool = False
    """Another process fetches already."""
    to_format: list[TranslationKey] = field(default_factory=list)
    """Translations of which renditions can be built now."""

    def __str__(self) -> str:
        if self.elsewhere:
            return "another process fetches"
        parts = ((self.stored, "fetched"), (self.refused, "refused"), (self.later, "tried again later"))
        return ", ".join(f"{number:,} {what}" for number, what in parts if number) or "nothing to fetch"


def fetch_media(policy: FetchPolicy, store: Store, *, stopping: Callable[[], bool] = lambda: False) -> Fetching:
    """Fetch all files of releases that may be tried now. `stopping`: asked now and then whether to break off."""
    found, worker, began = Fetching(), presence.sign_in(), time.monotonic()
    allowed = AddressPolicy(policy.destinations.networks).allows
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="media") as pool:
        at_work: dict[Future[StoredFile], Wanted] = {}
        while True:
            found.more = stopping() or time.monotonic() - began > BUDGET
            room = 0 if found.more else AT_ONCE - len(at_work)
            taken = _claim(worker, policy, room, [one.url for one in at_work.values()])
            if taken is None and not at_work:
                found.elsewhere, found.more = not stopping(), False
                return found
            for one in taken or ():
                at_work[pool.submit(_fetch, one, policy, store, allowed, stopping)] = one
            if not at_work:
                _resign(worker)
                return found
            done, _ = wait(at_work, timeout=1.0, return_when=FIRST_COMPLETED)
            for future in done:
                _settle(at_work.pop(future), future, policy, found)


def _claim(worker: str, policy: FetchPolicy, limit: int, at_work: list[str]) -> list[Wanted] | None:
    """Files to fetch, `limit` at most; None if another process fetches. `at_work`: the addresses of those that are
    being fetched."""
    try:
        with ledger.write() as connection:
            now = ledger.now(connection)
            if not elections.run_for(connection, OFFICE, worker, now, now + TERM):
                return None
            lease = policy.limits.deadline + BEYOND_DEADLINE
            if not limit:
                return []
            claim = partial(media_rows.claim, connection, now=now, lease=lease, worker=worker)
            return claim(limit=limit, at_work=at_work)
    except DBAPIError as error:
        log.warning("media wait for the ledger", error=str(error).splitlines()[0])
        time.sleep(1)
        return []


def _resign(worker: str) -> None:
    """Let others fetch at once; while the ledger is away they wait until the term is over."""
    with suppress(DBAPIError), ledger.write() as connection:
        now = ledger.now(connection)
        elections.run_for(connection, OFFICE, worker, now, now)


def _fetch(
    wanted: Wanted, policy: FetchPolicy, store: Store, allowed: Callable[[str], bool], stopping: Callable[[], bool]
) -> StoredFile:
    """Fetch one file, look into it and keep it; raises NotFetched, NotTaken, and OSError for the store."""
    with tempfile.TemporaryFile(dir=store.folder_of_drafts()) as file:
        fetched = download(
            wanted.url, file, policy.limits, allowed=allowed, wrong_port=policy.destinations.wrong_port,
            trust=policy.trust, stopping=stopping,
        )  # fmt: skip
        said = wanted.content_type or fetched.content_type
        examined = examine(file, wanted.type, pixels=policy.pixels, said=said)
        name = wanted.url.partition("?")[0].rpartition("/")[2]
        return put(store, file, fetched.sha256, fetched.bytes, examined, name)


def add(store: Store, file: IO[bytes], name: str, *, pixels: int) -> StoredFile:
    """Keep a file that somebody has, which is open, in the store; the caller notes it in the ledger. Raises NotTaken,
    and OSError."""
    examined = examine(file, None, pixels=pixels, said="text/csv" if name.lower().endswith(".csv") else None)
    file.seek(0)
    sha256, size = digest(file)
    return put(store, file, sha256, size, examined, name)


def put(store: Store, file: IO[bytes], sha256: str, size: int, examined: Examined, name: str) -> StoredFile:
    """Put a file and its smaller sizes into the store, and say what is to be noted of it; raises OSError."""
    sizes = tuple(_put_sizes(store, examined))
    file.seek(0)
    store.put(file, sha256, examined.content_type)
    return StoredFile(
        sha256=sha256, content_type=examined.content_type, bytes=size, width=examined.width, height=examined.height,
        name=name or None, sizes=sizes,
    )  # fmt: skip


def _put_sizes(store: Store, examined: Examined) -> Iterator[StoredSize]:
    for small in examined.sizes:
        sha256, size = digest(BytesIO(small.content))
        store.put(BytesIO(small.content), sha256, small.content_type)
        yield StoredSize(
            width=small.width, height=small.height, sha256=sha256, content_type=small.content_type, bytes=size
        )


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What came of a file: it is kept, or why not."""

    file: StoredFile | None = None
    code: str = ""
    reason: str = ""
    again: bool = False


def _outcome(wanted: Wanted, future: Future[StoredFile]) -> _Outcome:
    try:
        return _Outcome(file=future.result())
    except NotFetched as error:
        return _Outcome(code=error.code, reason=str(error), again=error.again)
    except NotTaken as error:
        return _Outcome(code=error.code, reason=str(error))
    except OSError as error:
        return _Outcome(code=Code.STORE, reason=str(error), again=True)
    except Exception as error:  # whatever it is, the deliveries that wait for the file must say so
        log.exception("file not fetched", item=wanted.item)
        return _Outcome(code=Code.CANNOT_PREPARE, reason=f"{type(error).__name__}: {error}", again=True)


def _settle(wanted: Wanted, future: Future[StoredFile], policy: FetchPolicy, found: Fetching) -> None:
    """Write what came of a file, when the ledger is there, and let the deliveries of its release go on."""
    outcome = _outcome(wanted, future)
    while True:
        try:
            release = _write(wanted, outcome, policy.retry, found)
            break
        except DBAPIError as error:
            log.warning("media wait for the ledger", error=str(error).splitlines()[0])
            time.sleep(1)
    log.info(
        "file of a release", release=release, item=wanted.item, attempt=wanted.attempt, code=outcome.code or "stored",
        reason=outcome.reason or None, bytes=outcome.file and outcome.file.bytes,
    )  # fmt: skip


def _write(wanted: Wanted, outcome: _Outcome, retry: RetryPolicy, found: Fetching) -> str:
    """Write what came of a file in one transaction; the release, as logs name it."""
    with ledger.write() as connection:
        now = ledger.now(connection)
        release = releases.headings(connection, [wanted.release_id])[wanted.release_id].name
        due_at = _next_due(wanted, retry, now) if outcome.again else None
        if outcome.file is not None:
            media_rows.keep(connection, outcome.file, now=now, by=f"fetched for {release}")
            media_rows.finish(connection, wanted, outcome.file.sha256)
        elif due_at is not None:
            media_rows.try_again(connection, wanted, due_at=due_at, code=outcome.code, reason=outcome.reason)
        else:
            reason = f"{outcome.reason}, for too long" if outcome.again else outcome.reason
            media_rows.refuse(connection, wanted, code=outcome.code, reason=reason)
        deliveries.promote(connection, wanted.release_id, now)
        ready = media_rows.all_there(connection, wanted.release_id)
        to_format = rendition_rows.waiting(connection, wanted.release_id) if ready else []
    found.stored += outcome.file is not None
    found.later += due_at is not None
    found.refused += outcome.file is None and due_at is None
    found.to_format += to_format
    return release


def _next_due(wanted: Wanted, retry: RetryPolicy, now: float) -> float | None:
    """When a file is tried again; None if it has been failing for too long."""
    return backoff.next_due(
        now, wanted.first_due_at, wanted.attempt, Verdict.FAILED, None, base=retry.base, cap=retry.cap,
        horizon=retry.horizon, random=random.random(),  # noqa: S311
    )  # fmt: skip
