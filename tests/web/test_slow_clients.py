"""Clients that take their time, at a real server with less patience than usual: they end, and hold up nobody."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from tasks import ledger
from tasks.model.producers import DoorProducer
from tasks.operations import door_access
from tasks.runtime.settings import settings
from workers.web.application import application
from workers.web.patient_protocol import PatientProtocol
from workers.web.problem_details import HANDLERS
from workers.web.surroundings import Surroundings

PARTS = 12


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def slow_answer(_request: Request) -> Response:
    async def parts() -> AsyncIterator[str]:
        for number in range(PARTS):
            await asyncio.sleep(0.05)
            yield f"{number}\n"

    return StreamingResponse(parts())


def plain() -> Starlette:
    routes = [Route("/echo", echo, methods=["POST"]), Route("/slow", slow_answer)]
    return Starlette(routes=routes, exception_handlers=HANDLERS)


Ask = Callable[..., Awaitable[bytes]]


def at(app: ASGIApp, scene: Callable[[Ask], Awaitable[Any]], **seconds: float) -> Any:
    """What comes of a scene at a server of this application."""

    async def run() -> Any:
        async with _serving(Surroundings(app, **seconds)) as ask:
            return await asyncio.wait_for(scene(ask), 60)

    return asyncio.run(run())


@asynccontextmanager
async def _serving(app: ASGIApp) -> AsyncIterator[Ask]:
    config = uvicorn.Config(app, http=PatientProtocol, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = asyncio.ensure_future(server._serve([listening]))

        async def ask(head: bytes, *, drip: bytes = b"") -> bytes:
            """The whole answer to a request whose body drips in, a part each 50 ms, for ever."""
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            dripping = asyncio.ensure_future(_drip(writer, head, drip))
            with contextlib.closing(writer):
                try:
                    return await _answer(reader)
                finally:
                    dripping.cancel()

        yield ask
        server.should_exit = True
        await running


async def _drip(writer: asyncio.StreamWriter, head: bytes, drip: bytes) -> None:
    writer.write(head)
    while drip:
        await asyncio.sleep(0.05)
        writer.write(drip)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if b"chunked" in head:
        return head + await reader.readuntil(b"\r\n0\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    return head + await reader.readexactly(length)


def posted(path: str, length: int, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: wire.example", f"Content-Length: {length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def status(answer: bytes) -> int:
    return int(answer.split()[1])


def test_a_body_that_stops_or_drips_is_ended_and_a_request_beside_it_is_served() -> None:
    async def scene(ask: Ask) -> list[bytes]:
        stopped, dripping = ask(posted("/echo", 1000)), ask(posted("/echo", 1000), drip=b"x")
        quick = ask(posted("/echo", 2) + b"ok")
        return list(await asyncio.gather(stopped, dripping, quick))

    stopped, dripping, quick = at(plain(), scene, client_seconds=0.5, body_seconds=1.0)
    assert [status(answer) for answer in (stopped, dripping, quick)] == [408, 408, 200]
    assert b"connection: close" in dripping.lower()
    assert json.loads(dripping.partition(b"\r\n\r\n")[2])["detail"] == "the body took too long to come"


def test_an_answer_may_take_longer_than_a_client_may() -> None:
    async def scene(ask: Ask) -> bytes:
        return await ask(b"GET /slow HTTP/1.1\r\nHost: wire.example\r\n\r\n")

    answer = at(plain(), scene, client_seconds=0.2, body_seconds=0.2)
    assert f"{PARTS - 1}\n".encode() in answer


@pytest.mark.usefixtures("sqlite_ledger")
def test_a_producer_whose_bodies_drip_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_MEDIA_DEADLINE", "1")
    monkeypatch.setenv("FANWIRE_MEDIA_BYTES", "1000")
    settings.cache_clear()
    with ledger.write() as connection:
        tokens = {name: door_access.add(connection, name, DoorProducer()) for name in ("slow", "quick")}

    def of(name: str) -> tuple[str, str]:
        return f"Authorization: Bearer {tokens[name]}", "Content-Type: application/json"

    async def scene(ask: Ask) -> tuple[list[bytes], bytes, bytes]:
        releases = [ask(posted("/releases", 1000, *of("slow")), drip=b" ") for _ in range(8)]
        media = [ask(posted("/media", 1000, *of("slow")), drip=b"x") for _ in range(8)]
        held = asyncio.gather(*releases, *media)
        quick = await ask(b"GET /releases HTTP/1.1\r\nHost: wire.example\r\n" + f"{of('quick')[0]}\r\n\r\n".encode())
        large = await ask(posted("/media", 1001, *of("quick")))
        return await held, quick, large

    held, quick, large = at(application(), scene, client_seconds=0.5, body_seconds=1.0)
    assert ({status(answer) for answer in held}, status(quick), status(large)) == ({408}, 200, 413)
    assert json.loads(large.partition(b"\r\n\r\n")[2])["detail"] == "the body may have 1,000 bytes"


def test_a_request_that_says_two_lengths_ends_its_connection() -> None:
    """A proxy in front that goes by the other length would take what follows for a request of somebody else."""
    smuggled = b"0\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def scene(ask: Ask) -> bytes:
        return await ask(head + smuggled)

    answer = at(plain(), scene)
    assert (status(answer), answer.count(b"HTTP/1.1 ")) == (400, 1), answer
    assert b"connection: close" in answer.lower()
