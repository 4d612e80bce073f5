"""The identity of a delivery, made in one place."""

from __future__ import annotations

from hashlib import sha256


def delivery_key(uri: str, version: int, language: str, outlet: str) -> str:
    """The idempotency key of a delivery: 32 hexadecimal digits after `fw_`, the same on every attempt.

    Each part is there for a reason: the outlet may take several languages of one release, and each version must be
    taken although an older one was. The attempt is *not* a part: a second try at an unsure delivery must look to the
    outlet like the first. Parts are joined with a character that none of them can hold.
    """
    identity = "\n".join((uri, str(version), language, outlet))
    return "fw_" + sha256(identity.encode()).hexdigest()[:32]
