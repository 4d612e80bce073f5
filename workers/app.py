"""The Celery application. `fanwire up` starts its workers; `celery -A workers.app …` works as everywhere."""

from __future__ import annotations

import os
import signal
from typing import Any

from celery import signals

from tasks.runtime import shutdown
from tasks.runtime.private_files import UMASK
from workers import logs
from workers.application import make_app
from workers.with_parent import signal_when_parent_ends

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
