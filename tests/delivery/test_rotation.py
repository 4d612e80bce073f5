"""A secret is changed without a moment in which deliveries are refused."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tasks import ledger, planning
from tasks.building.renditions import build_renditions
from tasks.delivery import payloads
from tasks.ledger import counts, notices, outlets, releases
from tasks.ledger.metrics import AttemptCounts
from tasks.model.outlet import Auth, Outlet
from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tests.support.drains import breaking_at_first, drain
from tests.support.samples import URI, outlet, release

from .conftest import OK, Call, OutletServer, Serve

OLD, NEW = "geheim-alt-1", "geheim-neu-2"
BOTH = {"secret": "env:FANWIRE_SECRET_OLD", "next_secret": "env:FANWIRE_SECRET_NEW"}
AUTHS: dict[str, dict[str, Any]] = {
    "bearer": {"type": "bearer", **BOTH},
    "header": {"type": "header", "header": "X-Key", **BOTH},
    "basic": {"type": "basic", "user": "wire", **BOTH},
}


@pytest.fixture(autouse=True)
def _wire(sqlite_ledger: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {"ALLOWED_NETWORKS": "127.0.0.0/8", "SECRET_OLD": OLD, "SECRET_NEW": NEW}.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    payloads.forget_renditions()
    secrets.forget()
    yield
    secrets.forget()


def taking(*good: str, refusal: str = "401 Unauthorized") -> Any:
    """The manner of an outlet that takes these secrets and no other; it says what it was sent."""

    def manner(call: Call) -> None:
        while request := call.read():
            secret = sent(request)
            body = f"no: {secret}".encode()
            head = f"HTTP/1.1 {refusal}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            call.send(OK if secret in good else head + body)

    return manner


def sent(request: Any) -> str:
    """The secret that came with a request."""
    value = request.headers.get("X-Key") or request.headers["Authorization"].partition(" ")[2]
    return value if value in (OLD, NEW) else base64.b64decode(value).decode().removeprefix("wire:")


def deliver(server: OutletServer, number: int, auth: dict[str, Any]) -> tuple[dict[str, int], list[str]]:
    """Deliver one more release; the states of its deliveries, and the secrets that the outlet was sent for it."""
    before = len(server.requests)
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a", url=server.url(), auth=auth)], time.time())
        id = releases.take(connection, release(uri=f"{URI}:{number}"), time.time()).release_id
    planning.plan(id, time.time())
    build_renditions(id, "en")
    drain()
    with ledger.read() as connection:
        return counts.total(counts.states(connection, id)), [sent(one) for one in server.requests[before:]]


def test_the_notice_is_left_although_the_first_transaction_for_it_was_rolled_back(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, auth = serve(taking(NEW)), AUTHS[next(iter(AUTHS))]
    monkeypatch.setattr(AttemptCounts, "count", breaking_at_first(AttemptCounts.count))
    with pytest.raises(RuntimeError, match="broken"):
        deliver(server, 1, auth)
    with ledger.read() as connection:
        assert [notice["kind"] for notice in notices.latest(connection, 9)] == ["new secret"]


@pytest.mark.parametrize("kind", AUTHS)
def test_the_next_secret_is_sent_when_the_first_is_refused_and_first_from_then_on(serve: Serve, kind: str) -> None:
    server, auth = serve(taking(OLD)), AUTHS[kind]
    assert deliver(server, 1, auth) == ({"delivered": 1}, [OLD])
    server.manner = taking(NEW)
    assert deliver(server, 2, auth) == ({"delivered": 1}, [OLD, NEW])
    keys = {request.headers["Idempotency-Key"] for request in server.requests[-2:]}
    assert len(keys) == 1, "it is one delivery"
    assert deliver(server, 3, auth) == ({"delivered": 1}, [NEW])
    with ledger.read() as connection:
        [notice] = notices.latest(connection, 9)
    assert (notice["kind"], notice["subject"]) == ("new secret", "a")
    assert "`fanwire outlets edit a auth.secret=env:FANWIRE_SECRET_NEW auth.next_secret=`" in notice["text"]
    server.manner = taking(OLD)  # they have gone back
    assert deliver(server, 4, auth) == ({"delivered": 1}, [NEW, OLD])
    assert deliver(server, 5, auth) == ({"delivered": 1}, [OLD])


@pytest.mark.parametrize(
    ("refusal", "tried"),
    [("401 Unauthorized", [OLD, NEW]), ("403 Forbidden", [OLD, NEW]), ("409 Conflict", [OLD])],
)
def test_what_an_outlet_refuses_with_both_is_rejected_and_no_secret_is_told(
    serve: Serve, refusal: str, tried: list[str]
) -> None:
    server = serve(taking(refusal=refusal))
    assert deliver(server, 1, AUTHS["bearer"]) == ({"rejected": 1}, tried)
    with ledger.read() as connection:
        [row] = connection.exec_driver_sql("SELECT reason, code, attempt FROM deliveries").all()
    assert row == (f"{refusal}: no: ***", f"http_{refusal[:3]}", 1)


@pytest.mark.parametrize(("missing", "tried"), [("OLD", [NEW]), ("NEW", [OLD])])
def test_one_of_them_may_be_missing(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, missing: str, tried: list[str]
) -> None:
    monkeypatch.delenv(f"FANWIRE_SECRET_{missing}")
    assert deliver(serve(taking(OLD, NEW)), 1, AUTHS["bearer"]) == ({"delivered": 1}, tried)


def test_the_end_of_the_change_is_an_edit(serve: Serve) -> None:
    server = serve(taking(NEW))
    deliver(server, 1, AUTHS["bearer"])
    ended = {"type": "bearer", "secret": BOTH["next_secret"]}
    assert deliver(server, 2, ended) == ({"delivered": 1}, [NEW])


def test_a_next_secret_belongs_to_a_type_that_has_a_secret() -> None:
    assert Auth(next_secret="env:FANWIRE_SECRET_NEW").unused()
    assert Outlet.model_validate({**outlet("a").model_dump(), "auth": AUTHS["basic"]}).auth.unused() is None
