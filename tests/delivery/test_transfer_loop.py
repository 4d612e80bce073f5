"""The transfer loop against outlets of every manner, over real sockets."""

from __future__ import annotations

import re
import socket
import threading
import time
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from tasks.delivery.transfers.address_policy import AddressPolicy
from tasks.delivery.transfers.handle import KEPT_BYTES
from tasks.delivery.transfers.resolver import GOOD_SECONDS, OURS_SECONDS, PROBE, Resolver
from tasks.delivery.transfers.transfer import ErrorKind
from tasks.delivery.verdicts import judge
from tasks.model.codes import Code
from tasks.model.states import Verdict
from tests.support.ports import refusing_port
from tests.support.processes import until
from tests.support.stepped_time import RunningTime, SteppedTime
from tests.support.threads import PATIENCE

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BIG = b"x" * 3_000_000
"""More than libcurl's limit for asking 100-continue (1 MB) and more than socket buffers hold."""


def answering(*parts: bytes) -> Any:
    """A manner: read the request, send these parts, then close."""

    def manner(call: Any) -> None:
        call.read()
        for part in parts:
            call.send(part)

    return manner


def hanging(call: Any) -> None:
    """A manner: read the request, and never answer."""
    call.read()
    call.hang()


def reading_nothing(begun: threading.Event) -> Any:
    """A manner: take the first byte, say that there was one, and neither read nor answer."""

    def manner(call: Any) -> None:
        call.socket.recv(1)
        begun.set()
        call.hang()

    return manner


