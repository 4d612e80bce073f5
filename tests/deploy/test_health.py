"""`python -m workers.health`, and the heartbeat behind it."""

from __future__ import annotations

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from tests.support.command_line import app
from tests.support.stepped_time import SteppedTime
from tests.support.threads import PATIENCE, beside
from workers import health, heartbeat


def test_a_worker_without_a_heartbeat_is_not_well() -> None:
    assert "no heartbeat yet" in str(health.problem("deliver"))


def test_celerys_heartbeat_makes_a_worker_well_until_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat._beat(SimpleNamespace(eventer=SimpleNamespace(hostname="deliver@some-host")))
    assert health.problem("deliver") is None
    assert health.problem("format") is not None
    monkeypatch.setattr(health, "time", SteppedTime(health.beat_file("deliver").stat().st_mtime + 31))
    assert health.problem("deliver") == "deliver sent its last heartbeat 31 s ago"
    assert health.problem("deliver", max_age=600) is None


def test_a_heartbeat_that_cannot_be_written_does_not_stop_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    (tmp_path / "file").touch()
    monkeypatch.setenv("FANWIRE_HOME", str(tmp_path / "file"))
    heartbeat._beat(SimpleNamespace(eventer=SimpleNamespace(hostname="deliver@some-host")))


def test_the_check_is_a_command_that_imports_nothing_big() -> None:
    health.beat("intake")
    looks = (
        "import sys, runpy; sys.argv = ['health', 'intake']; runpy.run_module('workers.health', run_name='__main__')"
    )
    looks += "; assert not {'celery', 'pydantic', 'structlog'} & set(sys.modules), 'too much'"
    subprocess.run([sys.executable, "-c", looks], check=True)
    command = [sys.executable, "-m", "workers.health", "format"]
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "format" in failed.stderr


def test_the_cli_says_the_same() -> None:
    health.beat("intake")
    assert CliRunner().invoke(app, ["health", "intake"]).exit_code == 0
    assert CliRunner().invoke(app, ["health", "format"]).exit_code == 1
    assert CliRunner().invoke(app, ["health", "nobody"]).exit_code == 2


@pytest.mark.parametrize(("name", "page"), [("flower", "/healthcheck"), ("web", "/health")])
@pytest.mark.parametrize(("status", "well"), [(200, True), (500, False)])
def test_flower_and_web_are_asked_over_http(
    status: int, well: bool, name: str, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == page else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    monkeypatch.setenv(f"FANWIRE_{name.upper()}_PORT", str(server.server_port))
    monkeypatch.setenv("FANWIRE_WEB_ADDRESS", "0.0.0.0")
    monkeypatch.setattr(health, "ANSWER_WITHIN", PATIENCE)
    with server, beside(server.serve_forever):
        assert (health.problem(name) is None) is well
        server.shutdown()
    assert "does not answer" in str(health.problem(name))
