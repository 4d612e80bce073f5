"""`fanwire audit --verify` and `--public-key`: what holds in plain words, and what does not with the exit status 1."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from tasks import ledger, pipeline, planning
from tasks.operations import sealer
from tasks.runtime.seal_key import is_public_key, is_signed, seal_key
from tasks.runtime.settings import settings
from tests.support.samples import URI, outlet, release

from .conftest import Run, take

pytestmark = pytest.mark.usefixtures("home")


def seal() -> None:
    """What a clock does after its sweep."""
    pipeline._sealing.cache_clear()
    sealer._progress.__init__()  # type: ignore[misc]
    with ledger.read() as connection:
        now = ledger.now(connection)
    pipeline.seal_ledger(now)


def test_a_ledger_that_nobody_edited_is_said_to_hold(run: Run) -> None:
    assert run("audit", "--verify").stdout.startswith("Nothing is sealed yet")
    planning.plan(take(release(), outlet("a")))
    run("outlets", "pause", "a")
    seal()
    said = run("audit", "--verify").stdout.splitlines()
    public = run("audit", "--public-key").stdout.strip()
    assert said[0].startswith("3 seals, from 20")
    assert said[0].endswith(f"signed with {public}")
    assert "2 texts as sealed: releases, translations and renditions" in said
    assert said[-1] == "The chain holds: nothing was edited, deleted or put in after it was sealed."
    assert f"What {settings().home.absolute() / 'seals.head'} has kept of the chain is in it" in said
    found = json.loads(run("audit", "--verify", "--json").stdout)
    assert (found["holds"], found["seals"], found["keys"]) == (True, 3, [public])


def test_what_was_edited_is_listed_and_the_command_fails(run: Run) -> None:
    take(release(), outlet("a"))
    run("outlets", "pause", "a")
    seal()
    with ledger.write() as connection:
        connection.execute(text("DROP TRIGGER audit_keeps"))
        connection.execute(text("UPDATE audit SET actor = 'nobody' WHERE act = 'outlet.pause'"))
    said = run("audit", "--verify", status=1).stdout
    assert "Broken: 1 fault, the first at the top" in said
    assert "audit entry 2 was edited after it was sealed: outlet.pause · outlet a" in said


def test_another_key_is_not_believed(run: Run) -> None:
    take(release(), outlet("a"))
    run("outlets", "pause", "a")
    seal()
    own = seal_key().public
    (settings().home / "seal.key").write_text("another secret that is long enough")
    other = run("audit", "--public-key").stdout.strip()
    assert is_public_key(other)
    assert f"is signed with a key that is not known, {own}" in run("audit", "--verify", status=1).stdout
    run("audit", "--verify", "--key", other, "--key", own)
    assert "44 characters of base64" in run("audit", "--verify", "--key", "abc", status=2).stderr


def test_a_secret_that_is_too_short_is_refused_and_stops_no_clock(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_SEAL_KEY", "short")
    settings.cache_clear()
    assert "FANWIRE_SEAL_KEY: must have 24 characters or more" in run("audit", "--public-key", status=1).stderr
    seal()
    assert pipeline._sealing() is None
    pipeline._sealing.cache_clear()


def reported(run: Run, *names: str) -> list[Path]:
    """Reports of a release that is sealed."""
    planning.plan(take(release(), outlet("a", name="Ä & <b>")))
    run("kill", URI)
    planning.plan(releases_of(URI)[-1])
    seal()
    files = [settings().home.parent / name for name in names]
    for file in files:
        run("report", URI, "--version", "1", "--output", str(file))
    return files


def releases_of(uri: str) -> list[int]:
    with ledger.read() as connection:
        return list(
            connection.execute(text("SELECT id FROM releases WHERE uri = :uri ORDER BY id"), {"uri": uri}).scalars()
        )


def test_a_report_that_nobody_edited_is_said_to_hold(run: Run) -> None:
    for file in reported(run, "r.html", "r.json", "r.csv"):
        said = run("report", "--verify", str(file)).stdout
        assert f"{file} was not edited since it was made" in said
        assert "The ends of 1 of its 1 deliveries were sealed then." in said
        assert "What the report has kept of the chain is in it" in said
        assert "The chain holds" in said


def test_a_report_of_which_a_byte_was_changed_is_found(run: Run) -> None:
    """Also without the ledger, as its customer has it."""
    files = reported(run, "r.html", "r.json", "r.csv")
    public = run("audit", "--public-key").stdout.strip()
    (settings().home / "ledger.sqlite").rename(settings().home / "away.sqlite")
    for file in files:
        whole = file.read_bytes()
        assert "The ledger is not here" in run("report", "--verify", str(file), "--key", public).stdout
        for at in range(0, len(whole), max(1, len(whole) // 17)):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            assert "Broken: " in run("report", "--verify", str(file), "--key", public, status=1).stdout, at
        file.write_bytes(whole[:-2] + whole[-1:])
        assert "was edited after it was made" in run("report", "--verify", str(file), status=1).stdout
        file.write_bytes(whole)


def test_a_statement_that_somebody_else_signed_is_found(run: Run) -> None:
    [file] = reported(run, "r.json")
    (settings().home / "seal.key").write_text("another secret that is long enough")
    said = run("report", "--verify", str(file), status=1).stdout
    assert "Broken: the statement is signed with another key" in said


def test_a_report_finds_a_ledger_that_was_made_anew_behind_it(run: Run) -> None:
    [file] = reported(run, "r.html")
    with ledger.write() as connection:
        connection.execute(text("DELETE FROM seals"))
        connection.execute(text("UPDATE releases SET seal_at = 0"))
        connection.execute(text("UPDATE deliveries SET reason = 'nothing'"))
    seal()
    said = run("report", "--verify", str(file), status=1).stdout
    assert "was not edited since it was made" in said
    assert "is another one than the report has kept: the chain was made anew" in said


def test_without_a_statement_nothing_can_be_said(run: Run) -> None:
    file = settings().home.parent / "x.csv"
    file.write_text("a,b\n")
    assert "has no statement that is whole, in it or in" in run("report", "--verify", str(file), status=1).stdout
    run("report", status=2)
    run("report", URI, "--verify", str(file), status=2)


def test_the_key_is_for_its_owner_only_and_shows_no_secret() -> None:
    key = seal_key()
    file = settings().home / "seal.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().strip() not in repr(key)
    assert is_signed(b"x", key.sign(b"x"), key.public)
    assert not is_signed(b"y", key.sign(b"x"), key.public)
    assert not is_signed(b"x", "no base64", key.public)
    assert seal_key().public == key.public
