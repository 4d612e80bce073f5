"""`fanwire retention`, `backup` and `restore`, and what other commands say of a release that is archived."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from sqlalchemy import update

from tasks import ledger, pipeline, planning
from tasks.ledger import elections
from tasks.ledger.schema import releases
from tasks.model.acts import Act
from tasks.model.identity import delivery_key
from tasks.model.retention_policy import DAY
from tasks.runtime.settings import settings
from tests.support.delivery_steps import claim, finish, render, result
from tests.support.samples import URI, outlet, release

from .conftest import Run, take

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def old(home: None) -> None:
    """A release that its outlet got 200 days ago, and one of today."""
    number = take(release(), outlet("a"), outlet("b"))
    later = take(release(uri="urn:later"))
    for each in (number, later):
        planning.plan(each)
        with ledger.read() as connection:
            now = ledger.now(connection)
        render(each, now=now)
    finish(*map(result, claim(now=now + 1)))
    with ledger.write() as connection:
        aged = update(releases).where(releases.c.id == number)
        connection.execute(aged.values(received_at=now - 200 * DAY))


@pytest.mark.usefixtures("old")
def test_an_archived_release_is_reported_as_before_and_killed_after_it_is_restored(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = time.time()

    def reports() -> dict[str, str]:
        """Each says when it was made, so all are made at the same moment."""
        with monkeypatch.context() as patched:
            patched.setattr(ledger, "now", lambda _: moment)
            return {kind: run("report", URI, "--format", kind).stdout for kind in ("json", "csv", "html")}

    before = reports()
    status = json.loads(run("status", URI, "--json").stdout)
    planned = run("retention", "plan").stdout
    assert "deliveries  120   1         2" in planned
    done = json.loads(run("retention", "run", "--json").stdout.splitlines()[-1])
    assert (done["taken"]["archived"], done["taken"]["deliveries"]) == (1, 2)
    [file] = json.loads(run("retention", "archives", "--json").stdout)
    assert (settings().home / "archive" / file["file"]).stat().st_mode & 0o777 == 0o600
    assert reports() == before
    assert f"by {file['file']}" in run("report", URI, "--format", "csv").stderr
    found = json.loads(run("status", URI, "--json").stdout)
    assert found.pop("archived")["file"] == file["file"]
    assert found == status
    assert "archived" in run("status").stdout
    assert "archive: 1 release with 2 deliveries" in run("retention", "show").stdout
    assert "fanwire retention restore" in run("kill", URI, status=1).stderr
    assert "2 deliveries in the ledger again" in run("retention", "restore", URI).stdout
    assert "is not archived" in run("retention", "restore", URI, status=1).stderr
    run("kill", URI)
    acts = [entry["act"] for entry in json.loads(run("audit", "--release", URI, "--json").stdout)]
    assert acts[:3] == [Act.KILL, Act.RESTORE, Act.ARCHIVE]


@pytest.mark.usefixtures("old")
def test_a_legal_hold_keeps_a_release(run: Run) -> None:
    run("retention", "hold", URI, "--reason", "case [/4711]")
    assert "case [/4711]" in run("retention", "show").stdout
    assert "1 release past their days stay: a legal hold names them" in run("retention", "plan").stdout
    assert json.loads(run("retention", "run", "--json").stdout.splitlines()[-1])["taken"] == {}
    run("retention", "unhold", URI)
    assert "has no legal hold" in run("retention", "unhold", URI, status=1).stderr
    assert "1 archived" in run("retention", "run").stdout


def test_the_retention_file_is_checked(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "retention.yaml"
    file.write_text("days: {deliveries: 20}")
    monkeypatch.setenv("FANWIRE_RETENTION_FILE", str(file))
    settings.cache_clear()
    assert "deliveries: 20 must not be fewer days than attempts: 120" in run("retention", "show", status=1).stderr
    file.write_text("customers: [{producer: acme, days: {deliveries: 300}}]")
    assert "producer acme: deliveries 300" in run("retention", "show").stdout
    assert json.loads(run("retention", "show", "--json").stdout)["ledger"]["gives_space_back"]
    assert "MB now" in run("retention", "compact").stdout


@pytest.mark.usefixtures("old")
def test_the_task_does_it_once_in_a_while_and_removes_closed_logs(tmp_path: Path) -> None:
    logs = settings().home / "log"
    logs.mkdir()
    for name in ("deliver.log", "deliver.log.1", "mine.txt"):
        (logs / name).write_text("x")
    for file in logs.iterdir():
        os.utime(file, (0, 0))
    assert "1 archived" in pipeline.retain()
    assert sorted(file.name for file in logs.iterdir()) == ["deliver.log", "mine.txt"]
    assert pipeline.retain() == "another process does, or did so minutes ago"
    with ledger.read() as connection:
        assert elections.holder(connection, "retention", ledger.now(connection))


def test_a_backup_is_restored_and_what_was_open_then_is_decided(run: Run, tmp_path: Path) -> None:
    planning.plan(take(release(), *(outlet(id) for id in "abcd")))
    told = json.loads(run("backup", str(tmp_path / "wire.tar"), "--json").stdout)
    assert told["bytes"] > 0
    assert "as of" in run("backup", str(tmp_path / "wire.tar")).stdout
    assert "4 deliveries may have left since" in run("restore", str(tmp_path / "wire.tar")).stdout
    assert len(list(settings().home.glob("ledger.sqlite.before-*"))) == 1
    assert "restored" in run("status", URI).stdout
    (tmp_path / "keys.txt").write_text(f"{delivery_key(URI, 1, 'en', 'a')}\n{'fw_' + 32 * '0'}\n")
    assert "2 deliveries arrived; 1 of those waited" in run("restored", "confirm", str(tmp_path / "keys.txt")).stdout
    assert json.loads(run("restored", "list", "--json").stdout) == [{"release": URI, "version": 1, "deliveries": 3}]
    assert "3 deliveries go on" in run("restored", "send", "--release", URI).stdout
    assert "No delivery waits" in run("restored", "list").stdout
    assert "3 deliveries may have left" in run("restored", "hold").stdout
    assert "3 deliveries ended" in run("restored", "drop").stdout
    assert json.loads(run("status", URI, "--json").stdout)["states"] == {"delivered": 1, "canceled": 3}
    acts = [entry["act"] for entry in json.loads(run("audit", "--json").stdout)]
    assert acts[:5] == [Act.DROP, Act.RESTORE_LEDGER, Act.REPLAY, Act.CONFIRM, Act.RESTORE_LEDGER]
