"""docker-compose.yml and what goes with it, as far as they can be checked without starting anything."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tasks.runtime.settings import Settings, settings
from workers.health import PROCESSES

ROOT = Path(__file__).resolve().parents[2]
WIRE = (*PROCESSES, "migrate", "cli")
EXAMPLE = (ROOT / "deploy" / ".env.example").read_text()
COMPOSE = (ROOT / "docker-compose.yml").read_text()


def default_of(text: str) -> str:
    """`${NAME:-default}` → `default`."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_every_process_of_the_stack_is_a_service(services: dict[str, Any]) -> None:
    assert set(services) == {"broker", "ledger", *WIRE}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_service_runs_the_stacks_own_command(services: dict[str, Any], name: str) -> None:
    assert services[name]["command"][:3] == ["fanwire", "worker", name]


@pytest.mark.parametrize("name", WIRE)
def test_one_image_runs_everything_of_ours(services: dict[str, Any], name: str) -> None:
    assert services[name]["image"] == "${FANWIRE_IMAGE:-fanwire}"
    assert services[name]["build"] == {"context": ".", "dockerfile": "deploy/Dockerfile"}
    assert services[name]["read_only"]
    assert services[name]["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", ["intake", "translate", "format", "deliver"])
def test_a_worker_has_time_to_finish_its_transfers(services: dict[str, Any], name: str) -> None:
    grace = default_of(services[name]["stop_grace_period"])
    assert grace.endswith("s")
    assert int(grace[:-1]) >= settings().deadline + 15


@pytest.mark.parametrize("name", ["broker", "ledger", *PROCESSES])
def test_every_service_has_a_health_check_without_a_shell(services: dict[str, Any], name: str) -> None:
    check = services[name]["healthcheck"]["test"]
    assert check[0] == "CMD"
    if name in PROCESSES:
        assert check[1:] == ["python", "-m", "workers.health", name]


@pytest.mark.parametrize("name", ["broker", "ledger", *WIRE])
def test_commands_are_in_exec_form(services: dict[str, Any], name: str) -> None:
    assert isinstance(services[name]["command"], list)


def test_nothing_is_published_beyond_this_machine(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_only_those_who_dial_outlets_get_their_secrets(services: dict[str, Any]) -> None:
    with_secrets = {
        name for name, service in services.items()
        if any(file["path"] == "outlets.env" for file in service.get("env_file", []))
    }  # fmt: skip
    assert with_secrets == {"deliver", "cli"}
    with_files = {
        name for name, service in services.items()
        if any(volume.endswith(":/run/secrets:ro") for volume in service.get("volumes", []))
    }  # fmt: skip
    assert with_files == {"deliver", "cli"}
    for name in with_files:
        assert services[name]["environment"]["FANWIRE_SECRETS_FOLDER"] == "/run/secrets"


def test_the_example_names_every_variable_and_requires_what_compose_requires() -> None:
    required = set(re.findall(r"\$\{(\w+):\?", COMPOSE))
    optional = set(re.findall(r"\$\{(\w+):-", COMPOSE))
    assert set(re.findall(r"^(\w+)=$", EXAMPLE, re.M)) == required
    assert optional <= set(re.findall(r"^# (\w+)=", EXAMPLE, re.M))


def test_every_setting_in_the_example_shows_the_real_default(services: dict[str, Any]) -> None:
    compose = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", COMPOSE))
    for name, value in re.findall(r"^# (\w+)=(.*)$", EXAMPLE, re.M):
        field = Settings.model_fields.get(name.removeprefix("FANWIRE_").lower())
        known = compose[name] if name in compose or field is None else field.default
        if name in ("FANWIRE_ALLOWED_NETWORKS", "FANWIRE_WEB_URL"):
            known = ""
        assert str(known).removesuffix(".0") == value, name


def test_new_env_makes_fresh_passwords_once_and_for_the_owner_only(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    for name in ("new-env.sh", ".env.example"):
        (tmp_path / "deploy" / name).write_bytes((ROOT / "deploy" / name).read_bytes())

    def make() -> int:
        command = ["sh", "deploy/new-env.sh"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode

    assert make() == 0
    text = (tmp_path / ".env").read_text()
    passwords = re.findall(r"^FANWIRE_\w+_PASSWORD=([0-9a-f]{48})$", text, re.M)
    assert len(set(passwords)) == 6
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert make() == 1
    assert (tmp_path / ".env").read_text() == text
    older = "".join(line for line in text.splitlines(keepends=True) if "_WORKER_" not in line)
    (tmp_path / ".env").write_text(older)
    assert make() == 0
    newer = (tmp_path / ".env").read_text()
    assert newer.startswith(older)
    assert re.fullmatch("FANWIRE_BROKER_WORKER_PASSWORD=[0-9a-f]{48}\n", newer.removeprefix(older))
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_no_file_of_the_deployment_holds_a_secret() -> None:
    """A value is a reference (`$…`), a gap (`…`), another name (`{name: …}`) or what to do
    without one (`?…`)."""
    given = re.compile(r"(?i)(\w*(?:password|secret|token|requirepass))[=:] ?(\S+)")
    chart = ROOT / "deploy" / "helm" / "fanwire"
    for folder in (ROOT / "deploy", chart, chart / "templates"):
        for file in (path for path in folder.iterdir() if path.is_file()):
            for name, value in given.findall(file.read_text()):
                assert value[0] in "$…{?" or value in ("false", '""'), f"{file.name}: {name}"
    for name, value in given.findall(re.sub(r"(^|\s)#.*", "", COMPOSE)):
        assert value[0] in "$?", name


def test_the_broker_keeps_a_log_and_throws_nothing_out() -> None:
    lines = (ROOT / "deploy" / "valkey.conf").read_text().splitlines()
    assert {"appendonly yes", "maxmemory-policy noeviction"} <= set(lines)
    assert not [line for line in lines if line.startswith(("requirepass", "user "))]


def test_only_who_takes_releases_in_gets_the_keys_of_producers(services: dict[str, Any]) -> None:
    with_keys = {
        name for name, service in services.items()
        if any(file["path"] == "producers.env" for file in service.get("env_file", []))
    }  # fmt: skip
    with_file = {
        name for name, service in services.items()
        if any(volume.endswith(":/run/producers:ro") for volume in service.get("volumes", []))
    }  # fmt: skip
    assert with_keys == {"intake", "cli"}
    assert with_file == {"intake", "cli", "web"}, "the door looks there what each may send"
