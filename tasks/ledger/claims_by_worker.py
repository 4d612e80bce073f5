"""How much each worker process has claimed now: deliveries, translations, renditions, files. Asked by index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection, func, literal_column, select

from tasks.ledger.deliveries.conditions import IS_CLAIMED, d
from tasks.ledger.schema import release_media, renditions, translations

_OPEN = ((translations, "state <> 'made'"), (renditions, "state <> 'made'"), (release_media, "state = 'wanted'"))
_NAMES = ("translations", "renditions", "files")


def claims(connection: Connection, now: float) -> Mapping[str, Counter[str]]:
    """What each process holds a lease on at `now`: {process: {kind: n}}."""
    found: dict[str, Counter[str]] = {}
    query = select(d.claimed_by, func.count()).where(IS_CLAIMED).group_by(d.claimed_by)
    for process, n in connection.execute(query):
        found.setdefault(process or "", Counter())["deliveries"] += n
    for (table, is_open), name in zip(_OPEN, _NAMES, strict=True):
        by = table.c.claimed_by
        leased = select(by, func.count()).where(literal_column(is_open), table.c.lease_until > now, by.is_not(None))
        for process, n in connection.execute(leased.group_by(by)):
            found.setdefault(process, Counter())[name] += n
    return found
