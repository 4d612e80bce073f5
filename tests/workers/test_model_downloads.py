"""Downloads of models: what breaks off is gone on with, and what is wrong is not taken."""

from __future__ import annotations

import contextlib
import hashlib
import resource
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.runtime.settings import settings
from tests.support.certificates import self_signed
from tests.support.model_server import ModelServer
from workers.models import ModelRefused, NoRoom
from workers.models import download as downloading
from workers.models.download import Wanted, arrived, download, read_whole, shown, size_of

CONTENT = bytes(range(256)) * 400
"""Of an archive that nobody opens."""
FILE = "/m.argosmodel"


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    server = ModelServer()
    server.files[FILE] = CONTENT
    yield server
    server.close()


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "m.argosmodel"


def get(server: ModelServer, to: Path, **more: Any) -> list[tuple[int, int | None]]:
    told: list[tuple[int, int | None]] = []
    download(Wanted(address=f"{server.url}{FILE}", to=to, **more), lambda *now: told.append(now))
    return told


def ranges(server: ModelServer) -> list[str | None]:
    """What of the file was asked for, request by request."""
    return [asked.headers.get("range") for asked in server.gets(FILE)]


def test_a_download_is_told_as_it_grows_and_leaves_nothing_else(server: ModelServer, to: Path) -> None:
    told = get(server, to, size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
    assert to.read_bytes() == CONTENT
    assert [told[0], told[-1]] == [(0, len(CONTENT)), (len(CONTENT), len(CONTENT))]
    assert [file.name for file in to.parent.iterdir() if file.is_file()] == [to.name]
    assert size_of(f"{server.url}{FILE}") == len(CONTENT)


def test_what_breaks_off_is_gone_on_with_at_once(server: ModelServer, to: Path) -> None:
    server.breaks[FILE] = [1000, 500, 0]
    get(server, to)
    assert to.read_bytes() == CONTENT
    assert ranges(server) == [None, "bytes=1000-", "bytes=1500-", "bytes=1500-"]
    assert len({asked.headers["if-range"] for asked in server.gets(FILE)[1:]}) == 1


def test_what_breaks_off_again_and_again_is_kept_for_the_next_time(server: ModelServer, to: Path) -> None:
    server.breaks[FILE] = [1000, 0, 0, 0]
    with pytest.raises(ModelRefused, match=r"broke off .*; what has arrived is kept, and the same command goes"):
        get(server, to)
    assert (to.exists(), arrived(to)) == (False, 1000)
    get(server, to)
    assert to.read_bytes() == CONTENT
    assert ranges(server)[-1] == "bytes=1000-"


@pytest.mark.parametrize("how", ["another file", "no ranges", "no validators", "another address", "no note", "shorter"])
def test_what_may_be_another_file_begins_anew(server: ModelServer, to: Path, how: str) -> None:
    server.breaks[FILE] = [1000, 0, 0, 0]
    server.validators = how != "no validators"
    with pytest.raises(ModelRefused):
        get(server, to)
    server.breaks, server.ranges = {}, how != "no ranges"
    content = {"another file": CONTENT[::-1], "shorter": CONTENT[:500]}.get(how, CONTENT)
    server.files |= {FILE: content, "/n.argosmodel": content}
    if how == "no note":
        to.with_name(f"{to.name}.json").write_text("{")
    address = f"{server.url}{'/n.argosmodel' if how == 'another address' else FILE}"
    download(Wanted(address=address, to=to), lambda *_: None)
    assert to.read_bytes() == content
    unsure = ("no validators", "another address", "no note")
    assert ("range" in server.gets(address.removeprefix(server.url))[-1].headers) == (how not in unsure)


def test_without_validators_a_checksum_is_enough_to_go_on(server: ModelServer, to: Path) -> None:
    server.validators = False
    server.breaks[FILE] = [1000]
    get(server, to, sha256=hashlib.sha256(CONTENT).hexdigest())
    assert ranges(server) == [None, "bytes=1000-"]
    assert to.read_bytes() == CONTENT


def test_a_wrong_checksum_drops_what_has_arrived(server: ModelServer, to: Path) -> None:
    with pytest.raises(ModelRefused, match="has another checksum"):
        get(server, to, sha256="0" * 64)
    assert (to.exists(), arrived(to)) == (False, 0)


def test_a_wrong_length_is_refused_before_it_arrives(server: ModelServer, to: Path) -> None:
    with pytest.raises(ModelRefused, match="has 102,400 bytes, and 12 by the index"):
        get(server, to, size=12)
    assert (to.exists(), arrived(to)) == (False, 0)


@pytest.mark.parametrize("lengths", [True, False])
def test_what_is_too_large_is_refused(
    server: ModelServer, to: Path, lengths: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "MAX_ARCHIVE", 1000)
    server.lengths = lengths
    with pytest.raises(ModelRefused, match="a model may have 1,000" if lengths else r"larger than it may be \(1,000"):
        get(server, to)
    assert (to.exists(), arrived(to) <= 1000) == (False, True)


def test_one_that_drips_is_given_up(server: ModelServer, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "CHUNK_TIMEOUT", 1e-9)
    monkeypatch.setattr(downloading, "READ_TIMEOUT", 20)
    monkeypatch.setattr(downloading, "CHUNK", 200_000)
    server.lengths = server.ranges = False
    with pytest.raises(ModelRefused, match="is too slow: "):
        get(server, to)


@pytest.mark.parametrize(
    ("status", "says"),
    [(404, "answers 404"), (401, "answers 401; a user and a password go into the address"), (503, "answers 503; what")],
)
def test_a_status_is_named(server: ModelServer, to: Path, status: int, says: str) -> None:
    server.statuses[FILE] = status
    with pytest.raises(ModelRefused, match=says):
        get(server, to)
    assert not to.exists()


def test_redirects_are_followed_to_an_end(server: ModelServer) -> None:
    server.files["/index.json"] = b"[]"
    server.redirects |= {"/there": "/index.json", "/round": "/round", "/away": "ftp://files.example/"}
    assert read_whole(f"{server.url}/there") == b"[]"
    with pytest.raises(ModelRefused, match="redirects more than 5 times"):
        read_whole(f"{server.url}/round")
    with pytest.raises(ModelRefused, match="redirects to something that is no address"):
        read_whole(f"{server.url}/away")


def test_an_index_that_is_too_large_is_refused(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "MAX_INDEX", 1000)
    with pytest.raises(ModelRefused, match="larger than an index may be"):
        read_whole(f"{server.url}{FILE}")


def test_a_password_in_an_address_is_sent_and_never_shown(server: ModelServer, to: Path) -> None:
    address = server.url.replace("//", "//ann:geheim%21@") + f"{FILE}?token=geheim"
    assert shown(address) == f"{server.url}{FILE}"
    server.breaks[FILE] = [10, 0, 0, 0]
    with pytest.raises(ModelRefused) as refused:
        download(Wanted(address=address, to=to), lambda *_: None)
    assert server.asked[0].headers["authorization"].startswith("Basic ")
    assert "geheim" not in str(refused.value) + to.with_name(f"{to.name}.json").read_text()


def test_a_proxy_is_used_and_its_password_never_shown(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.files["/index.json"] = b"[1]"
    monkeypatch.setenv("HTTP_PROXY", server.url.replace("//", "//ann:geheim@"))
    assert read_whole("http://models.example/index.json") == b"[1]"
    assert server.asked[0].headers["proxy-authorization"].startswith("Basic ")
    server.close()
    with pytest.raises(ModelRefused, match=r"json cannot be reached through the proxy http://127") as refused:
        read_whole("http://models.example/index.json")
    assert "geheim" not in str(refused.value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(ModelRefused, match=r"127\.0\.0\.1:\d+/index\.json cannot be reached \(ConnectionError\)"):
        read_whole(server.index)


class _Tunnel(socketserver.StreamRequestHandler):
    """A proxy for TLS: answers CONNECT, and carries bytes both ways."""

    seen: list[str] = []

    def handle(self) -> None:
        _, where, _ = self.rfile.readline().decode().split()
        self.seen.append(where)
        while self.rfile.readline().strip():
            pass
        host, port = where.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as other:
            self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=self._carry, args=(other, self.connection), daemon=True)
            back.start()
            self._carry(self.connection, other)
            back.join()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


def test_tls_directly_and_through_a_proxy_believes_our_authorities(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued / "certificate.pem", issued / "key.pem")
    server.secure(context)
    server.files["/index.json"] = b"[2]"
    server.redirects["/out"] = "http://models.example/index.json"
    with pytest.raises(ModelRefused, match=r"certificate that is not trusted \(FANWIRE_CA_FILE"):
        read_whole(server.index)
    monkeypatch.setenv("FANWIRE_CA_FILE", str(issued / "certificate.pem"))
    settings.cache_clear()
    assert read_whole(server.index) == b"[2]"
    with pytest.raises(ModelRefused, match=r"redirects from https to http://models\.example/index\.json"):
        read_whole(f"{server.url}/out")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Tunnel) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_address[1]}")
        assert read_whole(server.index) == b"[2]"
        assert _Tunnel.seen == [server.url.removeprefix("https://")]
        proxy.shutdown()


def test_a_disk_that_is_full_in_the_middle_keeps_what_is_there(server: ModelServer, to: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(NoRoom, match=r"there is no more room in .*: make room; what has arrived is kept"):
            get(server, to)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert arrived(to) == 50_000
    get(server, to)
    assert to.read_bytes() == CONTENT
    assert ranges(server)[-1] == "bytes=50000-"
