"""Each command imports its own file, and none is missing where the commands are listed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module

import pytest
from typer.main import get_command

from workers import cli
from workers.cli import commands
from workers.cli.commands import GROUPS, SINGLE, WITHOUT_COMMANDS, application


def test_each_command_is_there_by_its_name_alone() -> None:
    everything = set(get_command(application()).commands)  # type: ignore[attr-defined]
    assert everything == {*GROUPS, *(name for names in SINGLE.values() for name in names)}
    for name in sorted(everything):
        assert name in get_command(application(name)).commands  # type: ignore[attr-defined]
    for option in WITHOUT_COMMANDS:
        assert not get_command(application(option)).commands  # type: ignore[attr-defined]


def test_the_table_of_single_commands_names_those_of_each_file() -> None:
    for module, names in SINGLE.items():
        app = import_module(f"workers.cli.{module}").app
        assert [each.name or each.callback.__name__.strip("_") for each in app.registered_commands] == list(names)


@pytest.mark.parametrize(
    ("line", "words", "asked"),
    [("fanwire outlets pa", 2, "outlets"), ("fanwire restored ", 2, "restored"), ("fanwire restore", 1, None)],
)
def test_a_shell_that_completes_a_command_imports_no_other(
    monkeypatch: pytest.MonkeyPatch, line: str, words: int, asked: str | None
) -> None:
    """`restore` may go on as `restored`."""
    seen: list[str | None] = []

    def application(wanted: str | None) -> Callable[[], None]:
        seen.append(wanted)
        return lambda: None

    monkeypatch.setattr(commands, "application", application)
    monkeypatch.setenv("_FANWIRE_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
    cli.main()
    monkeypatch.setenv("COMP_WORDS", line.replace(" ", "\n"))
    monkeypatch.setenv("COMP_CWORD", str(words))
    cli.main()
    assert seen == [asked, asked]


@pytest.mark.parametrize(
    ("command", "uses", "leaves"),
    [
        ("glossary", {"workers.cli.memory"}, {"workers.cli.outlets", "workers.cli.releases", "workers.cli.engines"}),
        ("outlets", {"workers.cli.outlets"}, {"tasks.review", "tasks.translation.checks"}),
        (
            "status",
            {"workers.cli.reports"},
            {"workers.cli.submit", "tasks.pipeline", "tasks.translation.checks", "kombu"},
        ),
    ],
)
def test_a_command_imports_nothing_that_only_others_use(command: str, uses: set[str], leaves: set[str]) -> None:
    seen = f"import sys; from workers.cli.commands import application; application({command!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", seen], check=True, capture_output=True, text=True)
    imported = set(done.stdout.split())
    assert uses <= imported
    assert not leaves & imported
