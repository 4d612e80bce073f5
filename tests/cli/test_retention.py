"""`fanwire retention`, `backup` and `restore`, and what other commands say of a release that is archived."""

from __future__ import annotations

import json
import os
import time
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import update

from tasks import ledger, pipeline, planning
from tasks.ledger import elections
from tasks.ledger.schema import releases
from tasks.media_store.store import archive_store
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


@pytest.fixture
def bucket(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Archive files are kept in a bucket of S3; its address."""
    values = {"ARCHIVE_URL": f"s3://acme/{tmp_path.name}/archive", "MEDIA_ENDPOINT": s3, "MEDIA_KEY_ID": "key"}
    for name, value in {**values, "MEDIA_SECRET": "geheim"}.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    return values["ARCHIVE_URL"]


@pytest.mark.usefixtures("old")
def test_a_release_that_is_archived_into_a_bucket_is_reported_from_there_and_comes_back(
    run: Run, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = time.time()

    def reported() -> str:
        with monkeypatch.context() as patched:
            patched.setattr(ledger, "now", lambda _: moment)
            return run("report", URI, "--format", "json").stdout

    before = reported()
    assert f"0.0 MB, in {bucket}" in run("retention", "show").stdout.replace("\n", " ").replace("  ", " ")
    run("retention", "run")
    assert reported() == before
    assert not (settings().home / "archive").exists()
    [file] = json.loads(run("retention", "archives", "--json").stdout)
    store, content = archive_store(), archive_store().whole(file["file"])
    store.write(file["file"], BytesIO(content + b"x"), "application/gzip")
    assert "was changed since it was written" in run("report", URI, status=1).stderr
    store.unlink(file["file"])
    assert f"its file {file['file']} cannot be read: the bucket has no file" in run("report", URI, status=1).stderr
    assert "the bucket has no file" in run("retention", "restore", URI, status=1).stderr
    store.write(file["file"], BytesIO(content), "application/gzip")
    assert "2 deliveries in the ledger again" in run("retention", "restore", URI).stdout
    run("kill", URI)


@pytest.mark.usefixtures("old")
def test_while_the_bucket_does_not_answer_nothing_is_taken_and_reports_say_why(
    run: Run, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_endpoint(endpoint: str) -> None:
        monkeypatch.setenv("FANWIRE_MEDIA_ENDPOINT", endpoint)
        settings.cache_clear()

    there = settings().media_endpoint
    with_endpoint("http://127.0.0.1:9")
    said = run("retention", "run", status=1).stderr
    assert "the bucket at 127.0.0.1:9 does not answer" in said
    assert "geheim" not in said
    assert json.loads(run("status", URI, "--json").stdout)["states"] == {"delivered": 2}
    with_endpoint(str(there))
    run("retention", "run")
    with_endpoint("http://127.0.0.1:9")
    assert "cannot be read: the bucket at 127.0.0.1:9 does not answer" in run("report", URI, status=1).stderr


def test_a_backup_takes_the_place_of_no_device_or_pipe(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is there and is no file" in run("backup", str(tmp_path / "pipe"), status=1).stderr
    assert (tmp_path / "pipe").is_fifo()


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
    (settings().home / "seals.head").write_text('{"seal": 99, "hash": "of a later state"}')
    said = run("restored", "hold").stdout
    assert "3 deliveries may have left" in said
    assert f"confirm {settings().home / 'log' / 'deliver.log'}*" in said
    assert not (settings().home / "seals.head").exists()
    assert "seals.head" not in run("audit", "--verify").stdout
    assert "3 deliveries ended" in run("restored", "drop").stdout
    assert json.loads(run("status", URI, "--json").stdout)["states"] == {"delivered": 1, "canceled": 3}
    acts = [entry["act"] for entry in json.loads(run("audit", "--json").stdout)]
    assert acts[:5] == [Act.DROP, Act.RESTORE_LEDGER, Act.REPLAY, Act.CONFIRM, Act.RESTORE_LEDGER]
