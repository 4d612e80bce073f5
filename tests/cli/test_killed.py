"""A release that was killed: every command that shows it says so, and whom the kill goes to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import update

from tasks import ledger, planning
from tasks.ledger.schema import deliveries
from tests.support.samples import URI, outlet, release

from .conftest import Run, take

pytestmark = pytest.mark.usefixtures("home")


def killed(run: Run, *, sent: bool) -> str:
    """A release with two outlets, of which one may have it or none, killed and planned; what the kill printed."""
    release_id = take(release(), outlet("a"), outlet("b"))
    planning.plan(release_id)
    if sent:
        with ledger.write() as connection:
            there: dict[str, Any] = {"state": "claimed", "attempt": 1, "lease_until": 9e9}
            connection.execute(update(deliveries).where(deliveries.c.outlet_id == "a").values(there))
    told = run("kill", URI, "--note", "Wrong company").stdout
    planning.plan(release_id + 1)
    return told


def test_a_kill_says_that_it_is_one_and_how_many_get_it(run: Run) -> None:
    told = killed(run, sent=True).splitlines()
    assert told[0] == f"accepted: {URI} version 2, which kills the release"
    assert "goes to   1 of 2 outlets now, in 1 delivery: en 1" in told


def test_a_kill_of_what_nobody_has_says_so(run: Run) -> None:
    told = killed(run, sent=False).splitlines()
    assert told[-1] == "goes to   nobody: no outlet has the release or may have it"
    shown = run("status", URI).stdout.splitlines()
    assert (
        shown[0] == f"{URI} version 2, which kills the release: no outlet has it or may have it, so none gets the kill"
    )
    listed = next(line for line in run("status").stdout.splitlines() if line.startswith(f"{URI} "))
    assert "none" in listed
    assert "not planned yet" not in listed


def test_status_says_of_each_version_that_the_release_is_killed(run: Run) -> None:
    killed(run, sent=True)
    assert run("status", URI).stdout.splitlines()[0] == f"{URI} version 2, which kills the release"
    assert run("status", URI, "--version", "1").stdout.splitlines()[0] == f"{URI} version 1, killed by version 2"
    found = [json.loads(run("status", URI, "--version", version, "--json").stdout) for version in "12"]
    assert [(each["kill"], each["killed_by"]) for each in found] == [(False, 2), (True, None)]


def test_the_list_of_releases_says_which_are_killed(run: Run) -> None:
    killed(run, sent=True)
    take(release(uri="urn:x:other"))
    lines = {tuple(line.split()[:3]) for line in run("status").stdout.splitlines()}
    assert {(URI, "2", "kill"), (URI, "1", "killed")} <= lines
    assert ("urn:x:other", "1", "usable") in lines
    found = json.loads(run("status", "--json").stdout)
    assert {(each["release"], each["version"]): (each["kill"], each["killed_by"]) for each in found} == {
        (URI, 2): (True, None), (URI, 1): (False, 2), ("urn:x:other", 1): (False, None),
    }  # fmt: skip
