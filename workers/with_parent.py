"""Run a program that ends with its parent: `python workers/with_parent.py [-u VARIABLE]… COMMAND…` becomes COMMAND.

What supervisord starts is started so: were supervisord killed, its workers and its broker would go on without anybody
who restarts or stops them, and the next `fanwire up` would start a second set beside them. Only the standard library is
imported here, since programs start through it. Linux only (prctl); elsewhere it does nothing but `-u`, which takes a
variable from the environment.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PARENT = "FANWIRE_UP_PID"
"""The variable with the process id of supervisord."""
COMMAND = (sys.executable, "-I", "-S", __file__)
"""What the command of such a program begins with."""
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def signal_when_parent_ends(number: signal.Signals) -> bool:
    """Have the kernel send this process a signal when its parent ends, however that ends; False where it cannot."""
    return _process_control(_PR_SET_PDEATHSIG, number)


def adopt_orphans(adopted: bool = True) -> bool:
    """Have the kernel make this process the parent of descendants whose own parent ends, or do so no more; False where
    it cannot."""
    return _process_control(_PR_SET_CHILD_SUBREAPER, int(adopted))


def _process_control(what: int, value: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    return hasattr(libc, "prctl") and libc.prctl(what, value, 0, 0, 0) == 0


def split(command: Sequence[str]) -> tuple[frozenset[str], list[str]]:
    """Of the command of such a program the variables that it does not see, and what it becomes."""
    left = list(command[len(COMMAND) :] if tuple(command[: len(COMMAND)]) == COMMAND else command)
    unseen = set()
    while left[:1] == ["-u"]:
        unseen.add(left[1])
        del left[:2]
    return frozenset(unseen), left


def main(arguments: list[str]) -> None:
    """Become this command; it gets SIGTERM when its parent ends."""
    if signal_when_parent_ends(signal.SIGTERM) and os.environ.get(PARENT) not in (None, str(os.getppid())):
        sys.exit("the parent has ended before this program began")
    unseen, command = split(arguments)
    os.execvpe(  # noqa: S606
        command[0], command, {name: value for name, value in os.environ.items() if name not in unseen}
    )


if __name__ == "__main__":
    main(sys.argv[1:])
