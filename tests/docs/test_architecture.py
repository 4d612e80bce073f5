"""ARCHITECTURE.md and README.md against the folders that they describe."""

from __future__ import annotations

import re

from tests.support.processes import ROOT

from .documents import block

README_BYTES = 8000
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def rooms() -> set[str]:
    """Every folder of tasks/ and workers/ that holds files, as `tasks/delivery/admission`."""
    return {
        path.parent.relative_to(ROOT).as_posix()
        for top in ("tasks", "workers")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.parent.name != "versions"
    }


def mapped() -> tuple[set[str], set[str]]:
    """(folders, modules) that the map names; its indentation says what stands in what."""
    folders: set[str] = set()
    modules: set[str] = set()
    stack: list[tuple[int, str]] = []
    for line in block("ARCHITECTURE.md", "", "## The rooms").splitlines():
        depth = len(line) - len(line.lstrip())
        stack = [(at, name) for at, name in stack if at < depth]
        parent = "".join(f"{name}/" for _, name in stack)
        names = re.findall(r"^ *((?:[\w]+\.py\s{1,2})*[\w]+\.py|\w+/)", line)[0].split()
        for name in names:
            if name.endswith("/"):
                folders.add(parent + name.rstrip("/"))
                stack.append((depth, name.rstrip("/")))
            else:
                modules.add(parent + name)
    return folders, modules


def test_the_map_names_every_room_and_no_other() -> None:
    assert mapped()[0] == rooms()


def test_the_map_names_every_module_that_stands_outside_a_room() -> None:
    loose = {
        path.relative_to(ROOT).as_posix()
        for top in ("tasks", "workers")
        for path in (ROOT / top).glob("*.py")
        if path.name != "__init__.py"
    }
    assert mapped()[1] == loose


def test_every_test_that_a_promise_names_exists() -> None:
    table = ARCHITECTURE.partition("## What Fanwire promises")[2]
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    files = re.findall(r"`((?:tests/[\w/]*/)?test_\w+\.py)`", table)
    assert len(files) > 15
    for file in files:
        assert (ROOT / file).is_file() if "/" in file else file in tests, file
    for folder in re.findall(r"`(tests/\w+)`", table):
        assert (ROOT / folder).is_dir(), folder


def test_the_readme_stays_short() -> None:
    assert (ROOT / "README.md").stat().st_size <= README_BYTES
