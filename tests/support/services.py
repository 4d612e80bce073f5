"""A Fanwire whose processes are services of their own, as on several machines: each is `fanwire worker NAME`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path

import psutil
from farm import Farm
from sqlalchemy import Engine

from tasks import ledger
from tasks.delivery import transports
from tasks.formatting import FORMATS
from tasks.ledger import outlets
from tasks.model.destinations import Destinations
from tasks.model.outlet import Offered, read_outlet
from tests.support.processes import descendants, end, environment, start, until
from tests.support.threads import PATIENCE

FANWIRE = str(Path(sys.executable).with_name("fanwire"))
STARTED = "[config]"
"""In the log of a worker, each time that it starts."""
FEW = {"intake": (), "deliver": ("--queues", "deliver,format,translate", "--concurrency", "2")}
"""As few processes as there can be: one that takes in and plans, and one that does all the rest."""


class Services:
    """Workers that share a broker and a ledger, and the settings with which they find them."""

    def __init__(self, home: Path, farm: Farm, settings: Mapping[str, str], *, broker: str) -> None:
        """`settings`: names without FANWIRE_. `broker`: its address for producers."""
        self.home, self.farm, self.broker = home, farm, broker
        self.env = environment(home, **({"CA_FILE": str(farm.ca_file)} | dict(settings)))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._options: dict[str, Sequence[str]] = {}

    def start(self, name: str, *options: str, machine: str | None = None, ahead: int = 0) -> None:
        """Start the worker of this name with more options. `machine`: it has a home and a host name of its own there,
        and neither sees the processes of the others nor is seen by them, as on another machine; that takes root. There
        its clock may be so many seconds `ahead`, and the worker is called `NAME MACHINE`."""
        called = f"{name} {machine}" if ahead else name
        self._options[called] = options
        home = self.home / machine if machine else self.home
        home.mkdir(exist_ok=True)
        self._file(called).parent.mkdir(parents=True, exist_ok=True)
        command = [*(_machine(machine) if machine else ()), FANWIRE, "worker", name, *options]
        env = self.env | {"FANWIRE_HOME": str(home)} | (_clock(home / "clock", ahead) if ahead else {})
        self.processes[called] = start(command, env, self._file(called))

    def ready(self, *names: str) -> None:
        """Wait until these services take work from the broker."""
        for name in names:
            until(lambda name=name: self._is_ready(name), self.told)  # type: ignore[misc]

    def stop(self, name: str) -> None:
        """End a service as an orchestrator does: by SIGTERM, and with patience."""
        process = self.processes.pop(name)
        outermost = psutil.Process(process.pid)
        if "unshare" in outermost.name():  # which passes no signal on
            outermost.children()[0].terminate()
        else:
            process.terminate()
        process.wait(PATIENCE)
        end(process)

    def lose(self, name: str) -> None:
        """End a service on a machine of its own with all its processes, as when that machine is lost."""
        end(self.processes.pop(name), patience=0)

    def freeze(self, name: str) -> list[psutil.Process]:
        """Have all processes of a service stand still; those that do, to be resumed."""
        still = descendants(self.processes[name].pid)
        for process in still:
            process.suspend()
        return still

    def close(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            end(process)

    def log(self, name: str) -> str:
        return self._file(name).read_text() if self._file(name).exists() else ""

    def told(self) -> str:
        """What the services said last."""
        return "\n".join(f"--- {name}\n{self.log(name)[-2500:]}" for name in self._options)

    def _file(self, name: str) -> Path:
        return self.home / "log" / f"{name}.log"

    def _is_ready(self, name: str) -> bool:
        assert self.processes[name].poll() is None, self.told()
        return " ready." in self.log(name).rpartition(STARTED)[2]


def _machine(name: str) -> list[str]:
    """What a command begins with that runs as on another machine."""
    apart = ["unshare", "--pid", "--uts", "--fork", "--mount-proc", "--kill-child"]
    return [*apart, "sh", "-c", 'hostname "$0" && exec "$@"', name]


def _clock(folder: Path, ahead: int) -> dict[str, str]:
    """The variables of a Python whose clock is so many seconds ahead, by a file in this folder."""
    folder.mkdir(exist_ok=True)
    lines = ("import time", f"time.time = lambda real=time.time: real() + {ahead}")
    (folder / "sitecustomize.py").write_text("\n".join(lines))
    return {"PYTHONPATH": str(folder)}


def put_outlets(farm: Farm, book: Engine) -> None:
    """Have the outlets of a farm in a ledger."""
    here = Destinations(networks=(IPv4Network("127.0.0.0/8"),))
    rules = Offered(formats=frozenset(FORMATS.all()), transports=transports.rules(), destinations=here)
    documents = [read_outlet(dict(document), rules) for document in farm.outlets.values()]
    with book.begin() as connection:
        outlets.put(connection, documents, ledger.now(connection))


@contextmanager
def services(home: Path, farm: Farm, settings: Mapping[str, str], *, broker: str) -> Iterator[Services]:
    """Services of which none is started yet; all end with their test."""
    found = Services(home, farm, settings, broker=broker)
    try:
        yield found
    finally:
        found.close()
