"""What drains know of outlets and hosts, for pages; the web server asks the broker for it, where it has a way there."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cache

from tasks.delivery.admission import standing
from tasks.delivery.admission.breaker import outlet_of, outlet_subject
from tasks.delivery.admission.shared_state import SharedState
from tasks.delivery.admission.standing import SOUND, Standing
from tasks.delivery.transports import host_of
from tasks.ledger.outlet_listing import Among
from tasks.model.outlet import Outlet
from tasks.runtime.errors import UserError
from workers import broker
from workers.broker_users import User

MOST = 2_000
"""Outlets and hosts that are asked about at once."""


@cache
def _shared_state(_url: str) -> SharedState:
    return broker.shared_state(User.WEB)


def shared_state() -> SharedState | None:
    """What drains share; None where this process has no broker."""
    try:
        return _shared_state(broker.shared_state_url(User.WEB) or "")
    except UserError:
        return None


def standings(outlets: Iterable[Outlet]) -> dict[str, tuple[Standing, Standing]] | None:
    """How outlets stand, and their hosts: {outlet: (its own, that of its host)}; None while nobody can be asked."""
    state = shared_state()
    if state is None:
        return None
    of = {outlet.id: (outlet_subject(outlet.id), host_of(outlet.url)) for outlet in outlets}
    found = standing.standings(state, [subject for both in of.values() for subject in both], time.time())
    if found is None:
        return None
    return {id: (found.get(own, SOUND), found.get(host, SOUND)) for id, (own, host) in of.items()}


def among(wanted: str) -> Among | None:
    """The outlets that are `resting` or `failing`; None while nobody can be asked."""
    state = shared_state()
    subjects = None if state is None else standing.known(state, "tracker" if wanted == "failing" else "breaker", MOST)
    found = None if state is None or subjects is None else standing.standings(state, subjects, time.time())
    if found is None:
        return None
    meant = {
        subject
        for subject, one in found.items()
        if (one.days > 0 if wanted == "failing" else one.state in ("resting", "half-open"))
    }
    ids = {id for subject in meant if (id := outlet_of(subject))}
    hosts = {subject for subject in meant if not outlet_of(subject)}
    names = {host.rpartition(":")[0].strip("[]") for host in hosts} - {""}
    return Among(ids=ids, hosts=names, has=lambda outlet: outlet.id in ids or host_of(outlet.url) in hosts)
