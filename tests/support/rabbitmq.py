"""A RabbitMQ of the tests' own, from Debian's package: one node, in its own folder, on ports of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.processes import end, free_port, start, until

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
PASSWORD = "Geheimnis-der-Warteschlange"
USERS = {
    "worker": (".*", ".*", ".*"),
    "producer": (r"^fanwire\.receipts\..*", "^releases$", r"^fanwire\.receipts\..*"),
}
"""What each may configure, write and read."""
LEAN = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"
"""One scheduler of Erlang, which does not spin while it waits."""


class RabbitMQ:
    """One node, which can be killed and started again on what it has written."""

    def __init__(self, folder: Path, *, certificate: Path | None = None, authority: Path | None = None) -> None:
        """`certificate`: a file with certificate and key; with it the node speaks TLS only."""
        self._folder = folder
        self.port, self._epmd = free_port(), free_port()
        self._tls = certificate is not None
        self._write(certificate, authority)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, user: str = "worker", host: str = "127.0.0.1") -> str:
        """The address of the node for a user."""
        return f"amqp{'s' if self._tls else ''}://{user}:{PASSWORD}@{host}:{self.port}/"

    def start(self) -> None:
        """Start the node, and wait until it takes connections."""
        places = {
            "MNESIA_BASE": "data", "LOG_BASE": "log", "CONFIG_FILE": "rabbitmq.conf", "PID_FILE": "pid",
            "ENABLED_PLUGINS_FILE": "plugins", "GENERATED_CONFIG_DIR": "generated",
        }  # fmt: skip
        env = os.environ | {f"RABBITMQ_{name}": str(self._folder / place) for name, place in places.items()}
        env |= {
            "HOME": str(self._folder),  # of the cookie
            "RABBITMQ_NODENAME": f"fanwire-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": LEAN,
            "ERL_EPMD_PORT": str(self._epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self._process = start([str(SERVER)], env, self._folder / "server.log")
        until(self._listens, lambda: (self._folder / "server.log").read_text()[-2000:])

    def kill(self, queues: Iterable[str]) -> None:
        """As by a power cut, once the node has the names of these quorum queues on disk. RabbitMQ 3.10 writes them down
        a second after a queue was declared; if it is killed before, nobody can consume from that queue."""
        names = [f"%2F_{queue}".encode() for queue in queues]
        until(lambda: all(name in self._known_queues() for name in names), self._known_queues)
        if self._process is not None:
            node = next(one for one in psutil.Process(self._process.pid).children(recursive=True)
                        if one.name().startswith("beam"))  # fmt: skip
            node.kill()
            end(self._process)
        self._process = None

    def _known_queues(self) -> bytes:
        """What is on disk of the names of quorum queues."""
        return b"".join(file.read_bytes() for file in self._folder.glob("data/*/quorum/*/names.dets"))

    def close(self) -> None:
        """End the node, and the port mapper that it has started."""
        if self._process is not None:
            end(self._process)
        for process in psutil.process_iter(["name"]):
            with contextlib.suppress(psutil.Error):
                if process.name() == "epmd" and process.environ().get("ERL_EPMD_PORT") == str(self._epmd):
                    process.kill()

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def _write(self, certificate: Path | None, authority: Path | None) -> None:
        users = [{"name": name, "password": PASSWORD, "tags": ""} for name in USERS]
        rights = [
            {"user": user, "vhost": "/", "configure": configure, "write": write, "read": read}
            for user, (configure, write, read) in USERS.items()
        ]
        definitions = {"users": users, "vhosts": [{"name": "/"}], "permissions": rights}
        (self._folder / "definitions.json").write_text(json.dumps(definitions))
        lines = [f"load_definitions = {self._folder / 'definitions.json'}", "log.console.level = warning"]
        if self._tls:
            lines += [
                "listeners.tcp = none",
                f"listeners.ssl.default = 127.0.0.1:{self.port}",
                f"ssl_options.certfile = {certificate}",
                f"ssl_options.keyfile = {certificate}",
                f"ssl_options.cacertfile = {authority}",
                "ssl_options.verify = verify_none",
            ]
        else:
            lines.append(f"listeners.tcp.default = 127.0.0.1:{self.port}")
        (self._folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        (self._folder / "plugins").write_text("[].\n")


@contextmanager
def own_rabbitmq(folder: Path, *, certificate: Path | None = None, authority: Path | None = None) -> Iterator[RabbitMQ]:
    """A node that ends with its test; skips where Debian's rabbitmq-server is not installed."""
    if not SERVER.exists() or not shutil.which("erl"):
        pytest.skip("Debian's rabbitmq-server is not installed")
    node = RabbitMQ(folder, certificate=certificate, authority=authority)
    try:
        node.start()
        yield node
    finally:
        node.close()
