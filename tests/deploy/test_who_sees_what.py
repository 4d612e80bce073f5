"""Each process sees the secrets that it needs, and no other: in Compose, on Kubernetes, and under `fanwire up`."""

from __future__ import annotations

import configparser
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tasks.runtime.settings import PREFIX, Settings, secret_files, settings
from tests.deploy.chart import container, pods, rendered
from workers import environment, stack
from workers.health import PROCESSES

SEES = {
    "broker": {"ADMIN", "PRODUCER", "BROKER", "BROKER_OF_WEB", "BROKER_OF_FLOWER"},
    "ledger": {"LEDGER"},
    "migrate": {"LEDGER"},
    "intake": {"BROKER", "SHARED_STATE", "LEDGER", "SEAL_KEY", "NOTICE_URL", "producers"},
    "translate": {"BROKER", "SHARED_STATE", "LEDGER", "SEAL_KEY", "NOTICE_URL", "engines"},
    "format": {
        "BROKER",
        "SHARED_STATE",
        "LEDGER",
        "SEAL_KEY",
        "NOTICE_URL",
        "WEB_KEY",
        "BOUNCES",
        "MEDIA_SECRET",
        "webhooks",
    },
    "deliver": {
        "BROKER",
        "SHARED_STATE",
        "LEDGER",
        "SEAL_KEY",
        "NOTICE_URL",
        "WEB_KEY",
        "SMTP",
        "MEDIA_SECRET",
        "outlets",
    },
    "flower": {"BROKER_OF_FLOWER", "FLOWER_PASSWORD"},
    "web": {"BROKER_OF_WEB", "SHARED_STATE", "LEDGER", "SEAL_KEY", "WEB_KEY", "MEDIA_SECRET", "METRICS_TOKEN"},
    "prometheus": {"METRICS_TOKEN"},
    "grafana": {"GRAFANA_PASSWORD"},
    "cli": {
        "BROKER",
        "SHARED_STATE",
        "LEDGER",
        "SEAL_KEY",
        "WEB_KEY",
        "SMTP",
        "BOUNCES",
        "MEDIA_SECRET",
        "MODELS_INDEX",
        "MODELS_MIRROR",
        "PRODUCER_KEY",
        "producers",
        "engines",
        "outlets",
    },
}
"""BROKER and LEDGER: their addresses with the passwords; those of Flower and the web server at the broker are others.
In small letters: what others have given us."""
FIELDS = {PREFIX + name.upper(): field for name, field in Settings.model_fields.items()}
SECRET = {name for name, field in FIELDS.items() if SecretStr.__name__ in str(field.annotation)}
KUBERNETES = {
    "FANWIRE_BROKER_WORKER_PASSWORD": "BROKER",
    "FANWIRE_BROKER_WEB_PASSWORD": "BROKER_OF_WEB",
    "FANWIRE_WEB_BROKER_URL": "BROKER_OF_WEB",
    "FANWIRE_BROKER_FLOWER_PASSWORD": "BROKER_OF_FLOWER",
    "FANWIRE_FLOWER_BROKER_URL": "BROKER_OF_FLOWER",
    "FANWIRE_BROKER_ADMIN_PASSWORD": "ADMIN",
    "FANWIRE_BROKER_PRODUCER_PASSWORD": "PRODUCER",
    "FANWIRE_FLOWER_PASSWORD": "FLOWER_PASSWORD",
    "FANWIRE_WEB_KEY": "WEB_KEY",
    "FANWIRE_SEAL_KEY": "SEAL_KEY",
    "FANWIRE_METRICS_TOKEN": "METRICS_TOKEN",
}
"""The keys of the secret of Kubernetes."""
FILES = {
    "broker_worker_url": "BROKER",
    "broker_web_url": "BROKER_OF_WEB",
    "broker_flower_url": "BROKER_OF_FLOWER",
    "ledger_url": "LEDGER",
    "ledger_password": "LEDGER",
    "flower_password": "FLOWER_PASSWORD",
    "grafana_password": "GRAFANA_PASSWORD",
    "web_key": "WEB_KEY",
    "seal_key": "SEAL_KEY",
    "metrics_token": "METRICS_TOKEN",
}
"""The secrets of docker-compose.yml, which are files, and what is in each."""
BROKER_FILES = {"broker_users", "broker_admin_password"}
"""What the broker of Compose has: the hashes of all passwords, and that of its health check."""


def short(name: str) -> str:
    """The name of a secret setting as in SEES."""
    return name.removeprefix(PREFIX).removesuffix("_URL" if name != "FANWIRE_NOTICE_URL" else "")


def sees(process: str, what: str) -> bool:
    return what in SEES[process] or (what, process) in (("BROKER", "flower"), ("BROKER", "web"))


