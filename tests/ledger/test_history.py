"""What the ledger says of an outlet, and of who is late, on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from tasks import ledger
from tasks.delivery.settling import settle_unsent
from tasks.ledger import artifacts, counts, deliveries, late, outlet_history, outlets, publications, releases
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.deliveries import Claim, Planned, Result
from tasks.ledger.schema import deliveries as rows
from tasks.ledger.spans import Span, span_between, span_of
from tasks.model.publication import read_publication
from tasks.model.states import State, Verdict
from tasks.operations import report as reports
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, take
from tests.support.samples import outlet

pytestmark = pytest.mark.usefixtures("book")


def sent(*uris: str) -> list[Claim]:
    """A claim of each release's delivery to each outlet that there is, in the order of the releases."""
    found: list[Claim] = []
    for uri in uris:
        render(take(uri=uri))
        found += sorted(claim(), key=lambda one: one.outlet_id)
    return found


def ended(of: Claim, state: State, after: float) -> Result:
    verdict = {State.REJECTED: Verdict.REJECTED, State.DUE: Verdict.FAILED}.get(state, Verdict.DELIVERED)
    due = NOW + 1000 if state is State.DUE else None
    return replace(
        result(of, state), verdict=verdict, ended_at=NOW + after, started_at=NOW + after, due_at=due, code="http_401"
    )


def test_refusals_in_a_row_are_counted_by_release_since_the_last_one_that_was_taken() -> None:
    receivers(outlet("a"), outlet("b"))
    first, second, third, fourth = (sent(f"urn:x:{n}") for n in range(4))
    for n, (a, b) in enumerate((first, second, third, fourth)):
        finish(ended(a, State.REJECTED, n), ended(b, State.DELIVERED if n == 1 else State.REJECTED, n))
    with ledger.read() as connection:
        found = deliveries.refused_in_a_row(connection, ["a", "b", "c"], at_least=2)
        assert found == {"a": (4, NOW), "b": (2, NOW + 2)}
        assert list(deliveries.refused_in_a_row(connection, ["a", "b"], at_least=3)) == ["a"]
        assert deliveries.refused_in_a_row(connection, [], at_least=1) == {}


def test_who_is_late_stands_in_the_order_in_which_something_can_be_done() -> None:
    receivers(*map(outlet, "abcd"))
    a, b, c, _ = sent("urn:x:1")
    finish(ended(a, State.REJECTED, 1), ended(b, State.DUE, 2), ended(c, State.DELIVERED, 3))
    with ledger.read() as connection:
        span = span_of(connection, a.release_id)
        rows, count = late.listed(connection, span, limit=9)
        assert ([(row["outlet"], row["state"], row["last_attempt_at"]) for row in rows], count) == (
            [("b", "due", NOW + 2), ("a", "rejected", NOW + 1)], 2,
        )  # fmt: skip
        assert late.listed(connection, span, since=NOW + 2, limit=9)[1] == 1
        rows, count = late.listed(connection, span, states=[State.REJECTED, State.DELIVERED], limit=1)
        assert (len(rows), count) == (1, 2)
        assert [row.uri for row in releases.latest(connection, 9, states=[State.REJECTED])] == ["urn:x:1"]
        assert releases.latest(connection, 9, states=[State.EXHAUSTED]) == []


def test_what_is_held_says_why_its_text_is_missing() -> None:
    receivers(outlet("a", languages=["ko"]), outlet("b", languages=["de"]))
    number = take()
    with ledger.write() as connection:
        key = TranslationKey(number, "ko")
        attempt = artifacts.claim(connection, key, now=NOW, lease=9)
        assert attempt is not None
        artifacts.hold(connection, key, attempt=attempt, now=NOW, reason="no engine for en→ko", wait=60)
        rows, _ = late.listed(connection, span_of(connection, number), states=[State.HELD], limit=9)
    assert [(row["outlet"], row["hold"], row["reason"]) for row in rows] == [
        ("a", "translation", "no engine for en→ko"), ("b", "translation", "translation"),
    ]  # fmt: skip


