"""E-mail, through a real mail server: what is sent, and what each of its answers means for outlet and relay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.delivery import transports
from tasks.delivery.transfers.address_policy import AddressPolicy
from tasks.delivery.transfers.transfer import Answer
from tasks.delivery.transports import DeliveryRequest
from tasks.delivery.transports.smtp import recipient
from tasks.delivery.verdicts import Judgement
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.runtime.mail_tokens import Sent, read_token
from tasks.runtime.secrets import SecretMissing
from tasks.runtime.settings import settings
from tests.support.authority import Authority
from tests.support.mail_server import LARGEST, PASSWORD, USER, MailServer, mail_server
from tests.support.samples import outlet
from tests.support.threads import PATIENCE

from .conftest import Bench

BODY = b"Date: Mon, 23 Nov 2026 08:00:00 +0000\r\nMessage-ID: <1@wire.example>\r\nSubject: Acme\r\n\r\n.A dot\r\n..\r\n"
REQUEST = DeliveryRequest(
    key="fw_0123",
    release="urn:newsml:acme.example:1",
    version=1,
    action="publish",
    language="en",
    outlet_language="en-GB",
    content_type="message/rfc822",
    body=BODY,
    delivery=4711,
    attempt=2,
)
NOW = 1_795_000_000.0
OURS, WELL, FAILS = Verdict.OURS, Verdict.DELIVERED, Verdict.FAILED


def configure(monkeypatch: pytest.MonkeyPatch, **names: str) -> None:
    values = {"SMTP_FROM": "Example Wire <wire@wire.example>", "BOUNCE_DOMAIN": "bounces.wire.example"} | names
    for name, value in values.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    transports.forget()


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    """A relay without login and TLS, for all that is not about these."""
    with mail_server() as running:
        yield running


@pytest.fixture
def relay(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> MailServer:
    """It, configured, having forgotten other tests."""
    configure(monkeypatch, SMTP_URL=f"smtp://{server.address}/wire-1.example?tls=none")
    server.taken.mails.clear()
    return server


@pytest.fixture
def careful(make_bench: Callable[..., Bench]) -> Bench:
    """A transfer loop that dials public addresses only: the relay is the operator's choice, and may be anywhere."""
    return make_bench(allowed=AddressPolicy().allows)


def desk(local: str = "desk", **fields: Any) -> Outlet:
    return outlet(name="Bote", format="email", url=f"mailto:{local}@bote.example", **fields)


def send(bench: Bench, receiver: Outlet, request: DeliveryRequest = REQUEST, deadline: float = PATIENCE) -> Answer:
    bench.transfers.start(transports.prepare(receiver, request, key=7, deadline=deadline, now=NOW))
    return bench.wait(1)[0]


def judged(bench: Bench, receiver: Outlet, **more: Any) -> Judgement:
    return transports.judge(receiver, send(bench, receiver, **more), NOW)


def test_what_is_sent(careful: Bench, relay: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, WEB_URL="https://wire.example")
    found = judged(careful, desk())
    assert (found.verdict, found.status, found.code) == (Verdict.DELIVERED, 250, "smtp_250")
    assert found.detail == "250 2.0.0 taken as number 7"
    (mail,) = relay.taken.mails
    assert mail.recipients == ("desk@bote.example",)
    assert mail.raw.endswith(BODY), "the rendition is byte for byte as it was, dots and all"
    head = mail.message
    assert (head["From"], head["To"]) == ("Example Wire <wire@wire.example>", "Bote <desk@bote.example>")
    assert (head["Fanwire-Delivery"], head["Fanwire-Language"]) == ("fw_0123", "en-GB")
    purpose, _, rest = mail.sender.partition("+")
    assert (purpose, rest.partition("@")[2]) == ("bounces", "bounces.wire.example")
    assert read_token("bounces", rest.partition("@")[0]) == Sent(4711, 2)
    to, url = (way.strip("<>") for way in head["List-Unsubscribe"].split(", "))
    assert to.startswith("mailto:unsubscribe+")
    assert url.startswith("https://wire.example/unsubscribe/")
    assert read_token("unsubscribe", url.rpartition("/")[2]) == Sent(4711, 2)
    assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("names", "request_", "absent"),
    [
        ({}, REQUEST, "List-Unsubscribe-Post"),
        ({"BOUNCE_DOMAIN": ""}, REQUEST, "List-Unsubscribe"),
        ({}, replace(REQUEST, delivery=None), "List-Unsubscribe"),
    ],
)
def test_what_is_not_sent(
    bench: Bench, relay: MailServer, monkeypatch: pytest.MonkeyPatch, names: dict[str, str], request_: Any, absent: str
) -> None:
    configure(monkeypatch, **{name: value for name, value in names.items() if value})
    if "BOUNCE_DOMAIN" in names:
        monkeypatch.delenv("FANWIRE_BOUNCE_DOMAIN")
        settings.cache_clear()
    send(bench, desk(), request_)
    (mail,) = relay.taken.mails
    assert absent not in mail.message
    if "BOUNCE_DOMAIN" in names or request_.delivery is None:
        assert mail.sender == "wire@wire.example"


