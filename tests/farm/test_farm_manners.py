"""Each manner, over plain HTTP and TLS, seen from the sender's side and in the receipts."""

from __future__ import annotations

import hashlib
import http.client
import select
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from farm import Farm

from tests.support.threads import PATIENCE

MANNERS: dict[str, dict[str, Any]] = {
    "fast": {},
    "slow": {"manner": "slow", "delay": 0.2},
    "late": {"manner": "late", "delay": 30},
    "unavailable": {"manner": "unavailable"},
    "twice": {"manner": "unavailable", "times": 2, "retry_after": 5},
    "once-ever": {"manner": "unavailable", "times": 1, "per": "outlet"},
    "throttled": {"manner": "throttled", "retry_after": 2},
    "broken": {"manner": "broken"},
    "gone": {"manner": "gone"},
    "missing": {"manner": "missing"},
    "moved": {"manner": "moved", "status": 308},
    "hang": {"manner": "hang"},
    "silent": {"manner": "hang", "silent": True},
    "drip": {"manner": "drip", "delay": 0.01},
    "slow-drip": {"manner": "drip", "delay": 30},
    "reset": {"manner": "reset", "times": 1},
    "huge": {"manner": "huge"},
    "endless": {"manner": "huge", "size": 0},
    "refuse": {"manner": "refuse"},
}


@pytest.fixture(scope="module", params=["plain", "tls"])
def farm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    plan = {name: {**entry, "tls": request.param == "tls"} for name, entry in MANNERS.items()}
    with Farm(plan, tmp_path_factory.mktemp("farm"), processes=2) as farm:
        yield farm


@pytest.fixture(autouse=True)
def _afresh(farm: Farm) -> None:
    farm.reset()


def connect(farm: Farm, outlet: str) -> http.client.HTTPConnection:
    """A connection that trusts the farm's CA and nothing else."""
    url = urlsplit(farm.url(outlet))
    if url.scheme == "http":
        return http.client.HTTPConnection(str(url.hostname), url.port, timeout=PATIENCE)
    return http.client.HTTPSConnection(
        str(url.hostname), url.port, timeout=PATIENCE, context=ssl.create_default_context(cafile=farm.ca_file)
    )


def headers(
    release: str = "urn:x:1", version: int = 1, language: str = "en", action: str = "publish"
) -> dict[str, str]:
    key = f"{release}/{version}/{language}"
    return {
        "Idempotency-Key": key,
        "webhook-id": key,
        "Fanwire-Release": release,
        "Fanwire-Version": str(version),
        "Fanwire-Action": action,
        "Content-Language": language,
        "Content-Type": "text/plain",
    }


def send(farm: Farm, outlet: str, body: bytes = b"news", **names: Any) -> http.client.HTTPConnection:
    connection = connect(farm, outlet)
    connection.request("POST", f"/o/{outlet}", body, headers(**names))
    return connection


def post(farm: Farm, outlet: str, body: bytes = b"news", **names: Any) -> http.client.HTTPResponse:
    with closing(send(farm, outlet, body, **names)) as connection:
        answer = connection.getresponse()
        answer.read()
        return answer


def only(farm: Farm, outcome: str) -> dict[str, Any]:
    """The one receipt, once it has come to this."""
    receipts = farm.wait_until(lambda receipts: [r["outcome"] for r in receipts] == [outcome])
    return receipts[0]


def test_notes_what_came(farm: Farm) -> None:
    body = "Ein „Satz“".encode() * 20_000
    before = time.time()
    assert post(farm, "fast", body, release="urn:x:7", version=3, language="de", action="correct").status == 200
    receipt = only(farm, "answered")
    assert before <= receipt["time"] <= receipt["ended"] <= time.time()
    wanted = {
        "release": "urn:x:7", "version": 3, "language": "de", "action": "correct", "outlet": "fast", "answered": 200,
        "key": "urn:x:7/3/de", "webhook_id": "urn:x:7/3/de", "sha256": hashlib.sha256(body).hexdigest(),
        "bytes": len(body), "content_type": "text/plain", "manner": "fast", "attempt": 1, "format": "ninjs",
    }  # fmt: skip
    assert {name: receipt[name] for name in wanted} == wanted


