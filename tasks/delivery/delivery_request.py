"""The delivery request: what every transport gets to make a transfer of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tasks.model.media import MediaFile


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRequest:
    """One delivery as a transport needs it."""

    key: str
    """Idempotency key: the same on every attempt (tasks/model/identity.py)."""
    release: str
    """URI of the release."""
    version: int
    action: str
    """publish, correct, kill, or test"""
    language: str
    """The language that the text is written in."""
    outlet_language: str
    """The language that the outlet asked for, of which `language` may be a variant."""
    content_type: str
    body: bytes
    """The rendition, shared by all outlets that take it."""
    translation: str | None = None
    """Who made the text (tasks/model/provenance.py); None where there is none, as in a test."""
    callback: Callable[[], str | None] = lambda: None
    """Signs the address at which the outlet may say what became of it (tasks/delivery/answering.py), for transports
    that send one; None: there is none."""
    delivery: int | None = None
    """The number of the delivery in the ledger; None of a test."""
    attempt: int = 0
    """The number of this attempt at it."""
    media: tuple[MediaFile, ...] = ()
    """The pictures and other files of the release, in its order, for transports that send them beside the text."""
    first_received: float | None = None
    """When the wire took the first version, in seconds since the epoch; None of a test, which it never took."""
    earlier_versions: tuple[int, ...] = ()
    """The older versions that the outlet has, or may have, in this language; ascending."""
