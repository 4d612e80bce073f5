"""The process `web`: when it listens, how it ends, and what surrounds each request."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tasks.runtime import signed_urls
from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.settings import settings
from tests.support.processes import end, environment, start, until
from tests.support.threads import PATIENCE
from tests.support.web_server import InProcess, WebServer, web_server
from workers.web import listening, patient_protocol, surroundings
from workers.web.problem_details import HANDLERS
from workers.web.surroundings import LARGEST_BODY, Surroundings


@pytest.fixture
def server(tmp_path: Path, sqlite_ledger: None) -> Iterator[WebServer]:
    with web_server(tmp_path) as server:
        yield server


def test_it_answers_logs_and_ends_when_it_is_asked_to(server: WebServer) -> None:
    answer = server.get("/health?signature=geheim")
    assert (answer.status_code, answer.json()) == (200, {"status": "well"})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "server" not in answer.headers
    lost = server.get("/nowhere/geheim", X_Forwarded_For="203.0.113.9")  # of a proxy that no setting names
    assert (lost.status_code, lost.headers["Content-Type"]) == (404, "application/problem+json")
    assert "check it against the one" in lost.json()["detail"]
    wrong = requests.post(server.url + "/health", timeout=PATIENCE)
    assert (wrong.status_code, wrong.json()["status"]) == (405, 405)
    assert set(wrong.headers["Allow"].split(", ")) == {"GET", "HEAD"}
    lines = until(lambda: len(found := server.lines("request")) == 3 and found)
    assert [(line["route"], line["status"], line["client"]) for line in lines] == [
        ("/health", 200, "127.0.0.1"), (None, 404, "127.0.0.1"), ("/health", 405, "127.0.0.1"),
    ]  # fmt: skip
    assert "geheim" not in server.told()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(PATIENCE)
    assert "Traceback" not in server.told()


def test_it_does_not_listen_before_the_ledger_has_its_tables(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = start(listening.command(), environment(tmp_path / "home"), log)
    try:
        until(lambda: "waiting for the ledger" in log.read_text(), log.read_text)
        assert "web open" not in log.read_text()
        process.terminate()
        assert process.wait(PATIENCE) == -signal.SIGTERM
    finally:
        end(process)


def test_who_does_not_finish_the_head_of_a_request_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, with a shorter patience."""

    async def cut(first: bytes, then: bytes) -> bytes:
        monkeypatch.setattr(patient_protocol.PatientProtocol, "head_seconds", 0.2)
        config = uvicorn.Config(
            app, http=patient_protocol.PatientProtocol, lifespan="off", log_config=None, ws="none", port=0
        )
        running = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            serving = asyncio.ensure_future(running._serve([listening]))
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(first)
            answered = await reader.readuntil(b"ok") if then else b""
            writer.write(then)
            rest = await asyncio.wait_for(reader.read(), PATIENCE)
            writer.close()
            running.should_exit = True
            await serving
        return answered + rest

    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("ok"))])
    whole = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    assert asyncio.run(cut(b"", b"")) == b""
    assert asyncio.run(cut(whole[:20], b"")) == b""
    assert asyncio.run(cut(whole, whole[:20])).count(b"200 OK") == 1


# --- what surrounds a request


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


def fails(_request: Request) -> Response:
    raise RuntimeError("geheim")


def signed(request: Request) -> Response:
    signed_urls.check(request.url.path, request.query_params, 0)
    return PlainTextResponse("here", headers={"Cache-Control": "private"})


@pytest.fixture
def client() -> InProcess:
    routes = [
        Route("/echo", echo, methods=["POST"]),
        Route("/fails", fails),
        Route("/signed", signed),
    ]
    app = Surroundings(Starlette(routes=routes, exception_handlers=HANDLERS))
    return InProcess(app)


def test_a_body_that_is_too_large_is_not_read(client: InProcess) -> None:
    assert client.ask("POST", "/echo", content=b"x" * LARGEST_BODY).text == str(LARGEST_BODY)
    answer = client.ask("POST", "/echo", content=b"x" * (LARGEST_BODY + 1))
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")
    assert "larger than" in answer.json()["detail"]


def test_a_fault_of_ours_says_nothing_of_itself(client: InProcess) -> None:
    answer = client.ask("GET", "/fails")
    assert (answer.status_code, answer.json()["title"]) == (500, "Internal Server Error")
    assert "geheim" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_signed_address_is_served_and_any_other_is_not(client: InProcess) -> None:
    answer = client.ask("GET", signed_urls.sign("/signed", 10))
    assert (answer.text, answer.headers["Cache-Control"]) == ("here", "private")
    refusal = client.ask("GET", "/signed?expires=10&signature=x")
    assert (refusal.status_code, refusal.json()["status"]) == (403, 403)
    assert "not signed by this wire" in refusal.json()["detail"]


def serve(app: Any, receive: Any) -> list[Any]:
    """What an application around `app` sends to a client that takes nothing of a body, within a moment."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and message["body"]:
            await asyncio.Event().wait()

    scope = {"type": "http", "method": "POST", "path": "/", "client": None}
    asyncio.run(Surroundings(app, client_seconds=0.05)(scope, receive, send))
    return sent


async def never() -> Any:
    await asyncio.Event().wait()


def test_a_client_that_takes_nothing_is_cut_off() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})

    assert [message["type"] for message in serve(app, never)] == ["http.response.start", "http.response.body"]


def test_a_line_names_no_token() -> None:
    scope = {"method": "GET", "path_params": {"outlet": "acme", "token": "geheim"}, "route": Route("/x/{token}", echo)}
    assert surroundings._named(scope) == {
        "method": "GET", "route": "/x/{token}", "parts": {"outlet": "acme"}, "client": None,
    }  # fmt: skip


def test_a_taken_port_is_named(monkeypatch: pytest.MonkeyPatch, server: WebServer) -> None:
    monkeypatch.setenv("FANWIRE_WEB_PORT", str(server.port))
    settings.cache_clear()
    with pytest.raises(ConfigurationRefused, match="FANWIRE_WEB_PORT: the web server cannot listen on 127"):
        listening.listen()


def test_short_answers_go_at_once_and_nobody_keeps_a_connection_by_taking_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FANWIRE_WEB_PORT", "0")
    settings.cache_clear()
    with listening.listen() as door, socket.create_connection(door.getsockname()), door.accept()[0] as accepted:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == listening.UNTAKEN_SECONDS * 1000
