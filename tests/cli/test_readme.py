"""What the README shows can be typed."""

from __future__ import annotations

import re
import shlex

import pytest
from processes import ROOT
from typer.testing import CliRunner

from tasks.outlet import parse_outlets
from tasks.release import read_release
from workers.cli import app

README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^(?:\.venv/bin/)?fanwire (.+?)\s*(?:#.*)?$", README, re.MULTILINE)


def block(language: str) -> str:
    """The first code block in that language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one_that_there_is(command: str) -> None:
    """It fails here, for there is no ledger, file or broker; but never as wrong usage."""
    done = CliRunner().invoke(app, shlex.split(command))
    assert done.exit_code in (0, 1), done.output
    assert done.exit_code == 0 or done.exception is None or isinstance(done.exception, SystemExit), done.exception


def test_the_examples_of_documents_are_good() -> None:
    assert read_release(block("markdown")).issuer is not None
    for form in ("yaml", "csv"):
        found = parse_outlets(block(form).encode(), form, "README")
        assert not found.refused, found.refused
        assert [outlet.id for outlet in found.outlets] == ["berliner-bote"]
    assert found.outlets[0].limits.in_flight == 2
