"""A conversation over HTTP: what goes wrong in it, in words, without the key, and with nobody else's settings."""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import re
import ssl
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tasks.runtime.settings import settings
from tasks.translation.engine_support import http_service
from tasks.translation.engine_support.http_service import Service
from tasks.translation.errors import Fatal, QuotaUsedUp, Retryable, Unsupported
from tests.support.certificates import self_signed
from tests.support.ports import refusing_port
from tests.support.threads import PATIENCE

from .doubles import RawServer, as_json, resets, says

KEY = "a-secret-key-5f4e3d2c1b"
HEADERS = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
def asking(running: Callable[[Any], Any]) -> Any:
    """The error, or the answer, of one question to a server that replies in this way."""

    def ask(reply: Any, *, timeout: float = 20.0, context: Any = None, meaning: Any = None) -> Any:
        server = running(RawServer(reply, context))
        service = Service("test", server.url, timeout=timeout, meaning=meaning)
        return service.post("/ask", {"q": "Grüße"}, headers=HEADERS, secret=KEY)

    return ask


def refused(asking: Callable[..., Any], reply: Any, kind: Any, words: Any, **more: Any) -> Any:
    with pytest.raises(kind, match=words) as caught:
        asking(reply, **more)
    assert type(caught.value) is kind
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert KEY not in told
    return caught.value


def test_json_goes_as_bytes_of_utf_8_and_comes_back(running: Callable[[Any], Any]) -> None:
    server = running(RawServer(as_json({"a": [1, "ü"]})))
    assert Service("test", server.url + "/", timeout=20).post("/ask", {"q": "Grüße"}, headers=HEADERS) == {
        "a": [1, "ü"]
    }
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /ask HTTP/1.1\r\n")
    assert f"Authorization: Bearer {KEY}".encode() in head
    assert body == '{"q":"Grüße"}'.encode()


def test_a_form_goes_as_a_form(running: Callable[[Any], Any]) -> None:
    server = running(RawServer(as_json({})))
    Service("test", server.url, timeout=20).post("/ask", data={"q": "a b&c"})
    assert server.asked[0].endswith(b"\r\n\r\nq=a+b%26c")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("400 Bad Request", Fatal), ("401 Unauthorized", Fatal), ("403 Forbidden", Fatal), ("404 Not Found", Fatal),
        ("402 Payment Required", QuotaUsedUp), ("456 Quota Exceeded", QuotaUsedUp), ("408 Request Timeout", Retryable),
        ("429 Too Many Requests", Retryable), ("500 Oops", Retryable), ("503 Busy", Retryable), ("529 Busy", Retryable),
        ("204 No Content", Fatal), ("202 Accepted", Fatal),
    ],
)  # fmt: skip
def test_what_a_status_means(asking: Callable[..., Any], status: str, kind: Any) -> None:
    refused(asking, as_json({"error": {"message": "because"}}, status=status), kind, f"^answered {status[:3]}: ")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "no\nroom"}, "no room"),
        ({"error": "no room"}, "no room"),
        ({"error": {"code": 7, "message": "no room"}}, "no room"),
        ({"status": "error", "message": "Bad Request", "explanation": "no room"}, "no room"),
        ({"detail": {"error": {"message": "no room"}}}, "no room"),
        ([1, 2], r"\[1, 2\]"),
    ],
)
def test_a_service_is_quoted(asking: Callable[..., Any], body: dict[str, Any] | list[int], said: str) -> None:
    refused(asking, as_json(body, status="400 Bad Request"), Fatal, f"^answered 400: {said}$")


@pytest.mark.parametrize("content", [b"<html>  gone\nfishing</html>", b"\xff\xfe\x00"])
def test_what_is_no_json_is_an_error_even_with_200(asking: Callable[..., Any], content: bytes) -> None:
    refused(asking, says(content), Fatal, "no JSON")
    refused(asking, says(content, status="502 Bad Gateway"), Retryable, "^answered 502: ")


def test_words_end_and_nesting_does(asking: Callable[..., Any]) -> None:
    long = refused(asking, as_json({"message": "x" * 9000}, status="400 Bad"), Fatal, "x")
    assert len(str(long)) < 300
    refused(asking, says(b'{"error":' * 900 + b"1" + b"}" * 900, status="400 Bad"), Fatal, "^answered 400")
    refused(asking, says(b"[" * 200_000, status="400 Bad"), Fatal, "^answered 400")


def test_a_service_that_repeats_the_key_is_not_quoted_with_it(asking: Callable[..., Any]) -> None:
    for pad in ("", "x" * 190):  # the second is cut off within the key
        error = refused(
            asking, as_json({"message": f"{pad} {KEY} is no key"}, status="401 No"), Fatal, "^answered 401: "
        )
        assert KEY[:8] not in str(error)


