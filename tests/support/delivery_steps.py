"""Steps in the life of a delivery, for tests: what the stages and a drain do with the ledger."""

from __future__ import annotations

import hashlib
from typing import Any

from tasks import ledger, planning
from tasks.ledger import artifacts, counts, deliveries, outlets, releases, rendition_rows
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.deliveries import Claim, Result
from tasks.model.states import State, Verdict
from tests.support.samples import release

NOW = 1_800_000_000.0
BYTES: Any = {"content_type": "text/plain", "body": b"x", "sha256": hashlib.sha256(b"x").hexdigest()}
"""What a builder of renditions hands in."""


def take(*, now: float = NOW, **fields: Any) -> int:
    """A release in the ledger and planned; its number."""
    with ledger.write() as connection:
        taken = releases.take(connection, release(**fields), now)
    planning.plan(taken.release_id, now)
    return taken.release_id


def render(release_id: int, language: str = "en", now: float = NOW) -> int:
    """Make the renditions of a language as the format stage does; the number of deliveries that became due."""
    with ledger.write() as connection:
        for key in rendition_rows.unmade(connection, TranslationKey(release_id, language)):
            attempt = artifacts.claim(connection, key, now=now, lease=60)
            assert attempt is not None
            rendition_rows.finish(connection, key, attempt=attempt, now=now, **BYTES)
        return deliveries.promote(connection, release_id, now, language)


def receivers(*found: Any) -> None:
    with ledger.write() as connection:
        outlets.put(connection, found, NOW)


def claim(worker: str = "a", *, now: float = NOW, lease: float = 60, limit: int = 100) -> list[Claim]:
    with ledger.write() as connection:
        return deliveries.claim(connection, worker, now=now, lease=lease, limit=limit)


def result(of: Claim, state: State = State.DELIVERED, due_at: float | None = None) -> Result:
    verdict = Verdict.DELIVERED if state is State.DELIVERED else Verdict.FAILED
    return Result(
        delivery_id=of.id,
        attempt=of.attempt,
        state=state,
        verdict=verdict,
        status=200,
        reason=None,
        due_at=due_at,
        tries=of.tries + 1,
        ended_at=NOW + 1,
        started_at=NOW,
        seconds=1.0,
    )


def finish(*results: Result) -> int:
    with ledger.write() as connection:
        return deliveries.finish(connection, results)


def states(release_id: int) -> dict[str, int]:
    with ledger.read() as connection:
        return counts.total(counts.states(connection, release_id))
