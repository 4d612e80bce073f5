"""Intake: takes releases off the queue `releases` into the ledger, and answers with receipts.

A worker started with `--intake` runs it as a thread beside its (solo) pool, with a broker connection of its own, so
that nothing a producer sends can disturb Celery. Whatever is wrong with an item, it is kept with the reason
(`fanwire refusals`), and the next one is read.

Order per item: size → document (read in a process of its own, document_reader.py) → ledger commit → hint → receipt →
acknowledgement. A process killed anywhere in between leaves either no receipt, and the producer sends again, or a
release that the ledger knows already. The hint goes before the receipt, which takes longer to find out what it says.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import click
import structlog
from celery import Celery, bootsteps
from kombu import Connection as BrokerConnection
from kombu import Consumer, Message, Producer, Queue
from kombu.transport import TRANSPORT_ALIASES
from redis.exceptions import ResponseError
from sqlalchemy.exc import DBAPIError

from tasks import ledger, pipeline, review
from tasks.building.renditions import rehearse_renditions
from tasks.ledger import notices, releases
from tasks.model.documents import DocumentRefused
from tasks.model.readers import MAX_RELEASE_BYTES
from tasks.model.release import Release
from tasks.operations import prospects
from tasks.runtime.errors import Problem
from tasks.runtime.settings import settings
from workers import taking
from workers.authority import Authority, producers_file
from workers.broker import broker_url, tls
from workers.broker_address import Kind, read_address
from workers.document_reader import DocumentReader
from workers.envelope import Receipt
from workers.guarded_transport import guarded_sentinel_transport, guarded_transport
from workers.releases_queue import (
    BROKER_ERRORS,
    RECEIPT_EXPIRES,
    RECEIPTS,
    RELEASES,
    releases_queue,
    transport_options,
)

log = structlog.get_logger()

HEARTBEAT = 60.0
"""Seconds after which RabbitMQ or we give up a connection on which nothing is heard."""
NO_HEADERS: Mapping[str, Any] = MappingProxyType({})
RETRY_AFTER = 1.0
"""Seconds between tries to reach a broker or a ledger that is away."""
COMES_BACK = 5
"""Times that a message may come back from workers that had it and never acknowledged it. Then it is set aside."""
COUNTED_FOR = 24 * 3600
"""Seconds for which that is counted."""
NOTHING = {
    "uri": "urn:fanwire:nothing",
    "language": "en",
    "headline": "Nothing",
    "body_html": "<p>Nothing is said.</p>",
}
"""A release that is never sent."""
reader = DocumentReader()
"""Of this process."""


def install(app: Celery) -> None:
    """Give workers of the application the option `--intake`."""
    app.user_options["worker"].add(click.Option(("--intake",), is_flag=True, help="Also take releases in."))
    app.steps["worker"].add(Intake)


class Intake(bootsteps.StartStopStep):
    """Intake as a step of the worker: starts and stops the reading with it."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, intake: bool = False, **_: Any) -> None:
        self.enabled = intake
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        if intake:
            reader.warm()  # it takes as long as the worker itself to start

    def include_if(self, worker: Any) -> bool:
        """Whether this worker was asked to take releases in."""
        return self.enabled

    def start(self, worker: Any) -> None:
        """Start to read releases; the worker calls this when its pool is up."""
        self._thread.start()

    def stop(self, worker: Any) -> None:
        """Stop to read releases, after the one that is being taken in; the worker calls this when it stops."""
        self._stopping.set()
        self._thread.join(timeout=10)
        reader.close()

    def _run(self) -> None:
        rehearse()
        while not self._stopping.is_set():
            try:
                consume(self._stopping.is_set)
            except BROKER_ERRORS as error:
                log.warning("intake lost the broker", error=str(error))
                self._stopping.wait(RETRY_AFTER)
            except DocumentRefused as refusal:
                log.error("intake takes nothing until its producers are known", problem=str(refusal))
                self._stopping.wait(RETRY_AFTER)
            except DBAPIError as error:
                log.warning("intake waits for the ledger", error=str(error).splitlines()[0])
                self._stopping.wait(RETRY_AFTER)
            except Exception:
                log.exception("intake failed")
                self._stopping.wait(RETRY_AFTER)


