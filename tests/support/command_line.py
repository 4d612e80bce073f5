"""The command line within the test's own process, and so without the second that starting one takes."""

from __future__ import annotations

from typer.testing import CliRunner

from workers.cli.commands import application

app = application()
"""All commands."""


def typed(*arguments: str, status: int = 0) -> str:
    """What a `fanwire` command prints, with the settings of this test."""
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == status, done.output
    return done.output
