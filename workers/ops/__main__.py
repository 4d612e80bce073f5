"""`python -m workers.ops flower …`: `celery -A workers.ops.flower_app flower …`, which starts in less time."""

from __future__ import annotations

import sys

from workers.imports import all_to_stay


def main(arguments: list[str]) -> None:
    """Run a command of Celery with the application of Flower."""
    with all_to_stay():
        from celery.bin.celery import main as celery

        from workers.ops import flower_app
    sys.argv[1:] = ["-A", flower_app.__name__, *arguments]
    celery()


if __name__ == "__main__":
    main(sys.argv[1:])