def test_a_column_that_an_artifact_has_not_is_refused() -> None:
    """The database would never hear of it."""
    receivers(outlet("a", languages=["ko"]))
    key = TranslationKey(take(), "ko")
    with ledger.write() as connection, pytest.raises(KeyError, match="body"):
        artifacts.hold(connection, key, attempt=0, now=NOW, reason="no engine", wait=60, values={"body": b""})
    with ledger.write() as connection, pytest.raises(KeyError, match="body"):
        artifacts.finish(connection, key, attempt=0, now=NOW, values={"body": b""})


def test_the_history_of_an_outlet_is_its_own() -> None:
    receivers(outlet("a"), outlet("b"))
    for n, one in enumerate(sent("urn:x:1", "urn:x:2")):
        finish(ended(one, State.DELIVERED, n))
    with ledger.read() as connection:
        assert outlet_history.states(connection, "a") == {"delivered": 2}
        found = outlet_history.recent(connection, "a", 9)
        assert [(one["release"], one["verdict"], one["code"]) for one in found] == [
            ("urn:x:2", "delivered", "http_401"), ("urn:x:1", "delivered", "http_401"),
        ]  # fmt: skip
        assert len(outlet_history.recent(connection, "a", 1)) == 1


def test_the_last_tries_are_of_the_newest_deliveries_and_of_those_that_failed_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outlet_history, "_LOOKED_AT", 1)
    receivers(outlet("a"), outlet("b"))
    failed, _, old, _, newest, late_one = sent("urn:x:1", "urn:x:2", "urn:x:3")
    finish(ended(failed, State.REJECTED, 9), ended(old, State.DELIVERED, 8), ended(newest, State.DELIVERED, 2))
    finish(ended(late_one, State.REJECTED, 10))
    with ledger.read() as connection:
        tries = {count: [one["release"] for one in outlet_history.recent(connection, "a", count)] for count in (1, 9)}
    assert tries == {1: ["urn:x:1"], 9: ["urn:x:1", "urn:x:2", "urn:x:3"]}


def test_what_lies_between_the_deliveries_of_a_release_does_not_count_as_its_own() -> None:
    receivers(outlet("a"))
    first, second = take(uri="urn:x:1"), take(uri="urn:x:2")
    receivers(outlet("b"))
    with ledger.write() as connection:
        deliveries.plan(connection, first, 1, 5, [Planned(outlet_ids=["b"], language="en", format="ninjs")], NOW)
    render(first), render(second)
    finish(*(ended(one, State.REJECTED, 1) for one in claim()))
    with ledger.write() as connection:
        of_second = connection.execute(select(rows.c.id).where(rows.c.release_id == second)).scalar_one()
        publications.note(connection, [(of_second, read_publication({"status": "accepted"}))], NOW)
        for lies in (span_of(connection, first), Span(first, None)):
            assert counts.states(connection, first, lies) == {"en": {"rejected": 2}}
            assert late.listed(connection, lies, limit=1)[1] == 2
            assert [one["n"] for one in reports.reasons(connection, lies)] == [2]
            assert publications.of_release(connection, "urn:x:1", 1, lies) == {}
        assert publications.of_release(connection, "urn:x:2", 1).keys() == {("a", "en")}
        assert reports.report(connection, first).verdicts == {"rejected": 2}


def test_a_release_of_which_deliveries_were_written_much_later_is_read_by_its_index() -> None:
    assert span_between(7, (1, 6_500), 6_500) == Span(7, (1, 6_500), is_whole=True)
    assert span_between(7, (1, 6_501), 6_500) == Span(7, (1, 6_501))
    assert span_between(7, (1, 900_000), 6_500).ends is None
    assert span_between(7, None, 0).ends is None


