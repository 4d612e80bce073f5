"""Each command imports its own file, and none is missing where the commands are listed."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

from typer.main import get_command

from workers.cli.commands import GROUPS, SINGLE, application


def test_each_command_is_there_by_its_name_alone() -> None:
    everything = set(get_command(application()).commands)  # type: ignore[attr-defined]
    assert everything == {*GROUPS, *(name for names in SINGLE.values() for name in names)}
    for name in sorted(everything):
        assert name in get_command(application(name)).commands  # type: ignore[attr-defined]


def test_the_table_of_single_commands_names_those_of_each_file() -> None:
    for module, names in SINGLE.items():
        app = import_module(f"workers.cli.{module}").app
        assert [each.name or each.callback.__name__.strip("_") for each in app.registered_commands] == list(names)


def test_a_command_imports_no_file_of_others() -> None:
    seen = "import sys; from workers.cli.commands import application; application('glossary'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", seen], check=True, capture_output=True, text=True)
    ours = {name for name in done.stdout.split() if name.startswith("workers.cli.")}
    assert "workers.cli.memory" in ours
    assert not ours & {"workers.cli.outlets", "workers.cli.releases", "workers.cli.engines"}
