"""Slows who guesses at passwords: after some wrong ones, each further one costs its address a longer wait.

While an address waits, nothing that it sends is looked at, not even the right password; others go on undisturbed.
Behind a proxy all have one address, so the wait stays short enough for those who know the password.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from ipaddress import ip_address
from typing import Final

from tasks.runtime.time_source import TimeSource

FREE: Final = 10
"""Wrong passwords of an address before it has to wait."""
LONGEST: Final = 60.0
"""Seconds that an address waits at most. The waits before it are 1, 2, 4 … seconds."""
FORGOTTEN: Final = 3600.0
"""Seconds without a wrong password after which an address begins anew."""
ADDRESSES: Final = 10_000
"""That are remembered; the one that was wrong longest ago is dropped first."""


class WrongPasswords:
    """What is known of the addresses that have sent wrong passwords."""

    def __init__(self, time_source: TimeSource = time) -> None:
        self._monotonic = time_source.monotonic
        self._known: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """The number of wrong passwords, and the moment of the last, of each."""

    def wait(self, address: str) -> float:
        """Seconds for which nothing from this address is looked at; 0 if it may try."""
        number, last = self._known.get(_network(address), (0, 0.0))
        if number < FREE:
            return 0.0
        ends = last + min(LONGEST, 2.0 ** min(number - FREE, 60))
        return max(0.0, ends - self._monotonic())

    def note(self, address: str) -> None:
        """Note a wrong password."""
        now, network = self._monotonic(), _network(address)
        number, last = self._known.pop(network, (0, now))
        self._known[network] = (1 if now - last > FORGOTTEN else number + 1, now)
        while len(self._known) > ADDRESSES:
            self._known.popitem(last=False)

    def forget(self, address: str) -> None:
        """Note the right password."""
        self._known.pop(_network(address), None)


def _network(address: str) -> str:
    """An address; of IPv6 the half that somebody is given, and cannot choose."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:  # a socket of the file system has none
        return address
    mapped = found.ipv4_mapped if found.version == 6 else None
    if mapped or found.version == 4:
        return str(mapped or found)
    return found.exploded[:19]
