"""Makes a release of this checkout, and checks one: a wheel, a bill of materials, their checksums, a signature.

    make release KEY=release.pem                              into build/release/VERSION
    python deploy/release.py verify FOLDER --key release.pub  whether a release is whole, and by whose key

The version stands in pyproject.toml, and CHANGELOG must have it with a date. The wheel is built twice, in two folders,
and must come out the same to the byte: whoever has the commit can build it again and compare. Nothing is uploaded, but
for an image where IMAGE names one: then it is built, pushed and signed by cosign.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import tomllib
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

PARTS = ("pyproject.toml", "README.md", "LICENSE", "tasks", "workers")
"""What a wheel is made of."""
SUMS, SIGNATURE, PUBLIC_KEY = "SHA256SUMS", "SHA256SUMS.sig", "release.pub"
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^\s\\]+)((?: \\\n +--hash=sha256:[0-9a-f]{64})*)$", re.MULTILINE)
NEW_KEY = "openssl genpkey -algorithm ed25519 -out release.pem && chmod 600 release.pem"


def refuse(problem: str) -> NoReturn:
    """End with what is wrong and what to do."""
    sys.exit(f"release: {problem}")


# --- making one


def make(root: Path, key_file: Path | None, image: str | None) -> Path:
    """Make the release of a checkout; the folder in which it is. Ends with a reason where it cannot be made."""
    version = version_of(root)
    check_changelog((root / "CHANGELOG.md").read_text("utf-8"), version)
    key = signing_key(key_file)
    image_tools = _image_tools() if image else None
    if changed := _git(root, "status", "--porcelain"):
        refuse(f"the checkout has changes that are in no commit, so nobody could build the same:\n{changed}")
    moment = int(_git(root, "log", "-1", "--format=%ct"))
    folder = root / "build" / "release" / version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wheel = reproducible(lambda place: build(root, place, moment))
    (folder / f"fanwire-{version}-py3-none-any.whl").write_bytes(wheel)
    pins = _git(root, "show", "HEAD:constraints.txt")
    (folder / f"fanwire-{version}.cdx.json").write_text(bill_of_materials(version, pins, moment))
    sign(folder, key)
    if image and image_tools:
        _push_image(root, f"{image}:{version}", image_tools)
    return folder


def version_of(root: Path) -> str:
    """The version of a checkout."""
    found: str = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return found


def check_changelog(text: str, version: str) -> None:
    """End unless the changelog has the version with a date, and nothing that belongs to no version."""
    if not re.search(rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$", text, re.MULTILINE):
        refuse(f"CHANGELOG.md has no heading `## {version} (YYYY-MM-DD)`; give what is unreleased that heading")
    unreleased = re.search(r"^## Unreleased\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if unreleased and unreleased[1].strip():
        refuse("CHANGELOG.md has lines under `## Unreleased`; they belong under the version that is released")


def signing_key(file: Path | None) -> Ed25519PrivateKey:
    """The key that signs, from a PEM file that only its owner can read. Ends with a reason where there is none."""
    if file is None:
        refuse(f"name the file of the signing key: make release KEY=release.pem. A new one: {NEW_KEY}")
    try:
        mode, text = file.stat().st_mode, file.read_bytes()
    except OSError as error:
        refuse(f"the signing key {file} cannot be read: {error.strerror}")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        refuse(f"others can read the signing key {file}; chmod 600 {file}")
    try:
        key = load_pem_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        refuse(f"{file} is no private key in PEM without a password. A new one: {NEW_KEY}")
    if not isinstance(key, Ed25519PrivateKey):
        refuse(f"{file} is no Ed25519 key. A new one: {NEW_KEY}")
    return key


def reproducible(build_in: Callable[[Path], bytes]) -> bytes:
    """What is built, twice, in folders of different names; ends if the two differ."""
    made = []
    for name in ("first", "the-second-one"):
        with tempfile.TemporaryDirectory(prefix=name) as folder:
            made.append(build_in(Path(folder)))
    if made[0] != made[1]:
        refuse("the wheel came out differently the second time, so nobody could check it by building it")
    return made[0]


def build(root: Path, place: Path, moment: int) -> bytes:
    """Build the wheel of the last commit in a folder; all its files have the time `moment`, seconds since the epoch."""
    archive = subprocess.run(["git", "archive", "HEAD", *PARTS], cwd=root, check=True, capture_output=True).stdout
    subprocess.run(["tar", "--extract", "--directory", str(place)], input=archive, check=True)
    subprocess.run(["chmod", "-R", "u=rwX,go=rX", str(place)], check=True)  # whatever the umask is here
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(moment), "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-c", BUILD, str(place / "out")]
    subprocess.run(command, cwd=place, env=environment, check=True, capture_output=True)
    [wheel] = (place / "out").iterdir()
    return wheel.read_bytes()


def bill_of_materials(version: str, pins: str, moment: int) -> str:
    """What a running Fanwire is made of, as a CycloneDX 1.6 document: the pins before those of extras and tests."""
    running = re.split(r"(?m)^# --- (?!what Fanwire runs with)", pins)[0]
    components = [_component(*pin) for pin in PIN.findall(running)]
    own = f"pkg:pypi/fanwire@{version}"
    serial = uuid.uuid5(uuid.NAMESPACE_URL, own + hashlib.sha256(running.encode()).hexdigest())
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z"),
            "component": {"type": "application", "bom-ref": own, "name": "fanwire", "version": version, "purl": own,
                          "licenses": [{"license": {"id": "MIT"}}]},
        },
        "components": components,
        "dependencies": [{"ref": own, "dependsOn": [one["bom-ref"] for one in components]}],
    }  # fmt: skip
    return json.dumps(document, indent=1) + "\n"


def _component(name: str, version: str, hashes: str) -> dict[str, Any]:
    """A package; its files have a hash each, and any of them may be what is installed."""
    purl = f"pkg:pypi/{name}@{version}"
    files = re.findall(r"sha256:([0-9a-f]{64})", hashes)
    pinned = [{"name": "fanwire:file:sha256", "value": each} for each in files]
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, "properties": pinned}


def sign(folder: Path, key: Ed25519PrivateKey) -> None:
    """Write the checksums of a folder's files, their signature, and the public key for it."""
    sums = "".join(f"{_sum(file)}  {file.name}\n" for file in sorted(folder.iterdir()))
    (folder / SUMS).write_text(sums)
    (folder / SIGNATURE).write_bytes(key.sign(sums.encode()))
    (folder / PUBLIC_KEY).write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _sum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


