"""constraints.txt: what pip may install, by version and hash, and nothing that leads elsewhere."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "constraints.txt").read_text()
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LINE = re.compile(r"|# .*|[a-z0-9][a-z0-9.-]*==[\w.!+]+ \\|    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def names(text: str) -> set[str]:
    return {str(canonicalize_name(name)) for name in re.findall(r"^([a-z0-9][a-z0-9.-]*)==", text, re.MULTILINE)}


def named(requirements: list[str]) -> set[str]:
    """Their names, without that of our own project."""
    return {str(canonicalize_name(Requirement(each).name)) for each in requirements} - {"fanwire"}


def part(until: str) -> str:
    """The file up to a part, as the Dockerfile cuts it."""
    return re.split(rf"(?m)^# --- {until}", TEXT)[0]


def test_there_are_versions_and_hashes_and_nothing_else() -> None:
    odd = [line for line in TEXT.splitlines() if not LINE.fullmatch(line)]
    assert odd == []
    assert not re.search(r"://|--(?!hash=)\w|@", TEXT.replace("# ---", "#")), "no address, no index, no option"
    for name in names(TEXT):
        assert re.search(rf"(?m)^{re.escape(name)}==\S+ \\\n    --hash", TEXT), name


def test_every_package_that_the_project_names_stands_in_its_part() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    needed = named(PROJECT["project"]["dependencies"]) | named(PROJECT["build-system"]["requires"])
    assert needed <= names(part("what the engine"))
    assert named(extras["ct2"]) <= names(part("what reports"))
    assert named(extras["pdf"]) <= names(part("tests")), "the image takes all before the tests"
    assert named(extras["dev"]) <= names(TEXT)
    assert not names(part("tests")) & {"pytest", "ruff", "mypy", "sphinx", "apertium-apy"}
    assert len(re.findall(r"(?m)^[a-z0-9].*==", TEXT)) == len(names(TEXT)), "each stands there once"


def test_pip_takes_it(tmp_path: Path) -> None:
    """What is installed already in this version is not fetched; an entry without a hash would end it."""
    installed = {str(canonicalize_name(each.name)): each.version for each in distributions()}
    entries = re.findall(r"(?m)^[a-z0-9].*(?: \\\n    --hash.*)+", TEXT)
    here = [
        entry for entry in entries if installed.get(entry.partition("==")[0]) == entry.split()[0].partition("==")[2]
    ]
    assert len(here) > len(entries) - 5
    (tmp_path / "here.txt").write_text("\n".join(here) + "\n")
    command = ["-m", "pip", "install", "--dry-run", "--no-index", "--no-deps", "--require-hashes", "-r"]
    done = subprocess.run(
        [sys.executable, *command, str(tmp_path / "here.txt")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Would install" not in done.stdout


def test_setting_up_installs_by_hash_and_builds_with_what_it_has() -> None:
    script = (ROOT / "deploy" / "setup.sh").read_text()
    installs = [line for line in script.splitlines() if line.startswith("pip --require-hashes --only-binary :all: ")]
    assert [line.rpartition(" ")[2] for line in installs] == ["constraints.txt)", "constraints.txt"]
    assert [line for line in installs if "--no-binary" in line] == [
        "pip --require-hashes --only-binary :all: --no-binary pyftpdlib --no-build-isolation -r constraints.txt"
    ]
    assert "--no-deps --no-build-isolation -e ." in script


def test_a_package_stands_in_the_first_part_that_wants_it() -> None:
    specification = importlib.util.spec_from_file_location("pins", ROOT / "deploy" / "pins.py")
    assert specification is not None
    assert specification.loader is not None
    pins = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(pins)
    entry = "{0}==1.0 \\\n    --hash=sha256:" + "a" * 64
    hashed = {name: entry.format(name) for name in "abc"}
    text = pins.written(hashed, {"one": {"b"}, "two": {"a", "b"}, "three": {"a", "b", "c"}})
    assert re.findall(r"(?m)^(# --- \w+|\w+)(?:==|$)", text) == ["# --- one", "b", "# --- two", "a", "# --- three", "c"]
    assert pins._entries(text + "\nfanwire @ file:///x\n") == hashed
