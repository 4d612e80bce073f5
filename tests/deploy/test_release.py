"""`make release`: the same commit makes the same wheel, and a release that was touched is found out."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ROOT = Path(__file__).resolve().parents[2]

VERSION = "9.8.7"
GIT = ["git", "-c", "user.name=x", "-c", "user.email=x@wire.example", "-c", "commit.gpgsign=false"]


@pytest.fixture(scope="module")
def release() -> ModuleType:
    specification = importlib.util.spec_from_file_location("release", ROOT / "deploy" / "release.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("key") / "release.pem"
    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(text)
    file.chmod(0o600)
    return file


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What this tree is, as a commit of a version that is to be released."""
    place = tmp_path_factory.mktemp("checkout")
    for part in ("pyproject.toml", "README.md", "LICENSE", "constraints.txt"):
        shutil.copy(ROOT / part, place / part)
    for part in ("tasks", "workers"):
        shutil.copytree(ROOT / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
    project = place / "pyproject.toml"
    project.write_text(re.sub(r'(?m)^version = ".*"$', f'version = "{VERSION}"', project.read_text()))
    (place / "CHANGELOG.md").write_text(f"# Changelog\n\n## Unreleased\n\n## {VERSION} (2026-12-01)\n\n- New.\n")
    (place / ".gitignore").write_text("build/\n")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Begin"]):
        subprocess.run([*GIT, *command], cwd=place, check=True)
    return place


@pytest.fixture(scope="module")
def made(release: ModuleType, checkout: Path, key_file: Path) -> Path:
    """The folder of a release; it is built twice for that, and the two compared."""
    folder: Path = release.make(checkout, key_file, None)
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "release"))


def test_a_release_is_whole_and_signed(release: ModuleType, made: Path) -> None:
    assert {file.name for file in made.iterdir()} == {
        f"fanwire-{VERSION}-py3-none-any.whl", f"fanwire-{VERSION}.cdx.json", "SHA256SUMS", "SHA256SUMS.sig",
        "release.pub",
    }  # fmt: skip
    assert release.verify(made, made / "release.pub") == []


def test_the_wheel_has_all_of_the_package_with_the_time_of_its_commit(made: Path, checkout: Path) -> None:
    with zipfile.ZipFile(made / f"fanwire-{VERSION}-py3-none-any.whl") as wheel:
        names, times = set(wheel.namelist()), {one.date_time for one in wheel.infolist()}
    ours = {
        path.relative_to(checkout).as_posix()
        for part in ("tasks", "workers")
        for path in (checkout / part).rglob("*.py")
    }
    assert ours <= names
    assert "workers/web/pages/templates/login.html" in names
    assert len(times) == 1


def test_a_wheel_that_comes_out_differently_is_refused(release: ModuleType) -> None:
    with pytest.raises(SystemExit, match="came out differently the second time"):
        release.reproducible(lambda place: place.name.encode())


def test_another_time_of_the_commit_makes_another_wheel(
    release: ModuleType, checkout: Path, made: Path, tmp_path: Path
) -> None:
    """So the comparison sees what a clock would change."""
    (tmp_path / "place").mkdir()
    later = release.build(checkout, tmp_path / "place", 2_000_000_000)
    assert later != (made / f"fanwire-{VERSION}-py3-none-any.whl").read_bytes()
    assert zipfile.ZipFile(io.BytesIO(later)).testzip() is None


