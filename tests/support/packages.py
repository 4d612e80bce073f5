"""Packages that a test installs for itself, as pip would leave them, and processes that have them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support import forks
from tests.support.processes import ROOT, environment


def install(site: Path, name: str, files: Mapping[str, str], points: Mapping[str, Mapping[str, str]]) -> None:
    """Write a package into the folder `site`: its files by path, and {group: {name: value}} of its entry points."""
    for path, text in files.items():
        file = site / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    metadata = site / f"{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    groups = ("\n".join([f"[{group}]", *(f"{n} = {v}" for n, v in named.items())]) for group, named in points.items())
    (metadata / "entry_points.txt").write_text("\n\n".join(groups) + "\n")


def run(site: Path, home: Path, *command: str, status: int = 0, **settings: str) -> str:
    """What a command of this Python prints, `-c CODE` or `-m MODULE …`, with the packages of `site`.

    Fails the test unless it ends with `status`.
    """
    env = environment(home, **settings) | {"PYTHONPATH": f"{site}{os.pathsep}{ROOT}"}
    done = forks.run([sys.executable, *command], env, cwd=site)
    assert done.returncode == status, f"{done.returncode}: {done.stdout}\n{done.stderr}"
    return done.stdout
