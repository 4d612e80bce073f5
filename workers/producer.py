"""For producers in Python: `Producer(url).submit(release)` returns once the ledger has the release.

    import os
    from workers.producer import NoReceipt, Producer

    with Producer("redis://producer:password@wire.example:6379/0", name="acme", key=os.environ["ACME_KEY"]) as producer:
        try:
            receipt = producer.submit(
                {
                    "uri": "urn:newsml:acme.example:20261122:plant",
                    "language": "en",
                    "headline": "Acme opens its first plant in Portugal",
                    "body_html": "<p>Acme said on Monday …</p>",
                }
            )
        except NoReceipt:
            ...  # it may be taken or not: submit the same again
        else:
            if not receipt.taken:
                print(receipt.problems)

Safe to repeat: the same `uri` and `version` with the same content is taken once, however often it is sent.

It needs `kombu[redis]` and nothing else: of Fanwire only this module, `broker_address.py`, `envelope.py` and
`releases_queue.py`.
"""

from __future__ import annotations

import json
import os
import re
import time
import uuid
from collections.abc import Collection
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

from kombu import Consumer, Message
from kombu import Producer as KombuProducer

from workers.broker_address import Kind, read_address
from workers.envelope import CONSENTS, SHORTEST_KEY, Receipt, envelope_headers
from workers.releases_queue import (
    ANSWER_WITHIN,
    BROKER_ERRORS,
    RECEIPTS,
    RELEASES,
    producer_connection,
    receipts_queue,
    releases_exchange,
    releases_queue,
    tls_options,
    tls_problem,
)

_NAME = re.compile("[a-z0-9][a-z0-9._-]{0,99}")
"""Of a producer, as it may stand in the name of a queue; with another the wire refuses what it sends, and says so."""
SEND_AGAIN = 5.0
"""Seconds without a receipt after which the release is sent again."""
WAITS = 4
"""Answers of the broker for which a producer waits, at most, before it gives the broker up."""
LEAST, LEAST_AT_END = 2.0, 0.25
"""Seconds that each answer may take at least; the second where the broker has been in trouble and time runs out."""


class Document(Protocol):
    """A document of Fanwire's own, such as a Release; its model is not imported here."""

    def to_json(self) -> str:
        """The document as JSON, as it is sent."""


class NoReceipt(TimeoutError):
    """No receipt came in time: the release may or may not be taken. Submit it again; nothing is doubled by that."""


