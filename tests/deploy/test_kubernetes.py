"""The manifests say the same as docker-compose.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.runtime.settings import settings
from workers.health import PROCESSES

ROOT = Path(__file__).resolve().parents[2]


def pod(manifests: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The pod of a deployment."""
    found = next(m for m in manifests if m["kind"] == "Deployment" and m["metadata"]["name"] == name)
    spec: dict[str, Any] = found["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("name", PROCESSES)
def test_commands_are_those_of_compose(
    manifests: list[dict[str, Any]], services: dict[str, Any], name: str
) -> None:  # fmt: skip
    (container,) = pod(manifests, name)["containers"]
    assert container["args"][:3] == services[name]["command"][:3]
    assert container["securityContext"]["readOnlyRootFilesystem"]


@pytest.mark.parametrize("name", ["intake", "translate", "format", "deliver"])
def test_a_worker_has_time_to_finish_and_a_heartbeat(manifests: list[dict[str, Any]], name: str) -> None:
    spec = pod(manifests, name)
    assert spec["terminationGracePeriodSeconds"] >= settings().deadline + 15
    (container,) = spec["containers"]
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["exec"]["command"][:4] == ["python", "-m", "workers.health", name]


def test_only_those_who_dial_outlets_get_their_secrets(manifests: list[dict[str, Any]]) -> None:
    for name in PROCESSES:
        spec = pod(manifests, name)
        (container,) = spec["containers"]
        sources = [source.get("secretRef", {}).get("name") for source in container.get("envFrom", [])]
        mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert ("outlets" in sources) is ("secrets" in mounted) is (name == "deliver")
    config = next(m for m in manifests if m["kind"] == "ConfigMap" and m["metadata"]["name"] == "fanwire")
    assert mounted_in(manifests, "deliver", "secrets") == config["data"]["FANWIRE_SECRETS_FOLDER"]


def mounted_in(manifests: list[dict[str, Any]], name: str, volume: str) -> str:
    """The folder at which a container sees a volume."""
    (container,) = pod(manifests, name)["containers"]
    path: str = next(mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == volume)
    return path


def test_the_broker_is_configured_as_in_compose(manifests: list[dict[str, Any]]) -> None:
    own = next(m for m in manifests if m["kind"] == "ConfigMap" and m["metadata"]["name"] == "broker")
    conf = (ROOT / "deploy" / "valkey.conf").read_text().splitlines()
    assert own["data"]["valkey.conf"].splitlines() == [line for line in conf if line and not line.startswith("#")]


def test_no_manifest_holds_a_secret(manifests: list[dict[str, Any]]) -> None:
    assert not [m for m in manifests if m["kind"] == "Secret"]


def test_only_who_takes_releases_in_gets_the_keys_of_producers(manifests: list[dict[str, Any]]) -> None:
    for name in PROCESSES:
        (container,) = pod(manifests, name)["containers"]
        sources = [source.get("secretRef", {}).get("name") for source in container.get("envFrom", [])]
        mounted = [mount["name"] for mount in container["volumeMounts"]]
        assert ("producers" in sources) is (name == "intake")
        assert ("producers" in mounted) is (name in ("intake", "web")), "the door looks there what each may send"
