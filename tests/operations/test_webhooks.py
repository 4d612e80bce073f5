"""Webhooks of producers: what they hear of their releases, signed, until they have heard it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from tasks import ledger, pipeline, planning
from tasks.delivery.signing import sign
from tasks.ledger import notices, outlets, releases
from tasks.ledger.releases import Sender
from tasks.ledger.schema import deliveries, renditions, translations, watched_releases, webhook_messages
from tasks.model.acts import Actor, Role
from tasks.model.outlet import Outlet
from tasks.model.producers import DoorProducer
from tasks.operations import door_access, webhooks
from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tests.docs.documents import blocks
from tests.support.samples import URI, outlet, release
from tests.support.stepped_time import SteppedTime
from tests.support.webhook import KEY, Webhook

ACME = Sender(actor=Actor(Role.PRODUCER, "acme"), producer="acme")
both = pytest.mark.usefixtures("book")
one = pytest.mark.usefixtures("sqlite_ledger")


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """That of the producer acme."""
    webhook = Webhook()
    monkeypatch.setenv("FANWIRE_ALLOWED_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("FANWIRE_WEB_URL", "https://wire.example")
    monkeypatch.setenv("FANWIRE_WEBHOOK_ACME", KEY)
    settings.cache_clear()
    secrets.forget()
    document = DoorProducer(webhook=webhook.url, webhook_key="env:FANWIRE_WEBHOOK_ACME")
    with ledger.write() as connection:
        door_access.add(connection, "acme", document)
    with webhook.open():
        yield webhook
    secrets.forget()


def take(*receivers: Outlet, plan: bool = True, sender: Sender = ACME, **fields: Any) -> int:
    with ledger.write() as connection:
        outlets.put(connection, receivers, 1.0)
        number = releases.take(connection, release(**fields), ledger.now(connection), sender).release_id
    if plan:
        build(number)
    return number


def build(number: int) -> None:
    """Plan a release, and leave nothing of it to build."""
    planning.plan(number)
    with ledger.write() as connection:
        for table in (translations, renditions):
            connection.execute(update(table).where(table.c.release_id == number).values(state="made"))


def end(number: int, state: str = "delivered") -> None:
    """End all deliveries of a release, and have nothing of it left to build."""
    with ledger.write() as connection:
        mine = deliveries.c.release_id == number
        connection.execute(update(deliveries).where(mine).values(state=state, hold_kind=None, ended_at=1.0))


def look() -> int:
    """Have all releases looked at that are watched; how many messages wait."""
    with ledger.write() as connection:
        connection.execute(update(watched_releases).values(look_at=0.0))
        return webhooks.look(connection, ledger.now(connection), "https://wire.example")


def watched() -> list[int]:
    with ledger.read() as connection:
        return list(connection.execute(select(watched_releases.c.release_id)).scalars())


@both
def test_a_producer_hears_once_that_its_release_is_finished_in_a_signed_message(webhook: Webhook) -> None:
    number = take(outlet("a"), plan=False)
    assert (look(), watched()) == (0, [number])
    build(number)
    end(number)
    with ledger.write() as connection:
        connection.execute(update(watched_releases).values(look_at=0.0))
    assert pipeline.sweep_ledger(time.time()).untold
    assert pipeline.tell_producers() == "1 messages arrived"
    [(headers, body)] = webhook.heard
    said = json.loads(body)
    assert (said["type"], said["data"]["release"], said["data"]["states"]) == (
        "release.finished",
        URI,
        {"delivered": 1},
    )
    assert said["data"]["link"] == f"https://wire.example/releases/{URI}?version=1"
    moment = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == sign([KEY], headers["webhook-id"], moment, body)
    assert watched() == []
    assert (look(), pipeline.tell_producers(), len(webhook.heard)) == (0, "0 messages arrived", 1)
    example = json.loads(blocks("docs/producers.md", "json", "### Webhooks")[0])
    assert (set(example), set(example["data"])) == (set(said), set(said["data"])), "the manual shows it"


@one
def test_a_message_is_signed_by_the_clock_of_the_ledger(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the machine may be minutes wrong, and whoever reads the message would refuse it."""
    end(take(outlet("a")))
    assert look() == 1
    monkeypatch.setattr(ledger, "now", lambda _: time.time() + 600)
    assert pipeline.tell_producers() == "1 messages arrived"
    [(headers, _)] = webhook.heard
    assert int(headers["webhook-timestamp"]) > time.time() + 300


@one
def test_what_waits_for_an_editor_and_what_is_stuck_is_said_once_for_each_language(webhook: Webhook) -> None:
    number = take(outlet("a"), outlet("b", languages=["de"]), outlet("c", languages=["fr"]))
    with ledger.write() as connection:
        connection.execute(
            update(translations).where(translations.c.language != "en").values(state="held", reason="no engine")
        )
    look()
    [first] = waiting()
    assert first == ("release.stuck", ["de", "fr"])
    assert look() == 0
    with ledger.write() as connection:
        german = deliveries.c.language == "de"
        connection.execute(update(deliveries).where(german).values(hold_kind="approval", reason="approval"))
    look()
    assert waiting()[1:] == [("release.waiting", ["de"])]
    with ledger.write() as connection:
        connection.execute(update(deliveries).where(german).values(hold_kind="translation", reason="translation"))
    look()
    assert waiting()[2:] == [("release.stuck", ["de", "fr"])], "it is stuck anew"
    assert watched() == [number]


