"""Private keys for libcurl, which wants each as a file: they are files in memory, and stand in no folder."""

from __future__ import annotations

import base64
import os
import re
from functools import lru_cache
from typing import Final

KEPT: Final = 256
"""Keys that a process keeps; each takes a descriptor."""


_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----(.*?)-----END ", re.DOTALL)


def unusable_key(key: str) -> str | None:
    """Why a text is no private key that can be used; None if it is one, as far as that can be seen. Holds nothing of
    it."""
    found = _PEM.search(key)
    if found is None:
        return "is no private key: it must begin with -----BEGIN and have all of its lines"
    if "ENCRYPTED" in found[1] or "ENCRYPTED" in found[2] or _cipher(found[2]) not in (None, b"none"):
        return "is a private key with a passphrase: take that away (ssh-keygen -p), or make a key without one"
    return None


def _cipher(lines: str) -> bytes | None:
    """How a key in OpenSSH's form is encrypted; None for other forms."""
    try:
        data = base64.b64decode("".join(lines.split()))
    except ValueError:
        return None
    magic, rest = data[:15], data[15:]
    return rest[4 : 4 + int.from_bytes(rest[:4], "big")] if magic == b"openssh-key-v1\0" else None


class KeyFile(str):
    """The path of a private key, which is there as long as this object."""

    descriptor: int

    def __del__(self) -> None:
        if os is not None:  # else the interpreter ends, and takes the descriptor with it
            os.close(self.descriptor)


@lru_cache(maxsize=KEPT)
def key_file(key: str) -> KeyFile:
    """A file that holds this key; the same for the same key, since connections are shared by its path."""
    descriptor = os.memfd_create("key", os.MFD_CLOEXEC)
    os.write(descriptor, f"{key}\n".encode())
    path = KeyFile(f"/proc/self/fd/{descriptor}")
    path.descriptor = descriptor
    return path
