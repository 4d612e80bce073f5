"""`fanwire worker NAME` and `fanwire migrate`, which every container is started with."""

from __future__ import annotations

import os

import pytest
from sqlalchemy import inspect
from typer.testing import CliRunner

from tasks import ledger
from tests.support.command_line import app
from tests.support.stepped_time import SteppedTime
from workers import stack
from workers.cli import processes
from workers.health import PROCESSES


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command that this process would have become."""
    found: list[str] = []

    def exec_(path: str, command: list[str], environment: dict[str, str]) -> None:
        assert path == command[0]
        assert "FANWIRE_SECRET_BOTE" not in environment or "deliver@%h" in command
        found.extend(command)

    monkeypatch.setattr(os, "execve", exec_)
    monkeypatch.setenv("FANWIRE_SECRET_BOTE", "geheim")
    monkeypatch.setenv("FANWIRE_BROKER_URL", "redis://broker:6379/0")
    return found


def test_what_a_process_writes_is_for_its_owner_only(became: list[str]) -> None:
    assert CliRunner().invoke(app, ["worker", "format"]).exit_code == 0
    assert os.umask(0) == 0o077


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_is_what_up_starts_under_that_name(name: str, became: list[str]) -> None:
    assert CliRunner().invoke(app, ["worker", name]).exit_code == 0
    assert became == stack.commands()[name]


def test_more_options_go_to_celery_last(became: list[str]) -> None:
    assert CliRunner().invoke(app, ["worker", "format", "--concurrency", "7"]).exit_code == 0
    assert became[-2:] == ["--concurrency", "7"]


def test_an_unknown_process_is_wrong_usage(became: list[str]) -> None:
    assert CliRunner().invoke(app, ["worker", "broker"]).exit_code == 2
    assert became == []


def test_migrate_makes_the_tables_and_may_be_repeated() -> None:
    for _ in range(2):
        assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
    engine = ledger.open_ledger(ledger.ledger_url())
    assert "deliveries" in inspect(engine).get_table_names()
    engine.dispose()


def test_migrate_waits_for_a_late_ledger_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_LEDGER_URL", "postgresql+psycopg://fanwire:x@127.0.0.1:9/fanwire")
    monkeypatch.setattr(processes, "time", SteppedTime())
    result = CliRunner().invoke(app, ["migrate", "--wait", "1"])
    assert result.exit_code == 1
    assert "waiting for the ledger" in result.output
