"""The hub of feeds hears of each change, once for all that changed together, and again until it has heard."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select, update

from tasks import ledger, pipeline
from tasks.ledger import feed_rows, notices, outlets
from tasks.ledger.schema import feeds
from tasks.operations import feed_access, hub_pings
from tasks.runtime.settings import settings
from tests.support.feeds import feed, publish
from tests.support.stepped_time import SteppedTime
from tests.support.threads import beside
from tests.support.web_server import InProcess
from workers.web.application import application

both = pytest.mark.usefixtures("book")
"""Where what the databases do may differ; other tests need one of them only."""
one = pytest.mark.usefixtures("sqlite_ledger")
BASE = "https://wire.example"


class Hub:
    """A hub that notes what it hears, and answers as it was told to."""

    def __init__(self) -> None:
        self.heard: list[dict[str, list[str]]] = []
        self.status = 204
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hub.heard.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                self.send_response(hub.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/publish?for=wire"

    @property
    def topics(self) -> list[str]:
        """The addresses of which it has heard, in order."""
        return sorted(one["hub.url"][0] for one in self.heard)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub that the settings name."""
    hub = Hub()
    monkeypatch.setenv("FANWIRE_ALLOWED_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("FANWIRE_WEBSUB_HUB", hub.url)
    monkeypatch.setenv("FANWIRE_WEB_URL", BASE)
    settings.cache_clear()
    with hub.server, beside(hub.server.serve_forever):
        yield hub
        hub.server.shutdown()


def unpinged() -> bool:
    """Whether the clock would have the hub told of something."""
    return pipeline.sweep_ledger(time.time()).unpinged


def row() -> Any:
    with ledger.read() as connection:
        return connection.execute(select(feeds)).one()


@both
def test_changes_that_come_together_are_one_ping_of_an_address_that_opens_the_feed(hub: Hub) -> None:
    path = feed()
    assert not unpinged()
    publish()
    publish(uri="urn:x:2")
    publish(version=2)
    assert unpinged()
    assert pipeline.ping() == "1 feeds told"
    assert [one["hub.mode"] for one in hub.heard] == [["publish"]]
    assert hub.topics == [BASE + path] == hub.heard[0]["hub.topic"]
    assert not unpinged()
    answer = InProcess(application()).ask("GET", path)
    assert (answer.status_code, f'<{BASE + path}>; rel="self"' in answer.headers["Link"]) == (200, True)
    assert pipeline.ping() == "0 feeds told"
    assert len(hub.heard) == 1


@one
def test_every_good_address_is_a_topic_and_no_ended_one(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    feed()
    publish()
    with ledger.write() as connection:
        second = feed_access.rotate(connection, "desk", "atom", overlap=0).path
        third = feed_access.rotate(connection, "desk", "atom", overlap=60).path
    pipeline.ping()
    assert hub.topics == sorted([BASE + second, BASE + third])
    monkeypatch.setenv("FANWIRE_WEB_KEY", "n" * 32)  # without the old one: what it made cannot be named any more
    settings.cache_clear()
    publish(uri="urn:x:2")
    assert pipeline.ping() == "1 feeds told"
    assert len(hub.heard) == 2


@one
def test_a_hub_that_fails_hears_of_it_later_and_operations_in_the_end(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed()
    publish()
    hub.status = 503
    clock, waits = SteppedTime(time.time()), []
    monkeypatch.setattr(ledger, "now", lambda _: clock.now)
    for _ in range(hub_pings.NOTICED):
        with ledger.write() as connection:
            assert [one["kind"] for one in notices.latest(connection, 5)] == []
            connection.execute(update(feeds).values(ping_at=clock.now))
        assert pipeline.ping() == "1 feeds failed, 0 told"
        waits.append(row().ping_at - clock.now)
    assert waits[:4] == [5, 10, 20, 40]
    assert not unpinged()
    with ledger.read() as connection:
        (notice,) = notices.latest(connection, 5)
    assert (notice["kind"], notice["subject"]) == ("hub", hub.url)
    assert "503 Service Unavailable" in notice["text"]
    publish(uri="urn:x:2")
    assert not unpinged(), "a change does not shorten the wait"
    hub.status = 202
    with ledger.write() as connection:
        connection.execute(update(feeds).values(ping_at=clock.now))
    assert pipeline.ping() == "1 feeds told"
    assert (row().ping_at, row().ping_failures) == (None, 0)


@both
def test_what_changes_while_the_hub_is_told_is_told_again(hub: Hub) -> None:
    feed()
    publish()
    with ledger.write() as connection:
        (seen,) = feed_rows.unpinged(connection, time.time(), 10)
    publish(uri="urn:x:2")
    with ledger.write() as connection:
        feed_rows.mark_pinged(connection, seen, time.time())
    assert unpinged()


@one
def test_a_hub_at_an_address_that_is_not_allowed_is_not_dialled(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FANWIRE_ALLOWED_NETWORKS")
    settings.cache_clear()
    feed()
    publish()
    assert pipeline.ping() == "1 feeds failed, 0 told"
    assert hub.heard == []


@one
def test_of_a_feed_that_is_closed_the_hub_hears_nothing(hub: Hub) -> None:
    feed()
    publish()
    with ledger.write() as connection:
        outlets.set_status(connection, ["desk"], "disabled", None, 0)
    pipeline.ping()
    assert hub.heard == []


@one
@pytest.mark.parametrize("missing", ["FANWIRE_WEBSUB_HUB", "FANWIRE_WEB_URL"])
def test_without_a_hub_or_an_address_of_ours_nothing_is_told(
    missing: str, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(missing)
    settings.cache_clear()
    feed()
    publish()
    assert pipeline.ping() == "—"
    assert hub.heard == []
