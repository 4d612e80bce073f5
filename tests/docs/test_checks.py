"""What `make check` does with documents finds what it is there to find: each check is shown a fault, and a good one."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel
from sphinx.cmd.build import build_main

from tests.support.processes import ROOT

NAMED: dict[str, Callable[[Path], Iterator[str]]] = runpy.run_path(str(ROOT / "docs" / "named_files.py"))
REFERENCES = runpy.run_path(str(ROOT / "docs" / "references.py"))


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small repository in which every name leads somewhere."""
    (tmp_path / "tasks" / "delivery").mkdir(parents=True)
    (tmp_path / "tasks" / "delivery" / "drain.py").write_text('"""See CONTRIBUTING, "How to\nwork"."""\n')
    (tmp_path / "CONTRIBUTING.md").write_text("# C\n\n## How to work\n\nRead `tasks/delivery/drain.py` in `tasks/`.\n")
    return tmp_path


def test_a_house_without_faults_has_none(house: Path) -> None:
    assert list(NAMED["faults"](house)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("See `tasks/delivery/gate.py`.", "there is no file tasks/delivery/gate.py"),
        ("See [it](delivery/gate.py).", "there is no file delivery/gate.py"),
        ("See `gate.py`.", "there is no file gate.py"),
        ("See docs/manual.md.", "there is no file docs/manual.md"),
        ("All of tasks/kitchen/ is new.", "there is no folder tasks/kitchen/"),
        ('CONTRIBUTING, "How to cook", says it.', "CONTRIBUTING.md has no heading 'How to cook'"),
        ("The headers are in DESIGN.", "'DESIGN' is not in the repository"),
        ("See reference/celery.", "'reference/c' is not in the repository"),
    ],
)
def test_a_name_that_leads_nowhere_is_found_in_documents_docstrings_and_comments(
    house: Path, text: str, fault: str
) -> None:
    """With its line."""
    for name, content in (
        ("NOTES.md", f"# Notes\n\n{text}\n"),
        ("tasks/a.py", f"'''A module.\n\n{text}'''\n"),
        ("tasks/b.py", f"B = 1\n\n# {text}\n"),
        ("compose.yml", f"b: 1\n\nc: 2  # {text}\n"),
    ):
        (house / name).write_text(content)
        assert list(NAMED["faults"](house)) == [f"{name}:3: {fault}"]
        (house / name).unlink()


def test_a_document_with_an_unfinished_merge_is_found(house: Path) -> None:
    (house / "NOTES.md").write_text(f"# Notes\n\n{'<' * 7} HEAD\nOne\n{'=' * 7}\nTwo\n{'>' * 7} branch\n")
    assert list(NAMED["faults"](house)) == [f"NOTES.md:{line}: a merge was left unfinished" for line in (3, 7)]


def test_examples_and_code_may_name_what_they_like(house: Path) -> None:
    (house / "NOTES.md").write_text("# Notes\n\n```\ncat tasks/gate.py\n```\n")
    (house / "tasks" / "a.py").write_text("A = 'tasks/gate.py'\n")
    assert list(NAMED["faults"](house)) == []


def test_a_setting_and_a_command_that_say_nothing_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(BaseModel):
        quiet: int = 3

    silent = typer.Typer(help="Help.")
    silent.command("one", help="Help.")(lambda: None)

    @silent.command("two", help="Help.")
    def two(name: str) -> None: ...

    written = REFERENCES["configuration"].__globals__
    monkeypatch.setitem(written, "Settings", Silent)
    monkeypatch.setitem(written, "application", lambda: silent)
    with pytest.raises(ValueError, match="quiet has no docstring"):
        REFERENCES["configuration"]()
    with pytest.raises(ValueError, match="fanwire two has no help for name"):
        REFERENCES["commands"]()


def test_a_stale_manual_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = REFERENCES["main"].__globals__
    monkeypatch.setitem(written, "HERE", tmp_path / "docs")
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(sys, "argv", ["references.py", "--check"])
    assert REFERENCES["main"]() == 1
    monkeypatch.setattr(sys, "argv", ["references.py"])
    assert REFERENCES["main"]() == 0
    monkeypatch.setattr(sys, "argv", ["references.py", "--check"])
    assert REFERENCES["main"]() == 0
    (tmp_path / "docs" / "cli.md").write_text("older")
    assert REFERENCES["main"]() == 1


def test_the_generated_manuals_say_what_code_says() -> None:
    settings = REFERENCES["configuration"]()
    assert "| `FANWIRE_RETRY_BASE` | number above 0 | `5` | " in settings
    assert "| `FANWIRE_LEDGER_URL` | text, kept secret | none | " in settings
    commands = REFERENCES["commands"]()
    assert "\n### fanwire outlets import\n" in commands
    assert "| `--wait-timeout <float>` | " in commands


@pytest.mark.parametrize(
    ("link", "warning"),
    [
        ("[drain](tasks/drain.py)", "tasks/drain.py"),
        ("[words](OTHER.md#wards)", "wards"),
        ("[other](OTHERS.md)", "OTHERS.md"),
        ("[drain](tasks/loop.py), [words](OTHER.md#words)", None),
    ],
)
@pytest.mark.filterwarnings("ignore::sphinx.deprecation.RemovedInSphinx11Warning")  # of MyST
def test_the_build_follows_links_and_anchors(
    tmp_path: Path, link: str, warning: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Built in this process, for Sphinx takes most of a second to import."""
    (tmp_path / "README.md").write_text(f"# Read\n\n{link}\n")
    (tmp_path / "OTHER.md").write_text("# Other\n\n## Words\n\nText.\n")
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "loop.py").write_text("")
    places = [str(tmp_path), str(tmp_path / "build" / "docs")]
    status = build_main(["-q", "-W", "--keep-going", "-n", "-c", str(ROOT / "docs"), *places])
    said = capsys.readouterr().err
    assert (status == 0) == (warning is None), said
    assert warning is None or warning in said
