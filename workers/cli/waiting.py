"""`fanwire submit --wait`: until nothing of a release is due, claimed or being built, and how far it is meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tasks import ledger
from tasks.ledger import counts, releases
from tasks.model.release import Release
from tasks.model.states import State
from workers.cli.screen import err, stop

POLL = 0.5
LINE_EVERY = 10.0
"""Seconds between lines where there is no terminal to rewrite one on."""
NOT_PLANNED = "waiting for planning …"


def until_done(release: Release, seconds: float | None) -> None:
    """Return when the release is planned, what can be built is built, and nothing is due or claimed.

    After `seconds` (None: never) the command ends with what is still open. Standard error shows how far it is.
    """
    ends = None if seconds is None else time.monotonic() + seconds
    with _progress(release) as show:
        while True:
            busy, states = _look(release)
            if not busy:
                return
            if ends is not None and time.monotonic() >= ends:
                stop(f"after {seconds:g} s not done: {_open(states)}", "(wait)")
            show(summary(states) or NOT_PLANNED)
            time.sleep(POLL)


def summary(states: dict[str, int]) -> str:
    """The number of deliveries in each state, such as `300 delivered, 2 due`."""
    return ", ".join(f"{n:,} {state}" for state, n in sorted(states.items()))


def _open(states: dict[str, int]) -> str:
    if not states:
        return "it is not planned yet; is the stack up?"
    left = {str(state): states[state] for state in (State.DUE, State.CLAIMED, State.HELD) if state in states}
    what = summary(left) or "nothing is due, but a translation or rendition is being built"
    return f"{what} (of {sum(states.values()):,})"


def _look(release: Release) -> tuple[bool, dict[str, int]]:
    """Whether it is still busy, and its deliveries by state."""
    with ledger.read() as connection:
        row = releases.find(connection, release.uri, release.version)
        if row is None or row.planned_at is None:
            return True, {}
        busy = counts.unfinished(connection, row.id) or counts.being_built(connection, row.id)
        return bool(busy), counts.total(counts.states(connection, row.id))


@contextmanager
def _progress(release: Release) -> Iterator[Callable[[str], None]]:
    """Where progress is shown: a line that is rewritten, or one every ten seconds."""
    if err.is_terminal:
        with err.status(NOT_PLANNED) as line:
            yield line.update
        return
    next_line = time.monotonic() + LINE_EVERY

    def show(text: str) -> None:
        nonlocal next_line
        if time.monotonic() >= next_line:
            next_line += LINE_EVERY
            err.print(f"{release.name}: {text}", markup=False)

    yield show
