"""Celery's connections to the broker: nobody waits at one of them for ever to send a message.

kombu tries to send a worker's heartbeat, its answer to Flower, and a question of Flower until the broker is back. A
worker does so in its main loop, where it does not hear meanwhile that it is asked to stop; Flower does so in its few
threads, and its pages wait for those.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import kombu
from celery.app.amqp import AMQP
from kombu import connection

ONCE_MORE = MappingProxyType({"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0})
"""How a message is sent again after its connection was lost, where nobody says how: once, at once."""


class Connection(kombu.Connection):
    """A connection that gives up soon what it cannot send."""

    def ensure(self, obj: Any, fun: Any, *arguments: Any, **policy: Any) -> Any:
        """A function that does what `fun` does, and does it again as `policy` says when the connection is lost.

        It raises OperationalError when that does not help. The arguments are those of kombu.
        """
        return super().ensure(obj, fun, *arguments, **(policy or ONCE_MORE))

    def Pool(self, limit: int | None = None, **options: Any) -> ConnectionPool:
        """A pool of at most so many connections of this kind."""
        return ConnectionPool(self, limit, **options)


class PooledConnection(connection.PooledConnection, Connection):  # type: ignore[misc]  # kombu types __enter__ twice
    """A connection of a pool that gives up soon what it cannot send."""


class ConnectionPool(connection.ConnectionPool):
    """Connections that give up soon what they cannot send."""

    def new(self) -> PooledConnection:
        """A further connection, which is not open yet."""
        return PooledConnection(self, **dict(self.connection._info(resolve=False)))


class Amqp(AMQP):
    """How Celery reaches the broker: by connections that give up soon what they cannot send."""

    Connection = Connection
