"""What runs our tests side by side: none is lost or run twice, and a process that dies fails its test only."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import side_by_side
from tests.support.processes import ROOT
from tests.support.scheduling import groups

CONFTEST = """
import pytest
from tests.support.side_by_side import pytest_addoption, pytest_configure, pytest_runtestloop

@pytest.fixture(scope="session")
def session_log(request):
    path = request.config.rootpath / "log"
    yield path
    with path.open("a") as log:
        print("torn down", file=log)
"""
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs tests, a module each, in two processes: the exit status, and what pytest says."""

    def one(*modules: str, options: tuple[str, ...] = ()) -> tuple[int, str]:
        (tmp_path / "conftest.py").write_text(CONFTEST)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        for number, text in enumerate(modules):
            (tmp_path / f"test_{number}.py").write_text(f"import os, signal\n{text}")
        command = [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", side_by_side.OPTION, "2", *options,
            f"--rootdir={tmp_path}", "-c", f"{tmp_path}/pytest.ini", str(tmp_path),
        ]  # fmt: skip
        env = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return one


def test_all_run_once_and_what_fails_is_shown(run: Run, tmp_path: Path) -> None:
    modules = [
        f"def test_{name}(session_log):\n    print('seen {name}', file=session_log.open('a'))\n    assert {good}\n"
        for name, good in (("a", True), ("b", "'left' == 'right'"), ("c", True))
    ]
    status, said = run(*modules)
    assert status == 1
    assert "1 failed, 2 passed" in said
    assert "AssertionError: assert 'left' == 'right'" in said
    log = (tmp_path / "log").read_text().splitlines()
    assert sorted(line for line in log if line.startswith("seen")) == ["seen a", "seen b", "seen c"]
    assert "torn down" in log


@pytest.mark.parametrize(
    ("ends", "says"), [("os.kill(os.getpid(), signal.SIGKILL)", "signal 9"), ("os._exit(0)", "exit status 0")]
)
def test_a_process_that_dies_fails_the_test_it_ran_and_the_rest_goes_on(run: Run, ends: str, says: str) -> None:
    first = f"def test_good(): pass\ndef test_fatal(): {ends}\ndef test_after(): pass\n"
    status, said = run(first, "def test_other(): pass\n")
    assert status == 1
    assert "1 failed, 3 passed" in said
    assert re.search(f"test_fatal.*\n+the process that ran it ended with {says}", said)


@pytest.mark.timeout(120)
def test_a_process_that_a_test_has_forked_hides_no_death_and_sends_nothing(run: Run, tmp_path: Path) -> None:
    forks = "    if not os.fork():\n        "
    waits = f"while not os.path.exists({str(tmp_path / 'noticed')!r}): time.sleep(0.01)\n        os._exit(0)\n"
    orphan = (
        f"import time\ndef test_fatal():\n{forks}{waits}    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"def test_after(): open({str(tmp_path / 'noticed')!r}, 'w').close()\n"
    )
    strays = f"def test_strays():\n{forks}raise ValueError\n    os.wait()\ndef test_after(): pass\n"
    status, said = run(orphan, strays)
    assert status == 1
    assert "1 failed, 3 passed" in said


def test_the_first_failure_ends_the_run_where_that_is_wanted(run: Run) -> None:
    waits = "import time\ndef test_waits(): time.sleep(1)\n" + "def test_more(): pass\n"
    status, said = run("def test_bad(): assert False\n", waits, options=("-x",))
    assert status == 1
    assert "1 failed" in said
    assert "stopping after 1 failures" in said


def test_a_module_that_cannot_be_imported_fails_the_run(run: Run) -> None:
    status, said = run("import not_there\n", "def test_good(): pass\n")
    assert status == 2
    assert "No module named 'not_there'" in said


def test_tests_that_share_servers_are_one_group() -> None:
    names = ["tests/model/a.py::x", "tests/stack/test_stack.py::a", "tests/model/b.py::y", "tests/stack/other.py::b"]
    assert groups(names) == [[1, 3], [0], [2]]
