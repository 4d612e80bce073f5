"""`python -m workers.celery_command APPLICATION …`: `celery -A APPLICATION …`, which so takes less time to start."""

from __future__ import annotations

import sys
from importlib import import_module

from workers.imports import all_to_stay


def main(application: str, *arguments: str) -> None:
    """Run a command of Celery with one of our applications, its tasks imported."""
    with all_to_stay():
        from celery.__main__ import main as celery

        import_module(application).app.loader.import_default_modules()
    sys.argv[1:] = ["-A", application, *arguments]
    celery()


if __name__ == "__main__":
    main(*sys.argv[1:])
