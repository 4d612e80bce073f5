"""The registry of things that are one file each: where they are found, which one counts, and what a broken one does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasks.runtime.plugins import NotRegistered, PluginBroken, Registry, attribute
from tests.support import packages

GROUP = "fanwire.shapes"
Shapes = Registry[str]
Install = Callable[..., Shapes]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """A registry of shapes with three files of Fanwire's own, and any package of somebody else's."""
    own = {"__init__": "", "round": "SHAPE = 'O'", "half_round": "SHAPE = 'D'", "_tool": "SHAPE = '?'"}
    site, before = tmp_path / "site", set(sys.modules)
    packages.install(site, "shapes", {f"shapes/{name}.py": code for name, code in own.items()}, {})
    monkeypatch.syspath_prepend(str(site))

    def install(code: str = "", points: dict[str, str] | None = None) -> Shapes:
        packages.install(site, "others", {"others.py": code}, {GROUP: points or {}})
        return Registry("shape", group=GROUP, folder="shapes", load=attribute("SHAPE", str))

    yield install
    for name in set(sys.modules) - before:
        if name.split(".")[0] in ("shapes", "others"):
            del sys.modules[name]


def test_files_are_found_by_their_names(install: Install) -> None:
    assert install().all() == {"half-round": "D", "round": "O"}


def test_a_package_adds_one_by_a_module_or_by_an_object(install: Install) -> None:
    shapes = install("SHAPE = 'X'\nother = 'Y'", {"cross": "others", "fork": "others:other"})
    assert shapes.all() == {"cross": "X", "fork": "Y", "half-round": "D", "round": "O"}


def test_a_package_goes_before_a_file(install: Install) -> None:
    shapes = install("SHAPE = '0'", {"round": "others"})
    assert shapes.get("round") == "0"
    assert str(shapes.sources()["round"]) == "entry point others"
    assert str(shapes.sources()["half-round"]) == "shapes/half_round.py"


def test_nothing_is_loaded_before_it_is_asked_for(install: Install) -> None:
    shapes = install("raise ValueError", {"cross": "others"})
    assert list(shapes.sources()) == ["cross", "half-round", "round"]
    assert shapes.get("round") == "O"
    assert "others" not in sys.modules


def test_a_name_that_there_is_not_lists_those_that_there_are(install: Install) -> None:
    with pytest.raises(NotRegistered, match=r"^there is no shape 'square'; there are half-round, round$"):
        install().get("square")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise ValueError('key=0a1b')", "cannot be loaded: is broken: ValueError in others.py, line 1"),
        ("import no_such_module", "cannot be loaded: No module named 'no_such_module'"),
        ("", "cannot be loaded: module 'others' has no attribute 'SHAPE'"),
        ("SHAPE = 3", "cannot be loaded: its SHAPE is of type int, not str"),
        ("from tasks.runtime.errors import *\nraise UserError('s', [Problem('size', 'is 0')])", ": size: is 0"),
    ],
)
def test_a_broken_one_is_left_out_and_harms_no_other(install: Install, code: str, says: str) -> None:
    shapes = install(code, {"cross": "others", "round": "others"})
    assert shapes.all() == {"half-round": "D"}
    for name in ("cross", "round"):  # the file of Fanwire does not stand in for what was to replace it
        with pytest.raises(PluginBroken, match=r"^shape"):
            shapes.get(name)
        assert shapes.left_out()[name].startswith(f"shape {name!r} of entry point others")
        assert shapes.left_out()[name].endswith(says)
        assert "0a1b" not in shapes.left_out()[name]


def test_what_was_mended_counts_once_everything_is_forgotten(install: Install, tmp_path: Path) -> None:
    shapes = install("", {"cross": "others"})
    assert list(shapes.left_out()) == ["cross"]
    (tmp_path / "site" / "others.py").write_text("SHAPE = 'mended'")
    del sys.modules["others"]
    assert list(shapes.left_out()) == ["cross"]
    shapes.forget()
    assert shapes.get("cross") == "mended"
