"""Intake on a real Valkey: receipts, resending, and every way in which an item can be wrong."""

from __future__ import annotations

import base64
import json
import sqlite3
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest
import redis
from kombu import Connection, Consumer, Queue
from sqlalchemy import func, select
from typer.testing import CliRunner

from tasks import ledger
from tasks.ledger import outlets, refusals
from tasks.ledger.schema import releases
from tasks.operations import embargo, prospects
from tasks.runtime import moments
from tasks.runtime.settings import settings
from tests.support.command_line import app
from tests.support.forks import fork_python
from tests.support.processes import end, environment, until
from tests.support.samples import URI, outlet, release
from tests.support.threads import PATIENCE, begin, beside
from workers import intake, producer
from workers.broker import LARGEST_ITEM
from workers.broker_users import User
from workers.envelope import Receipt
from workers.producer import NoReceipt, Producer

pytestmark = pytest.mark.usefixtures("celery")

DOCUMENT = json.loads(release().to_json())


@pytest.fixture
def door(sqlite: None, opened: Callable[[], intake.Intake]) -> None:
    """An open intake with a ledger."""
    opened()


@pytest.fixture
def sender(broker: redis.Redis, for_producers: str) -> Iterator[Producer]:
    with Producer(for_producers) as sender:
        yield sender


def document(**fields: Any) -> dict[str, Any]:
    """A release document of its own; `fields` replace or add."""
    return DOCUMENT | {"uri": f"urn:x:{uuid.uuid4().hex}"} | fields


def taken() -> int:
    with ledger.read() as connection:
        return connection.execute(select(func.count()).select_from(releases)).scalar_one()


def refused() -> list[dict[str, Any]]:
    with ledger.read() as connection:
        return refusals.latest(connection, 50)


def envelope(body: bytes, **properties: Any) -> dict[str, Any]:
    """The item as any language can build it: docs/producers.md, "In another language"."""
    return {
        "body": base64.b64encode(body).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {},
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": uuid.uuid4().hex,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": "releases"},
            "priority": 0,
        }
        | properties,
    }


def push(broker: redis.Redis, item: Any) -> None:
    """Put an item straight onto the list."""
    broker.lpush("releases", item if isinstance(item, bytes) else json.dumps(item))


# --- receipts


@pytest.mark.usefixtures("door")
def test_a_release_is_accepted_and_planning_hinted_at(sender: Producer, broker: redis.Redis) -> None:
    receipt = sender.submit(release(urgency=1), timeout=PATIENCE)
    assert (receipt.status, receipt.uri, receipt.version, receipt.problems) == ("accepted", URI, 1, [])
    until(lambda: broker.llen("plan") == 1)  # urgency 1 and 2 stand on the first list
    until(lambda: broker.hlen("unacked") == 0)
    assert taken() == 1


@pytest.mark.usefixtures("door")
def test_the_same_release_again_is_known_and_taken_once(
    sender: Producer, broker: redis.Redis, for_producers: str
) -> None:
    assert sender.submit(release()).status == "accepted"
    assert sender.submit(release()).status == "known"
    with Producer(for_producers) as another:
        assert another.submit(json.dumps(DOCUMENT)).status == "known"
    assert taken() == 1
    assert sum(broker.llen(key) for key in broker.scan_iter("plan*")) == 1


@pytest.mark.usefixtures("door")
def test_other_content_under_the_same_version_is_refused_and_says_what_to_do(sender: Producer) -> None:
    sender.submit(release())
    receipt = sender.submit(release(headline="Another"))
    assert receipt.status == "refused"
    [problem] = receipt.problems
    assert problem["field"] == "version"
    assert "higher version" in (problem["problem"] or "")
    assert problem["example"] == "2"
    assert sender.submit(release(headline="Another", version=2)).status == "accepted"


@pytest.mark.usefixtures("door")
def test_a_refusal_names_every_fault_with_an_example(sender: Producer) -> None:
    receipt = sender.submit({"uri": "no uri", "language": "xx-nonsense", "headline": "H", "urgency": 12, "colour": 1})
    assert receipt.status == "refused"
    told = {problem["field"]: problem for problem in receipt.problems}
    assert {"uri", "language", "urgency", "colour"} <= set(told)
    assert told["language"]["example"] == '"de"'
    assert "known fields are" in (told["colour"]["problem"] or "")
    [kept] = refused()
    assert json.loads(kept["body"])["colour"] == 1


