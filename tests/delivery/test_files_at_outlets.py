"""Files at outlets: the same cases over every transport that leaves files, against real servers of each."""

from __future__ import annotations

import itertools
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from tasks.delivery import transports
from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.files.file_names import slug
from tasks.delivery.files.file_server import CONNECTIONS
from tasks.delivery.transfers.address_policy import AddressPolicy
from tasks.delivery.transfers.transfer import Answer
from tasks.delivery.verdicts import Judgement
from tasks.model.codes import Code
from tasks.model.media import MediaFile
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tests.support.authority import Authority
from tests.support.file_servers import (
    Server,
    ftp_server,
    ftps_server,
    missing,
    openssh_server,
    s3_server,
    sftp_server,
)
from tests.support.processes import until
from tests.support.stepped_time import RunningTime
from tests.support.threads import PATIENCE
from workers.host_key import shown_host_key

NOW = 1_795_000_000.0  # 2026-11-18
URI = "urn:newsml:acme.example:20261118:plant-porto"
SLUG = slug(URI)
VERSIONED = "{slug}-{language}-v{version}.{ending}"
REQUEST = DeliveryRequest(
    key="fw_0123",
    release=URI,
    version=1,
    action="publish",
    language="en-US",
    outlet_language="en",
    content_type="text/html; charset=utf-8",
    body=b"<p>The plant is open.</p>",
    first_received=NOW - 86400,
)
CORRECTION = replace(REQUEST, version=2, action="correct", body=b"<p>It opens soon.</p>", earlier_versions=(1,))
KILL = replace(REQUEST, version=3, action="kill", body=b"<p>Do not publish.</p>", earlier_versions=(1, 2))
ONE = f"{SLUG}-en.html"
V1, V2, V3 = (f"{SLUG}-en-v{version}.html" for version in (1, 2, 3))


def hanging(call: Any) -> None:
    """Read a request, and never answer."""
    call.read()
    call.hang()


def cutting(call: Any) -> None:
    """Read the beginning of a request, and break off."""
    call.socket.recv(1000)
    call.reset()


def folder_server(root: Path) -> AbstractContextManager[Server]:
    """A folder of this machine, which is its own server."""
    return nullcontext(Server(url=f"file://{root}/", root=root, auth={}, secret=""))


KINDS: dict[str, tuple[Callable[..., AbstractContextManager[Server]], str | None]] = {
    "folder": (lambda root, _: folder_server(root), None),
    "ftp": (lambda root, _: ftp_server(root), None),
    "ftp with TLS": (ftp_server, None),
    "vsftpd": (lambda root, pem: ftps_server(root, pem, implicit=False), "vsftpd"),
    "ftps": (lambda root, pem: ftps_server(root, pem, implicit=True), "vsftpd"),
    "sftp": (lambda root, _: sftp_server(root), None),
    "openssh": (lambda root, _: openssh_server(root), "sshd"),
    "s3": (lambda root, _: s3_server(root), None),
}
"""Each kind of server, and the program that it needs beside the packages of the tests."""
NETWORKED = [kind for kind in KINDS if kind != "folder"]
MISBEHAVING = ["ftp", "sftp"]
"""Those that can be told to do something wrong."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Callable[[str], Server]]:
    """The server of a kind, the same for all tests of this file."""
    running: dict[str, Server] = {}
    with ExitStack() as stack:

        def of(kind: str) -> Server:
            start, program = KINDS[kind]
            if program and (why := missing(program)):
                pytest.skip(why)
            if kind not in running:
                root = tmp_path_factory.mktemp(kind.replace(" ", "-"))
                running[kind] = stack.enter_context(start(root, authority.certificate("127.0.0.1")))
            return running[kind]

        yield of


@dataclass
class Desk:
    """An outlet that has a folder of its own on a server."""

    server: Server
    folder: str
    bench: Any
    monkeypatch: pytest.MonkeyPatch

    def outlet(self, auth: dict[str, Any] | None = None, path: str = "", **options: Any) -> Outlet:
        """The outlet, with these options of its transport."""
        self.monkeypatch.setenv("FANWIRE_SECRET_DESK", self.server.secret)
        known = self.server.auth | ({"secret": "env:FANWIRE_SECRET_DESK"} if self.server.auth else {})
        document = {
            "id": "desk", "name": "Desk", "country": "PT", "languages": ["en"], "format": "html",
            "url": f"{self.server.url}{self.folder}/{path}", "auth": known | (auth or {}),
            "transport": self.server.settings | options,
        }  # fmt: skip
        return Outlet.model_validate(document)

    def send(self, request: DeliveryRequest = REQUEST, /, deadline: float = PATIENCE, **changes: Any) -> Judgement:
        """Deliver once."""
        outlet = self.outlet(**changes)
        transfer = transports.prepare(outlet, request, key="k", deadline=deadline, now=NOW)
        self.bench.transfers.start(transfer)
        answer: Answer
        (answer,) = self.bench.wait(1)
        return transports.judge(outlet, answer, NOW)

    def deliver(self, request: DeliveryRequest = REQUEST, /, **changes: Any) -> None:
        """Deliver once; it has to arrive."""
        judgement = self.send(request, **changes)
        assert judgement.verdict is Verdict.DELIVERED, judgement

    def files(self) -> dict[str, bytes]:
        """What the desk sees."""
        return self.server.files(self.folder)


_numbers = itertools.count(1)


@pytest.fixture
def desk(kind: str, servers: Callable[[str], Server], bench: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An outlet on a server of this kind, which behaves well again afterwards."""
    server, folder = servers(kind), f"desk{next(_numbers)}"
    (server.root / folder).mkdir()
    monkeypatch.setenv("FANWIRE_DELIVERY_FOLDERS", str(server.root))
    for cache in (settings.cache_clear, secrets.forget):
        cache()
    yield Desk(server, folder, bench, monkeypatch)
    server.fault = None
    settings.cache_clear()
    secrets.forget()


