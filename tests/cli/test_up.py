"""`fanwire up`: one per home, and no look into logs to learn that a port is taken."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tasks.runtime.settings import settings
from tests.support.processes import ROOT, descendants, end, environment, free_port, start, until
from tests.support.threads import PATIENCE
from workers import home, stack, with_parent
from workers.ops import flower

from .conftest import Run

FANWIRE = str(Path(sys.executable).with_name("fanwire"))


def test_a_second_up_is_refused_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    place = tmp_path / "home"
    env = environment(place, FLOWER_PORT=str(free_port()), FLOWER_PASSWORD="geheim")
    log = tmp_path / "up.log"
    process = start([FANWIRE, "up"], env, log)
    programs: list[psutil.Process] = []
    try:
        until(lambda: "entered RUNNING state" in log.read_text(), log.read_text)
        again = subprocess.run([FANWIRE, "up"], env=env, cwd=ROOT, capture_output=True, text=True, check=False)
        assert again.returncode == 1
        assert again.stderr.startswith(f"Fanwire is already up in {place}, pid {process.pid}; end that one first")
        told = log.read_text()
        assert f"http://127.0.0.1:{env['FANWIRE_FLOWER_PORT']}/" in told
        assert f"{place}/log" in told
        assert "geheim" not in told
        assert re.search(r"Page .*user operations, password [0-9a-f-]{34} ", told.replace("\n", " "))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FANWIRE_HOME", str(place))
            settings.cache_clear()
            assert home.up_pid() == process.pid
            assert os.getpgid(process.pid) == process.pid
            # while a program begins it has no environment yet by which it is known, and one that began may end
            until(lambda: set(home.left_behind()) >= {program.pid for program in descendants(process.pid)})
            programs = descendants(process.pid)
            assert programs
            process.kill()
            process.wait()
            assert home.up_pid() is None  # although its programs may still be ending
            _, alive = psutil.wait_procs(programs, PATIENCE)
            assert [program.cmdline() for program in alive] == [], "they end with their supervisord"
            until(lambda: home.left_behind() == [])  # with one that began in between
        settings.cache_clear()
    finally:
        for program in programs:  # what a killed supervisord leaves, if it leaves any
            with suppress(psutil.NoSuchProcess):
                program.kill()
        end(process)


def test_what_an_earlier_one_has_left_is_ended() -> None:
    mine = {**os.environ, home.OWNER: str(settings().home.absolute())}
    polite = start(["sleep", "600"], mine, settings().home / "log")
    stubborn = start(
        ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"], mine, settings().home / "sh"
    )
    other = start(["sleep", "600"], mine | {home.OWNER: "/somewhere/else"}, settings().home / "log")
    try:
        until(lambda: "ready" in (settings().home / "sh").read_text())
        # in the middle of an exec, as from setpriv to sleep, a process has no environment for a moment
        until(lambda: (sleep := psutil.Process(polite.pid)).name() == "sleep" and home.OWNER in sleep.environ())
        assert set(home.end_left_behind(within=5.0)) >= {polite.pid, stubborn.pid}
        assert (polite.wait(), stubborn.wait(), other.poll()) == (-signal.SIGTERM, -signal.SIGKILL, None)
    finally:
        for process in (polite, stubborn, other):
            end(process)


def test_a_program_ends_with_its_parent(tmp_path: Path) -> None:
    """And one whose parent has ended before it began does not begin."""
    said = tmp_path / "said"
    code = (
        "import os, subprocess, sys, time\n"
        "os.environ['FANWIRE_UP_PID'] = str(os.getpid())\n"
        f"print(subprocess.Popen([*{with_parent.COMMAND!r}, 'sleep', '600']).pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = start([sys.executable, "-c", code], dict(os.environ), said)
    program = psutil.Process(until(lambda: int(said.read_text() or 0)))
    until(lambda: program.name() == "sleep")
    parent.kill()
    parent.wait()
    program.wait(PATIENCE)
    late = subprocess.run(
        [*with_parent.COMMAND, "true"],
        env={**os.environ, "FANWIRE_UP_PID": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (late.returncode, late.stderr) == (1, "the parent has ended before this program began\n")


def test_a_lock_that_somebody_has_is_not_taken() -> None:
    settings().home.mkdir(parents=True)
    held = home.lock()
    assert home.up_pid() == os.getpid()
    with pytest.raises(home.AlreadyUp, match=f"pid {os.getpid()}"):
        home.lock()
    os.close(held)
    assert home.up_pid() is None
    os.close(home.lock())


@pytest.mark.parametrize("below", ["", "a/b"])
def test_a_home_that_can_be_no_folder_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, below: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("FANWIRE_HOME", str(file / below))
    settings.cache_clear()
    said = run("up", status=1).stderr
    assert "FANWIRE_HOME" in said
    assert f"{file} is a file, where Fanwire needs a folder" in said


@pytest.mark.parametrize("below", ["", "a"])
def test_a_home_that_is_a_link_to_nothing_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, below: str
) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "none")
    monkeypatch.setenv("FANWIRE_HOME", str(link / below))
    settings.cache_clear()
    assert f"FANWIRE_HOME: {link} is a link that leads nowhere" in run("up", status=1).stderr


def test_files_that_cannot_be_read_are_named_although_it_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert list(stack.refused_files()) == []
    (tmp_path / "translation.yaml").write_text("engines: []")
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(tmp_path / "translation.yaml"))
    monkeypatch.setenv("FANWIRE_RETENTION_FILE", str(tmp_path / "none.yaml"))
    settings.cache_clear()
    [translation, retention] = stack.refused_files()
    assert "translation.yaml refused: engines: must be an object" in translation
    assert "nothing is translated" in translation
    assert "none.yaml refused" in retention


def test_a_taken_flower_port_is_named_before_anything_starts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("FANWIRE_FLOWER_PORT", str(other.getsockname()[1]))
        settings.cache_clear()
        told = run("up", status=1).stderr
    assert "FANWIRE_FLOWER_PORT" in told
    assert "already in use" in told
    assert len(told.splitlines()) == 1
    assert not (settings().home / "ledger.sqlite").exists()
    monkeypatch.setenv("FANWIRE_FLOWER_PORT", str(free_port()))
    settings.cache_clear()
    flower.need_port()


def test_the_demo_takes_a_free_port_when_flowers_is_taken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    import demo

    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = int(other.getsockname()[1])
        found = demo.port_for("Flower", None, taken)
        assert found != taken
        assert f"Port {taken} is taken, so this Flower gets {found}." in capsys.readouterr().out
        with pytest.raises(SystemExit, match="is taken"):
            demo.port_for("Flower", taken, 5555)
