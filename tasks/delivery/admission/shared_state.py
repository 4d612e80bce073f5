"""What all drains know of hosts and outlets together: kept in Redis, asked in bulk, and never needed.

Breaker, failing hosts and rate limiter describe what they want as a `Call`: a Lua script, its keys, and what the reply
means. `SharedState` runs calls, one or two in a round trip, however many hosts they name. When Redis is away, slow or
refuses, the result is the call's `fallback`, as if nothing were kept: everything fails open. Nothing that must be true
may be kept here; that is what the ledger is for.

Keys, all beginning with `fanwire:` and all with a time to live. They keep the names of the first version, so that
drains of two versions share them while workers are replaced:

| key | kind | documented in |
|---|---|---|
| `fanwire:breaker:{host}` | hash | breaker.py |
| `fanwire:tracker:{host}` | hash | failing_hosts.py |
| `fanwire:rate:{outlet}` | string | rate_limiter.py |
| `fanwire:slot:{delivery}` | string | rate_limiter.py |

Moments in them are seconds since the epoch by the workers' clocks, which must agree to about a second, as for the
ledger. A Redis Cluster is not supported, nor is it by Celery's broker: a script touches the keys of many hosts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha1
from typing import Any, Final, Generic, Self, TypeVar
from urllib.parse import urlsplit

import redis
import structlog
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from tasks.runtime.time_source import TimeSource

log = structlog.get_logger()

A = TypeVar("A")
B = TypeVar("B")

TIMEOUT: Final = 0.5
"""Seconds for connecting, and for an answer. An answer takes less than a millisecond here, some 10 ms across a country;
meanwhile all transfers of the drain wait."""
PAUSE_AFTER_ERROR: Final = 5.0
"""Seconds without another try after an error, so that a dead Redis costs a drain at most a tenth of its time."""
PORTS: Final = {"http": 80, "https": 443, "ftp": 21, "ftps": 990, "sftp": 22, "smtp": 25, "smtps": 465}
"""Where a URL without a port leads: with and without `:443` it is the same host."""


@lru_cache(maxsize=16384)
def host_of(url: str) -> str:
    """`host:port` of a URL: lower case, without scheme, user and password.

    Raises nothing, so that one odd outlet does not stop a drain: of a URL without a host it is whatever stands there.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return url.partition("//")[2].partition("/")[0].rpartition("@")[2].lower()
    host = host.rstrip(".") or host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Script:
    """A Lua script and the name by which Redis knows it once it has seen it."""

    __slots__ = ("sha", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[A]):
    """One Redis script with its arguments. A call without keys results in `fallback`, without a round trip."""

    script: Script
    keys: Sequence[str]
    arguments: Sequence[str | int | float]
    read: Callable[[Any], A]
    """From the script's reply to the result."""
    fallback: A
    """The result when Redis cannot be asked."""


