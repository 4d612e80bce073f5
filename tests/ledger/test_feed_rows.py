"""Entries of feeds keep their order whoever puts them in, and however many at once, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tasks import ledger
from tasks.ledger import feed_rows, outlets
from tasks.ledger.schema import feed_entries, feeds
from tests.support.delivery_steps import NOW, take
from tests.support.samples import outlet
from tests.support.threads import run_together

pytestmark = pytest.mark.usefixtures("book")
AT_ONCE = 6


def put(id: str, uri: str, version: int = 1) -> bool:
    with ledger.write() as connection:
        return feed_rows.put(connection, id, uri, version, "en", NOW)


def withdraw(uri: str) -> list[str]:
    with ledger.write() as connection:
        return feed_rows.withdraw(connection, uri, 2, NOW + 1)


def numbers(id: str) -> list[int]:
    with ledger.read() as connection:
        query = select(feed_entries.c.number).where(feed_entries.c.outlet_id == id).order_by(feed_entries.c.number)
        return list(connection.execute(query).scalars())


def test_many_workers_at_once_give_each_entry_a_number_of_its_own() -> None:
    with ledger.write() as connection:
        outlets.put(connection, [outlet(id, url="pull:") for id in ("a", "b")], NOW)
    uris = [f"urn:{n}" for n in range(AT_ONCE)]
    for uri in uris:
        take(uri=uri)
    assert all(run_together([lambda uri=uri: put("a", uri) for uri in uris]))  # type: ignore[misc]
    assert numbers("a") == list(range(1, AT_ONCE + 1))
    assert sum(run_together([lambda: put("b", "urn:0") for _ in range(AT_ONCE)])) >= 1
    assert len(numbers("b")) == 1


def test_kills_at_once_wait_for_each_other_in_one_order_only() -> None:
    ids = [f"o{n}" for n in range(AT_ONCE)]
    with ledger.write() as connection:
        outlets.put(connection, [outlet(id, url="pull:") for id in ids], NOW)
    uris = [f"urn:{n}" for n in range(AT_ONCE)]
    for place, uri in enumerate(uris):
        take(uri=uri)
        for id in ids[place:] + ids[:place]:
            assert put(id, uri)
    found = run_together([lambda uri=uri: withdraw(uri) for uri in uris])  # type: ignore[misc]
    assert found == [ids] * AT_ONCE
    with ledger.read() as connection:
        assert set(connection.execute(select(feeds.c.changes)).scalars()) == {2 * AT_ONCE}
        assert set(connection.execute(select(feed_entries.c.withdrawn)).scalars()) == {True}
    assert withdraw("urn:0") == []
