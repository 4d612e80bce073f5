"""What `fanwire` itself takes: its version, and completion in shells. Each in a process of its own, as it is typed."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

FANWIRE = Path(sys.executable).with_name("fanwire")


def in_a_shell(command: str, home: Path, **more: str) -> str:
    """What a command in bash prints; nothing may be on standard error."""
    env = os.environ | {"HOME": str(home), "PATH": f"{FANWIRE.parent}:{os.environ['PATH']}"} | more
    done = subprocess.run(["bash", "-c", f"{command}; exit $?"], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_version_is_the_one_of_the_package(tmp_path: Path) -> None:
    assert in_a_shell("fanwire --version", tmp_path) == f"fanwire {version('fanwire')}\n"


def test_help_offers_no_value_for_a_flag_and_no_format_that_is_always_refused(tmp_path: Path) -> None:
    shown = in_a_shell("fanwire translations import --help", tmp_path, COLUMNS="120")
    assert "--despite-warnings" in shown
    assert "<bool>" not in shown
    assert "<xliff|tmx>" in shown


def test_completion_is_shown_and_changes_nothing(tmp_path: Path) -> None:
    assert "_FANWIRE_COMPLETE" in in_a_shell("fanwire --show-completion", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_once_installed_commands_and_options_are_completed(tmp_path: Path) -> None:
    in_a_shell("fanwire --install-completion", tmp_path)
    offered = "; ".join(
        f"COMP_WORDS=({typed}) COMP_CWORD={len(typed.split()) - 1}; _fanwire_completion fanwire; echo ${{COMPREPLY[@]}}"
        for typed in ("fanwire outl", "fanwire outlets pa", "fanwire status --js")
    )
    script = tmp_path / ".bash_completions" / "fanwire.sh"
    assert in_a_shell(f"source {script}; {offered}", tmp_path).split() == ["outlets", "pause", "--json"]
