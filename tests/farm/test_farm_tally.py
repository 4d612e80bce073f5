"""The tally's faults, each made on purpose, and the farm's coming and going."""

from __future__ import annotations

import base64
import hmac
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import farm_tally
import psutil
import pytest
from farm import Farm, assign, listen
from farm_manners import Manner, SimulatedOutlet

from tests.support.threads import PATIENCE

SIGNING_KEY = b"k" * 24


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    directory = tmp_path_factory.mktemp("farm")
    (directory / "token").write_text("abc\n")
    (directory / "secrets.env").write_text("SIGNING=whsec_" + base64.b64encode(SIGNING_KEY).decode())
    plan: dict[str, Any] = {
        "a": {"outlet": {"languages": ["de", "en"], "format": "html"}},
        "b": {"outlet": {"languages": ["de"], "format": "html"}},
        "text": {"outlet": {"languages": ["de"], "format": "text"}},
        "broken": {"manner": "broken", "outlet": {"languages": ["de"], "format": "html"}},
        "throttled": {"manner": "throttled", "retry_after": 60, "outlet": {"languages": ["de"], "format": "html"}},
        "narrow": {"manner": "slow", "delay": 30, "outlet": {"languages": ["de"], "limits": {"in_flight": 1}}},
        "token": {"outlet": {"languages": ["de"], "auth": {"type": "bearer", "secret": f"file:{directory / 'token'}"}}},
        "signed": {"outlet": {"languages": ["de"], "auth": {"signing_secret": "env:SIGNING"}}},
    }
    with Farm(plan, directory) as farm:
        yield farm


@pytest.fixture(autouse=True)
def _afresh(farm: Farm) -> None:
    farm.reset()


def send(farm: Farm, outlet: str, version: int = 1, language: str = "de", **other: Any) -> HTTPConnection:
    """Send a delivery as a good sender does, but for what `other` says: action, key, body, at, and more headers."""
    url = urlsplit(farm.url(other.pop("at", outlet)))
    key = other.pop("key", f"{outlet}/{version}/{language}")
    headers = {
        "Idempotency-Key": key, "webhook-id": key, "Fanwire-Release": "urn:x:1", "Fanwire-Version": str(version),
        "Fanwire-Action": other.pop("action", "publish"), "Content-Language": language,
    }  # fmt: skip
    body = other.pop(
        "body", b"%d %s %s" % (version, language.encode(), farm.outlets.get(outlet, {}).get("format", "").encode())
    )
    headers |= {name.replace("_", "-"): value for name, value in other.items()}
    connection = HTTPConnection(str(url.hostname), url.port, timeout=PATIENCE)
    connection.request("POST", f"/o/{outlet}", body, {name: value for name, value in headers.items() if value})
    return connection


def post(farm: Farm, outlet: str, version: int = 1, language: str = "de", **other: Any) -> int:
    with closing(send(farm, outlet, version, language, **other)) as connection:
        return connection.getresponse().status


def faults(farm: Farm) -> dict[str, int]:
    tally = farm.tally()
    found = {fault: len(tally[fault]) for fault in farm_tally.FAULTS if tally[fault]}
    assert tally["faultless"] is not bool(found)
    return found


def test_a_good_sender_has_no_faults(farm: Farm) -> None:
    for outlet in ("a", "b", "text", "broken", "broken"):
        post(farm, outlet)
    post(farm, "a", language="en")
    post(farm, "a", 2, action="correct")
    post(farm, "a", 3, action="kill")
    assert faults(farm) == {}
    tally = farm.tally(outlets=True)
    assert (tally["receipts"], tally["accepted"], tally["answers"]) == (8, 6, {"200": 6, "500": 2})
    german = tally["releases"]["urn:x:1"]["1"]["de"]
    assert (german["tried"], german["outlets"], german["receipts"]) == (4, 3, 5)
    rows = {(row["outlet"], row["version"], row["language"]): row for row in tally["outlets"]}
    assert rows["broken", 1, "de"]["answers"] == [500, 500]
    assert len(rows) == 7


