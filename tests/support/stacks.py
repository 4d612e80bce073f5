"""A whole Fanwire for tests, started as operations start it: `fanwire up` with a broker and workers of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from farm import Farm

from tasks.model.ranks import Rank
from tasks.runtime.private_files import write_private
from tests.support import forks
from tests.support.processes import answers, descendants, end, environment, free_port, until
from tests.support.threads import PATIENCE
from tests.support.visitor import CHEAP
from workers.stack import FIRST_USER

COMMAND = [sys.executable, "-m", "workers.cli"]
"""What `fanwire` is, for the fork server of tests."""
STOP_PATIENCE = 30.0
"""Seconds that `fanwire up` gets to end by itself."""


class Stack:
    """`fanwire up` and the CLI beside it."""

    def __init__(self, home: Path, farm: Farm, settings: Mapping[str, str]) -> None:
        """`settings`: names without FANWIRE_. The first user is there already: to make one takes 0.3 s of CPU."""
        self.home, self.farm = home, farm
        port = free_port()
        self.flower = f"http://127.0.0.1:{port}"
        self.env = environment(home, CA_FILE=str(farm.ca_file), FLOWER_PORT=str(port), **settings)
        write_private(home / "users", f"{FIRST_USER} {Rank.OPERATOR.value} {CHEAP}\n")
        self.process = forks.fork([*COMMAND, "up"], self.env, home / "up.log")

    def ready(self) -> None:
        """Until intake is open, and the outlets are imported."""
        if "FANWIRE_BROKER_URL" not in self.env:
            until(lambda: (self.home / "broker.url").exists() and answers(self.broker), self.told)
        until(lambda: "intake open" in self.log("intake"), self.told)
        assert json.loads(self.run("outlets", "import", str(self.farm.outlets_file), "--json"))["refused"] == 0

    @property
    def broker(self) -> str:
        """The address of the broker for producers; of one that is not its own, that of the workers."""
        return self.env.get("FANWIRE_BROKER_URL") or (self.home / "broker.url").read_text().strip()

    @property
    def admin(self) -> str:
        """The address of the broker for the user who may do everything."""
        return (self.home / "broker.admin.url").read_text().strip()

    def log(self, name: str) -> str:
        file = self.home / "log" / f"{name}.log"
        return file.read_text() if file.exists() else ""

    def told(self) -> str:
        """What the processes said last."""
        return "\n".join(f"--- {file.name}\n{file.read_text()[-1500:]}" for file in self.home.glob("log/*.log"))

    def run(self, *arguments: str, status: int = 0, timeout: float = PATIENCE) -> str:
        """One `fanwire` command; what it printed."""
        done = forks.run([*COMMAND, *arguments], self.env, timeout=timeout)
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
def running(home: Path, farm: Farm, settings: Mapping[str, str]) -> Iterator[Stack]:
    """A stack that is ready, with the farm's outlets; it ends with all its processes."""
    stack = Stack(home, farm, settings)
    try:
        stack.ready()
        yield stack
    finally:
        end(stack.process, patience=STOP_PATIENCE)
