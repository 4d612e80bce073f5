"""Takes a release into the ledger, whether it came by the queue or by the door, and says what its receipt says.

Whatever is wrong with a release, it is kept with the reason (`fanwire refusals`). Once `take` has returned, the ledger
has the release: its producer may be told so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import structlog
from sqlalchemy import Connection

from tasks import ledger, review
from tasks.ledger import refusals, releases
from tasks.ledger.releases import Outcome, Sender, Taken
from tasks.model.acts import Actor
from tasks.model.documents import DocumentRefused
from tasks.model.readers import Reading, uri_of
from tasks.model.release import Release
from tasks.operations import kill as kills
from tasks.operations import media_references, prospects, receipts
from tasks.runtime import tracing
from tasks.runtime.errors import Problem
from tasks.runtime.settings import settings
from workers.authority import not_taken
from workers.document_reader import DocumentReader
from workers.envelope import Receipt

log = structlog.get_logger()


class SentBy(Protocol):
    """From whom a release is."""

    @property
    def name(self) -> str | None:
        """The name of the producer; None for whoever sends unsigned."""

    @property
    def actor(self) -> Actor:
        """The same for the audit table."""

    def sender(self, connection: Connection, release: Release) -> Sender:
        """With which rights the release is sent; raises DocumentRefused when it may not be sent."""


@dataclass(frozen=True)
class TakenIn:
    """A release that the ledger has."""

    receipt: Receipt
    release_id: int
    urgency: int


def take(
    body: bytes,
    sent_by: Callable[[], SentBy],
    reader: DocumentReader,
    *,
    hinted: bool = True,
    new: Callable[[int, Release], object] = lambda _number, _release: None,
) -> TakenIn:
    """Put a release into the ledger, or keep it as refused and raise DocumentRefused.

    `sent_by`: says from whom it is, or raises DocumentRefused; then nothing of the body is read. `hinted`: whether
    the caller leaves a hint then; else the clock has it planned at its next look. `new`: called as soon as the ledger
    has a release that it did not know, with the number of its row: to find out what the receipt says takes longer.
    """
    now, author = time.time(), None
    try:
        author = sent_by()
        reading = reader.read(body)
        sender, taken, found = _take(reading, author, hinted=hinted)
    except DocumentRefused as refusal:
        signed_by = str(author.actor) if author and author.name else None
        uri = None if author is None else uri_of(body)  # of what nobody has signed nothing is read
        with ledger.write() as connection:
            refusals.keep(connection, body, str(refusal), now, uri=uri, sent_by=signed_by)
        log.warning("release refused", reason=str(refusal)[:2000], bytes=len(body), sent_by=signed_by)
        raise
    release = reading.release
    status: Literal["accepted", "known"] = "accepted" if taken.outcome == "new" else "known"
    if status == "accepted":
        new(taken.release_id, release)
    log.info(
        "release taken", release=release.name, status=status, sent_by=str(sender.actor), urgency=release.urgency,
        bytes=len(body),
    )  # fmt: skip
    if status == "accepted":
        tracing.root(release.name, now, language=release.language, urgency=release.urgency)
    found["goes_to"], unmeant = _goes_to(release)
    found["warnings"] += unmeant
    return TakenIn(Receipt(status, release.uri, release.version, **found), taken.release_id, release.urgency)


def _take(reading: Reading, author: SentBy, *, hinted: bool) -> tuple[Sender, Taken, dict[str, Any]]:
    """Take a release that was read: its sender, what became of it, and what its receipt says."""
    release = reading.release
    with ledger.write() as connection:
        sender = author.sender(connection, release)
        if lacking := _lacks(connection, release):
            raise DocumentRefused("release", lacking)
        now = ledger.now(connection)
        taken = releases.take(connection, release, now, sender, hint_at=None if hinted else now)
        if not taken.release_id:
            raise not_taken(release, taken, sender)
        return sender, taken, _particulars(connection, reading)


def would_take(connection: Connection, release: Release, author: SentBy) -> tuple[list[Problem], bool]:
    """Why `take` would refuse a release, and whether it was taken before with the same content; changes nothing."""
    try:
        sender = author.sender(connection, release)
    except DocumentRefused as refusal:
        return refusal.problems, False
    would = releases.would_take(connection, release, sender, ledger.now(connection))
    if would.outcome in (Outcome.NEW, Outcome.KNOWN):
        return _lacks(connection, release), would.outcome is Outcome.KNOWN
    return not_taken(release, would, sender).problems, False


def _lacks(connection: Connection, release: Release) -> list[Problem]:
    """What is wrong with the media of a release, as this wire is set up."""
    policy = settings()
    return media_references.problems(connection, release, most=policy.media_items, public=policy.web_url is not None)


def _goes_to(release: Release) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Whom a release that was taken reaches, and warnings of it; whatever is wrong here, the receipt must go out."""
    try:
        with ledger.read() as connection:
            now = ledger.now(connection)
            found = prospects.sums(connection, release, policy=review.policy, now=now)
        return found.to_dict(), [vars(warning) for warning in prospects.warnings(found, release)]
    except Exception:
        log.exception("nobody knows whom the release reaches", release=release.name)
        return None, []


def _particulars(connection: Connection, reading: Reading) -> dict[str, Any]:
    """What a receipt says of a release beside whether it was taken."""
    row = releases.find(connection, reading.release.uri, reading.release.version)
    assert row is not None  # it was taken in this transaction, or before
    warnings = [vars(warning) for warning in (*reading.warnings, *receipts.warnings(connection, row))]
    return {"warnings": warnings, **receipts.particulars(connection, row)}


def kill(connection: Connection, newest: Release, note: str | None, by: Sender | None = None) -> Receipt:
    """Withdraw a release above its newest version, as operations or as the producer to whom it belongs (`by`), and say
    so as a receipt does: `known` if it was killed before. Raises DocumentRefused for the note."""
    already = newest.status == "canceled"
    killed = newest if already else kills.kill(connection, newest, note, by)
    row = releases.find(connection, killed.uri, killed.version)
    assert row is not None  # it was taken in this transaction, or before
    goes_to = prospects.prospects(connection, killed, policy=review.policy, now=ledger.now(connection)).to_dict()
    found = receipts.particulars(connection, row)
    return Receipt("known" if already else "accepted", killed.uri, killed.version, goes_to=goes_to, **found)
