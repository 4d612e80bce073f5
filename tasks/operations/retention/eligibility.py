"""Which releases have reached the age of a stage, and why some stay all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import archive_rows, releases, retained_rows
from tasks.ledger.retained_rows import Candidate
from tasks.model.retention_policy import DAY, RetentionPolicy, Stage

RESTORED_DAYS = 7
"""Days for which a release that was brought back from its archive file stays, for its correction or kill to come."""
_CHUNK = 100
FROM: dict[Stage, tuple[Stage, ...]] = {
    Stage.NO_TEXTS: (Stage.NO_DELIVERIES,),
    Stage.NO_DELIVERIES: (Stage.ARCHIVED,),
    **{stage: tuple(Stage(n) for n in range(stage)) for stage in Stage if Stage.WHOLE < stage <= Stage.ARCHIVED},
}
"""From which stages a release comes to each, the last stage first."""


class Kept(StrEnum):
    """Why a release stays although its days are over; the value is for people."""

    LEGAL_HOLD = "a legal hold names them"
    OPEN = "a delivery is not final"
    UNPLANNED = "they are not planned yet"
    YOUNGER = "a newer version is too young"
    RESTORED = "they were brought back from the archive lately"
    NEWEST = "they have the delivery with the highest number"
    NOT_ARCHIVED = "the ledger says that they are archived, and has no archive file of them"
    OTHER_DAYS = "their customer or their embargo gives them longer"


@dataclass(frozen=True)
class Examined:
    """A release version, or all versions of a release from `ARCHIVED` on, and why they stay; None: they go."""

    versions: tuple[Candidate, ...]
    kept: Kept | None


@dataclass(frozen=True)
class Rules:
    """What decides whether a release reaches a stage."""

    policy: RetentionPolicy
    now: float
    holds: Mapping[str, str]
    """Legal holds: {uri: reason}."""
    address_days: int = 0
    """Days for which the addresses of its files at the web server are good: texts stay as long, for by them the server
    knows what was killed."""

    def moment(self, stage: Stage) -> float:
        """Releases that were taken after this moment cannot have reached a stage; what is archived goes at any age."""
        if stage is Stage.NO_DELIVERIES:
            return float("inf")
        return self.now - self.policy.fewest(stage) * DAY

    def is_old(self, candidate: Candidate, stage: Stage, issuer: Callable[[], str | None]) -> bool:
        """Whether a release version has reached the age of a stage. What goes no sooner than the deliveries goes with
        them, so that the archive file has it."""
        days = self.policy.for_release(candidate.producer, issuer)
        if stage in (Stage.NO_ANSWERS, Stage.ARRIVED_ONLY) and days.of(stage) >= days.of(Stage.ARCHIVED):
            return False
        wanted = max(days.of(stage), self.address_days) if stage is Stage.NO_TEXTS else days.of(stage)
        return candidate.age_from < self.now - wanted * DAY


def examine(rules: Rules, stage: Stage) -> Iterator[Examined]:
    """All releases that may have reached a stage, the oldest first. Each look at the ledger is a short one."""
    after, seen = (0.0, 0), set[str]()
    while True:
        with ledger.read() as connection:
            found = retained_rows.candidates(connection, FROM[stage], rules.moment(stage), after, _CHUNK)
            examined = []
            for one in found:
                if stage < Stage.ARCHIVED:
                    examined.append(Examined((one,), kept(connection, rules, stage, (one,))))
                elif one.uri not in seen:
                    seen.add(one.uri)
                    whole = tuple(retained_rows.versions(connection, one.uri))
                    examined.append(Examined(whole, kept(connection, rules, stage, whole)))
        yield from examined
        if len(found) < _CHUNK:
            return
        after = (found[-1].received_at, found[-1].id)


def kept(connection: Connection, rules: Rules, stage: Stage, versions: tuple[Candidate, ...]) -> Kept | None:
    """Why these versions of a release stay; None: they have reached the stage, and nothing keeps them."""
    newest = versions[-1]
    if newest.uri in rules.holds:
        return Kept.LEGAL_HOLD
    if stage > Stage.ARCHIVED and not _is_in_a_file(connection, newest):
        return Kept.NOT_ARCHIVED
    if stage is Stage.NO_DELIVERIES:
        return None
    for one in versions:
        if not rules.is_old(one, stage, lambda one=one: _issuer(connection, one)):  # type: ignore[misc]
            return Kept.YOUNGER if one is not versions[0] else Kept.OTHER_DAYS
    if stage is Stage.NO_TEXTS:
        return None
    if not all(one.planned for one in versions):
        return Kept.UNPLANNED
    ids = [one.id for one in versions]
    if retained_rows.any_open(connection, ids):
        return Kept.OPEN
    if stage is Stage.ARCHIVED:
        if retained_rows.has_newest_delivery(connection, ids):
            return Kept.NEWEST
        archive = archive_rows.get(connection, newest.uri)
        if archive is not None and (archive.restored_at or 0) > rules.now - RESTORED_DAYS * DAY:
            return Kept.RESTORED
    return None


def _is_in_a_file(connection: Connection, newest: Candidate) -> bool:
    """Whether there is an archive file of a release up to this version. That its rows say so is not enough, for whoever
    edits them would have them deleted for good."""
    archive = archive_rows.get(connection, newest.uri)
    return archive is not None and bool(archive.newest >= newest.version)


def _issuer(connection: Connection, candidate: Candidate) -> str | None:
    """The issuer that a release names."""
    issuer = releases.get(connection, candidate.id).issuer
    return issuer.name if issuer else None
