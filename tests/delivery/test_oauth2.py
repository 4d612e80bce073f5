"""Tokens of OAuth 2.0: asked for once, shared by all drains, and renewed in time."""

from __future__ import annotations

import base64
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import pytest
import redis

from tasks import delivery, ledger, planning, policies
from tasks.building.renditions import build_renditions
from tasks.delivery import oauth2, payloads, transports
from tasks.delivery.admission.shared_state import SharedState
from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.oauth2 import TOKENS, Client, Tokens
from tasks.delivery.transfers.transfer import Transfer, WorkFailed
from tasks.delivery.verdicts import Judgement
from tasks.ledger import outlets, releases
from tasks.model.codes import Code
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tests.delivery.conftest import OK, Call, patient_state
from tests.support import samples
from tests.support.ports import refusing_port
from tests.support.threads import PATIENCE

SECRET = "s%cret & wörd"
REQUEST = DeliveryRequest(
    key="fw_1", release="urn:x:1", version=1, action="publish", language="en", outlet_language="en",
    content_type="text/plain", body=b"the rendition",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _afresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    secrets.forget()
    TOKENS.forget()
    monkeypatch.setenv("FANWIRE_SECRET_CLIENT", SECRET)
    yield
    secrets.forget()
    TOKENS.forget()


def answered(status: int, body: str, headers: str = "Content-Type: application/json\r\n") -> bytes:
    data = body.encode()
    return f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(data)}\r\n\r\n".encode() + data


def giving(**fields: Any) -> Callable[[Call], None]:
    """The manner of an endpoint that gives the tokens token-1, token-2 …"""
    numbers = itertools.count(1)

    def manner(call: Call) -> None:
        while call.read():
            token = {"access_token": f"token-{next(numbers)}", "token_type": "Bearer", "expires_in": 3600}
            call.send(answered(200, json.dumps(token | fields)))

    return manner


def saying(answer: bytes) -> Callable[[Call], None]:
    def manner(call: Call) -> None:
        while call.read():
            call.send(answer)

    return manner


def taking(*tokens: str) -> Callable[[Call], None]:
    """The manner of an outlet that takes these tokens and no others."""

    def manner(call: Call) -> None:
        while request := call.read():
            known = request.headers.get("Authorization") in {f"Bearer {token}" for token in tokens}
            call.send(OK if known else answered(401, json.dumps(request.headers)))

    return manner


def outlet(server: Any, endpoint: Any, **auth: Any) -> Outlet:
    told = {
        "type": "oauth2",
        "token_url": endpoint.url(),
        "client_id": "fan wire",
        "secret": "env:FANWIRE_SECRET_CLIENT",
    }
    return samples.outlet(url=server.url(), auth=told | auth)


def start(bench: Any, receiver: Outlet, key: Any = 1, deadline: float = PATIENCE) -> None:
    bench.transfers.start(transports.prepare(receiver, REQUEST, key=key, deadline=deadline, now=time.time()))


def deliver(bench: Any, receiver: Outlet, deadline: float = PATIENCE) -> Judgement:
    start(bench, receiver, deadline=deadline)
    (answer,) = bench.wait(1)
    return transports.judge(receiver, answer, time.time())


def bearers(server: Any) -> list[str]:
    return [request.headers["Authorization"].removeprefix("Bearer ") for request in server.requests]


def test_a_token_is_asked_for_once(bench: Any, serve: Any) -> None:
    server, endpoint = serve(), serve(giving())
    receiver = outlet(server, endpoint, scope="releases:write")
    assert [deliver(bench, receiver).verdict for _ in range(2)] == [Verdict.DELIVERED] * 2
    assert bearers(server) == ["token-1"] * 2
    assert [request.body for request in server.requests] == [b"the rendition"] * 2
    (asked,) = endpoint.requests
    assert parse_qs(asked.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["releases:write"]}
    basic = base64.b64decode(asked.headers["Authorization"].removeprefix("Basic "))
    assert basic == b"fan+wire:s%25cret+%26+w%C3%B6rd"


