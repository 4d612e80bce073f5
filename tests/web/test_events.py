"""Server-sent events of the operations' page: who hears of a change, who stops to hear, and who holds up nobody."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import requests

from tasks import ledger
from tasks.ledger import notices, refusals
from tasks.model.ranks import Rank
from tests.support.delivery_steps import NOW
from tests.support.processes import until
from tests.support.threads import PATIENCE
from tests.support.visitor import PASSWORD, know_user
from tests.support.web_server import WebServer, web_server
from workers.web.pages import events
from workers.web.pages.events import KINDS, Hub, Listener


@pytest.fixture
def server(tmp_path: Path, sqlite_ledger: None) -> Iterator[WebServer]:
    for rank in Rank:
        know_user(rank.value, rank)
    with web_server(tmp_path) as server:
        yield server


def signed_in(server: WebServer, rank: Rank) -> requests.Session:
    """The session of a browser in which somebody of this rank has signed in."""
    session = requests.Session()
    session.headers["Connection"] = "close"  # the server may end one that was idle just when it is used again
    form = session.get(server.url + "/ops/login", timeout=PATIENCE).text
    said = {"name": rank.value, "password": PASSWORD, "csrf": token(form)}
    assert session.post(server.url + "/ops/login", said, timeout=PATIENCE).status_code == 200
    return session


def token(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


class Reader:
    """An open page that listens."""

    def __init__(self, server: WebServer, session: requests.Session, of: str) -> None:
        self.answer = session.get(f"{server.url}/ops/events?of={of}", stream=True, timeout=PATIENCE)
        assert (self.answer.status_code, self.answer.headers["content-type"]) == (
            200, "text/event-stream; charset=utf-8",
        )  # fmt: skip
        self._lines = self.answer.iter_lines(decode_unicode=True, chunk_size=1)
        assert self.changes() == []

    def changes(self) -> list[str]:
        """The kinds that the next event names."""
        for line in self._lines:
            if line.startswith("data: "):
                found: list[str] = json.loads(line.removeprefix("data: "))
                return found
        raise AssertionError("the stream has ended")

    def rest(self) -> list[str]:
        """What comes until the stream ends."""
        return list(self._lines)


def change() -> None:
    """What intake does with an item that it cannot take, and a notice of a clock."""
    with ledger.write() as connection:
        notices.add(connection, "refusing", "bote", "x", NOW)
        refusals.keep(connection, b"x", "no headline", NOW)


def test_all_who_listen_hear_of_a_change_by_its_kind_and_of_nothing_else(server: WebServer) -> None:
    reader, operator = signed_in(server, Rank.READER), signed_in(server, Rank.OPERATOR)
    of_both, of_one, of_none = (
        Reader(server, reader, "notices,refusals,users"), Reader(server, operator, "notices"),
        Reader(server, operator, "nothing"),
    )  # fmt: skip
    with slow_reader(server, reader):
        change()
        assert (of_both.changes(), of_one.changes()) == (["notices", "refusals"], ["notices"])
        change()
        assert (of_both.changes(), of_one.changes()) == (["notices", "refusals"], ["notices"])
    of_none.answer.close()
    [left] = until(lambda: [line for line in server.lines("request") if line["route"] == "/ops/events"][:1])
    assert left["status"] == 200


def slow_reader(server: WebServer, session: requests.Session) -> socket.socket:
    """Somebody who asks for all events, and reads none."""
    cookies = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
    opened = socket.create_connection(("127.0.0.1", server.port))
    opened.sendall(f"GET /ops/events?of={','.join(KINDS)} HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n\r\n".encode())
    return opened


def test_the_end_of_a_session_ends_its_stream_before_anything_more_is_said(server: WebServer) -> None:
    leaving, staying = signed_in(server, Rank.READER), signed_in(server, Rank.EDITOR)
    ended, open_still = Reader(server, leaving, "notices"), Reader(server, staying, "notices")
    form = leaving.get(server.url + "/ops/notices", timeout=PATIENCE).text
    gone = leaving.post(server.url + "/ops/logout", {"csrf": token(form)}, timeout=PATIENCE, allow_redirects=False)
    assert gone.status_code == 303
    change()
    assert not [line for line in ended.rest() if line.startswith("data:")]
    assert open_still.changes() == ["notices"]
    assert requests.get(server.url + "/ops/events?of=notices", timeout=PATIENCE).status_code == 401


def test_what_a_slow_page_has_missed_is_one_event_and_whoever_leaves_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    states = iter(range(100))
    monkeypatch.setattr(events, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(events, "_read", lambda: {"notices": str(next(states)), "audit": "0"})

    async def scene() -> tuple[list[str], list[str], bool]:
        hub = Hub()
        quick, slow = (hub.listen(Listener(frozenset(KINDS)), {}) for _ in range(2))
        await anext(quick)
        await anext(slow)
        heard = [await anext(quick) for _ in range(5)]
        missed = [await anext(slow)]
        for one in (quick, slow):
            await one.aclose()  # type: ignore[attr-defined]
        return heard, missed, not hub._listeners and hub._looking is None

    heard, missed, forgotten = asyncio.run(scene())
    assert [data(event) for event in heard] == [["notices"]] * 5
    assert ([data(event) for event in missed], forgotten) == ([["notices"]], True)


def data(event: str) -> list[str]:
    found: list[str] = json.loads(event.partition("data: ")[2])
    return found


def test_no_more_may_listen_than_a_server_bears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_LISTENERS", 1)
    monkeypatch.setattr(events, "_read", dict)

    async def scene() -> tuple[bool, bool]:
        hub, before = Hub(), False
        listening: AsyncIterator[str] = hub.listen(Listener(frozenset(KINDS)), {})
        before = hub.is_full()
        await anext(listening)
        full = hub.is_full()
        await listening.aclose()  # type: ignore[attr-defined]
        return before, full

    assert asyncio.run(scene()) == (False, True)
