"""Encrypts small texts, so that who may read where they are kept (Redis, a dump of it) cannot read or change them.

Encrypt-then-MAC out of the standard library, which has no cipher: SHAKE-256 of a key and a nonce gives a stream as long
as the text, which is added to it; HMAC-SHA256 with another key covers nonce and encrypted text. Each text has a nonce
of its own, so no stream is used twice.
"""

from __future__ import annotations

import hmac
import os
from base64 import b64decode, b64encode
from hashlib import sha256, shake_256
from typing import Final

_NONCE: Final = 16
_TAG: Final = 32


def encrypt(text: str, secret: str) -> str:
    """The text as ASCII that only `decrypt` with the same secret can read."""
    nonce = os.urandom(_NONCE)
    encrypted = nonce + _added(text.encode(), secret, nonce)
    return b64encode(encrypted + _tag(encrypted, secret)).decode()


def decrypt(encrypted: str, secret: str) -> str | None:
    """The text; None if it was encrypted with another secret, changed, or never encrypted."""
    try:
        raw = b64decode(encrypted, validate=True)
    except ValueError:
        return None
    content, tag = raw[:-_TAG], raw[-_TAG:]
    if len(content) < _NONCE or not hmac.compare_digest(tag, _tag(content, secret)):
        return None
    return _added(content[_NONCE:], secret, content[:_NONCE]).decode()


def _added(data: bytes, secret: str, nonce: bytes) -> bytes:
    """The data with the stream of a secret and a nonce added to it; doing so twice gives the data."""
    stream = shake_256(_key(secret, b"stream") + nonce).digest(len(data))
    return (int.from_bytes(data) ^ int.from_bytes(stream)).to_bytes(len(data))


def _tag(content: bytes, secret: str) -> bytes:
    return hmac.digest(_key(secret, b"tag"), content, "sha256")


def _key(secret: str, use: bytes) -> bytes:
    return hmac.digest(secret.encode("utf-8", "surrogateescape"), b"fanwire " + use, sha256)
