"""What the README shows can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tasks.model.outlet import parse_outlets
from tasks.model.release import read_release
from tasks.translation.configuration import EngineDocument, LanguageDocument, read_configuration
from tasks.translation.engines import registry
from tests.support.processes import ROOT
from workers.cli import app

README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^(?:\.venv/bin/)?fanwire (.+?)\s*(?:#.*)?$", README, re.MULTILINE)


def block(language: str, section: str = "") -> str:
    """The first code block in that language (under that heading)."""
    found = re.search(rf"^```{language}\n(.*?)^```$", README.partition(section)[2] if section else README, re.M | re.S)
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
        found = parse_outlets(block(form, "### An outlet").encode(), form, "README")
        assert not found.refused, found.refused
        assert [outlet.id for outlet in found.outlets] == ["berliner-bote"]
    assert found.outlets[0].limits.in_flight == 2


def test_the_translation_file_is_good_and_says_everything_that_can_be_said(tmp_path: Path) -> None:
    file = tmp_path / "translation.yaml"
    file.write_text(block("yaml", "#### Engines"))
    found = read_configuration(file)
    said = {field for entry in found.engines.values() for field in entry.model_fields_set}
    assert said == set(EngineDocument.model_fields)
    assert found.languages["de"].model_fields_set == set(LanguageDocument.model_fields)
    assert found.order("de-AT") == ["deepl", "house"]
    assert registry.load_registry(file).left_out.keys() <= {"local"}  # where CTranslate2 is not installed


def test_the_first_translation_file_is_good(tmp_path: Path) -> None:
    file = tmp_path / "translation.yaml"
    file.write_text(block("yaml", "### Translation"))
    assert read_configuration(file).languages["es"].publish == "approved"
    assert not registry.load_registry(file).left_out


def test_every_type_of_engine_is_listed() -> None:
    table = README.partition("#### Engines")[2].partition("| type | is | needs |")[2].partition("\n\n")[0]
    types = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    listed = set(re.findall(r"`([\w-]+)`", " ".join(types)))
    assert listed == set(registry._BUILT_IN)
