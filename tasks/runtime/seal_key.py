"""The key that signs seals and reports, so that nobody else can make them: Ed25519.

It is made of FANWIRE_SEAL_KEY, or of a secret that is made once under the home. Who checks a signature needs only the
public key, 44 characters of base64, which `fanwire audit --public-key` prints.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tasks.runtime.errors import ConfigurationRefused, Problem
from tasks.runtime.private_files import kept_secret
from tasks.runtime.settings import settings

SHORTEST = 24
"""Characters of the secret at least."""
_PURPOSE = b"fanwire seal key 1\n"


class SealKey:
    """A key that signs; it shows only its public half."""

    def __init__(self, secret: str) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(sha256(_PURPOSE + secret.encode()).digest())
        raw = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = b64encode(raw).decode()
        """The public half, in base64."""

    def sign(self, data: bytes) -> str:
        """The signature of some data, in base64."""
        return b64encode(self._private.sign(data)).decode()

    def __repr__(self) -> str:
        return f"SealKey({self.public})"


def is_signed(data: bytes, signature: str, public: str) -> bool:
    """Whether the signature of some data was made with the key whose public half this is."""
    try:
        Ed25519PublicKey.from_public_bytes(b64decode(public, validate=True)).verify(
            b64decode(signature, validate=True), data
        )
    except (ValueError, InvalidSignature):
        return False
    return True


def is_public_key(text: str) -> bool:
    """Whether a text is the public half of a key."""
    try:
        return len(b64decode(text, validate=True)) == 32
    except ValueError:
        return False


def seal_key() -> SealKey:
    """The key of this wire. Raises ConfigurationRefused for a secret that is too short, and OSError where there is none
    and none can be written."""
    configured = settings().seal_key
    secret = (configured.get_secret_value() if configured is not None else _kept()).strip()
    if len(secret) < SHORTEST:
        problem = f"must have {SHORTEST} characters or more, for it is all that protects what is sealed"
        raise ConfigurationRefused([Problem("FANWIRE_SEAL_KEY", problem)])
    return SealKey(secret)


def head_file() -> Path:
    """Where this machine keeps the last seal that it made, so that a ledger which ends earlier is found."""
    return settings().home.absolute() / "seals.head"


def _kept() -> str:
    return kept_secret(settings().home.absolute() / "seal.key")