def test_the_bill_of_materials_has_every_pin_of_what_runs_and_no_other(made: Path) -> None:
    bill = json.loads((made / f"fanwire-{VERSION}.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["version"] == VERSION
    pins = (ROOT / "constraints.txt").read_text().partition("\n# --- what the engine ct2 needs")[0]
    wanted = dict(re.findall(r"(?m)^([a-z0-9][a-z0-9.-]*)==(\S+)", pins))
    assert {one["name"]: one["version"] for one in bill["components"]} == wanted
    assert "celery" in wanted
    assert "pytest" not in wanted
    hashes = sum(len(one["properties"]) for one in bill["components"])
    assert hashes == pins.count("--hash=sha256:")
    assert bill["dependencies"][0]["dependsOn"] == [one["bom-ref"] for one in bill["components"]]


def test_others_can_check_it_without_fanwire(made: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not there")
    check = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "release.pub",
        "-rawin",
        "-in",
        "SHA256SUMS",
        "-sigfile",
        "SHA256SUMS.sig",
    ]
    subprocess.run([openssl, *check], cwd=made, check=True, capture_output=True)
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=made, check=True, capture_output=True)


# --- releases that were touched


def test_a_changed_file_is_found(release: ModuleType, copy: Path) -> None:
    with (copy / f"fanwire-{VERSION}-py3-none-any.whl").open("ab") as wheel:
        wheel.write(b"x")
    assert release.verify(copy, copy / "release.pub") == [f"fanwire-{VERSION}-py3-none-any.whl was changed"]


def test_a_file_that_is_missing_or_too_many_is_found(release: ModuleType, copy: Path) -> None:
    (copy / f"fanwire-{VERSION}.cdx.json").rename(copy / "another.json")
    told = release.verify(copy, copy / "release.pub")
    assert told == [f"fanwire-{VERSION}.cdx.json is missing", "another.json is not listed in SHA256SUMS"]


def test_a_release_that_somebody_else_has_signed_is_found(release: ModuleType, copy: Path, made: Path) -> None:
    (copy / "SHA256SUMS.sig").unlink()
    (copy / "SHA256SUMS").unlink()
    release.sign(copy, Ed25519PrivateKey.generate())
    [told] = release.verify(copy, made / "release.pub")
    assert "is not by the key" in told


def test_the_command_says_so_with_its_exit_status(copy: Path) -> None:
    command = [
        sys.executable,
        str(ROOT / "deploy" / "release.py"),
        "verify",
        str(copy),
        "--key",
        str(copy / "release.pub"),
    ]
    assert subprocess.run(command, check=True, capture_output=True).returncode == 0
    (copy / "SHA256SUMS").write_text("")
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


# --- what is refused


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("## 9.8.7 (unreleased)\n", "no heading `## 9.8.7 (YYYY-MM-DD)`"),
        ("## 9.8.6 (2026-12-01)\n", "no heading `## 9.8.7 (YYYY-MM-DD)`"),
        ("## Unreleased\n\n- New.\n\n## 9.8.7 (2026-12-01)\n", "lines under `## Unreleased`"),
    ],
)
def test_a_changelog_that_does_not_have_the_version_is_refused(release: ModuleType, text: str, told: str) -> None:
    with pytest.raises(SystemExit, match=re.escape(told)):
        release.check_changelog(text, VERSION)


def test_a_checkout_with_changes_is_refused(release: ModuleType, checkout: Path, key_file: Path, made: Path) -> None:
    (checkout / "new.txt").touch()
    try:
        with pytest.raises(SystemExit, match="changes that are in no commit"):
            release.make(checkout, key_file, None)
    finally:
        (checkout / "new.txt").unlink()


def test_a_key_that_others_can_read_is_refused(release: ModuleType, key_file: Path, tmp_path: Path) -> None:
    shutil.copy(key_file, tmp_path / "open.pem")
    (tmp_path / "open.pem").chmod(0o640)
    with pytest.raises(SystemExit, match="others can read the signing key"):
        release.signing_key(tmp_path / "open.pem")


def test_no_key_and_no_file_of_a_key_are_refused_with_what_to_do(release: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"make release KEY=release\.pem"):
        release.signing_key(None)
    with pytest.raises(SystemExit, match="cannot be read"):
        release.signing_key(tmp_path / "none.pem")
    (tmp_path / "text").write_text("geheim")
    (tmp_path / "text").chmod(0o600)
    with pytest.raises(SystemExit, match="is no private key in PEM"):
        release.signing_key(tmp_path / "text")


def test_an_image_is_refused_where_nobody_can_sign_it(
    release: ModuleType, checkout: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("COSIGN_KEY", raising=False)
    with pytest.raises(SystemExit, match=r"cannot be signed without docker or podman and cosign and COSIGN_KEY"):
        release.make(checkout, key_file, "registry.example/fanwire")