@pytest.mark.parametrize(
    ("after", "low", "high"),
    [("7", 7, 7), ("999999999", 86400, 86400), (timedelta(hours=2), 7000, 7200), ("0", 0, 0),
     (timedelta(days=-9000), 0, 0)],
)  # fmt: skip
def test_seconds_that_a_service_asks_for(asking: Callable[..., Any], after: Any, low: int, high: int) -> None:
    if isinstance(after, timedelta):
        after = format_datetime(datetime.now(UTC) + after, usegmt=True)
    error = refused(asking, as_json({}, status="429 Slow", Retry_After=after), Retryable, "429")
    assert low <= error.after <= high


@pytest.mark.parametrize("after", ["soon", "-3", "1.5", "²", ""])
def test_other_ways_to_ask_for_time_are_no_number(asking: Callable[..., Any], after: str) -> None:
    assert http_service.seconds_of(after) is None


def test_a_services_own_meaning_goes_first_and_keeps_the_time(asking: Callable[..., Any]) -> None:
    def meaning(status: Any, found: Any, said: Any) -> Any:
        return Retryable(f"{said} {found['n']}") if status == 403 else None

    reply = as_json({"n": 5, "message": "wait"}, status="403 No", Retry_After="9")
    error = refused(asking, reply, Retryable, "^answered 403: wait 5$", meaning=meaning)
    assert error.after == 9
    refused(asking, as_json({}, status="404 No"), Fatal, "404", meaning=meaning)


def test_a_redirect_is_not_followed(asking: Callable[..., Any], running: Callable[[Any], Any]) -> None:
    other = running(RawServer(as_json({})))
    for status in ("301 Moved", "302 Found", "307 Temporary", "308 Permanent"):
        refused(asking, as_json({}, status=status, Location=other.url), Fatal, f"^answered {status[:3]}: ")
    assert other.asked == []


def test_no_answer_in_time(asking: Callable[..., Any], running: Callable[[Any], Any]) -> None:
    server = running(RawServer(lambda _: server.done.wait(PATIENCE)))
    with pytest.raises(Retryable, match=r"^gave no answer within 0.05 s \(127\.0\.0\.1:\d+\)$"):
        Service("test", server.url, timeout=0.05).post("/ask", {})


def test_an_answer_that_stops_half_way_or_drips(running: Callable[[Any], Any]) -> None:
    def stops(connection: Any) -> None:
        says(b"{", length=2)(connection)
        server.done.wait(PATIENCE)

    def drips(connection: Any) -> None:
        says(b"", length=10**6)(connection)
        while not server.done.wait(0.01):
            connection.sendall(b" ")

    for reply in (stops, drips):
        server = running(RawServer(reply))
        with pytest.raises(Retryable, match=r"^gave no answer within 0.2 s \(127\.0\.0\.1:\d+\)$"):
            Service("test", server.url, timeout=0.2).post("/ask", {})


def test_broken_connections(asking: Callable[..., Any]) -> None:
    refused(asking, resets, Retryable, r"^cannot be reached at 127\.0\.0\.1:\d+ \(connection reset by peer\)$")
    refused(
        asking, lambda _: None, Retryable, r"cannot be reached at .* \(it closed the connection without an answer\)"
    )
    refused(asking, lambda connection: connection.sendall(b"SSH-2.0\r\n\r\n"), Retryable, "cannot be reached")
    refused(asking, says(b'{"a": 1', length=99), Retryable, "broke off its answer")
    refused(asking, says(b"no gzip", Content_Encoding="gzip"), Retryable, "broke off its answer")


def test_nobody_there() -> None:
    with refusing_port() as port:
        reason = rf"^cannot be reached at 127\.0\.0\.1:{port} \(connection refused\)$"
        with pytest.raises(Retryable, match=reason):
            Service("test", f"http://ann:{KEY}@127.0.0.1:{port}/v2?key={KEY}", timeout=20).post("/ask", {})


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://api.example/v1", "api.example:443"), ("http://api.example", "api.example:80"),
        (f"https://ann:{KEY}@api.example:8443/{KEY}?key={KEY}", "api.example:8443"),
        ("http://[::1]:5000/", "[::1]:5000"),
        ("http://a.example:none/", "an address that cannot be read"),
    ],
)  # fmt: skip
def test_reasons_name_host_and_port_and_nothing_else_of_an_address(url: str, address: str) -> None:
    assert http_service.address_of(url) == address


def test_an_unknown_host_is_called_so() -> None:
    with pytest.raises(Retryable, match=r"^cannot be reached at nobody\.invalid:80 \(no such host is known\)$"):
        Service("test", "http://nobody.invalid", timeout=20).post("/ask", {})


