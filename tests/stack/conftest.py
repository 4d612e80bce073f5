"""A whole Fanwire, started as operations start it, and a farm of outlets that take their time."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from farm import Farm
from processes import ROOT, answers, descendants, end, environment, start, until

from tasks.settings import settings

FANWIRE = str(Path(sys.executable).with_name("fanwire"))
PRESS = 300
PLAN: dict[str, dict[str, Any]] = {
    f"press-{n:03}": {"manner": "slow", "delay": 0.1 + n % 7 * 0.05, "outlet": {"circuits": ["press"]}}
    for n in range(PRESS)
} | {
    "few-en": {"outlet": {"circuits": ["few"]}, "tls": True},
    "few-de": {"outlet": {"circuits": ["few"], "languages": ["de", "en"], "format": "html"}},
    "few-none": {"outlet": {"circuits": ["few"], "languages": ["sw"], "format": "text"}},
    "few-moved": {"manner": "moved", "outlet": {"circuits": ["few"]}},
    "few-down": {"manner": "unavailable", "outlet": {"circuits": ["few"]}},
    "hangs": {"manner": "hang", "outlet": {"circuits": ["hangs"]}},
}
TIMES = {
    "ALLOWED_NETWORKS": "127.0.0.0/8",
    "DEADLINE": "1.5",
    "LEASE": "6.6",
    "RETRY_BASE": "0.5",
    "MAKING_LEASE": "3",
    "MAKING_RETRY": "2",
    "TICK": "0.5",
    "IN_FLIGHT": "20",
    "CLAIM_CHUNK": "20",
    "FLOWER_PASSWORD": "Flowerpasswort",
}


class Stack:
    """`fanwire up` and the CLI beside it."""

    def __init__(self, home: Path, farm: Farm) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.flower = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self.home, self.farm = home, farm
        port = self.flower.rpartition(":")[2]
        self.env = environment(home, CA_FILE=str(farm.ca_file), FLOWER_PORT=port, **TIMES)
        self.process = start([FANWIRE, "up"], self.env, home / "up.log")

    def ready(self) -> None:
        """Until intake is open, and the outlets are imported."""
        until(lambda: (self.home / "broker.url").exists() and answers(self.broker), 30, self.told)
        until(lambda: "intake open" in self.log("intake"), 40, self.told)
        assert json.loads(self.run("outlets", "import", str(self.farm.outlets_file), "--json"))["refused"] == 0

    @property
    def broker(self) -> str:
        return (self.home / "broker.url").read_text().strip()

    def log(self, name: str) -> str:
        file = self.home / "log" / f"{name}.log"
        return file.read_text() if file.exists() else ""

    def told(self) -> str:
        """What the processes said last."""
        return "\n".join(f"--- {file.name}\n{file.read_text()[-1500:]}" for file in self.home.glob("log/*.log"))

    def run(self, *arguments: str, status: int = 0, timeout: float = 90) -> str:
        """One `fanwire` command; what it printed."""
        done = subprocess.run(
            [FANWIRE, *arguments], env=self.env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=timeout
        )
        assert done.returncode == status, f"{arguments}: {done.returncode} {done.stdout} {done.stderr}"
        return done.stdout + (done.stderr if status else "")

    def worker(self, name: str) -> psutil.Process:
        """The parent process of a worker."""
        for process in psutil.Process(self.process.pid).children():
            with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
                if f"{name}@%h" in process.cmdline():
                    return process
        raise LookupError(name)

    def everything(self) -> list[psutil.Process]:
        return descendants(self.process.pid)


@contextmanager
def running(home: Path, farm: Farm) -> Iterator[Stack]:
    stack = Stack(home, farm)
    try:
        stack.ready()
        yield stack
    finally:
        end(stack.process, patience=30)


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with Farm(PLAN, tmp_path_factory.mktemp("farm")) as farm:
        yield farm


@pytest.fixture(scope="session")
def shared_stack(tmp_path_factory: pytest.TempPathFactory, farm: Farm) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack"), farm) as stack:
        yield stack


@pytest.fixture
def stack(shared_stack: Stack, farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The running stack, its ledger and broker those of this test's process too; the farm has forgotten other tests."""
    farm.reset()
    monkeypatch.setenv("FANWIRE_HOME", str(shared_stack.home))
    settings.cache_clear()
    assert shared_stack.process.poll() is None, "the test that ends the stack must be the last"
    assert os.getpgid(shared_stack.process.pid) == shared_stack.process.pid
    return shared_stack
