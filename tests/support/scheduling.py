"""How `make test` shares the tests out to processes: those that use the same servers stay in one process.

pytest-xdist's own groups need a way to rename a test that pytest 9.2 no longer has, so this is a scheduler of ours.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    "tests/stack/test_recovery.py": "recovery",
    "tests/stack": "stack",
    "tests/faults/test_faults.py::test_postgres": "faults-postgres",
    "tests/faults/test_faults.py": "faults",
    "tests/translation/toy": "toy",
}
"""Tests whose names begin so share a stack, or a model that is trained. Those of any other file stay together for the
servers of its fixtures."""
APART = ("tests/ledger/test_state_machine.py", "tests/translation")
"""Files and folders whose tests share nothing: each goes to whichever process is free."""
FIRST = (
    "faults",
    "stack",
    "tests/faults",
    "recovery",
    "tests/ledger/test_state_machine.py",
    "faults-postgres",
    "toy",
    "tests/docs",
    "tests/delivery/test_drain.py",
    "tests/workers",
    "tests/web/test_pages",
)
"""What takes longest, most of it waiting, and so begins first."""
LAST = "tests/translation"
"""What only computes, in small parts: it keeps all processes busy until the end."""


class ByServers(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each process of pytest-xdist whole groups of tests, in the order of `turn`."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def group(nodeid: str) -> str:
    """The group of a test; a test that is a group of its own has its own name."""
    alone = nodeid if nodeid.startswith(APART) else nodeid.partition("::")[0]
    return next((TOGETHER[start] for start in TOGETHER if nodeid.startswith(start)), alone)


def turn(nodeid: str) -> int:
    """When the group of a test begins: a lower number is earlier."""
    own = group(nodeid)
    usual = len(FIRST) + own.startswith(LAST)
    return next((number for number, start in enumerate(FIRST) if own.startswith(start)), usual)


@contextmanager
def a_core_to_collect_on() -> Iterator[None]:
    """No more processes of pytest-xdist import the tests at the same time than there are cores: in a fresh checkout the
    first ones compile everything, and the others find what they have compiled."""
    run, process = os.environ.get("PYTEST_XDIST_TESTRUNUID"), os.environ.get("PYTEST_XDIST_WORKER", "")
    if run is None:
        yield
        return
    core = int(process.removeprefix("gw")) % len(os.sched_getaffinity(0))
    file = Path(tempfile.gettempdir(), f"fanwire-collect-{run}-{core}.lock")
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    file.unlink(missing_ok=True)
