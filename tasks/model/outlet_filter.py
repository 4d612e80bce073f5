"""Which of thousands of outlets somebody means."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from urllib.parse import urlsplit

from tasks.model.outlet import Outlet


@dataclass(frozen=True, kw_only=True)
class OutletFilter:
    """Which outlets are looked for; None: whatever it is."""

    language: str | None = None
    """A language tag; `pt` finds `pt-BR` too."""
    country: str | None = None
    circuit: str | None = None
    topic: str | None = None
    """The outlets that name it; not those that take all topics."""
    status: str | None = None
    format: str | None = None
    transport: str | None = None
    """The scheme of their URL."""
    host: str | None = None
    """The host of their URL, or a domain above it."""
    text: str | None = None
    """A part of their id, their name or their host, whatever its case."""

    @property
    def empty(self) -> bool:
        """Whether every outlet is meant."""
        return not any(astuple(self))

    def fits(self, outlet: Outlet) -> bool:
        """Whether this outlet is meant."""
        url = urlsplit(outlet.url)
        wanted = (
            (self.language, [part for tag in outlet.languages for part in _broader(tag)]),
            (self.country, [outlet.country]),
            (self.circuit, outlet.circuits),
            (self.topic, outlet.topics),
            (self.status, [outlet.status]),
            (self.format, [outlet.format]),
            (self.transport, [url.scheme]),
            (self.host, _domains(url.hostname or "")),
        )
        if not all(value is None or value.lower() in map(str.lower, found) for value, found in wanted):
            return False
        text = (self.text or "").casefold()
        return any(text in part.casefold() for part in (outlet.id, outlet.name, url.hostname or ""))


def _broader(tag: str) -> list[str]:
    """`zh-Hant-TW`, `zh-Hant` and `zh`."""
    parts = tag.split("-")
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]


def _domains(host: str) -> list[str]:
    """`wire.bote.example`, `bote.example` and `example`; only itself of an address."""
    labels = host.rstrip(".").split(".")
    if ":" in host or labels[-1].isdecimal():
        return [host]
    return [".".join(labels[start:]) for start in range(len(labels))]
