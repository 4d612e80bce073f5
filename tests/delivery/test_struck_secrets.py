"""An outlet that repeats what we sent it as a secret: it is kept nowhere."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from sqlalchemy import select

from tasks import delivery, ledger, planning, policies
from tasks.building.renditions import build_renditions
from tasks.delivery import payloads, transports
from tasks.delivery.transfers.handle import KEPT_BYTES, KEPT_HEADER_BYTES
from tasks.delivery.transports import DeliveryRequest
from tasks.delivery.verdicts import DETAIL_CHARACTERS, judge
from tasks.ledger import outlets, releases
from tasks.ledger.schema import attempts, deliveries
from tasks.model.outlet import Auth, Outlet
from tasks.operations import report, report_documents
from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tests.support.samples import outlet, release
from tests.support.threads import PATIENCE

SECRET = 'Zx9?&/"\\q%7=4k+Lm'
"""Every encoding changes it."""
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BASIC = base64.b64encode(f"fanwire:{SECRET}".encode()).decode()
FORMS = {
    "raw": SECRET,
    "url": quote(SECRET, safe=""),
    "url, small letters": quote(SECRET, safe="").lower(),
    "form": quote_plus(SECRET),
    "part of a url": quote(SECRET),
    "json": json.dumps(SECRET)[1:-1],
    "json, slash": json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    "json, all": "".join(f"\\u{ord(character):04x}" for character in SECRET),
    "json in json": json.dumps(json.dumps(SECRET)),
    "xml": SECRET.replace("&", "&amp;").replace('"', "&quot;"),
    "xml, numbers": "".join(f"&#{ord(character)};" for character in SECRET),
    "basic": BASIC,
    "basic in a url": quote(BASIC, safe=""),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 for urls": base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    "base64 of more": base64.b64encode(f"a:{SECRET}:b".encode()).decode(),
    "other case": SECRET.upper(),
    "utf-16": "\0".join(SECRET),
}
PARTS = ("Zx9", "q%7", "4k+Lm", BASIC[11:24])
REQUEST = DeliveryRequest(
    key="fw_1",
    release="urn:x:1",
    version=1,
    action="publish",
    language="en",
    outlet_language="en",
    content_type="text/plain",
    body=b"news",
)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    secrets.forget()
    monkeypatch.setenv("FANWIRE_SECRET_A", SECRET)
    monkeypatch.setenv("FANWIRE_SECRET_B", SIGNING)
    yield
    secrets.forget()


def receiver(url: str, kind: str = "basic", **more: Any) -> Outlet:
    auth = {"type": kind, "user": "fanwire", "header": "X-Api-Key", "secret": "env:FANWIRE_SECRET_A"}
    return outlet(url=url, auth=auth | {"signing_secret": "env:FANWIRE_SECRET_B"}, **more)


def saying(body: bytes, *headers: bytes, status: bytes = b"401 No") -> Callable[[Any], None]:
    def manner(call: Any) -> None:
        call.read()
        lines = [b"HTTP/1.1 " + status, *headers, b"Content-Length: %d" % len(body), b"Connection: close", b"", body]
        call.send(b"\r\n".join(lines))

    return manner


def detail(bench: Any, server: Any, kind: str = "basic", **more: Any) -> str:
    """What is kept of the answer."""
    prepared = transports.prepare(receiver(server.url(), kind, **more), REQUEST, key="k", deadline=PATIENCE, now=1.0)
    bench.transfers.start(prepared)
    (answer,) = bench.wait(1)
    assert SECRET not in repr(answer)
    return judge(answer).detail


def nothing_of_it(text: str) -> bool:
    return not [part for part in PARTS if part.lower() in text.lower()]


@pytest.mark.parametrize("form", FORMS)
def test_a_refusal_that_repeats_a_secret(bench: Any, serve: Any, form: str) -> None:
    said = f'no access with "{FORMS[form]}" here'.encode()
    found = detail(bench, serve(saying(said, b"Content-Type: text/plain")))
    assert nothing_of_it(found), found
    assert "no access with" in found
    assert "here" in found
    assert "***" in found


@pytest.mark.parametrize("form", ["raw", "url", "url, small letters", "part of a url", "basic", "base64"])
@pytest.mark.parametrize(
    "place", ["https://new.example/{}/wire", "/{}/wire", "https://{}@new.example/wire", "/wire?t={}"]
)
def test_a_redirect_that_repeats_a_secret(bench: Any, serve: Any, form: str, place: str) -> None:
    location = place.format(FORMS[form]).encode()
    found = detail(bench, serve(saying(b"", b"Location: " + location, status=b"302 Found")))
    assert nothing_of_it(found), found
    assert found.startswith("302 Found: points to ")


@pytest.mark.parametrize("kind", ["bearer", "header"])
def test_each_kind_of_credential(bench: Any, serve: Any, kind: str) -> None:
    def echo(call: Any) -> None:
        request = call.read()
        body = "\n".join(f"{name}: {value}" for name, value in request.headers.items()).encode()
        call.send(b"HTTP/1.1 403 No\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    assert nothing_of_it(detail(bench, serve(echo), kind))


def test_the_signing_secret_too(bench: Any, serve: Any) -> None:
    said = b"wrong signature, I took " + SIGNING.encode()
    assert (
        detail(bench, serve(saying(said, b"Content-Type: text/plain")))
        == "401 Unauthorized: wrong signature, I took ***"
    )


def test_credentials_that_older_documents_hold_themselves(bench: Any, serve: Any) -> None:
    said = b"wrong key geheim-1, no access with geheim-2"
    server = serve(saying(said, b"Content-Type: text/plain"))
    old = outlet(url=server.url(path="/wire?api_key=geheim-2"), headers={"X-Api-Key": "geheim-1", "X-Desk": "access"})
    bench.transfers.start(transports.prepare(old, REQUEST, key="k", deadline=PATIENCE, now=1.0))
    assert judge(*bench.wait(1)).detail == "401 Unauthorized: wrong key ***, no access with ***"


@pytest.mark.parametrize("form", ["raw", "url", "json, all", "basic"])
@pytest.mark.parametrize("kept", [5, 9, 12])
def test_a_secret_cut_in_half(bench: Any, serve: Any, form: str, kept: int) -> None:
    """By any of the limits: what is kept of a body, of a header, and of both for people."""
    cut = len(FORMS[form]) * kept // 16
    for place in (KEPT_BYTES - cut, DETAIL_CHARACTERS - len("401 Unauthorized: ") - cut):
        said = b"x" + b" " * (place - 1) + FORMS[form].encode() if place > DETAIL_CHARACTERS else None
        said = said or b"x" * place + FORMS[form].encode()
        found = detail(bench, serve(saying(said, b"Content-Type: text/plain")))
        assert nothing_of_it(found), found
    location = b"/" + b" " * (KEPT_HEADER_BYTES - 1 - cut) + FORMS[form].encode()
    found = detail(bench, serve(saying(b"", b"Location: " + location, status=b"302 Found")))
    assert nothing_of_it(found), found


def test_what_libcurl_quotes_of_an_answer(bench: Any, serve: Any) -> None:
    """It quotes the version of an answer, for one."""

    def nonsense(call: Any) -> None:
        call.read()
        call.send(f"HTTP/{SECRET} 200 OK\r\n\r\n".encode())

    assert nothing_of_it(detail(bench, serve(nonsense)))


def test_nothing_is_kept_of_a_yes(bench: Any, serve: Any) -> None:
    server = serve(saying(SECRET.encode(), b"Location: /" + BASIC.encode(), status=b"201 Created"))
    bench.transfers.start(transports.prepare(receiver(server.url()), REQUEST, key="k", deadline=PATIENCE, now=1.0))
    (answer,) = bench.wait(1)
    assert (answer.status, answer.answer, answer.headers) == (201, b"", {})


def test_neither_transfer_nor_answer_shows_a_secret(bench: Any, serve: Any) -> None:
    transfer = transports.prepare(receiver(serve().url()), REQUEST, key="k", deadline=PATIENCE, now=1.0)
    bench.transfers.start(transfer)
    (answer,) = bench.wait(1)
    for shown in (repr(transfer), repr(answer)):
        assert nothing_of_it(shown)
        assert SIGNING not in shown


def test_a_transport_of_somebody_elses_need_not_think_of_it(
    bench: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it resolves is struck."""
    shipped = transports.by_scheme()["http"]

    def prepare(outlet: Outlet, request: DeliveryRequest, **more: Any) -> Any:
        secrets.resolve("env:FANWIRE_SECRET_A")
        return shipped.prepare(outlet.model_copy(update={"auth": Auth()}), request, **more)

    monkeypatch.setattr(transports, "by_scheme", lambda: {"http": replace(shipped, prepare=prepare)})
    said = f"no {SECRET}".encode()
    assert nothing_of_it(detail(bench, serve(saying(said, b"Content-Type: text/plain"))))


