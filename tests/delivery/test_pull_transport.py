"""`pull:`: a delivery puts an entry into a feed, and what cannot be done is never charged to the outlet."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text

from tasks import ledger
from tasks.building.renditions import build_renditions
from tasks.delivery import transports
from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.transfers.transfer import WorkFailed
from tasks.delivery.transports import pull
from tasks.ledger.schema import feed_entries
from tasks.model.documents import DocumentRefused
from tasks.model.outlet import read_outlet
from tests.support.drains import drain
from tests.support.feeds import feed, take
from tests.support.processes import until
from tests.support.samples import URI, outlet
from tests.support.threads import PATIENCE, begin
from workers import marked_test
from workers.offered import offered


def request(**fields: Any) -> DeliveryRequest:
    known: dict[str, Any] = {
        "key": "fw_1", "release": URI, "version": 1, "action": "publish", "language": "en", "outlet_language": "en",
        "content_type": "application/atom+xml", "body": b"",
    }  # fmt: skip
    return DeliveryRequest(**known | fields)


def work(**fields: Any) -> str:
    """Do what a delivery to the outlet `desk` comes to."""
    desk = outlet("desk", url="pull:", format="atom")
    transfer = transports.prepare(desk, request(**fields), key=None, deadline=5, now=0)
    assert transfer.work is not None
    return transfer.work()


def entries() -> list[tuple[int, int, bool]]:
    with ledger.read() as connection:
        found = select(feed_entries.c.number, feed_entries.c.version, feed_entries.c.withdrawn)
        return [tuple(row) for row in connection.execute(found)]


@pytest.mark.usefixtures("book")
def test_an_entry_is_put_in_once_and_never_replaced_by_an_older_version() -> None:
    feed()
    take()
    assert [work(), work()] == ["in the feed", "in the feed already"]
    assert entries() == [(1, 1, False)]
    take(version=2)
    assert work(version=2) == "in the feed"
    assert work() == "in the feed already"
    assert entries() == [(2, 2, False)]


@pytest.mark.usefixtures("book")
def test_a_version_that_comes_after_its_kill_shows_no_text() -> None:
    """A worker that had claimed it puts it in when the kill is in the ledger already."""
    feed()
    take()
    take(version=2, status="canceled")
    assert work() == "in the feed"
    assert entries() == [(1, 1, True)]
    take(version=3, status="usable")
    assert work(version=3) == "in the feed"
    assert entries() == [(2, 3, False)]


@pytest.mark.usefixtures("book")
def test_what_comes_at_once_is_put_in_together_and_a_fault_stays_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not for the outlet among others, while somebody else writes."""
    feed()
    for number in range(5):
        take(uri=f"urn:{number}")
    batches: list[int] = []
    written = pull._write_waiting

    def counted() -> None:
        batches.append(len(pull._waiting))
        written()

    monkeypatch.setattr(pull, "_write_waiting", counted)

    def outcome(uri: str) -> str:
        try:
            return work(release=uri)
        except WorkFailed as error:
            return str(error)

    uris = [*(f"urn:{number}" for number in range(5)), "urn:unknown"]
    with pull._writer:
        done = [begin(lambda uri=uri: outcome(uri)) for uri in uris]  # type: ignore[misc]
        until(lambda: len(pull._waiting) == len(uris))
    outcomes = [one.result(PATIENCE) for one in done]
    assert outcomes == ["in the feed"] * 5 + ["urn:unknown v1 in en is not for outlet desk"]
    assert batches == [len(uris)]
    assert len(entries()) == 5


@pytest.mark.usefixtures("sqlite_ledger")
def test_what_is_not_for_the_outlet_does_not_come_into_its_feed() -> None:
    feed(languages=["de"])
    take()
    with pytest.raises(WorkFailed, match="is not for outlet desk"):
        work()
    assert entries() == []


@pytest.mark.usefixtures("sqlite_ledger")
def test_a_ledger_that_takes_no_entry_is_our_own_fault() -> None:
    feed()
    release_id = take()
    build_renditions(release_id, "en")
    with ledger.write() as connection:
        connection.execute(text("ALTER TABLE feed_entries RENAME TO away"))
    assert "1 ours (desk)" in str(drain())
    with ledger.write() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO feed_entries"))
        connection.execute(text("UPDATE deliveries SET due_at = 0"))
    assert "1 delivered" in str(drain())


@pytest.mark.usefixtures("sqlite_ledger")
def test_a_test_says_whether_the_feed_has_an_address_and_puts_nothing_into_it() -> None:
    desk = outlet("desk", url="pull:", format="atom")
    told = marked_test.send_test(desk)
    assert (told["verdict"], "fanwire feeds rotate desk" in told["detail"]) == ("ours", True)
    feed()
    assert marked_test.send_test(desk)["verdict"] == "delivered"
    assert entries() == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"url": "pull://somewhere"}, "must be 'pull:' and nothing more"),
        ({"format": "ninjs"}, "ninjs"),
        ({"auth": {"type": "bearer", "secret": "env:FANWIRE_SECRET_X"}}, "cannot be used over pull"),
        ({"transport": {"x": 1}}, "there are no options for pull"),
    ],
)
def test_an_outlet_that_fetches_needs_little(fields: dict[str, Any], told: str) -> None:
    document = {"id": "desk", "name": "Desk", "country": "DE", "languages": ["de"], "format": "rss", "url": "pull:"}
    assert read_outlet(document, offered()).url == "pull:"
    with pytest.raises(DocumentRefused, match=told):
        read_outlet(document | fields, offered())


def test_the_host_of_all_feeds_is_one_that_no_outlet_can_name() -> None:
    assert transports.host_of("pull:") == "pull:"
