"""Whether a process of this machine still lives."""

from __future__ import annotations

import os
import subprocess
import sys

from tasks.runtime import processes
from tests.support.processes import until


def test_a_process_is_known_by_its_number_and_when_it_began() -> None:
    mine = processes.started(os.getpid())
    child = subprocess.Popen(["sleep", "60"])
    try:
        theirs = processes.started(child.pid)
        assert mine is not None
        assert theirs is not None
        assert mine <= theirs
        assert (processes.started(os.getpid()), processes.started(child.pid)) == (mine, theirs)
    finally:
        child.kill()
        until(lambda: processes.started(child.pid) is None)  # its parent has not asked yet: it is a zombie
        child.wait()
    assert processes.started(child.pid) is None


def test_processes_that_see_each_other_say_the_same_machine() -> None:
    code = "from tasks.runtime import processes; print(processes.machine())"
    theirs = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert theirs == processes.machine()
    assert len(theirs) <= 100
