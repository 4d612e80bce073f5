"""The producers' library on a machine that has kombu with Redis, and nothing else of what Fanwire needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tasks.runtime.settings import Settings
from tests.support.processes import ROOT, descendants, own_valkey
from tests.support.samples import URI
from workers import releases_queue
from workers.intake import Intake
from workers.producer import NoReceipt, Producer

ALLOWED = ("kombu", "redis", "amqp", "vine", "packaging", "tzdata", "async_timeout", "workers")
"""What `pip install kombu[redis]` brings, and the package that the producer is in."""
ALONE = f"""
import sys

class OnlyKombu:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in {ALLOWED!r}:
            raise ModuleNotFoundError(f"{{top}} is not installed here", name=top)

sys.meta_path.insert(0, OnlyKombu())
"""
HEAVY = ("tasks", "sqlalchemy", "pydantic", "lxml", "celery", "structlog", "typer")


def alone(code: str, *arguments: str) -> str:
    """What some lines of Python print where nothing but kombu is installed."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE + code, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_it_imports_nothing_of_the_rest() -> None:
    code = "import sys, workers.producer; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert not imported & set(HEAVY)
    assert "kombu" in imported


@pytest.fixture
def door(sqlite: None) -> Iterator[None]:
    """An open intake with a ledger."""
    step = Intake(worker=None, intake=True)
    step.start(None)
    yield
    step.stop(None)


@pytest.mark.usefixtures("door")
def test_with_kombu_alone_a_release_is_sent_and_its_receipt_read(for_producers: str) -> None:
    document = {"uri": URI, "language": "en", "headline": "A plant", "body_html": "<p>It is open.</p>"}
    code = (
        "import json\n"
        "from workers.producer import Producer\n"
        "with Producer(sys.argv[1]) as producer:\n"
        "    print(json.dumps(producer.submit(json.loads(sys.argv[2])).to_dict()))\n"
    )
    receipt = json.loads(alone(code, for_producers, json.dumps(document)))
    assert (receipt["status"], receipt["uri"], receipt["version"]) == ("accepted", URI, 1)


@pytest.mark.timeout(60)
def test_a_broker_that_is_frozen_costs_no_more_than_the_time_for_the_receipt(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    with own_valkey(tmp_path / "broker") as url:
        [server] = [child for child in descendants(os.getpid()) if is_at(child, urlsplit(url).port)]
        with Producer(url) as sender:
            server.suspend()
            try:
                with pytest.raises(NoReceipt, match=r"within 2 s; the broker says: Timeout reading from socket"):
                    sender.submit({"uri": "urn:x:1"}, timeout=2)
                sender.close()
            finally:
                server.resume()


def is_at(process: psutil.Process, port: int | None) -> bool:
    """Whether a process says in its title that it listens at this port."""
    try:
        return f":{port}" in " ".join(process.cmdline())
    except psutil.Error:  # it has ended
        return False


def test_the_blocker_of_this_test_blocks() -> None:
    with pytest.raises(AssertionError, match="tasks is not installed here"):
        alone("import workers.queues")


def test_the_visibility_timeout_is_the_one_of_the_settings() -> None:
    assert Settings().visibility_timeout == releases_queue.VISIBILITY_TIMEOUT
