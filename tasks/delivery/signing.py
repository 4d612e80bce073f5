"""Signatures after Standard Webhooks (symmetric, `v1`).

We sign ourselves: the reference library signs text only, and renditions are bytes.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from functools import lru_cache

PREFIX = "whsec_"


class BadSigningSecret(ValueError):
    """A signing secret is not `whsec_` and base64. Its text never quotes the secret."""


def sign(secrets: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one `v1,…` per secret, separated by spaces.

    Several secrets are for a change of secret: the outlet accepts what any of them signed. `timestamp` is seconds since
    the epoch. Raises BadSigningSecret.
    """
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return " ".join("v1," + b64encode(hmac.digest(_key(secret), signed, "sha256")).decode() for secret in secrets)


@lru_cache(maxsize=16384)
def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        raise BadSigningSecret("does not begin with 'whsec_'")
    try:
        key = b64decode(secret[len(PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        raise BadSigningSecret("is not base64 after 'whsec_'") from None
    if not key:
        raise BadSigningSecret("has nothing after 'whsec_'")
    return key
