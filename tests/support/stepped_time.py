"""A time source that stands still until a test moves it on."""

from __future__ import annotations

import time

START = 1_800_000_000.0
"""Seconds since the epoch."""


class SteppedTime:
    """Stands in for the module `time` wherever Fanwire takes a `time_source`."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now - START + 1000

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds


class RunningTime(SteppedTime):
    """One that goes on by itself too: for what waits until its clock has reached a moment."""

    def monotonic(self) -> float:
        return super().monotonic() + time.monotonic()
