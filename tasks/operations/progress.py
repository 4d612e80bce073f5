"""How far a release is: its deliveries by state and language, what is held and why, and which are late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from tasks.ledger import counts, late, publications, releases
from tasks.ledger.spans import Span, span_of
from tasks.media_store.store import Store
from tasks.model.publication import Said
from tasks.model.release import Release
from tasks.model.states import State
from tasks.operations import receipts
from tasks.operations import report as reports
from tasks.operations.retention import archived
from tasks.runtime import moments
from tasks.translation.holes import missing_words

LISTED = 10
"""Deliveries that are listed one by one, unless more are wanted."""
LATE = "late"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which deliveries or releases are listed; None, or no state: whatever it is."""

    states: tuple[State, ...] = ()
    since: float | None = None
    """Seconds since the epoch."""
    limit: int | None = None


EVERYTHING = Wanted()


def progress(connection: Connection, row: Row[Any], wanted: Wanted = EVERYTHING) -> dict[str, Any]:
    """How far the release of this row is, for programs. `wanted`: what is listed one by one."""
    span = span_of(connection, row.id)
    languages = counts.states(connection, row.id, span)
    states = counts.total(languages)
    return {
        "release": row.uri,
        "version": row.version,
        "killed_by": releases.killed_by(connection, row.uri, row.version),
        "planned": row.planned_at is not None,
        "sent_by": row.sent_by,
        **receipts.particulars(connection, row),
        "states": states,
        "languages": languages,
        "made_by": counts.engines(connection, row.id),
        "texts": counts.writing(connection, row.id),
        "held": counts.holds(connection, row.id) if State.HELD in states else [],
        "warnings": [vars(one) for one in missing_words(Release.from_ledger(row.document))],
        "reasons": reports.reasons(connection, span) if reports.WITH_REASON & states.keys() else [],
        **_published(connection, row, span),
        "all_have_it": states.keys() <= {State.DELIVERED} and counts.every_outlet_has_some(connection, span),
        **_listed(connection, span, wanted, states),
    }


def progress_anywhere(
    connection: Connection, row: Row[Any], store: Callable[[], Store], wanted: Wanted = EVERYTHING
) -> dict[str, Any]:
    """The same, also of a release that is archived: as it stood then, with `archived`: when, and in which file of the
    store. Raises NotPossible if that cannot be read."""
    with archived.where_it_is(connection, row.uri, store) as (source, archive):
        if archive is None:
            return progress(connection, row, wanted)
        then = releases.find(source, row.uri, row.version) or row
        about = {"at": moments.utc(archive.archived_at), "file": archive.name}
        return progress(source, then, wanted) | {"archived": about}


def _published(connection: Connection, row: Row[Any], span: Span) -> dict[str, Any]:
    """How many outlets say that they published it, accepted, rejected or took it down, and who said no."""
    standings = publications.of_release(connection, row.uri, row.version, span)
    no = [
        {"outlet": outlet, "language": language, "version": one.version, "what": one.fate.words, "url": one.fate.url,
         "reason": one.fate.reason, "at": moments.utc(one.fate.at)}
        for (outlet, language), one in sorted(standings.items())
        if one.fate.status is Said.REJECTED
    ]  # fmt: skip
    return {"published": publications.counted(standings), "not_published": no}


def _listed(connection: Connection, span: Span, wanted: Wanted, states: Mapping[str, int]) -> dict[str, Any]:
    """The deliveries that are listed one by one, and how many there are; moments in UTC. `states`: how many deliveries
    are in each."""
    found: list[dict[str, Any]] = []
    count = 0
    if states.keys() & (wanted.states or late.MAY_BE_LATE):
        found, count = late.listed(
            connection, span, states=wanted.states, since=wanted.since, limit=wanted.limit or LISTED
        )
    moments_of = ("last_attempt_at", "due_at")
    rows = [row | {name: row[name] and moments.utc(row[name]) for name in moments_of} for row in found]
    what = " or ".join(wanted.states) if wanted.states else LATE
    return {"listed": {"what": what, "count": count, "deliveries": rows}}
