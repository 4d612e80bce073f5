"""deploy/Dockerfile, as far as it can be checked without building it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
FINAL = DOCKERFILE.rpartition("\nFROM ")[2]


def test_the_image_has_the_same_engines_as_a_machine_that_make_sets_up() -> None:
    listed = re.search(r"^APERTIUM=\(([^)]*)\)", (ROOT / "deploy" / "setup.sh").read_text(), re.M)
    assert listed is not None
    assert sorted(re.findall(r"\bapertium[\w-]*", FINAL)) == sorted(listed[1].split())


def test_the_image_can_make_reports_as_pdf() -> None:
    """With the packages that the manual names; the Python ones stand before the tests in constraints.txt."""
    manual = (ROOT / "docs" / "reports.md").read_text()
    needed = set(re.findall(r"libpango\w*-1\.0-0|fonts-[\w-]+", manual))
    assert len(needed) == 4
    assert needed <= set(re.findall(r"[\w.-]+", FINAL))


def test_the_last_stage_compiles_and_downloads_no_python() -> None:
    assert "pip" not in re.sub(r"#.*", "", FINAL).split()
    assert not re.search(r"gcc|build-essential|-dev\b", DOCKERFILE)
    assert "--no-install-recommends" in FINAL


def test_packages_are_pinned() -> None:
    assert "install --require-hashes --only-binary :all: -r packages.txt" in DOCKERFILE
    assert re.search(r"sed '/\^# --- tests/,\$d' constraints.txt >packages.txt", DOCKERFILE)
    assert "install --no-deps --no-build-isolation ." in DOCKERFILE


def test_it_runs_as_nobody_special_and_in_exec_form() -> None:
    assert re.search(r"^USER 10001", FINAL, re.M)
    for instruction in re.findall(r"^(?:ENTRYPOINT|CMD) (.*)$", DOCKERFILE, re.M):
        assert instruction.startswith("[")


def test_only_what_the_image_is_made_of_goes_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    copied = {word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.M) for word in line.split()}
    assert copied <= {line[1:] for line in lines if line.startswith("!")}


def test_nothing_secret_is_baked_in() -> None:
    assert not re.search(r"(?i)password|secret|token", DOCKERFILE)