class Producer:
    """A connection to the wire's intake. Not for use by several threads at once."""

    def __init__(
        self,
        url: str,
        *,
        name: str | None = None,
        key: str | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        certificate: str | os.PathLike[str] | None = None,
        certificate_key: str | os.PathLike[str] | None = None,
    ) -> None:
        """`url`: the broker's, with its password if it has one. Nothing is sent yet.

        `name` and `key`: those that the wire has given to this producer, to sign with; a wire that has configured no
        producers needs none. Raises ValueError for one without the other, and for a key that is too short.

        With TLS (`rediss://`, `sentinels://`, `amqps://`) the broker's certificate is verified by the authorities that
        this machine trusts, and by `ca_file` (PEM). `certificate` and `certificate_key` are the producer's own, for a
        broker that asks for one. Left out, they are those of FANWIRE_CA_FILE, FANWIRE_BROKER_CERTIFICATE and
        FANWIRE_BROKER_CERTIFICATE_KEY.
        """
        if (name is None) != (key is None):
            raise ValueError("a producer signs with a name and a key; give both or neither")
        if key is not None and len(key) < SHORTEST_KEY:
            raise ValueError(f"the key has fewer than {SHORTEST_KEY} characters")
        self._name, self._key = name, key
        tls = tls_options(
            url,
            ca_file=ca_file or os.environ.get("FANWIRE_CA_FILE"),
            certificate=certificate or os.environ.get("FANWIRE_BROKER_CERTIFICATE"),
            certificate_key=certificate_key or os.environ.get("FANWIRE_BROKER_CERTIFICATE_KEY"),
        )
        self._address = read_address(url)
        self._connect = partial(producer_connection, url, tls)
        self._connection = self._connect()
        self._patience, self._in_trouble = ANSWER_WITHIN, False
        mine = f"{name}." if name and _NAME.fullmatch(name) else ""
        self._replies = f"{RECEIPTS[0]}{mine}{uuid.uuid4().hex}"
        self._receipts: dict[str, Receipt] = {}

    def submit(
        self,
        release: Document | dict[str, Any] | str | bytes,
        timeout: float = 60.0,
        *,
        consent: Collection[str] = (),
    ) -> Receipt:
        """Send a release and wait for its receipt, at most `timeout` seconds; sends again while none comes.

        `release` is a document as a dictionary, text in any form that intake reads, or a `tasks.model.release.Release`.
        `consent`: what is meant although it is unusual, `jump` or `revive` (docs/producers.md, "Versions"). Raises
        NoReceipt, and ValueError for another consent.
        """
        if unknown := set(consent) - set(CONSENTS):
            raise ValueError(f"consent is of {', '.join(CONSENTS)}, not {', '.join(sorted(unknown))}")
        body = _body(release)
        headers = envelope_headers(body, self._name, self._key, consent)
        correlation = uuid.uuid4().hex
        ends = time.monotonic() + timeout
        trouble: Exception | None = None
        if _patience(timeout) != self._patience:
            self._reconnect(timeout)
        while (left := ends - time.monotonic()) > 0:
            try:
                with self._connection.channel() as channel:  # one for both: on Redis each is a connection of its own
                    self._send(channel, body, headers, correlation)
                    receipt = self._await(channel, correlation, min(left, SEND_AGAIN))
                self._in_trouble = False
                if receipt:
                    return receipt
            except BROKER_ERRORS as error:
                trouble, self._in_trouble = error, True
                if problem := tls_problem(error):  # which does not pass by itself
                    raise NoReceipt(f"no receipt: the broker {problem}") from None
                time.sleep(min(1.0, max(0.0, ends - time.monotonic())))
                self._reconnect(ends - time.monotonic(), in_trouble=True)
        cause = (
            f"the broker says: {trouble}." if trouble else "does the broker have an intake (`fanwire worker intake`)?"
        )
        advice = "Whether it was taken is not known: submit the same again, which sends nothing twice"
        raise NoReceipt(f"no receipt within {timeout:g} s; {cause} {advice}")

    def close(self) -> None:
        """Drop the connection and the reply queue, which expires by itself when the broker does not answer now."""
        with suppress(*BROKER_ERRORS):
            if not self._in_trouble:
                with self._connection.channel() as channel:
                    receipts_queue(self._address, self._replies).bind(channel).delete()
        self._connection.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, channel: Any, body: bytes, headers: dict[str, str], correlation: str) -> None:
        KombuProducer(channel).publish(
            body,
            exchange=releases_exchange(self._address),
            routing_key=RELEASES,
            declare=[] if self._address.kind is Kind.RABBITMQ else [releases_queue(self._address)],
            content_type="application/json",
            content_encoding="utf-8",
            headers=headers,
            reply_to=self._replies,
            correlation_id=correlation,
        )

    def _await(self, channel: Any, correlation: str, seconds: float) -> Receipt | None:
        queue = receipts_queue(self._address, self._replies)
        ends = time.monotonic() + seconds
        with Consumer(channel, [queue], on_message=self._note):
            while correlation not in self._receipts and (left := ends - time.monotonic()) > 0:
                try:
                    self._connection.drain_events(timeout=left)
                except TimeoutError:
                    break
        return self._receipts.pop(correlation, None)

    def _note(self, message: Message) -> None:
        message.ack()
        correlation = message.properties.get("correlation_id")
        if correlation:
            self._receipts[correlation] = Receipt.from_dict(json.loads(message.body or "{}"))

    def _reconnect(self, left: float, *, in_trouble: bool = False) -> None:
        """Connect anew when that is next asked for, with waits that suit the seconds that are left."""
        self._connection.release()
        self._patience = _patience(left, in_trouble=in_trouble)
        self._connection = self._connect(answer_within=self._patience)


def _patience(left: float, *, in_trouble: bool = False) -> float:
    """Seconds that the broker has for each answer. A broker that is frozen takes several such waits to be found out."""
    return min(ANSWER_WITHIN, max(LEAST_AT_END if in_trouble else LEAST, left / WAITS))


def _body(release: Document | dict[str, Any] | str | bytes) -> bytes:
    if isinstance(release, bytes):
        return release
    if isinstance(release, str):
        return release.encode()
    return (json.dumps(release, ensure_ascii=False) if isinstance(release, dict) else release.to_json()).encode()
