"""What stands in the memory of a process."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def holds(pid: int, wanted: bytes) -> bool:
    """Whether these bytes stand anywhere in what a process can write to; for a descendant of the process that asks.

    What the process gives back meanwhile is passed over.
    """
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            addresses, rights, *_ = line.split()
            begin, end = (int(address, 16) for address in addresses.split("-"))
            if rights.startswith("rw"):
                memory.seek(begin)
                with suppress(OSError):
                    if wanted in memory.read(end - begin):
                        return True
    return False
