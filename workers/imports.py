"""How a process of ours imports what it is made of."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 10_000
"""How many objects more than were freed have the collector look at those that are new."""


@contextmanager
def all_to_stay() -> Iterator[None]:
    """Imports of a process that begins: the garbage collector rests, and never looks at what they have made.

    None of it is garbage, and looking at it again and again takes a fifth of the time that a command or a worker needs
    to start. Processes that a worker forks share its pages longer, for the collector does not write into them. What
    comes later is looked at less often than is usual: nearly all of ours is freed without the collector.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(YOUNG)
        gc.enable()