class SharedState:
    """Runs calls. Make one for each process (or before the fork: each child connects for itself) and keep it, for it
    notes that Redis is away. Threads may share it."""

    def __init__(self, connect: Callable[[], redis.Redis] | None, *, time_source: TimeSource = time) -> None:
        """`connect` is called when a process first needs it, and its client should have short timeouts and no retries
        (see `at`); None: nothing is ever kept."""
        self._connect = connect
        self._monotonic = time_source.monotonic
        self._client: redis.Redis | None = None
        self._pid = 0
        self._pause_until = 0.0
        self._away_since: float | None = None

    @classmethod
    def at(
        cls,
        url: str,
        *,
        connect: Callable[..., redis.Redis] = redis.Redis.from_url,
        timeout: float = TIMEOUT,
        time_source: TimeSource = time,
    ) -> Self:
        """Shared state at an address that `connect` knows; any other one is logged once and keeps nothing.

        `connect`: makes a client of an address and options of redis. `timeout`: seconds for connecting, and for an
        answer.

        Protocol 2 and no driver name: at connecting, each question less is a round trip less.
        """
        return cls(
            lambda: connect(
                url,
                socket_timeout=timeout,
                socket_connect_timeout=timeout,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
                driver_info=None,
                client_name="fanwire-drain",
                decode_responses=True,
            ),
            time_source=time_source,
        )

    def run(self, call: Call[A]) -> A:
        """Run one call, in one round trip, and return its result. Raises nothing."""
        return _read(call, self._replies([call])[0])

    def run_both(self, first: Call[A], second: Call[B]) -> tuple[A, B]:
        """Run two calls, in one round trip, and return their results. Raises nothing."""
        replies = self._replies([first, second])
        return _read(first, replies[0]), _read(second, replies[1])

    def close(self) -> None:
        """Close the connections of this process; a later call opens others."""
        if self._client is not None and self._pid == os.getpid():
            self._client.close()
        self._client = None

    def _replies(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """The reply to each call; None where there was none, or an error."""
        replies: list[Any] = [None] * len(calls)
        wanted = [place for place, call in enumerate(calls) if call.keys]
        if not wanted or self._connect is None or self._monotonic() < self._pause_until:
            return replies
        try:
            client = self._own_client(self._connect)
            found = _execute(client, [("EVALSHA", calls[place].script.sha, calls[place]) for place in wanted])
            unknown = [place for place, reply in zip(wanted, found, strict=True) if isinstance(reply, NoScriptError)]
            replies = _placed(replies, wanted, found)
            if unknown:
                found = _execute(client, [("EVAL", calls[place].script.text, calls[place]) for place in unknown])
                replies = _placed(replies, unknown, found)
        except (RedisError, OSError, ValueError) as error:
            self._note_error(error)
            return [None] * len(calls)
        errors = [reply for reply in replies if isinstance(reply, Exception)]
        if errors:
            self._note_error(errors[0])
        else:
            self._note_answer()
        return [None if isinstance(reply, Exception) else reply for reply in replies]

    def _own_client(self, connect: Callable[[], redis.Redis]) -> redis.Redis:
        """The client of this process: a connection that a parent opened is the parent's."""
        if self._client is None or self._pid != os.getpid():
            self._client, self._pid = connect(), os.getpid()
        return self._client

    def _note_error(self, error: Exception) -> None:
        now = self._monotonic()
        self._pause_until = now + PAUSE_AFTER_ERROR
        if self._away_since is None:
            self._away_since = now
            log.warning("shared state away: breaker and rate limits let everything pass", error=_safe_text(error))

    def _note_answer(self) -> None:
        if self._away_since is not None:
            log.info("shared state back", seconds=round(self._monotonic() - self._away_since, 1))
            self._away_since = None


def delete_keys(keys: Iterable[str]) -> Call[int]:
    """A Redis call that deletes `keys`; its result is how many existed."""
    return Call(script=_DELETE, keys=list(dict.fromkeys(keys)), arguments=[], read=int, fallback=0)


def decoded(value: str | bytes) -> str:
    """The text of a Redis reply, whether the client decodes replies or not."""
    return value.decode() if isinstance(value, bytes) else value


_DELETE = Script("local had = 0 for _, key in ipairs(KEYS) do had = had + redis.call('DEL', key) end return had")


def _execute(client: redis.Redis, commands: Sequence[tuple[str, str, Call[Any]]]) -> list[Any]:
    """Each command's reply or error, in one round trip; raises RedisError if there was none."""
    with client.pipeline(transaction=False) as pipeline:
        for name, script, call in commands:
            pipeline.execute_command(  # type: ignore[no-untyped-call]
                name, script, len(call.keys), *call.keys, *call.arguments
            )
        replies: list[Any] = pipeline.execute(raise_on_error=False)
    return replies


def _placed(replies: list[Any], places: Sequence[int], found: Sequence[Any]) -> list[Any]:
    """`replies` with what was found in these places."""
    by_place = dict(zip(places, found, strict=True))
    return [by_place.get(place, reply) for place, reply in enumerate(replies)]


def _read(call: Call[A], reply: Any) -> A:
    return call.fallback if reply is None else call.read(reply)


def _safe_text(error: Exception) -> str:
    """The text of a ValueError may quote a part of the address, and with it of the password."""
    kind = type(error).__name__
    return f"{kind}: {str(error).splitlines()[0]}" if isinstance(error, RedisError) and str(error) else kind
