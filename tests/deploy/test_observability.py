"""Alerts and dashboard: promtool takes them, each alert is fired by its incident, and what they name is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks import ledger
from tasks.ledger import metrics
from tests.support.web_server import InProcess
from workers import measures
from workers.web import metrics as page
from workers.web.application import application

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "deploy" / "observability"
RULES: list[dict[str, Any]] = yaml.safe_load((HERE / "alerts.yml").read_text())["groups"][0]["rules"]
ALERTS = [rule for rule in RULES if "alert" in rule]
DASHBOARD = json.loads((HERE / "grafana" / "fanwire.json").read_text())
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
SHOWN = re.compile(r"\bfanwire_\w+")
RECORDED = {rule["record"] for rule in RULES if "record" in rule}


def promtool(*arguments: str) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not there (Debian's package prometheus)")
    done = subprocess.run([program, *arguments], cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_rules() -> None:
    promtool("check", "rules", "alerts.yml")


def test_each_alert_is_fired_by_the_figures_of_its_incident() -> None:
    promtool("test", "rules", "alerts.test.yml")


def test_no_alert_is_left_untried() -> None:
    tried = yaml.safe_load((HERE / "alerts.test.yml").read_text())["tests"]
    assert [rule["alert"] for rule in ALERTS] == [one["alert_rule_test"][0]["alertname"] for one in tried]


@pytest.fixture
def exposed(sqlite_ledger: None) -> set[str]:
    """The names of all samples that the endpoint shows once workers have measured."""
    now = time.time()
    with ledger.write() as connection:
        for name, label in ((measures.HEARTBEAT, "deliver@a"), (measures.BROKER, ""), (measures.QUEUE, "plan")):
            metrics.put(connection, name, {label: now}, now)
        metrics.put(connection, measures.BREAKER, {"host open": 1}, now)
    page._LEDGER.forget()
    text = InProcess(application()).ask("GET", "/metrics").text
    families = set(re.findall(r"^# TYPE (\w+) ", text, re.M))
    return families | set(re.findall(r"^(fanwire_\w+)", text, re.M))


@pytest.mark.parametrize("query", [*(rule["expr"] for rule in RULES), *QUERIES])
def test_a_query_names_what_the_endpoint_shows(exposed: set[str], query: str) -> None:
    named = set(SHOWN.findall(query))
    assert named <= exposed
    assert named or "up{" in query or any(name in query for name in RECORDED)


def test_faults_of_ours_count_from_zero(exposed: set[str]) -> None:
    """A counter that begins with its first fault shows Prometheus no increase."""
    text = InProcess(application()).ask("GET", "/metrics").text
    wanted = {
        code for rule in ALERTS for codes in re.findall(r'code=~"([^"]*)"', rule["expr"]) for code in codes.split("|")
    }
    assert wanted >= {"relay", "secret_missing"}
    for code in wanted:
        assert f'fanwire_attempts_total{{code="{code}",verdict="ours"}} 0.0' in text, code


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: str(rule["alert"]))
def test_an_alert_has_its_place_in_the_runbook(rule: dict[str, Any]) -> None:
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    text = (ROOT / file).read_text()
    sections = {
        re.sub(r"\W+", "-", title.lower()): part
        for title, part in re.findall(r"## ([^\n]*)\n(.*?)(?=\n## |\Z)", text, re.S)
    }
    assert f"`{rule['alert']}`" in sections[anchor]


def test_files_of_compose_are_there() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    mounted = [volume for name in ("prometheus", "grafana") for volume in services[name]["volumes"]]
    files = [volume.partition(":")[0] for volume in mounted if volume.startswith("./")]
    assert len(files) == 5
    assert all((ROOT / file).is_file() for file in files)
