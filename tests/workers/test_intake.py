"""Intake on a real Valkey: receipts, resending, and every way in which an item can be wrong."""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from kombu import Connection, Consumer, Queue
from processes import end, environment, start_python, until
from samples import URI, release
from sqlalchemy import Engine, func, select

from tasks import ledger
from tasks.ledger import counts
from tasks.ledger.schema import releases
from tasks.settings import settings
from workers import intake, producer
from workers.producer import NoReceipt, Producer

pytestmark = pytest.mark.usefixtures("celery")

DOCUMENT = json.loads(release().to_json())


@pytest.fixture
def opened() -> Iterator[Callable[[], intake.Intake]]:
    """`opened()`: intake as a worker runs it, in a thread of this process."""
    running: list[intake.Intake] = []

    def start() -> intake.Intake:
        step = intake.Intake(worker=type("Worker", (), {"app": None}), intake=True)
        step.start(None)
        running.append(step)
        return step

    yield start
    for step in running:
        step.stop(None)


@pytest.fixture
def door(sqlite: None, opened: Callable[[], intake.Intake]) -> None:
    """An open intake with a ledger."""
    opened()


@pytest.fixture
def sender(broker: redis.Redis, valkey: str) -> Iterator[Producer]:
    with Producer(valkey) as sender:
        yield sender


def document(**fields: Any) -> dict[str, Any]:
    """A release document of its own; `fields` replace or add."""
    return DOCUMENT | {"uri": f"urn:x:{uuid.uuid4().hex}"} | fields


def taken() -> int:
    with ledger.read() as book:
        return book.execute(select(func.count()).select_from(releases)).scalar_one()


def refused() -> list[dict[str, Any]]:
    with ledger.read() as book:
        return counts.refused(book, 50)


def envelope(body: bytes, **properties: Any) -> dict[str, Any]:
    """The item as any language can build it: README, "For producers"."""
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
    receipt = sender.submit(release(urgency=1), timeout=10)
    assert (receipt.status, receipt.uri, receipt.version, receipt.problems) == ("accepted", URI, 1, [])
    until(lambda: broker.llen("plan") == 1)  # urgency 1 and 2 stand on the first list
    until(lambda: broker.hlen("unacked") == 0)
    assert taken() == 1


@pytest.mark.usefixtures("door")
def test_the_same_release_again_is_known_and_taken_once(sender: Producer, broker: redis.Redis, valkey: str) -> None:
    assert sender.submit(release()).status == "accepted"
    assert sender.submit(release()).status == "known"
    with Producer(valkey) as another:
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


@pytest.mark.usefixtures("sqlite")
def test_a_producer_without_a_receipt_sends_again_and_the_release_is_taken_once(
    sender: Producer, opened: Callable[[], intake.Intake], broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "SEND_AGAIN", 0.3)
    receipts = []
    thread = threading.Thread(target=lambda: receipts.append(sender.submit(release(), timeout=15)))
    thread.start()
    until(lambda: broker.llen("releases") >= 2)
    opened()
    thread.join(15)
    assert receipts[0].taken
    until(lambda: broker.llen("releases") == 0)
    assert taken() == 1


@pytest.mark.usefixtures("sqlite")
def test_a_producer_that_nobody_answers_says_so(sender: Producer) -> None:
    with pytest.raises(NoReceipt, match=r"--intake"):
        sender.submit(release(), timeout=0.5)


def test_a_producer_without_a_broker_says_so_and_keeps_the_password() -> None:
    with Producer("redis://:Geheimnis@127.0.0.1:9/0") as lonely, pytest.raises(NoReceipt) as caught:
        lonely.submit(release(), timeout=1.5)
    assert "127.0.0.1:9" in str(caught.value)
    assert "Geheimnis" not in str(caught.value)