# --- the image


def _image_tools() -> tuple[str, str, str]:
    """The programs that build and sign an image, and the file of cosign's key; ends with what is missing."""
    docker, cosign = shutil.which("docker") or shutil.which("podman"), shutil.which("cosign")
    key = os.environ.get("COSIGN_KEY", "")
    if docker is None or cosign is None or not key:
        missing = [name for name, there in (("docker or podman", docker), ("cosign", cosign)) if there is None]
        missing += [] if key else ["COSIGN_KEY=FILE (cosign generate-key-pair)"]
        refuse(f"an image cannot be signed without {' and '.join(missing)}; leave IMAGE out to release without one")
    return docker, cosign, key


def _push_image(root: Path, name: str, tools: tuple[str, str, str]) -> None:
    docker, cosign, key = tools
    subprocess.run([docker, "build", "-f", "deploy/Dockerfile", "-t", name, "."], cwd=root, check=True)
    subprocess.run([docker, "push", name], check=True)
    digests = [docker, "inspect", "--format", "{{index .RepoDigests 0}}", name]
    digest = subprocess.run(digests, check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run([cosign, "sign", "--yes", "--key", key, digest], check=True)
    print(f"release: pushed and signed {digest}")


# --- checking one


def verify(folder: Path, key_file: Path) -> list[str]:
    """What is wrong with a release; nothing if it is whole and was signed by the key whose public half that is."""
    try:
        key = load_pem_public_key(key_file.read_bytes())
        sums, signature = (folder / SUMS).read_bytes(), (folder / SIGNATURE).read_bytes()
    except OSError as error:
        refuse(f"{error.filename} cannot be read: {error.strerror}")
    except (ValueError, UnsupportedAlgorithm):
        refuse(f"{key_file} is no public key in PEM")
    try:
        if not isinstance(key, Ed25519PublicKey):
            refuse(f"{key_file} is no Ed25519 key")
        key.verify(signature, sums)
    except InvalidSignature:
        return [f"{SIGNATURE} is not by the key {key_file}: somebody else made it, or changed {SUMS}"]
    listed = dict(reversed(line.split("  ", 1)) for line in sums.decode().splitlines())
    there = {file.name for file in folder.iterdir()} - {SUMS, SIGNATURE, PUBLIC_KEY}
    return [
        *(f"{name} is missing" for name in sorted(listed.keys() - there)),
        *(f"{name} is not listed in {SUMS}" for name in sorted(there - listed.keys())),
        *(f"{name} was changed" for name in sorted(there & listed.keys()) if _sum(folder / name) != listed[name]),
    ]


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.rstrip()


def main(arguments: Sequence[str]) -> int:
    """Make a release or check one; the exit status."""
    parser = argparse.ArgumentParser(description="Make a release of this checkout, or check one.")
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="make one")
    making.add_argument("--key", type=Path, help="the PEM file of the Ed25519 key that signs")
    making.add_argument("--image", help="an image to build, push and sign, without its tag")
    making.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1], help="the checkout")
    checking = commands.add_parser("verify", help="check one")
    checking.add_argument("folder", type=Path)
    checking.add_argument("--key", type=Path, required=True, help="the PEM file of the public key, from whom you trust")
    asked = parser.parse_args(arguments)
    if asked.command == "make":
        print(f"release: {make(asked.root, asked.key, asked.image)}")
        return 0
    found = verify(asked.folder, asked.key)
    print("\n".join(found) or f"release: {asked.folder} is whole, and signed by {asked.key}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
