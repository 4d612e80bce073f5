"""What docs/producers.md shows of the door, typed as it stands there, against a running web server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tasks import ledger
from tasks.ledger import releases
from tasks.model.producers import DoorProducer
from tasks.operations import door_access
from tests.docs.documents import blocks
from tests.support.processes import until
from tests.support.samples import URI
from tests.support.web_server import web_server


@pytest.mark.usefixtures("sqlite_ledger")
@pytest.mark.skipif(shutil.which("curl") is None, reason="the program curl is not here")
def test_the_examples_do_what_the_manual_says(tmp_path: Path) -> None:
    with ledger.write() as connection:
        token = door_access.add(connection, "acme", DoorProducer(uris=["urn:newsml:acme.example:"]))
    (tmp_path / "figures.csv").write_text("year,plants\n2026,1\n")
    script = "\necho\n".join(blocks("docs/producers.md", "sh", "## Over HTTP")).replace("\ncurl", "\necho\ncurl")
    with web_server(tmp_path, WEB_PROXIES="127.0.0.0/8") as server:
        known = {"PATH": "/usr/bin:/bin", "WIRE": server.url, "TOKEN": token}
        done = subprocess.run(
            ["sh", "-ec", script], cwd=tmp_path, env=known, capture_output=True, text=True, check=False
        )
        assert token not in server.told()
        assert server.lines("release taken")[0]["sent_by"] == "producer acme"
        server.get("/docs", X_Forwarded_For="198.51.100.1, 203.0.113.9")
        [line] = until(lambda: [line for line in server.lines("request") if line["route"] == "/docs"])
        assert line["client"] == "203.0.113.9", "what the proxy says, and not what was sent to it"
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stdout.splitlines() if line]
    receipt, progress, listed, stored, killed = (json.loads(line) for line in told if line.startswith("{"))
    assert (receipt["status"], progress["release"], listed["next"]) == ("accepted", receipt["uri"], None)
    assert (stored["content_type"], killed["kill"], killed["version"]) == ("text/csv", True, 2)
    with ledger.read() as connection:
        row = releases.find(connection, URI)
    assert row is not None
    assert row.status == "canceled"
