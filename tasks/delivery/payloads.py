"""What a drain needs to send a claim: the outlet, what is known of the release, and the rendition's bytes.

Renditions are shared by hundreds of deliveries, so each is fetched once per process and kept while there is room; one
that was made anew since (a moved embargo, an approved translation) is fetched again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from tasks.ledger import deliveries, media_rows, outlets, releases, rendition_rows, translation_rows
from tasks.ledger.artifacts import RenditionKey
from tasks.ledger.deliveries import Claim
from tasks.ledger.media_rows import StoredFile
from tasks.ledger.releases import Heading
from tasks.ledger.rendition_rows import StoredRendition
from tasks.media_store import store
from tasks.model.codes import Code
from tasks.model.identity import delivery_key
from tasks.model.media import MediaFile, file_name
from tasks.model.outlet import Outlet
from tasks.model.provenance import provenance

CACHE_BYTES = 64 * 1024 * 1024
"""Bytes of renditions that each drain keeps; a release in 15 languages and 4 formats takes about 0.6 megabytes."""


@dataclass(frozen=True, slots=True)
class _Cached:
    """A rendition, who made its text and in which language, the files beside it, and when it was made."""

    rendition: StoredRendition
    translation: str | None
    written_in: str
    media: tuple[MediaFile, ...]
    made_at: float


_cache: OrderedDict[RenditionKey, _Cached] = OrderedDict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A claimed delivery with all that is needed to send it."""

    claim: Claim
    outlet: Outlet
    heading: Heading
    rendition: StoredRendition
    translation: str | None
    """Who made the text that the rendition holds, in the words of `tasks.model.provenance`; None if nobody knows."""
    written_in: str
    """The language of the text: that of the claim, or the variant of it in which the producer wrote."""
    earlier_versions: tuple[int, ...] = ()
    """The older versions that the outlet has, or may have, which this one corrects."""
    media: tuple[MediaFile, ...] = ()
    """The files of the release, for transports that send them; of a kill, those that the versions before it had."""

    @property
    def key(self) -> str:
        """The idempotency key of the delivery."""
        return delivery_key(self.heading.uri, self.heading.version, self.claim.language, self.claim.outlet_id)

    @property
    def action(self) -> str:
        """What the outlet is to do with the delivery: `publish`, `correct` or `kill`."""
        if self.heading.status == "canceled":
            return "kill"
        return "correct" if self.earlier_versions else "publish"


@dataclass(frozen=True, slots=True)
class Unsendable:
    """A claimed delivery that cannot be sent, by our own fault."""

    claim: Claim
    outlet: Outlet | None
    """None if its document cannot be read."""
    heading: Heading
    reason: str
    code: Code


def forget_renditions() -> None:
    """Empty this process's cache of renditions."""
    _cache.clear()


def read_payloads(connection: Connection, claims: Iterable[Claim]) -> tuple[list[Payload], list[Unsendable]]:
    """The payloads of claims, in their order, and the claims that have none: one bad row never stops the rest."""
    claims = list(claims)
    receivers = outlets.some(connection, {claim.outlet_id for claim in claims})
    headings = releases.headings(connection, {claim.release_id for claim in claims})
    made_at = rendition_rows.made_at(connection, {_key(claim) for claim in claims})
    later = [claim.id for claim in claims if headings[claim.release_id].version > 1]
    corrections = deliveries.corrections(connection, later)
    payloads: list[Payload] = []
    unsendable: list[Unsendable] = []
    for claim in claims:
        heading, outlet = headings[claim.release_id], receivers.get(claim.outlet_id)
        cached = _cached(connection, claim, heading, made_at.get(_key(claim)))
        if outlet is None:
            unsendable.append(
                Unsendable(claim, None, heading, "the outlet's document cannot be read", Code.OUTLET_UNREADABLE)
            )
        elif cached is None:
            reason = f"there is no rendition in {claim.language} as {claim.format}"
            unsendable.append(Unsendable(claim, outlet, heading, reason, Code.RENDITION_MISSING))
        else:
            payloads.append(
                Payload(
                    claim=claim,
                    outlet=outlet,
                    heading=heading,
                    rendition=cached.rendition,
                    translation=cached.translation,
                    written_in=cached.written_in,
                    earlier_versions=corrections.get(claim.id, ()),
                    media=cached.media,
                )
            )
    return payloads, unsendable


def _key(claim: Claim) -> RenditionKey:
    return RenditionKey(claim.release_id, claim.language, claim.format)


def _cached(connection: Connection, claim: Claim, heading: Heading, made_at: float | None) -> _Cached | None:
    """The claim's rendition, fetched unless the cache has it as it was made last; None if there is none."""
    key = _key(claim)
    cached = _cache.get(key)
    if cached is None or cached.made_at != made_at:
        rendition = rendition_rows.get(connection, key)
        if rendition is None or made_at is None:
            return None
        killed = heading.status == "canceled"
        media = media_of_killed(connection, heading) if killed else media_files(connection, claim)
        cached = _cache[key] = _Cached(rendition, *_origin(connection, claim), media, made_at)
        _cache.move_to_end(key)
        while len(_cache) > 1 and sum(len(other.rendition.body) for other in _cache.values()) > CACHE_BYTES:
            _cache.popitem(last=False)
    _cache.move_to_end(key)
    return cached


def media_files(connection: Connection, claim: Claim) -> tuple[MediaFile, ...]:
    """The files of a release that the wire has, in the order of the release."""
    stored = media_rows.stored(connection, claim.release_id)
    if not stored:
        return ()
    found = [
        (item.id, stored[item.id]) for item in releases.get(connection, claim.release_id).media if item.id in stored
    ]
    return tuple(_media_file(id, file) for id, file in found)


def media_of_killed(connection: Connection, heading: Heading) -> tuple[MediaFile, ...]:
    """The files that versions before a kill had, one for each name, so that transports can remove them. A kill has none
    of its own."""
    found = (_media_file(id, file) for id, file in media_rows.stored_before(connection, heading.uri, heading.version))
    return tuple({medium.name: medium for medium in found}.values())


def _media_file(id: str, file: StoredFile) -> MediaFile:
    return MediaFile(
        id=id, name=file_name(id, file.content_type), content_type=file.content_type, bytes=file.bytes,
        sha256=file.sha256, read=partial(_read, file.sha256),
    )  # fmt: skip


def _read(sha256: str) -> bytes:
    return store.read(store.configured_store(), sha256)


def _origin(connection: Connection, claim: Claim) -> tuple[str | None, str]:
    """Who made the text, and the language that it is written in."""
    try:
        translation = translation_rows.finished(connection, _key(claim).translation)
    except ValueError:  # a document of another time; the rendition made from it is good
        translation = None
    return (provenance(translation), translation.written_in) if translation else (None, claim.language)
