"""Real processes for tests: a Valkey, Fanwire's own, and the patience to wait for them. All end with their test."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest
import redis

from tasks.runtime.settings import settings
from tests.support.forks import ROOT as ROOT
from tests.support.forks import Fork
from tests.support.side_by_side import PROCESS
from tests.support.threads import PATIENCE

T = TypeVar("T")
POLL = 0.05
_given: set[int] = set()
"""The ports that `free_port` has given in this process."""


def until(condition: Callable[[], T], told: Callable[[], Any] = lambda: "", *, seconds: float = PATIENCE) -> T:
    """Wait until `condition()` is true, and return it; fails the test after so many seconds with what `told()` says.

    What takes long to ask is asked less often, so that waiting leaves the processors to those that are waited for.
    """
    ends = time.monotonic() + seconds
    asked = time.monotonic()
    while not (result := condition()):
        now = time.monotonic()
        assert now < ends, f"not so after {seconds} s {told()}"
        time.sleep(min(1.0, max(POLL, 10 * (now - asked))))
        asked = time.monotonic()
    return result


def free_port() -> int:
    """A port of this machine that is free, and that nobody gets by chance until a process of the test takes it.

    So it is none of those that the system gives to whoever asks for any, and each process of a test run looks for it
    in a range of its own, and gives none twice.
    """
    first = 12_000 + 500 * int(os.environ.get(PROCESS, "0"))
    for port in random.sample(sorted(set(range(first, first + 500)) - _given), 500 - len(_given)):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            _given.add(port)
            return port
    raise OSError("no port is free")


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a Fanwire process: nothing of Fanwire's but the home, any free port for the web server, and
    `more` (names without FANWIRE_)."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FANWIRE_")}
    own = {"FANWIRE_HOME": str(home), "FANWIRE_WEB_PORT": "0"}
    return clean | own | {f"FANWIRE_{name}": value for name, value in more.items()}


def start(command: list[str], env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """A process in a group of its own; what it prints is appended to `log`.

    It gets SIGTERM should the thread that starts it end first, for whatever reason: no stack outlives its tests.
    """
    ending = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        return subprocess.Popen(
            [*ending, *command],
            env=env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes] | Fork, *, patience: float = 10) -> None:
    """End a process, and whatever of its group and family is left then."""
    family = descendants(process.pid)
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait()


def descendants(pid: int) -> list[psutil.Process]:
    """All processes that came of this one."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@contextlib.contextmanager
def own_valkey(home: Path) -> Iterator[str]:
    """The embedded Valkey, as `fanwire up` runs it, under `home`; its address for the user who may do everything."""
    from workers import broker
    from workers.broker_users import User

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FANWIRE_BROKER_URL", raising=False)
        patch.setenv("FANWIRE_HOME", str(home))
        patch.setattr(broker, "free_port", free_port)
        settings.cache_clear()
        command, url = broker.prepare_embedded(), broker.broker_url(User.ADMIN)
    settings.cache_clear()
    process = start(command, environment(home), home / "valkey.log")
    try:
        until(lambda: answers(url))
        yield url
    finally:
        end(process)


def addresses(home: Path) -> dict[Any, str]:
    """The addresses of the broker of a home, by its users."""
    from workers.broker_users import User

    files = {user: home / ("broker.url" if user is User.PRODUCER else f"broker.{user}.url") for user in User}
    return {user: file.read_text().strip() for user, file in files.items()}


def answers(url: str) -> bool:
    """Whether a broker is there."""
    with contextlib.suppress(redis.RedisError), redis.Redis.from_url(url) as client:
        return bool(client.ping())
    return False
