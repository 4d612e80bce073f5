"""What became of deliveries in the few words of reports, counted by country, language, circuit and transport."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from tasks.model.states import State
from tasks.operations.charts import Bar, Kind, Part


class Standing(StrEnum):
    """What became of a delivery, for customers."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """Rejected, or still failing at the end of the retry horizon."""
    HELD = "held"
    OPEN = "open"
    """Due, or on its way."""
    REPLACED = "replaced"
    """A newer version took its place, or a kill or the removal of the outlet ended it."""

    @property
    def kind(self) -> Kind:
        """The colour that it has in charts."""
        return _KINDS[self]


_KINDS: dict[Standing, Kind] = {
    Standing.DELIVERED: "good",
    Standing.FAILED: "bad",
    Standing.HELD: "held",
    Standing.OPEN: "open",
    Standing.REPLACED: "plain",
}
STANDING = {
    State.DELIVERED: Standing.DELIVERED,
    State.REJECTED: Standing.FAILED,
    State.EXHAUSTED: Standing.FAILED,
    State.HELD: Standing.HELD,
    State.DUE: Standing.OPEN,
    State.CLAIMED: Standing.OPEN,
    State.SUPERSEDED: Standing.REPLACED,
    State.CANCELED: Standing.REPLACED,
}
"""The standing of a delivery in each state."""
TRANSPORTS = {
    "http": "HTTP",
    "https": "HTTP",
    "wordpress+https": "WordPress",
    "mailto": "E-mail",
    "ftp": "FTP",
    "ftps": "FTP with TLS",
    "sftp": "SFTP",
    "s3": "S3 bucket",
    "file": "Folder",
    "pull": "Feed",
}
"""Names of the transports of Fanwire by the scheme of an outlet's URL; that of another is its scheme."""


def transport_name(url: str) -> str:
    """The transport of an outlet, by its URL."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    return TRANSPORTS.get(scheme, scheme or "unknown")


@dataclass
class Group:
    """The deliveries of a country, a language, a circuit or a transport."""

    key: str
    name: str
    counts: Counter[Standing] = field(default_factory=Counter)
    moments: array[float] = field(default_factory=lambda: array("d"))
    """When each of the delivered ones was, seconds since the epoch; sorted once all are there."""

    def add(self, state: str, ended_at: float | None) -> None:
        """Count a delivery."""
        self.counts[STANDING[State(state)]] += 1
        if state == State.DELIVERED and ended_at is not None:
            self.moments.append(ended_at)

    @property
    def number(self) -> int:
        """All deliveries of the group."""
        return self.counts.total()

    @property
    def bar(self) -> Bar:
        """The group as a bar of a chart."""
        return Bar(self.name, tuple(Part(self.counts[of], of.kind, of.value) for of in Standing))

    def after(self, share: float, zero: float | None) -> float | None:
        """Seconds from `zero` until this share of those who have it had it; None if nobody has it."""
        if not self.moments or zero is None:
            return None
        return self.moments[max(0, round(share * len(self.moments)) - 1)] - zero


class Groups:
    """Groups by their keys, counted one delivery after the other."""

    def __init__(self) -> None:
        self._by_key: dict[str, Group] = {}

    def add(self, key: str, name: str, state: str, ended_at: float | None) -> None:
        """Count a delivery in the group with this key."""
        group = self._by_key.get(key)
        if group is None:
            group = self._by_key[key] = Group(key, name)
        group.add(state, ended_at)

    def largest_first(self) -> list[Group]:
        """All groups, those with most deliveries first, and of as many by their names."""
        for group in self._by_key.values():
            group.moments = array("d", sorted(group.moments))
        return sorted(self._by_key.values(), key=lambda group: (-group.number, group.name))


def counted(groups: Iterable[Group]) -> Iterator[Standing]:
    """The standings that any of these groups has, in their order: the columns of a table of them."""
    there = {of for group in groups for of, n in group.counts.items() if n}
    return (of for of in Standing if of in there or of is Standing.DELIVERED)
