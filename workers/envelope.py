"""What producers and intake say to each other: the release in, the receipt back (docs/producers.md, "The receipt").

A release travels as the body of an ordinary kombu message on the queue `releases`, content type `application/json`.
With `reply_to` and `correlation_id` set, a receipt comes back on that queue.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Receipt:
    """What intake says of a release, after the ledger has it or refused it."""

    status: Literal["accepted", "known", "refused"]
    """`accepted`: taken now. `known`: was taken before with the same content. `refused`: see `problems`."""
    uri: str | None = None
    version: int | None = None
    problems: list[dict[str, str | None]] = field(default_factory=list)
    """Each with `field`, `problem` and, where one helps, `example`."""
    warnings: list[dict[str, str | None]] = field(default_factory=list)
    """What is probably not meant in a release that was taken all the same; each like a problem."""
    headline: str | None = None
    dateline: dict[str, str] | None = None
    """`place` and `date`."""
    received_at: str | None = None
    """When this version was taken; this moment and the following ones are ISO 8601 with their zone."""
    first_received_at: str | None = None
    """When the first version of the release was taken."""
    embargo_until: str | None = None
    """The moment that this version is held until, as it stands now: operators can move it."""

    @property
    def taken(self) -> bool:
        """Whether the ledger has the release."""
        return self.status in ("accepted", "known")

    def to_dict(self) -> dict[str, Any]:
        """The receipt as it is sent."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Receipt:
        """The receipt in a message; fields of a later version are ignored."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})
