"""Where the web server listens, and the command that runs it; nothing big is imported here."""

from __future__ import annotations

import os
import socket
import sys
from ipaddress import IPv6Address

from tasks.runtime.errors import ConfigurationRefused, Problem
from tasks.runtime.settings import settings

UNTAKEN_SECONDS = 60.0
"""After this a connection ends whose other side takes nothing of what was sent to it."""


def command() -> list[str]:
    """The command that runs the web server."""
    return [sys.executable, "-m", "workers.web.serve"]


def here() -> str:
    """The address of the web server on this machine, without a slash at its end."""
    address = settings().web_address
    host = f"[{address}]" if address.version == 6 else str(address)
    return f"http://{host}:{settings().web_port}"


def listen() -> socket.socket:
    """Listen where the settings say. Raises ConfigurationRefused when that cannot be, as when somebody else does."""
    address, port = settings().web_address, settings().web_port
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    try:
        listening = socket.create_server((str(address), port), family=family, backlog=1024)
        # Connections inherit it. Without it the body of a short answer waits 40 ms for its head to be acknowledged.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNTAKEN_SECONDS * 1000))
        return listening
    except OSError as error:
        with socket.create_server(("127.0.0.1", 0)) as free:
            example = str(free.getsockname()[1])
        problem = f"the web server cannot listen on {address}, port {port}: {os.strerror(error.errno or 0).lower()}"
        raise ConfigurationRefused([Problem("FANWIRE_WEB_PORT", problem, example)]) from None
