"""Transports: how a delivery request becomes a transfer. The scheme of the outlet's URL picks one (one file each)."""

from __future__ import annotations

from typing import Any, Protocol

from tasks.delivery.transfers.transfer import Transfer
from tasks.delivery.transports import http
from tasks.delivery.transports.request import DeliveryRequest
from tasks.model.outlet import Outlet

__all__ = ["TRANSPORTS", "DeliveryRequest", "UnknownTransport", "prepare"]


class Prepare(Protocol):
    """What a transport offers; raises SecretMissing when a secret of the outlet cannot be had or used."""

    def __call__(
        self, outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float
    ) -> Transfer: ...


TRANSPORTS: dict[str, Prepare] = {"http": http.prepare, "https": http.prepare}
"""By scheme; tasks/model/outlet.py TRANSPORTS says which schemes an outlet may have."""


class UnknownTransport(ValueError):
    """No transport for the scheme of an outlet's URL."""


def prepare(outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float) -> Transfer:
    """The transfer of one attempt.

    `key` is what the caller knows the transfer by, `deadline` seconds for all of it, `now` seconds since the epoch.
    Raises SecretMissing and UnknownTransport.
    """
    scheme = outlet.url.partition(":")[0].lower()
    transport = TRANSPORTS.get(scheme)
    if transport is None:
        raise UnknownTransport(f"outlet {outlet.id}: no transport for {scheme!r}")
    return transport(outlet, request, key=key, deadline=deadline, now=now)
