"""The command line as people use it: what it prints, on which stream, with which exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tasks import ledger
from tasks.ledger import outlets, releases
from tasks.model.outlet import Outlet
from tasks.model.release import Release
from tests.support.command_line import app
from workers.cli import screen

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """One command; the test fails unless it ends with `status`, and whenever it shows a traceback."""
    monkeypatch.setattr(screen.out, "width", 120)  # else it is what COLUMNS was when the commands were imported

    def one(*arguments: str, status: int = 0, **more: Any) -> Result:
        done = CliRunner().invoke(app, arguments, **more)
        assert done.exit_code == status, f"{done.exit_code}: {done.output} {done.exception!r}"
        assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
        assert "Traceback" not in done.output
        return done

    return one


@pytest.fixture
def problems(run: Run) -> Callable[..., list[dict[str, Any]]]:
    """What a command that fails says with --json, on standard output."""

    def of(*arguments: str, **more: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(run(*arguments, "--json", status=1, **more).stdout)["problems"]
        assert found
        return found

    return of


@pytest.fixture
def home(sqlite_ledger: None) -> None:
    """A ledger without anything in it."""


def take(release: Release, *receivers: Outlet) -> int:
    """A release in the ledger, and outlets; the release's number."""
    with ledger.write() as connection:
        outlets.put(connection, receivers, ledger.now(connection))
        return releases.take(connection, release, ledger.now(connection)).release_id
