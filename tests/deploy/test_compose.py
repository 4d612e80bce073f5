"""docker-compose.yml and what goes with it, as far as they can be checked without starting anything."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tasks.runtime.settings import Settings, settings
from workers.broker_users import User, directives
from workers.health import PROCESSES

ROOT = Path(__file__).resolve().parents[2]
WIRE = (*PROCESSES, "migrate", "cli")
OBSERVABILITY = ("prometheus", "grafana")
EXAMPLE = (ROOT / "deploy" / ".env.example").read_text()
COMPOSE = (ROOT / "docker-compose.yml").read_text()


def default_of(text: str) -> str:
    """`${NAME:-default}` → `default`."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_every_process_of_the_stack_is_a_service(services: dict[str, Any]) -> None:
    assert set(services) == {"broker", "ledger", *WIRE, *OBSERVABILITY}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_service_runs_the_stacks_own_command(services: dict[str, Any], name: str) -> None:
    assert services[name]["command"][:3] == ["fanwire", "worker", name]


@pytest.mark.parametrize("name", WIRE)
def test_one_image_runs_everything_of_ours(services: dict[str, Any], name: str) -> None:
    assert services[name]["image"] == "${FANWIRE_IMAGE:-fanwire}"
    assert services[name]["build"] == {"context": ".", "dockerfile": "deploy/Dockerfile"}


@pytest.mark.parametrize("name", ["intake", "translate", "format", "deliver"])
def test_a_worker_has_time_to_finish_its_transfers(services: dict[str, Any], name: str) -> None:
    grace = default_of(services[name]["stop_grace_period"])
    assert grace.endswith("s")
    assert int(grace[:-1]) >= settings().deadline + 15


@pytest.mark.parametrize("name", ["broker", "ledger", *PROCESSES, *OBSERVABILITY])
def test_every_service_has_a_health_check(services: dict[str, Any], name: str) -> None:
    check = services[name]["healthcheck"]["test"]
    assert check[0] == "CMD"
    if name in PROCESSES:
        assert check[1:] == ["python", "-m", "workers.health", name]


@pytest.mark.parametrize("name", ["broker", "ledger", *WIRE])
def test_commands_are_in_exec_form(services: dict[str, Any], name: str) -> None:
    assert isinstance(services[name]["command"], list)


