"""Run a program that ends with its parent: `python workers/with_parent.py COMMAND…` becomes COMMAND.

What supervisord starts is started so: were supervisord killed, its workers and its broker would go on without anybody
who restarts or stops them, and the next `fanwire up` would start a second set beside them. Only the standard library is
imported here, since every program starts through it. Linux only (prctl); elsewhere it does nothing.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PARENT = "FANWIRE_UP_PID"
"""The variable with the process id of supervisord."""
_PR_SET_PDEATHSIG = 1


def signal_when_parent_ends(number: signal.Signals) -> bool:
    """Have the kernel send this process a signal when its parent ends, however that ends; False where it cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "prctl"):
        return False
    libc.prctl(_PR_SET_PDEATHSIG, number)
    return True


def main(command: list[str]) -> None:
    """Become this command; it gets SIGTERM when its parent ends."""
    if signal_when_parent_ends(signal.SIGTERM) and os.environ.get(PARENT) not in (None, str(os.getppid())):
        sys.exit("the parent has ended before this program began")
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
