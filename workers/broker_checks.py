"""What `fanwire doctor` finds at the broker: Redis or Valkey, with sentinels or without, or RabbitMQ; and at the Redis
that holds what drains know together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import redis
from amqp.exceptions import NotFound, PreconditionFailed
from kombu import Connection

from workers import broker
from workers.broker_address import BrokerAddress, Kind
from workers.engines import is_loopback
from workers.finding import Finding
from workers.queues import STAGES
from workers.redis_client import sentinels
from workers.releases_queue import RELEASES, queue_options

MANUAL = "deploy/README.md, `Users of the broker`"
SENTINELS = 3
"""Of fewer no majority is left when one is lost with its machine."""


def examine_broker() -> Iterator[Finding]:
    """Look at the configured broker; raises one of BROKER_ERRORS when it does not answer."""
    if broker.address().kind is Kind.RABBITMQ:
        yield from _rabbitmq()
        return
    with broker.client() as client:
        yield from _users_of_redis(client)
        try:
            server: dict[str, Any] = client.info()
        except redis.exceptions.NoPermissionError:
            yield Finding("fine", "the broker answers, and says nothing about itself to its user of FANWIRE_BROKER_URL")
            return
    yield from _redis(server)
    address = broker.address()
    if address.kind is Kind.SENTINEL:
        yield from replication(server, fails_over=True)
        yield from _sentinels(address)
    elif not all(is_loopback(host) for host, _ in address.hosts):  # else the workers are lost with it
        yield from replication(server, fails_over=False)


def examine_shared_state(*, limited_outlets: int) -> Iterator[Finding]:
    """Look at the Redis that holds what drains know together. `limited_outlets`: outlets with a limit per minute."""
    url = broker.shared_state_url()
    if url is None:
        what = "no Redis holds what the drains know together (FANWIRE_SHARED_STATE_URL): no outlet and no host rests"
        limits = f", and nothing keeps the limits per minute of {limited_outlets:,} outlets"
        yield Finding("unsafe" if limited_outlets else "note", what + (limits if limited_outlets else ""))
    elif url != broker.broker_url():
        with broker.shared_state_client() as client:
            client.ping()
        yield Finding("fine", f"the Redis that holds what the drains know together answers ({broker.where(url)})")


def _redis(server: Mapping[str, Any]) -> Iterator[Finding]:
    name = server.get("server_name", "redis")
    version = server.get("valkey_version" if name == "valkey" else "redis_version", server.get("redis_version"))
    yield Finding("fine", f"the broker answers ({name} {version})")
    if server.get("maxmemory_policy") != "noeviction":
        yield Finding("unsafe", "the broker throws out data when it is full: set maxmemory-policy noeviction")
    if not server.get("aof_enabled"):
        yield Finding(
            "note",
            "the broker keeps no log (appendonly no): after its restart releases without a receipt are sent again",
        )


def replication(server: Mapping[str, Any], *, fails_over: bool) -> Iterator[Finding]:
    """What a Redis says of its replicas. `fails_over`: sentinels would make one of them the master."""
    if server.get("role") != "master":
        yield Finding("unsafe", "the broker is a replica, and takes nothing: FANWIRE_BROKER_URL must name its master")
        return
    if not server.get("connected_slaves"):
        what = "the broker has no replica: until it is back nothing is taken in"
        if fails_over:
            yield Finding("unsafe", f"{what}, and there is nothing to fail over to")
        else:
            yield Finding("note", f"{what}; what has a receipt is delivered then")
    elif "min_slaves_good_slaves" not in server:
        yield Finding(
            "note",
            "a master that is cut off from its replicas goes on taking what is lost at the fail-over: set "
            "min-replicas-to-write 1",
        )


def _sentinels(address: BrokerAddress) -> Iterator[Finding]:
    """Whether enough sentinels are there to agree on another master."""
    silent, others = [], 0
    for sentinel, (host, port) in zip(sentinels(address, broker.tls()).sentinels, address.hosts, strict=True):
        with sentinel:
            try:
                seen: Any = sentinel.sentinel_master(address.master)
            except (redis.RedisError, OSError):
                silent.append(f"{host}:{port}")
                continue
        others = max(others, int(seen["num-other-sentinels"]))
        if seen.get("is_odown"):
            yield Finding("unsafe", f"the sentinel at {host}:{port} says that the master is down")
    if silent:
        yield Finding("unsafe", f"{len(silent)} of {len(address.hosts)} sentinels do not answer: {', '.join(silent)}")
    if others + 1 < SENTINELS:
        what = f"{others + 1} sentinels watch the master {address.master!r}: with fewer than {SENTINELS} nobody is left"
        yield Finding("note", f"{what} to agree on another one when a machine is lost")


def _users_of_redis(client: redis.Redis) -> Iterator[Finding]:
    """Whether anybody, or everybody who has our address, may do more at the broker than Fanwire needs."""
    what = "read embargoed texts, empty it, and give orders to workers: give each process a user of its own, as in"
    if broker.lets_anybody_in():
        yield Finding("note", f"the broker lets anybody in without a password, to {what} {MANUAL}")
    elif _may_everything(client):
        yield Finding("note", f"who has the address of the broker that stands here may {what} {MANUAL}")


def _may_everything(client: redis.Redis) -> bool:
    """Whether our user of the broker may do what is the server's. One that may not look has rules of its own."""
    try:
        rights: Mapping[str, Any] = client.acl_getuser(str(client.acl_whoami())) or {}
    except redis.exceptions.NoPermissionError:
        return False
    except redis.ResponseError:  # it is too old to have users
        return True
    categories = set(rights.get("categories", ()))
    return "+@all" in categories and not {"-@admin", "-@dangerous"} <= categories


def _rabbitmq() -> Iterator[Finding]:
    with broker.rabbitmq() as connection:
        connection.connect()
        server: Mapping[str, Any] = connection.connection.server_properties
        yield Finding("fine", f"the broker answers ({server.get('product')} {server.get('version')})")
        if int(str(server.get("version", "0")).partition(".")[0]) < 4:
            yield Finding("note", "this version of RabbitMQ is not maintained any more, and its quorum queues know no "
                          "urgency: use 4 or later")  # fmt: skip
        wrong = [queue for queue in (RELEASES, *STAGES) if _is_no_quorum_queue(connection, queue)]
    if wrong:
        delete = "; ".join(f"rabbitmqctl delete_queue {queue}" for queue in wrong)
        yield Finding("unsafe", f"{len(wrong)} queues are no quorum queues, and workers refuse them: when they are "
                      f"empty, {delete}")  # fmt: skip
    if broker.lets_guest_in():
        yield Finding("note", f"the broker lets in the user guest with the password that everybody knows; see {MANUAL}")
    yield Finding("note", "only RabbitMQ itself knows whether its queues would survive the loss of a node: ask "
                  "`rabbitmq-diagnostics check_if_node_is_quorum_critical` there")  # fmt: skip


def _is_no_quorum_queue(connection: Connection, queue: str) -> bool:
    """Whether a queue that is there is of another type than we declare."""
    wanted = queue_options(broker.address())["queue_arguments"]
    channel: Any
    try:
        with connection.channel() as channel:
            channel.queue_declare(queue, passive=True)
        with connection.channel() as channel:
            channel.queue_declare(queue, durable=True, auto_delete=False, arguments=wanted)
    except NotFound:
        return False
    except PreconditionFailed:
        return True
    return False