def test_nothing_is_published_beyond_this_machine(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 5
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_only_those_who_dial_outlets_get_their_secrets(services: dict[str, Any]) -> None:
    with_secrets = {
        name for name, service in services.items()
        if any(file["path"] == "outlets.env" for file in service.get("env_file", []))
    }  # fmt: skip
    assert with_secrets == {"deliver", "cli"}
    with_files = {
        name for name, service in services.items()
        if any(volume.endswith(":/run/outlets:ro") for volume in service.get("volumes", []))
    }  # fmt: skip
    assert with_files == {"deliver", "cli"}
    for name in with_files:
        assert services[name]["environment"]["FANWIRE_SECRETS_FOLDER"] == "/run/outlets"


def test_the_example_names_every_variable_and_every_secret(compose: dict[str, Any]) -> None:
    optional = set(re.findall(r"\$\{(\w+):-", COMPOSE))
    assert ":?" not in COMPOSE, "what is required is a secret, and that is a file"
    assert set(compose["secrets"]) <= set(re.findall(r"\w+", EXAMPLE))
    assert optional <= set(re.findall(r"^# (\w+)=", EXAMPLE, re.M))


def test_every_setting_in_the_example_shows_the_real_default(services: dict[str, Any]) -> None:
    compose = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", COMPOSE))
    for name, value in re.findall(r"^# (\w+)=(.*)$", EXAMPLE, re.M):
        field = Settings.model_fields.get(name.removeprefix("FANWIRE_").lower())
        known = compose[name] if name in compose or field is None else field.default
        if name in ("FANWIRE_ALLOWED_NETWORKS", "FANWIRE_WEB_URL"):
            known = ""
        assert str(known).removesuffix(".0") == value, name


@pytest.mark.parametrize("name", ["broker", "ledger", *WIRE, *OBSERVABILITY])
def test_every_container_is_hardened(services: dict[str, Any], compose: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"memory", "pids"} == service["deploy"]["resources"]["limits"].keys()
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert ("cap_add" in service) is (name in ("broker", "ledger")), "their images begin as root"
    assert set(service["networks"]) <= compose["networks"].keys()


def test_nobody_gets_to_the_ledger_and_the_broker_but_those_who_need_them(
    services: dict[str, Any], compose: dict[str, Any]
) -> None:  # fmt: skip
    def those_in(network: str) -> set[str]:
        return {name for name, service in services.items() if network in service["networks"]}

    assert {name for name, network in compose["networks"].items() if network} == {"broker", "ledger"}
    assert all(compose["networks"][name] == {"internal": True} for name in ("broker", "ledger"))
    assert those_in("ledger") == {"ledger", "migrate", "intake", "translate", "format", "deliver", "web", "cli"}
    assert those_in("broker") == {"broker", "intake", "translate", "format", "deliver", "web", "flower", "cli"}
    assert those_in("observability") == {"web", "prometheus", "grafana"}


def test_a_service_names_secrets_that_are_there_and_no_others(
    services: dict[str, Any], compose: dict[str, Any]
) -> None:  # fmt: skip
    used = {secret for service in services.values() for secret in service.get("secrets", [])}
    assert used == compose["secrets"].keys()
    assert {name: one["file"] for name, one in compose["secrets"].items()} == {n: f"./.secrets/{n}" for n in used}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What new-env.sh needs of a checkout."""
    (tmp_path / "deploy").mkdir()
    for name in ("new-env.sh", ".env.example", "broker-users.acl"):
        (tmp_path / "deploy" / name).write_bytes((ROOT / "deploy" / name).read_bytes())
    return tmp_path


def new_env(checkout: Path) -> str:
    """What new-env.sh says."""
    return subprocess.run(["sh", "deploy/new-env.sh"], cwd=checkout, capture_output=True, check=True, text=True).stdout


def secrets_of(checkout: Path) -> dict[str, str]:
    return {file.name: file.read_text().strip() for file in (checkout / ".secrets").iterdir()}


def test_new_env_makes_fresh_secrets_once_and_for_the_owner_only(checkout: Path, compose: dict[str, Any]) -> None:
    new_env(checkout)
    made = secrets_of(checkout)
    assert made.keys() == {*compose["secrets"], "broker_producer_password", "broker_worker_password",
                           "broker_web_password", "broker_flower_password"}  # fmt: skip
    own = [value for value in made.values() if re.fullmatch("[0-9a-f]{48}", value)]
    assert len(set(own)) == 11
    assert stat.S_IMODE((checkout / ".secrets").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (checkout / ".secrets").iterdir()} == {0o444}
    assert stat.S_IMODE((checkout / ".env").stat().st_mode) == 0o600
    assert (checkout / ".env").read_text() == EXAMPLE
    assert "lacks nothing" in new_env(checkout)
    assert secrets_of(checkout) == made


def test_new_env_gives_the_broker_the_hashes_of_its_users(checkout: Path) -> None:
    new_env(checkout)
    made = secrets_of(checkout)
    passwords = {user: made[f"broker_{user}_password"] for user in User}
    assert set(made["broker_users"].splitlines()) == set(directives(passwords))
    assert made["broker_web_url"] == f"redis://web:{passwords[User.WEB]}@broker:6379/0"


def test_new_env_takes_over_the_passwords_of_an_earlier_version_and_adds_what_is_lacking(checkout: Path) -> None:
    (checkout / ".env").write_text(
        "FANWIRE_LEDGER_PASSWORD=alt1\nFANWIRE_BROKER_WORKER_PASSWORD=alt2\nFANWIRE_SEAL_KEY=alt3\n"
    )
    told = new_env(checkout)
    made = secrets_of(checkout)
    assert made["ledger_url"] == "postgresql+psycopg://fanwire:alt1@ledger:5432/fanwire"
    assert made["broker_worker_url"] == "redis://worker:alt2@broker:6379/0"
    assert (made["ledger_password"], made["seal_key"]) == ("alt1", "alt3")
    assert "take them out of .env" in told
    (checkout / ".secrets" / "web_key").unlink()
    assert "new secrets: web_key\n" in new_env(checkout)
    assert {name: value for name, value in secrets_of(checkout).items() if name != "web_key"} == {
        name: value for name, value in made.items() if name != "web_key"
    }


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
        assert value[0] in "$?/{" or value.startswith("[") or name == "metrics_token", name


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