def test_slow_answers_after_its_delay(farm: Farm) -> None:
    assert post(farm, "slow").status == 200
    receipt = only(farm, "answered")
    assert receipt["ended"] - receipt["time"] >= 0.2


def test_late_is_left_before_it_answers(farm: Farm) -> None:
    connection = send(farm, "late")
    assert only(farm, "pending")["answered"] is None
    connection.close()
    assert only(farm, "left")["answered"] is None
    assert farm.tally()["unanswered"] == 1


@pytest.mark.parametrize(
    ("outlet", "statuses"),
    [
        ("unavailable", [503, 200, 200]),
        ("twice", [503, 503, 200]),
        ("throttled", [429, 200]),
        ("broken", [500, 500, 500]),
        ("gone", [410, 410]),
        ("missing", [404, 404]),
    ],
)
def test_answers_in_its_manner(farm: Farm, outlet: str, statuses: list[int]) -> None:
    assert [post(farm, outlet).status for _ in statuses] == statuses
    assert [receipt["answered"] for receipt in farm.receipts(outlet=outlet)] == statuses
    assert [receipt["attempt"] for receipt in farm.receipts()] == list(range(1, len(statuses) + 1))


def test_counts_attempts_at_each_delivery(farm: Farm) -> None:
    assert [post(farm, "unavailable", version=version).status for version in (1, 2, 1, 2)] == [503, 503, 200, 200]
    assert [post(farm, "once-ever", version=version).status for version in (1, 2, 1, 2)] == [503, 200, 200, 200]


def test_says_when_to_come_again(farm: Farm) -> None:
    assert post(farm, "throttled").headers["Retry-After"] == "2"
    assert post(farm, "throttled").headers["Retry-After"] is None
    assert post(farm, "twice").headers["Retry-After"] == "5"


def test_notes_who_follows_a_redirect(farm: Farm) -> None:
    answer = post(farm, "moved")
    assert (answer.status, answer.headers["Location"]) == (308, farm.url("moved") + "/moved")
    assert farm.tally()["followed"] == []
    with closing(connect(farm, "moved")) as connection:
        connection.request("POST", "/o/moved/moved", b"news", headers())
        assert connection.getresponse().status == 200
    assert [fault["outlet"] for fault in farm.tally()["followed"]] == ["moved"]
    assert farm.tally()["doubled"] == []


def test_hang_reads_and_never_answers(farm: Farm) -> None:
    with closing(send(farm, "hang")) as connection:
        assert only(farm, "hang")["answered"] is None
        assert not select.select([connection.sock], [], [], 0.05)[0]
    assert farm.tally()["unanswered"] == 1