def test_the_secret_in_the_form(bench: Any, serve: Any) -> None:
    endpoint = serve(giving())
    deliver(bench, outlet(serve(), endpoint, style="body", audience="https://bote.example"))
    (asked,) = endpoint.requests
    assert "Authorization" not in asked.headers
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"], "audience": ["https://bote.example"], "client_id": ["fan wire"],
        "client_secret": [SECRET],
    }  # fmt: skip


def test_many_deliveries_at_once_ask_once(bench: Any, serve: Any) -> None:
    server, endpoint = serve(), serve(giving())
    for key in range(12):
        start(bench, outlet(server, endpoint), key)
    assert {answer.status for answer in bench.wait(12)} == {200}
    assert (len(server.requests), len(endpoint.requests)) == (12, 1)


@pytest.mark.parametrize("fields", [{"expires_in": 0}, {"expires_in": "0"}])
def test_a_token_that_is_over_is_asked_for_again(bench: Any, serve: Any, fields: Any) -> None:
    server, endpoint = serve(), serve(giving(**fields))
    for _ in range(2):
        assert deliver(bench, outlet(server, endpoint)).verdict is Verdict.DELIVERED
    assert bearers(server) == ["token-1", "token-2"]


class Clock:
    """A time that goes on when it is told to."""

    now = 1_000_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("given", "good"),
    [(3600, 3600 - 60), (100, 75), (None, oauth2.USUAL_SECONDS - 60)],
    ids=["hour", "short", "unsaid"],
)
def test_it_is_renewed_before_its_end(given: float | None, good: float) -> None:
    clock, client = Clock(), Client("https://bote.example/token", "id", "secret")
    tokens = Tokens(time_source=clock)
    tokens.keep(client, "token", given)
    clock.sleep(good - 1)
    assert tokens.held(client) == "token"
    clock.sleep(2)
    assert tokens.held(client) is None


def test_after_a_401_there_is_one_more_try_with_a_new_token(bench: Any, serve: Any) -> None:
    server, endpoint = serve(taking("token-2")), serve(giving())
    assert deliver(bench, outlet(server, endpoint)).verdict is Verdict.DELIVERED
    assert bearers(server) == ["token-1", "token-2"]
    never = serve(taking())
    judgement = deliver(bench, outlet(never, endpoint))
    assert (judgement.verdict, judgement.code) == (Verdict.REJECTED, "http_401")
    assert bearers(never) == ["token-2", "token-3"]
    assert "token-3" not in judgement.detail


REFUSED = '{"error": "invalid_client", "error_description": "no client of that name"}'


