"""The fork server of `fanwire up`: it imports once what all processes of ours are made of, and forks each of them.

Such a process begins with everything imported, and shares the pages of it with all others. The server itself serves
nobody and has no thread, no connection, no setting and no secret: the environment of a process comes in a file that
only the process reads (forking.py). A child of the server has nothing of another child's, so one that is started again
begins as clean as the first.

A process is forked twice, so that supervisord becomes its parent, as if it had started it by itself (it adopts the
orphans among its descendants). When a source file has changed since the server read it, the server refuses, and the
process is started by `exec` with the new code.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import resource
import runpy
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers import forking
from workers.with_parent import PARENT, signal_when_parent_ends

SHARED = (
    "anyio._backends._asyncio", "billiard.popen_fork", "billiard.sharedctypes", "billiard.synchronize",
    "celery.app.amqp", "celery.app.control", "celery.app.events", "celery.app.log", "celery.apps.worker",
    "celery.bin.worker", "celery.concurrency.prefork", "celery.concurrency.solo",
    "celery.fixups.django", "celery.worker.components", "celery.worker.consumer", "celery.worker.strategy",
    "cffi.cparser", "flower.command", "sqlalchemy.dialects.sqlite.pysqlite", "sqlite3", "uvicorn",
    "uvicorn.lifespan.off", "uvicorn.loops.asyncio", "uvicorn.protocols.http.h11_impl", "workers.application",
    "workers.imports", "workers.ops.events", "workers.ops.logins", "workers.ops.queue_lengths",
    "workers.web.application", "workers.web.patient_protocol",
)  # fmt: skip
"""What the processes of the stack import, as far as importing it reads no settings and does nothing else. Celery,
uvicorn and billiard import much of it only when they begin, or in each process that they fork."""
PLUGINS = ("tasks.delivery.transports", "tasks.formatting.formats")
"""The folders of plug-ins that each process which delivers or formats imports; those of packages it imports itself."""
_DESCRIPTORS = 6
_ASKING = 3
"""The descriptor under which a forked process has the socket for requests, if it can ask."""
_ARGUMENTS_BEGIN, _ARGUMENTS_END = 45, 46
"""Places in /proc/PID/stat after the name of the program (proc_pid_stat(5), fields 48 and 49)."""

Stamps = dict[str, tuple[int, int]]
Children = dict[int, tuple[int, int]]
"""Of each child of the server, by a descriptor that is readable when it has ended: its number, and the socket by which
it was asked for."""


@dataclass(frozen=True)
class Request:
    """A command, whether supervisord is to be its parent or the server is, whether it can ask for others, and the
    descriptors that came with it."""

    command: list[str]
    adopted: bool
    asks: bool
    reply: int
    streams: list[int]
    environment: int
    asking: int
    server: int


def main(descriptor: int) -> None:
    """Serve until there is nobody any more who could ask; in a forked process, be what was asked for."""
    _end_with_parent(os.environ[PARENT])
    show([sys.executable, "-m", "workers.fork_server"])
    gc.disable()
    for name in (*SHARED, *shipped()):
        importlib.import_module(name)
    gc.freeze()
    command = serve(descriptor)
    gc.enable()
    if command:
        runpy.run_module(command[2], run_name="__main__", alter_sys=True)


def shipped() -> Iterator[str]:
    """The modules of all plug-ins in PLUGINS."""
    for folder in PLUGINS:
        package = importlib.import_module(folder)
        yield from (module.name for module in pkgutil.iter_modules(package.__path__, f"{folder}."))


def serve(descriptor: int) -> list[str] | None:
    """Answer requests; None when nobody asks any more. It returns in each forked process too, with the command."""
    asked = socket.socket(fileno=descriptor)
    read = stamps()
    children: Children = {}
    while True:
        ready, *_ = select.select([asked.fileno(), *children], [], [])
        for ended in children.keys() & set(ready):
            _send_how_it_ended(ended, *children.pop(ended))
        if asked.fileno() in ready:
            request = _receive(asked)
            if request is None:
                return None
            if _forked(request, read, children):
                os.close(asked.detach())
                return _become(request)


def _receive(asked: socket.socket) -> Request | None:
    message, handed, *_ = socket.recv_fds(asked, forking.MESSAGE_BYTES, _DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
    if not message:
        return None
    reply, *streams, environment, asking = handed
    return Request(
        **json.loads(message),
        reply=reply,
        streams=streams,
        environment=environment,
        asking=asking,
        server=os.getpid(),
    )


def _forked(request: Request, read: Stamps, children: Children) -> bool:
    """Do what was asked for, or refuse; True in the new process."""
    new = False
    try:
        if changed := _changed(read):
            _send(
                request.reply, f"{changed} has changed since the fork server began; it forks again after `fanwire up`"
            )
        elif request.adopted:
            new = _fork_for_supervisord()
        elif child := os.fork():
            children[os.pidfd_open(child)] = child, os.dup(request.reply)
        else:
            new = True
    except OSError as error:
        _send(request.reply, f"the fork server cannot fork now: {error.strerror}")
    if not new:
        for each in (request.reply, *request.streams, request.environment, request.asking):
            os.close(each)
    return new


def _send_how_it_ended(descriptor: int, child: int, reply: int) -> None:
    """Send the status with which a child of the server ended, a signal as a negative number, to who asked for it."""
    _send(reply, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os.close(descriptor)
    os.close(reply)


def stamps() -> Stamps:
    """Time of change (ns) and size (bytes) of each source file that was imported."""
    found: Stamps = {}
    for module in list(sys.modules.values()):
        if file := getattr(module, "__file__", None):
            with suppress(OSError):
                found[file] = _stamp(file)
    return found


def _stamp(file: str) -> tuple[int, int]:
    status = os.stat(file)  # noqa: PTH116, a thousand times for each process
    return status.st_mtime_ns, status.st_size


def _changed(read: Stamps) -> str | None:
    """A source file that is no longer what was imported."""
    for file, stamp in read.items():
        try:
            if _stamp(file) != stamp:
                return file
        except OSError:
            return file
    return None


def _fork_for_supervisord() -> bool:
    """Fork; True in the new process, once its parent is supervisord. Raises OSError when there is none."""
    adopted, adopting = os.pipe()
    try:
        between = os.fork()
    except OSError:
        os.close(adopted)
        os.close(adopting)
        raise
    if between:
        os.close(adopted)
        failed = os.waitstatus_to_exitcode(os.waitpid(between, 0)[1])
        os.close(adopting)
        if failed > 0:
            raise OSError(failed, os.strerror(failed))
        return False
    _end_as_parent()
    os.close(adopting)
    os.read(adopted, 1)  # nothing comes but the end, when the process between has ended
    os.close(adopted)
    return True


def _end_as_parent() -> None:
    """Fork, and go on in the new process only; the status of this one says why there is none."""
    try:
        forked = os.fork()
    except OSError as error:
        os._exit(error.errno or 1)
    if forked:
        os._exit(0)


def _become(request: Request) -> list[str]:
    """Be what was asked for, as far as it is no code: group, parent, streams, environment and title."""
    os.setpgid(0, 0)
    _end_with_parent(os.environ[PARENT] if request.adopted else str(request.server))
    _take_limits_of_parent()
    if not (_send(request.reply, os.getpid()) and _is_taken(request.reply)):
        os._exit(1)
    _take_environment(request.environment)
    _take_streams(request.streams)
    if request.asks:
        os.dup2(request.asking, _ASKING, inheritable=False)
        forking.ask_by(_ASKING)
    _close_from(_ASKING + request.asks)  # whoever needs no processes can have none started
    sys.argv = request.command[2:]
    show(request.command)
    return request.command


def _end_with_parent(parent: str) -> None:
    if not signal_when_parent_ends(signal.SIGTERM) or str(os.getppid()) != parent:
        sys.exit("a forked process begins with its parent, and on Linux")


def _take_limits_of_parent() -> None:
    """supervisord raises its limits, and those of what it starts."""
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC):
        resource.setrlimit(limit, resource.prlimit(os.getppid(), limit))


def _send(descriptor: int, answer: int | str) -> bool:
    """Answer who asked; whether they are still there."""
    with socket.socket(fileno=os.dup(descriptor)) as reply, suppress(OSError):
        reply.send(json.dumps(answer).encode(), socket.MSG_DONTWAIT)
        return True
    return False


def _is_taken(descriptor: int) -> bool:
    """Whether those who asked take the process, which they are told; they may have begun without it."""
    with socket.socket(fileno=os.dup(descriptor)) as reply, suppress(OSError):
        return bool(reply.recv(forking.MESSAGE_BYTES))
    return False


def _take_environment(descriptor: int) -> None:
    """Have the environment that a file holds, and no other."""
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(0)
        found: dict[str, str] = json.load(file)
    os.environ.clear()
    os.environ.update(found)
    time.tzset()


def _take_streams(descriptors: Sequence[int]) -> None:
    """Have these as the standard streams."""
    for standard, descriptor in enumerate(descriptors):
        os.dup2(descriptor, standard)
    sys.stdin = sys.__stdin__ = _stream(0, "r", sys.stdin)  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _stream(1, "w", sys.stdout)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _stream(2, "w", sys.stderr, lines=True)  # type: ignore[misc]


def _stream(descriptor: int, mode: str, before: Any, *, lines: bool = False) -> Any:
    """A standard stream as Python makes it for a pipe; the one of before knows what it led to, and is not used."""
    return open(descriptor, mode, 1 if lines else -1, before.encoding, before.errors, closefd=False)


def _close_from(least: int) -> None:
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        if int(name) >= least:
            with suppress(OSError):  # the one by which this list was read
                os.close(int(name))


def show(command: Sequence[str]) -> None:
    """Have `ps`, and all who read /proc/PID/cmdline, see this command, as far as there is room for it."""
    fields = Path("/proc/self/stat").read_text().rpartition(") ")[2].split()
    begin, end = int(fields[_ARGUMENTS_BEGIN]), int(fields[_ARGUMENTS_END])
    room = end - begin - 2
    if begin and room > 0:
        # The kernel shows a line that does not end in a zero byte up to the first one, as of setproctitle(3).
        title = " ".join(command).encode(errors="surrogateescape")[:room]
        ctypes.memmove(begin, title.ljust(room + 1, b"\0") + b" ", room + 2)


if __name__ == "__main__":
    main(int(sys.argv[1]))
