"""The sweep: finds in the ledger what no message will ever say, because time passed or a message was lost.

Expired leases and lifted embargoes are settled here and now; what needs a worker is returned, to be hinted at.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import (
    artifacts,
    audit,
    deliveries,
    feed_rows,
    media_rows,
    memory_entries,
    metrics,
    notices,
    outlet_profiles,
    presence,
    releases,
    rendition_rows,
    translation_rows,
    webhook_rows,
)
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.translation_rows import TranslationRow
from tasks.model.acts import Act
from tasks.model.documents import DocumentRefused
from tasks.model.release import Translation
from tasks.operations import journals, webhooks
from tasks.operations.untaken import untaken
from tasks.operations.vanished import Watch
from tasks.runtime import moments
from tasks.translation.configuration import ReaderDocument, read_configuration
from tasks.translation.drafts import draft_waits
from tasks.translation.grades import DRAFT, PUBLISH, Grade, Grades, said_of
from tasks.translation.memory import unit_records

COUNTED = 5_000
"""Due deliveries that a sweep counts; more are as good as so many."""
FORGOTTEN = 500
"""Memory entries that go in one transaction."""
PROFILES = 200
"""Profiles of outlets that are looked at in one transaction."""
HOUR = 3600.0
_watch = Watch()


@dataclass(frozen=True, kw_only=True)
class SweepPolicy:
    """What the settings say about what a sweep looks for."""

    build_retry: float
    """Seconds after which an artifact that nobody has built is hinted at again."""
    retry_horizon: float
    """Seconds after its first due time at which a delivery is exhausted, if its outlet says nothing else."""
    memory_days: int
    """Days for which the memory keeps what an engine translated."""
    translation_file: Path | None
    """The file whose change wakes the translations that wait for engines."""
    journals: Path
    """The folder with the journals of this machine's drains."""
    web_url: str
    """The address of the web server, for what producers are told; empty where it has none."""


@dataclass(frozen=True)
class Found:
    """What a sweep of the ledger found."""

    expired: int
    lifted: list[int]
    to_plan: dict[int, int]
    """Releases to be planned, each with its urgency, the most urgent first."""
    to_translate: list[TranslationKey]
    to_format: list[TranslationKey]
    """Translations of which renditions are to be built."""
    to_fetch: bool
    """Whether files of releases are to be fetched."""
    due: int
    """How many deliveries are due, counted up to `COUNTED`."""
    unposted: bool
    """Whether there are notices that nobody has been posted."""
    unpinged: bool = False
    """Whether there are feeds of which the hub has not heard that they have changed."""
    untold: bool = False
    """Whether there are messages to the webhooks of producers."""
    names: dict[int, str] = field(default_factory=dict)
    """The releases of which something is to be done, as logs name them, by their numbers."""

    def __str__(self) -> str:
        return (
            f"{self.expired} leases expired, {len(self.lifted)} embargoes lifted, to do again: "
            f"{len(self.to_plan)} plans, {len(self.to_translate)} translations, {len(self.to_format)} renditions"
        )


def sweep(now: float, policy: SweepPolicy) -> Found:
    """Look once through the whole ledger, by index only: some milliseconds whatever its size."""
    again = now + policy.build_retry
    with ledger.write() as connection:  # by itself: lifting has its releases in an order of its own
        deliveries.resume(connection, deliveries.forgotten(connection), now)
    with ledger.read() as connection:
        vanished = _watch.gone(presence.present(connection), time.monotonic())
        holders = {one.name for one in vanished} | deliveries.overdue_holders(connection, now)
    if holders:
        journals.take_in(policy.journals, holders)
    with ledger.write() as connection:
        deliveries.adopt(connection, now)
        outlet_profiles.adopt(connection)
        if _file_changed(policy.translation_file):
            translation_rows.wake(connection, now=now)
            _rebuild_drafts(connection, policy.translation_file, now)
        busy = deliveries.locked_holders(connection, [one.name for one in vanished])
        gone = presence.forget(connection, [one for one in vanished if one.name not in busy])
        artifacts.free(connection, gone, now=now)
        expired = deliveries.expire_leases(connection, now, policy.retry_horizon, gone)
        lifted = deliveries.lift_embargoes(connection, now)
        _record_ends(connection, lifted)
        to_plan = releases.unplanned(connection, now)
        to_translate = translation_rows.late(connection, now=now, again_at=again)
        to_format = {key.translation for key in rendition_rows.late(connection, now=now, again_at=again)}
        to_fetch = media_rows.late(connection, now=now, again_at=again)
        next_due = deliveries.next_due(connection)
        _notice_untaken(connection, next_due, now)
        unposted = bool(notices.unposted(connection, 1))
        unpinged = feed_rows.any_unpinged(connection, now)
        due = deliveries.count_due(connection, now, COUNTED) if next_due is not None and next_due <= now else 0
        late = {*to_plan, *(key.release_id for key in to_translate), *(key.release_id for key in to_format)}
        names = {id: heading.name for id, heading in releases.headings(connection, late).items()} if late else {}
        metrics.add(connection, {(metrics.EXPIRIES, ""): expired}, now)
    untold = _look_for_producers(now, policy.web_url)
    _forget(now, policy.memory_days)
    _Profiles.tidy(now)
    return Found(
        expired, lifted, to_plan, to_translate, sorted(to_format), to_fetch, due, unposted, unpinged, untold, names
    )


