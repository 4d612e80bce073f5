"""What goes wrong is one line that says what to do, and JSON for programs; never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.runtime.settings import settings
from tests.support.processes import ROOT
from tests.support.samples import release

from .conftest import Run


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "release.json"
    path.write_text(release().to_json())
    return str(path)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("BROKER_URL", "http://x", "redis://"),
        ("BROKER_URL", "redis://", "redis://"),
        ("BROKER_URL", "localhost:6379", "redis://"),
        ("LEDGER_URL", "foo://x", "postgresql+psycopg://"),
        ("LEDGER_URL", "postgresql://x/y", "postgresql+psycopg://"),
        ("LEDGER_URL", "nonsense", "postgresql+psycopg://"),
        ("ALLOWED_NETWORKS", "127.0.0.1/8", "host bits"),
        ("FLOWER_PORT", "99999", "65535 or less"),
        ("DRAINS", "x", "whole number, not 'x'"),
        ("LOG_LEVEL", "loud", "'WARNING'"),
    ],
)
@pytest.mark.parametrize("command", [["status"], ["outlets", "list"], ["up"], ["submit"]], ids=" ".join)
def test_a_wrong_setting_is_one_line_that_names_it(
    run: Run, file: str, monkeypatch: pytest.MonkeyPatch, command: list[str], name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    told = run(*command, *([file] if command == ["submit"] else []), status=1).stderr
    assert len(told.splitlines()) == 1
    assert f"FANWIRE_{name}" in told
    assert says in told


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.usefixtures("home")
def test_a_disk_that_is_full_is_one_line_also_where_json_was_wanted(options: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "workers.cli", "status", *options]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "[Errno 28] No space left on device\n")


@pytest.mark.parametrize(
    "command",
    ["status", "status urn:x:1", "report urn:x:1", "outlets list", "outlets show a", "outlets pause a", "notices",
     "refusals", "kill urn:x:1", "replay --outlet a", "embargo urn:x:1 --lift", "outlets list --for urn:x:1"],
)  # fmt: skip
def test_where_no_fanwire_is_none_is_made(run: Run, command: str) -> None:
    assert "there is no Fanwire under" in run(*command.split(), status=1).stderr
    assert not settings().home.exists()


def test_doctor_before_the_first_up_finds_nothing_unsafe_and_makes_nothing(run: Run) -> None:
    told = run("doctor").stdout
    assert "no Fanwire is up under" in told
    assert "there is no ledger yet" in told
    assert not settings().home.exists()


def test_doctor_says_a_wrong_setting_once_and_names_what_is_no_setting(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANWIRE_ALOWED_NETWORKS", "10.0.0.0/8")
    assert "the nearest that is one: FANWIRE_ALLOWED_NETWORKS" in run("doctor").stdout
    monkeypatch.setenv("FANWIRE_ALLOWED_NETWORKS", "here")
    settings.cache_clear()
    assert run("doctor", status=1).stdout.count("FANWIRE_ALLOWED_NETWORKS") == 1


def test_submit_without_a_stack_fails_at_once(run: Run, file: str) -> None:
    told = run("submit", file, status=1).stderr
    assert f"no Fanwire is up under {settings().home.absolute()}" in told
    assert "start it with make up" in told


def test_submit_with_a_broker_url_left_behind_by_a_stack_that_is_down(run: Run, file: str) -> None:
    settings().home.mkdir(parents=True)
    (settings().home / "broker.url").write_text("redis://:geheim@127.0.0.1:9/0\n")
    told = run("submit", file, status=1).stderr
    assert "nothing answers at the broker" in told
    assert "geheim" not in told


def test_submit_to_a_broker_of_ones_own_that_is_away(
    run: Run, problems: Callable[..., Any], file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANWIRE_BROKER_URL", "redis://:geheim@127.0.0.1:9/0")
    settings.cache_clear()
    told = run("submit", file, status=1).stderr
    assert "127.0.0.1:9 (FANWIRE_BROKER_URL) does not answer" in told
    [problem] = problems("submit", file)
    assert problem["field"] == "(broker)"
    assert "geheim" not in told + str(problem)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"uri": "urn:x:1",\n "headline" "x"}', "line 2, column 13"),
        ("---\nuri: urn:x:1\nheadline: [\n---\nText", "line 4, column 1"),
        ("Just text", "neither JSON nor text with YAML front matter"),
    ],
)
def test_a_release_that_cannot_be_read_says_where(run: Run, tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "bad").write_text(text)
    assert says in run("submit", str(tmp_path / "bad"), status=1).stderr


def test_refusals_of_documents_are_json_on_standard_output(
    problems: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    found = problems("submit", "-", input=json.dumps({"uri": "no uri", "language": "en", "headline": ""}))
    assert {problem["field"] for problem in found} == {"uri", "headline"}
    assert all(problem["example"] for problem in found)
    assert problems("submit", str(tmp_path / "missing.md"))[0]["problem"].endswith("No such file or directory")


def test_a_broker_that_lets_nobody_in_shows_no_password(
    run: Run, file: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tests.support.processes import own_valkey

    with own_valkey(tmp_path / "valkey") as url:
        port = url.rpartition(":")[2]
        monkeypatch.setenv("FANWIRE_BROKER_URL", f"redis://:geheim@127.0.0.1:{port}")
        settings.cache_clear()
        told = run("submit", file, status=1).stderr
    assert "does not let us in" in told
    assert "geheim" not in told
