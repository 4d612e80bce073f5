"""The dashboard of Grafana: each of its panels has data where a real Prometheus reads a real Fanwire."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml

from tests.stack.test_stack import submit
from tests.support.processes import ROOT, end, environment, free_port, start, until
from tests.support.threads import PATIENCE

from .conftest import Stack

HERE = ROOT / "deploy" / "observability"
PANELS = json.loads((HERE / "grafana" / "fanwire.json").read_text())["panels"]
METERED = ("fanwire_engine_cost", "fanwire_engine_characters")
"""What is there of engines with a price or a limit only, and the stack has none."""
QUERIES = [
    (panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"] if target["expr"] not in METERED
]


@pytest.fixture
def prometheus(stack: Stack, tmp_path: Path) -> Iterator[str]:
    """The address of a Prometheus with our configuration, but for where the web server is and how often it looks."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not there (Debian's package prometheus)")
    web = until(lambda: re.findall(r'"port": (\d+)', stack.log("web")), stack.told)
    wanted = yaml.safe_load((HERE / "prometheus.yml").read_text())
    wanted["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    [scrape] = wanted["scrape_configs"]
    del scrape["authorization"]  # this machine may read it without
    scrape["static_configs"] = [{"targets": [f"127.0.0.1:{web[0]}"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(wanted))
    shutil.copy(HERE / "alerts.yml", tmp_path)
    port = free_port()
    options = [f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
    log = tmp_path / "log"
    process = start([program, f"--config.file={tmp_path / 'prometheus.yml'}", *options], environment(tmp_path), log)
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: answers(f"{address}/-/ready"), log.read_text)
        yield address
    finally:
        end(process)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=PATIENCE).status_code == 200
    except requests.ConnectionError:
        return False


def empty(prometheus: str) -> list[tuple[str, str]]:
    """The panels whose query has no data now; fails for a query that is wrong."""
    found = []
    for title, query in QUERIES:
        told = requests.get(f"{prometheus}/api/v1/query", params={"query": query}, timeout=PATIENCE).json()
        assert told["status"] == "success", (title, query, told)
        if not told["data"]["result"]:
            found.append((title, query))
    return found


def test_each_panel_has_data(stack: Stack, prometheus: str) -> None:
    """The circuit `few` has outlets that get a release, and some that wait."""
    submit(stack, circuits=["few"])
    until(lambda: not empty(prometheus), lambda: str(empty(prometheus)))