def _look_for_producers(now: float, web_url: str) -> bool:
    """Look at the releases of which producers want to hear; whether there is a message to send."""
    with ledger.read() as connection:
        if not webhook_rows.any_to_look_at(connection, now):
            return webhook_rows.any_due(connection, now)
    with ledger.write() as connection:
        webhooks.look(connection, now, web_url)
        return webhook_rows.any_due(connection, now)


def _notice_untaken(connection: Connection, since: float | None, now: float) -> None:
    """Leave a notice when deliveries are due and nobody takes them."""
    if text := untaken(connection, since, now):
        notices.add_unless_known(connection, "untaken", "deliver", text, now)


def _record_ends(connection: Connection, lifted: list[int]) -> None:
    """Record that the moments of these releases have come."""
    for release_id in lifted:
        release = releases.get(connection, release_id)
        old = {"embargo_until": release.embargo_until and moments.written(release.embargo_until)}
        audit.record(connection, audit.of_release(Act.END_EMBARGO, release.uri, release.version, old=old))


class _File:
    """The translation file as this process saw it last: when and how large."""

    seen = False
    stand: tuple[int, int, int] | None = None


def _file_changed(path: Path | None) -> bool:
    """Whether somebody has changed the translation file, or this process is new: either may mend what is held."""
    try:
        stat = path.stat() if path else None
    except OSError:
        return False
    first, before = not _File.seen, _File.stand
    _File.seen, _File.stand = True, stat and (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return first or (stat is not None and _File.stand != before)


def _rebuild_drafts(connection: Connection, path: Path | None, now: float) -> None:
    """Make drafts of what has not left and was made by an engine that the translation file has lowered since; and have
    those drafts built anew of whose engines it says by now that they may be published, and those that a second reader
    doubted who is another one by now, or content with less."""
    try:
        configuration = read_configuration(path)
    except DocumentRefused:
        return
    said = {name: engine.grade for name, engine in configuration.engines.items() if engine.grade}
    for row in translation_rows.unread(connection) if said else ():
        if lowered := [name for name, grade in _said_of(row, said).items() if grade == DRAFT]:
            translation_rows.lower(connection, TranslationKey(row.release_id, row.language), draft_waits(lowered))
    for draft in translation_rows.drafts(connection):
        if PUBLISH in _said_of(draft, said).values() or _read_otherwise(
            draft.units, configuration.for_language(draft.language).reader
        ):
            translation_rows.rebuild_draft(connection, TranslationKey(draft.release_id, draft.language), now)


def _said_of(row: TranslationRow, said: Mapping[str, Grades]) -> dict[str, Grade | None]:
    """What the translation file says of the engines that made a translation."""
    source = Translation.model_validate_json(row.document or "").source or row.language
    return {name: said_of(said.get(name, {}), source, row.language) for name in (row.engine or "").split("+")}


def _read_otherwise(units: str | None, wanted: ReaderDocument | None) -> bool:
    """Whether a unit (JSON) is doubted by another second reader than is wanted now, or for another score."""
    doubted = (unit.reading for unit in unit_records.from_json(units) if unit.reading and unit.reading.doubt)
    by = wanted and (wanted.engine, wanted.threshold)
    return any((reading.reader, reading.wanted) != by for reading in doubted)


class _Forgetting:
    """When this process looks again for memory entries that are too old."""

    due = 0.0


def _forget(now: float, days: int) -> None:
    """Forget what engines made too long ago: a small portion in each sweep while there is some, else once an hour."""
    if _Forgetting.due - HOUR <= now < _Forgetting.due:
        return
    with ledger.write() as connection:
        gone = memory_entries.forget(connection, before=now - days * 24 * HOUR, at_most=FORGOTTEN)
    _Forgetting.due = now if gone == FORGOTTEN else now + HOUR


class _Profiles:
    """How far this process has looked for profiles that no outlet has, and when it looks on."""

    looked_at = 0
    due = 0.0

    @classmethod
    def tidy(cls, now: float) -> None:
        """Remove profiles that no outlet has: a small portion in each sweep, and once an hour from the beginning."""
        if cls.due - HOUR <= now < cls.due:
            return
        with ledger.write() as connection:
            last = outlet_profiles.remove_unused(connection, cls.looked_at, PROFILES)
        cls.looked_at, cls.due = (0, now + HOUR) if last is None else (last, now)
