"""`fanwire up`: one per home, and no look into logs to learn that a port is taken."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tasks.runtime.settings import settings
from tests.support.processes import ROOT, descendants, end, environment, start, until
from workers import home
from workers.ops import flower

from .conftest import Run

FANWIRE = str(Path(sys.executable).with_name("fanwire"))


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


def test_a_second_up_is_refused_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    place = tmp_path / "home"
    env = environment(place, FLOWER_PORT=free_port(), FLOWER_PASSWORD="geheim")
    log = tmp_path / "up.log"
    process = start([FANWIRE, "up"], env, log)
    programs: list[psutil.Process] = []
    try:
        until(lambda: "entered RUNNING state" in log.read_text(), 40, log.read_text)
        again = subprocess.run([FANWIRE, "up"], env=env, cwd=ROOT, capture_output=True, text=True, check=False)
        assert again.returncode == 1
        assert again.stderr.startswith(f"Fanwire is already up in {place}, pid {process.pid}; end that one first")
        told = log.read_text()
        assert f"http://127.0.0.1:{env['FANWIRE_FLOWER_PORT']}/" in told
        assert f"{place}/log" in told
        assert "geheim" not in told
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FANWIRE_HOME", str(place))
            settings.cache_clear()
            assert home.up_pid() == process.pid
            family = os.getpgid(process.pid)
            programs = descendants(process.pid)
            process.kill()
            process.wait()
            assert home.up_pid() is None  # although its programs may still be there
            assert family == process.pid
        settings.cache_clear()
    finally:
        for program in programs:  # what a killed supervisord leaves
            with suppress(psutil.NoSuchProcess):
                program.kill()
        end(process)


def test_a_lock_that_somebody_has_is_not_taken() -> None:
    settings().home.mkdir(parents=True)
    held = home.lock()
    assert home.up_pid() == os.getpid()
    with pytest.raises(home.AlreadyUp, match=f"pid {os.getpid()}"):
        home.lock()
    os.close(held)
    assert home.up_pid() is None
    os.close(home.lock())


def test_a_taken_flower_port_is_named_before_anything_starts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("FANWIRE_FLOWER_PORT", str(other.getsockname()[1]))
        settings.cache_clear()
        told = run("up", status=1).stderr
    assert "FANWIRE_FLOWER_PORT" in told
    assert "already in use" in told
    assert len(told.splitlines()) == 1
    assert not (settings().home / "ledger.sqlite").exists()
    monkeypatch.setenv("FANWIRE_FLOWER_PORT", free_port())
    settings.cache_clear()
    flower.need_port()


def test_the_demo_takes_a_free_port_when_flowers_is_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import demo

    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = int(other.getsockname()[1])
        monkeypatch.setattr(demo, "FLOWER_PORT", taken)
        found = demo.flower_port(None)
        assert found != taken
        assert f"Port {taken} is taken, so this Flower gets {found}." in capsys.readouterr().out
        with pytest.raises(SystemExit, match="is taken"):
            demo.flower_port(taken)
