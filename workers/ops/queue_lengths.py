"""What waits on the queues, for Flower: asked for as our own processes ask, at whatever broker there is.

Flower's own look knows no socket with users and no list of sentinels, and asks RabbitMQ's page for managers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from workers import broker
from workers.broker_users import User


class Queues:
    """Counts messages for Flower, in the place of its `Broker`."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Flower gives the address of the broker; it is ours, and known."""

    async def queues(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """The queues with these names, each with how many `messages` wait; none while the broker does not answer."""
        lengths = await asyncio.to_thread(broker.queue_lengths, list(names), User.FLOWER)
        return [{"name": name, "messages": count} for name, count in (lengths or {}).items()]


def install() -> None:
    """Have Flower count messages so."""
    import flower.views  # here, for it defines options, which only Flower's own process may do

    flower.views.Broker = Queues
