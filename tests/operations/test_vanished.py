"""Which processes of other machines count as gone."""

from __future__ import annotations

import os

from tasks.ledger.presence import GONE_AFTER, Present
from tasks.operations.vanished import LOOKED_AWAY, Watch
from tasks.runtime import processes

FAR = "another machine"


def look(watch: Watch, seconds: float, **beats: float | None) -> set[str]:
    return {one.name for one in watch.gone([Present(name, FAR, beat) for name, beat in beats.items()], seconds)}


def test_who_goes_on_beating_is_there_whatever_the_clocks_say() -> None:
    watch = Watch()
    for second in range(60):
        assert look(watch, 1000.0 + second, a=5e9 - second, b=float(second // 4)) == set()


def test_who_is_silent_for_long_enough_is_gone() -> None:
    watch = Watch()
    gone = [second for second in range(20) if look(watch, float(second), a=1.0, b=float(second)) == {"a"}]
    assert gone == list(range(int(GONE_AFTER) + 1, 20))


def test_silence_counts_anew_after_the_ledger_stood_still() -> None:
    """The observer could not look, so the others could not beat."""
    watch = Watch()
    for second in range(8):
        assert look(watch, float(second), a=1.0) == set()
    later = 8.0 + LOOKED_AWAY + 30
    for second in range(int(GONE_AFTER) + 1):
        assert look(watch, later + second, a=1.0) == set()
    assert look(watch, later + GONE_AFTER + 0.5, a=1.0) == {"a"}


def test_who_has_no_beats_to_give_is_never_gone_for_want_of_them() -> None:
    watch = Watch()
    assert all(look(watch, float(second), a=None) == set() for second in range(60))


def test_on_this_machine_the_process_itself_decides() -> None:
    me, began = os.getpid(), processes.started(os.getpid())
    present = [
        Present(f"here:{me}:{began}", processes.machine(), 1.0),
        Present(f"here:{me}:{began}1", processes.machine(), 1.0),  # had the same number before
        Present(f"h:1:{began}:{2**22 + 1}:5", processes.machine(), None),
    ]
    watch = Watch()
    for second in range(30):
        assert watch.gone(present, float(second)) == present[1:]
