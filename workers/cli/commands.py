"""All commands of `fanwire`, group by group."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from workers.cli.bounces import app as bounces_app
from workers.cli.engines import app as engines_app
from workers.cli.feeds import app as feeds_app
from workers.cli.media import app as media_app
from workers.cli.memory import app as memory_app
from workers.cli.memory import glossary_app
from workers.cli.models import app as models_app
from workers.cli.outlets import app as outlets_app
from workers.cli.processes import app as processes_app
from workers.cli.producers import app as producers_app
from workers.cli.records import app as records_app
from workers.cli.releases import app as releases_app
from workers.cli.screen import Commands, out
from workers.cli.translations import app as translations_app
from workers.cli.users import app as users_app

app = typer.Typer(
    cls=Commands, no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)  # fmt: skip


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"fanwire {version('fanwire')}", markup=False)
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Fanwire is a press-release wire: it translates, formats and delivers releases to outlets."""


for group in (releases_app, records_app, processes_app):
    app.registered_commands += group.registered_commands
engines_app.registered_commands += models_app.registered_commands
app.add_typer(outlets_app, name="outlets")
app.add_typer(bounces_app, name="bounces")
app.add_typer(feeds_app, name="feeds")
app.add_typer(translations_app, name="translations")
app.add_typer(engines_app, name="engines")
app.add_typer(media_app, name="media")
app.add_typer(memory_app, name="memory")
app.add_typer(glossary_app, name="glossary")
app.add_typer(producers_app, name="producers")
app.add_typer(users_app, name="users")
