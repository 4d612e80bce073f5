"""The address of the broker: the forms that it may have, and what kombu must be told for each of them.

| form | broker |
|---|---|
| `redis://USER:PASSWORD@HOST:6379/0`, `rediss://…` | Redis or Valkey; the second form is TLS |
| `unix://USER:PASSWORD@/PATH?db=0`, `redis+socket://…` | the same, by a socket of this machine |
| `sentinel://USER:PASSWORD@HOST:26379;HOST;HOST/0`, `sentinels://…` | whichever these sentinels name as the master |
| `amqp://USER:PASSWORD@HOST:5672;HOST/VHOST`, `amqps://…` | RabbitMQ: the first of these hosts that answers |

Only kombu may be imported here, and nothing that reads settings: producers use it on machines without the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit


class Kind(StrEnum):
    """What answers at an address, and how it is reached."""

    REDIS = "redis"
    SOCKET = "socket"
    SENTINEL = "sentinel"
    RABBITMQ = "rabbitmq"


MASTER = "mymaster"
"""What sentinels call the master that they watch, unless the address says otherwise."""
_SCHEMES = {
    "redis": (Kind.REDIS, False, 6379),
    "rediss": (Kind.REDIS, True, 6379),
    "redis+socket": (Kind.SOCKET, False, 0),
    "unix": (Kind.SOCKET, False, 0),
    "sentinel": (Kind.SENTINEL, False, 26379),
    "sentinels": (Kind.SENTINEL, True, 26379),
    "amqp": (Kind.RABBITMQ, False, 5672),
    "amqps": (Kind.RABBITMQ, True, 5671),
}
_OPTIONS = {
    Kind.REDIS: frozenset[str](),
    Kind.SOCKET: frozenset({"db", "virtual_host"}),
    Kind.SENTINEL: frozenset({"master_name", "sentinel_username", "sentinel_password"}),
    Kind.RABBITMQ: frozenset[str](),
}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A broker's address, read. Only `place` may be shown."""

    kind: Kind
    tls: bool
    hosts: tuple[tuple[str, int], ...]
    """Hosts with their ports: sentinels, or nodes of RabbitMQ, in the order in which they are tried. Empty for a
    socket."""
    user: str | None
    password: str | None = field(repr=False)
    database: str
    """The number of the database, or RabbitMQ's virtual host."""
    path: str = ""
    """The file of the socket."""
    master: str = MASTER
    sentinel_user: str | None = None
    """Who we are for the sentinels themselves; None: they ask nobody."""
    sentinel_password: str | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """Where the broker is, for people: hosts and ports, or a file."""
        if self.kind is Kind.SOCKET:
            return self.path
        return ", ".join(_netloc(host, port) for host, port in self.hosts)

    @property
    def kombu_url(self) -> str:
        """The address as kombu and Celery read it, with the password: several are separated by `;`."""
        who = f"{quote(self.user or '', safe='')}:{quote(self.password or '', safe='')}@"
        who = who if self.user or self.password else ""
        if self.kind is Kind.SOCKET:
            return f"redis+socket://{who}{quote(self.path)}?{urlencode({'virtual_host': self.database})}"
        scheme = {Kind.REDIS: "redis", Kind.SENTINEL: "sentinel", Kind.RABBITMQ: "amqp"}[self.kind]
        if self.tls and self.kind is not Kind.SENTINEL:
            scheme += "s"
        database = quote(self.database, safe="")
        return ";".join(f"{scheme}://{who}{_netloc(host, port)}/{database}" for host, port in self.hosts)


def read_address(url: str) -> BrokerAddress:
    """Read a broker's address. Raises ValueError with what is wrong, and never with a part of what was given."""
    scheme, found, rest = url.partition("://")
    if not found or scheme not in _SCHEMES:
        raise ValueError(f"must begin with {', '.join(f'{known}://' for known in _SCHEMES)}")
    kind, tls, usual_port = _SCHEMES[scheme]
    each = rest.split(";") if kind in (Kind.SENTINEL, Kind.RABBITMQ) else [rest]
    try:
        parts = [urlsplit(f"broker://{part.removeprefix(f'{scheme}://')}") for part in each]
        hosts = tuple((part.hostname or "", part.port or usual_port) for part in parts)
        sound = kind is Kind.SOCKET or all(part.hostname and part.port != 0 for part in parts)
    except ValueError:  # its text would quote the address
        sound = False
    if not sound or any(part.fragment or ";" in part.netloc for part in parts):
        raise ValueError("must name a host; in its password # / ? ; [ ] are written %23 %2F %3F %3B %5B %5D")
    options = dict(parse_qsl(parts[-1].query, keep_blank_values=True))
    if any(name.startswith("ssl") for name in options):
        raise ValueError("must not have options of TLS; give ca_file and certificate instead")
    if unknown := set(options) - _OPTIONS[kind]:
        allowed = ", ".join(sorted(_OPTIONS[kind])) or "none"
        raise ValueError(f"has {len(unknown)} options that are not known; those of {scheme}:// are: {allowed}")
    users = {(part.username, part.password) for part in parts if part.username or part.password}
    if len(users) > 1:
        raise ValueError("must have the same user and password for all its hosts")
    user, password = next(iter(users), (None, None))
    address = BrokerAddress(
        kind,
        tls,
        () if kind is Kind.SOCKET else hosts,
        unquote(user) if user else None,
        unquote(password) if password else None,
        _database(kind, unquote(parts[-1].path.removeprefix("/")), options),
        path=unquote(parts[0].path) if kind is Kind.SOCKET else "",
        master=options.get("master_name", MASTER),
        sentinel_user=options.get("sentinel_username"),
        sentinel_password=options.get("sentinel_password"),
    )
    if kind is Kind.SOCKET and (parts[0].hostname or len(address.path) < 2):
        raise ValueError("must name the file of a socket by its whole path, such as unix:///run/valkey/valkey.sock")
    return address


def _database(kind: Kind, path: str, options: Mapping[str, str]) -> str:
    """The database that an address names. Raises ValueError."""
    if kind is Kind.RABBITMQ:
        return path or "/"
    named = options.get("db", options.get("virtual_host", "0")) if kind is Kind.SOCKET else path or "0"
    if not named.isascii() or not named.isdigit():
        raise ValueError("must name a database by its number")
    return str(int(named))


def _netloc(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
