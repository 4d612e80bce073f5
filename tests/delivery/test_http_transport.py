"""How a delivery request becomes an HTTP transfer."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tasks.delivery.signing import sign
from tasks.delivery.transports import TRANSPORTS, DeliveryRequest, UnknownTransport, by_scheme, prepare
from tasks.delivery.transports.http import ascii_safe, wire_url
from tasks.model.outlet import Outlet
from tasks.runtime.secrets import SecretMissing, forget
from tests.support.threads import PATIENCE

NOW = 1_795_000_000.7
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
REQUEST = DeliveryRequest(
    key="fw_0123",
    release="urn:newsml:acme.example:1",
    version=2,
    action="correct",
    language="zh-Hans-CN",
    outlet_language="zh-Hans",
    content_type="application/json",
    body=b"\xe4\xb8\xad",
)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    forget()
    monkeypatch.setenv("FANWIRE_SECRET_TOKEN", "geheim")
    monkeypatch.setenv("FANWIRE_SECRET_SIGNING", SIGNING)
    yield
    forget()


def outlet(**changes: Any) -> Outlet:
    fields = {"id": "bote", "name": "Bote", "country": "DE", "languages": ["de"], "url": "https://bote.example/wire"}
    return Outlet.model_validate(fields | changes)


def headers(receiver: Outlet, request: DeliveryRequest = REQUEST) -> dict[str, str]:
    made = prepare(receiver, request, key=7, deadline=30.0, now=NOW).headers
    split = [(name, value) for name, _, value in (line.partition(": ") for line in made)]
    assert len({name.lower() for name, _ in split}) == len(split), "a header is there twice"
    return dict(split)


def test_on_the_wire() -> None:
    transfer = prepare(outlet(), REQUEST, key=7, deadline=30.0, now=NOW)
    assert (transfer.key, transfer.url, transfer.deadline) == (7, "https://bote.example/wire", 30.0)
    assert transfer.method == "POST"
    assert transfer.body is REQUEST.body
    found = headers(outlet())
    assert found.pop("User-Agent").startswith("Fanwire/")
    assert found == {
        "Content-Type": "application/json",
        "Content-Language": "zh-Hans-CN",
        "Fanwire-Language": "zh-Hans",
        "Idempotency-Key": "fw_0123",
        "webhook-id": "fw_0123",
        "webhook-timestamp": "1795000000",
        "Fanwire-Release": "urn:newsml:acme.example:1",
        "Fanwire-Version": "2",
        "Fanwire-Action": "correct",
    }


def test_who_translated_is_a_header_of_its_own() -> None:
    line = 'machine;engine="apertium";status="unreviewed";from="en"'
    assert headers(outlet(), replace(REQUEST, translation=line)) == headers(outlet()) | {"Fanwire-Translation": line}


def test_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = outlet(auth={"signing_secret": "env:FANWIRE_SECRET_SIGNING"})
    expected = sign([SIGNING], "fw_0123", 1795000000, REQUEST.body)
    assert headers(receiver)["webhook-signature"] == expected
    other = "whsec_" + base64.b64encode(b"new").decode()
    monkeypatch.setenv("FANWIRE_SECRET_SIGNING", f"{other}\n{SIGNING}")
    forget()
    first, second = headers(receiver)["webhook-signature"].split(" ")
    assert second == expected
    assert first == sign([other], "fw_0123", 1795000000, REQUEST.body)


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        ({"type": "bearer", "secret": "env:FANWIRE_SECRET_TOKEN"}, "Authorization", "Bearer geheim"),
        (
            {"type": "basic", "user": "Zoë", "secret": "env:FANWIRE_SECRET_TOKEN"},
            "Authorization",
            "Basic " + base64.b64encode("Zoë:geheim".encode()).decode(),
        ),
        ({"type": "header", "header": "X-Api-Key", "secret": "env:FANWIRE_SECRET_TOKEN"}, "X-Api-Key", "geheim"),
    ],
)
def test_auth(auth: dict[str, str], name: str, value: str) -> None:
    assert headers(outlet(auth=auth))[name] == value


@pytest.mark.parametrize("value", ["two\r\nX-Forged: 1", "two\nlines", "ümlaut", "nul\x01"])
@pytest.mark.parametrize("kind", ["bearer", "header"])
def test_a_secret_that_no_header_can_carry(monkeypatch: pytest.MonkeyPatch, kind: str, value: str) -> None:
    monkeypatch.setenv("FANWIRE_SECRET_TOKEN", value)
    with pytest.raises(SecretMissing) as caught:
        headers(outlet(auth={"type": kind, "header": "X-Api-Key", "secret": "env:FANWIRE_SECRET_TOKEN"}))
    assert value not in str(caught.value)


@pytest.mark.parametrize("value", ["not a secret", "whsec_geheim!", "  "])
def test_a_bad_signing_secret_names_its_reference(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FANWIRE_SECRET_SIGNING", value)
    with pytest.raises(SecretMissing, match="env:FANWIRE_SECRET_SIGNING") as caught:
        headers(outlet(auth={"signing_secret": "env:FANWIRE_SECRET_SIGNING"}))
    assert "geheim" not in str(caught.value)


def test_a_missing_secret() -> None:
    with pytest.raises(SecretMissing, match="env:FANWIRE_SECRET_NOBODY"):
        headers(outlet(auth={"type": "bearer", "secret": "env:FANWIRE_SECRET_NOBODY"}))


def test_the_outlets_own_headers() -> None:
    found = headers(outlet(headers={"X-Desk": "Wirtschaft", "X-Name": "Zürich", "authorization": "mine"}))
    assert found["X-Desk"] == "Wirtschaft"
    assert found["X-Name"] == "Z%C3%BCrich"
    assert found["authorization"] == "mine"


def test_an_empty_header_is_sent_as_such() -> None:
    transfer = prepare(outlet(headers={"X-Empty": ""}), REQUEST, key=7, deadline=30.0, now=NOW)
    assert "X-Empty;" in transfer.headers


@pytest.mark.parametrize(
    "name",
    ["idempotency-key", "WEBHOOK-ID", "Webhook-Anything", "Fanwire-Action", "content-type", "Content-Length", "Host",
     "Transfer-Encoding", "Connection", "User-Agent", "Expect"],
)  # fmt: skip
def test_ours_cannot_be_overridden(name: str) -> None:
    assert headers(outlet(headers={name: "theirs"})) == headers(outlet())


def test_credentials_cannot_be_overridden() -> None:
    found = headers(
        outlet(auth={"type": "bearer", "secret": "env:FANWIRE_SECRET_TOKEN"}, headers={"authorization": "theirs"})
    )
    assert [value for name, value in found.items() if name.lower() == "authorization"] == ["Bearer geheim"]


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ("urn:a:b", "urn:a:b"),
        ("tag:acme,2026:Grün/你", "tag:acme,2026:Gr%C3%BCn/%E4%BD%A0"),
        ("a\r\nX: b", "a%0D%0AX: b"),
        ("a\0b\x7f", "a%00b%7F"),
        ("100 %", "100 %"),
    ],
)
def test_ascii_safe(value: str, safe: str) -> None:
    assert ascii_safe(value) == safe


@pytest.mark.parametrize(
    ("url", "wire"),
    [
        ("https://bote.example/wire?a=b#c", "https://bote.example/wire?a=b#c"),
        ("https://Straße.example:8443/ü?q=ä&x=%20", "https://xn--strae-oqa.example:8443/%C3%BC?q=%C3%A4&x=%20"),
        ("http://新闻.example/", "http://xn--efvy88h.example/"),
    ],
)
def test_wire_url(url: str, wire: str) -> None:
    assert wire_url(url) == wire


def test_all_transports_can_be_loaded() -> None:
    assert TRANSPORTS.left_out() == {}
    assert {"http", "https"} <= set(by_scheme())


def test_an_unknown_scheme() -> None:
    with pytest.raises(UnknownTransport, match="outlet bote: no transport for 'gopher'"):
        prepare(outlet().model_copy(update={"url": "gopher://x/"}), REQUEST, key=1, deadline=1.0, now=NOW)


def test_over_the_wire(bench: Any, serve: Any) -> None:
    server = serve()
    receiver = outlet(
        url=server.url(),
        auth={"type": "bearer", "secret": "env:FANWIRE_SECRET_TOKEN", "signing_secret": "env:FANWIRE_SECRET_SIGNING"},
        headers={"X-Empty": "", "X-Desk": "Zürich"},
    )
    bench.transfers.start(prepare(receiver, REQUEST, key=7, deadline=PATIENCE, now=NOW))
    (answer,) = bench.wait(1)
    assert answer.status == 200
    (request,) = server.requests
    assert request.body == REQUEST.body
    assert request.headers["Authorization"] == "Bearer geheim"
    assert request.headers["X-Empty"] == ""
    assert request.headers["webhook-signature"] == sign([SIGNING], "fw_0123", 1795000000, REQUEST.body)
