"""Forked processes of tests end, print and find modules as those do that are started anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import forks
from tests.support.threads import PATIENCE

PLAIN = {"PATH": os.environ["PATH"]}


def run(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return forks.run([sys.executable, *command], PLAIN | env)


@pytest.mark.parametrize(
    ("code", "status", "err"),
    [
        ("", 0, ""),
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit('no ledger')", 1, "no ledger\n"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
    ],
)
def test_its_status_is_known(code: str, status: int, err: str) -> None:
    done = run("-c", "print('said')\n" + code)
    assert (done.returncode, done.stderr) == (status, err)
    assert done.stdout == ("said\n" if status != -signal.SIGKILL else "")


def test_an_error_is_told_and_threads_and_exit_functions_are_waited_for() -> None:
    code = (
        "import atexit, threading\nthreading.Timer(0.1, print, ['late']).start()\natexit.register(print, 'last')\n1 / 0"
    )
    done = run("-c", code)
    assert (done.returncode, done.stdout) == (1, "late\nlast\n")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_it_has_the_environment_the_arguments_and_the_modules_that_were_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import os, sys; print(sys.argv[1:], sorted(os.environ), __name__)")
    done = run("-m", "mine", "a", "b", PYTHONPATH=str(tmp_path))
    assert done.stdout == "['a', 'b'] ['PATH', 'PYTHONPATH'] __main__\n"


def test_it_runs_in_a_group_of_its_own_until_it_is_ended(tmp_path: Path) -> None:
    process = forks.fork_python("import signal; print('here', flush=True); signal.pause()", PLAIN, tmp_path / "log")
    assert os.getpgid(process.pid) == process.pid
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.terminate()
    assert process.wait(PATIENCE) == process.poll() == -signal.SIGTERM
    process.terminate()  # which is too late, and does no harm
