"""Flower: read-only, behind a password, with tasks named in the pipeline's words.

The password comes from `FANWIRE_FLOWER_PASSWORD`, or is made once and kept in `flower.password` under the home. It goes
to Flower through a configuration file that only the owner can read, never through the command line.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys

from tasks.runtime.errors import ConfigurationRefused, Problem
from tasks.runtime.private_files import write_private
from tasks.runtime.settings import settings

MAX_TASKS = 20_000
"""Tasks that Flower remembers; its default of 100,000 takes half a gigabyte."""


def command() -> list[str]:
    """The command that runs Flower; writes its configuration."""
    config = settings().home.absolute() / "flower.conf.py"
    write_private(config, configuration())
    return [sys.executable, "-m", "workers.ops", "flower", f"--conf={config}"]


def configuration() -> str:
    """Flower's configuration file, in Python as Flower wants it."""
    values = {
        "port": settings().flower_port,
        "address": address(),
        "basic_auth": [f"{settings().flower_user}:{password()}"],
        "cookie_secret": secrets.token_urlsafe(32),
        "read_only": True,
        "persistent": False,
        "enable_events": False,  # workers send them by themselves; Flower would ask for them every 5 s
        "max_tasks": MAX_TASKS,
        "tasks_columns": "name,state,args,result,received,runtime,worker",
    }
    return "".join(f"{name} = {value!r}\n" for name, value in values.items())


def address() -> str:
    """The IP address Flower listens on (FANWIRE_FLOWER_ADDRESS, default 127.0.0.1)."""
    return os.environ.get("FANWIRE_FLOWER_ADDRESS", "127.0.0.1")


def need_port() -> None:
    """Raise ConfigurationRefused when somebody else listens on Flower's port: to find that out later takes a look into
    a log."""
    port = settings().flower_port
    family = socket.AF_INET6 if ":" in address() else socket.AF_INET
    try:
        socket.create_server((address(), port), family=family).close()
    except OSError as error:
        with socket.create_server(("127.0.0.1", 0)) as free:
            example = str(free.getsockname()[1])
        problem = f"Flower cannot listen on {address()}, port {port}: {os.strerror(error.errno or 0).lower()}"
        raise ConfigurationRefused([Problem("FANWIRE_FLOWER_PORT", problem, example)]) from None


def password() -> str:
    """Flower's password: the configured one, or one of our own that is made once."""
    configured = settings().flower_password
    if configured is not None:
        return configured.get_secret_value()
    file = settings().home.absolute() / "flower.password"
    if not file.exists():
        write_private(file, secrets.token_urlsafe(12) + "\n")
    return file.read_text().strip()