def test_doubled(farm: Farm) -> None:
    post(farm, "a")
    post(farm, "a")
    post(farm, "a", language="en")
    assert faults(farm) == {"doubled": 1}
    [fault] = farm.tally()["doubled"]
    assert (fault["outlet"], fault["language"], len(fault["times"])) == ("a", "de", 2)


def test_stale(farm: Farm) -> None:
    post(farm, "a", 2)
    post(farm, "a", 1, language="en")
    post(farm, "b", 1)
    assert faults(farm) == {}
    post(farm, "a", 1)
    assert faults(farm) == {"stale": 1}
    [fault] = farm.tally()["stale"]
    assert (fault["outlet"], fault["language"], fault["version"], fault["after"]) == ("a", "de", 1, 2)


def test_a_version_that_was_refused_makes_nothing_stale(farm: Farm) -> None:
    post(farm, "broken", 2)
    post(farm, "broken", 1)
    assert faults(farm) == {}


def test_after_kill(farm: Farm) -> None:
    post(farm, "a", 2, action="kill")
    post(farm, "a", 3, action="correct")
    assert faults(farm) == {"after_kill": 1}


def test_too_early(farm: Farm) -> None:
    post(farm, "throttled")
    post(farm, "throttled", 2)
    assert faults(farm) == {}
    post(farm, "throttled")
    assert faults(farm) == {"too_early": 1}
    farm.wait_until_accepted(1)
    assert (farm.health()["receipts"], farm.health()["accepted"]) == (3, 1)
    with pytest.raises(TimeoutError, match="2 not accepted after 0 s"):
        farm.wait_until_accepted(2, seconds=0)


def test_different_bytes(farm: Farm) -> None:
    post(farm, "a")
    post(farm, "b", body=b"other")
    post(farm, "text", body=b"another format")
    assert faults(farm) == {"different_bytes": 1}


def test_keys(farm: Farm) -> None:
    post(farm, "broken", key="1")
    post(farm, "broken", key="2")
    assert faults(farm) == {"key_changed": 1}
    post(farm, "b", key="1")
    assert faults(farm) == {"key_changed": 1, "key_shared": 1}
    post(farm, "text", webhook_id="another")
    assert faults(farm) == {"key_changed": 1, "key_shared": 1, "key_mismatch": 1}


def test_headers_that_are_absent(farm: Farm) -> None:
    post(farm, "a", Fanwire_Version=None)
    assert faults(farm) == {"nameless": 1}


def test_wrong_language_and_wrong_place(farm: Farm) -> None:
    post(farm, "b", language="en")
    assert faults(farm) == {"wrong_language": 1}
    post(farm, "text", at="a")
    assert faults(farm) == {"wrong_language": 1, "misplaced": 1}
    assert post(farm, "nobody", at="a", body=b"news") == 404
    assert faults(farm) == {"wrong_language": 1, "misplaced": 2}


def test_too_many_at_once(farm: Farm) -> None:
    with closing(send(farm, "narrow")), closing(send(farm, "narrow", 2)):
        farm.wait_until(lambda receipts: len(receipts) == 2)
        assert farm.tally()["pending"] == 2
    farm.wait_until(lambda receipts: all(receipt["outcome"] == "left" for receipt in receipts))
    assert faults(farm) == {"too_many_at_once": 1}
    farm.reset()
    assert faults(farm) == {}


def test_token(farm: Farm) -> None:
    assert post(farm, "token", Authorization="Bearer abc") == 200
    assert faults(farm) == {}
    assert post(farm, "token", Authorization="Bearer wrong") == 401
    assert faults(farm) == {"unauthorised": 1}


