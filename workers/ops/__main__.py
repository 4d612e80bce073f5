"""`python -m workers.ops flower …`: `celery -A workers.ops.flower_app flower …`, which starts in less time.

It imports no other command of Celery, of which one brings a whole toolkit for terminals.
"""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

from workers.imports import all_to_stay


def main(arguments: list[str]) -> None:
    """Be Flower with these options, and with its own application."""
    with all_to_stay():
        import click
        from celery.bin.base import CLIContext
        from flower import command

        from workers.ops.flower_app import app
    command.sigterm_handler = end
    context = CLIContext(app=app, no_color="NO_COLOR" in os.environ, workdir=None)
    # Flower asks its parent for options of Celery that were typed behind its name.
    command.flower.main(arguments, prog_name="celery flower", parent=click.Context(click.Group("celery"), obj=context))


def end(_signal: int, _frame: Any) -> NoReturn:
    """End at once at SIGTERM. Flower keeps nothing, and its own way is to wait for its threads: one that was being
    started when the signal came never ends."""
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[2:])