@pytest.mark.usefixtures("door")
@pytest.mark.parametrize("form", ["markdown", "ninjs"])
def test_other_forms_of_a_release_are_taken(sender: Producer, form: str) -> None:
    ninjs = {
        "uri": "urn:x:n", "language": "de", "headlines": [{"role": "main", "value": "Werk eröffnet"}],
        "bodies": [{"contentType": "text/html", "value": "<p>Text</p>"}],
    }  # fmt: skip
    markdown = "---\nuri: urn:x:m\nlanguage: de\nheadline: Werk eröffnet\n---\n\nText"
    assert sender.submit(ninjs if form == "ninjs" else markdown).status == "accepted"


@pytest.mark.usefixtures("door")
def test_a_receipt_says_what_was_taken_and_until_when_it_is_held(sender: Producer) -> None:
    first = sender.submit(document(uri=URI, embargo_until="2126-12-01T07:00:00-05:00"))
    assert (first.headline, first.dateline) == (DOCUMENT["headline"], {"place": "Porto", "date": "2026-11-22"})
    assert first.embargo_until == "2126-12-01T07:00:00-05:00"
    assert first.warnings == []
    assert first.received_at is not None
    assert abs(moments.read(first.received_at).timestamp() - time.time()) < 60
    assert first.first_received_at == first.received_at
    with ledger.write() as connection:
        embargo.move(connection, 1, moments.read("2127-01-01T00:00:00Z"))
    again = sender.submit(document(uri=URI, embargo_until="2126-12-01T07:00:00-05:00"))
    assert (again.status, again.embargo_until) == ("known", "2127-01-01T00:00:00Z"), "as it stands now"
    second = sender.submit(document(uri=URI, version=2, embargo_until="2127-01-01T00:00:00Z"))
    assert (second.first_received_at, second.embargo_until) == (first.received_at, "2127-01-01T00:00:00Z")


@pytest.mark.usefixtures("door")
def test_a_receipt_counts_who_gets_it_now_and_says_what_is_held(sender: Producer) -> None:
    with ledger.write() as connection:
        receivers = [outlet("a", languages=["en", "de"]), outlet("b", circuits=["dach-business"], status="paused")]
        outlets.put(connection, receivers, time.time())
    receipt = sender.submit(document(uri=URI))
    assert receipt.goes_to == {
        "outlets": 1, "in_part": 1, "of": 2, "deliveries": 1, "languages": {"en": 1},
        "held": [{"reason": "no engine for en→de", "deliveries": 1, "languages": ["de"]},
                 {"reason": "outlet paused", "deliveries": 1, "languages": ["en"]}],
    }  # fmt: skip
    assert receipt.warnings == []
    receipt = sender.submit(document(circuits=["dach-busines"], countries=["FR"]))
    assert receipt.status == "accepted", "it is no refusal"
    assert receipt.goes_to is not None
    assert receipt.goes_to["outlets"] == 0
    assert [(warning["field"], warning["problem"]) for warning in receipt.warnings] == [
        ("circuits", "no outlet is in 'dach-busines'"),
        ("countries", "no outlet is in 'FR'"),
        ("circuits", "goes to 0 of 2 outlets, because the outlet is in none of its circuits (2)"),
    ]
    receipt = sender.submit(document(topics=["99999999"]) | {"uri": "urn:x:topics"})
    assert receipt.warnings == [], "outlets that name no topics take all"