@pytest.mark.parametrize(("age", "status"), [(0, 200), (1000, 401)])
def test_signature(farm: Farm, age: int, status: int) -> None:
    stamp = str(int(time.time()) - age)
    digest = hmac.digest(SIGNING_KEY, f"id.{stamp}.news".encode(), "sha256")
    signature = "v1,bm8= v1," + base64.b64encode(digest).decode()
    signed: dict[str, Any] = {"webhook_timestamp": stamp, "webhook_signature": signature}
    assert post(farm, "signed", key="id", body=b"news", **signed) == status
    assert post(farm, "signed", key="id", body=b"news!", **signed) == 401


def test_receipts_can_be_chosen(farm: Farm) -> None:
    post(farm, "a")
    post(farm, "b")
    post(farm, "b", 2)
    assert [receipt["outlet"] for receipt in farm.receipts()] == ["a", "b", "b"]
    assert [receipt["version"] for receipt in farm.receipts(outlet="b")] == [1, 2]
    assert farm.receipts(release="urn:x:2") == []
    assert farm.tally(release="urn:x:2")["receipts"] == 0


def test_listens_on_loopback_only(farm: Farm) -> None:
    processes = [psutil.Process(farm.process.pid), *psutil.Process(farm.process.pid).children()]
    addresses = {c.laddr.ip for p in processes for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN}
    assert len(addresses) == len(farm.plan) + 1
    assert all(address.startswith("127.") for address in addresses)


def gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=PATIENCE)[1]


def test_ends_on_sigterm(tmp_path: Path) -> None:
    farm = Farm({f"o{number}": {"tls": number % 2 == 0} for number in range(20)}, tmp_path, processes=2).start()
    processes = [psutil.Process(farm.process.pid), *psutil.Process(farm.process.pid).children()]
    url = urlsplit(farm.url("o1"))
    with closing(send(farm, "o1")) as connection:
        assert connection.getresponse().status == 200
        assert farm.stop() == 0
    assert len(processes) == 3
    assert gone(processes)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((url.hostname, url.port), timeout=PATIENCE)


def test_ends_with_who_started_it(tmp_path: Path) -> None:
    farm = Farm({"a": {}}, tmp_path).start()
    processes = [psutil.Process(farm.process.pid), *psutil.Process(farm.process.pid).children()]
    farm.process.stdin.close()
    assert farm.process.wait(PATIENCE) == 0
    assert gone(processes)
    farm.process.stdout.close()


def test_its_processes_end_when_it_is_killed(tmp_path: Path) -> None:
    farm = Farm({"a": {}, "b": {}}, tmp_path, processes=2).start()
    children = psutil.Process(farm.process.pid).children()
    os.kill(farm.process.pid, signal.SIGKILL)
    assert gone(children)
    assert farm.stop() == -signal.SIGKILL


def outlets_of(*kinds: tuple[str, bool, int]) -> list[SimulatedOutlet]:
    return [
        SimulatedOutlet(f"{manner}-{tls}-{number}", Manner(manner).complete(), tls, {})
        for manner, tls, many in kinds
        for number in range(many)
    ]


def test_outlets_share_addresses_when_there_are_few() -> None:
    outlets = outlets_of(("fast", True, 80), ("fast", False, 20), ("refuse", False, 3))
    places = assign(outlets, 10)
    assert len(places) <= 11
    assert sum(map(len, places.values())) == len(outlets)
    assert all(len({(outlet.listens, outlet.tls) for outlet in here}) == 1 for here in places.values())
    assert len(assign(outlets, 1000)) == len(outlets)


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.77", 0)) as taken, pytest.raises(SystemExit, match="cannot listen on port"):
        listen(["127.0.0.76", "127.0.0.77"], taken.getsockname()[1])


@pytest.mark.parametrize("entry", [{"maner": "fast"}, {"manner": "rude"}, {"per": "day"}])
def test_a_plan_with_a_fault(tmp_path: Path, entry: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="outlet a: "):
        Manner.read("a", entry)
