"""What becomes of a claim: by its result, or by the end of its lease."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, Row, select, text, update

from tasks import ledger
from tasks.ledger import deliveries, outlets
from tasks.ledger.deliveries import VANISHED, Claim
from tasks.ledger.schema import attempts
from tasks.ledger.schema import deliveries as rows
from tasks.model.codes import Code
from tasks.model.states import Hold, State, Verdict
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, states, take
from tests.support.samples import outlet

pytestmark = pytest.mark.usefixtures("book")
LEASE = 60.0
T = TypeVar("T")


def claimed(*names: str) -> list[Claim]:
    """A claim of one delivery to each of these outlets."""
    receivers(*map(outlet, names))
    render(take())
    return claim(lease=LEASE)


def claimed_of(uri: str) -> list[Claim]:
    """A claim of another release's delivery to each outlet that there is."""
    render(take(uri=uri))
    return claim(lease=LEASE)


def row(of: Claim) -> Row[Any]:
    with ledger.read() as connection:
        return connection.execute(select(rows).where(rows.c.id == of.id)).one()


def noted() -> list[tuple[Any, ...]]:
    """The attempts on record."""
    names = ("delivery_id", "attempt", "verdict", "status", "code", "detail", "started_at", "seconds")
    with ledger.read() as connection:
        return [tuple(found) for found in connection.execute(select(*(attempts.c[name] for name in names)))]


def put(of: Claim, **values: Any) -> None:
    """Change the row of a claim as something else in Fanwire would."""
    with ledger.write() as connection:
        connection.execute(update(rows).where(rows.c.id == of.id).values(values))


def expire(now: float, horizon: float = float("inf")) -> int:
    with ledger.write() as connection:
        return deliveries.expire_leases(connection, now, horizon)


@contextmanager
def locked(of: Claim) -> Iterator[None]:
    """Somebody else is in the middle of a transaction that has this row, and stands still."""
    with ledger.write() as theirs:
        theirs.execute(select(rows).where(rows.c.id == of.id).with_for_update())
        yield


def without_waiting(ask: Callable[[Connection], T]) -> T:
    """What a transaction finds that fails where it would wait for a lock."""
    with ledger.write() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        return ask(connection)


# --- results


def test_a_result_is_written_with_all_that_it_says() -> None:
    [mine] = claimed("a")
    put(mine, hold_detail="of an earlier hold")
    failed = replace(
        result(mine, State.DUE, NOW + 30), status=503, reason="503 Busy", code="http_503", tries=4, seconds=2.5
    )
    assert finish(failed) == 1
    found = row(mine)
    assert (found.state, found.verdict, found.status) == ("due", "failed", 503)
    assert (found.reason, found.code) == ("503 Busy", "http_503")
    assert (found.due_at, found.tries, found.ended_at) == (NOW + 30, 4, NOW + 1)
    assert (found.claimed_by, found.lease_until, found.hold_kind, found.hold_detail) == (None, None, None, None)
    assert (found.attempt, found.first_due_at) == (1, NOW)
    assert noted() == [(mine.id, 1, "failed", 503, "http_503", "503 Busy", NOW, 2.5)]


def test_each_result_goes_to_its_own_row() -> None:
    first, second, third = claimed("a", "b", "c")
    assert finish(result(first), result(third, State.DUE, NOW + 9)) == 2
    assert [row(one).state for one in (first, second, third)] == ["delivered", "claimed", "due"]
    assert len(noted()) == 2


def test_no_results_change_nothing() -> None:
    [mine] = claimed("a")
    assert finish() == 0
    assert row(mine).state == "claimed"


def test_what_was_put_off_was_no_attempt() -> None:
    first, second = claimed("a", "b")
    put_off = replace(result(first, State.DUE, NOW + 5), verdict=Verdict.DEFERRED)
    assert finish(put_off) == 1
    assert noted() == []
    assert row(first).due_at == NOW + 5
    assert finish(result(second), replace(put_off, attempt=9)) == 1
    assert [one[0] for one in noted()] == [second.id]


@pytest.mark.parametrize(
    ("state", "verdict", "counts"),
    [
        ("claimed", Verdict.FAILED, True),
        ("due", Verdict.FAILED, True),  # its lease ended, and nobody has claimed it anew
        ("held", Verdict.FAILED, False),
        ("held", Verdict.DELIVERED, True),  # it must not go out again when the pause ends
        ("delivered", Verdict.DELIVERED, False),
        ("superseded", Verdict.DELIVERED, False),
        ("canceled", Verdict.FAILED, False),
    ],
)
def test_whether_a_result_counts_depends_on_what_became_of_the_row(
    state: str, verdict: Verdict, *, counts: bool
) -> None:
    [mine] = claimed("a")
    put(mine, state=state)
    late = replace(result(mine, State.REJECTED), verdict=verdict)
    assert finish(late) == int(counts)
    assert row(mine).state == ("rejected" if counts else state)
    assert len(noted()) == 1  # the outlet saw it, whatever the row says