def rehearse() -> None:
    """Go once through what is done for a release, with the newest one there is or one that says nothing, and write
    nothing: the first release after the start would else wait until languages, profiles of outlets, house texts and
    formats are read. Whatever goes wrong will be said of a release that is meant."""
    try:
        with ledger.read() as connection:
            release = releases.last(connection) or Release.model_validate(NOTHING)
            now = ledger.now(connection)
            found = prospects.sums(connection, release, policy=review.policy, now=now)
        reader.read(release.to_json().encode())
        rehearse_renditions(release, {match.outlet.format for match in found.matches})
    except Exception as error:
        log.info("intake begins without a rehearsal", reason=type(error).__name__)


def mind_producers() -> None:
    """Read the producers file if it has changed, and leave a notice if it is wrong while an older one counts.

    Raises DocumentRefused when it has never been good: then nothing may be taken.
    """
    file = producers_file()
    if file is None:
        return
    file.current()
    if file.fault is not None and file.fault != file.noticed:
        text = f"{file.fault}; the producers of before still count: correct the file"
        with ledger.write() as connection:
            now = ledger.now(connection)
            notices.add_unless_known(connection, "producers", str(file.path), text, now)
        file.noticed = file.fault


def consume(stopping: Any) -> None:
    """Read the queue `releases` until `stopping()`; raises what the broker raises, and what `mind_producers` does."""
    mind_producers()
    with connection_to_releases() as connection:
        channel = connection.channel()
        producer = Producer(channel, serializer="json")
        queue = releases_queue(read_address(broker_url()))

        def take(message: Message) -> None:
            receive(message, producer)

        with Consumer(channel, [queue], on_message=take, prefetch_count=1):
            log.info("intake open", queue=RELEASES)
            while not stopping():
                mind_producers()
                connection.heartbeat_check()
                try:
                    connection.drain_events(timeout=0.5)
                except TimeoutError:
                    continue


def connection_to_releases() -> BrokerConnection:
    """A connection that takes what is no message off the queue `releases` and keeps it."""
    url, encrypted = broker_url(), tls()
    address = read_address(url)
    kombu_url, transport = address.kombu_url, None
    if address.kind is Kind.SOCKET:
        kombu_url = kombu_url.replace("redis+", f"{RELEASES}+", 1)  # for it kombu takes no transport but by its name
    elif address.kind is Kind.REDIS:
        transport = ReleasesTransport
    elif address.kind is Kind.SENTINEL:
        transport = guarded_sentinel_transport(keep_broken)
    return BrokerConnection(
        kombu_url,
        transport=transport,
        transport_options=transport_options(url, settings().visibility_timeout, tls=encrypted),
        ssl=encrypted or False,
        heartbeat=HEARTBEAT,
    )


def receive(message: Message, producer: Producer) -> None:
    """Take one message in, answer it and acknowledge it."""
    body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
    if _comes_back(message, body, producer.channel):
        keep_broken(
            RELEASES, body, f"came back {COMES_BACK} times without an answer: each time intake ended while it had it"
        )
        message.ack()
        return
    headers = message.headers if isinstance(message.headers, dict) else {}
    receipt = take_in(body, _problem_with(message), headers, new=_hint_plan)
    answer(message, receipt, producer)
    message.ack()


def _hint_plan(release_id: int, release: Release) -> None:
    pipeline.hint(pipeline.plan, release_id, urgency=release.urgency, shown=release.name)


