"""Whether a process of this machine still lives."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest

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


def began(process: int) -> int:
    found = processes.started(process)
    assert found is not None
    return found


@pytest.fixture
def other() -> Iterator[int]:
    """The number of a process that lives."""
    child = subprocess.Popen(["sleep", "60"])
    yield child.pid
    child.kill()
    child.wait()


def test_whether_a_process_lives(other: int) -> None:
    assert processes.lives(other, began(other))
    assert processes.lives(other, began(other) + 1) is False
    assert processes.lives(2**22 + 1, 5) is False


def test_without_a_file_descriptor_to_spare_nothing_is_known_of_others(other: int) -> None:
    """Else one process that leaks them would take all workers of its machine for gone."""
    theirs = began(other)
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, usual[1]))
    try:
        assert processes.lives(other, theirs) is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)


def in_a_namespace(options: list[str], code: str) -> str:
    """What a Python process of its own namespaces prints. Skips without the right to make them."""
    if os.geteuid() or subprocess.run(["unshare", *options, "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root can make namespaces")
    command = ["unshare", *options, sys.executable, "-c", f"import os\nfrom tasks.runtime import processes\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_process_that_another_user_may_not_see_may_live(other: int) -> None:
    """With `hidepid` /proc has only the processes of who asks."""
    code = (
        "import subprocess\n"
        "subprocess.run(['mount', '-t', 'proc', '-o', 'hidepid=2', 'proc', '/proc'], check=True)\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "began = processes.started(child.pid)\n"
        "os.setgroups([]), os.setgid(65534), os.setuid(65534)\n"
        "print(processes.started(child.pid), processes.lives(child.pid, began), processes.lives(99999, began))\n"
    )
    assert in_a_namespace(["-m", "-p", "-f", "--kill-child"], code) == "None None False"


def test_numbers_that_are_those_of_another_proc_name_no_process() -> None:
    """In a namespace of its own without a /proc of its own, whatever stands there is about others."""
    assert in_a_namespace(["-p", "-f"], "print(processes.machine())") == "None"


def test_processes_that_see_each_other_say_the_same_machine() -> None:
    code = "from tasks.runtime import processes; print(processes.machine())"
    theirs = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert theirs == processes.machine()
    assert len(theirs) <= 100
