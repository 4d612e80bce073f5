"""The wire, which every rendition names, and the rendition itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Figures:
    """Whom the wire reaches, as it says itself."""

    outlets: int
    editors: int
    countries: int


@dataclass(frozen=True, kw_only=True)
class Wire:
    """The wire that distributes the releases. It says nothing of itself but what stands here."""

    name: str
    url: str
    figures: Figures | None = None


@dataclass(frozen=True)
class Rendition:
    """The bytes of one translation in one format; the same for every outlet that takes it."""

    content_type: str
    """The value of the header `Content-Type`, with charset."""
    body: bytes

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the body in hexadecimal digits, which the ledger keeps."""
        return hashlib.sha256(self.body).hexdigest()
