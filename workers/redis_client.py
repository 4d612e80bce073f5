"""A client of redis for each form that the address of a Redis may have."""

from __future__ import annotations

from typing import Any

import redis
from redis.sentinel import Sentinel

from workers.broker_address import BrokerAddress, Kind, read_address
from workers.releases_queue import sentinel_options


def redis_client(url: str, *, tls: dict[str, Any] | None = None, **options: Any) -> redis.Redis:
    """A client for the Redis at an address; with sentinels for whichever of them is the master, at each connection.

    `tls`: as `tls_options` gives them. `options`: those of redis.Redis. Raises ValueError for an address of something
    else.
    """
    address = read_address(url)
    if address.kind is Kind.RABBITMQ:
        raise ValueError("is no address of Redis or Valkey")
    mine: dict[str, Any] = {"username": address.user, "password": address.password, "db": int(address.database)}
    if address.kind is Kind.SOCKET:
        return redis.Redis(unix_socket_path=address.path, **mine, **options)
    encrypted = {"ssl": True, **(tls or {})} if address.tls else {}
    if address.kind is Kind.REDIS:
        [(host, port)] = address.hosts
        return redis.Redis(host=host, port=port, **mine, **encrypted, **options)
    master: redis.Redis = sentinels(address, tls).master_for(  # type: ignore[no-untyped-call]
        address.master, **mine, **encrypted, **options
    )
    return master


def sentinels(address: BrokerAddress, tls: dict[str, Any] | None) -> Sentinel:
    """The sentinels of an address that has some."""
    return Sentinel(  # type: ignore[no-untyped-call]
        list(address.hosts), sentinel_kwargs=sentinel_options(address, tls or {})
    )