@pytest.mark.usefixtures("door")
def test_a_receipt_comes_only_after_the_ledger_has_the_release(sender: Producer) -> None:
    receipts = []
    with sqlite3.connect(settings().home / "ledger.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        thread = threading.Thread(target=lambda: receipts.append(sender.submit(release(), timeout=15)))
        thread.start()
        thread.join(1)
        assert not receipts
        other.execute("COMMIT")
    thread.join(15)
    assert [receipt.status for receipt in receipts] == ["accepted"]
    assert taken() == 1


@pytest.mark.usefixtures("sqlite")
def test_killed_between_commit_and_receipt_the_release_is_known(
    sender: Producer, opened: Callable[[], intake.Intake], valkey: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "SEND_AGAIN", 0.5)
    killed = start_python(
        "import os, signal\n"
        "from workers import intake\n"
        "intake.answer = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "intake.consume(lambda: False)\n",
        environment(settings().home, BROKER_URL=valkey),
        tmp_path / "killed.log",
    )
    receipts = []
    thread = threading.Thread(target=lambda: receipts.append(sender.submit(release(), timeout=20)))
    try:
        thread.start()
        assert killed.wait(20) == -9
    finally:
        end(killed)
    assert not receipts
    assert taken() == 1
    opened()
    thread.join(20)
    assert [receipt.status for receipt in receipts] == ["known"]
    assert taken() == 1


@pytest.mark.usefixtures("door")
def test_intake_outlives_a_dropped_connection(sender: Producer, broker: redis.Redis) -> None:
    assert sender.submit(document()).status == "accepted"
    broker.client_kill_filter(_type="normal", skipme=True)
    assert sender.submit(document(), timeout=20).taken


# --- producers that are not ours


@pytest.mark.usefixtures("door")
def test_a_producer_in_plain_kombu(broker: redis.Redis, valkey: str) -> None:
    """What README, "For producers" shows."""
    receipts: list[dict[str, Any]] = []
    replies = f"receipts.{uuid.uuid4().hex}"
    with Connection(valkey) as connection:
        connection.Producer().publish(
            json.dumps(document(uri=URI)).encode(),
            routing_key="releases",
            content_type="application/json",
            content_encoding="utf-8",
            reply_to=replies,
            correlation_id="17",
        )
        queue = Queue(replies, durable=False, expires=600)

        def note(body: Any, message: Any) -> None:
            receipts.append({"correlation_id": message.properties["correlation_id"], **body})
            message.ack()

        with Consumer(connection, [queue], callbacks=[note], accept=["json"]):
            while not receipts:
                connection.drain_events(timeout=10)
    assert receipts == [{"correlation_id": "17", "status": "accepted", "uri": URI, "version": 1, "problems": []}]


@pytest.mark.usefixtures("door")
def test_an_item_built_by_hand_is_taken_and_answered(broker: redis.Redis) -> None:
    push(broker, envelope(json.dumps(document(uri=URI)).encode(), reply_to="desk.receipts", correlation_id="a"))
    _, item = broker.brpop(["desk.receipts"], timeout=10)
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
    "50 MB": envelope(b"x" * 50_000_000),
}
TYPES: tuple[Any, ...] = (None, True, 7, -1.5, "", "x", [], [1], {}, {"a": 1}, "\x00", "é" * 300)
for _name in ("body_encoding", "delivery_tag", "delivery_info", "priority", "reply_to", "correlation_id"):
    for _value in TYPES:
        POISON[f"{_name} {_value!r:.20}"] = envelope(GOOD, **{_name: _value})
for _name in ("content-type", "content-encoding", "headers", "body", "properties"):
    for _value in TYPES:
        POISON[f"{_name} {_value!r:.20}"] = envelope(GOOD) | {_name: _value}
for _value in TYPES:
    POISON[f"exchange {_value!r:.20}"] = envelope(GOOD, delivery_info={"exchange": _value, "routing_key": _value})


@pytest.mark.usefixtures("door")
def test_after_every_poison_item_the_next_release_is_taken_at_once(sender: Producer, broker: redis.Redis) -> None:
    """Each item is either refused and listed with its reason, or (a harmless oddity) taken; it never stays."""
    known_before, slow = {row["id"] for row in refused()}, []
    for name, item in POISON.items():
        push(broker, item)
        began = time.monotonic()
        receipt = sender.submit(document(), timeout=20)
        assert receipt.status == "accepted", name
        if time.monotonic() - began > 2 and name != "50 MB":
            slow.append(name)
        fresh = [row for row in refused() if row["id"] not in known_before]
        known_before |= {row["id"] for row in fresh}
        assert len(fresh) <= 1, name
        for row in fresh:
            assert row["reason"].strip(), name
    until(lambda: broker.hlen("unacked") == 0)
    assert not broker.llen("releases")
    assert not slow  # else intake had to begin anew


@pytest.mark.parametrize("name", [name for name in POISON if name[-1] not in "'}]" and "50 MB" not in name][:44])
@pytest.mark.usefixtures("door")
def test_what_is_no_release_is_listed_with_its_reason(broker: redis.Redis, name: str) -> None:
    if name in ("headers text", "headers a list"):
        pytest.skip("may be passed over")
    push(broker, POISON[name])
    [row] = until(refused)
    assert len(row["reason"]) > 15
    assert row["bytes"] >= len(row["body"])