def test_an_outlet_that_was_removed_is_new_to_an_import_and_no_other_step_changes_it() -> None:
    receivers(outlet("a"), outlet("b"))
    with ledger.write() as connection:
        assert outlets.set_status(connection, ["a"], "removed", None, NOW) == 1
        assert outlets.set_status(connection, ["a", "b"], "paused", "test", NOW) == 1
        assert [one.id for one in outlets.everyone(connection)] == ["b"]
        assert [one.id for one in outlets.everyone(connection, removed=True)] == ["a"]
        outlets.put(connection, [outlet("a", status="disabled"), outlet("b")], NOW)
        stand = outlets.statuses(connection, ["a", "b"])
    assert stand == {
        "a": {"status": "disabled", "reason": "imported as disabled"}, "b": {"status": "paused", "reason": "test"},
    }  # fmt: skip


def test_the_last_delivery_that_outlets_took_is_known() -> None:
    receivers(outlet("a"), outlet("b"))
    for n in range(2):
        a, b = sent(f"urn:x:{n}")
        finish(ended(a, State.DELIVERED, n), ended(b, State.REJECTED, n))
    with ledger.read() as connection:
        assert deliveries.last_taken(connection, ["a", "b", "c"]) == {"a": NOW + 1}
        assert deliveries.last_taken(connection, []) == {}


def test_the_health_of_an_outlet_is_by_its_newest_delivery_in_each_state() -> None:
    receivers(*map(outlet, "abc"))
    first, second, third = (sent(f"urn:x:{n}") for n in range(3))
    finish(ended(first[0], State.DELIVERED, 1), ended(second[0], State.REJECTED, 2), ended(third[0], State.DUE, 3))
    finish(ended(first[1], State.REJECTED, 4), ended(second[1], State.DELIVERED, 3))
    with ledger.read() as connection:
        found = outlet_history.health(connection, ["a", "b", "c", "nobody"])
        assert outlet_history.health(connection, []) == {}
    of = {id: (one.delivered_at, one.tried_at, one.verdict) for id, one in found.items()}
    assert of == {"a": (NOW + 1, NOW + 4, Verdict.FAILED), "b": (NOW + 3, NOW + 4, Verdict.REJECTED)}


def test_the_last_answer_of_an_outlet_is_its_own_and_not_that_it_rests() -> None:
    """One that was answered waits for a rest; a newer one has never been tried."""
    receivers(outlet("a"), outlet("b"))
    answered, other = sent("urn:x:answered")
    finish(ended(answered, State.DUE, 1), ended(other, State.DUE, 1))
    for wait in (1000, 2000):
        for one in [*claim(now=NOW + wait), *(sent("urn:x:new") if wait == 2000 else [])]:
            why: dict[str, Any] = {
                "reason": "rests",
                "due_at": NOW + wait + 1000,
                "code": "resting_outlet",
                "hold": None,
            }
            finish(settle_unsent(one, State.DUE, now=NOW + wait, **why))
    with ledger.read() as connection:
        found = outlet_history.health(connection, ["a", "b"])
    of_a = (found["a"].tried_at, found["a"].verdict, found["a"].code, found["a"].status)
    assert of_a == (NOW + 2, Verdict.FAILED, "http_401", 200), "a second after it began"
    assert found["b"] == found["a"]


def test_the_last_answer_is_of_the_delivery_that_was_tried_last_and_not_of_the_newest() -> None:
    receivers(outlet("a"))
    [first], [second] = sent("urn:x:1"), sent("urn:x:2")
    finish(ended(second, State.DUE, 1), ended(first, State.DUE, 5))
    with ledger.read() as connection:
        assert outlet_history.health(connection, ["a"])["a"].tried_at == NOW + 6


def test_of_an_outlet_that_has_only_rested_there_is_no_answer() -> None:
    receivers(outlet("a"))
    [one] = sent("urn:x:new")
    finish(settle_unsent(one, State.DUE, "rests", due_at=NOW + 9, code="resting_host", hold=None, now=NOW))
    with ledger.read() as connection:
        assert outlet_history.health(connection, ["a"]) == {}
