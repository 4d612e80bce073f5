"""An outlet says what becomes of a delivery: in its answer, or at the address that comes with the delivery."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tasks import ledger, planning
from tasks.building.renditions import build_renditions
from tasks.delivery import payloads
from tasks.ledger import counts, outlets, publications, releases
from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tests.support.drains import drain
from tests.support.samples import URI, outlet, release
from tests.support.web_server import InProcess
from workers.web.application import application

from .conftest import Call, OutletServer, Serve

TOKEN = "geheim-geheim"


@pytest.fixture(autouse=True)
def _wire(sqlite_ledger: None, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_of = {
        "ALLOWED_NETWORKS": "127.0.0.0/8", "WEB_URL": "https://wire.example", "SECRET_A": TOKEN,
    }  # fmt: skip
    for name, value in settings_of.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    payloads.forget_renditions()
    secrets.forget()


def saying(body: bytes, status: str = "200 OK") -> Any:
    """The manner of an outlet that says this to each delivery."""

    def manner(call: Call) -> None:
        while call.read():
            head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            call.send(head.encode() + body)

    return manner


def deliver(server: OutletServer, **fields: Any) -> tuple[dict[str, int], Any]:
    """Deliver a release to an outlet there; the states of its deliveries, and what the outlet says of it."""
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a", url=server.url(), **fields)], time.time())
        number = releases.take(connection, release(), time.time()).release_id
    planning.plan(number, time.time())
    build_renditions(number, "en")
    drain()
    with ledger.read() as connection:
        return counts.total(counts.states(connection, number)), said()


def said() -> Any:
    with ledger.read() as connection:
        found = publications.of_release(connection, URI, 1)
    return {where: (one.fate.words, one.fate.url or one.fate.reason) for where, one in found.items()}.get(("a", "en"))


BEARER = {"auth": {"type": "bearer", "secret": "env:FANWIRE_SECRET_A"}}


@pytest.mark.parametrize("auth", [{}, BEARER])
@pytest.mark.parametrize(
    ("body", "becomes"),
    [
        ({"status": "published", "url": "https://a.example/1"}, ("published", "https://a.example/1")),
        ({"status": "rejected", "reason": f"not for {TOKEN}"}, ("rejected", "not for ***")),
        ({"status": "ok"}, None),
        ("thank you", None),
    ],
)
def test_an_answer_may_say_what_becomes_of_the_delivery(serve: Serve, body: Any, becomes: Any, auth: Any) -> None:
    server = serve(saying(json.dumps(body).encode()))
    if becomes and not auth:
        becomes = (becomes[0], becomes[1].replace("***", TOKEN))  # a secret is one only where it is used
    assert deliver(server, **auth) == ({"delivered": 1}, becomes)


def test_a_no_is_a_no_whatever_its_body_says(serve: Serve) -> None:
    server = serve(saying(b'{"status": "published", "url": "https://a.example/1"}', "422 Unprocessable Content"))
    assert deliver(server) == ({"rejected": 1}, None)


def test_it_may_be_said_later_at_the_address_that_comes_with_the_delivery(serve: Serve) -> None:
    server = serve()
    assert deliver(server) == ({"delivered": 1}, None)
    [request] = server.requests
    address = request.headers["Fanwire-Callback"].removeprefix("https://wire.example")
    answer = InProcess(application()).ask("POST", address, json={"status": "accepted"})
    assert (answer.status_code, said()) == (200, ("accepted", None))


def test_an_outlet_that_repeats_the_address_gives_it_to_nobody(serve: Serve) -> None:
    def echo(call: Call) -> None:
        while request := call.read():
            body = request.headers["Fanwire-Callback"].encode()
            head = f"HTTP/1.1 500 X\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
            call.send(head.encode() + body)

    server = serve(echo)
    assert deliver(server)[0] == {"due": 1}
    with ledger.read() as connection:
        [reason] = connection.exec_driver_sql("SELECT reason FROM deliveries").scalars()
    assert "/answers/" in reason
    assert server.requests[0].headers["Fanwire-Callback"].rpartition("=")[2] not in reason
    assert reason.endswith("signature=***")


def test_without_a_public_address_there_is_none_in_the_headers(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FANWIRE_WEB_URL")
    settings.cache_clear()
    server = serve()
    deliver(server)
    assert "Fanwire-Callback" not in server.requests[0].headers