@pytest.mark.parametrize(
    ("answer", "verdict", "code", "text"),
    [
        (answered(401, REFUSED), Verdict.REJECTED, Code.OAUTH2_REFUSED, "no client of that name"),
        (answered(400, REFUSED), Verdict.REJECTED, Code.OAUTH2_REFUSED, "invalid_client"),
        (answered(410, REFUSED), Verdict.REJECTED, Code.OAUTH2_REFUSED, "410 Gone"),
        (answered(302, "", "Location: https://x.example/in\r\n"), Verdict.REJECTED, Code.OAUTH2_REFUSED, "x.example"),
        (answered(429, "", "Retry-After: 7\r\n"), Verdict.THROTTLED, Code.OAUTH2_UNAVAILABLE, "429"),
        (answered(503, ""), Verdict.FAILED, Code.OAUTH2_UNAVAILABLE, "503"),
        (answered(200, '{"secret": "not shown"}'), Verdict.FAILED, Code.OAUTH2_UNREADABLE, "no token"),
        (answered(200, "<p>not shown"), Verdict.FAILED, Code.OAUTH2_UNREADABLE, "no token"),
        (answered(200, '{"access_token": "a", "token_type": "mac"}'), Verdict.FAILED, Code.OAUTH2_UNREADABLE, "Bearer"),
        (answered(200, '{"access_token": "a\\r\\nX: b"}'), Verdict.FAILED, Code.OAUTH2_UNREADABLE, "no token"),
        (answered(200, "[" * 60_000), Verdict.FAILED, Code.OAUTH2_UNREADABLE, "no token"),
        (
            answered(200, '{"access_token": "a", "expires_in": 1' + "0" * 400 + "}"),
            Verdict.FAILED,
            Code.OAUTH2_UNREADABLE,
            "no token",
        ),
        (answered(200, "[]"), Verdict.FAILED, Code.OAUTH2_UNREADABLE, "no token"),
        (b"HTTP/1.1 200 OK\r\n", Verdict.FAILED, Code.OAUTH2_UNAVAILABLE, "timed out"),
        (answered(401, f'{{"error": "{SECRET}"}}'), Verdict.REJECTED, Code.OAUTH2_REFUSED, "***"),
    ],
)
def test_what_an_endpoint_answers(
    bench: Any, serve: Any, answer: bytes, verdict: Verdict, code: Code, text: str
) -> None:
    server = serve()
    judgement = deliver(bench, outlet(server, serve(saying(answer))), deadline=1.0 if text == "timed out" else PATIENCE)
    assert (judgement.verdict, judgement.code, judgement.disable_outlet) == (verdict, code, False)
    assert text in judgement.detail
    assert judgement.of_host is Verdict.OURS
    assert judgement.detail.startswith("token endpoint: ")
    assert not any(hidden in judgement.detail for hidden in (SECRET, "not shown"))
    assert server.connections == 0


