"""HTTP in the ways that outlets ask for: PUT, forms, HTTP/2, and certificates of ours."""

from __future__ import annotations

import email
import fcntl
import json
import re
import shutil
import socket
import ssl
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import Message
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import pycurl
import pytest

from tasks.delivery import transports
from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.oauth2 import TOKENS
from tasks.delivery.read_first import LARGE, LARGE_ONES
from tasks.delivery.signing import sign
from tasks.delivery.transfers.transfer import Transfer
from tasks.delivery.transports import NotPrepared
from tasks.delivery.transports.http import LARGEST_FORM
from tasks.delivery.verdicts import Judgement
from tasks.model.codes import Code
from tasks.model.media import MediaFile
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.runtime import secrets
from tasks.runtime.secrets import SecretMissing
from tests.delivery.conftest import OK, Call
from tests.support import samples
from tests.support.authority import Authority
from tests.support.lingering import linger
from tests.support.processes import end, environment, start, until
from tests.support.threads import PATIENCE

SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
REQUEST = DeliveryRequest(
    key="fw_1", release="urn:newsml:acme.example:20261122:Plant", version=2, action="correct", language="de-DE",
    outlet_language="de", content_type="application/json", body=b'{"headline": "\xc3\xbc"}',
)  # fmt: skip


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    secrets.forget()
    monkeypatch.setenv("FANWIRE_SECRET_SIGNING", SIGNING)
    yield
    secrets.forget()


def deliver(bench: Any, receiver: Outlet, request: DeliveryRequest = REQUEST, deadline: float = PATIENCE) -> Judgement:
    bench.transfers.start(transports.prepare(receiver, request, key=1, deadline=deadline, now=time.time()))
    (answer,) = bench.wait(1)
    return transports.judge(receiver, answer, time.time())


def outlet(url: str, **fields: Any) -> Outlet:
    return samples.outlet(url=url, **fields)


def media(id: str, content: bytes, content_type: str = "image/jpeg") -> MediaFile:
    digest = sha256(content).hexdigest()
    return MediaFile(
        id=id, name=f"{id}.jpg", content_type=content_type, bytes=len(content), sha256=digest, read=lambda: content
    )


# --- methods and forms


def test_put(bench: Any, serve: Any) -> None:
    server = serve()
    receiver = outlet(server.url(path="/in/wire.json"), transport={"method": "PUT"})
    assert deliver(bench, receiver).verdict is Verdict.DELIVERED
    (request,) = server.requests
    assert (request.line, request.body) == ("PUT /in/wire.json HTTP/1.1", REQUEST.body)


def test_a_place_for_each_release(bench: Any, serve: Any) -> None:
    server = serve()
    url = server.url(path="/in/{date}/{slug}.{language}.v{version}.{ending}?what={action}&id={release}&x={y}")
    receiver = outlet(url, transport={"method": "PUT"})
    assert deliver(bench, receiver, replace(REQUEST, first_received=1_795_000_000.0)).verdict is Verdict.DELIVERED
    (request,) = server.requests
    slug = "plant-6ee35b0962ae9758"
    assert request.line == (
        f"PUT /in/2026-11-18/{slug}.de.v2.json?what=correct&id=acme-example-20261122-{slug}&x={{y}} HTTP/1.1"
    )


def test_nothing_in_a_release_leads_to_another_place(bench: Any, serve: Any) -> None:
    server = serve()
    hostile = replace(REQUEST, release="urn:x:../../admin?a=b#c", outlet_language="../x")
    deliver(bench, outlet(server.url(path="/in/{slug}/{language}"), transport={"method": "PUT"}), hostile)
    assert re.fullmatch(r"PUT /in/[a-z0-9-]+/[a-z0-9-]+ HTTP/1.1", server.requests[0].line)