@pytest.mark.usefixtures("sqlite_ledger")
def test_it_is_in_no_row_no_log_and_no_report(
    serve: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FANWIRE_ALLOWED_NETWORKS", "127.0.0.0/8")
    settings.cache_clear()
    payloads.forget_renditions()
    said = " ".join(FORMS.values()).encode()
    refusing = serve(saying(said, b"Content-Type: text/plain"))
    moved = serve(saying(b"", b"Location: /" + BASIC.encode(), status=b"307 Go"))
    gone = serve(saying(said, b"Content-Type: text/plain", status=b"410 Gone"))
    away = serve(saying(said, b"Content-Type: text/plain", status=b"503 No"))
    with ledger.write() as connection:
        receivers = {"refusing": refusing, "moved": moved, "gone": gone, "away": away}
        documents = [receiver(server.url(), id=name) for name, server in receivers.items()]
        outlets.put(connection, documents, time.time())
        number = releases.take(connection, release(), time.time()).release_id
    planning.plan(number, time.time())
    build_renditions(number, "en")
    delivery.drain(policies.delivery_policy())
    with ledger.read() as connection:
        rows = [*connection.execute(select(deliveries)), *connection.execute(select(attempts))]
        told = "".join(report_documents.as_json(report.report(connection, number)))
        told += repr(outlets.status_reasons(connection))
    kept = " ".join(str(value) for row in rows for value in row) + told + "".join(capsys.readouterr())
    assert "points to /***" in kept
    assert nothing_of_it(kept)