def test_the_next_secret_of_a_client(bench: Any, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def endpoint(call: Call) -> None:
        while request := call.read():
            new = b"client_secret=new" in request.body
            call.send(answered(200, '{"access_token": "token"}') if new else answered(401, REFUSED))

    monkeypatch.setenv("FANWIRE_SECRET_NEW", "new")
    server = serve()
    receiver = outlet(server, serve(endpoint), style="body", next_secret="env:FANWIRE_SECRET_NEW")
    assert deliver(bench, receiver).verdict is Verdict.DELIVERED
    assert bearers(server) == ["token"]


def test_an_endpoint_that_is_away_or_may_not_be_dialled(make_bench: Any, serve: Any) -> None:
    server = serve()
    with refusing_port() as port:
        away = outlet(server, server, token_url=f"http://127.0.0.1:{port}/")
        judgement = deliver(make_bench(), away)
    assert (judgement.verdict, judgement.code) == (Verdict.FAILED, Code.OAUTH2_UNAVAILABLE)
    judgement = deliver(make_bench(allowed=lambda _: False), away)
    assert (judgement.verdict, judgement.code) == (Verdict.BLOCKED, Code.REFUSED_ADDRESS)


class Watched(Clock):
    """A time that says when somebody looks at it."""

    def __init__(self) -> None:
        self.looked = threading.Event()

    def monotonic(self) -> float:
        self.looked.set()
        return self.now


def test_those_who_wait_fail_with_the_one_that_asks() -> None:
    clock, client = Watched(), Client("https://bote.example/token", "id", "secret")
    tokens = Tokens(time_source=clock)
    tokens.claim(client)
    clock.looked.clear()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(tokens.claim, client)
        assert clock.looked.wait(PATIENCE)  # from here on it holds the lock until it waits
        tokens.fail(client)
        assert isinstance(waiting.exception(PATIENCE), WorkFailed)
    tokens.claim(client)  # and the next one asks


class TestDrains:
    """Several drains, each with tokens of its own and one Redis."""

    def client(self, endpoint: Any, secret: str = SECRET) -> Client:
        return Client(endpoint.url(), "id", secret)

    def send(self, bench: Any, server: Any, client: Client, tokens: Tokens) -> Any:
        plain = Transfer(key=1, url=server.url(), body=b"x", deadline=PATIENCE)
        bench.transfers.start(oauth2.authorized(client, plain, tokens))
        (answer,) = bench.wait(1)
        return answer.status

    def test_one_asks_for_all(self, make_bench: Any, serve: Any, valkey: redis.Redis, server: str) -> None:
        outlet, endpoint = serve(), serve(giving())
        drains = [(make_bench(), Tokens(patient_state(server))) for _ in range(4)]
        found: list[Any] = []
        threads = [
            threading.Thread(target=lambda b, t: found.append(self.send(b, outlet, self.client(endpoint), t)), args=one)
            for one in drains
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert found == [200] * 4
        assert (len(endpoint.requests), set(bearers(outlet))) == (1, {"token-1"})

    def test_a_token_that_was_refused_is_not_taken_again(
        self, make_bench: Any, serve: Any, valkey: redis.Redis, server: str
    ) -> None:
        outlet, endpoint = serve(taking("token-2")), serve(giving())
        states = [Tokens(patient_state(server)) for _ in range(2)]
        assert [self.send(make_bench(), outlet, self.client(endpoint), tokens) for tokens in states] == [200] * 2
        assert (bearers(outlet), len(endpoint.requests)) == (["token-1", "token-2", "token-2"], 2)

    def test_nobody_reads_it_there(self, bench: Any, serve: Any, valkey: redis.Redis, server: str) -> None:
        endpoint = serve(giving())
        self.send(bench, serve(), self.client(endpoint), Tokens(patient_state(server)))
        (key,) = valkey.keys("*")
        kept = valkey.get(key)
        assert 0 < valkey.ttl(key) <= 3600 - 60
        for hidden in ("token-1", SECRET, "bote", base64.b64encode(b"token-1").decode()):
            assert hidden not in f"{key!s}{kept!s}"
        valkey.set(key, "nonsense")
        assert self.send(bench, serve(), self.client(endpoint), Tokens(patient_state(server))) == 200

    def test_another_secret_is_another_client(self, bench: Any, serve: Any, valkey: redis.Redis, server: str) -> None:
        endpoint, tokens = serve(giving()), Tokens(patient_state(server))
        for secret in ("a", "b"):
            self.send(bench, serve(), self.client(endpoint, secret), tokens)
        assert len(endpoint.requests) == 2

    def test_a_drain_that_dies_while_it_asks_delays_the_others_only(
        self, bench: Any, serve: Any, valkey: redis.Redis, server: str
    ) -> None:
        client = self.client(serve(giving()))
        clock = Clock()
        Tokens(patient_state(server)).claim(client)  # and asks never
        survivor = Tokens(patient_state(server), time_source=clock)
        survivor.claim(client)
        assert clock.now - Clock.now >= oauth2.LOCK_SECONDS
        assert survivor.held(client) is None

    def test_drains_have_them_in_common(
        self, serve: Any, valkey: redis.Redis, server: str, sqlite_ledger: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FANWIRE_ALLOWED_NETWORKS", "127.0.0.0/8")
        settings.cache_clear()
        payloads.forget_renditions()
        receiver, endpoint = serve(), serve(giving())
        for number in (1, 2):
            with ledger.write() as connection:
                outlets.put(connection, [outlet(receiver, endpoint)], time.time())
                sample = samples.release(uri=f"{samples.URI}:{number}")
                id = releases.take(connection, sample, time.time()).release_id
            planning.plan(id, time.time())
            build_renditions(id, "en")
            delivery.drain(policies.delivery_policy(), shared_state=patient_state(server))
            TOKENS.forget()  # as another process knows nothing
        TOKENS.share(SharedState(None))
        assert (bearers(receiver), len(endpoint.requests)) == (["token-1"] * 2, 1)
