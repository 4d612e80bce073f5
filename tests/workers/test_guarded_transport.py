"""What a worker does about the messages that it holds when its broker dies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Consumer, Queue

from tests.support.processes import own_valkey
from tests.support.threads import PATIENCE
from workers.guarded_transport import guarded_transport, set_aside

HERE = Queue("here", durable=True)


@pytest.mark.parametrize("settle", ["ack", "reject", "requeue"])
def test_a_message_that_cannot_be_settled_takes_no_place_for_ever(tmp_path: Path, settle: str) -> None:
    """A worker whose places were all taken would never read again, nor notice that its connection is broken."""
    held: list[Any] = []
    with own_valkey(tmp_path / "valkey") as url:
        connection: Any = Connection(url, transport=guarded_transport(set_aside))
        with connection.Producer() as producer:
            producer.publish({"a": "hint"}, routing_key="here", declare=[HERE])
        channel = connection.default_channel
        consumer = Consumer(channel, [HERE], on_message=held.append, prefetch_count=1)
        consumer.consume()
        connection.drain_events(timeout=PATIENCE)
    [message] = held
    assert not channel.qos.can_consume()
    with pytest.raises(connection.connection_errors):
        getattr(message, settle)()
    assert channel.qos.can_consume()
    with pytest.raises(connection.connection_errors):
        connection.drain_events(timeout=5)
    connection.transport.cycle.close()
