"""Has the fork server (fork_server.py) start processes; whoever it does not do so for starts them by `exec`, as ever.

Requests go over one socket that supervisord has, and those processes that have others read the documents of strangers
(`ASKERS`); nobody else can ask. A request is a command with six descriptors: of a socket for the answer, of the new
process's three standard streams, of a file with its environment, and of the socket itself. So the server sees no
secret. The new process answers with its number and begins when it hears that somebody took it. Only the standard
library is imported here.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

MESSAGE_BYTES = 64 * 1024
"""The longest message."""
ANSWERS_WITHIN = 60.0
"""Seconds that the server has for its first answer: at its start it still imports."""
ANSWERS_AGAIN_WITHIN = 10.0
"""Seconds that it has for each further one. supervisord, which waits for it, restarts and ends nothing meanwhile."""
TITLE_BYTES = 1000
"""The longest command line that a forked process can show."""
INHERITED = 4
"""The descriptor under which supervisord has the socket: it closes those from 5 on, and home.py uses the one before."""
ASKERS = frozenset({"intake", "web"})
"""The programs of supervisord that ask the server too: for their readers of documents."""
_asking: list[socket.socket] = []
"""The socket that leads to the server, if this process has one."""
_answered: set[socket.socket] = set()
"""The same, once the server has answered."""


class NotForked(Exception):
    """The server started nothing; the text says why."""


@contextmanager
def server(environment: Mapping[str, str]) -> Iterator[int]:
    """Start a fork server with this environment, which all its processes show in /proc: let no secret be in it.

    Gives the descriptor of the socket for requests. An error within the block ends the server; it is for a program that
    is going to become another one.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        process = subprocess.Popen(  # noqa: S603, our own command
            [sys.executable, "-m", "workers.fork_server", str(theirs.fileno()), " " * TITLE_BYTES],
            env=environment,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is for supervisord, which ends it
        )
        theirs.close()
        try:
            yield ours.fileno()
        finally:
            process.kill()
            process.wait()


def ask_by(descriptor: int) -> None:
    """Let this process ask the server through this socket, if it is one."""
    with suppress(OSError):
        _asking[:] = [socket.socket(fileno=descriptor)]


def is_ours(command: Sequence[str]) -> bool:
    """Whether the server can start this: a module of Python, by `[sys.executable, "-m", MODULE, …]`."""
    return list(command[:2]) == [sys.executable, "-m"]


def fork(
    command: Sequence[str], environment: Mapping[str, str], streams: Sequence[int], *, asks: bool = False
) -> int:  # fmt: skip
    """Start a process of ours as a child of supervisord, in a process group of its own; returns its number.

    `command`: as for exec, and `is_ours`. `streams`: the descriptors of its standard input, output and error output.
    `asks`: it can ask the server too. Raises NotForked; then nothing was started.
    """
    with asked(command, environment, streams, adopted=True, asks=asks) as (pid, _):
        return pid


@contextmanager
def asked(
    command: Sequence[str],
    environment: Mapping[str, str],
    streams: Sequence[int],
    *,
    adopted: bool,
    asks: bool = False,
) -> Iterator[tuple[int, socket.socket]]:
    """The number of a new process, and the socket by which it was asked for; it begins at the end of the block.

    `adopted`: supervisord becomes its parent. Else the server remains it, and sends the status with which it ended to
    that socket. `asks`: it can ask the server too. Raises NotForked; then nothing was started.
    """
    if not _asking:
        raise NotForked("there is no fork server")
    request = {"command": list(command), "adopted": adopted, "asks": asks}
    try:
        with _ask(_asking[0], request, environment, streams) as reply:
            pid = _pid(reply)
            _answered.add(_asking[0])
            yield pid, reply
            reply.send(b"taken")
    except OSError as error:  # also when it takes too long, or sends nothing
        forget()
        raise NotForked(f"the fork server does not answer: {error}") from error


def forget() -> None:
    """Ask no more: let this process have no server."""
    _answered.clear()
    while _asking:
        _asking.pop().close()


@contextmanager
def _ask(
    asking: socket.socket, request: Mapping[str, Any], environment: Mapping[str, str], streams: Sequence[int]
) -> Iterator[socket.socket]:
    """Send a request; the socket on which the answer comes."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, _in_a_file(environment) as written:
        for mine in (asking, ours):
            mine.settimeout(ANSWERS_AGAIN_WITHIN if asking in _answered else ANSWERS_WITHIN)
        socket.send_fds(asking, [json.dumps(request).encode()], [theirs.fileno(), *streams, written, asking.fileno()])
        theirs.close()
        yield ours


def _pid(reply: socket.socket) -> int:
    answer = json.loads(reply.recv(MESSAGE_BYTES) or b"null")
    if answer is None:
        raise ConnectionError("it has ended")
    if isinstance(answer, str):
        raise NotForked(answer)
    return int(answer)


@contextmanager
def _in_a_file(environment: Mapping[str, str]) -> Iterator[int]:
    """The descriptor of a file without a name that holds an environment."""
    descriptor = os.memfd_create("environment", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(json.dumps(dict(environment)).encode())
        yield descriptor
    finally:
        with suppress(OSError):
            os.close(descriptor)
