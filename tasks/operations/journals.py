"""Writes into the ledger what drains had read of outlets and could not write any more: their journals say it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import structlog
from sqlalchemy import Connection

from tasks import ledger
from tasks.delivery import answering
from tasks.ledger import deliveries, journal
from tasks.ledger.metrics import AttemptCounts

log = structlog.get_logger()


def take_in(folder: Path, holders: Collection[str] = ()) -> int:
    """Write into the ledger what stands in the journals of drains that are gone, and of these `holders`, whose claims
    are about to be freed; the number of results. Call it before that."""
    taken = 0
    for page in journal.pages(folder):
        if page.left or page.process in holders:
            if found := page.results():
                with ledger.write() as connection:
                    taken += _write(connection, found)
            if page.over:
                page.path.unlink(missing_ok=True)
    return taken


def _write(connection: Connection, noted: list[journal.Noted]) -> int:
    """Write those of these results whose attempts nobody has settled since."""
    open_ones = deliveries.unsettled(connection, [result for result, _ in noted])
    results = [result for result, _ in noted if result.delivery_id in open_ones]
    if not results:
        return 0
    taken = deliveries.finish(connection, results)
    said = [(result.delivery_id, what) for result, what in noted if what and result.delivery_id in open_ones]
    if said:
        answering.take(connection, said)
    AttemptCounts().count(connection, results, ledger.now(connection))
    log.warning("results of a vanished drain taken from its journal", count=taken)
    return taken
