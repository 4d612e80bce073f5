"""The process `web` for tests, as `fanwire up` starts it, with the ledger of the test."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import requests
from starlette.types import ASGIApp

from tasks import ledger
from tasks.runtime.settings import settings
from tests.support.forks import fork
from tests.support.processes import end, environment, until
from tests.support.threads import PATIENCE
from workers.web import listening


class WebServer:
    """The running process; its address, what it answers, and what it has logged."""

    def __init__(self, log: Path, process: psutil.Process) -> None:
        self.log, self.process = log, process
        found = until(lambda: re.search(r'"port": (\d+)', self.told()) or not process.is_running(), self.told)
        assert not isinstance(found, bool), self.told()
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def told(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def get(self, path: str, **headers: str) -> requests.Response:
        """Ask for a path; `_` in the names of headers is `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.get(self.url + path, headers=named, timeout=PATIENCE, allow_redirects=False)

    def lines(self, event: str) -> list[dict[str, Any]]:
        """The log lines of one kind."""
        whole = self.told().rpartition("\n")[0]  # the last one may be in the middle of being written
        lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]


@contextmanager
def web_server(folder: Path, **more: str) -> Iterator[WebServer]:
    """The web server of the ledger that is configured here; `more` are settings without FANWIRE_."""
    log = folder / "web.log"
    env = environment(settings().home, LEDGER_URL=ledger.ledger_url(), **more)
    process = fork(listening.command(), env, log)
    try:
        yield WebServer(log, psutil.Process(process.pid))
    finally:
        end(process)


class InProcess:
    """An application that is asked within this process, without a server."""

    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer to one request; `more` as httpx takes it."""

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://wire.example") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())
