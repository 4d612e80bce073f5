"""`python -m workers.ops flower …`: `celery -A workers.ops.flower_app flower …`, which starts in less time.

It imports no other command of Celery, of which one brings a whole toolkit for terminals.
"""

from __future__ import annotations

import os
import sys

from workers.imports import all_to_stay


def main(arguments: list[str]) -> None:
    """Be Flower with these options, and with its own application."""
    with all_to_stay():
        import click
        from celery.bin.base import CLIContext
        from flower.command import flower

        from workers.ops.flower_app import app
    context = CLIContext(app=app, no_color="NO_COLOR" in os.environ, workdir=None)
    # Flower asks its parent for options of Celery that were typed behind its name.
    flower.main(arguments, prog_name="celery flower", parent=click.Context(click.Group("celery"), obj=context))


if __name__ == "__main__":
    main(sys.argv[2:])
