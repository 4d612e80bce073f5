"""What a drain needs to send a claim: the outlet, what is known of the release, and the rendition's bytes.

Renditions are shared by hundreds of deliveries, so each is fetched once per process and kept while there is room; one
that was made anew since (a moved embargo, an approved translation) is fetched again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from tasks.ledger import outlets, releases, rendition_rows, translation_rows
from tasks.ledger.artifacts import RenditionKey
from tasks.ledger.deliveries import Claim
from tasks.ledger.releases import Heading
from tasks.ledger.rendition_rows import StoredRendition
from tasks.model.identity import delivery_key
from tasks.model.outlet import Outlet
from tasks.model.provenance import provenance

RENDITION_BYTES = 64 * 1024 * 1024
"""Room for renditions in each drain process; a release in 15 languages and 4 formats takes about 0.6 megabytes."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A rendition, where its translation came from, and when it was made."""

    rendition: StoredRendition
    translation: str | None
    made_at: float


_kept: OrderedDict[RenditionKey, _Kept] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Payload:
    """A claim with all that is needed to send it."""

    claim: Claim
    outlet: Outlet
    heading: Heading
    rendition: StoredRendition
    translation: str | None
    """Who made the text that the rendition holds, in the words of `tasks.model.provenance`; None if nobody knows."""

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


def load(connection: Connection, claims: Iterable[Claim]) -> tuple[list[Payload], list[Unloadable]]:
    """Complete claims, in the order they came; and those that cannot be, so that one bad row never stops the rest."""
    claims = list(claims)
    receivers = outlets.some(connection, {claim.outlet_id for claim in claims})
    headings = releases.headings(connection, {claim.release_id for claim in claims})
    made_at = rendition_rows.made_at(connection, {_key(claim) for claim in claims})
    complete, broken = [], []
    for claim in claims:
        heading, outlet = headings[claim.release_id], receivers.get(claim.outlet_id)
        kept = _keep(connection, claim, made_at.get(_key(claim)))
        if outlet is None:
            broken.append(Unloadable(claim, heading, "the outlet's document cannot be read"))
        elif kept is None:
            broken.append(Unloadable(claim, heading, f"there is no rendition in {claim.language} as {claim.format}"))
        else:
            complete.append(Payload(claim, outlet, heading, kept.rendition, kept.translation))
    return complete, broken


def _key(claim: Claim) -> RenditionKey:
    return RenditionKey(claim.release_id, claim.language, claim.format)


def _keep(connection: Connection, claim: Claim, made_at: float | None) -> _Kept | None:
    """The claim's rendition, fetched unless it is kept as it was made last; None if there is none."""
    key = _key(claim)
    kept = _kept.get(key)
    if kept is None or kept.made_at != made_at:
        rendition = rendition_rows.get(connection, key)
        if rendition is None or made_at is None:
            return None
        kept = _kept[key] = _Kept(rendition, _provenance(connection, claim), made_at)
        _kept.move_to_end(key)
        while len(_kept) > 1 and sum(len(other.rendition.body) for other in _kept.values()) > RENDITION_BYTES:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return kept


def _provenance(connection: Connection, claim: Claim) -> str | None:
    try:
        translation = translation_rows.finished(connection, _key(claim).translation)
    except ValueError:  # a document of another time; the rendition made from it is good
        return None
    return provenance(translation) if translation else None