def test_a_result_of_an_attempt_that_is_not_the_rows_is_only_kept_as_an_attempt() -> None:
    [mine] = claimed("a")
    assert finish(replace(result(mine), attempt=2)) == 0
    assert row(mine).state == "claimed"
    assert [one[:3] for one in noted()] == [(mine.id, 2, "delivered")]


def test_what_was_not_sent_for_its_outlets_status_is_held_and_says_why() -> None:
    paused, gone, sent, earlier = claimed("a", "b", "c", "d")
    with ledger.write() as connection:
        outlets.set_status(connection, ["a"], "paused", "a new system", NOW)
        outlets.set_status(connection, ["b"], "disabled", "410 Gone", NOW)
        outlets.set_status(connection, ["c", "d"], "paused", "holidays", NOW)
    put(earlier, state="held", hold_kind=Hold.PAUSED, hold_detail="as it was held then")
    finish(
        replace(result(paused, State.HELD), verdict=Verdict.DEFERRED, hold=Hold.PAUSED),
        replace(result(gone, State.HELD), verdict=Verdict.DEFERRED, hold=Hold.DISABLED),
        result(sent),
    )
    assert [(row(one).state, row(one).hold_kind, row(one).hold_detail) for one in (paused, gone, sent, earlier)] == [
        ("held", Hold.PAUSED, "a new system"),
        ("held", Hold.DISABLED, "410 Gone"),
        ("delivered", None, None),
        ("held", Hold.PAUSED, "as it was held then"),
    ]


def test_what_failed_is_not_tried_again_at_an_outlet_that_was_removed_meanwhile() -> None:
    failed, sent, other = claimed("a", "b", "c")
    with ledger.write() as connection:
        outlets.set_status(connection, ["a", "b"], "removed", None, NOW)
        assert deliveries.end_for_removed(connection, ["a", "b"]) == 0  # they are on their way
    again: dict[str, Any] = {"verdict": Verdict.FAILED, "due_at": NOW + 5}
    finish(replace(result(failed, State.DUE), **again), result(sent), replace(result(other, State.DUE), **again))
    assert [(row(one).state, row(one).code) for one in (failed, sent, other)] == [
        ("canceled", Code.OUTLET_REMOVED), ("delivered", None), ("due", None),
    ]  # fmt: skip


def test_what_the_worker_says_later_replaces_what_the_end_of_its_lease_noted() -> None:
    [mine] = claimed("a")
    expire(NOW + LEASE + 1)
    assert noted() == [(mine.id, 1, "unsure", None, Code.WORKER_VANISHED, VANISHED, NOW + LEASE, 0.0)]
    finish(replace(result(mine), status=201, code="http_201", reason="created", started_at=NOW + 2, seconds=3.0))
    assert noted() == [(mine.id, 1, "delivered", 201, "http_201", "created", NOW + 2, 3.0)]


# --- leases


def test_a_claim_is_kept_until_its_lease_has_ended() -> None:
    [mine] = claimed("a")
    assert expire(NOW + LEASE) == 0
    assert (row(mine).state, noted()) == ("claimed", [])
    assert expire(NOW + LEASE + 0.001) == 1


def test_what_a_vanished_worker_had_is_due_at_once_and_costs_a_try() -> None:
    [mine] = claimed("a")
    assert expire(NOW + LEASE + 1) == 1
    found = row(mine)
    assert (found.state, found.due_at, found.tries, found.attempt) == ("due", NOW + LEASE + 1, 1, 1)
    assert (found.verdict, found.code, found.reason) == ("unsure", Code.WORKER_VANISHED, VANISHED)
    assert found.ended_at == NOW + LEASE + 1
    assert (found.lease_until, found.claimed_by, found.first_due_at) == (None, None, NOW)


@pytest.mark.parametrize(("horizon", "state", "due"), [(100.0, "due", True), (99.0, "exhausted", False)])
def test_a_row_that_ends_every_worker_is_exhausted_at_its_horizon(horizon: float, state: str, *, due: bool) -> None:
    """The horizon counts from its first attempt, whose moment is the end of the lease: nobody knows a better one."""
    [mine] = claimed("a")
    assert expire(NOW + LEASE + 1) == 1
    claim(now=NOW + LEASE + 1, lease=10)
    assert expire(NOW + LEASE + 99, horizon=horizon) == 1
    found = row(mine)
    assert found.state == state
    assert found.due_at == (NOW + LEASE + 99 if due else None)


