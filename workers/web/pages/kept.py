"""Sums over many rows, kept for a moment and shared by all who look: the more one cost, the longer it is kept."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")
LEAST_SECONDS, TIMES = 1.0, 10.0
"""A sum is kept for so long, or for so many times what it took."""
SETTLED_SECONDS = 60.0
"""A sum that changes no more by itself is kept for so long, and no other one for longer: it may have had to wait."""
MOST = 2_000


@dataclass
class _Entry:
    busy: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    value: Any = None


_entries: OrderedDict[Hashable, _Entry] = OrderedDict()
_keeping = threading.Lock()


def kept(key: Hashable, make: Callable[[], T], is_settled: Callable[[T], bool] = lambda _: False) -> T:
    """What `make` gives: made now, or a moment ago. Of those who ask at the same time one makes it, the others wait."""
    entry = _entry(key)
    with entry.busy:
        if time.monotonic() >= entry.until:
            began = time.monotonic()
            entry.value = make()
            took = time.monotonic() - began
            least = SETTLED_SECONDS if is_settled(entry.value) else LEAST_SECONDS
            entry.until = time.monotonic() + min(SETTLED_SECONDS, max(least, TIMES * took))
        found: T = entry.value
        return found


def is_kept(key: Hashable) -> bool:
    """Whether `kept` would make nothing."""
    with _keeping:
        entry = _entries.get(key)
    return entry is not None and time.monotonic() < entry.until


def forget(key: Hashable = None) -> None:
    """Make what has this key anew when somebody next asks; None: everything."""
    with _keeping:
        if key is None:
            _entries.clear()
        else:
            _entries.pop(key, None)


def _entry(key: Hashable) -> _Entry:
    with _keeping:
        entry = _entries.setdefault(key, _Entry())
        _entries.move_to_end(key)
        while len(_entries) > MOST:
            _entries.popitem(last=False)
        return entry
