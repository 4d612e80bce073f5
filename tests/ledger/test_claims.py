"""What a claim takes and what it says, and what it puts back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Row, select, update

from tasks import ledger
from tasks.ledger import deliveries, rendition_rows
from tasks.ledger.deliveries import Claim
from tasks.ledger.schema import deliveries as rows
from tasks.ledger.schema import translations
from tasks.model.states import Hold
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, states, take
from tests.support.samples import outlet

pytestmark = pytest.mark.usefixtures("book")


def row(outlet_id: str = "a") -> Row[Any]:
    """The only row of an outlet."""
    with ledger.read() as connection:
        return connection.execute(select(rows).where(rows.c.outlet_id == outlet_id)).one()


def due(*names: str, **fields: Any) -> int:
    """A release whose deliveries to these outlets, which get nothing else, are due."""
    receivers(*(outlet(name, circuits=[names[0]]) for name in names))
    number = take(**{"circuits": [names[0]]} | fields)
    render(number)
    return number


def test_a_claim_says_what_the_row_does() -> None:
    number = due("a", urgency=3)
    assert claim("drain 7", now=NOW + 5, lease=60) == [
        Claim(
            id=row().id,
            release_id=number,
            language="en",
            outlet_id="a",
            format=outlet().format,
            urgency=3,
            attempt=1,
            tries=0,
            first_due_at=NOW,
        )
    ]
    assert (row().state, row().claimed_by, row().lease_until, row().attempt) == ("claimed", "drain 7", NOW + 65, 1)


def test_every_urgency_is_claimed_and_the_most_urgent_first() -> None:
    for urgency in range(9, 0, -1):
        due(f"o{urgency}", uri=f"urn:{urgency}", urgency=urgency)
    assert [one.urgency for one in claim(limit=4)] == [1, 2, 3, 4]
    assert [one.urgency for one in claim()] == [5, 6, 7, 8, 9]


def test_of_one_urgency_the_longest_due_come_first_and_no_more_than_asked_for() -> None:
    number = due("a", "b", "c", "d")
    for name, seconds in {"b": -3, "d": -2, "a": -1, "c": -1}.items():
        with ledger.write() as connection:
            connection.execute(update(rows).where(rows.c.outlet_id == name).values(due_at=NOW + seconds))
    assert [one.outlet_id for one in claim(limit=3)] == ["b", "d", "a"]
    assert states(number) == {"claimed": 3, "due": 1}
    assert [one.outlet_id for one in claim(limit=3)] == ["c"]


def test_over_several_urgencies_no_more_than_asked_for() -> None:
    urgent, other = due("a", "b", urgency=1), due("c", "d", "e", uri="urn:other", urgency=2)
    assert [one.outlet_id for one in claim(limit=4)] == ["a", "b", "c", "d"]
    assert (states(urgent), states(other)) == ({"claimed": 2}, {"claimed": 2, "due": 1})


def test_what_is_due_later_is_not_claimed_yet() -> None:
    due("a")
    with ledger.write() as connection:
        connection.execute(update(rows).values(due_at=NOW + 5))
    assert claim(now=NOW + 4.9) == []
    assert [one.outlet_id for one in claim(now=NOW + 5)] == ["a"]


def test_formats_that_are_left_out_are_not_claimed_until_they_are_asked_for() -> None:
    receivers(outlet("a", format="ninjs"), outlet("b", format="text"), outlet("c", format="json"))
    render(take())
    with ledger.write() as connection:
        some = deliveries.claim(connection, "w", now=NOW, lease=60, limit=9, without=frozenset({"ninjs", "json"}))
        rest = deliveries.claim(connection, "w", now=NOW, lease=60, limit=9)
    assert ([one.format for one in some], sorted(one.format for one in rest)) == (["text"], ["json", "ninjs"])


def test_nothing_is_claimed_without_room() -> None:
    number = due("a")
    assert claim(limit=0) == []
    assert states(number) == {"due": 1}


@pytest.mark.parametrize(
    ("change", "waits_for"),
    [
        ("the translation is made anew", Hold.TRANSLATION),
        ("it must be approved", Hold.APPROVAL),
        ("the rendition is made anew", Hold.RENDITION),
    ],
)
def test_a_row_whose_text_changes_is_put_back_where_it_has_to_wait(change: str, waits_for: Hold) -> None:
    number = due("a")
    finish(*map(result, claim()))
    with ledger.write() as connection:
        connection.execute(update(rows).values(state="due", due_at=NOW, code="timeout", hold_detail="earlier"))
        if change == "the translation is made anew":
            connection.execute(update(translations).values(state="wanted"))
            rendition_rows.rebuild(connection, number, NOW, "en")
        elif change == "it must be approved":
            connection.execute(update(rows).values(approval=True))
        else:
            rendition_rows.rebuild(connection, number, NOW, "en")
    assert claim() == []
    found = row()
    assert (found.state, found.hold_kind, found.hold_detail) == ("held", waits_for, None)
    assert (found.reason, found.code, found.attempt) == (waits_for.words, None, 1)  # as before: it was no attempt
    assert (found.due_at, found.first_due_at, found.lease_until, found.claimed_by) == (None, None, None, None)


def test_what_must_be_approved_and_is_goes_out() -> None:
    due("a")
    with ledger.write() as connection:
        connection.execute(update(rows).values(approval=True))
        connection.execute(update(translations).values(status="approved"))
    assert [one.outlet_id for one in claim()] == ["a"]


def test_putting_one_back_leaves_the_others_claimed() -> None:
    number = due("a", "b")
    with ledger.write() as connection:
        connection.execute(update(rows).where(rows.c.outlet_id == "a").values(approval=True))
    assert [one.outlet_id for one in claim()] == ["b"]
    assert states(number) == {"held": 1, "claimed": 1}


def test_putting_one_back_lets_go_what_can_go_by_now_of_the_same_text() -> None:
    """A builder may have finished another rendition without seeing the row that waited for it."""
    receivers(outlet("a", format="ninjs"), outlet("b", format="text"))
    number = take()
    render(number)
    with ledger.write() as connection:
        connection.execute(update(rows).where(rows.c.outlet_id == "a").values(approval=True))
        waiting = {"state": "held", "hold_kind": Hold.RENDITION, "due_at": None}
        connection.execute(update(rows).where(rows.c.outlet_id == "b").values(waiting))
    assert claim() == []
    assert (row("a").state, row("b").state) == ("held", "due")


def test_what_another_drain_has_in_flight_is_not_put_back() -> None:
    due("a")
    claim("other")
    with ledger.write() as connection:
        connection.execute(update(rows).values(approval=True))
    due("b", uri="urn:other")
    assert [one.outlet_id for one in claim()] == ["b"]
    assert (row("a").state, row("a").claimed_by) == ("claimed", "other")


def test_a_correction_waits_for_its_own_older_version_and_for_no_other() -> None:
    """Here for that to one outlet in one language; what goes to others, in others, or of other releases does not."""
    german = {"de": {"headline": "Werk", "body_html": "<p>Text</p>"}}
    receivers(outlet("a", languages=["en", "de"]), outlet("b"))
    render(take(translations=german))
    older = {one.outlet_id: one for one in claim()}
    finish(result(older["b"]))
    for number in (take(version=2, translations=german), take(uri="urn:other", translations=german)):
        render(number, "en")
        render(number, "de")
    taken = {(one.release_id == older["a"].release_id + 1, one.outlet_id, one.language) for one in claim()}
    correction, other = True, False
    assert taken == {
        (correction, "a", "de"), (correction, "b", "en"), (other, "a", "en"), (other, "a", "de"), (other, "b", "en"),
    }  # fmt: skip
    finish(result(older["a"]))
    assert [(one.outlet_id, one.language) for one in claim()] == [("a", "en")]


def test_what_is_in_flight_is_counted_by_outlet() -> None:
    receivers(outlet("a"), outlet("b"), outlet("c"))
    for number in range(3):
        render(take(uri=f"urn:{number}"))
    taken = claim(limit=5)
    finish(result(taken[0]))
    with ledger.read() as connection:
        assert deliveries.in_flight(connection, ["a", "b"]) == {"a": 1, "b": 2}


def test_the_next_moment_is_that_of_the_first_due_row() -> None:
    with ledger.read() as connection:
        assert deliveries.next_due(connection) is None
    due("a", "b", "c")
    with ledger.write() as connection:
        for name, seconds in {"a": 7, "b": 5, "c": 3}.items():
            connection.execute(update(rows).where(rows.c.outlet_id == name).values(due_at=NOW + seconds))
        connection.execute(update(rows).where(rows.c.outlet_id == "c").values(state="claimed"))
        assert deliveries.next_due(connection) == NOW + 5
