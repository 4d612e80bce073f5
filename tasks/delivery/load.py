"""What a drain needs to send a claim: the outlet, what is known of the release, and the rendition's bytes.

Renditions are shared by hundreds of deliveries, so each is fetched once per process and kept while there is room.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from tasks.identity import delivery_key
from tasks.ledger import makings, outlets, releases
from tasks.ledger.deliveries import Claim
from tasks.ledger.makings import Bytes
from tasks.ledger.releases import Heading
from tasks.outlet import Outlet

RENDITION_BYTES = 64 * 1024 * 1024
"""Room for renditions in each drain process; a release in 15 languages and 3 formats takes about half a megabyte."""

_kept: OrderedDict[tuple[int, str, str], Bytes] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Load:
    """A claim with all that is needed to send it."""

    claim: Claim
    outlet: Outlet
    heading: Heading
    rendition: Bytes

    @property
    def key(self) -> str:
        """Its idempotency key."""
        return delivery_key(self.heading.uri, self.heading.version, self.claim.language, self.claim.outlet_id)

    @property
    def action(self) -> str:
        """What the outlet is to do with it."""
        if self.heading.status == "canceled":
            return "kill"
        return "correct" if self.heading.version > 1 else "publish"


@dataclass(frozen=True, slots=True)
class Unloadable:
    """A claim that cannot be sent, by our own fault."""

    claim: Claim
    heading: Heading
    why: str


def load(ledger: Connection, claims: Iterable[Claim]) -> tuple[list[Load], list[Unloadable]]:
    """Complete claims, in the order they came; and those that cannot be, so that one bad row never stops the rest."""
    claims = list(claims)
    receivers = outlets.some(ledger, {claim.outlet_id for claim in claims})
    headings = releases.headings(ledger, {claim.release_id for claim in claims})
    complete, broken = [], []
    for claim in claims:
        heading, outlet, rendition = (
            headings[claim.release_id],
            receivers.get(claim.outlet_id),
            _rendition(ledger, claim),
        )
        if outlet is None:
            broken.append(Unloadable(claim, heading, "the outlet's document cannot be read"))
        elif rendition is None:
            broken.append(Unloadable(claim, heading, f"there is no rendition in {claim.language} as {claim.format}"))
        else:
            complete.append(Load(claim, outlet, heading, rendition))
    return complete, broken


def _rendition(ledger: Connection, claim: Claim) -> Bytes | None:
    key = (claim.release_id, claim.language, claim.format)
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    rendition = makings.rendition(ledger, *key)
    if rendition is not None:
        _kept[key] = rendition
        while len(_kept) > 1 and sum(len(kept.body) for kept in _kept.values()) > RENDITION_BYTES:
            _kept.popitem(last=False)
    return rendition