def test_answers_may_be_packed_and_have_an_end(asking: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(json.dumps(["a" * 300_000]).encode())
    assert asking(says(packed, Content_Encoding="gzip")) == ["a" * 300_000]
    monkeypatch.setattr(http_service, "MAX_ANSWER", 100_000)
    refused(asking, says(packed, Content_Encoding="gzip"), Fatal, "more than 100,000 bytes")


@pytest.mark.parametrize("packed", [False, True])
def test_answers_may_come_in_chunks(asking: Callable[..., Any], packed: bool) -> None:
    content = json.dumps({"n": ["ü" * 50_000] * 3}).encode()
    content = gzip.compress(content) if packed else content
    parts = [content[start : start + 7_000] for start in range(0, len(content), 7_000)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
    coding = "Content-Encoding: gzip\r\n" if packed else ""
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{coding}\r\n"
    assert asking(lambda connection: connection.sendall(head.encode() + chunks)) == json.loads(
        gzip.decompress(content) if packed else content
    )
    refused(
        asking, lambda connection: connection.sendall(head.encode() + chunks[:-9]), Retryable, "broke off its answer"
    )


@pytest.mark.parametrize("key", ["with a line\nfeed", "schlüssel-密"])
def test_a_key_that_no_header_can_hold(running: Callable[[Any], Any], key: str) -> None:
    server = running(RawServer(as_json({})))
    with pytest.raises(Fatal, match="cannot be asked") as caught:
        Service("test", server.url, timeout=20).post("/ask", {}, headers={"Authorization": f"Bearer {key}"})
    assert key not in "".join(traceback.format_exception(caught.value))
    assert server.asked == []


def test_cookies_are_not_kept(running: Callable[[Any], Any]) -> None:
    server = running(RawServer(as_json({}, Set_Cookie="session=1")))
    service = Service("test", server.url, timeout=20)
    service.post("/ask", {})
    service.post("/ask", {})
    assert not [asked for asked in server.asked if b"ookie" in asked]


def test_the_key_is_in_no_repr_and_no_log(asking: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    written, root = io.StringIO(), logging.getLogger()
    monkeypatch.setattr(root, "handlers", [logging.StreamHandler(written)])
    level = root.level
    root.setLevel(logging.DEBUG)
    try:
        asking(as_json({}))
    finally:
        root.setLevel(level)
    assert written.getvalue()
    assert KEY not in written.getvalue()


def test_a_forked_child_has_connections_of_its_own(running: Callable[[Any], Any]) -> None:
    server = running(RawServer(as_json({"n": 1})))
    service = Service("test", server.url, timeout=20)
    service.post("/ask", {})
    child = os.fork()
    if child == 0:
        os._exit(0 if service.post("/ask", {}) == {"n": 1} else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert service.post("/ask", {}) == {"n": 1}


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A certificate for 127.0.0.1 that signs itself, and its key, as two files."""
    return self_signed(tmp_path_factory.mktemp("tls"))


class TestTls:
    @pytest.fixture
    def context(self, issued: Path) -> Any:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued / "certificate.pem", issued / "key.pem")
        return context

    def test_an_operators_own_authority_is_trusted(
        self, asking: Callable[..., Any], issued: Path, context: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FANWIRE_CA_FILE", str(issued / "certificate.pem"))
        settings.cache_clear()
        assert asking(as_json({"n": 1}), context=context) == {"n": 1}

    def test_an_unknown_one_is_not_whatever_the_environment_says(
        self, asking: Callable[..., Any], issued: Path, context: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, str(issued / "certificate.pem"))
        refused(asking, as_json({"n": 1}), Fatal, "certificate that is not trusted", context=context)

    def test_nor_is_a_trusted_one_for_another_host(
        self, running: Callable[[Any], Any], issued: Path, context: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FANWIRE_CA_FILE", str(issued / "certificate.pem"))
        settings.cache_clear()
        server = running(RawServer(as_json({}), context))
        with pytest.raises(Fatal, match="certificate that is not trusted"):
            Service("test", server.url.replace("127.0.0.1", "localhost"), timeout=20).post("/ask", {})

    def test_no_proxy_is_taken_from_the_environment(
        self, asking: Callable[..., Any], running: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxy = running(RawServer(as_json({"n": 2})))
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert asking(as_json({"n": 1})) == {"n": 1}
        assert proxy.asked == []

    def test_a_broken_handshake_may_mend(self, running: Callable[[Any], Any]) -> None:
        server = running(RawServer(resets))
        with pytest.raises(Retryable, match="cannot be reached"):
            Service("test", server.url.replace("http:", "https:"), timeout=20).post("/ask", {})


class TestBatches:
    def test_as_few_as_both_limits_allow(self) -> None:
        assert [*map(list, http_service.batches(["aa", "b", "c", "dddd", "e"], units=2, size=4))] == [
            ["aa", "b"],
            ["c"],
            ["dddd"],
            ["e"],
        ]
        assert [*http_service.batches([], units=2, size=4)] == []

    def test_one_too_large_is_unsupported(self) -> None:
        with pytest.raises(Unsupported, match=re.escape("a sentence is larger (5) than a request may be (4)")):
            [*http_service.batches(["a", "bbbbb"], units=2, size=4)]


@pytest.mark.parametrize(
    "answer", [None, [], "a", {"t": "a"}, {"t": ["a"]}, {"t": ["a", "b", "c"]}, {"t": ["a", None]}, {"t": ["a", 1]}]
)
def test_texts_are_as_many_as_asked_for_and_texts(answer: list[Any] | str | dict[str, Any] | None) -> None:
    with pytest.raises(Fatal, match=r"^answered with"):
        http_service.texts_in(answer, 2, "t")
    assert http_service.texts_in({"t": [{"u": "a"}, {"u": "b"}]}, 2, "t", "u") == ["a", "b"]
