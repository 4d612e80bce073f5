"""Passwords as hashes by scrypt, written as `scrypt$15$8$3$SALT$HASH`: what they cost to guess is part of the hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from base64 import b64decode, b64encode

SHORTEST = 12
"""Characters of a password at least."""
LONGEST = 1000
"""Characters of a password at most."""
_LOG_N, _R, _P = 15, 8, 3
_MOST_MEMORY = 256 * 1024 * 1024
_SALT_BYTES, _HASH_BYTES = 16, 32
_at_once = threading.Semaphore(2)
"""Each needs 32 MB for a quarter of a second; more at once than this only help who sends many."""


def hashed(password: str) -> str:
    """The hash of a password, with a new salt."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(password, salt, _LOG_N, _R, _P)
    return f"scrypt${_LOG_N}${_R}${_P}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def is_hash(text: str) -> bool:
    """Whether a text is written as `hashed` writes it, and costs no more than this process can bear."""
    try:
        _parts(text)
    except ValueError:
        return False
    return True


def fits(password: str, text: str) -> bool:
    """Whether a password is the one of this hash; raises ValueError for a text that is no hash."""
    log_n, r, p, salt, digest = _parts(text)
    return len(password) <= LONGEST and hmac.compare_digest(_scrypt(password, salt, log_n, r, p), digest)


def made() -> str:
    """A new password of 120 bits, made by chance."""
    return "-".join(secrets.token_hex(3) for _ in range(5))


def _parts(text: str) -> tuple[int, int, int, bytes, bytes]:
    kind, *numbers, salt, digest = text.split("$")
    if kind != "scrypt" or len(numbers) != 3 or not all(one.isascii() and one.isdigit() for one in numbers):
        raise ValueError("is no hash by scrypt")
    log_n, r, p = map(int, numbers)
    if not (1 <= log_n <= 20 and 1 <= r <= 32 and 1 <= p <= 16 and 128 * r * 2**log_n < _MOST_MEMORY):
        raise ValueError("costs more than a process can bear")
    found = b64decode(digest, validate=True)
    if len(found) != _HASH_BYTES:
        raise ValueError("is not whole")
    return log_n, r, p, b64decode(salt, validate=True), found


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    secret = password.encode("utf-8", "surrogatepass")
    with _at_once:
        return hashlib.scrypt(secret, salt=salt, n=2**log_n, r=r, p=p, maxmem=_MOST_MEMORY, dklen=_HASH_BYTES)