def fields(request: Any) -> list[tuple[str | None, str | None, str, bytes]]:
    """Name, file name, type and content of each field of a form."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    form = email.message_from_bytes(head + request.body)
    parts: list[Any] = form.get_payload()
    return [
        (_named(part, "name"), part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in parts
    ]


def _named(part: Message, name: str) -> str | None:
    found = part.get_param(name, header="content-disposition")
    return found if isinstance(found, str) else None


def test_a_form_has_the_rendition_and_the_files_and_is_signed_as_sent(bench: Any, serve: Any) -> None:
    server = serve()
    files = (media("hero", b"\xff\xd8\r\n--"), media("plan", b"%PDF", "application/pdf"))
    receiver = outlet(
        server.url(),
        transport={"body": "multipart", "part": "item", "media_part": "files[]"},
        auth={"signing_secret": "env:FANWIRE_SECRET_SIGNING"},
    )
    for _ in range(2):
        assert deliver(bench, receiver, replace(REQUEST, media=files)).verdict is Verdict.DELIVERED
    first, second = server.requests
    assert (first.body, first.headers["Content-Type"]) == (second.body, second.headers["Content-Type"])
    article, *others = fields(first)
    assert (article[0], *article[2:]) == ("item", "application/json", REQUEST.body)
    assert re.fullmatch(r"plant-[0-9a-f]{16}-de-v2\.json", article[1] or "")
    assert others == [
        ("files[]", "hero.jpg", "image/jpeg", b"\xff\xd8\r\n--"),
        ("files[]", "plan.jpg", "application/pdf", b"%PDF"),
    ]
    signed = sign([SIGNING], "fw_1", int(first.headers["webhook-timestamp"]), first.body)
    assert first.headers["webhook-signature"] == signed


def test_a_kill_has_no_files(bench: Any, serve: Any) -> None:
    server = serve()
    killed = replace(REQUEST, action="kill", media=(media("hero", b"x"),))
    deliver(bench, outlet(server.url(), transport={"body": "multipart"}), killed)
    assert [name for name, *_ in fields(server.requests[0])] == ["release"]


def test_a_file_that_cannot_be_read_is_our_fault(bench: Any, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> bytes:
        raise FileNotFoundError("the store of media has no file 0123")

    monkeypatch.setenv("FANWIRE_SECRET_A", "a")
    server = serve()
    auth = {"type": "oauth2", "token_url": server.url(), "client_id": "a", "secret": "env:FANWIRE_SECRET_A"}
    receiver = outlet(server.url(), transport={"body": "multipart"}, auth=auth)
    judgement = deliver(bench, receiver, replace(REQUEST, media=(replace(media("hero", b""), read=lost),)))
    assert (judgement.verdict, judgement.code, server.connections) == (Verdict.OURS, Code.CANNOT_SEND, 0)
    assert judgement.detail == "hero.jpg cannot be read from the store of media: the store of media has no file 0123"


def test_large_files_wait_for_their_turn_and_very_large_ones_are_not_read() -> None:
    receiver = outlet("https://a.example/", transport={"body": "multipart"})

    def prepared(size: int) -> Transfer:
        films = tuple(replace(media(id, b""), bytes=size) for id in ("one", "two"))
        return transports.prepare(receiver, replace(REQUEST, media=films), key=1, deadline=1.0, now=0.0)

    assert (prepared(LARGE // 2).pool, prepared(LARGE).pool) == (None, LARGE_ONES)
    with pytest.raises(NotPrepared, match="a form takes at most"):
        prepared(LARGEST_FORM // 2 + 1)


def test_a_form_with_a_token_for_a_secret_that_is_in_every_word(
    bench: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endpoint(call: Call) -> None:
        call.read()
        body = b'{"access_token": "token"}'
        call.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    TOKENS.forget()
    monkeypatch.setenv("FANWIRE_SECRET_A", "a")
    server = serve()
    auth = {"type": "oauth2", "token_url": serve(endpoint).url(), "client_id": "a", "secret": "env:FANWIRE_SECRET_A"}
    receiver = outlet(server.url(), transport={"body": "multipart"}, auth=auth)
    assert deliver(bench, receiver, replace(REQUEST, media=(media("hero", b"x"),))).verdict is Verdict.DELIVERED
    (request,) = server.requests
    assert (request.headers["Authorization"], len(fields(request))) == ("Bearer token", 2)


def test_another_file_is_another_boundary(bench: Any, serve: Any) -> None:
    server = serve()
    for content in (b"a", b"b"):
        request = replace(REQUEST, media=(media("hero", content),))
        deliver(bench, outlet(server.url(), transport={"body": "multipart"}), request)
    assert server.requests[0].headers["Content-Type"] != server.requests[1].headers["Content-Type"]


def _answering(status: int) -> Callable[[Call], None]:
    def manner(call: Call) -> None:
        call.read()
        call.send(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())

    return manner


def _cut_while_reading(call: Call) -> None:
    call.socket.recv(100)
    call.reset()


def _cut_after_reading(call: Call) -> None:
    call.read()
    call.reset()


def _hang(call: Call) -> None:
    call.read()
    call.hang()


@pytest.mark.parametrize("options", [{"method": "PUT"}, {"body": "multipart"}], ids=["put", "multipart"])
@pytest.mark.parametrize(
    ("manner", "verdict", "code"),
    [
        (_answering(401), Verdict.REJECTED, "http_401"),
        (_answering(413), Verdict.REJECTED, "http_413"),
        (_answering(507), Verdict.FAILED, "http_507"),
        (_cut_while_reading, Verdict.FAILED, Code.CONNECTION_RESET),
        (_cut_after_reading, Verdict.UNSURE, Code.CONNECTION_RESET),
        (_hang, Verdict.UNSURE, Code.TIMEOUT),
    ],
)
def test_troubles(bench: Any, serve: Any, options: Any, manner: Any, verdict: Verdict, code: str) -> None:
    large = replace(REQUEST, body=b"x" * 8_000_000)  # more than the sockets hold
    request = large if manner is _cut_while_reading else REQUEST
    server = serve(manner)

    def send(seconds: float) -> Judgement:
        return deliver(bench, outlet(server.url(), transport=options), request, seconds)

    judgement = bench.run_out(lambda _: server.requests, send) if manner is _hang else send(PATIENCE)
    assert (judgement.verdict, judgement.code) == (verdict, code)


def test_a_refused_address(make_bench: Any, serve: Any) -> None:
    server = serve()
    judgement = deliver(make_bench(allowed=lambda _: False), outlet(server.url(), transport={"method": "PUT"}))
    assert (judgement.verdict, server.connections) == (Verdict.BLOCKED, 0)


# --- certificates


class Asking:
    """A manner: note who each request comes from by the certificate of its connection."""

    def __init__(self) -> None:
        self.subjects: list[Any] = []

    def __call__(self, call: Call) -> None:
        certificate = call.socket.getpeercert()  # type: ignore[attr-defined]
        while call.read():
            self.subjects.append(certificate["serialNumber"])
            call.send(OK)


@pytest.fixture
def asking(serve: Any, authority: Authority) -> Any:
    """An outlet that talks to those with a certificate of the tests' authority only."""
    context = authority.context("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.bundle)
    return serve(Asking(), _Lingering(context))


class _Lingering:
    """A context whose failed handshakes end so that the other side hears why."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def wrap_socket(self, connection: Any, server_side: bool) -> Any:
        wrapped = self._context.wrap_socket(connection, server_side=server_side, do_handshake_on_connect=False)
        try:
            wrapped.do_handshake()
        except ssl.SSLError:
            linger(wrapped)
            wrapped.close()
            raise
        return wrapped


def certified(monkeypatch: pytest.MonkeyPatch, url: str, name: str, pem: str, **fields: Any) -> Outlet:
    monkeypatch.setenv(f"FANWIRE_SECRET_{name}", pem)
    return outlet(url, auth={"certificate": f"env:FANWIRE_SECRET_{name}"}, **fields)


def test_outlets_with_other_certificates_share_no_connection(
    bench: Any, asking: Any, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    pems = [authority.certificate(f"{name}.example").read_text() for name in ("a", "b")]
    first, second = (
        certified(monkeypatch, asking.url(), name, pem) for name, pem in zip(("A", "B"), pems, strict=True)
    )
    for receiver in (first, second, first, second):
        assert deliver(bench, receiver).verdict is Verdict.DELIVERED
    a, b, *again = asking.manner.subjects
    assert a != b
    assert again == [a, b]
    assert asking.connections == 2


@pytest.mark.parametrize("kind", ["none", "of another authority"])
def test_an_outlet_does_not_take_our_certificate(
    kind: str, bench: Any, asking: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = outlet(asking.url())
    if kind != "none":
        pem = Authority(tmp_path).certificate("a.example").read_text()
        receiver = certified(monkeypatch, asking.url(), "A", pem)
    judgement = deliver(bench, receiver)
    assert (judgement.verdict, judgement.code) == (Verdict.FAILED, Code.TLS)
    assert asking.manner.subjects == []


def test_an_outlets_own_certificate_is_wrong(bench: Any, serve: Any, authority: Authority) -> None:
    server = serve(context=authority.context("other.example"))
    judgement = deliver(bench, outlet(server.url()))
    assert (judgement.verdict, judgement.code, server.requests) == (Verdict.FAILED, Code.TLS, [])


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda _: "nothing", "holds no certificate"),
        (lambda pem: pem[pem.index("-----BEGIN CERT") :], "holds no private keys"),
        (lambda pem: pem + pem, "holds 2 private keys"),
        (lambda pem: pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "passphrase"),
    ],
)
def test_what_is_no_certificate(spoil: Any, why: str, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = authority.certificate("a.example").read_text()
    receiver = certified(monkeypatch, "https://bote.example/", "A", spoil(pem))
    with pytest.raises(SecretMissing, match=f"secret env:FANWIRE_SECRET_A: .*{why}") as caught:
        transports.prepare(receiver, REQUEST, key=1, deadline=1, now=0)
    assert pem.splitlines()[1] not in str(caught.value)


def test_the_key_is_struck_and_the_word_certificate_is_not(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = authority.certificate("a.example").read_text()
    receiver = certified(monkeypatch, "https://bote.example/", "A", pem)
    struck = transports.prepare(receiver, REQUEST, key=1, deadline=1, now=0).secrets
    assert pem.splitlines()[1] in struck
    assert not any("CERTIFICATE" in secret or secret in pem.partition("BEGIN CERTIFICATE")[2] for secret in struck)


# --- HTTP/2

NODE = shutil.which("node")
SERVER = """
const http2 = require("node:http2"), fs = require("node:fs");
const pem = fs.readFileSync(process.argv[1]);
let sessions = 0;
const server = http2.createSecureServer({ key: pem, cert: pem, allowHTTP1: true });
server.on("session", () => { sessions += 1; });
server.on("request", (request, response) => {
  let size = 0;
  request.on("data", (data) => { size += data.length; });
  request.on("end", () => {
    if (request.url === "/broken") return response.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    if (request.url === "/gone") return response.stream.session.destroy();
    const seen = { version: request.httpVersion, sessions, size, type: request.headers["content-type"] };
    fs.appendFileSync(process.argv[2], JSON.stringify(seen) + "\\n");
    response.statusCode = request.url === "/no" ? 403 : 204;
    response.end();
  });
});
server.listen(0, "127.0.0.1", () => fs.writeFileSync(process.argv[3], String(server.address().port)));
"""


@pytest.fixture(scope="module")
def http_2(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The URL of a server that speaks HTTP/2, and what it has seen so far."""
    if NODE is None:
        pytest.skip("no Node.js, which has a server of HTTP/2")
    folder = tmp_path_factory.mktemp("http2")
    seen, port = folder / "seen", folder / "port"
    pem = authority.certificate("127.0.0.1")
    command = [NODE, "-e", SERVER, str(pem), str(seen), str(port)]
    process = start(command, environment(folder), folder / "log")
    try:
        until(lambda: port.exists() and port.read_text())
        yield (
            f"https://127.0.0.1:{port.read_text()}",
            lambda: [json.loads(line) for line in seen.read_text().splitlines()],
        )
    finally:
        end(process)


def test_http_2_over_one_connection(bench: Any, make_bench: Any, http_2: Any) -> None:
    url, seen = http_2
    assert deliver(make_bench(), outlet(f"{url}/wire")).verdict is Verdict.DELIVERED  # over HTTP/1.1
    before = seen()
    receiver = outlet(f"{url}/wire", transport={"http": "2"})
    large = replace(REQUEST, body=b"x" * 200_000)
    for key in range(5):
        bench.transfers.start(transports.prepare(receiver, large, key=key, deadline=PATIENCE, now=0))
    answers = bench.wait(5)
    assert [(answer.status, answer.sent) for answer in answers] == [(204, True)] * 5
    assert deliver(bench, outlet(f"{url}/no", transport={"http": "2"})).code == "http_403"
    sessions = before[-1]["sessions"] + 1
    wanted = {"version": "2.0", "sessions": sessions, "size": 200_000, "type": "application/json"}
    *large_ones, last = seen()[len(before) :]
    assert large_ones == [wanted] * 5
    assert last["sessions"] == sessions


class Frames:
    """The server's end of an HTTP/2 connection, a frame at a time (RFC 9113), so that a test says which record of TLS
    each of them comes in."""

    HEADERS, RST_STREAM, SETTINGS, PING, ACK, END_STREAM, END_HEADERS = 1, 3, 4, 6, 1, 1, 4
    NO_CONTENT = b"\x89"
    """`:status: 204` as HPACK writes it (RFC 7541: static entry 9)."""
    INTERNAL_ERROR, REFUSED_STREAM = b"\0\0\0\x02", b"\0\0\0\x07"

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._stream = connection, connection.makefile("rb")
        assert self._stream.read(24) == b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        self.send(self.SETTINGS, 0, 0)

    def send(self, kind: int, flags: int, number: int, payload: bytes = b"") -> None:
        """One frame of a stream, or of the connection if the number is 0, in one record."""
        self._connection.sendall(
            struct.pack("!HBBBL", len(payload) >> 8, len(payload) & 255, kind, flags, number) + payload
        )

    def answer(self, number: int) -> None:
        """All of an answer: its status."""
        self.send(self.HEADERS, self.END_HEADERS | self.END_STREAM, number, self.NO_CONTENT)

    def ping(self) -> None:
        """Wait until the other side has read all that was sent so far."""
        self.send(self.PING, 0, 0, bytes(8))
        while self._next()[:2] != (self.PING, self.ACK):
            pass

    def requests(self, count: int) -> list[int]:
        """The numbers of so many streams, in the order in which their requests ended."""
        ended: list[int] = []
        while len(ended) < count:
            kind, flags, number = self._next()
            if kind == self.SETTINGS and not flags & self.ACK:
                self.send(self.SETTINGS, self.ACK, 0)
            elif number and flags & self.END_STREAM:
                ended.append(number)
        return ended

    def _next(self) -> tuple[int, int, int]:
        """Kind, flags and stream of the next frame."""
        high, low, kind, flags, number = struct.unpack("!HBBBL", self._stream.read(9))
        self._stream.read(high << 8 | low)
        return kind, flags, number


@pytest.mark.parametrize(
    ("end", "status"),
    [(None, 204), (Frames.INTERNAL_ERROR, None), (Frames.REFUSED_STREAM, 204)],
    ids=["answered", "broken off", "refused, and sent again by libcurl"],
)
def test_an_answer_that_libcurl_has_read_with_another_ones_end_is_not_left_lying(
    bench: Any, serve: Any, authority: Authority, end: bytes | None, status: int | None
) -> None:
    """What libcurl has read beyond the end of a stream of HTTP/2 is in its buffers: no socket tells of it again.

    Both transfers are run for a ping, which the first one reads. When it has been run, the end of the second and the
    answer to the first arrive together; the second one reads to its own end, and no further.
    """
    asked, pinging, ended = threading.Event(), threading.Event(), threading.Event()

    def end_one_and_answer_the_other(call: Call) -> None:
        frames = Frames(call.socket)
        if ended.is_set():
            frames.answer(*frames.requests(1))
            return call.hang()
        first, second = sorted(frames.requests(2))
        asked.set()
        assert pinging.wait(PATIENCE)
        frames.ping()
        call.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        if end is None:
            frames.answer(second)
        else:
            frames.send(Frames.RST_STREAM, 0, second, end)
        frames.answer(first)
        call.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        until(lambda: not struct.unpack("i", fcntl.ioctl(call.socket, termios.TIOCOUTQ, bytes(4)))[0])
        ended.set()
        return call.hang()

    def first_was_run(*_counts: float) -> None:
        if pinging.is_set():
            ended.wait(PATIENCE)

    context = authority.context("127.0.0.1")
    context.set_alpn_protocols(["h2"])
    url = serve(end_one_and_answer_the_other, context=context).url()
    by_http_2 = ((pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS), (pycurl.PIPEWAIT, 1))
    watched = ((pycurl.NOPROGRESS, 0), (pycurl.XFERINFOFUNCTION, first_was_run))
    bench.start("first", url, options=(*by_http_2, *watched), deadline=30.0)
    bench.start("second", url, options=by_http_2, deadline=30.0)
    until(lambda: bench.transfers.turn(0.05) or asked.is_set())
    assert bench.transfers.turn(0.1) == [], "both wait for their answers, and nothing else is to be done"
    pinging.set()
    answers = {answer.transfer.key: answer.status for answer in bench.wait(2)}
    assert ended.is_set()
    assert answers == {"first": 204, "second": status}
    turns = Mock(wraps=bench.transfers._longest_wait)
    with patch.object(bench.transfers, "_longest_wait", turns):
        bench.transfers.turn(0.2)
    assert turns.call_count < 10, "the loop sleeps while nothing is to be read"


@pytest.mark.parametrize("path", ["/broken", "/gone"])
def test_a_stream_of_http_2_that_ends_without_an_answer(bench: Any, http_2: Any, path: str) -> None:
    judgement = deliver(bench, outlet(http_2[0] + path, transport={"http": "2"}))
    assert (judgement.verdict, judgement.code) == (Verdict.UNSURE, Code.CONNECTION_RESET)


def test_http_1_unless_asked(bench: Any, http_2: Any) -> None:
    url, seen = http_2
    assert deliver(bench, outlet(f"{url}/wire")).verdict is Verdict.DELIVERED
    assert seen()[-1]["version"] == "1.1"


@pytest.mark.parametrize("secure", [True, False])
def test_http_2_falls_back(bench: Any, serve: Any, authority: Authority, secure: bool) -> None:
    server = serve(context=authority.context("127.0.0.1") if secure else None)
    receiver = outlet(server.url(), transport={"http": "2"})
    for _ in range(2):
        assert deliver(bench, receiver).verdict is Verdict.DELIVERED
    assert [request.line for request in server.requests] == ["POST /wire HTTP/1.1"] * 2
    assert server.connections == 1
