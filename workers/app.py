"""The Celery application. `fanwire up` starts its workers; `celery -A workers.app …` works as everywhere."""

from __future__ import annotations

import os
import signal
from typing import Any

from celery import Celery, signals
from kombu.transport import TRANSPORT_ALIASES

from tasks.runtime import shutdown
from tasks.runtime.errors import UserError
from tasks.runtime.private_files import UMASK
from workers import clock, heartbeat, intake, logs
from workers.broker import broker_url, tls
from workers.guarded_transport import guarded_transport, set_aside
from workers.queues import celery_settings
from workers.with_parent import signal_when_parent_ends

GuardedTransport = guarded_transport(set_aside)
TRANSPORT_ALIASES |= dict.fromkeys(("redis", "rediss"), "workers.app:GuardedTransport")
"""So everything in this process that speaks to the broker by its address does it so: Celery's workers, and Flower."""


def make_app() -> Celery:
    """Make the Celery application with its configuration and its steps."""
    application = Celery("fanwire", include=["tasks.pipeline"], set_as_current=True)
    application.config_from_object(celery_settings())
    try:
        application.conf.update(broker_url=broker_url(), broker_use_ssl=tls())
    except UserError as refusal:
        raise SystemExit(str(refusal)) from None
    intake.install(application)
    clock.install(application)
    heartbeat.install()
    return application


app = make_app()


@signals.setup_logging.connect
def _set_up_logs(**_: Any) -> None:
    logs.set_up("worker")


@signals.celeryd_init.connect
def _write_for_the_owner_only(**_: Any) -> None:
    """Whoever starts this worker: what it writes into the home is for nobody else."""
    os.umask(UMASK)


@signals.worker_shutting_down.connect
def _stop_drains(**_: Any) -> None:
    """Celery waits for running tasks without a word to them; a drain that sees this flag takes nothing more."""
    shutdown.ask()


@signals.worker_process_init.connect
def _die_with_parent(**_: Any) -> None:
    """A pool process whose worker was killed would go on unseen; Linux can end it with its parent."""
    signal_when_parent_ends(signal.SIGKILL)
