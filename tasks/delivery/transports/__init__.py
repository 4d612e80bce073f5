"""Transports: how a delivery request becomes a transfer. The scheme of the outlet's URL picks one.

Each file here is one; a package adds or replaces one by the entry point `fanwire.transports`. A file holds
`TRANSPORT = Transport(schemes=…, prepare=…, check_url=…)`; there is no list to add it to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol

from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.transfers.transfer import Transfer
from tasks.model.credentials import credentials_in_query, for_credential
from tasks.model.outlet import Outlet
from tasks.runtime.plugins import Registry, attribute
from tasks.runtime.secrets import Noting

__all__ = ["TRANSPORTS", "DeliveryRequest", "Transport", "UnknownTransport", "by_scheme", "forget", "prepare"]


class Prepare(Protocol):
    """Makes the transfer of one attempt; raises SecretMissing when a secret of the outlet cannot be had or used."""

    def __call__(
        self, outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float
    ) -> Transfer: ...


@dataclass(frozen=True, kw_only=True)
class Transport:
    """A way to deliver: which URL schemes it serves, and how it makes a request."""

    schemes: tuple[str, ...]
    """Of the URLs that it serves, in small letters."""
    prepare: Prepare
    check_url: Callable[[str], None] | None = None
    """Raises ValueError that says what is wrong with an outlet's URL of these schemes; asked when it is imported."""


TRANSPORTS = Registry("transport", group="fanwire.transports", folder=__name__, load=attribute("TRANSPORT", Transport))
"""All transports, by the names of their files; `by_scheme` is what deliveries ask."""


class UnknownTransport(ValueError):
    """There is no transport for the scheme of an outlet's URL."""


@cache
def by_scheme() -> dict[str, Transport]:
    """All transports that can be loaded, by URL scheme; one of a package goes before one of Fanwire."""
    sources, transports = TRANSPORTS.sources(), TRANSPORTS.all()
    shipped_first = sorted(transports, key=lambda name: sources[name].point is not None)
    return {scheme: transports[name] for name in shipped_first for scheme in transports[name].schemes}


def forget() -> None:
    """Look for transports anew when one is next asked for."""
    TRANSPORTS.forget()
    by_scheme.cache_clear()


def prepare(outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float) -> Transfer:
    """The transfer of one attempt.

    `key` is what the caller knows the transfer by, `deadline` seconds for all of it, `now` seconds since the epoch.
    What it holds of secrets is struck from everything that is kept of its answer. Raises SecretMissing and
    UnknownTransport.
    """
    scheme = outlet.url.partition(":")[0].lower()
    transport = by_scheme().get(scheme)
    if transport is None:
        raise UnknownTransport(f"outlet {outlet.id}: no transport for {scheme!r}")
    with Noting() as values:
        transfer = transport.prepare(outlet, request, key=key, deadline=deadline, now=now)
    if not (values or outlet.headers or "?" in outlet.url):  # most outlets
        return transfer
    return replace(transfer, secrets=(*transfer.secrets, *_secrets(outlet, values)))


def _secrets(outlet: Outlet, values: list[str]) -> list[str]:
    """What of a request is secret: what was resolved for it, and credentials that an older document holds itself."""
    found = [part for value in values for part in (value, *(value.split() if " " in value or "\n" in value else ()))]
    if outlet.auth.user:
        found += [f"{outlet.auth.user}:{value}" for value in values]
    if outlet.headers:
        found += [value for name, value in outlet.headers.items() if value and for_credential(name)]
    if "?" in outlet.url:
        found += credentials_in_query(outlet.url)
    return found
