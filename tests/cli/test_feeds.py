"""`fanwire feeds …`: addresses are shown once, change with an overlap, and end; all of it is recorded."""

from __future__ import annotations

import json

import pytest

from tasks import ledger
from tasks.ledger import audit, outlets
from tasks.runtime.settings import settings
from tests.support.samples import outlet
from tests.support.web_server import InProcess
from workers.web.application import application

from .conftest import Run

pytestmark = pytest.mark.usefixtures("home")
ADD = ("feeds", "add", "energy", "--country", "DE", "--language", "de", "--circuit", "dach")


def status(address: str) -> int:
    """What the web server answers at an address that a command has printed."""
    return InProcess(application()).ask("GET", "/feeds" + address.partition("/feeds")[2]).status_code


def test_a_new_feed_is_an_outlet_and_its_address_is_shown_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_WEB_URL", "https://wire.example/")
    settings.cache_clear()
    told = run(*ADD, "--topic", "04000000", "--format", "rss").stdout
    address = told.splitlines()[0]
    assert address.startswith("https://wire.example/feeds/outlets/energy/")
    assert address.endswith(".rss")
    assert status(address) == 200
    with ledger.read() as connection:
        found = json.loads(outlets.get(connection, "energy").document)
        acts = [entry["act"] for entry in audit.latest(connection, audit.Wanted(outlet_id="energy"), 9)]
        kept = json.dumps([dict(entry) for entry in audit.latest(connection, audit.Wanted(), 9)])
    assert (found["url"], found["circuits"], found["topics"]) == ("pull:", ["dach"], ["04000000"])
    assert acts == ["feed.rotate", "outlet.add"]
    token = address.rpartition("/")[2].removesuffix(".rss")
    assert token not in kept
    assert token not in run("feeds", "list", "--json").stdout
    assert "There is an outlet 'energy' already" in run(*ADD, status=1).stderr


def test_without_a_public_address_it_says_so(run: Run) -> None:
    told = run(*ADD).stdout
    assert told.startswith("http://127.0.0.1:8600/feeds/outlets/energy/")
    assert "FANWIRE_WEB_URL" in told


def test_addresses_are_rotated_listed_and_revoked(run: Run) -> None:
    first = json.loads(run(*ADD, "--json").stdout)
    second = json.loads(run("feeds", "rotate", "energy", "--overlap", "24", "--json").stdout)
    assert (second["number"], second["older_ending"]) == (first["number"] + 1, 1)
    assert [status(one["address"]) for one in (first, second)] == [200, 200]
    (listed,) = json.loads(run("feeds", "list", "--json").stdout)
    assert [(one["number"], one["expires_at"] is None) for one in listed["addresses"]] == [
        (first["number"], False),
        (second["number"], True),
    ]
    assert "until" in run("feeds", "list").stdout
    assert "1 address has ended" in run("feeds", "revoke", "energy", "--address", str(first["number"])).stdout
    assert [status(one["address"]) for one in (first, second)] == [410, 200]
    third = run("feeds", "rotate", "energy", "--overlap", "0").stdout
    assert "The older addresses end now." in third
    assert [status(second["address"]), status(third.splitlines()[0])] == [410, 200]
    assert json.loads(run("feeds", "revoke", "energy", "--json").stdout) == {"feed": "energy", "ended": 1}
    assert "none: `fanwire feeds rotate` makes one" in run("feeds", "list").stdout
    assert run("feeds", "revoke", "energy").stdout == "energy: 0 addresses have ended\n"
    with ledger.read() as connection:
        acts = [entry["act"] for entry in audit.latest(connection, audit.Wanted(act="feed"), 9)]
    assert acts == ["feed.revoke", "feed.rotate", "feed.revoke", "feed.rotate", "feed.rotate"]


def test_what_is_no_feed_is_refused(run: Run) -> None:
    assert "There are no feeds" in run("feeds", "list").stdout
    with ledger.write() as connection:
        outlets.put(connection, [outlet("desk")], 0)
    for command in ("rotate", "revoke"):
        assert "does not fetch" in run("feeds", command, "desk", status=1).stderr
        assert "no outlet 'nobody'" in run("feeds", command, "nobody", status=1).stderr
    wrong = run("feeds", "add", "x", "--country", "Germany", "--language", "de", status=1).stderr
    assert "country: is not an ISO 3166-1 country code" in wrong