@pytest.mark.parametrize(
    ("local", "verdict", "status", "code", "of_host"),
    [
        ("unknown", Verdict.REJECTED, 550, "smtp_550", WELL),
        ("grey", Verdict.THROTTLED, 450, "smtp_450", WELL),
        ("spam", Verdict.REJECTED, 554, "smtp_554", WELL),
        ("slowly", Verdict.THROTTLED, 451, "smtp_451", WELL),
        ("quota", Verdict.REJECTED, 552, "smtp_552", WELL),
        ("closing", OURS, 421, "smtp_421", FAILS),
        ("full", OURS, 452, "smtp_452", FAILS),
        ("cut-before", OURS, None, "connection_reset", FAILS),
        ("cut-within", Verdict.FAILED, None, "connection_reset", FAILS),
        ("cut-after", Verdict.UNSURE, None, "connection_reset", FAILS),
    ],
)
def test_what_an_answer_means(
    careful: Bench, relay: MailServer, local: str, verdict: Verdict, status: int | None, code: str, of_host: Verdict
) -> None:
    long = replace(REQUEST, body=BODY + (b"x" * 70 + b"\r\n") * 80_000) if local == "cut-within" else REQUEST
    found = judged(careful, desk(local), request=long)
    assert (found.verdict, found.status, found.code, found.of_host) == (verdict, status, code, of_host)
    assert found.detail.isprintable()
    if status:
        assert str(status) in found.detail


@pytest.mark.parametrize(("local", "verdict"), [("silent", OURS), ("silent-after", Verdict.UNSURE)])
def test_a_slow_relay(bench: Bench, relay: MailServer, local: str, verdict: Verdict) -> None:
    before = relay.taken.silent
    found = bench.run_out(
        lambda _: relay.taken.silent > before, lambda seconds: judged(bench, desk(local), deadline=seconds)
    )
    assert (found.verdict, found.code) == (verdict, "timeout")


def test_the_same_delivery_twice_has_the_same_identity(bench: Bench, relay: MailServer) -> None:
    assert send(bench, desk("cut-after")).error
    assert not send(bench, desk(), replace(REQUEST, attempt=3)).error
    first, second = relay.taken.mails
    for name in ("Message-ID", "Fanwire-Delivery"):
        assert first.message[name] == second.message[name]
    assert first.sender != second.sender, "a bounce tells of which attempt it is"


def test_what_is_too_large_is_refused_before_it_is_sent(bench: Bench, relay: MailServer) -> None:
    found = judged(bench, desk(), request=replace(REQUEST, body=BODY + b"x" * LARGEST))
    assert (found.verdict, found.code, found.of_host) == (Verdict.REJECTED, "smtp_552", WELL)


def test_a_sender_that_the_relay_refuses_is_our_fault(
    bench: Bench, relay: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, SMTP_FROM="stranger@wire.example")
    monkeypatch.delenv("FANWIRE_BOUNCE_DOMAIN")
    settings.cache_clear()
    found = judged(bench, desk())
    assert (found.verdict, found.code, found.of_host) == (OURS, "relay", FAILS)


def test_a_relay_that_is_not_there_is_our_fault(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, SMTP_URL="smtp://127.0.0.1:1")
    found = judged(bench, desk())
    assert (found.verdict, found.code, found.of_host) == (OURS, "connection_refused", FAILS)


def test_no_relay_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SecretMissing, match="FANWIRE_SMTP_URL"):
        transports.prepare(desk(), REQUEST, key=7, deadline=1, now=NOW)


def test_many_e_mails_share_the_connections(make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as server:
        configure(monkeypatch, SMTP_URL=f"smtp://{server.address}?tls=none", SMTP_CONNECTIONS="3")
        bench = make_bench()
        for number in range(60):
            bench.transfers.start(
                transports.prepare(desk(f"d{number}"), REQUEST, key=number, deadline=PATIENCE, now=NOW)
            )
        answers = bench.wait(60)
        assert {answer.status for answer in answers} == {250}
        assert len({mail.recipients for mail in server.taken.mails}) == 60
        assert server.taken.connections <= 3


# --- TLS and login


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MailServer, MailServer, Path]]:
    """A relay with STARTTLS and login, one with TLS from the start, and who signed their certificates."""
    authority = Authority(tmp_path_factory.mktemp("relay"))
    context = authority.context("127.0.0.1")
    with mail_server(context, login=True) as later, mail_server(context, login=True, implicit=True) as at_once:
        yield later, at_once, authority.bundle