@pytest.mark.usefixtures("door")
def test_a_receipt_goes_out_even_if_nobody_can_count(sender: Producer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("an engine of a stranger")

    monkeypatch.setattr(prospects, "prospects", broken)
    receipt = sender.submit(document(uri=URI))
    assert (receipt.status, receipt.goes_to) == ("accepted", None)


@pytest.mark.usefixtures("door")
def test_what_was_taken_out_of_a_text_is_a_warning(sender: Producer) -> None:
    receipt = sender.submit(document(headline="Acme \u202eopens"))
    assert (receipt.status, receipt.headline) == ("accepted", "Acme opens")
    assert receipt.warnings == [
        {
            "field": "headline",
            "problem": "held U+202E (right-to-left override), which was taken out",
            "example": None,
        }
    ]


@pytest.mark.usefixtures("door")
def test_a_translation_that_says_something_else_is_a_warning(sender: Producer) -> None:
    german = {"headline": "Acme", "body_html": "<p>Acme sagte, dass 400 Menschen kommen.</p>"}
    receipt = sender.submit(
        document(body_html="<p>Acme said that 4,000 people will come.</p>", translations={"de": german})
    )
    assert receipt.status == "accepted"
    assert [(warning["field"], warning["problem"]) for warning in receipt.warnings] == [
        ("translations.de", "paragraph 1: number 4,000 is missing, 400 was added")
    ]


@pytest.mark.usefixtures("door")
def test_a_past_embargo_is_taken_with_a_warning(sender: Producer) -> None:
    for _ in ("accepted", "known"):
        receipt = sender.submit(document(uri=URI, embargo_until="2025-12-01T07:00:00-05:00"))
        assert receipt.taken
        [warning] = receipt.warnings
        assert warning["field"] == "embargo_until"
        assert warning["problem"] == (
            "2025-12-01T07:00:00-05:00 (2025-12-01T12:00:00Z) is past, so the release goes out at once"
        )
    assert sender.submit(document(embargo_until="2126-12-01T07:00:00-05:00")).warnings == []


@pytest.mark.usefixtures("door")
@pytest.mark.parametrize(
    ("version", "words"),
    [
        ({}, "is missing, so this version goes out at once"),
        ({"embargo_until": "2126-11-01T00:00:00Z"}, "ends this embargo earlier, at 2126-11-01T00:00:00Z"),
        ({"embargo_until": "2126-12-01T07:00:00-05:00"}, None),
        ({"status": "canceled", "body_html": None}, None),
    ],
)
def test_a_correction_that_ends_an_embargo_early_is_taken_with_a_warning(
    sender: Producer, version: dict[str, Any], words: str | None
) -> None:
    sender.submit(document(uri=URI, embargo_until="2126-12-01T12:00:00Z"))
    receipt = sender.submit(document(uri=URI, version=2) | version)
    assert receipt.taken
    assert [str(warning["problem"]) for warning in receipt.warnings] == (
        [f"version 1 is held until 2126-12-01T12:00:00Z; the field {words}"] if words else []
    )


def test_a_receipt_of_a_later_or_an_earlier_version_is_read() -> None:
    earlier = {"status": "accepted", "uri": URI, "version": 1, "problems": []}
    assert Receipt.from_dict(earlier) == Receipt("accepted", URI, 1)
    assert Receipt.from_dict(earlier | {"colour": "red"}) == Receipt("accepted", URI, 1)


@pytest.mark.usefixtures("sqlite")
def test_a_producer_without_a_receipt_sends_again_and_the_release_is_taken_once(
    sender: Producer, opened: Callable[[], intake.Intake], broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "SEND_AGAIN", 0.3)
    with beside(lambda: sender.submit(release(), timeout=PATIENCE)) as receipt:
        until(lambda: broker.llen("releases") >= 2)
        opened()
    assert receipt.result().taken
    until(lambda: broker.llen("releases") == 0)
    assert taken() == 1


@pytest.mark.usefixtures("sqlite")
def test_a_producer_that_nobody_answers_says_so(sender: Producer) -> None:
    with pytest.raises(NoReceipt, match=r"worker intake.*Whether it was taken is not known: submit the same again"):
        sender.submit(release(), timeout=0.5)


def test_a_producer_without_a_broker_says_so_and_keeps_the_password() -> None:
    with Producer("redis://:Geheimnis@127.0.0.1:9/0") as lonely, pytest.raises(NoReceipt) as caught:
        lonely.submit(release(), timeout=1.5)
    assert "127.0.0.1:9" in str(caught.value)
    assert "Geheimnis" not in str(caught.value)


@pytest.mark.usefixtures("door")
def test_a_receipt_comes_only_after_the_ledger_has_the_release(sender: Producer) -> None:
    with sqlite3.connect(settings().home / "ledger.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        receipt = begin(lambda: sender.submit(release(), timeout=PATIENCE))
        wait([receipt], 1)
        assert not receipt.done()
        other.execute("COMMIT")
    assert receipt.result(PATIENCE).status == "accepted"
    assert taken() == 1


@pytest.mark.usefixtures("sqlite")
def test_killed_between_commit_and_receipt_the_release_is_known(
    sender: Producer,
    opened: Callable[[], intake.Intake],
    urls: dict[User, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(producer, "SEND_AGAIN", 0.5)
    killed = fork_python(
        "import os, signal\n"
        "from workers import intake\n"
        "intake.answer = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "intake.consume(lambda: False)\n",
        environment(settings().home, BROKER_URL=urls[User.WORKER]),
        tmp_path / "killed.log",
    )
    receipt = begin(lambda: sender.submit(release(), timeout=PATIENCE))
    try:
        assert killed.wait(PATIENCE) == -9
    finally:
        end(killed)
    assert not receipt.done()
    assert taken() == 1
    opened()
    assert receipt.result(PATIENCE).status == "known"
    assert taken() == 1


@pytest.mark.usefixtures("door")
def test_intake_outlives_a_dropped_connection(sender: Producer, broker: redis.Redis) -> None:
    assert sender.submit(document()).status == "accepted"
    broker.client_kill_filter(_type="normal", skipme=True)
    assert sender.submit(document(), timeout=PATIENCE).taken


@pytest.mark.usefixtures("door")
def test_what_comes_back_again_and_again_is_set_aside(sender: Producer, broker: redis.Redis) -> None:
    body = json.dumps(document(headline=f"Text {uuid.uuid4().hex}")).encode()
    again = {"delivery_info": {"exchange": "", "routing_key": "releases", "redelivered": True}}
    for _ in range(intake.COMES_BACK - 1):
        push(broker, envelope(body, **again))
    assert sender.submit(document()).taken
    assert refused() == []
    push(broker, envelope(body, **again))
    until(refused)
    assert "came back 5 times without an answer" in refused()[0]["reason"]
    assert sender.submit(document()).taken


@pytest.mark.usefixtures("door")
def test_our_own_broker_takes_no_item_that_would_fill_the_memory(sender: Producer, for_producers: str) -> None:
    with redis.Redis.from_url(for_producers) as stranger, pytest.raises(redis.ConnectionError):
        stranger.lpush("releases", b"x" * (LARGEST_ITEM + 1))
    assert sender.submit(document()).taken


# --- producers that are not ours


@pytest.mark.usefixtures("door")
def test_a_producer_in_plain_kombu(broker: redis.Redis, for_producers: str) -> None:
    """What docs/producers.md, "With nothing but kombu", shows."""
    receipts: list[dict[str, Any]] = []
    replies = f"replies.{uuid.uuid4().hex}"
    with Connection(for_producers, transport_options={"ack_emulation": False}) as connection:
        connection.Producer().publish(
            json.dumps(document(uri=URI)).encode(),
            routing_key="releases",
            content_type="application/json",
            content_encoding="utf-8",
            reply_to=replies,
            correlation_id="17",
        )
        queue = Queue(replies, durable=False)

        def note(body: Any, message: Any) -> None:
            receipts.append({"correlation_id": message.properties["correlation_id"], **body})
            message.ack()

        with Consumer(connection, [queue], callbacks=[note], accept=["json"]):
            while not receipts:
                connection.drain_events(timeout=PATIENCE)
    [receipt] = receipts
    assert {name: receipt[name] for name in ("correlation_id", "status", "uri", "version", "problems", "warnings")} == {
        "correlation_id": "17", "status": "accepted", "uri": URI, "version": 1, "problems": [], "warnings": [],
    }  # fmt: skip


@pytest.mark.usefixtures("door")
def test_an_item_built_by_hand_is_taken_and_answered(broker: redis.Redis) -> None:
    push(broker, envelope(json.dumps(document(uri=URI)).encode(), reply_to="replies.desk", correlation_id="a"))
    item = (broker.brpop(["replies.desk"], timeout=PATIENCE) or (b"", b""))[1]
    reply = json.loads(item)
    assert reply["properties"]["correlation_id"] == "a"
    assert json.loads(base64.b64decode(reply["body"]))["status"] == "accepted"


@pytest.mark.usefixtures("door")
def test_without_reply_to_a_release_is_taken_all_the_same(broker: redis.Redis) -> None:
    push(broker, envelope(json.dumps(document()).encode()))
    until(lambda: taken() == 1)


# --- poison

GOOD = json.dumps(DOCUMENT).encode()


def _without(name: str) -> dict[str, Any]:
    item = envelope(GOOD)
    item["properties"].pop(name)
    return item


POISON: dict[str, Any] = {
    "nothing": b"",
    "not JSON": b"\xff\xfe{",
    "text": b"hello",
    "a number": b"42",
    "a list": [1, 2, 3],
    "null": b"null",
    "deep": b"[" * 100_000,
    "an object": {"a": 1},
    "a bare release": DOCUMENT,
    "properties null": envelope(GOOD) | {"properties": None},
    "properties a list": envelope(GOOD) | {"properties": []},
    "no delivery tag": _without("delivery_tag"),
    "no delivery info": _without("delivery_info"),
    "a type of kombu's that is none": {"__type__": "datetime", "__value__": "x"},
    "a delivery tag of kombu's types": envelope(GOOD, delivery_tag={"__type__": "uuid", "__value__": {"hex": "0"}}),
    "headers text": envelope(GOOD) | {"headers": "x"},
    "headers a list": envelope(GOOD) | {"headers": [1]},
    "compressed": envelope(zlib.compress(b"0" * 10_000_000)) | {"headers": {"compression": "application/x-gzip"}},
    "compression a list": envelope(GOOD) | {"headers": {"compression": [1]}},
    "body null": envelope(GOOD) | {"body": None},
    "body a number": envelope(GOOD) | {"body": 5, "properties": _without("body_encoding")["properties"]},
    "body an object": envelope(GOOD) | {"body": {"a": 1}, "properties": _without("body_encoding")["properties"]},
    "body an object, base64": envelope(GOOD) | {"body": {"a": 1}},
    "body empty": envelope(b""),
    "body true": envelope(GOOD) | {"body": True, "properties": _without("body_encoding")["properties"]},
    "body not base64": envelope(GOOD) | {"body": "a" * 5},
    "body garbage": envelope(b"\x00\xff\x80 garbage"),
    "body of wrong schema": envelope(json.dumps({"title": "x"}).encode()),
    "body a list": envelope(b"[1]"),
    "body deep": envelope(b'{"a":' * 50_000),
    "body deep but closed": envelope(b"[" * 5_000 + b"]" * 5_000),
    "body with unknown fields": envelope(json.dumps(document(colour="red")).encode()),
    "body with a lone surrogate": envelope(json.dumps(document(headline="\ud800")).encode()),
    "body with a field named by a lone surrogate": envelope(b'{"\\ud800": 1}'),
    "body with NUL in its uri": envelope(json.dumps(document(uri="urn:x:\x00")).encode()),
    "body with NUL in a field's name": envelope(b'{"\\u0000": 1}'),
    "body with NUL in its circuit": envelope(json.dumps(document(circuits=["\x00"])).encode()),
    "body with a huge number": envelope(json.dumps(document(version=10**400)).encode()),
    "body with NaN": envelope(b'{"version": NaN, "urgency": Infinity}'),
    "body with an endless integer": envelope(b'{"version": ' + b"9" * 10_000 + b"}"),
    "ninjs of wrong types": envelope(json.dumps({"headlines": 5, "bodies": "x", "uri": 7, "subjects": 1}).encode()),
    "ninjs of other types": envelope(json.dumps({"headlines": [5], "bodies": {"a": 1}, "subjects": [3]}).encode()),
    "front matter that is an alias bomb": envelope(
        b"---\na: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nuri: *b\n---\nText"
    ),
    "front matter with odd values": envelope(b"---\n1: 2\nnull: x\n[a]: 3\n---\nText"),
    "latin-1": envelope(GOOD) | {"content-encoding": "latin-1"},
    "content encoding a list": envelope(GOOD) | {"content-encoding": ["utf-8"]},
    "5 MB": envelope(b"x" * 5_000_000),
}
TYPES: tuple[Any, ...] = (None, True, 7, -1.5, "", "x", [], [1], {}, {"a": 1}, "\x00", "é" * 300)
ODD: dict[str, Any] = {}
for _value in TYPES:
    for _name in ("body_encoding", "delivery_tag", "delivery_info", "priority", "reply_to", "correlation_id"):
        ODD[f"{_name} {_value!r:.20}"] = envelope(GOOD, **{_name: _value})
    for _name in ("content-type", "content-encoding", "headers", "body", "properties"):
        ODD[f"{_name} {_value!r:.20}"] = envelope(GOOD) | {_name: _value}
    ODD[f"exchange {_value!r:.20}"] = envelope(GOOD, delivery_info={"exchange": _value, "routing_key": _value})
FORBIDDEN = (
    "releases", "plan", "deliver", "deliver\x06\x163", "unacked", "unacked_index", "_kombu.binding.fanwire",
    "celeryev.x", "deliver@host.celery.pidbox", "a b", "a\nb", "fanwire:breaker:example.com:443", "fanwire:slot:1",
    "replies.", "replies.a\x06\x163", "fanwire.receipts", "somebodys.list",
)  # fmt: skip


@pytest.mark.usefixtures("door")
@pytest.mark.parametrize(("items", "all_refused"), [(POISON, True), (ODD, False)], ids=["poison", "odd"])
def test_after_every_poison_item_the_next_release_is_taken_at_once(
    sender: Producer, broker: redis.Redis, items: dict[str, Any], all_refused: bool
) -> None:
    """Each item is refused and listed with its reason, or (a harmless oddity) taken; none stays."""
    known = 0
    for name, item in items.items():
        push(broker, item)
        assert sender.submit(document(), timeout=PATIENCE).status == "accepted", name
        rows = refused()
        fresh = [row for row in rows if row["id"] > known]
        known = rows[0]["id"] if rows else 0
        assert len(fresh) == 1 if all_refused else len(fresh) <= 1, name
        for row in fresh:
            assert len(row["reason"]) > 15, name
            assert row["bytes"] >= len(row["body"])
    until(lambda: broker.hlen("unacked") == 0)
    assert not broker.llen("releases")


@pytest.mark.parametrize("where", [("", "deliver"), ("fanwire", "deliver"), ("reply.celery.pidbox", "x"), ("", "")])
def test_what_intake_gives_back_goes_to_no_other_queue(broker: redis.Redis, where: tuple[str, str]) -> None:
    """kombu believes the message itself when it says from which queue it was."""
    for name in ("fanwire", "reply.celery.pidbox"):
        broker.sadd(f"_kombu.binding.{name}", "\x06\x16".join((where[1], "", "deliver")))
    exchange, routing_key = where
    push(broker, envelope(GOOD, delivery_info={"exchange": exchange, "routing_key": routing_key}))
    with intake.connection_to_releases() as connection:
        channel: Any = connection.channel()
        with Consumer(channel, [Queue("releases")], on_message=lambda _: None):
            connection.drain_events(timeout=PATIENCE)
        channel.qos.restore_unacked()
    assert broker.llen("releases") == 1
    assert broker.llen("deliver") == 0


@pytest.mark.usefixtures("door")
def test_no_receipt_goes_to_a_queue_of_ours(sender: Producer, broker: redis.Redis) -> None:
    for name in FORBIDDEN:
        before = {key: broker.type(key) for key in broker.scan_iter() if not key.startswith(b"plan")}
        push(broker, envelope(GOOD, reply_to=name))
        assert sender.submit(document(), timeout=PATIENCE).status == "accepted", name
        until(lambda: broker.hlen("unacked") == 0)
        passing = (b"plan", b"_kombu", b"fanwire.receipts", b"unacked_mutex")  # this while kombu looks for lost ones
        grown = {key for key in broker.scan_iter() if not key.startswith(passing)}
        assert grown <= set(before), name


@pytest.mark.usefixtures("door")
def test_a_reply_queue_that_is_something_else_stops_nobody(sender: Producer, broker: redis.Redis) -> None:
    broker.hset("replies.hash", "a", "b")
    push(broker, envelope(GOOD, reply_to="replies.hash"))
    assert sender.submit(document(), timeout=PATIENCE).status == "accepted"
    until(lambda: broker.hlen("unacked") == 0)
    assert taken() == 2


@pytest.mark.usefixtures("book", "celery")
def test_either_ledger_keeps_any_refusal_and_goes_on() -> None:
    """PostgreSQL takes no NUL in a text, and neither takes half a surrogate pair."""
    for body in (b'{"\\u0000": 1}', b'{"\\ud800": 1}', json.dumps(document(uri="urn:x:\0")).encode(), b"\0\xff"):
        receipt = intake.take_in(body)
        assert receipt.status == "refused"
    assert len(refused()) == 4


def test_fanwire_refusals_lists_what_was_refused(door: None, broker: redis.Redis) -> None:
    push(broker, [1, 2])
    push(broker, envelope(b"{}"))
    until(lambda: len(refused()) == 2)
    told = CliRunner().invoke(app, ["refusals", "--json", "--body"]).output
    newest, oldest = json.loads(next(line for line in told.splitlines() if line.startswith("[{")))
    assert "headline: is required" in newest["reason"]
    assert "is not a kombu message: must be an object, not list" in oldest["reason"]
    assert oldest["body"] == "[1, 2]"
    assert "6 bytes" in CliRunner().invoke(app, ["refusals"]).output
