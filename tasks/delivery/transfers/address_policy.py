"""Which addresses Fanwire dials: the public internet, and nothing inside anybody's network.

An outlet's URL is written by somebody else, and its name can resolve to anything at any time. The transfer loop
therefore asks here with the very address it is about to connect to. Refused by default is everything that is not known
to be globally reachable (IANA special-purpose registries, RFC 6890), plus the metadata services of clouds.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_REFUSED_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # "this network"; 0.0.0.0 reaches the own machine
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers' NAT; 100.100.100.200 is Alibaba's metadata
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's host agent, a public address that is inside
            "169.254.0.0/16",  # link-local; 169.254.169.254 and .170.2 are metadata
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is Oracle's metadata
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays, given up
            "192.168.0.0/16",
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)


def _masked(networks: Iterable[IPv4Network]) -> tuple[tuple[int, int], ...]:
    """Networks as numbers, each with its mask: a look at all of them then takes a microsecond."""
    return tuple((int(network.network_address), int(network.netmask)) for network in networks)


_REFUSED_NUMBERS_4 = _masked(_REFUSED_4)
_GLOBAL_6 = IPv6Network("2000::/3")
"""All that is assigned as global unicast; loopback, ULA, link-local, site-local, multicast … lie outside."""
_REFUSED_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: benchmarks, ORCHID …; Teredo is judged before
            "2001:db8::/32",  # documentation
            "3fff::/20",  # documentation
        ),
    )
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")  # SIIT, RFC 2765
_COMPATIBLE = IPv6Network("::/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
# 64:ff9b:1::/48 (RFC 8215) is for translators inside a network, and where in it the IPv4 address stands is that
# network's choice (RFC 6052, 2.2), so no reading of it can be trusted: it is refused whole, like any local range.


class AddressPolicy:
    """Says which network addresses may be dialled. `allowed_networks`: ranges that would be refused otherwise, such as
    127.0.0.0/8 for a farm."""

    def __init__(self, allowed_networks: Iterable[IPv4Network | IPv6Network] = ()) -> None:
        networks = tuple(allowed_networks)
        self._allowed_4 = _masked(network for network in networks if isinstance(network, IPv4Network))
        self._allowed_6 = tuple(network for network in networks if isinstance(network, IPv6Network))
        self.allows = lru_cache(maxsize=32768)(self._allows)
        """`allows(ip) -> bool`; what is no IP address is refused."""

    def _allows(self, ip: str) -> bool:
        try:
            return self._allows_4(int.from_bytes(socket.inet_pton(socket.AF_INET, ip)))
        except (OSError, ValueError):  # ValueError: it holds a zero byte
            return self._allows_other(ip)

    def _allows_other(self, ip: str) -> bool:
        """Whether an address may be dialled that is not written as IPv4."""
        try:
            address = ip_address(ip.partition("%")[0])
        except ValueError:
            return False
        return self._allows_4(int(address)) if isinstance(address, IPv4Address) else self._allows_6(address)

    def _allows_4(self, number: int) -> bool:
        for network, mask in self._allowed_4:
            if number & mask == network:
                return True
        return all(number & mask != network for network, mask in _REFUSED_NUMBERS_4)

    def _allows_6(self, address: IPv6Address) -> bool:
        if any(address in network for network in self._allowed_6):
            return True
        inner = _inner(address)
        if inner:
            return all(self._allows_4(int(carried)) for carried in inner)
        return address in _GLOBAL_6 and not any(address in network for network in _REFUSED_6)


def _inner(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that a packet to this IPv6 address would be carried to; empty if it is plain IPv6."""
    number = int(address)
    last = IPv4Address(number & 0xFFFFFFFF)
    if address in _MAPPED or address in _NAT64 or address in _TRANSLATED:
        return (last,)
    if address in _COMPATIBLE and number > 0xFFFF:  # below are ::, ::1 and their like
        return (last,)
    if address in _6TO4:
        return (IPv4Address(number >> 80 & 0xFFFFFFFF),)
    if address in _TEREDO:  # server, and client with its bits turned
        return IPv4Address(number >> 64 & 0xFFFFFFFF), IPv4Address(number & 0xFFFFFFFF ^ 0xFFFFFFFF)
    return ()