ACCOUNT = f"{USER}:geheim%2B%2F%C3%9F"


@pytest.mark.parametrize("implicit", [False, True])
def test_tls_and_login(
    certified: tuple[MailServer, MailServer, Path], make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch,
    implicit: bool,
) -> None:  # fmt: skip
    server = certified[implicit]
    configure(monkeypatch, SMTP_URL=f"smtp{'s' * implicit}://{ACCOUNT}@{server.address}")
    bench, before = make_bench(trust=certified[2]), server.taken.logins
    assert [judged(bench, desk(name)).verdict for name in ("one", "two")] == [Verdict.DELIVERED] * 2
    assert server.taken.logins == before + 1, "one login for many e-mails"


@pytest.mark.parametrize(
    ("address", "trusted", "code"),
    [
        (f"smtp://{USER}:wrong-password@", True, "relay"),
        (f"smtp://{ACCOUNT}@", False, "relay"),
        ("smtp://", True, "relay"),
    ],
)
def test_a_wrong_login_or_certificate_is_our_fault(
    certified: tuple[MailServer, MailServer, Path], make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch,
    address: str, trusted: bool, code: str,
) -> None:  # fmt: skip
    server, _, bundle = certified
    configure(monkeypatch, SMTP_URL=address + server.address)
    bench = make_bench(**({"trust": bundle} if trusted else {}))
    before = len(server.taken.mails)
    found = judged(bench, desk())
    assert (found.verdict, found.code, found.of_host) == (OURS, code, FAILS)
    assert "wrong-password" not in repr(found)
    assert len(server.taken.mails) == before


def test_nothing_is_sent_to_a_relay_without_the_encryption_that_is_wanted(
    bench: Bench, relay: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, SMTP_URL=f"smtp://{relay.address}")
    found = judged(bench, desk())
    assert (found.verdict, found.code, found.of_host) == (OURS, "relay", FAILS)
    assert not relay.taken.mails


def test_the_password_is_in_no_repr_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, SMTP_URL=f"smtp://{ACCOUNT}@relay.example")
    transfer = transports.prepare(desk(), REQUEST, key=7, deadline=1, now=NOW)
    assert PASSWORD not in repr(transfer)
    assert PASSWORD in transfer.secrets
    assert PASSWORD not in transfer.url


# --- addresses


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mailto:desk@bote.example", "desk@bote.example"),
        ("mailto:news%2Bwire@bote.example", "news+wire@bote.example"),
        ("mailto:desk@Bücher.example", "desk@xn--bcher-kva.example"),
        ("mailto:redaktion.müller@bote.example", "redaktion.müller@bote.example"),
    ],
)
def test_the_address_of_an_outlet(bench: Bench, relay: MailServer, url: str, address: str) -> None:
    assert recipient(url) == address
    assert judged(bench, desk().model_copy(update={"url": url})).verdict is Verdict.DELIVERED
    assert relay.taken.mails[-1].recipients == (address,)
    assert relay.taken.mails[-1].raw.isascii()


@pytest.mark.parametrize("name", ['Süddeutsche "Post"', "東京日報", "a\\b", "=?utf-8?q?x?=", "O'Neil, Sons; Co"])
def test_the_name_of_an_outlet(bench: Bench, relay: MailServer, name: str) -> None:
    send(bench, desk().model_copy(update={"name": name}))
    (to,) = relay.taken.mails[-1].message["To"].addresses
    assert (to.display_name, to.addr_spec) == (name, "desk@bote.example")


@pytest.mark.parametrize(
    "url",
    [
        "mailto:", "mailto:desk", "mailto:@bote.example", "mailto:desk@bote", "mailto:a@b.example,c@d.example",
        "mailto:desk@bote.example?cc=all@bote.example", "mailto:desk@bote.example?subject=x",
        "mailto:a%0D%0ARCPT@b.example",
        "mailto:<a@b.example>", "mailto:a b@c.example", "mailto:.a@b.example", f"mailto:{'x' * 65}@b.example",
        "mailto:a@b..example", "mailto:a@[127.0.0.1]", 'mailto:"a"@b.example',
    ],
)  # fmt: skip
def test_an_address_that_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|has) "):
        recipient(url)
