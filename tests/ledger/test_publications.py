"""What outlets say became of deliveries, as the ledger keeps it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from tasks import ledger
from tasks.delivery import answering
from tasks.ledger import notices, publications
from tasks.ledger.publications import Outcome
from tasks.ledger.schema import publications as rows
from tasks.model.publication import read_publication
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, take
from tests.support.samples import URI, outlet

pytestmark = pytest.mark.usefixtures("book")
A = "https://a.example/1"


def delivery(name: str = "a", **fields: Any) -> int:
    """A delivery that is on its way to an outlet; its number."""
    receivers(outlet(name))
    render(take(**fields))
    [one] = claim()
    return one.id


def say(delivery_id: int, status: str, now: float = NOW, **more: Any) -> Outcome:
    with ledger.write() as connection:
        [noted] = publications.note(connection, [(delivery_id, read_publication({"status": status, **more}))], now)
    return noted.outcome


def standing(version: int = 1) -> dict[tuple[str, str], tuple[int, str, str | None]]:
    with ledger.read() as connection:
        found = publications.of_release(connection, URI, version)
    return {where: (one.version, one.fate.words, one.fate.url) for where, one in found.items()}


def kept() -> int:
    with ledger.read() as connection:
        return connection.execute(select(func.count()).select_from(rows)).scalar_one()


def test_what_changes_something_is_kept_and_the_rest_is_not() -> None:
    one = delivery()
    assert [say(one, "accepted"), say(one, "accepted", NOW + 1)] == [Outcome.TAKEN, Outcome.KNOWN]
    assert say(one, "published", NOW + 2, url=A) is Outcome.TAKEN
    assert say(one, "accepted", NOW + 3) is Outcome.KNOWN
    assert say(one, "rejected", NOW + 3, reason="mistaken") is Outcome.TAKEN
    assert say(one, "published", NOW + 4, url=A, at="2027-01-15T08:00:01Z") is Outcome.KNOWN, "that was before"
    assert standing() == {("a", "en"): (1, "taken down", A)}
    assert kept() == 3


def test_nothing_happens_later_than_now_whatever_a_clock_says() -> None:
    one = delivery()
    say(one, "published", url=A, at="2099-01-01T00:00:00Z")
    assert say(one, "rejected", NOW + 1) is Outcome.TAKEN


def test_an_outlet_can_say_only_so_much_of_one_delivery() -> None:
    one = delivery()
    urls = [f"{A}{number}" for number in range(publications.MOST + 1)]
    outcomes = [say(one, "published", NOW + number, url=url) for number, url in enumerate(urls)]
    assert outcomes == [Outcome.TAKEN] * publications.MOST + [Outcome.TOO_MANY]
    assert standing()["a", "en"] == (1, "published", urls[-2])


def test_what_was_said_of_an_older_version_stands_until_something_is_said_of_this_one() -> None:
    say(delivery(), "published", url=A)
    receivers(outlet("b"))
    render(take(version=2))
    second = {one.outlet_id: one.id for one in claim(now=NOW + 100)}  # the first claim has come to its end
    assert standing(2) == {("a", "en"): (1, "published", A)}
    say(second["b"], "accepted")
    assert standing(2) == {("a", "en"): (1, "published", A), ("b", "en"): (2, "accepted", None)}
    assert standing(1) == {("a", "en"): (1, "published", A)}


def test_operations_get_a_notice_of_a_no_and_not_of_each() -> None:
    one, published = delivery(), read_publication({"status": "published", "url": A})
    with ledger.write() as connection:
        answering.take(connection, [(one, published)])
        for _ in range(2):
            answering.take(connection, [(one, read_publication({"status": "rejected", "reason": "a <b>mistake</b>"}))])
        [notice] = notices.latest(connection, 9)
    assert (notice["kind"], notice["subject"]) == ("rejection", "a")
    assert notice["text"].startswith(f"has taken down {URI} v1 in en: a <b>mistake</b>; ")


def test_a_kill_that_an_outlet_refuses_is_one_that_it_does_not_withdraw() -> None:
    receivers(outlet("a"))
    render(take())
    finish(*map(result, claim()))
    render(take(version=2, status="canceled", body_html=None))
    [kill] = claim(now=NOW + 9)
    with ledger.write() as connection:
        answering.take(connection, [(kill.id, read_publication({"status": "rejected", "reason": "it is true"}))])
        [notice] = notices.latest(connection, 9)
    assert notice["text"].startswith(f"does not withdraw {URI} v2 in en: it is true; ")
