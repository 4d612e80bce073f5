"""Whether this worker was asked to stop: one byte shared between a worker and the processes it forks.

Celery's warm shutdown waits for running tasks without a word to them, and a drain may run for minutes. So the worker
sets this flag when it is asked to stop (workers/app.py), and the drain looks at it.
"""

from __future__ import annotations

import mmap

_flag: mmap.mmap | bytearray = bytearray(1)  # of this process alone, until it begins as a worker


def begin() -> None:
    """Have a flag of its own, which nobody else's end sets. A worker does so before it forks any process: `fanwire up`
    forks all workers from one that has imported this."""
    global _flag
    _flag = mmap.mmap(-1, 1)  # anonymous and shared: what a parent writes, its forked children read


def ask() -> None:
    """Ask every drain of this worker to finish what is in flight and take no more."""
    _flag[0] = 1


def asked() -> bool:
    """Whether this worker was asked to stop."""
    return _flag[0] == 1
