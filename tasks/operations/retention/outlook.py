"""What a run of retention would take, when, and what it would leave and why: for people, and for programs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from tasks import ledger
from tasks.ledger import archive_rows, retained_rows, sqlite_space
from tasks.ledger.retained_rows import Candidate
from tasks.model.retention_policy import DAY, RetentionPolicy, Stage
from tasks.operations.retention.eligibility import FROM, Kept, Rules, examine
from tasks.operations.retention.retention_run import STAGES
from tasks.runtime import moments

KINDS = {
    Stage.NO_FEEDS: "feeds",
    Stage.NO_BYTES: "renditions",
    Stage.NO_ANSWERS: "answers",
    Stage.ARRIVED_ONLY: "attempts",
    Stage.ARCHIVED: "deliveries",
    Stage.NO_TEXTS: "releases",
}
"""What the retention file calls that which a stage takes, in the order in which it goes."""


@dataclass
class Line:
    """What would go of one kind."""

    kind: str
    days: int
    releases: int = 0
    """Versions of releases that lose it; of `deliveries`, releases that go into archive files."""
    rows: int = 0
    next_at: str | None = None
    """When it is next taken from a release that is too young now, by the fewest days that the file says; UTC."""


@dataclass
class Outlook:
    """What a run would take now, and what it would leave."""

    at: str
    lines: list[Line]
    others: dict[str, int]
    """Rows that belong to no release: refusals, notices, media."""
    kept: dict[str, int] = field(default_factory=dict)
    """How many releases stay although their days are over, by the reason."""

    def to_dict(self) -> dict[str, Any]:
        """The same for programs."""
        return asdict(self)


def outlook(policy: RetentionPolicy, *, days_ahead: float = 0, address_days: int = 0) -> Outlook:
    """Look what a run would take if it were so many days later; changes nothing."""
    with ledger.read() as connection:
        now = ledger.now(connection) + days_ahead * DAY
        rules = Rules(policy, now, retained_rows.held_uris(connection), address_days)
    lines = {stage: Line(kind, policy.days.of(stage)) for stage, kind in KINDS.items()}
    kept: Counter[Kept] = Counter()
    seen: set[int] = set()
    for stage in STAGES:
        if stage not in lines:
            continue
        for found in examine(rules, stage):
            if found.kept is None:
                _count(lines, stage, [one for one in found.versions if one.id not in seen])
            elif found.kept is not Kept.OTHER_DAYS and not seen.issuperset(one.id for one in found.versions):
                kept[found.kept] += 1
            if found.kept is not Kept.OTHER_DAYS:
                seen.update(one.id for one in found.versions)
        lines[stage].next_at = _next(rules, stage)
    return Outlook(moments.utc(now), list(lines.values()), _others(rules), {kind.value: n for kind, n in kept.items()})


def _count(lines: dict[Stage, Line], stage: Stage, versions: list[Candidate]) -> None:
    """Count what leaves with these versions: what a stage takes, and before the archive what those below it do."""
    if not versions:
        return
    if stage >= Stage.ARCHIVED:
        lines[stage].releases += 1 if stage is Stage.ARCHIVED else len(versions)
        with ledger.read() as connection:
            lines[stage].rows += retained_rows.count(connection, stage, [one.id for one in versions])
        return
    for one in versions:
        for below in (step for step in lines if one.retained < step <= stage):
            lines[below].releases += 1
            with ledger.read() as connection:
                lines[below].rows += retained_rows.count(connection, below, [one.id])


def _next(rules: Rules, stage: Stage) -> str | None:
    with ledger.read() as connection:
        oldest = retained_rows.oldest(connection, FROM[stage], rules.moment(stage))
    return None if oldest is None else moments.utc(oldest + rules.policy.fewest(stage) * DAY)


def _others(rules: Rules) -> dict[str, int]:
    days = rules.policy.days
    with ledger.read() as connection:
        found = {
            kind: retained_rows.count_old(connection, kind, rules.now - getattr(days, kind) * DAY)
            for kind in retained_rows.OLD
        }
        return found | {"media": retained_rows.count_unused_media(connection, rules.now - days.media * DAY)}


def standing() -> dict[str, Any]:
    """What there is: legal holds, archive files, and on SQLite the size of the ledger and what is free in it."""
    with ledger.read() as connection:
        files, deliveries, size = archive_rows.totals(connection)
        found: dict[str, Any] = {
            "legal_holds": [
                {"release": row.uri, "since": moments.utc(row.since), "reason": row.reason, "by": row.by}
                for row in archive_rows.holds(connection)
            ],
            "archive": {"releases": files, "deliveries": deliveries, "bytes": size},
        }
        if connection.dialect.name == "sqlite":
            whole, free = sqlite_space.size(connection)
            gives = sqlite_space.gives_back(connection)
            found["ledger"] = {"bytes": whole, "free_bytes": free, "gives_space_back": gives}
    return found
