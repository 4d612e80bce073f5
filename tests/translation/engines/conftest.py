"""Servers for the length of a test, the vendors' keys in the environment, and conversations that begin anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tasks.runtime import secrets
from tasks.translation.configuration import EngineDocument
from tasks.translation.engine_support import http_service

from .doubles import DEEPL_KEY, GOOGLE_TOKEN, LIBRE_KEY


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DEEPL_KEY", DEEPL_KEY)
    monkeypatch.setenv("GOOGLE_TOKEN", GOOGLE_TOKEN)
    monkeypatch.setenv("LIBRE_KEY", LIBRE_KEY)
    _forget()
    yield
    _forget()


def _forget() -> None:
    secrets.forget()
    http_service._session.cache_clear()


@pytest.fixture
def running() -> Iterator[Callable[[Any], Any]]:
    """`running(server)` gives the server back and closes it after the test."""
    servers: list[Any] = []

    def run(server: Any) -> Any:
        servers.append(server)
        return server

    yield run
    for server in servers:
        server.close()


@pytest.fixture
def document() -> Callable[..., EngineDocument]:
    """An engine's part of the translation file, checked as there."""

    def make(**fields: Any) -> EngineDocument:
        return EngineDocument.model_validate(fields)

    return make