def test_the_settings_that_are_secret_are_these() -> None:
    assert set(environment.SEEN_BY) == SECRET
    for name, seers in environment.SEEN_BY.items():
        assert seers == {who for who in (*PROCESSES, "migrate") if sees(who, short(name))}, name


# --- Compose


@pytest.mark.parametrize("name", SEES)
def test_a_service_of_compose(services: dict[str, Any], name: str) -> None:
    service = services[name]
    given = service.get("environment", {})
    files = set(service.get("secrets", []))
    if name == "broker":
        assert files == BROKER_FILES
        return
    seen = {FILES[file] for file in files}
    assert not {variable for variable in SECRET & set(given) if given[variable] is not None}, "a secret is in a file"
    seen |= {short(variable) for variable in SECRET & set(given)}
    seen |= {file["path"].removesuffix(".env") for file in service.get("env_file", [])}
    assert seen == SEES[name]
    assert ".env" not in {file["path"] for file in service.get("env_file", [])}, "it holds all passwords"


@pytest.mark.parametrize("name", ["migrate", *PROCESSES, "cli"])
def test_every_other_setting_of_env_reaches_every_process_of_compose(services: dict[str, Any], name: str) -> None:
    """A variable without a value is that of .env, or is not there."""
    given = services[name]["environment"]
    fixed = {variable for variable in given if given[variable] is not None}
    for variable in fixed & secret_files().keys():
        assert Path(given[variable]).name in services[name]["secrets"], variable
    missing = FIELDS.keys() - SECRET - given.keys()
    assert not missing, "these settings belong into x-settings of docker-compose.yml"
    assert given.keys() - fixed <= FIELDS.keys()
    assert fixed <= {
        "FANWIRE_HOME", "FANWIRE_SECRETS_FOLDER", "FANWIRE_FLOWER_ADDRESS", "FANWIRE_FLOWER_PORT",
        "FANWIRE_WEB_ADDRESS", "FANWIRE_WEB_PORT", "FANWIRE_MEDIA_URL", "FANWIRE_ARCHIVE_URL", "FANWIRE_USERS_FILE",
        *secret_files(),
    }  # fmt: skip


def test_files_of_compose_are_seen_by_those_who_need_them(services: dict[str, Any]) -> None:
    def seers(place: str) -> set[str]:
        volumes = {name: " ".join(service.get("volumes", [])) for name, service in services.items()}
        return {name for name, mounted in volumes.items() if f":{place}:ro" in mounted}

    assert seers("/etc/fanwire") == {*environment.WORKERS, "web", "cli"}
    assert seers("/run/outlets") == {"deliver", "cli"}
    assert seers("/users") == {"web"}
    assert "users:/users" in services["cli"]["volumes"]
    assert seers("/run/producers") == {"intake", "web", "cli"}


# --- Kubernetes

OF_COMPOSE = {"ledger", "cli", "prometheus", "grafana"}


@pytest.mark.parametrize("name", [name for name in SEES if name not in OF_COMPOSE])
def test_a_container_of_kubernetes(name: str) -> None:
    one = container(pods(rendered("minimal"))[name])
    keys = [each["valueFrom"]["secretKeyRef"] for each in one.get("env", []) if "valueFrom" in each]
    assert {key["name"] for key in keys} == {"fanwire"}
    whole = {source["secretRef"]["name"] for source in one.get("envFrom", []) if "secretRef" in source}
    assert "fanwire" not in whole, "it holds all passwords"
    seen = {KUBERNETES.get(key["key"]) or short(key["key"]) for key in keys}
    assert seen | whole == SEES[name]
    for each in one.get("env", []):
        if "valueFrom" in each and name != "broker":
            key = each["valueFrom"]["secretKeyRef"]["key"]
            assert each["name"] == {f"FANWIRE_{name.upper()}_BROKER_URL": "FANWIRE_BROKER_URL"}.get(key, key)


def test_no_container_is_forgotten() -> None:
    assert set(pods(rendered("minimal"))) == set(SEES) - OF_COMPOSE


# --- fanwire up

