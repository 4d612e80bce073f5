"""What producers and intake say to each other: the release in, the receipt back (docs/producers.md, "The receipt").

A release travels as the body of an ordinary kombu message on the queue `releases`, content type `application/json`.
With `reply_to` and `correlation_id` set, a receipt comes back on that queue.

A wire that has configured its producers takes signed releases only: the headers of the message then name the producer
and hold an HMAC-SHA256 of the body with its key. There is no timestamp in it: a message that is sent again is `known`
and does nothing, however old it is, and one that waited for days on the queue must still be taken.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

PRODUCER, CONSENT, SIGNATURE = "fanwire-producer", "fanwire-consent", "fanwire-signature"
"""Headers of the message."""
CONSENTS = ("jump", "revive")
"""What a sender may have to say that it means; in this order, with "," between them, as the header and when signed."""
SHORTEST_KEY = 16
"""Characters; whoever sees one signed message could try out shorter ones."""


def signature(key: str, producer: str, consent: str, body: bytes) -> str:
    """HMAC-SHA256, hexadecimal, of the lines `fanwire-release-1`, name and consent (empty if none), and the body."""
    signed = b"\n".join((b"fanwire-release-1", producer.encode(), consent.encode(), body))
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()


def envelope_headers(
    body: bytes, producer: str | None = None, key: str | None = None, consent: Collection[str] = ()
) -> dict[str, str]:
    """The headers of a message with this body: signed, if a producer and its key are given."""
    said = ",".join(word for word in CONSENTS if word in consent)
    headers = {CONSENT: said} if said else {}
    if producer is not None and key is not None:
        headers |= {PRODUCER: producer, SIGNATURE: signature(key, producer, said, body)}
    return headers


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
    kill: bool = False
    """Whether this version withdraws the release."""
    headline: str | None = None
    dateline: dict[str, str] | None = None
    """`place` and `date`."""
    received_at: str | None = None
    """When this version was taken; this moment and the following ones are ISO 8601 with their zone."""
    first_received_at: str | None = None
    """When the first version of the release was taken."""
    embargo_until: str | None = None
    """The moment that this version is held until, as it stands now: operators can move it."""
    goes_to: dict[str, Any] | None = None
    """`outlets` that get it now, `of` how many, in how many `deliveries`, by `languages`; and what is `held`, each with
    `reason`, `deliveries` and `languages`. None: nobody has counted."""

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
