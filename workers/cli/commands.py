"""All commands of `fanwire`, and the files they are in, so that one command imports its own files and no others."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import typer

from workers.cli.screen import Commands, out

SINGLE = {
    "submit": ("submit",),
    "reports": ("status", "report"),
    "releases": ("kill", "embargo", "replay"),
    "records": ("refusals", "notices", "audit"),
    "backup": ("backup", "restore"),
    "processes": ("up", "worker", "migrate", "health", "doctor", "schema"),
}
"""The modules of the commands that stand alone, in the order of `fanwire --help`, and the names of their commands."""
GROUPS = {
    "outlets": "outlets.app",
    "bounces": "bounces.app",
    "feeds": "feeds.app",
    "translations": "translations.app",
    "engines": "engines.app",
    "media": "media.app",
    "memory": "memory.app",
    "glossary": "memory.glossary_app",
    "producers": "producers.app",
    "users": "users.app",
    "retention": "retention.app",
    "restored": "backup.restored_app",
}
"""The groups, such as `fanwire outlets`, in the order of `fanwire --help`; and where the commands of each are."""
WITHOUT_COMMANDS = ("--version", "--install-completion", "--show-completion")
"""Options of `fanwire` itself that need none of its commands."""


def application(wanted: str | None = None) -> typer.Typer:
    """The application with the command or group of this name; with all of them, if there is none of this name."""
    app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_show_locals=False)
    app.callback()(options)
    alone = [module for module, names in SINGLE.items() if wanted in names]
    everything = not alone and wanted not in (*GROUPS, *WITHOUT_COMMANDS)
    for module in SINGLE if everything else alone:
        app.registered_commands += _found(f"{module}.app").registered_commands
    for name, place in GROUPS.items():
        if everything or name == wanted:
            app.add_typer(_found(place), name=name)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"fanwire {version('fanwire')}", markup=False)
        raise typer.Exit


def options(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Fanwire is a press-release wire: it translates, formats and delivers releases to outlets."""


def _found(place: str) -> typer.Typer:
    module, name = place.split(".")
    found: typer.Typer = getattr(import_module(f"workers.cli.{module}"), name)
    return found
