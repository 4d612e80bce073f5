"""What goes into and comes out of every format: the wire's own name, and the finished bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Wire:
    """Who distributes: fills `{wire}`, `{url}` and the figures of the house texts."""

    name: str
    url: str
    outlets: int = 6_500
    editors: int = 86_000
    countries: int = 90


@dataclass(frozen=True)
class Rendition:
    """The bytes of one translation in one format; the same for every outlet that takes it."""

    content_type: str
    """With charset, as it goes into the header."""
    body: bytes

    @cached_property
    def sha256(self) -> str:
        """Of the body, hexadecimal: what the ledger keeps."""
        return hashlib.sha256(self.body).hexdigest()
