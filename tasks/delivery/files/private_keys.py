"""Private keys for libcurl, which wants each as a file: they are files in memory, and stand in no folder."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Final

KEPT: Final = 256
"""Keys that a process keeps; each takes a descriptor."""


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