every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
class TestEveryKind:
    def test_a_delivery_is_a_file_and_twice_the_same_is_one_file(self, desk: Desk) -> None:
        for _ in range(2):
            desk.deliver()
            assert desk.files() == {ONE: REQUEST.body}

    @pytest.mark.parametrize(
        ("options", "after_correction", "after_kill"),
        [
            ({}, {ONE: CORRECTION.body}, {ONE: KILL.body}),
            ({"name": VERSIONED}, {V2: CORRECTION.body}, {V3: KILL.body}),
            (
                {"name": VERSIONED, "correction": "new", "kill": "new"},
                {V1: REQUEST.body, V2: CORRECTION.body},
                {V1: REQUEST.body, V2: CORRECTION.body, V3: KILL.body},
            ),
            ({"name": VERSIONED, "correction": "new"}, {V1: REQUEST.body, V2: CORRECTION.body}, {V3: KILL.body}),
            ({"name": VERSIONED, "correction": "new", "kill": "remove"}, {V1: REQUEST.body, V2: CORRECTION.body}, {}),
            ({"kill": "remove"}, {ONE: CORRECTION.body}, {}),
        ],
        ids=["one name", "replaced", "all new", "correction new", "all removed", "removed"],
    )
    def test_what_corrections_and_kills_leave(
        self, desk: Desk, options: dict[str, str], after_correction: dict[str, bytes], after_kill: dict[str, bytes]
    ) -> None:
        desk.deliver(**options)
        desk.deliver(CORRECTION, **options)
        assert desk.files() == after_correction
        for _ in range(2):
            desk.deliver(KILL, **options)
            assert desk.files() == after_kill

    def test_files_are_read_beside_the_loop(self, desk: Desk) -> None:
        read: list[int] = []

        def content() -> bytes:
            read.append(threading.get_ident())
            return b"\xff\xd8"

        hero = MediaFile(id="hero", name="hero.jpg", content_type="image/jpeg", bytes=2, sha256="0" * 64, read=content)
        desk.deliver(replace(REQUEST, media=(hero,)), media=True)
        assert desk.files() == {ONE: REQUEST.body, f"{ONE.removesuffix('.html')}-hero.jpg": b"\xff\xd8"}
        assert threading.get_ident() not in read

    def test_a_file_that_our_store_has_lost_is_our_fault(self, desk: Desk) -> None:
        def lost() -> bytes:
            raise FileNotFoundError("gone")

        hero = MediaFile(id="hero", name="hero.jpg", content_type="image/jpeg", bytes=2, sha256="0" * 64, read=lost)
        assert desk.send(replace(REQUEST, media=(hero,)), media=True).verdict is Verdict.OURS
        assert desk.files() == {}

    def test_what_an_attempt_left_behind_is_overwritten(self, desk: Desk) -> None:
        part = f".{ONE}.part"
        (desk.server.root / desk.folder / part).write_bytes(b"much more than the file that is to come")
        (desk.server.root / desk.folder / part).chmod(0o666)
        desk.deliver()
        assert desk.files() == {ONE: REQUEST.body}

    def test_a_name_may_have_folders(self, desk: Desk) -> None:
        made = {} if desk.server.stored else {"make_folders": True}
        desk.deliver(name="{date}/{action}/{slug}.{language}.{ending}", **made)
        assert desk.files() == {f"2026-11-17/publish/{SLUG}.en.html": REQUEST.body}

    def test_an_address_that_is_refused(self, desk: Desk, make_bench: Callable[..., Any]) -> None:
        if desk.server.auth:
            desk.bench = make_bench(allowed=AddressPolicy().allows)
            expected = Code.REFUSED_ADDRESS
        else:
            desk.monkeypatch.setenv("FANWIRE_DELIVERY_FOLDERS", "/srv/other")
            settings.cache_clear()
            expected = Code.REFUSED_FOLDER
        judgement = desk.send()
        assert (judgement.verdict, judgement.code) == (Verdict.BLOCKED, expected)
        assert desk.files() == {}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "s3"])
