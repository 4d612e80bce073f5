"""A drain and a real mail server: releases, corrections and kills as e-mails, and what the ledger says of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from tasks import ledger, planning
from tasks.building.renditions import build_renditions
from tasks.delivery import payloads, transports, turns
from tasks.ledger import counts, notices, outlets, releases
from tasks.ledger.schema import attempts
from tasks.ledger.schema import deliveries as rows
from tasks.ledger.schema import outlets as outlet_rows
from tasks.runtime.mail_tokens import read_token
from tasks.runtime.settings import settings
from tests.support.drains import drain
from tests.support.mail_server import Mail, MailServer, mail_server
from tests.support.processes import until
from tests.support.samples import outlet, release
from tests.support.threads import beside
from workers.marked_test import send_test

from .conftest import Serve

pytestmark = pytest.mark.usefixtures("sqlite_ledger")


@pytest.fixture(scope="module")
def running() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def relay(running: MailServer, monkeypatch: pytest.MonkeyPatch) -> MailServer:
    """The relay that is configured, having forgotten other tests."""
    running.taken.mails.clear()
    configure(monkeypatch, f"smtp://{running.address}?tls=none")
    return running


def configure(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    names = {"SMTP_URL": url, "SMTP_FROM": "wire@wire.example", "BOUNCE_DOMAIN": "bounces.wire.example"}
    for name, value in names.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    transports.forget()
    payloads.forget_renditions()


def desks(*names: str) -> None:
    found = [outlet(name, url=f"mailto:{name}@bote.example", format="email") for name in names]
    with ledger.write() as connection:
        outlets.put(connection, found, time.time())


def send(**fields: Any) -> int:
    """A release in the ledger, planned, set as an e-mail, and drained; its number."""
    with ledger.write() as connection:
        number = releases.take(connection, release(**fields), time.time()).release_id
    planning.plan(number, time.time())
    build_renditions(number, "en")
    drain()
    return number


def states(number: int) -> dict[str, int]:
    with ledger.read() as connection:
        return counts.total(counts.states(connection, number))


def ended(number: int) -> dict[str, tuple[str, str, str | None, int]]:
    """{outlet: state, verdict, code, tries}"""
    columns = (rows.c.outlet_id, rows.c.state, rows.c.verdict, rows.c.code, rows.c.tries)
    with ledger.read() as connection:
        return {
            id: tuple(rest) for id, *rest in connection.execute(select(*columns).where(rows.c.release_id == number))
        }


def test_a_release_its_correction_and_its_kill(relay: MailServer) -> None:
    desks("ada", "bob")
    assert states(send()) == {"delivered": 2}
    assert states(send(version=2, headline="Acme Robotics opens two plants", correction_note="Two.")) == {
        "delivered": 2
    }
    assert states(send(version=3, status="canceled", correction_note="Wrong company.")) == {"delivered": 2}

    def of(name: str) -> list[Mail]:
        return [mail for mail in relay.taken.mails if mail.recipients == (f"{name}@bote.example",)]

    first, second, third = of("ada")
    assert (second.message["In-Reply-To"], third.message["In-Reply-To"]) == (first.message["Message-ID"],) * 2
    assert [mail.message["Fanwire-Action"] for mail in of("ada")] == ["publish", "correct", "kill"]
    assert len({mail.message["Message-ID"] for mail in of("ada")}) == 3
    other = of("bob")[0]
    assert other.raw.partition(b"Date: ")[2] == first.raw.partition(b"Date: ")[2], "all get the same rendition"
    tokens = [mail.sender.partition("+")[2].partition("@")[0] for mail in relay.taken.mails]
    found = [read_token("bounces", token) for token in tokens]
    with ledger.read() as connection:
        known = {(row.delivery_id, row.attempt) for row in connection.execute(select(attempts))}
    assert {(sent.delivery, sent.attempt) for sent in found if sent} == known


def test_each_outlet_has_a_verdict_of_its_own(relay: MailServer) -> None:
    desks("ada", "unknown", "spam", "grey", "full", "cut-after", "cut-before")
    assert ended(send()) == {
        "ada": ("delivered", "delivered", "smtp_250", 1),
        "unknown": ("rejected", "rejected", "smtp_550", 1),
        "spam": ("rejected", "rejected", "smtp_554", 1),
        "grey": ("due", "throttled", "smtp_450", 1),
        "full": ("due", "ours", "smtp_452", 0),
        "cut-after": ("due", "unsure", "connection_reset", 1),
        "cut-before": ("due", "ours", "connection_reset", 0),
    }


def test_an_unsure_e_mail_comes_again_with_the_same_identity(relay: MailServer) -> None:
    desks("cut-after")
    number = send()
    with ledger.write() as connection:
        connection.execute(update(rows).where(rows.c.release_id == number).values(due_at=time.time() - 1))
    drain()
    first, second = relay.taken.mails
    for name in ("Message-ID", "Fanwire-Delivery"):
        assert first.message[name] == second.message[name]


def test_a_relay_that_refuses_us_charges_no_outlet_and_somebody_is_told(
    running: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, f"smtp://wire:geheim@{running.address}")  # it offers no TLS
    desks("ada", "bob")
    found = ended(send())
    assert set(found.values()) == {("due", "ours", "relay", 0)}
    with ledger.read() as connection:
        [notice] = notices.latest(connection, 5)
        assert {one.status for one in outlets.everyone(connection)} == {"active"}
    assert (notice["kind"], notice["subject"]) == ("relay", "mail relay")
    assert "FANWIRE_SMTP_URL" in notice["text"]
    assert "geheim" not in notice["text"]


def test_a_marked_test_arrives_each_time(relay: MailServer) -> None:
    receiver = outlet("ada", url="mailto:ada@bote.example", format="email")
    found = [send_test(receiver) for _ in range(2)]
    assert [(one["verdict"], one["status"]) for one in found] == [("delivered", 250)] * 2
    assert all("TEST" in mail.message["Subject"] for mail in relay.taken.mails)
    assert all(mail.sender == "wire@wire.example" for mail in relay.taken.mails)


def test_other_outlets_do_not_wait_behind_e_mails(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    """The first e-mail keeps the only connection until the outlet that takes anything else has its delivery, which is
    due last; and more are due behind the e-mail than a drain has room for."""
    with mail_server() as relay:
        configure(monkeypatch, f"smtp://{relay.address}?tls=none")
        other_outlets_go_first(relay, monkeypatch, serve)


def other_outlets_go_first(relay: MailServer, monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    sizes = {"SMTP_CONNECTIONS": "1", "CLAIM_CHUNK": "4", "IN_FLIGHT": "12"}
    for name, value in (sizes | {"ALLOWED_NETWORKS": "127.0.0.0/8"}).items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    monkeypatch.setattr(turns, "QUEUE_SECONDS", 0.0)
    desks("a-silent", *(f"desk-{number:02}" for number in range(30)))
    with ledger.write() as connection:
        document = connection.execute(select(outlet_rows.c.document).where(outlet_rows.c.id == "a-silent")).scalar_one()
        silent = document.replace("a-silent@", "silent@")
        connection.execute(update(outlet_rows).where(outlet_rows.c.id == "a-silent").values(document=silent))
        outlets.put(connection, [outlet("z-other", url=serve().url(), format="text")], time.time())

    def ended() -> dict[str, Any]:
        with ledger.read() as connection:
            query = select(rows.c.outlet_id, rows.c.state, rows.c.ended_at)
            return {row.outlet_id: row for row in connection.execute(query) if row.ended_at}

    with beside(send):
        until(ended)
        relay.go_on()
    found = ended()
    assert found["z-other"].state == "delivered"
    first = min(found.values(), key=lambda row: row.ended_at)
    assert first.outlet_id == "z-other"


def test_one_drain_sends_all_e_mails_however_few_may_wait(relay: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SMTP_CONNECTIONS": "1", "CLAIM_CHUNK": "4", "IN_FLIGHT": "12"}.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    monkeypatch.setattr(turns, "QUEUE_SECONDS", 0.0)
    desks(*(f"desk-{number:03}" for number in range(120)))
    assert states(send()) == {"delivered": 120}
    assert len({mail.recipients for mail in relay.taken.mails}) == len(relay.taken.mails) == 120
