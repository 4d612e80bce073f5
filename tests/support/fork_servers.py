"""A fork server whose processes become children of this one, and what it forks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.support.processes import ROOT, environment
from tests.support.threads import PATIENCE
from workers import forking, with_parent


@dataclass(frozen=True)
class Server:
    """A fork server, and a source file that it has read."""

    process: psutil.Process
    descriptor: int
    source: Path


@contextmanager
def fork_server(folder: Path) -> Iterator[Server]:
    """A server, which this process does not ask yet; `folder` is for its source."""
    source = folder / "sitecustomize.py"
    source.write_text("")
    env = environment(folder, UP_PID=str(os.getpid()), UP_HOME="/somewhere") | {"PYTHONPATH": f"{folder}:{ROOT}"}
    assert with_parent.adopt_orphans()
    before = set(psutil.Process().children())
    try:
        with forking.server(env) as descriptor:
            [process] = set(psutil.Process().children()) - before
            yield Server(process, descriptor, source)
    finally:
        assert with_parent.adopt_orphans(False)


@contextmanager
def asked(server: Server) -> Iterator[Server]:
    """Within it this process asks the server, with patience; at its end what was started ends."""
    forking.ask_by(os.dup(server.descriptor))
    before = set(psutil.Process().children())
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("ANSWERS_WITHIN", "ANSWERS_AGAIN_WITHIN"):
                patch.setattr(forking, name, PATIENCE)
            yield server
    finally:
        forking.forget()
        for child in set(psutil.Process().children()) - before:
            child.kill()
            with suppress(psutil.NoSuchProcess):
                child.wait(PATIENCE)