def test_silent_does_not_even_read(farm: Farm) -> None:
    url = urlsplit(farm.url("silent"))
    with socket.create_connection((str(url.hostname), url.port), timeout=PATIENCE) as sock:
        sock.sendall(b"POST /o/silent HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        assert not select.select([sock], [], [], 0.1)[0]
    until = time.monotonic() + PATIENCE
    while not farm.tally()["aborted"] and time.monotonic() < until:
        pass  # each look is a request to the farm
    assert farm.tally()["aborted"] == 1
    assert farm.receipts() == []


def test_drip_comes_byte_by_byte(farm: Farm) -> None:
    assert post(farm, "drip").status == 200
    assert only(farm, "answered")["answered"] == 200
    farm.reset()
    with closing(send(farm, "slow-drip")) as connection:
        assert connection.sock.recv(1000) == b"H"
        assert not select.select([connection.sock], [], [], 0.05)[0]
    assert only(farm, "left")["answered"] is None


def test_reset_after_the_body_was_read(farm: Farm) -> None:
    with pytest.raises(ConnectionResetError):
        post(farm, "reset")
    receipt = only(farm, "reset")
    assert (receipt["answered"], receipt["bytes"]) == (None, 4)
    assert post(farm, "reset").status == 200
    tally = farm.tally()
    assert (tally["accepted"], tally["unanswered"], tally["doubled"]) == (1, 1, [])


@pytest.mark.parametrize(("outlet", "length"), [("huge", str(1 << 30)), ("endless", None)])
def test_huge_gives_more_than_anybody_takes(farm: Farm, outlet: str, length: str | None) -> None:
    with closing(send(farm, outlet)) as connection:
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Content-Length"]) == (200, length)
        assert len(answer.read(3_000_000)) == 3_000_000
        assert post(farm, "fast").status == 200, "the others must not wait for it"
        answer.close()
    farm.wait_until(lambda receipts: sorted(r["outcome"] for r in receipts) == ["answered", "left"])
    assert [receipt["answered"] for receipt in farm.receipts(outlet=outlet)] == [200]


def test_refuse_refuses(farm: Farm) -> None:
    with pytest.raises(ConnectionRefusedError):
        post(farm, "refuse")


def test_takes_several_requests_on_one_connection(farm: Farm) -> None:
    with closing(connect(farm, "fast")) as connection:
        for version in (1, 2, 3):
            connection.request("POST", "/o/fast", b"x" * 100_000, headers(version=version))
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"ok\n")
        connection.request("GET", "/o/fast")
        assert connection.getresponse().status == 200
    assert [receipt["version"] for receipt in farm.receipts()] == [1, 2, 3]
    assert (farm.tally()["connections"], farm.tally()["probes"]) == (1, 1)


def test_invites_a_body_that_waits(farm: Farm) -> None:
    with closing(connect(farm, "fast")) as connection:
        connection.connect()
        connection.sock.sendall(b"POST /o/fast HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert connection.sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sock.sendall(b"news")
        assert connection.sock.recv(1000).startswith(b"HTTP/1.1 200 OK")
    assert only(farm, "answered")["bytes"] == 4


def test_a_body_cut_short_is_no_receipt(farm: Farm) -> None:
    connection = connect(farm, "fast")
    connection.connect()
    connection.sock.sendall(b"POST /o/fast HTTP/1.1\r\nContent-Length: 400\r\n\r\nnews")
    connection.close()
    until = time.monotonic() + PATIENCE
    while not farm.tally()["aborted"] and time.monotonic() < until:
        pass
    assert farm.tally()["aborted"] == 1
    assert farm.receipts() == []


def test_wants_to_know_the_length(farm: Farm) -> None:
    with closing(connect(farm, "fast")) as connection:
        connection.connect()
        connection.sock.sendall(b"POST /o/fast HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert connection.sock.recv(1000).startswith(b"HTTP/1.1 411 ")


def test_changes_manners(farm: Farm) -> None:
    try:
        farm.set_manners({"fast": {"manner": "broken"}})
        assert post(farm, "fast").status == 500
    finally:
        farm.set_manners({"fast": {}})
    assert post(farm, "fast").status == 200


def test_tls_needs_the_ca(farm: Farm) -> None:
    url = urlsplit(farm.url("fast"))
    if url.scheme == "http":
        pytest.skip("plain HTTP")
    stranger = ssl.create_default_context()
    with (
        socket.create_connection((str(url.hostname), url.port), timeout=PATIENCE) as sock,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        stranger.wrap_socket(sock, server_hostname=url.hostname)
    assert not [path for path in Path(farm.directory).rglob("*") if path.is_file() and b"PRIVATE" in path.read_bytes()]


def test_every_outlet_has_an_address_of_its_own(farm: Farm) -> None:
    hosts = {urlsplit(document["url"]).hostname for document in farm.outlets.values()}
    assert len(hosts) == len(MANNERS)
    assert all(host.startswith("127.") for host in hosts)
