"""One file from a stranger's server: by the same address policy as deliveries, and within limits."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import certifi
import pytest

from tasks.delivery.transfers.address_policy import AddressPolicy
from tasks.delivery.transfers.download import Fetched, Limits, NotFetched, download
from tasks.model.destinations import Destinations
from tests.support.media import FileServer
from tests.support.ports import refusing_port
from tests.support.threads import PATIENCE

LOOPBACK = AddressPolicy([ip_network("127.0.0.0/8")])
LIMITS = Limits(largest=100_000, deadline=PATIENCE, connect_timeout=PATIENCE)


@pytest.fixture(scope="module")
def server() -> Iterator[FileServer]:
    server = FileServer()
    yield server
    server.close()


def fetch(url: str, limits: Limits = LIMITS, policy: AddressPolicy = LOOPBACK, **more: Any) -> tuple[Fetched, bytes]:
    with tempfile.TemporaryFile() as file:
        found = download(
            url,
            file,
            limits,
            allowed=policy.allows,
            wrong_port=Destinations().wrong_port,
            trust=certifi.where(),
            **more,
        )
        file.seek(0)
        return found, file.read()


def test_a_file_comes_as_it_is(server: FileServer) -> None:
    url = server.put("/a.jpg", b"abc" * 1000, Content_Type="Image/JPEG; x=y")
    found, content = fetch(url)
    assert content == b"abc" * 1000
    assert found == Fetched(sha256=hashlib.sha256(content).hexdigest(), bytes=3000, content_type="image/jpeg")


def test_a_redirect_leads_to_the_file_alone(server: FileServer) -> None:
    server.put("/moved/a.jpg", b"the file")
    server.put("/old", b"it has moved", 302, Location="moved/a.jpg", Content_Type="text/html")
    assert fetch(server.url + "/old")[1] == b"the file"
    assert fetch(server.url + "/old")[0].content_type is None


def test_a_full_disk_of_ours_is_not_the_fault_of_the_server(server: FileServer) -> None:
    url = server.put("/large.jpg", b"abc" * 1000)
    with Path("/dev/full").open("wb", 0) as full, pytest.raises(OSError, match="No space left"):
        download(
            url, full, LIMITS, allowed=LOOPBACK.allows, wrong_port=Destinations().wrong_port, trust=certifi.where()
        )


def closed(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"half")
    handler.close_connection = True


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(bytes(10_000))
    except OSError:
        handler.close_connection = True


HUGE = {"Content-Length": "999999999"}


@pytest.mark.parametrize(
    ("answer", "code", "reason", "again"),
    [
        ((404, {}, b"gone"), "http_404", "its server answered 404", False),
        ((403, {}, b""), "http_403", "answered 403", False),
        ((500, {}, b"x"), "http_500", "answered 500", True),
        ((503, {}, b"x"), "http_503", "answered 503", True),
        ((429, {}, b"x"), "http_429", "answered 429", True),
        ((204, {}, b""), "http_204", "answered 204", False),
        ((200, {}, b""), "empty", "is empty", False),
        ((200, HUGE, b"x"), "too_large", "is too large: at most 100,000 bytes are taken", False),
        (endless, "too_large", "is too large", False),
        (closed, "connection_reset", "connection closed within the answer's body", True),
        ((302, {"Location": "/file"}, b""), "redirect", "is redirected more than 3 times", False),
        (
            (302, {"Location": "ftp://a.example/"}, b""),
            "refused_address",
            "its address is no address on the web",
            False,
        ),
        (
            (302, {"Location": "http://127.0.0.1:6379/"}, b""),
            "refused_address",
            "port 6379 belongs to a service",
            False,
        ),
        ((302, {"Location": "http://10.0.0.1/"}, b""), "refused_address", "address 10.0.0.1 is refused", False),
        ((302, {"Location": "http://169.254.169.254/x"}, b""), "refused_address", "169.254.169.254 is refused", False),
        ((302, {"Location": "http://a:b@127.0.0.1/"}, b""), "refused_address", "without a user", False),
    ],
)
def test_what_cannot_be_had_says_why(server: FileServer, answer: Any, code: str, reason: str, again: bool) -> None:
    server.files["/file"] = answer
    with pytest.raises(NotFetched, match=reason) as refused:
        fetch(server.url + "/file")
    assert (refused.value.code, refused.value.again) == (code, again)


def test_a_refused_address_is_never_dialled(server: FileServer) -> None:
    url = server.put("/never", b"x")
    server.asked.clear()
    with pytest.raises(NotFetched, match=r"address 127.0.0.1 is refused"):
        fetch(url, policy=AddressPolicy())
    assert server.asked == []


def test_nobody_there_is_tried_again() -> None:
    with refusing_port() as port, pytest.raises(NotFetched, match="connection refused") as refused:
        fetch(f"http://127.0.0.1:{port}/")
    assert (refused.value.code, refused.value.again) == ("connection_refused", True)


def test_the_deadline_counts_for_all_hops(server: FileServer) -> None:
    def drips(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "10")
        handler.end_headers()
        handler.wfile.write(b"x")
        handler.rfile.read(1)  # until the other side goes
        handler.close_connection = True

    server.files["/slow"] = drips
    server.put("/to-slow", b"", 307, Location="/slow")
    with pytest.raises(NotFetched, match="timed out") as refused:
        fetch(server.url + "/to-slow", replace(LIMITS, deadline=0.5))
    assert (refused.value.code, refused.value.again) == ("timeout", True)
    with pytest.raises(NotFetched, match="asked to stop") as refused:
        fetch(server.url + "/slow", stopping=lambda: True)
    assert (refused.value.code, refused.value.again) == ("broken_off", True)