def test_a_folder_that_is_missing(desk: Desk) -> None:
    judgement = desk.send(path="nowhere/")
    assert judgement.code in (Code.NO_FOLDER, "ftp_550"), judgement
    assert judgement.verdict is (Verdict.REJECTED if desk.server.auth else Verdict.FAILED)
    assert desk.files() == {}


@pytest.mark.parametrize("kind", [kind for kind in NETWORKED if kind != "openssh"])
def test_a_wrong_password(desk: Desk) -> None:
    desk.server = replace(desk.server, secret="not-it")
    judgement = desk.send()
    assert (judgement.verdict, judgement.code) == (Verdict.REJECTED, Code.LOGIN)
    assert "not-it" not in judgement.detail
    assert desk.files() == {}


@pytest.mark.parametrize("kind", ["ftp with TLS", "vsftpd", "ftps"])
def test_a_wrong_certificate(desk: Desk, make_bench: Callable[..., Any], tmp_path: Path) -> None:
    desk.bench = make_bench(trust=Authority(tmp_path).bundle)
    judgement = desk.send()
    assert (judgement.verdict, judgement.code) == (Verdict.FAILED, Code.TLS)
    assert desk.files() == {}


@pytest.mark.parametrize("kind", ["vsftpd"])
def test_a_server_that_wants_to_see_our_certificate(desk: Desk, authority: Authority, tmp_path: Path) -> None:
    desk.monkeypatch.setenv("FANWIRE_SECRET_OURS", authority.certificate("wire.example").read_text())
    (tmp_path / "careful").mkdir()
    careful = ftps_server(
        tmp_path / "careful", authority.certificate("127.0.0.1"), implicit=False, clients=authority.bundle
    )
    with careful as desk.server:
        (desk.server.root / desk.folder).mkdir()
        judgement = desk.send()
        assert judgement.verdict is Verdict.FAILED, judgement
        assert desk.files() == {}
        desk.deliver(auth={"certificate": "env:FANWIRE_SECRET_OURS"})
        assert desk.files() == {ONE: REQUEST.body}


@pytest.mark.parametrize("kind", ["ftp"])
def test_a_password_goes_to_no_server_without_tls(desk: Desk) -> None:
    judgement = desk.send(tls="required")
    assert (judgement.verdict, judgement.code) == (Verdict.FAILED, Code.TLS)


@pytest.mark.parametrize("kind", ["sftp", "openssh"])
def test_another_host_key_is_refused_and_shown(desk: Desk) -> None:
    judgement = desk.send(auth={"host_key": "SHA256:" + "A" * 43})
    assert (judgement.verdict, judgement.code) == (Verdict.REJECTED, Code.HOST_KEY)
    assert desk.server.auth["host_key"] in judgement.detail
    assert desk.files() == {}


@pytest.mark.parametrize("kind", ["sftp", "openssh"])
def test_the_key_that_a_server_shows_can_be_asked_for(desk: Desk, tmp_path: Path) -> None:
    desk.monkeypatch.setenv("FANWIRE_HOME", str(tmp_path))
    settings.cache_clear()
    with pytest.raises(ValueError, match=r"shows no key: address .* is refused"):
        shown_host_key(desk.server.url)
    desk.monkeypatch.setenv("FANWIRE_ALLOWED_NETWORKS", "127.0.0.0/8")
    settings.cache_clear()
    assert shown_host_key(desk.server.url) == desk.server.auth["host_key"]
    with pytest.raises(ValueError, match="is no address of an SFTP server"):
        shown_host_key("ftp://bote.example/")


