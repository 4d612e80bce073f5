"""Queues, and how every process speaks to the broker. One module, so that no two processes disagree."""

from __future__ import annotations

from typing import Any

from kombu import Exchange, Queue

from tasks.runtime.settings import settings

RELEASES = "releases"
"""Where producers put releases. Read by intake only, never by a Celery worker's own consumer."""

_exchange = Exchange("fanwire", type="direct")
STAGES = ("plan", "translate", "format", "deliver")
TASK_QUEUES = tuple(Queue(name, _exchange, routing_key=name) for name in STAGES)


def transport_options() -> dict[str, Any]:
    """Options of kombu's Redis transport (reference: kombu.transport.redis)."""
    return {
        # The process with the shortest timeout restores everybody's messages, so all must use this one.
        "visibility_timeout": settings().visibility_timeout,
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


def celery_settings() -> dict[str, Any]:
    """Celery's configuration. The reasons: ARCHITECTURE, "Settings of Celery and Redis that are not the default, and
    why"."""
    routes = {name: {"queue": name, "routing_key": name} for name in STAGES}
    routes["notify"] = routes["format"]
    return {
        "broker_transport_options": transport_options(),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_pool_limit": 10,
        "task_queues": TASK_QUEUES,
        "task_routes": routes,
        "task_default_queue": "plan",
        "task_default_exchange": "fanwire",
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_send_task_events": True,
        "task_track_started": True,
        "worker_proc_alive_timeout": 30,
        "enable_utc": True,
    }
