"""The Helm chart, rendered by Helm itself; a test that needs it is skipped where Helm is not."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "fanwire"
SCENES = tuple(sorted(file.name.removesuffix("-values.yaml") for file in (CHART / "ci").glob("*-values.yaml")))
"""The files of values that the chart is tried with."""

Manifest = dict[str, Any]


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Helm."""
    own = ROOT / "build" / "tools" / "helm"
    program = shutil.which("helm") or (str(own) if own.exists() else None)
    if program is None:
        pytest.skip("Helm is not there; python deploy/helm/fetch.py fetches it")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@cache
def rendered(scene: str, *options: str) -> tuple[Manifest, ...]:
    """The objects that the chart makes of a file of values, hooks included, as the release `wire`."""
    done = helm("template", "wire", str(CHART), "--values", str(CHART / "ci" / f"{scene}-values.yaml"), *options)
    assert done.returncode == 0, done.stderr
    return tuple(one for one in yaml.safe_load_all(done.stdout) if one)


def refusal(*options: str) -> str:
    """What Helm says of values that the chart does not take."""
    done = helm("template", "wire", str(CHART), *options)
    assert done.returncode != 0
    return done.stderr


def of_kind(manifests: tuple[Manifest, ...], kind: str) -> dict[str, Manifest]:
    """The objects of a kind by their names, without that of the release."""
    return {one["metadata"]["name"].removeprefix("wire-"): one for one in manifests if one["kind"] == kind}


def pods(manifests: tuple[Manifest, ...]) -> dict[str, Manifest]:
    """The specification of each process's pod."""
    found = {}
    for one in manifests:
        if one["kind"] in ("Deployment", "StatefulSet", "Job"):
            template = one["spec"]["template"]
            found[template["metadata"]["labels"]["app.kubernetes.io/component"]] = template["spec"]
    return found


def container(pod: Manifest) -> Manifest:
    """The one container of a pod."""
    [found] = pod["containers"]
    return found
