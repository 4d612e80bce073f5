"""Our own broker writes its log into a file: whoever does not read what it prints cannot stop it."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import pytest
import redis

from tasks.runtime.settings import settings
from tests.support.processes import answers, free_port, until
from workers import broker
from workers.broker_users import User


def test_a_broker_whose_output_nobody_reads_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As under a supervisor that is frozen: there is no room in the pipe."""
    monkeypatch.setenv("FANWIRE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(broker, "free_port", free_port)
    settings.cache_clear()
    command, url = broker.prepare_embedded(), broker.broker_url(User.ADMIN)
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, b"\n" * 4096)
    process = subprocess.Popen(command, stdout=writing, stderr=writing)
    try:
        until(lambda: answers(url))
        with redis.Redis.from_url(url, socket_timeout=30) as client:
            client.bgrewriteaof()  # of which it writes some lines
            until(lambda: not client.info("persistence")["aof_rewrite_in_progress"])
        assert "rewriting" in (tmp_path / "home/log/broker.log").read_text()
    finally:
        process.kill()
        process.wait()
        os.close(reading)
        os.close(writing)
