"""What README and docs/producers.md tell a newcomer to type works, on a stack that was started as README says."""

from __future__ import annotations

import ast
import base64
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from tests.support.processes import ROOT, descendants, end, environment, free_port, start, until
from tests.support.threads import PATIENCE

from .documents import block, blocks

BIN = Path(sys.executable).parent
BROKER = "redis://producer:password@wire.example:6379/0"
"""The broker's address in the manuals."""
PORT = "8700"
"""The port of the outlet in README."""
UP, REST = blocks("README.md", "sh", "## An outlet of your own")


class Newcomer:
    """Somebody who follows the manuals in a folder of their own, beside a running stack."""

    def __init__(self, home: Path, folder: Path) -> None:
        variable, _, command = UP.strip().partition(" ")
        assert command == "make up"  # which is `fanwire up` once .venv is there
        name, _, value = variable.partition("=")
        self.home, self.folder = home, folder
        self.env = environment(home, FLOWER_PORT=str(free_port())) | {name: value}
        self.log = home / "up.log"
        self.stack = start([str(BIN / "fanwire"), "up"], self.env, self.log)

    def ready(self) -> None:
        """What README says to wait for."""
        until(lambda: "intake entered RUNNING state" in self.log.read_text(), self.log.read_text)

    @property
    def broker(self) -> str:
        return (self.home / "broker.url").read_text().strip()

    def python(self, code: str) -> str:
        """Run an example, with the broker of this stack for the one in the manual; what it printed."""
        assert BROKER in code
        done = subprocess.run(
            [sys.executable, "-c", code.replace(BROKER, self.broker).replace("timeout=30", f"timeout={PATIENCE}")],
            cwd=self.folder,
            env=self.env | {"PYTHONPATH": str(ROOT), "ACME_KEY": "which a wire without producers passes over"},
            capture_output=True,
            text=True,
            check=False,
            timeout=2 * PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, line: str) -> str:
        """Run a command line of README; what it printed."""
        line = line.replace(".venv/bin/fanwire", shlex.quote(str(BIN / "fanwire")))
        line = line.replace("deploy/demo/", shlex.quote(str(ROOT / "deploy/demo")) + "/")
        done = subprocess.run(
            line,
            shell=True,
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    one = Newcomer(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("newcomer"))
    programs: list[psutil.Process] = []
    try:
        one.ready()
        programs = descendants(one.stack.pid)
        yield one
    finally:
        end(one.stack, patience=60)
        assert not psutil.wait_procs(programs, timeout=PATIENCE)[1]


def test_the_quick_start_delivers_to_an_outlet_of_ones_own(newcomer: Newcomer, tmp_path: Path) -> None:
    port, printed = str(free_port()), tmp_path / "outlet.log"
    code = block("README.md", "python")
    assert PORT in code
    env = dict(os.environ) | {"PYTHONUNBUFFERED": "1"}
    outlet = start([sys.executable, "-c", code.replace(PORT, port)], env, printed)
    try:
        told = "".join(newcomer.shell(line.replace(PORT, port)) for line in REST.splitlines())
        until(lambda: "Portugal, Malasia, Corea del Sur" in " ".join(printed.read_text().split()), printed.read_text)
    finally:
        end(outlet)
    assert "1 outlet imported: 1 new" in told
    assert re.search(r"^all +1 +1 *$", told, re.MULTILINE), told
    # of a sentence that Apertium runs together there is no draft that could be approved
    assert "held: 1 in es for translation (apertium en→es: paragraph 1, sentence 1: " in told
    assert "translate them: fanwire translations export urn:newsml:nordvelt" in told
    got = printed.read_text()
    assert "four sodium-ion battery plants" in " ".join(got.split())
    assert "Nordvelt Storage invertirá" in got
    assert "Texto traducido automáticamente" not in got
    assert "Nordvelt Storage" in (newcomer.folder / "my-report.html").read_text()


def test_the_producer_in_python_gets_its_release_taken(newcomer: Newcomer) -> None:
    code = blocks("docs/producers.md", "python")[0]
    again = code + "\nprint(receipt.status)"
    assert newcomer.python(again) == "accepted\n"
    assert newcomer.python(again) == "known\n"


def test_the_producer_in_plain_kombu_gets_its_receipt(newcomer: Newcomer) -> None:
    release = {"uri": "urn:x:kombu", "language": "en", "headline": "A headline", "body_html": "<p>A text.</p>"}
    (newcomer.folder / "release.json").write_text(json.dumps(release))
    receipt = ast.literal_eval(newcomer.python(blocks("docs/producers.md", "python")[1]))
    assert {name: receipt[name] for name in ("status", "uri", "version", "problems", "warnings")} == {
        "status": "accepted", "uri": "urn:x:kombu", "version": 1, "problems": [], "warnings": [],
    }  # fmt: skip


def test_the_message_for_other_languages_gets_its_receipt(newcomer: Newcomer) -> None:
    release = {"uri": "urn:x:json", "language": "en", "headline": "A headline", "body_html": "<p>A text.</p>"}
    message = block("docs/producers.md", "json", "## In another language")
    for shown, real in (
        ("eyJ1cmkiOiAi…", base64.b64encode(json.dumps(release).encode()).decode()),
        ("replies. and what you like", "replies.desk"),
    ):
        assert shown in message
        message = message.replace(shown, real)
    with redis.Redis.from_url(newcomer.broker, socket_timeout=None) as client:
        client.lpush("releases", message)
        found = client.brpop(["replies.desk"], timeout=PATIENCE)
    assert found is not None
    envelope = json.loads(found[1])
    assert envelope["properties"]["correlation_id"] == "a UUID"
    assert json.loads(base64.b64decode(envelope["body"]))["status"] == "accepted"
