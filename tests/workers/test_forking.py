"""Processes that the fork server starts: they begin as if by `exec`, and have nothing of one another."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.support.fork_servers import Server, asked, fork_server
from tests.support.memory import holds
from tests.support.processes import until
from workers import fork_server as fork_server_code
from workers import forking

PLAIN = {"PATH": "/usr/bin"}
SLEEPS = "import time; print('ready', flush=True); time.sleep(600)"


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with fork_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    with asked(shared_server):
        yield shared_server


def run(code: str, output: Path, env: dict[str, str] = PLAIN, *arguments: str, asks: bool = False) -> int:
    """Fork a process that runs this code; its process id. What it prints goes into a file."""
    command = [sys.executable, "-m", "tests.support.forked_code", code, *arguments]
    with output.open("wb") as file:
        streams = (os.open(os.devnull, os.O_RDONLY), file.fileno(), file.fileno())
        try:
            return forking.fork(command, env, streams, asks=asks)
        finally:
            os.close(streams[0])


ABOUT = """
import json, os, signal, sys, threading
print(json.dumps({
    "parent": os.getppid(), "group": os.getpgid(0), "environment": dict(os.environ), "arguments": sys.argv[2:],
    "imported": {"flower.command", "tasks.delivery.transports.http", "tasks.formatting.formats.rss"} <= {*sys.modules},
    "for terminals": "prompt_toolkit" in sys.modules,  # which some commands of Celery import
    "descriptors": sorted(map(int, os.listdir("/proc/self/fd")))[:-1],
    "at SIGHUP": str(signal.getsignal(signal.SIGHUP)), "threads": threading.active_count(), "name": __name__,
    "written by lines": sys.stdout.line_buffering, "collecting": __import__("gc").isenabled(),
    "settings read": sys.modules["tasks.runtime.settings"].settings.cache_info().currsize,
}))
"""


def test_a_forked_process_begins_as_one_that_was_executed(server: Server, tmp_path: Path) -> None:
    pid = run(ABOUT, tmp_path / "out", {"TZ": "Asia/Seoul", "SECRET": "geheim"}, "one", "two")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, (tmp_path / "out").read_text()
    assert json.loads((tmp_path / "out").read_text()) == {
        "parent": os.getpid(), "group": pid, "environment": {"TZ": "Asia/Seoul", "SECRET": "geheim"},
        "arguments": ["one", "two"], "imported": True, "for terminals": False,
        "descriptors": [0, 1, 2],
        "at SIGHUP": str(signal.getsignal(signal.SIGHUP)), "threads": 1, "name": "__main__",
        "written by lines": False, "collecting": True, "settings read": 0,
    }  # fmt: skip


def test_how_it_ended_is_seen(server: Server, tmp_path: Path) -> None:
    pid = run("import sys; sys.exit(7)", tmp_path / "out")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    pid = run("raise ValueError('so it is')", tmp_path / "out")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    assert (tmp_path / "out").read_text().endswith("ValueError: so it is\n")


def test_it_is_known_by_its_command_and_its_home(server: Server, tmp_path: Path) -> None:
    process = psutil.Process(run("print('ready', flush=True)\nimport time; time.sleep(600)", tmp_path / "out"))
    until(lambda: "ready" in (tmp_path / "out").read_text())
    assert process.cmdline()[:3] == [sys.executable, "-m", "tests.support.forked_code"]
    assert b"FANWIRE_UP_HOME=/somewhere\0" in Path(f"/proc/{process.pid}/environ").read_bytes()


def test_nobody_has_a_secret_of_another(server: Server, tmp_path: Path) -> None:
    """Neither in its memory nor in what others see of it; also the server has none."""
    has = run(SLEEPS, tmp_path / "has", {"SECRET": "geheim-one"})
    other = run(SLEEPS, tmp_path / "other", {"SECRET": "geheim-two"})
    until(lambda: all("ready" in (tmp_path / name).read_text() for name in ("has", "other")))
    assert (holds(has, b"geheim-one"), holds(other, b"geheim-two")) == (True, True)
    assert not holds(other, b"geheim-one")
    assert not holds(server.process.pid, b"geheim-one")
    for pid in (has, other):
        assert b"geheim" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_the_server_has_nothing_that_must_not_be_forked(server: Server, tmp_path: Path) -> None:
    os.waitpid(run("", tmp_path / "out"), 0)
    assert server.process.num_threads() == 1
    # its streams, and the socket for requests; those of a request it closes while what it has forked runs already
    until(lambda: server.process.num_fds() == 4, server.process.num_fds)
    assert not server.process.children()
    mapped = Path(f"/proc/{server.process.pid}/maps").read_text().splitlines()
    assert not [line for line in mapped if line.split()[1] == "rw-s"], "what one process writes there all others read"


def test_it_ends_with_its_parent(server: Server, tmp_path: Path) -> None:
    """Its parent is this process, so it asks for a signal when that one ends."""
    code = "import ctypes; n = ctypes.c_int(); ctypes.CDLL(None).prctl(2, ctypes.byref(n)); print(n.value)"
    os.waitpid(run(code, tmp_path / "out"), 0)
    assert (tmp_path / "out").read_text() == f"{signal.SIGTERM.value}\n"


def test_a_process_can_have_others_forked_if_it_was_to(server: Server, tmp_path: Path) -> None:
    code = (
        "import sys; from workers import forking\n"
        "command = [sys.executable, '-m', 'tests.support.forked_code', 'print(\"grandchild\")']\n"
        "forking.fork(command, {}, (0, 1, 2))\n"
    )
    os.waitpid(run(code, tmp_path / "out", asks=True), 0)
    until(lambda: (tmp_path / "out").read_text() == "grandchild\n")
    os.waitpid(run(code, tmp_path / "out"), 0)
    assert "NotForked: there is no fork server" in (tmp_path / "out").read_text()


def test_code_that_has_changed_is_not_forked(server: Server, tmp_path: Path) -> None:
    before = server.source.stat()
    os.utime(server.source)
    with pytest.raises(forking.NotForked, match=f"{server.source} has changed since"):
        run("", tmp_path / "out")
    os.utime(server.source, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.waitpid(run("", tmp_path / "out"), 0)


def test_what_comes_too_late_does_not_begin(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """supervisord has started it by exec then."""
    before = set(psutil.Process().children())
    server.process.suspend()
    monkeypatch.setattr(forking, "ANSWERS_WITHIN", 0.1)
    try:
        with pytest.raises(forking.NotForked, match="does not answer: timed out"):
            run("print('begun')", tmp_path / "late")
    finally:
        server.process.resume()
    with pytest.raises(forking.NotForked, match="there is no fork server"):
        run("", tmp_path / "out")
    monkeypatch.undo()
    forking.ask_by(os.dup(server.descriptor))
    os.waitpid(run("", tmp_path / "out"), 0)  # so the server has been through with the other one
    until(lambda: not _children_after_reaping() - before)
    assert (tmp_path / "late").read_text() == ""


def _children_after_reaping() -> set[psutil.Process]:
    found = set(psutil.Process().children())
    for child in found:
        with suppress(psutil.NoSuchProcess):
            if child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, 0)
    return found


def test_a_server_that_stops_answering_holds_up_nobody_for_as_long_as_one_that_still_begins(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """supervisord restarts nothing meanwhile."""
    os.waitpid(run("", tmp_path / "out"), 0)
    monkeypatch.setattr(forking, "ANSWERS_AGAIN_WITHIN", 0.1)
    monkeypatch.setattr(forking, "ANSWERS_WITHIN", -1.0)  # which no socket takes
    server.process.suspend()
    try:
        with pytest.raises(forking.NotForked, match="does not answer: timed out"):
            run("", tmp_path / "out")
    finally:
        server.process.resume()


def test_a_server_that_has_ended_is_asked_once(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.close()
    forking.ask_by(ours.detach())
    with pytest.raises(forking.NotForked, match="does not answer"):
        run("", tmp_path / "out")
    with pytest.raises(forking.NotForked, match="there is no fork server"):
        run("", tmp_path / "out")


@pytest.mark.parametrize(("adopted", "forks"), [(True, 0), (True, 1), (False, 0)])
def test_a_server_that_cannot_fork_says_so_and_goes_on(
    adopted: bool, forks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`forks`: how many it can. One that ended took the readers of documents with it, and nobody was forked again."""
    left, fork, server = [None] * forks, os.fork, os.getpid()

    def failing() -> int:
        if not left:
            raise BlockingIOError(errno.EAGAIN, "no more processes")
        left.pop()
        return fork()

    monkeypatch.setattr(os, "fork", failing)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    handed = [os.open(os.devnull, os.O_RDONLY) for _ in range(5)]
    request = fork_server_code.Request(
        [], adopted, False, theirs.detach(), handed[:3], environment=handed[3], asking=handed[4], server=server
    )
    try:
        assert not fork_server_code._forked(request, {}, {})
    finally:
        if os.getpid() != server:
            os._exit(0)  # a server of its own now, which nobody wants
    with ours:
        assert "cannot fork" in json.loads(ours.recv(forking.MESSAGE_BYTES) or b'"it has ended"')


