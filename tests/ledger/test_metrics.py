"""Counters and last values of the ledger, and how much is open; on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, update

from tasks import ledger
from tasks.delivery.policy import RetryPolicy
from tasks.delivery.settling import AttemptTimes, settle
from tasks.delivery.verdicts import Judgement
from tasks.ledger import backlog, metrics
from tasks.ledger.deliveries import Claim, Result
from tasks.ledger.schema import releases
from tasks.model.states import Verdict
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, take
from tests.support.samples import outlet

pytestmark = pytest.mark.usefixtures("book")


def stored(name: str) -> dict[str, float]:
    with ledger.read() as connection:
        return {label: one.value for label, one in metrics.stored(connection).get(name, {}).items()}


def settled(of: Claim, verdict: Verdict, code: str, *, after: float, seconds: float = 0.5) -> Result:
    """What a drain makes of an attempt that began `after` seconds after the release was taken."""
    judgement = Judgement(verdict, "", None, disable_outlet=False, status=None, code=code)
    return settle(of, judgement, AttemptTimes(NOW + after, seconds), NOW + after + seconds, RetryPolicy(5, 60, 600))


def counted(counts: metrics.AttemptCounts, *results: Result) -> None:
    with ledger.write() as connection:
        counts.count(connection, results, NOW)


def test_attempts_are_counted_by_verdict_code_and_wait(book: Engine) -> None:
    receivers(outlet("a"), outlet("b"), outlet("c"))
    render(take())
    first, second, third = claim()
    counts = metrics.AttemptCounts()
    counted(
        counts,
        settled(first, Verdict.DELIVERED, "http_200", after=3),
        settled(second, Verdict.FAILED, "http_799", after=2),
        settled(third, Verdict.DEFERRED, "rate_limit", after=1),
    )
    assert stored(metrics.ATTEMPTS) == {"delivered http_200": 1, "failed http_other": 1, "deferred rate_limit": 1}
    assert stored(metrics.DELAY) == {"5.0": 1}
    assert (stored(metrics.LAG), stored(metrics.LAG + metrics.SUM)) == ({"2.5": 1}, {"": 2.0}), "deferred is no attempt"
    counted(counts, settled(second, Verdict.DELIVERED, "http_200", after=50_000_000))
    counted(metrics.AttemptCounts(), settled(third, Verdict.DELIVERED, "http_200", after=9))
    assert stored(metrics.LAG) == {"2.5": 1}, "a release has one first attempt, whoever looks"
    assert stored(metrics.DELAY) == {"5.0": 1, "10.0": 1, "+Inf": 1}
    assert stored(metrics.ATTEMPTS)["delivered http_200"] == 3


def test_nothing_is_counted_of_a_transaction_that_fails(book: Engine) -> None:
    receivers(outlet("a"))
    render(take())
    [mine] = claim()
    counts, one = metrics.AttemptCounts(), settled(mine, Verdict.DELIVERED, "http_200", after=1)
    with ledger.write() as connection:
        counts.count(connection, [one], NOW)
        connection.rollback()
    assert stored(metrics.ATTEMPTS) == {}
    counted(counts, one)
    assert (stored(metrics.ATTEMPTS), stored(metrics.LAG)) == ({"delivered http_200": 1}, {"1.0": 1})


def test_an_embargoed_release_has_its_lag_from_the_end_of_the_embargo(book: Engine) -> None:
    receivers(outlet("a"))
    number = take()
    render(number)
    [mine] = claim()
    with ledger.write() as connection:
        connection.execute(update(releases).values(embargo_until=NOW + 100))
    counted(metrics.AttemptCounts(), settled(mine, Verdict.DELIVERED, "http_200", after=103))
    assert stored(metrics.LAG) == {"5.0": 1}


def test_last_values_are_replaced_and_forgotten(book: Engine) -> None:
    with ledger.write() as connection:
        metrics.put(connection, "queue", {"plan": 3, "format": 1}, NOW)
        metrics.put(connection, "queue", {"plan": 2}, NOW + 10)
        metrics.add(connection, {("attempts", "x"): 1}, NOW)
        metrics.forget(connection, NOW + 5)
    assert stored("queue") == {"plan": 2}
    assert stored("attempts") == {"x": 1}, "counters stay"


def test_what_is_open_is_counted(book: Engine) -> None:
    receivers(outlet("a"), outlet("b"), outlet("c"), outlet("d", languages=["de"]))
    render(take())
    first, second, third = claim(limit=3)
    finish(result(first))
    later = replace(result(second), state="due", verdict="failed", due_at=NOW + 60)  # type: ignore[arg-type]
    finish(later)
    with ledger.read() as connection:
        found, then = backlog.backlog(connection, NOW + 1), backlog.backlog(connection, NOW + 61)
    assert (found.due, found.due_later, found.leased, found.held["translation"]) == (0, 1, 1, 1)
    assert (found.oldest_due_at, then.oldest_due_at, then.due) == (None, NOW + 60, 1)
    assert (found.translations["wanted"], found.unplanned, found.releases_taken) == (1, 0, third.release_id)
