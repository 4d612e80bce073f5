"""Where outlets may be: which ports their URLs may name, and where credentials may go without encryption.

The address policy (tasks/delivery/transfers/address_policy.py) looks at addresses when they are dialled. This looks at
what a document says, when it is imported.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import urlsplit

import idna

USUAL_PORTS = {"ftp": 21, "ftps": 990, "sftp": 22, "smtp": 25, "smtps": 465}
"""What is the right port for the scheme of a transport, although it is none for a web server."""
OTHER_SERVICES = frozenset({
    # What browsers refuse to talk HTTP to (Fetch Standard, "port blocking"), below 1024 …
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
    111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
    540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995,
    # … and above it,
    1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
    # and those of databases, brokers, and the control of machines and containers.
    445, 873, 1433, 1521, 1883, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5433, 5671, 5672, 5900, 5985,
    5986, 6379, 6380, 7000, 7001, 9042, 9092, 9160, 9200, 9300, 10250, 10255, 11211, 16379, 26379, 27017, 27018, 27019,
})  # fmt: skip


_LABEL = re.compile(r"[A-Z0-9_]([A-Z0-9_-]{0,61}[A-Z0-9_])?", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE | re.ASCII)
"""What a name that is to be a network address ends in."""
LONGEST_HOST = 253


def wrong_host(url: str) -> str | None:
    """Why nobody can dial the host of this URL; None if somebody may, or the URL names no host."""
    host = urlsplit(url).hostname
    if host is None or is_address(host):
        return None
    labels = _in_ascii(host).removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return f"has the host {host[:80]!r}, which is no address: write it with four numbers from 0 to 255, or a name"
    if len(".".join(labels)) > LONGEST_HOST or not all(map(_LABEL.fullmatch, labels)):
        return f"has the host {host[:80]!r}, which is no name of a host: write the outlet's own, letter by letter"
    return None


def is_address(host: str) -> bool:
    """Whether a host is an IP address and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _in_ascii(host: str) -> str:
    """An international name as name servers know it; what cannot be one stays as it is."""
    try:
        return host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return host


@dataclass(frozen=True, kw_only=True)
class Destinations:
    """Which addresses of outlets the operator allows beyond the usual ones."""

    networks: Collection[IPv4Network | IPv6Network] = ()
    """Ranges that may be delivered to although they are not public; what goes there stays inside."""
    ports: Collection[int] = ()
    """Ports that are good although they belong to other services."""
    plain_http_hosts: Collection[str] = ()
    """Hosts, in small letters, that credentials may go to over http://."""

    def wrong_port(self, url: str) -> str | None:
        """Why an outlet may not be at the port of this URL; None if it may."""
        parts = urlsplit(url)
        port = parts.port
        if port == 0:
            return "has port 0, at which nothing can listen: write the outlet's own port, or none for the usual one"
        if port not in OTHER_SERVICES or port in self.ports or port == USUAL_PORTS.get(parts.scheme):
            return None
        return f"port {port} belongs to a service that is no outlet; FANWIRE_ALLOWED_PORTS may allow it"

    def exposed(self, url: str, *, plain: bool = False) -> str | None:
        """Why no credential may go to this URL; None if one may. `plain`: it would go unencrypted, whatever the scheme
        says; else only that of `http` does."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        scheme = parts.scheme.rpartition("+")[2]
        if not (plain or scheme == "http") or host in self.plain_http_hosts or self._is_inside(host):
            return None
        return (
            f"a credential would go to {host} over {scheme}://, for everybody on the way to read: use "
            f"{'TLS' if plain else 'https://'}; "
            "FANWIRE_PLAIN_HTTP_HOSTS may allow the host"
        )

    def _is_inside(self, host: str) -> bool:
        """Whether it is this machine, or an address in a range that is allowed."""
        try:
            address = ip_address(host)
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")
        return address.is_loopback or any(address in network for network in self.networks)