@pytest.mark.parametrize("kind", ["openssh"])
def test_a_wrong_private_key(desk: Desk, servers: Callable[[str], Server]) -> None:
    import asyncssh

    desk.server = replace(
        desk.server, secret=asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    )
    judgement = desk.send()
    assert (judgement.verdict, judgement.code) == (Verdict.REJECTED, Code.LOGIN)


@pytest.mark.parametrize("kind", MISBEHAVING)
class TestMisbehaviour:
    def test_a_full_disk(self, desk: Desk) -> None:
        desk.server.fault = "full"
        judgement = desk.send()
        # libcurl keeps to itself with what number an SFTP server ends an upload
        code = Code.SERVER_REPLY if desk.server.url.startswith("sftp:") else Code.NO_SPACE
        assert (judgement.verdict, judgement.code) == (Verdict.FAILED, code)
        assert ONE not in desk.files()

    def test_a_cut_leaves_nothing_half_written_and_the_next_attempt_mends_it(self, desk: Desk) -> None:
        desk.deliver()
        desk.server.fault = "cut"
        large = replace(CORRECTION, body=b"x" * 3_000_000)
        judgement = desk.send(large)
        assert judgement.verdict is Verdict.FAILED, judgement
        assert desk.files()[ONE] == REQUEST.body
        desk.server.fault = None
        desk.deliver(large)
        assert desk.files() == {ONE: large.body}

    def test_a_server_that_says_nothing(self, desk: Desk) -> None:
        desk.server.fault = "slow"
        judgement = desk.send(deadline=0.5)
        assert (judgement.verdict, judgement.code) == (Verdict.FAILED, Code.TIMEOUT)
        assert ONE not in desk.files()

    def test_one_that_says_nothing_does_not_hold_up_a_worker_that_stops(self, desk: Desk) -> None:
        desk.server.fault = "slow"
        transfer = transports.prepare(desk.outlet(), REQUEST, key="k", deadline=1000.0, now=NOW)
        desk.bench.transfers.start(transfer)
        until(lambda: desk.bench.transfers.turn(0.05) or f".{ONE}.part" in desk.files() or desk.server.connections)
        (answer,) = desk.bench.transfers.abandon_all()
        assert (answer.error, answer.sent) == ("abandoned: the worker stops", False)

    def test_one_connection_serves_many_files(self, desk: Desk) -> None:
        before = desk.server.connections
        for number in range(4):
            desk.deliver(replace(REQUEST, release=f"{URI}-{number}"))
        assert len(desk.files()) == 4
        assert desk.server.connections == before + 1


@pytest.mark.parametrize("kind", ["ftp", "sftp", "openssh"])
def test_a_server_gets_many_files_over_few_connections(desk: Desk) -> None:
    """OpenSSH turns away most of so many that would log in at once."""
    outlet, before = desk.outlet(), desk.server.connections
    for number in range(40):
        request = replace(REQUEST, release=f"{URI}-{number}")
        desk.bench.transfers.start(transports.prepare(outlet, request, key=number, deadline=PATIENCE, now=NOW))
    verdicts = {transports.judge(outlet, answer, NOW).verdict for answer in desk.bench.wait(40)}
    assert verdicts == {Verdict.DELIVERED}
    assert len(desk.files()) == 40
    assert desk.server.connections - before <= CONNECTIONS


@pytest.mark.parametrize("kind", ["ftp"])
def test_a_server_that_renames_to_no_name_that_is_taken(desk: Desk) -> None:
    desk.server.fault = "keeps"
    desk.deliver()
    desk.deliver(CORRECTION)
    assert desk.files() == {ONE: CORRECTION.body}


@pytest.mark.parametrize("kind", ["ftp"])
def test_the_data_go_to_the_host_that_was_dialled(desk: Desk) -> None:
    desk.server.fault = "elsewhere"
    desk.deliver()
    assert desk.files() == {ONE: REQUEST.body}


