"""How much is open now: due, leased, held, or still to be built. Asked by index: finished rows cost nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Table, case, func, literal_column, select, text

from tasks.ledger.deliveries.conditions import IS_CLAIMED, IS_DUE, d
from tasks.ledger.schema import STUCK, deliveries, refusals, release_media, releases, renditions, translations
from tasks.model.states import Hold


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """What is open, as numbers of rows. Moments are seconds since the epoch."""

    due: int
    """Deliveries that may be sent now."""
    due_later: int
    """Deliveries that will be tried again later."""
    oldest_due_at: float | None
    """When the delivery was due that has waited longest; None if none is due."""
    leased: int
    held: dict[str, int]
    """By kind of hold."""
    unplanned: int
    oldest_unplanned_at: float | None
    """When the oldest release was taken that is not planned yet."""
    translations: dict[str, int]
    """By state, those that are not made."""
    renditions: dict[str, int]
    """By state, those that are not made."""
    media: dict[str, int]
    """Files of releases still to be fetched, by the code that the last try met; empty if there was none."""
    releases_taken: int
    """The number of the newest release version."""
    refusals: int
    """The number of the newest refusal."""


def backlog(connection: Connection, now: float) -> Backlog:
    """Count what is open. `now`: by the ledger's clock."""
    ready = func.coalesce(func.sum(case((d.due_at <= now, 1), else_=0)), 0)
    all_due, due, oldest = connection.execute(select(func.count(), ready, func.min(d.due_at)).where(IS_DUE)).one()
    waiting = releases.c.planned_at.is_(None)
    unplanned, since = connection.execute(select(func.count(), func.min(releases.c.received_at)).where(waiting)).one()
    return Backlog(
        due=int(due),
        due_later=all_due - int(due),
        oldest_due_at=oldest if oldest is not None and oldest <= now else None,
        leased=connection.execute(select(func.count()).where(IS_CLAIMED)).scalar_one(),
        held=_held(connection),
        unplanned=unplanned,
        oldest_unplanned_at=since,
        translations=_unmade(connection, translations),
        renditions=_unmade(connection, renditions),
        media=_by(connection, release_media, release_media.c.code, "state = 'wanted'"),
        releases_taken=connection.execute(select(func.max(releases.c.id))).scalar() or 0,
        refusals=connection.execute(select(func.max(refusals.c.id))).scalar() or 0,
    )


def stuck(connection: Connection) -> int:
    """How many deliveries have no next step: neither final nor scheduled, leased or held for anything. Always 0, but
    for a fault of ours."""
    return connection.execute(select(func.count()).select_from(deliveries).where(text(STUCK))).scalar_one()


def _held(connection: Connection) -> dict[str, int]:
    found = connection.execute(
        select(d.hold_kind, func.count()).where(literal_column("state = 'held'")).group_by(d.hold_kind)
    )
    return dict.fromkeys(Hold, 0) | {kind or "": n for kind, n in found}


def _unmade(connection: Connection, table: Table) -> dict[str, int]:
    return {"wanted": 0, "held": 0} | _by(connection, table, table.c.state, "state <> 'made'")


def _by(connection: Connection, table: Table, column: Column[str], where: str) -> dict[str, int]:
    """Count rows by a column; `where` as a partial index has it."""
    query = select(column, func.count()).select_from(table).where(literal_column(where)).group_by(column)
    return {value or "": n for value, n in connection.execute(query)}
