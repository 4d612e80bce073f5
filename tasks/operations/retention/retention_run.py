"""A run of retention: takes from the ledger, stage by stage, what the policy no longer keeps."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import file_digest
from typing import Any

import structlog
from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import archive_rows, audit, releases, retained_rows, sqlite_space
from tasks.ledger.retained_rows import Candidate
from tasks.media_store.store import Store
from tasks.model.acts import Act
from tasks.model.release import Release
from tasks.model.retention_policy import DAY, RetentionPolicy, Stage
from tasks.operations.retention import archive_file
from tasks.operations.retention.eligibility import Kept, Rules, examine, kept
from tasks.operations.retention.pace import Enough, Pace

log = structlog.get_logger()
Find = Callable[[Candidate, Connection, int], Sequence[Any]]
Take = Callable[[Candidate, Connection, Sequence[Any]], None]
STAGES = (
    Stage.NO_DELIVERIES, Stage.NO_TEXTS, Stage.ARCHIVED, Stage.ARRIVED_ONLY, Stage.NO_ANSWERS, Stage.NO_BYTES,
    Stage.NO_FEEDS,
)  # fmt: skip
"""In the order of a run: what is archived already goes first, and nothing is taken from a release that is archived in
the same run, so that its file has all."""
REMOVAL_GRACE = 3600.0
"""Seconds after which a file leaves the store of media that no row names any more: whoever fetches the same file again
has noted it by then."""
ADDRESSES_KEPT = 30
"""Days for which an address of a feed that has ended stays on record."""
_OF_A_VERSION: dict[Stage, tuple[str, Find, Take]] = {
    Stage.NO_FEEDS: ("feed entries", retained_rows.some_feed_entries, retained_rows.remove_feed_entries),
    Stage.NO_BYTES: ("renditions", retained_rows.some_bodies, retained_rows.remove_bodies),
    Stage.NO_ANSWERS: ("answers", retained_rows.some_answers, retained_rows.remove_answers),
    Stage.ARRIVED_ONLY: ("attempts", retained_rows.some_that_did_not_arrive, retained_rows.remove_attempts),
}
"""What each stage takes from a release version: its name, and how it is found and taken."""
_IN_MEMORY = 8 * 1024 * 1024
_CONTENT_TYPE = "application/gzip"


@dataclass
class Summary:
    """What a run came to."""

    taken: Counter[str] = field(default_factory=Counter)
    """How many rows of each kind went; `archived`: releases that were written into archive files."""
    kept: Counter[Kept] = field(default_factory=Counter)
    """How many releases stay although their days are over, by the reason."""
    finished: bool = False
    """Whether nothing is left to be taken; else the next run goes on."""
    longest_lock: float = 0.0
    """Seconds for which a transaction of the run held the ledger at most."""

    def __str__(self) -> str:
        gone = ", ".join(f"{n:,} {kind}" for kind, n in sorted(self.taken.items()) if n)
        return (gone or "nothing to take") + ("" if self.finished else "; the next run goes on")


def run(
    policy: RetentionPolicy,
    *,
    archive: Store,
    media: Store,
    pace: Pace,
    now: float | None = None,
    address_days: int = 0,
) -> Summary:
    """Take what is due by the policy; `now`: seconds since the epoch, the ledger's clock if left out.

    `address_days`: for how long the addresses of files are good (FANWIRE_MEDIA_DAYS).
    """
    with ledger.read() as connection:
        rules = Rules(policy, ledger.now(connection) if now is None else now, retained_rows.held_uris(connection),
                      address_days)  # fmt: skip
    one = _Run(rules, archive, media, pace)
    try:
        one.all()
        one.summary.finished = True
    except Enough:
        pass
    one.summary.longest_lock = pace.longest
    return one.summary


class _Run:
    """One run: its rules, its stores, and what it came to so far."""

    def __init__(self, rules: Rules, archive: Store, media: Store, pace: Pace) -> None:
        self.summary = Summary()
        self._rules, self._archive, self._media, self._pace = rules, archive, media, pace

    def all(self) -> None:
        """Everything, once."""
        stay: dict[int, Kept] = {}
        for stage in STAGES:
            for found in examine(self._rules, stage):
                if found.kept is None:
                    self._go(found.versions, stage)
                elif found.kept is not Kept.OTHER_DAYS:
                    stay[found.versions[-1].id] = found.kept
            self.summary.kept = Counter(stay.values())
        self._old_rows()
        self._media_files()
        self._give_space_back()

    def _go(self, versions: tuple[Candidate, ...], stage: Stage) -> None:
        """Bring a release version, or from `ARCHIVED` on all versions of a release, to a stage."""
        if stage < Stage.ARCHIVED:
            self._advance(versions, stage)
        elif stage is Stage.ARCHIVED:
            self._archived(versions)
        elif stage is Stage.NO_DELIVERIES:
            self._deliveries(versions)
        else:
            self._texts(versions)

    def _advance(self, versions: tuple[Candidate, ...], to: Stage) -> None:
        """Take from a release version all that the stages up to this one take."""
        (one,) = versions
        for stage, (name, find, take) in _OF_A_VERSION.items():
            if one.retained < stage <= to:
                self.summary.taken[name] += self._pace.through(partial(find, one), partial(take, one))
        self._pace.once(lambda connection: retained_rows.mark(connection, [one.id], to))

    def _archived(self, versions: tuple[Candidate, ...]) -> None:
        """Write a release into its file, note that, and take its rows."""
        self._pace.room()
        newest = versions[-1]
        ids = [one.id for one in versions]
        name = archive_file.file_name(newest.uri, newest.received_at)
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as draft:
            with ledger.read() as connection:
                before = retained_rows.fingerprint(connection, ids)
                older = archive_rows.get(connection, newest.uri)
                counted = archive_file.write(connection, versions, draft, self._rules.now)
            size = draft.tell()
            draft.seek(0)
            digest = file_digest(draft, "sha256").hexdigest()
            draft.seek(0)
            self._archive.write(name, draft, _CONTENT_TYPE)
        row = {"uri": newest.uri, "name": name, "sha256": digest, "bytes": size, "newest": newest.version}
        row |= {"deliveries": counted["deliveries"], "archived_at": self._rules.now}
        noted: list[bool] = []

        def note(connection: Connection) -> None:
            releases.one_taker_at_a_time(connection, newest.uri)
            whole = tuple(retained_rows.versions(connection, newest.uri))
            unchanged = retained_rows.fingerprint(connection, ids) == before
            if whole == versions and unchanged and kept(connection, self._rules, Stage.ARCHIVED, whole) is None:
                archive_rows.keep(connection, row)
                retained_rows.mark(connection, ids, Stage.ARCHIVED)
                new = {"file": name, "sha256": digest, "deliveries": counted["deliveries"]}
                audit.record(connection, audit.of_release(Act.ARCHIVE, newest.uri, newest.version, new=new))
                noted.append(True)

        self._pace.once(note)
        if not noted:  # something came of it meanwhile; the next run looks again
            return
        if older is not None and older.name != name:
            self._archive.unlink(older.name)
        self.summary.taken["archived"] += 1
        log.info("release archived", release=newest.uri, version=newest.version, file=name, bytes=size)
        self._deliveries(versions)

    def _deliveries(self, versions: tuple[Candidate, ...]) -> None:
        """Take the rows of a release that is in its archive file."""
        ids = [one.id for one in versions]
        self.summary.taken["deliveries"] += self._pace.through(
            lambda connection, limit: retained_rows.some_final(connection, ids, limit), retained_rows.remove_deliveries
        )
        for one in versions:
            for stage in (Stage.NO_FEEDS, Stage.NO_BYTES):
                name, find, take = _OF_A_VERSION[stage]
                self.summary.taken[name] += self._pace.through(partial(find, one), partial(take, one))

        def end(connection: Connection) -> None:
            retained_rows.remove_renditions(connection, ids)
            retained_rows.mark(connection, ids, Stage.NO_DELIVERIES)

        self._pace.once(end)

    def _texts(self, versions: tuple[Candidate, ...]) -> None:
        for one in versions:
            self._pace.room()

            def take(connection: Connection, one: Candidate = one) -> None:
                heading = _heading(releases.get(connection, one.id))
                retained_rows.remove_texts(connection, one.id, heading.to_json())
                retained_rows.mark(connection, [one.id], Stage.NO_TEXTS)

            self._pace.once(take)
            self.summary.taken["texts"] += 1

    def _old_rows(self) -> None:
        days = self._rules.policy.days
        for kind in retained_rows.OLD:
            before = self._rules.now - getattr(days, kind) * DAY
            self.summary.taken[kind] += self._pace.through(
                lambda connection, limit, kind=kind, before=before: retained_rows.some_old(  # type: ignore[misc]
                    connection, kind, before, limit
                ),
                lambda connection, ids, kind=kind: retained_rows.remove_old(connection, kind, ids),  # type: ignore[misc]
            )
        ended = self._rules.now - ADDRESSES_KEPT * DAY
        self.summary.taken["feed addresses"] += self._pace.through(
            lambda connection, limit: retained_rows.some_ended_addresses(connection, ended, limit),
            retained_rows.remove_addresses,
        )

    def _media_files(self) -> None:
        now, before = self._rules.now, self._rules.now - self._rules.policy.days.media * DAY
        self.summary.taken["media"] += self._pace.through(
            lambda connection, limit: retained_rows.some_unused_media(connection, before, limit),
            lambda connection, files: retained_rows.remove_media(connection, files, now),
        )
        while True:
            self._pace.room()
            with ledger.read() as connection:
                found = retained_rows.media_to_remove(connection, now - REMOVAL_GRACE, 100)
            if not found:
                return
            for sha256, used in found.items():
                if not used:
                    self._media.remove(sha256)
                    self.summary.taken["media files"] += 1
            self._pace.once(lambda connection: retained_rows.forget_removals(connection, list(found)))  # noqa: B023

    def _give_space_back(self) -> None:
        """Return to the system what SQLite has free beyond what the next days fill again. PostgreSQL's autovacuum keeps
        it for new rows."""
        self.summary.taken["bytes given back"] += (
            self._pace.through(sqlite_space.to_give_back, sqlite_space.give_back) * sqlite_space.PAGE
        )


def _heading(release: Release) -> Release:
    """What is left of a release without its texts: what lists of releases show."""
    return release.model_copy(
        update={"body_html": None if release.status == "canceled" else "<p>…</p>", "translations": {}, "media": []}
    )