WORKER = """
import os, sys, time
from pathlib import Path
os.environ["FANWIRE_BROKER_URL"] = "redis://127.0.0.1:1/0"  # nobody asks it
from workers import app
from tasks.runtime import shutdown
if sys.argv[2] == "stops":
    app._stop_drains()
print("ready", flush=True)
if not os.fork():
    while not Path(sys.argv[3]).exists():
        time.sleep(0.01)
    print("asked to stop" if shutdown.asked() else "goes on", flush=True)
    os._exit(0)
os.wait()
"""


def test_the_end_of_one_worker_stops_the_drains_of_no_other(server: Server, tmp_path: Path) -> None:
    """It did: the flag by which pool processes hear of it was that of all workers. But those of one worker hear it."""
    home = PLAIN | {"FANWIRE_HOME": str(tmp_path)}
    outputs = {what: tmp_path / what for what in ("stops", "stays")}
    processes = [run(WORKER, output, home, what, str(tmp_path / "look")) for what, output in outputs.items()]
    for output in outputs.values():
        until(lambda output=output: "ready" in output.read_text())  # type: ignore[misc]
    (tmp_path / "look").touch()
    for process in processes:
        os.waitpid(process, 0)
    assert [output.read_text() for output in outputs.values()] == ["ready\nasked to stop\n", "ready\ngoes on\n"]