class TestAnswers:
    def test_a_polite_outlet_gets_what_was_sent(self, bench: Any, serve: Any) -> None:
        outlet = serve()
        before = time.time()
        answer = bench.send(outlet.url(), headers=("X-One: 1", "Content-Type: text/html"), body=b"\x00\xff body")
        assert (answer.status, answer.error, answer.error_kind) == (200, None, None)
        assert answer.sent
        assert answer.answer == b"ok"
        assert answer.address == "127.0.0.1"
        assert answer.transfer.key == "k"
        assert before <= answer.started_at <= time.time()
        assert answer.seconds > 0
        assert answer.connected is not None
        (request,) = outlet.requests
        assert request.line == "POST /wire HTTP/1.1"
        assert request.body == b"\x00\xff body"
        assert request.headers["X-One"] == "1"
        assert request.headers["Content-Type"] == "text/html"
        assert not {"Expect", "Cookie", "Authorization", "Accept-Encoding"} & request.headers.keys()

    def test_only_useful_headers_are_kept(self, bench: Any, serve: Any) -> None:
        head = (
            b"HTTP/1.1 503 Busy\r\nRetry-After:  17 \r\nX-Other: 1\r\nSERVER: s\r\nContent-Type: text/plain\r\n"
            b"Set-Cookie: a=b\r\nContent-Length: 4\r\n\r\nbusy"
        )
        answer = bench.send(serve(answering(head)).url())
        assert answer.status == 503
        assert answer.headers == {"retry-after": "17", "server": "s", "content-type": "text/plain"}
        assert answer.answer == b"busy"

    def test_a_cookie_is_not_kept_for_the_next(self, bench: Any, serve: Any) -> None:
        outlet = serve(answering(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"))
        bench.send(outlet.url())
        bench.send(outlet.url())
        assert "Cookie" not in outlet.requests[1].headers

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_not_followed(self, bench: Any, serve: Any, status: int) -> None:
        trap = serve()
        head = f"HTTP/1.1 {status} Moved\r\nLocation: {trap.url()}\r\nContent-Length: 0\r\n\r\n"
        answer = bench.send(serve(answering(head.encode())).url())
        assert answer.status == status
        assert answer.headers["location"] == trap.url()
        assert trap.connections == 0

    def test_the_last_status_counts_after_interim_ones(self, bench: Any, serve: Any) -> None:
        interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nServer: no\r\n\r\n"
        answer = bench.send(serve(answering(interim, OK)).url())
        assert (answer.status, answer.headers) == (200, {})

    def test_an_interim_status_alone_is_no_answer(self, bench: Any, serve: Any) -> None:
        answer = bench.send(serve(answering(b"HTTP/1.1 100 Continue\r\n\r\n")).url())
        assert (answer.status, answer.error_kind, answer.sent) == (None, ErrorKind.RESET, True)

    def test_a_large_body_goes_without_asking(self, bench: Any, serve: Any) -> None:
        outlet = serve()
        answer = bench.send(outlet.url(), body=BIG)
        assert (answer.status, answer.sent) == (200, True)
        assert outlet.requests[0].body == BIG
        assert "Expect" not in outlet.requests[0].headers

    def test_an_empty_body(self, bench: Any, serve: Any) -> None:
        outlet = serve()
        answer = bench.send(outlet.url(), body=b"")
        assert (answer.status, answer.sent) == (200, True)
        assert outlet.requests[0].headers["Content-Length"] == "0"

    def test_a_compressed_answer_is_left_as_it_is(self, bench: Any, serve: Any) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08"
        answer = bench.send(serve(answering(head)).url())
        assert (answer.status, answer.error, answer.answer) == (200, None, b"\x1f\x8b\x08")


class TestBadManners:
    def test_hang(self, bench: Any, serve: Any) -> None:
        outlet = serve(hanging)
        answer = bench.run_out(lambda _: outlet.requests, lambda seconds: bench.send(outlet.url(), deadline=seconds))
        assert (answer.status, answer.error_kind, answer.sent) == (None, ErrorKind.TIMEOUT, True)
        assert re.fullmatch(r"timed out after [\d.]+ s waiting for the answer", answer.error)
        assert answer.seconds > 0.25

    def test_hang_without_reading(self, bench: Any, serve: Any) -> None:
        begun = threading.Event()
        url = serve(reading_nothing(begun)).url()
        answer = bench.run_out(
            lambda _: begun.is_set(), lambda seconds: bench.send(url, body=BIG * 4, deadline=seconds)
        )
        assert (answer.error_kind, answer.sent) == (ErrorKind.TIMEOUT, False)
        assert answer.error.endswith("while sending")

    def test_reset_after_the_body(self, bench: Any, serve: Any) -> None:
        def manner(call: Any) -> None:
            call.read()
            call.reset()

        answer = bench.send(serve(manner).url())
        assert (answer.status, answer.error_kind, answer.sent) == (None, ErrorKind.RESET, True)
        assert answer.error == "connection closed waiting for the answer"

    def test_closed_after_the_body(self, bench: Any, serve: Any) -> None:
        answer = bench.send(serve(answering()).url())
        assert (answer.status, answer.error_kind, answer.sent) == (None, ErrorKind.RESET, True)

    def test_reset_before_the_body_was_read(self, bench: Any, serve: Any) -> None:
        def manner(call: Any) -> None:
            call.socket.recv(100)
            call.reset()

        answer = bench.send(serve(manner).url(), body=BIG * 4)
        assert (answer.status, answer.error_kind, answer.sent) == (None, ErrorKind.RESET, False)
        assert answer.error == "connection closed while sending"

    def test_answer_before_the_body_was_read(self, bench: Any, serve: Any) -> None:
        def manner(call: Any) -> None:
            call.socket.recv(100)
            call.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            call.hang()

        answer = bench.send(serve(manner).url(), body=BIG * 4)
        assert (answer.status, answer.sent) == (413, False)

    def test_reset_within_the_headers_is_no_answer(self, bench: Any, serve: Any) -> None:
        answer = bench.send(serve(answering(b"HTTP/1.1 200 OK\r\nServer: x\r\n")).url())
        assert (answer.status, answer.error_kind, answer.sent) == (None, ErrorKind.RESET, True)

    def test_reset_within_the_answer_keeps_the_status(self, bench: Any, serve: Any) -> None:
        answer = bench.send(serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npart")).url())
        assert (answer.status, answer.error_kind, answer.answer) == (200, ErrorKind.RESET, b"part")
        assert answer.error == "connection closed within the answer's body"

    def test_refused_connection(self, bench: Any) -> None:
        with refusing_port() as port:
            answer = bench.send(f"http://127.0.0.1:{port}/")
        assert (answer.error, answer.error_kind) == ("connection refused", ErrorKind.REFUSED)
        assert (answer.sent, answer.address) == (False, "127.0.0.1")

    def test_endless_body(self, make_bench: Any, serve: Any) -> None:
        def endless(call: Any) -> None:
            call.read()
            call.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
            while True:
                call.send(b"spam" * 4096)

        answer = make_bench(answer_cap_bytes=100_000, body_grace=1000.0).send(serve(endless).url(), deadline=1000.0)
        assert (answer.status, answer.error, answer.error_kind) == (200, None, None)
        assert answer.answer == (b"spam" * KEPT_BYTES)[:KEPT_BYTES]

    def test_dripping_body_ends_at_the_grace(self, make_bench: Any, serve: Any) -> None:
        bench = make_bench(body_grace=0.3)

        def drip(call: Any) -> None:
            call.read()
            call.send(b"HTTP/1.1 202 Accepted\r\nContent-Length: 9999\r\n\r\n.")
            while not call.outlet.over.wait(0.02):
                call.send(b".")

        answer = bench.send(serve(drip).url(), deadline=1000.0)
        assert (answer.status, answer.error) == (202, None)
        assert set(answer.answer) == {ord(".")}
        assert answer.seconds > 0.25
        assert bench.transfers.in_flight == 0

    def test_an_early_answer_does_not_end_the_request(self, make_bench: Any, serve: Any) -> None:
        bench = make_bench(body_grace=0.1)

        def early(call: Any) -> None:
            call.socket.recv(100)
            call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
            call.outlet.over.wait(0.5)
            got = 100
            while got < len(BIG) * 4 and (more := call.socket.recv(1 << 20)):
                got += len(more)
            call.send(b"ok")

        answer = bench.send(serve(early).url(), body=BIG * 4)
        assert (answer.status, answer.sent) == (200, True)

    def test_dripping_body_ends_at_the_deadline(self, bench: Any, serve: Any) -> None:
        def drip(call: Any) -> None:
            call.read()
            call.send(b"HTTP/1.1 202 Accepted\r\nContent-Length: 9999\r\n\r\n")
            call.hang()

        url = serve(drip).url()
        answer = bench.run_out(lambda answer: answer.status, lambda seconds: bench.send(url, deadline=seconds))
        assert (answer.status, answer.error_kind) == (202, ErrorKind.TIMEOUT)

    def test_dripping_headers_end_at_the_deadline(self, bench: Any, serve: Any) -> None:
        def drip(call: Any) -> None:
            call.read()
            call.send(b"HTTP/1.1 200 OK\r\nServer: drip\r\n")
            while not call.outlet.over.wait(0.02):
                call.send(b"X-A: b\r\n")

        url = serve(drip).url()
        answer = bench.run_out(
            lambda answer: answer.headers == {"server": "drip"}, lambda seconds: bench.send(url, deadline=seconds)
        )
        assert (answer.status, answer.error_kind, answer.sent) == (None, ErrorKind.TIMEOUT, True)
        assert answer.error.endswith("within the answer's headers")

    def test_endless_headers(self, bench: Any, serve: Any) -> None:
        def endless(call: Any) -> None:
            call.read()
            call.send(b"HTTP/1.1 200 OK\r\n")
            while True:
                call.send(b"X-Spam: " + b"spam" * 1000 + b"\r\n")

        answer = bench.send(serve(endless).url())
        assert (answer.status, answer.sent) == (None, True)
        assert answer.error_kind in (ErrorKind.OTHER, ErrorKind.RESET)

    @pytest.mark.parametrize(
        "garbage",
        [
            b"garbage\r\n\r\n",
            b"\x00\x01\x02\x03",
            b"HTTP/9.9 200 OK\r\n\r\n",
            b"HTTP/1.1 OK\r\n\r\n",
            b"HTTP/1.1 two hundred\r\n\r\n",
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        ],
    )
    def test_an_answer_that_is_not_http(self, bench: Any, serve: Any, garbage: bytes) -> None:
        answer = bench.send(serve(answering(garbage)).url())
        assert answer.error_kind in (ErrorKind.OTHER, ErrorKind.RESET), answer
        assert answer.status is None
        assert answer.sent

    def test_plain_text_on_a_tls_port(self, bench: Any, serve: Any) -> None:
        outlet = serve(lambda call: call.send(b"220 welcome\r\n"))
        answer = bench.send(outlet.url().replace("http:", "https:"))
        assert (answer.error_kind, answer.sent) == (ErrorKind.TLS, False)

    def test_silence_in_the_tls_handshake(self, bench: Any, make_bench: Any, serve: Any) -> None:
        begun = threading.Event()
        url = serve(reading_nothing(begun)).url().replace("http:", "https:")

        def send(seconds: float) -> Any:
            return make_bench(connect_timeout=seconds).send(url, deadline=1000.0)

        answer = bench.run_out(lambda _: begun.is_set(), send)
        assert (answer.error_kind, answer.sent) == (ErrorKind.TIMEOUT, False)
        assert answer.error.endswith("in the TLS handshake")


class TestTls:
    def test_a_known_authority(self, bench: Any, serve: Any, authority: Any) -> None:
        outlet = serve(context=authority.context("127.0.0.1"))
        answer = bench.send(outlet.url())
        assert (answer.status, answer.error, answer.sent) == (200, None, True)

    def test_an_unknown_authority(self, make_bench: Any, serve: Any, authority: Any) -> None:
        import certifi

        outlet = serve(context=authority.context("127.0.0.1"))
        answer = make_bench(trust=Path(certifi.where())).send(outlet.url())
        assert (answer.status, answer.error_kind, answer.sent) == (None, ErrorKind.TLS, False)
        assert "certificate" in answer.error
        assert outlet.requests == []

    def test_a_certificate_for_somebody_else(self, bench: Any, serve: Any, authority: Any) -> None:
        outlet = serve(context=authority.context("other.example"))
        answer = bench.send(outlet.url("localhost"))
        assert (answer.error_kind, answer.sent) == (ErrorKind.TLS, False)
        assert outlet.requests == []

    def test_a_certificate_that_ran_out(self, bench: Any, serve: Any, authority: Any) -> None:
        answer = bench.send(serve(context=authority.context("127.0.0.1", days=-1)).url())
        assert answer.error_kind is ErrorKind.TLS
        assert "expired" in answer.error

    def test_reset_after_the_body(self, bench: Any, serve: Any, authority: Any) -> None:
        def manner(call: Any) -> None:
            call.read()
            call.reset()

        answer = bench.send(serve(manner, context=authority.context("127.0.0.1")).url())
        assert (answer.error_kind, answer.sent) == (ErrorKind.RESET, True)

    def test_a_trust_bundle_that_is_not_there_is_our_fault(self, make_bench: Any, serve: Any, authority: Any) -> None:
        outlet = serve(context=authority.context("127.0.0.1"))
        answer = make_bench(trust=Path("/nowhere.pem")).send(outlet.url())
        assert answer.error_kind is ErrorKind.OURS


class TestGuarding:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "press.localhost", "0x7f.1", "2130706433", "[::1]"])
    def test_a_refused_address_is_never_dialled(self, make_bench: Any, serve: Any, host: str) -> None:
        outlet = serve()
        answer = make_bench(allowed=AddressPolicy().allows).send(outlet.url(host))
        assert (answer.status, answer.error_kind, answer.sent) == (None, ErrorKind.BLOCKED, False)
        assert answer.address in ("127.0.0.1", "::1")
        assert answer.error == f"address {answer.address} is refused; FANWIRE_ALLOWED_NETWORKS may allow it"
        assert outlet.connections == 0

    def test_one_allowed_address_of_several_is_enough(self, make_bench: Any, serve: Any) -> None:
        answer = make_bench(allowed=lambda ip: ip == "127.0.0.1").send(serve().url("localhost"))
        assert (answer.status, answer.address) == (200, "127.0.0.1")

    def test_a_check_that_breaks_refuses(self, make_bench: Any, serve: Any) -> None:
        def broken(ip: str) -> bool:
            raise RuntimeError("broken")

        outlet = serve()
        answer = make_bench(allowed=broken).send(outlet.url())
        assert answer.error_kind is ErrorKind.OURS
        assert outlet.connections == 0


class CountingTime:
    """The real time, and how often somebody wanted to know it."""

    def __init__(self) -> None:
        self.asked = 0

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        self.asked += 1
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        time.sleep(seconds)


class Directory:
    """Stands in for getaddrinfo: names of a test's own, some of which nobody answers for."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.alive = threading.Event()
        self.away = False
        """Whether it answers nothing about any name, like name servers that are away."""
        self.held: threading.Event | None = None
        """Until when it answers nothing about the name that nobody has."""

    def __call__(self, host: str, *_: Any, **__: Any) -> list[Any]:
        if host != PROBE:
            self.asked.append(host)
        elif self.held:
            self.held.wait(PATIENCE)
        if self.away:
            raise socket.gaierror(socket.EAI_AGAIN, "no")
        if host.startswith("dead"):
            self.alive.wait(PATIENCE)
        if host not in self.addresses:
            raise socket.gaierror(socket.EAI_AGAIN if host.startswith("dead") else socket.EAI_NONAME, "no")
        return [(2, 1, 6, "", (address, 0)) for address in self.addresses[host] * 2]


class TestNames:
    @pytest.fixture
    def directory(self) -> Any:
        directory = Directory()
        yield directory
        directory.alive.set()

    @pytest.fixture
    def clock(self) -> SteppedTime:
        """How long the resolver believes what it was told."""
        return SteppedTime()

    @pytest.fixture
    def make_bench(self, make_bench: Any, directory: Any, clock: Any) -> Any:
        def make(**changes: Any) -> Any:
            resolver = changes.pop("resolver", None) or Resolver(getaddrinfo=directory, time_source=clock)
            return make_bench(resolver=resolver, **changes)

        return make

    def test_a_name(self, bench: Any, serve: Any, directory: Any) -> None:
        directory.addresses["press.example"] = ["127.0.0.1"]
        outlet = serve()
        for _ in range(3):
            answer = bench.send(outlet.url("press.example"))
            assert (answer.status, answer.address) == (200, "127.0.0.1")
        assert outlet.requests[0].headers["Host"] == f"press.example:{outlet.port}"
        assert directory.asked == ["press.example"]

    def test_tls_by_name(self, bench: Any, serve: Any, directory: Any, authority: Any) -> None:
        directory.addresses = {"press.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]}
        outlet = serve(context=authority.context("press.example"))
        assert bench.send(outlet.url("press.example")).status == 200
        assert bench.send(outlet.url("other.example")).error_kind is ErrorKind.TLS

    def test_a_name_that_nobody_has(self, bench: Any, directory: Any) -> None:
        answer = bench.send("http://nobody.example/")
        assert (answer.error, answer.error_kind) == ("the host name cannot be resolved", ErrorKind.RESOLVE)
        assert (answer.sent, answer.address) == (False, None)

    def test_a_name_that_resolves_to_a_refused_address(self, make_bench: Any, serve: Any, directory: Any) -> None:
        directory.addresses["press.example"] = ["127.0.0.1", "::1"]
        outlet = serve()
        answer = make_bench(allowed=AddressPolicy().allows).send(outlet.url("press.example"))
        assert (answer.error_kind, answer.sent) == (ErrorKind.BLOCKED, False)
        assert outlet.connections == 0

    def test_a_name_that_changes_to_a_refused_address(
        self, make_bench: Any, serve: Any, directory: Any, clock: Any
    ) -> None:
        outlet = serve(answering(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")), address="0.0.0.0")
        bench = make_bench(in_flight_hint=1, allowed=lambda ip: ip == "127.0.0.1")
        directory.addresses["press.example"] = ["127.0.0.1"]
        assert bench.send(outlet.url("press.example")).status == 200
        directory.addresses["press.example"] = ["127.0.0.2"]
        clock.now += GOOD_SECONDS
        answer = bench.send(outlet.url("press.example"))
        assert (answer.error_kind, answer.address) == (ErrorKind.BLOCKED, "127.0.0.2")

    def test_the_second_address_is_tried(self, bench: Any, serve: Any, directory: Any) -> None:
        directory.addresses["press.example"] = ["127.0.0.9", "127.0.0.1"]
        answer = bench.send(serve().url("press.example"))
        assert (answer.status, answer.address) == (200, "127.0.0.1")

    def test_one_look_up_for_all_who_wait(self, bench: Any, serve: Any, directory: Any) -> None:
        directory.addresses["dead-at-first.example"] = ["127.0.0.1"]
        url = serve().url("dead-at-first.example")
        for number in range(50):
            bench.start(number, url)
        assert bench.transfers.turn(0.05) == []
        assert bench.transfers.in_flight == 50
        directory.alive.set()
        assert {answer.status for answer in bench.wait(50)} == {200}
        assert directory.asked == ["dead-at-first.example"]

    def test_dead_names_do_not_hold_up_living_ones(self, bench: Any, serve: Any, directory: Any) -> None:
        outlet = serve()
        for number in range(50):
            bench.start("dead", f"http://dead-{number}.example/")
        for number in range(50):
            directory.addresses[f"press-{number}.example"] = ["127.0.0.1"]
            bench.start("alive", outlet.url(f"press-{number}.example"))
        assert {(answer.transfer.key, answer.status) for answer in bench.wait(50)} == {("alive", 200)}
        directory.alive.set()
        errors = {(answer.error, answer.error_kind) for answer in bench.wait(50)}
        assert errors == {("no name server answers for the host name", ErrorKind.RESOLVE)}

    def test_a_look_up_has_its_time(self, make_bench: Any, directory: Any, clock: Any) -> None:
        for connect_timeout, deadline in ((500.0, 1000.0), (1000.0, 500.0)):
            time_source, resolver = RunningTime(), Resolver(getaddrinfo=directory, time_source=clock)
            bench = make_bench(connect_timeout=connect_timeout, resolver=resolver, time_source=time_source)
            bench.start(1, "http://dead.example/", deadline=deadline)
            until(lambda resolver=resolver: not resolver.is_ours("dead.example"))  # type: ignore[misc]
            assert bench.transfers.turn(0) == []
            time_source.now += 500.0
            (answer,) = bench.wait(1)
            assert (answer.error_kind, answer.sent) == (ErrorKind.TIMEOUT, False)
            assert answer.error.endswith("looking up the host name")
            assert answer.seconds >= 500.0

    def test_the_look_up_counts_for_the_deadline(self, bench: Any, make_bench: Any, serve: Any, directory: Any) -> None:
        """After the look-up little is left, by the clock of libcurl."""
        directory.addresses["dead-at-first.example"] = ["127.0.0.1"]
        outlet = serve(hanging)

        def send(left: float) -> Any:
            clock = RunningTime()
            directory.alive.clear()
            bench = make_bench(connect_timeout=1000.0, time_source=clock)
            bench.start(1, outlet.url("dead-at-first.example"), deadline=1000.0)
            assert bench.transfers.turn(0) == []
            clock.now += 1000.0 - left
            directory.alive.set()
            return bench.wait(1)[0]

        answer = bench.run_out(lambda _: outlet.requests, send)
        assert (answer.error_kind, answer.sent) == (ErrorKind.TIMEOUT, True)

    def test_name_servers_that_are_away_are_our_fault(self, bench: Any, serve: Any, directory: Any, clock: Any) -> None:
        directory.addresses["press.example"] = ["127.0.0.1"]
        directory.away = True
        for number in range(3):
            bench.start(number, f"http://press-{number}.example/")
        answers = bench.wait(3)
        assert {(answer.error, answer.error_kind) for answer in answers} == {
            ("our name servers do not answer", ErrorKind.NAME_SERVER)
        }
        assert {judge(answer).verdict for answer in answers} == {Verdict.OURS}
        assert {judge(answer).code for answer in answers} == {Code.NAME_SERVER}
        directory.away = False
        clock.now += OURS_SECONDS
        assert bench.send(serve().url("press.example")).status == 200

    def test_a_look_up_that_is_given_up_is_our_fault_if_nothing_is_answered(self, make_bench: Any) -> None:
        over = threading.Event()

        def silent(*_: Any, **__: Any) -> Any:
            over.wait(PATIENCE)
            raise socket.gaierror(socket.EAI_AGAIN, "no")

        bench = make_bench(connect_timeout=0.3, resolver=Resolver(getaddrinfo=silent))
        answer = bench.send("http://press.example/")
        over.set()
        assert answer.error_kind is ErrorKind.NAME_SERVER
        assert answer.error.endswith("looking up the host name: our name servers do not answer")

    def test_a_zone_that_is_broken_is_the_fault_of_its_owner(self, bench: Any, directory: Any) -> None:
        directory.alive.set()
        found = {judge(bench.send(f"http://dead-{number}.example/")).verdict for number in range(2)}
        assert found == {Verdict.FAILED}

    def test_a_probe_is_on_its_way_before_a_look_up_can_fail(self, directory: Any, clock: Any) -> None:
        probing: list[bool] = []

        class Noting(SimpleQueue[Any]):
            def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
                probing.append(resolver._probing.locked())
                super().put(item, block, timeout)

        directory.held = threading.Event()
        resolver = Resolver(getaddrinfo=directory, time_source=clock)
        resolver._wanted = Noting()
        assert resolver.find("dead.example") is None
        assert probing == [True]
        directory.held.set()
        resolver.close()

    @pytest.mark.parametrize(
        "error",
        [socket.gaierror(socket.EAI_SYSTEM, "no files"), socket.gaierror(socket.EAI_MEMORY, "no"), OSError(24, "x")],
    )
    def test_want_of_memory_or_files_is_our_fault(self, make_bench: Any, error: OSError) -> None:
        def fails(*_: Any, **__: Any) -> Any:
            raise error

        answer = make_bench(resolver=Resolver(getaddrinfo=fails)).send("http://press.example/")
        assert (answer.error_kind, judge(answer).verdict) == (ErrorKind.OURS, Verdict.OURS)

    def test_abandoning_while_looking_up(self, bench: Any, directory: Any) -> None:
        bench.start("k", "http://dead.example/")
        (answer,) = bench.transfers.abandon_all()
        assert (answer.error_kind, answer.sent) == (ErrorKind.OURS, False)
        assert bench.transfers.in_flight == 0
        bench.transfers.close()


class TestOurFaults:
    @pytest.mark.parametrize(
        "url",
        [
            "",
            "nonsense",
            "http://",
            "http://[::1",
            "http://host:port/",
            "http://bücher.example/",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
            "http://a b/",
            "http://x\0y/",
        ],
    )
    def test_a_bad_url(self, bench: Any, url: str) -> None:
        answer = bench.send(url)
        assert answer.status is None
        assert answer.error_kind in (ErrorKind.OURS, ErrorKind.RESOLVE), answer
        assert not answer.sent

    @pytest.mark.parametrize("header", ["X: a\r\nY: b", "X: a\nY: b", "X: \0", "X: ü", b"X: bytes", None])
    def test_a_bad_header(self, bench: Any, serve: Any, header: Any) -> None:
        outlet = serve()
        answer = bench.send(outlet.url(), headers=("Authorization: Bearer geheim", header))
        assert answer.error_kind is ErrorKind.OURS
        assert "geheim" not in repr(answer.error)
        assert outlet.connections == 0

    def test_no_descriptors_left(self, bench: Any, serve: Any, monkeypatch: Any) -> None:
        def no_socket(*_: Any) -> None:
            raise OSError(24, "Too many open files")

        outlet = serve()
        with monkeypatch.context() as patch:
            patch.setattr("tasks.delivery.transfers.handle.DialledSocket", no_socket)
            answer = bench.send(outlet.url())
        assert (answer.error_kind, answer.error) == (ErrorKind.OURS, "no socket: too many open files")
        assert bench.send(outlet.url()).status == 200

    def test_a_bad_one_does_not_harm_the_others(self, bench: Any, serve: Any) -> None:
        url = serve().url()
        for key, target in enumerate([url, "nonsense://", url, "http://bücher.example/", url]):
            bench.start(key, target)
        statuses = {answer.transfer.key: answer.status for answer in bench.wait(5)}
        assert statuses == {0: 200, 1: None, 2: 200, 3: None, 4: 200}


class TestManyAtOnce:
    def test_600_together(self, make_bench: Any, serve: Any) -> None:
        lock, everybody, here = threading.Lock(), threading.Event(), [0]

        def wait_for_all(call: Any) -> None:
            call.read()
            with lock:
                here[0] += 1
                if here[0] == 600:
                    everybody.set()
            assert everybody.wait(PATIENCE)
            call.send(OK)

        bench, url = make_bench(in_flight_hint=600), serve(wait_for_all).url()
        for number in range(600):
            bench.start(number, url, body=b"x" * number)
        assert bench.transfers.in_flight == 600
        answers = bench.wait(600)
        assert sorted(answer.transfer.key for answer in answers) == list(range(600))
        assert {answer.status for answer in answers} == {200}
        assert bench.transfers.in_flight == 0

    def test_slow_ones_do_not_hold_up_fast_ones(self, make_bench: Any, serve: Any) -> None:
        release = threading.Event()

        def slow(call: Any) -> None:
            call.read()
            release.wait(PATIENCE)
            call.send(OK)

        bench, slow_url, fast_url = make_bench(), serve(slow).url(), serve().url()
        for number in range(20):
            bench.start(("slow", number), slow_url)
        for number in range(20):
            bench.start(("fast", number), fast_url)
        assert {answer.transfer.key[0] for answer in bench.wait(20)} == {"fast"}
        release.set()
        assert {answer.transfer.key[0] for answer in bench.wait(20)} == {"slow"}

    def test_turn_waits_no_longer_than_asked(self, bench: Any, serve: Any) -> None:
        bench.start(1, serve(lambda call: call.hang()).url(), body=b"")
        assert bench.transfers.turn(0.2) == []
        assert bench.transfers.turn(0) == []
        assert bench.transfers.in_flight == 1, "it waited until its transfer ended"

    def test_turn_with_nothing_to_do(self, bench: Any) -> None:
        assert bench.transfers.turn(0.01) == []

    def test_an_idle_turn_sleeps(self, make_bench: Any, serve: Any) -> None:
        """A loop that spins would ask the time thousands of times."""
        clock = CountingTime()
        bench = make_bench(time_source=clock)
        bench.start(1, serve(lambda call: call.hang()).url(), body=b"")
        bench.transfers.turn(0.2)
        asked = clock.asked
        bench.transfers.turn(0.5)
        assert clock.asked - asked < 100


class TestReuse:
    def test_nothing_of_one_transfer_is_in_the_next(self, make_bench: Any, serve: Any) -> None:
        outlet = serve()
        bench = make_bench(in_flight_hint=1)
        headers = ("Authorization: Bearer geheim", "X-First: 1", "Content-Type: text/html")
        bench.send(outlet.url(path="/first"), headers=headers, body=b"first body", method="PUT")
        bench.send(outlet.url(path="/second"), headers=("X-Second: 2",), body=b"second")
        bench.send(outlet.url(path="/third"), headers=(), body=b"")
        first, second, third = outlet.requests
        assert (first.line, first.body) == ("PUT /first HTTP/1.1", b"first body")
        assert (second.line, second.body) == ("POST /second HTTP/1.1", b"second")
        assert (third.line, third.body) == ("POST /third HTTP/1.1", b"")
        assert not {"Authorization", "X-First"} & (second.headers.keys() | third.headers.keys())
        assert second.headers["Content-Type"] != "text/html"
        assert "X-Second" not in third.headers
        assert outlet.connections == 1, "the connection was to be kept"

    def test_an_error_does_not_stick(self, make_bench: Any, serve: Any) -> None:
        bench = make_bench(in_flight_hint=1)
        assert bench.send(serve(answering()).url()).error_kind is ErrorKind.RESET
        assert bench.send("http://127.0.0.1:1/").error_kind is ErrorKind.REFUSED
        answer = bench.send(serve(answering(b"HTTP/1.1 204 No Content\r\n\r\n")).url())
        assert (answer.status, answer.error, answer.answer, answer.headers) == (204, None, b"", {})

    def test_the_deadline_is_each_transfers_own(self, make_bench: Any, serve: Any) -> None:
        def slow(call: Any) -> None:
            while call.read():
                answers.wait(PATIENCE)
                call.send(OK)

        bench, url, answers = make_bench(in_flight_hint=1), serve(slow).url(), threading.Event()
        assert bench.send(url, deadline=0.2).error_kind is ErrorKind.TIMEOUT
        answers.set()
        assert bench.send(url, deadline=PATIENCE).status == 200
        answers.clear()
        assert bench.send(url, deadline=0.2).error_kind is ErrorKind.TIMEOUT
        answers.set()

    def test_a_connection_that_died_idle_is_replaced(self, bench: Any, serve: Any) -> None:
        def once(call: Any) -> None:
            call.read()
            call.send(OK)  # and close, without having said so

        outlet = serve(once)
        assert [bench.send(outlet.url()).status for _ in range(5)] == [200] * 5

    def test_descriptors_are_given_back(self, make_bench: Any, serve: Any, authority: Any) -> None:
        urls = [serve().url(), serve(answering()).url(), serve(context=authority.context("127.0.0.1")).url()]
        with refusing_port() as port:
            urls.append(f"http://127.0.0.1:{port}/")
            ours = descriptors()
            bench = make_bench(in_flight_hint=8)
            for number in range(200):
                bench.start(number, urls[number % 4])
            bench.wait(200)
            bench.transfers.close()
            assert wait_until(lambda: descriptors() <= ours), (ours, descriptors())

    def test_idle_connections_are_bounded(self, make_bench: Any, serve: Any) -> None:
        outlet = serve(address="0.0.0.0")
        bench = make_bench(in_flight_hint=2, idle_connections=4)
        ours = descriptors()
        for number in range(1, 60):  # each a host of its own
            assert bench.send(outlet.url(f"127.0.0.{number}")).status == 200
        assert wait_until(lambda: descriptors() - ours <= 2 * 4 + 4), descriptors() - ours  # both ends are ours


class TestEnding:
    def test_abandoned_transfers_say_what_was_sent(self, bench: Any, serve: Any) -> None:
        arrived = threading.Event()

        def hang(call: Any) -> None:
            call.read()
            arrived.set()
            call.hang()

        bench.start("sent", serve(hang).url())
        while not arrived.is_set():
            assert bench.transfers.turn(0.05) == []
        bench.start("new", serve(hang).url())
        answers = {answer.transfer.key: answer for answer in bench.transfers.abandon_all()}
        assert bench.transfers.in_flight == 0
        assert answers.keys() == {"sent", "new"}
        assert {answer.error_kind for answer in answers.values()} == {ErrorKind.OURS}
        assert (answers["sent"].sent, answers["new"].sent) == (True, False)
        assert bench.transfers.turn(0) == []

    def test_close_with_transfers_going(self, make_bench: Any, serve: Any) -> None:
        bench = make_bench()
        for number in range(10):
            bench.start(number, serve(lambda call: call.hang()).url())
        bench.transfers.turn(0.1)
        bench.transfers.close()


def test_the_environment_has_no_say(
    make_bench: Any, serve: Any, authority: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve()
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url(path=""))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, "/nowhere")
    bench: Any = make_bench()
    plain, tls = serve(), serve(context=authority.context("127.0.0.1"))
    assert bench.send(plain.url()).status == 200
    assert bench.send(tls.url()).status == 200
    assert proxy.connections == 0


def test_a_netrc_has_no_say(make_bench: Any, serve: Any, monkeypatch: Any, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password geheim\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    outlet = serve()
    make_bench().send(outlet.url())
    assert "Authorization" not in outlet.requests[0].headers


def test_a_password_in_the_url_is_not_sent(bench: Any, serve: Any) -> None:
    outlet = serve()
    answer = bench.send(outlet.url("me:geheim@127.0.0.1"))
    assert answer.error_kind is ErrorKind.OURS
    assert "geheim" not in repr(answer.error)
    assert outlet.connections == 0


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def wait_until(true: Any, seconds: float = PATIENCE) -> bool:
    """Other threads need a moment to close their ends."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
