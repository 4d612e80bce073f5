"""How much needs somebody now, for the navigation. One look for all who ask: it is kept for some seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from tasks import ledger
from tasks.ledger.deliveries.conditions import IS_DUE, d
from tasks.ledger.schema import IS_DRAFT, notices, refusals, translations

KEPT_SECONDS = 3.0
LATE_SECONDS = 60.0
"""A delivery that has been due for so long is late: nobody has taken it."""
LATELY_SECONDS = 24 * 3600.0
"""Notices and refusals count for a day."""
MOST = 1000
"""Counting ends here, so that a look costs the same however much there is."""

_looking = threading.Lock()
_looked: list[tuple[float, Mapping[str, int]]] = []


def counts() -> Mapping[str, int]:
    """How many there are of each: `releases` (late deliveries), `translations` (drafts that wait for an editor),
    `notices` and `refusals` of the last day; MOST stands for that and more."""
    with _looking:
        if not _looked or time.monotonic() - _looked[0][0] > KEPT_SECONDS:
            with ledger.read() as connection:
                _looked[:] = [(time.monotonic(), _count(connection, ledger.now(connection)))]
        return _looked[0][1]


def forget() -> None:
    """Look again at the next question."""
    _looked.clear()


def _count(connection: Connection, now: float) -> dict[str, int]:
    late = select(d.id).where(IS_DUE, d.due_at < now - LATE_SECONDS).limit(MOST)
    drafts = select(translations.c.language).where(translations.c.status == IS_DRAFT).limit(MOST)
    since = now - LATELY_SECONDS
    told = select(notices.c.at.label("at")).order_by(notices.c.id.desc()).limit(MOST).subquery()
    refused = select(refusals.c.received_at.label("at")).order_by(refusals.c.id.desc()).limit(MOST).subquery()
    return {
        "releases": connection.scalar(select(func.count()).select_from(late.subquery())) or 0,
        "translations": connection.scalar(select(func.count()).select_from(drafts.subquery())) or 0,
        "notices": connection.scalar(select(func.count()).where(told.c.at >= since)) or 0,
        "refusals": connection.scalar(select(func.count()).where(refused.c.at >= since)) or 0,
    }
