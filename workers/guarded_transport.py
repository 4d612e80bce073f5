"""kombu's Redis transport for queues that others can write to: an item that is no message ends no worker.

kombu decodes an item after it has taken it off the list, and what it cannot decode ends the process, with the item
gone. There is no hook before that, so this looks at the reply of the pop itself, sets a broken item aside with the
reason, and shows kombu an empty queue instead. And a worker goes on after its broker was away, whatever it held.
RabbitMQ takes nothing but messages, and gives back what was not settled: it needs none of this.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from kombu.transport import redis
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import dumps, loads
from sqlalchemy.exc import DBAPIError

from tasks import ledger
from tasks.ledger import refusals
from workers.releases_queue import RELEASES

log = structlog.get_logger()


OnBroken = Callable[[str, bytes, str], None]
"""What is done with an item that is no message: its queue, the item, and what is wrong."""


def guarded_transport(on_broken: OnBroken) -> type[redis.Transport]:
    """Return a transport that hands an item which is no message to `on_broken(queue, item, reason)`."""
    guarded: type[redis.Transport] = _guarded(redis.Transport, redis.Channel, on_broken)
    return guarded


def guarded_sentinel_transport(on_broken: OnBroken) -> type[redis.SentinelTransport]:
    """The same for a Redis that is found by its sentinels."""
    guarded: type[redis.SentinelTransport] = _guarded(redis.SentinelTransport, redis.SentinelChannel, on_broken)
    return guarded


class GuardedQoS(redis.QoS):
    """Gives up the place of a message that cannot be settled, because the broker is away.

    kombu would keep it taken for ever. A worker whose places are all taken reads no more, and so does not notice
    either that its connection is broken. The message comes back when its visibility timeout is over.
    """

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except Exception:
            self._quick_ack(delivery_tag)  # type: ignore[attr-defined]  # missing in the stubs
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue)
        except Exception:
            self._quick_ack(delivery_tag)  # type: ignore[attr-defined]  # missing in the stubs
            raise


def _guarded(transport: Any, channel: Any, on_broken: OnBroken) -> Any:
    """A transport of kombu whose channels look at each item that they pop."""

    class GuardedChannel(channel):  # type: ignore[misc]  # which class it is, is known only here
        QoS = GuardedQoS

        def _create_client(self, asynchronous: bool = False) -> Any:
            client = super()._create_client(asynchronous)
            client.set_response_callback("BRPOP", self._look_at)
            return client

        def _look_at(self, reply: Any, **_: Any) -> Any:
            if reply is None:
                return None
            key, item = reply
            fault = item_fault(item, lambda payload: self.Message(payload, channel=self))
            queue = bytes_to_str(key).split(self.sep)[0]
            if fault is None:
                return [key, from_releases(item)] if queue == RELEASES else reply
            on_broken(queue, item, f"is not a kombu message: {fault}")
            return None  # to kombu it looks as if the queue had been empty

    return type("GuardedTransport", (transport,), {"Channel": GuardedChannel})


def from_releases(item: bytes) -> bytes:
    """A message of the queue `releases` that says so, whatever its sender has written.

    kombu gives a message back to the queue that stands in it, such as when intake ends before it is acknowledged: a
    producer could name a queue of tasks there.
    """
    message = loads(bytes_to_str(item))
    properties = message["properties"]
    came = {name: value for name, value in properties["delivery_info"].items() if name == "redelivered"}
    where = {"exchange": "", "routing_key": RELEASES, **came}
    if properties["delivery_info"] == where:
        return item
    return str(dumps(message | {"properties": properties | {"delivery_info": where}})).encode()


def set_aside(queue: str, item: bytes, reason: str) -> None:
    """Keep an item of a task queue that is no message, with the reason; `fanwire refusals` lists it.

    It was a hint or a stranger's: no release is lost with it, not even while the ledger is away.
    """
    log.error("item set aside", queue=queue, reason=reason, bytes=len(item))
    try:
        with ledger.write() as connection:
            refusals.keep(connection, item, f"an item on the queue {queue!r} {reason}", time.time())
    except DBAPIError as error:
        log.warning("item not kept", queue=queue, error=str(error).splitlines()[0])


def item_fault(item: bytes, message: Callable[[Any], object]) -> str | None:
    """Return what is wrong with an item of a queue, or None; `message` makes kombu's message of what JSON holds."""
    try:
        payload = loads(bytes_to_str(item))  # as kombu will: its JSON knows more types than ours
        fault = _fault(payload)
        if fault is None:
            message(payload)
    except Exception as error:  # the item is a stranger's: whatever is wrong with it, we go on
        return f"{type(error).__name__}: {error}"
    return fault


def _fault(payload: Any) -> str | None:
    """What kombu would trip over once it has noted the message as taken; None if there is nothing."""
    if not isinstance(payload, dict):
        return f"must be an object, not {type(payload).__name__}"
    properties, headers = payload.get("properties"), payload.get("headers")
    if not isinstance(properties, dict):
        return "'properties' must be an object"
    if not isinstance(headers, dict):
        return "'headers' must be an object; it may be empty"
    if "compression" in headers:
        return "it is compressed; send it plain"  # some kilobytes can unpack to gigabytes
    if not isinstance(payload.get("body"), str):
        return "'body' must be text"
    if properties.get("body_encoding") not in (None, "base64", "utf-8"):
        return "'properties.body_encoding' must be 'base64'"
    if not isinstance(properties.get("delivery_tag"), str) or not properties["delivery_tag"]:
        return "'properties.delivery_tag' must be a text of its own, such as a UUID"
    where = properties.get("delivery_info")
    if not isinstance(where, dict) or not all(isinstance(where.get(k), str) for k in ("exchange", "routing_key")):
        return f'\'properties.delivery_info\' must be {{"exchange": "", "routing_key": "{RELEASES}"}}'
    return None
