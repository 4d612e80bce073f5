"""The Celery application. `fanwire up` starts its workers; `celery -A workers.app …` works as everywhere."""

from __future__ import annotations

import os
import signal
from typing import Any

from billiard.process import current_process
from celery import signals

from tasks.ledger import presence
from tasks.runtime import shutdown
from tasks.runtime.private_files import UMASK
from workers import logs
from workers.application import make_app
from workers.with_parent import signal_when_parent_ends

shutdown.begin()
app = make_app()


@signals.celeryd_init.connect
def _prepare(sender: str, **_: Any) -> None:
    """Before a worker does anything: its log lines have its name, as in `intake@host`, and so has what it signs in.

    Whoever starts this worker: what it writes into the home is for nobody else.
    """
    os.umask(UMASK)
    name = sender.partition("@")[0]
    logs.set_up(name)
    presence.be(name)
    _delay_nothing()


def _delay_nothing() -> None:
    """No message of ours waits at the broker for its time; at RabbitMQ Celery would declare 28 queues for such ones."""
    from celery.worker.consumer.consumer import Consumer  # here, for a worker has it anyway, and others need it not

    blueprint: Any = Consumer.Blueprint
    blueprint.default_steps = [step for step in blueprint.default_steps if "delayed_delivery" not in step]


@signals.setup_logging.connect
def _leave_logs_alone(**_: Any) -> None:
    """Celery sets up logs of its own unless somebody listens here."""


@signals.worker_shutting_down.connect
def _stop_drains(**_: Any) -> None:
    """Celery waits for running tasks without a word to them; a drain that sees this flag takes nothing more."""
    shutdown.ask()


@signals.worker_process_init.connect
def _die_with_parent(**_: Any) -> None:
    """A pool process whose worker was killed would go on unseen; Linux can end it with its parent."""
    signal_when_parent_ends(signal.SIGKILL)
    worker = current_process()._parent_pid  # type: ignore[attr-defined]
    if worker not in (None, os.getppid()):  # it ended before this process had asked for the signal
        os.kill(os.getpid(), signal.SIGKILL)
