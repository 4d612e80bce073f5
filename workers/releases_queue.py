"""The queue on which releases come in, and how every process speaks to the broker.

Only kombu may be imported here, and nothing that reads settings: producers use it on machines without the rest.
"""

from __future__ import annotations

from typing import Any

RELEASES = "releases"
"""Where producers put releases. Read by intake only, never by a Celery worker's own consumer."""
VISIBILITY_TIMEOUT = 600
"""Seconds, as `FANWIRE_VISIBILITY_TIMEOUT` by default."""


def transport_options(visibility_timeout: int = VISIBILITY_TIMEOUT) -> dict[str, Any]:
    """Options of kombu's Redis transport (reference: kombu.transport.redis). `visibility_timeout`: seconds."""
    return {
        # The process with the shortest timeout restores everybody's messages, so all must use this one.
        "visibility_timeout": visibility_timeout,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        # Default 10; above it acknowledgements fail, and finished tasks run again.
        "max_connections": 128,
        "socket_connect_timeout": 5,
        "socket_timeout": 30,
        "socket_keepalive": True,
        "health_check_interval": 25,
        # Urgency is the priority: 1 and 2 share the first list, 3 to 5 the second, 6 to 8 the third, 9 the last.
        "priority_steps": [0, 3, 6, 9],
        "queue_order_strategy": "round_robin",
    }
