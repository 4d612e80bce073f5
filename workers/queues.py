"""The queues of tasks, and the configuration of Celery. One module, so that no two processes disagree."""

from __future__ import annotations

from typing import Any

from kombu import Exchange, Queue

from tasks.runtime.settings import settings
from workers.broker_address import BrokerAddress, Kind, read_address
from workers.releases_queue import queue_options, transport_options

_exchange = Exchange("fanwire", type="direct")
STAGES = ("plan", "translate", "format", "deliver")


def task_queues(address: BrokerAddress) -> tuple[Queue, ...]:
    """The queues of tasks, as they are declared at a broker."""
    return tuple(Queue(name, _exchange, routing_key=name, **queue_options(address)) for name in STAGES)


def celery_settings(url: str, tls: dict[str, Any]) -> dict[str, Any]:
    """Celery's configuration for the broker at an address. The reasons: ARCHITECTURE, "Settings of Celery and Redis
    that are not the default, and why"."""
    address = read_address(url)
    routes = {name: {"queue": name, "routing_key": name} for name in STAGES}
    routes |= dict.fromkeys(("notify", "bounces", "ping", "fetch", "retain", "tell_producers"), routes["format"])
    return {
        "broker_url": address.kombu_url,
        "broker_use_ssl": tls or False,
        "broker_transport_options": transport_options(url, settings().visibility_timeout, tls=tls),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_pool_limit": 10,
        "task_queues": task_queues(address),
        "event_queue_exclusive": address.kind is Kind.RABBITMQ,  # Redis knows no such queues
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