def waiting() -> list[tuple[str, list[str]]]:
    """The messages that were written so far."""
    with ledger.read() as connection:
        bodies = connection.execute(select(webhook_messages.c.body).order_by(webhook_messages.c.id)).scalars()
        return [(said["type"], said["data"]["languages"]) for said in map(json.loads, bodies)]


@one
def test_a_kill_is_said_at_once_and_its_end_too_and_nothing_more_of_what_it_replaced(webhook: Webhook) -> None:
    first = take(outlet("a"))
    killed = take(version=2, status="canceled", body_html=None, plan=False)
    look()
    assert watched() == [killed] != [first]
    build(killed)
    end(killed)
    look()
    pipeline.tell_producers()
    assert webhook.events == [("release.killed", 2, []), ("release.finished", 2, [])]


@one
def test_an_outlet_that_is_paused_does_not_keep_a_release_from_being_finished(webhook: Webhook) -> None:
    number = take(outlet("a"), outlet("b", status="paused"))
    with ledger.write() as connection:
        mine = deliveries.c.outlet_id == "a"
        connection.execute(update(deliveries).where(mine).values(state="delivered", hold_kind=None))
        connection.execute(update(deliveries).where(~mine).values(hold_kind="outlet_paused", reason="outlet paused"))
    assert look() == 1
    assert watched() == [] != [number]


@one
def test_a_message_that_does_not_arrive_is_sent_again_with_the_same_id_and_operations_hear_of_it(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    end(take(outlet("a")))
    look()
    webhook.status = 503
    clock, waits = SteppedTime(time.time()), []
    monkeypatch.setattr(ledger, "now", lambda _: clock.now)
    for _ in range(webhooks.NOTICED):
        with ledger.write() as connection:
            assert notices.latest(connection, 5) == []
            connection.execute(update(webhook_messages).values(due_at=clock.now))
        assert pipeline.tell_producers() == "1 messages failed, 0 arrived"
        waits.append(row().due_at - clock.now)
    assert waits[:4] == [5, 10, 20, 40]
    with ledger.read() as connection:
        [notice] = notices.latest(connection, 5)
    assert (notice["kind"], notice["subject"]) == ("webhook", "producer acme")
    clock.now = row().due_at - 0.1
    assert pipeline.tell_producers() == "0 messages arrived", "it is not due"
    webhook.status = 200
    clock.now += 0.1
    assert pipeline.tell_producers() == "1 messages arrived"
    assert len({headers["webhook-id"] for headers, _ in webhook.heard}) == 1
    assert (row().due_at, row().problem) == (None, None)


def row() -> Any:
    with ledger.read() as connection:
        return connection.execute(select(webhook_messages)).one()


@one
def test_no_address_of_ours_is_dialled_and_no_secret_shown(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch, logged: Any
) -> None:
    end(take(outlet("a")))
    look()
    monkeypatch.setenv("FANWIRE_ALLOWED_NETWORKS", "")
    settings.cache_clear()
    assert pipeline.tell_producers() == "1 messages failed, 0 arrived"
    assert (webhook.heard, "127.0.0.1" in row().problem) == ([], True)
    for name, value in (("FANWIRE_WEBHOOK_ACME", "Geheimnis"), ("FANWIRE_WEBHOOK_ACME", None)):
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
        secrets.forget()
        with ledger.write() as connection:
            connection.execute(update(webhook_messages).values(due_at=time.time()))
        assert pipeline.tell_producers() == "1 messages failed, 0 arrived"
    assert "not in the environment" in row().problem
    assert "Geheimnis" not in str(logged())


@one
def test_a_webhook_names_only_variables_for_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANOTHER", KEY)
    with pytest.raises(secrets.SecretMissing, match="FANWIRE_WEBHOOK_"):
        secrets.resolve("env:ANOTHER", written_by="webhook")
    monkeypatch.setenv("FANWIRE_WEBHOOK_ACME", KEY)
    with pytest.raises(secrets.SecretMissing, match="outlets may name"):
        secrets.resolve("env:FANWIRE_WEBHOOK_ACME")


@one
def test_who_was_revoked_or_has_no_webhook_is_told_nothing(webhook: Webhook) -> None:
    end(take(outlet("a")))
    look()
    with ledger.write() as connection:
        door_access.revoke(connection, "acme")
    assert pipeline.tell_producers() == "1 messages failed, 0 arrived"
    assert (webhook.heard, row().due_at) == ([], None), "it is given up"
    take(outlet("a"), uri="urn:x:2")
    with ledger.write() as connection:
        door_access.add(connection, "other", DoorProducer())
    take(uri="urn:x:3", sender=Sender(actor=Actor(Role.PRODUCER, "other"), producer="other"))
    assert watched() == []