def _comes_back(message: Message, body: bytes, channel: Any) -> bool:
    """Whether the broker has given this message back too often: whatever ends intake must not do so for ever."""
    if not (message.delivery_info or {}).get("redelivered"):
        return False
    if not hasattr(channel, "client"):  # a quorum queue of RabbitMQ counts by itself
        return int((message.headers or {}).get("x-delivery-count", 0)) >= COMES_BACK
    key = f"fanwire:redelivered:{hashlib.sha256(body).hexdigest()[:32]}"
    times = channel.client.incr(key)
    channel.client.expire(key, COUNTED_FOR)
    return bool(times >= COMES_BACK)


def take_in(
    body: bytes,
    problem: str | None = None,
    headers: Mapping[str, Any] = NO_HEADERS,
    *,
    new: Callable[[int, Release], object] = lambda _number, _release: None,
) -> Receipt:
    """Put a release into the ledger, or keep it as refused; the receipt.

    `problem`: what is wrong with the message beside its body. `headers`: its own, which say who sends and sign it.
    `new`: called as soon as the ledger has the release, if it did not know it, with the number of its row.
    Waits for a ledger that is away: the producer has no receipt yet, and a release must not be refused for our fault.
    """
    while True:
        try:
            return _take_in(body, problem, headers, new)
        except DBAPIError as error:
            log.warning("intake waits for the ledger", error=str(error).splitlines()[0])
            time.sleep(RETRY_AFTER)


def _take_in(
    body: bytes, problem: str | None, headers: Mapping[str, Any], new: Callable[[int, Release], object]
) -> Receipt:
    def sent_by() -> Authority:
        if problem:
            raise DocumentRefused("release", [Problem("(message)", problem)])
        return Authority(headers, body)

    try:
        return taking.take(body, sent_by, reader, new=new).receipt
    except DocumentRefused as refusal:
        return Receipt("refused", problems=[vars(problem) for problem in refusal.problems])


def _problem_with(message: Message) -> str | None:
    """What is wrong with a message by its envelope alone; None if the body is worth reading."""
    if len(message.body or b"") > MAX_RELEASE_BYTES:
        return f"the body is larger than {MAX_RELEASE_BYTES:,} bytes"
    if message.content_encoding not in (None, "utf-8", "UTF-8", "binary"):
        return f"content encoding {message.content_encoding!r} is not read; send utf-8"
    return None


def keep_broken(_queue: str, item: bytes, reason: str) -> None:
    """Keep an item that is no message at all; it has no sender to answer."""
    body = item if isinstance(item, bytes) else str(item).encode()
    take_in(body, reason)


ReleasesTransport = guarded_transport(keep_broken)
TRANSPORT_ALIASES[RELEASES] = "workers.intake:ReleasesTransport"


def answer(message: Message, receipt: Receipt, producer: Producer) -> None:
    """Send the receipt, if the producer asked for one. A producer that cannot be answered will ask again."""
    reply_to = message.properties.get("reply_to")
    if not isinstance(reply_to, str) or not reply_to:
        return
    if not _RECEIPT_QUEUE.fullmatch(reply_to):
        log.warning("no receipt possible", reply_to=reply_to[:255], error=f"must begin with {' or '.join(RECEIPTS)}")
        return
    channel: Any = producer.channel
    try:
        if hasattr(channel, "client"):  # at RabbitMQ a producer declares the queue of its receipts so by itself
            Queue(reply_to, durable=False, expires=RECEIPT_EXPIRES, channel=channel).queue_declare()
        correlation = message.properties.get("correlation_id")
        producer.publish(receipt.to_dict(), exchange="", routing_key=reply_to, correlation_id=correlation)
    except ResponseError as error:  # the name is that of something else
        log.warning("no receipt possible", reply_to=reply_to, error=str(error))


_RECEIPT_QUEUE = re.compile(f"({'|'.join(map(re.escape, RECEIPTS))})[!-~]{{1,200}}")
"""The names that a producer may give as its `reply_to`: all other keys are ours, and not for producers to write to."""