@pytest.mark.parametrize("kind", ["folder"])
class TestFolder:
    def test_a_link_leads_nowhere(self, desk: Desk, tmp_path: Path) -> None:
        (desk.server.root / desk.folder / "out").symlink_to(tmp_path)
        judgement = desk.send(path="out/")
        assert (judgement.verdict, judgement.code) == (Verdict.BLOCKED, Code.REFUSED_FOLDER)
        judgement = desk.send(name="out/{slug}-{language}", make_folders=True)
        assert judgement.verdict is not Verdict.DELIVERED
        (desk.server.root / desk.folder / f".{ONE}.part").symlink_to(tmp_path / "target")
        desk.deliver()
        assert list(tmp_path.iterdir()) == []
        assert not (desk.server.root / desk.folder / ONE).is_symlink()

    def test_an_attempt_that_stood_still_changes_nothing_afterwards(
        self, desk: Desk, make_bench: Callable[..., Any]
    ) -> None:
        clock = RunningTime()
        desk.bench = make_bench(time_source=clock)
        free: SimpleQueue[bytes] = SimpleQueue()
        threads: SimpleQueue[threading.Thread] = SimpleQueue()

        def slow() -> bytes:
            threads.put(threading.current_thread())
            return free.get(timeout=PATIENCE)

        hero = MediaFile(id="hero", name="hero.jpg", content_type="image/jpeg", bytes=2, sha256="0" * 64, read=slow)
        receiver, request = desk.outlet(media=True), replace(REQUEST, media=(hero,))
        desk.bench.transfers.start(transports.prepare(receiver, request, key="k", deadline=1000.0, now=NOW))
        thread = threads.get(timeout=PATIENCE)
        clock.now += 1000.0
        judgement = transports.judge(receiver, desk.bench.wait(1)[0], NOW)
        assert (judgement.verdict, judgement.code) == (Verdict.UNSURE, Code.TIMEOUT)
        desk.deliver(KILL)
        free.put(b"\xff\xd8")
        desk.bench.transfers.close()
        thread.join(PATIENCE)
        assert {name: body for name, body in desk.files().items() if not name.startswith(".")} == {ONE: KILL.body}

    def test_a_disk_that_is_full(self, desk: Desk) -> None:
        disk = desk.server.root / desk.folder
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(disk)], check=False)
        if mounted.returncode:
            pytest.skip("a small disk can be mounted by root only")
        try:
            desk.deliver()
            judgement = desk.send(replace(CORRECTION, body=b"x" * 100_000))
            assert (judgement.verdict, judgement.code) == (Verdict.FAILED, Code.NO_SPACE)
            assert desk.files() == {ONE: REQUEST.body}
        finally:
            subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("kind", ["s3"])
class TestS3:
    def test_a_server_that_does_not_answer(self, desk: Desk, serve: Any) -> None:
        """An object is there as a whole or not at all, so again is right."""
        server = serve(hanging)
        desk.server = replace(desk.server, settings={"endpoint": server.url(path="")})
        judgement = desk.bench.run_out(lambda _: server.requests, lambda seconds: desk.send(deadline=seconds))
        assert (judgement.verdict, judgement.code) == (Verdict.UNSURE, Code.TIMEOUT)

    def test_a_server_that_breaks_off(self, desk: Desk, serve: Any) -> None:
        desk.server = replace(desk.server, settings={"endpoint": serve(cutting).url(path="")})
        judgement = desk.send(replace(REQUEST, body=b"x" * 20_000_000))
        assert (judgement.verdict, judgement.code) == (Verdict.FAILED, Code.CONNECTION_RESET)

    def test_what_is_sent(self, desk: Desk, serve: Any) -> None:
        server = serve()
        known = {"endpoint": server.url(path=""), "region": "eu-central-1"}
        desk.server = replace(desk.server, url="s3://bucket/in/", settings=known)
        desk.deliver(acl="private", storage_class="STANDARD_IA")
        (sent,) = server.requests
        assert sent.line == f"PUT /bucket/in/{desk.folder}/{ONE} HTTP/1.1"
        assert sent.headers["Content-Type"] == REQUEST.content_type
        assert sent.headers["x-amz-acl"] == "private"
        assert sent.headers["x-amz-storage-class"] == "STANDARD_IA"
        assert sent.headers["x-amz-meta-fanwire-release"] == URI
        assert "/eu-central-1/s3/aws4_request" in sent.headers["Authorization"]
        assert desk.server.secret not in str(sent)

    def test_amazons_own(self, desk: Desk) -> None:
        desk.server = replace(desk.server, settings={"region": "eu-central-1"}, url="s3://bucket/in/")
        transfer = transports.prepare(desk.outlet(), REQUEST, key="k", deadline=1.0, now=NOW)
        assert transfer.url == f"https://bucket.s3.eu-central-1.amazonaws.com/in/{desk.folder}/{ONE}"
        assert desk.server.secret not in repr(transfer)


@pytest.mark.parametrize("kind", ["openssh"])
def test_a_disk_of_openssh_that_is_full(desk: Desk) -> None:
    (desk.server.root / desk.folder / f".{ONE}.part").symlink_to("/dev/full")
    judgement = desk.send()
    assert (judgement.verdict, judgement.code) == (Verdict.FAILED, Code.SERVER_REPLY)
    assert "may be full" in judgement.detail
