"""`python -m workers.worker …`: `celery -A workers.app worker …`, which starts in less time.

It imports no other command of Celery: Flower alone, which is one of them, costs each worker a tenth of a second.
"""

from __future__ import annotations

import os
import sys

from workers.imports import all_to_stay


def main(arguments: list[str]) -> None:
    """Be a worker of Celery with these options."""
    with all_to_stay():
        from celery.bin.base import CLIContext
        from celery.bin.worker import worker

        from workers.app import app

        app.loader.import_default_modules()
    worker.params.extend(app.user_options["worker"])
    context = CLIContext(app=app, no_color="NO_COLOR" in os.environ, workdir=None)
    worker.main(arguments, prog_name="celery worker", obj=context, auto_envvar_prefix="CELERY_WORKER")


if __name__ == "__main__":
    main(sys.argv[1:])
