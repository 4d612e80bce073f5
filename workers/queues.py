"""The queues of tasks, and the configuration of Celery. One module, so that no two processes disagree."""

from __future__ import annotations

from typing import Any

from kombu import Exchange, Queue

from tasks.runtime.settings import settings
from workers.releases_queue import transport_options

_exchange = Exchange("fanwire", type="direct")
STAGES = ("plan", "translate", "format", "deliver")
TASK_QUEUES = tuple(Queue(name, _exchange, routing_key=name) for name in STAGES)


def celery_settings() -> dict[str, Any]:
    """Celery's configuration. The reasons: ARCHITECTURE, "Settings of Celery and Redis that are not the default, and
    why"."""
    routes = {name: {"queue": name, "routing_key": name} for name in STAGES}
    routes |= dict.fromkeys(("notify", "bounces", "ping", "fetch", "retain", "tell_producers"), routes["format"])
    return {
        "broker_transport_options": transport_options(settings().visibility_timeout),
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
        "worker_enable_remote_control": settings().remote_control,
        "worker_send_task_events": True,
        "task_track_started": True,
        "worker_proc_alive_timeout": 30,
        "enable_utc": True,
    }