def test_what_a_limit_held_beyond_its_horizon_does_not_end_by_its_first_attempt() -> None:
    """Nobody knows whether the worker that vanished had sent it."""
    receivers(outlet("a"))
    render(take())
    [mine] = claim(now=NOW + 5000, lease=LEASE)
    assert expire(NOW + 6000, horizon=900.0) == 1
    assert (row(mine).state, row(mine).tries) == ("due", 1)
    claim(now=NOW + 6000, lease=LEASE)
    assert expire(NOW + 7000, horizon=900.0) == 1
    assert (row(mine).state, row(mine).tries) == ("exhausted", 2)


def test_an_attempt_before_a_replay_does_not_shorten_the_horizon() -> None:
    def attempted() -> dict[int, float]:
        with ledger.read() as connection:
            return deliveries.first_attempts(connection, [mine.id])

    [mine] = claimed("a")
    assert attempted() == {}
    finish(result(mine, State.DUE, NOW))
    [again] = claim(lease=LEASE)
    assert attempted() == {mine.id: NOW}
    finish(result(again, State.EXHAUSTED))
    with ledger.write() as connection:
        deliveries.replay(connection, NOW + 4000, states={State.EXHAUSTED})
    claim(now=NOW + 4000, lease=LEASE)
    assert attempted() == {}


def test_an_outlets_own_retry_horizon_holds_for_what_a_vanished_worker_had() -> None:
    receivers(outlet("a", retry={"horizon": 500}), outlet("b", retry={"horizon": 90}), outlet("c", retry={"base": 1}))
    render(take())
    longer, shorter, usual = claim(lease=LEASE)
    assert expire(NOW + LEASE + 1) == 3
    claim(now=NOW + LEASE + 1, lease=LEASE)
    assert expire(NOW + 200, horizon=99.0) == 3
    assert [row(one).state for one in (longer, shorter, usual)] == ["due", "exhausted", "exhausted"]
    claim(now=NOW + 200, lease=LEASE)
    assert expire(NOW + LEASE + 500, horizon=10_000.0) == 1
    assert row(longer).state == "exhausted"


@pytest.mark.parametrize(
    ("newer", "state", "code"),
    [({}, "superseded", Code.NEWER_VERSION), ({"status": "canceled", "body_html": None}, "canceled", "release_killed")],
)
def test_what_fails_ends_at_once_if_a_newer_version_came_meanwhile(
    newer: dict[str, Any], state: str, code: str
) -> None:
    failed, delivered, rejected, paused = claimed("a", "b", "c", "d")
    other = claimed_of("urn:other")
    take(version=2, **newer)
    finish(
        result(failed, State.DUE, NOW + 3600),
        result(delivered),
        result(rejected, State.REJECTED),
        replace(result(paused, State.HELD), verdict=Verdict.DEFERRED, hold=Hold.PAUSED),
        *(result(one, State.DUE, NOW + 3600) for one in other),
    )
    assert (row(failed).state, row(failed).code, row(failed).due_at) == (state, code, None)
    assert row(failed).reason == ("the release was killed" if newer else "version 2 came")
    assert (row(failed).verdict, row(failed).tries) == ("failed", 1)  # of the attempt, as it is noted
    assert [row(one).state for one in (delivered, rejected)] == ["delivered", "rejected"]
    assert row(paused).state == state
    assert {row(one).state for one in other} == {"due"}


def test_only_what_is_claimed_expires() -> None:
    mine, theirs, others = claimed("a", "b", "c")
    finish(result(mine))
    put(theirs, lease_until=NOW + 200)
    put(mine, lease_until=NOW)  # an old worker wrote it so
    assert expire(NOW + 100) == 1
    assert [row(one).state for one in (mine, theirs, others)] == ["delivered", "claimed", "due"]
    assert states(mine.release_id) == {"delivered": 1, "claimed": 1, "due": 1}
    assert len(noted()) == 2


@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
def test_the_end_of_leases_waits_for_nobody_who_stands_still_in_a_transaction() -> None:
    """Or the clock would, and with it embargoes and all other claims."""
    first, second = claimed("a", "b")
    late = NOW + LEASE + 1
    with locked(first):
        assert without_waiting(lambda connection: deliveries.expire_leases(connection, late)) == 1
        assert (row(first).state, row(second).state) == ("claimed", "due")
    assert expire(late) == 1
    assert [one[:3] for one in noted()] == [(second.id, 1, "unsure"), (first.id, 1, "unsure")]


@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
def test_a_process_whose_claims_are_locked_is_told_from_one_that_only_vanished() -> None:
    """While they are, it stays on the list of processes, so that the rest of its claims is freed later too."""
    [mine] = claimed("a")
    holder = row(mine).claimed_by
    with locked(mine):
        found = without_waiting(lambda connection: deliveries.locked_holders(connection, [holder, "another"]))
        assert found == {holder}
    assert without_waiting(lambda connection: deliveries.locked_holders(connection, [holder])) == set()
