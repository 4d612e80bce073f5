"""Transports: how a delivery request becomes a transfer. The scheme of the outlet's URL picks one.

Each file here is one; a package adds or replaces one by the entry point `fanwire.transports`. A file holds
`TRANSPORT = Transport(schemes=…, prepare=…)`; there is no list to add it to. What comes of an attempt is told by the
verdicts of HTTP (tasks/delivery/verdicts.py) unless a transport has its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any, Protocol, TypeVar

import structlog

from tasks.delivery import verdicts
from tasks.delivery.admission import shared_state
from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.rotation import ROTATIONS
from tasks.delivery.transfers.transfer import Answer, Transfer
from tasks.delivery.verdicts import Judgement
from tasks.model.codes import Code
from tasks.model.credentials import credentials_in_query, for_credential
from tasks.model.documents import Document
from tasks.model.outlet import Outlet, TransportRules
from tasks.model.states import Verdict
from tasks.runtime.plugins import Registry, attribute, fault_in
from tasks.runtime.secrets import Noting

__all__ = [
    "TRANSPORTS", "DeliveryRequest", "NotPrepared", "Transport", "UnknownTransport", "by_scheme", "forget", "host_of",
    "is_relayed", "judge", "options_of", "prepare", "relays", "rules",
]  # fmt: skip

log = structlog.get_logger()

Options = TypeVar("Options", bound=Document)


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
    judge: Callable[[Answer, float], Judgement] = verdicts.judge
    """The verdict on an answer at a moment (seconds since the epoch)."""
    options: type[Document] | None = None
    """The model of what outlets may set under `transport`; None: nothing. `prepare` reads it with `options_of`."""
    auth: tuple[str, ...] = ("none", "bearer", "basic", "header")
    """The types of `auth` that it can use."""
    auth_needs: Mapping[str, str] = field(default_factory=dict)
    """The fields of `auth` that must be filled in, whatever its type needs, and where one finds what stands in them."""
    ignores: tuple[str, ...] = ()
    """What other transports use and this one cannot, so that an import refuses it: `signing_secret` and `certificate`
    of `auth`, and `headers`."""
    exposes: Callable[[str, Document], bool] | None = None
    """Whether the credentials of an outlet with this URL and these options go over the network for everybody to read;
    None: only those of `http://` do."""
    formats: tuple[str, ...] | None = None
    """The formats that make sense over it; None: all."""
    host: Callable[[str], str] = shared_state.host_of
    """The host that an outlet's URL leads to, `name:port`, as the circuit breaker knows it: outlets of one host rest
    together when it fails. It raises nothing."""
    relay: Callable[[], str | None] | None = None
    """Gives the host of the wire's own server that all its outlets are behind; None: each is at a host of its own."""


TRANSPORTS = Registry("transport", group="fanwire.transports", folder=__name__, load=attribute("TRANSPORT", Transport))
"""All transports, by the names of their files; `by_scheme` is what deliveries ask."""


class NotPrepared(ValueError):
    """No transfer can be made for an outlet as its document is; the text says why, without secrets."""


class UnknownTransport(NotPrepared):
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
    host_of.cache_clear()


def rules() -> dict[str, TransportRules]:
    """What outlet documents may say, by URL scheme."""
    return {
        scheme: TransportRules(
            check_url=transport.check_url,
            options=transport.options,
            auth=transport.auth,
            auth_needs=transport.auth_needs,
            ignores=transport.ignores,
            exposes=transport.exposes,
            formats=transport.formats,
        )
        for scheme, transport in by_scheme().items()
    }


def options_of(outlet: Outlet, model: type[Options]) -> Options:
    """What an outlet has set under `transport`, by the model of its transport; raises ValueError for what is none."""
    found: Options = _options(model, json.dumps(outlet.transport)) if outlet.transport else _defaults(model)
    return found


@lru_cache(maxsize=4096)
def _options(model: type[Document], document: str) -> Any:
    return model.model_validate_json(document)


@cache
def _defaults(model: type[Document]) -> Any:
    return model()


def _of(outlet: Outlet) -> Transport:
    scheme = outlet.url.partition(":")[0].lower()
    transport = by_scheme().get(scheme)
    if transport is None:
        raise UnknownTransport(f"outlet {outlet.id}: no transport for {scheme!r}")
    return transport


@lru_cache(maxsize=16384)
def host_of(url: str) -> str:
    """The host that an outlet's URL leads to, `name:port`: that of its transport, which may be a relay."""
    transport = by_scheme().get(url.partition(":")[0].lower())
    return transport.host(url) if transport else shared_state.host_of(url)


def is_relayed(url: str) -> bool:
    """Whether outlets with such a URL are behind a server of the wire's own."""
    transport = by_scheme().get(url.partition(":")[0].lower())
    return transport is not None and transport.relay is not None


def relays() -> set[str]:
    """The hosts of servers of the wire's own, which outlets are behind."""
    return {host for transport in by_scheme().values() if transport.relay and (host := transport.relay())}


def judge(outlet: Outlet, answer: Answer, now: float) -> Judgement:
    """The verdict on what came of an attempt at a delivery to this outlet. `now`: seconds since the epoch.

    A transport that breaks over what an outlet has answered costs that delivery, and not the hundreds in flight.
    """
    try:
        return verdicts.unfinished(answer, _of(outlet).judge(answer, now))
    except Exception as error:
        log.error("answer cannot be judged", outlet=outlet.id, fault=fault_in(error))
        verdict = Verdict.UNSURE if answer.sent else Verdict.FAILED
        detail = f"the answer cannot be judged: {type(error).__name__}"
        return Judgement(verdict, detail, None, disable_outlet=False, status=answer.status, code=Code.UNFINISHED)


def prepare(outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float) -> Transfer:
    """The transfer of one attempt.

    `key` is what the caller knows the transfer by, `deadline` seconds for all of it, `now` seconds since the epoch.
    What it holds of secrets is struck from everything that is kept of its answer. Raises SecretMissing and
    UnknownTransport.
    """
    if outlet.auth.next_secret is None:
        return _prepare(outlet, request, key=key, deadline=deadline, now=now)
    return ROTATIONS.transfer(
        outlet,
        lambda outlet: _prepare(outlet, request, key=key, deadline=deadline, now=now),
        lambda answer: judge(outlet, answer, now),
    )


def _prepare(outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float) -> Transfer:
    transport = _of(outlet)
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