OTHERS = {"GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "DEEPL_KEY", "DATABASE"}
"""Secrets of a shell of which Fanwire knows nothing; libraries of engines may look for some."""
NAMED = {"ACME_WIRE", "DUKE_KEY"}
"""What the producers file names."""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of somebody who types `fanwire up`; each secret in it has `geheim` in its value."""
    file = tmp_path / "producers.yaml"
    file.write_text("producers: {acme: {keys: env:ACME_WIRE, issuers: [Acme]}, b: {keys: [file:/x, env:DUKE_KEY]}}")
    plain = {
        "PATH": "/usr/bin", "LANG": "C.UTF-8", "MONKEY": "x", "NO_PROXY": "*", "COVERAGE_PROCESS_CONFIG": "x",
        "FANWIRE_HOME": str(tmp_path / "home"), "FANWIRE_DEADLINE": "30", "FANWIRE_FLOWER_ADDRESS": "127.0.0.1",
        "FANWIRE_SMTP_FROM": "wire@wire.example",
        "FANWIRE_UP_HOME": "/x", "FANWIRE_UP_PID": "1", "FANWIRE_PRODUCERS": str(file),
    }  # fmt: skip
    secret = {
        "FANWIRE_BROKER_URL": "redis://:geheim@127.0.0.1/0",
        "FANWIRE_SHARED_STATE_URL": "redis://:geheim@127.0.0.1/0", "FANWIRE_LEDGER_URL": "sqlite:///geheim",
        "FANWIRE_SMTP_URL": "smtp://wire:geheim@relay.example", "FANWIRE_BOUNCES_URL": "imaps://b:geheim@mail.example",
        "FANWIRE_NOTICE_URL": "https://hooks.example/geheim", "DATABASE": "mysql://user:geheim@host/data",
    } | dict.fromkeys(
        {*SECRET - {"FANWIRE_BROKER_URL", "FANWIRE_SHARED_STATE_URL", "FANWIRE_LEDGER_URL", "FANWIRE_SMTP_URL",
                    "FANWIRE_BOUNCES_URL", "FANWIRE_NOTICE_URL"},
         *NAMED, *OTHERS - {"DATABASE"},
         "FANWIRE_SECRET_BOTE", "FANWIRE_WEBHOOK_ACME", "FANWIRE_BROKER_WORKER_PASSWORD"}, "geheim",
    )  # fmt: skip
    for name, value in (plain | secret).items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    return plain | secret


OF_WORKERS = {
    "FANWIRE_BROKER_URL", "FANWIRE_SHARED_STATE_URL", "FANWIRE_LEDGER_URL", "FANWIRE_NOTICE_URL", "FANWIRE_SEAL_KEY",
}  # fmt: skip
UP = {
    "broker": set[str](),
    "intake": {*OF_WORKERS, *NAMED},
    "translate": {*OF_WORKERS, *OTHERS},
    "format": {*OF_WORKERS, "FANWIRE_WEB_KEY", "FANWIRE_BOUNCES_URL", "FANWIRE_MEDIA_SECRET", "FANWIRE_WEBHOOK_ACME"},
    "deliver": {
        *OF_WORKERS, "FANWIRE_WEB_KEY", "FANWIRE_SECRET_BOTE", "FANWIRE_SMTP_URL", "FANWIRE_MEDIA_SECRET",
    },
    "flower": {"FANWIRE_BROKER_URL", "FANWIRE_FLOWER_PASSWORD"},
    "web": {
        "FANWIRE_BROKER_URL", "FANWIRE_SHARED_STATE_URL", "FANWIRE_LEDGER_URL", "FANWIRE_WEB_KEY",
        "FANWIRE_MEDIA_SECRET", "FANWIRE_METRICS_TOKEN", "FANWIRE_SEAL_KEY",
    },
}  # fmt: skip


@pytest.mark.parametrize("process", UP)
def test_a_process_of_up(shell: dict[str, str], process: str) -> None:
    seen = environment.seen_by(process, shell)
    assert {name for name in seen if "geheim" in seen[name]} == UP[process]
    assert {name for name in shell if "geheim" not in shell[name]} <= seen.keys()


@pytest.mark.parametrize("process", PROCESSES)
def test_supervisord_starts_a_program_without_the_secrets_of_others(shell: dict[str, str], process: str) -> None:
    """The command is run as supervisord would run it, but for the program at its end."""
    written = configparser.RawConfigParser()
    written.read_string(stack.configuration(settings().home, {process: ["env"]}))
    command = shlex.split(written[f"program:{process}"]["command"])
    assert "geheim" not in " ".join(command)
    told = subprocess.run(command, env=shell | {"FANWIRE_UP_PID": str(os.getpid())}, capture_output=True, check=True)
    seen = dict(line.split("=", 1) for line in told.stdout.decode().splitlines())
    assert {name for name in seen if "geheim" in seen[name]} == UP[process]


@pytest.mark.parametrize("process", UP)
def test_the_file_of_a_secret_is_named_to_those_only_who_see_the_secret(shell: dict[str, str], process: str) -> None:
    in_files = dict.fromkeys(secret_files(), "/run/secrets/x")
    seen = environment.seen_by(process, shell | in_files).keys() & in_files.keys()
    assert seen == {f"{name}_FILE" for name in UP[process] & SECRET}
