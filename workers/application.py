"""How the Celery application is made: by `workers/app.py` for workers and commands, by `workers/ops/flower_app.py` for
Flower, each as a user of the broker."""

from __future__ import annotations

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

from tasks.delivery.admission.shared_state import SharedState
from tasks.runtime.errors import UserError
from workers import clock, heartbeat, intake
from workers.broker import broker_url, shared_state, tls
from workers.broker_connection import Amqp
from workers.broker_users import User
from workers.guarded_transport import guarded_sentinel_transport, guarded_transport, set_aside
from workers.queues import celery_settings

GuardedTransport = guarded_transport(set_aside)
GuardedSentinelTransport = guarded_sentinel_transport(set_aside)
TRANSPORT_ALIASES |= dict.fromkeys(("redis", "rediss"), "workers.application:GuardedTransport")
TRANSPORT_ALIASES["sentinel"] = "workers.application:GuardedSentinelTransport"
"""So everything in this process that speaks to the broker by its address does it so: Celery's workers, and Flower."""


def make_app(user: User = User.WORKER) -> Celery:
    """Make the Celery application with its configuration and its steps."""
    application = Celery("fanwire", amqp=Amqp, include=["tasks.pipeline"], set_as_current=True)
    try:
        application.config_from_object(celery_settings(broker_url(user), tls(user)))
        application.conf.shared_state = SharedState(None) if user is User.FLOWER else shared_state()
    except UserError as refusal:
        raise SystemExit(str(refusal)) from None
    intake.install(application)
    clock.install(application)
    heartbeat.install()
    return application
