"""Every command that a document, a docstring or a message names is one that there is, with options that it has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from tests.support.command_line import app
from tests.support.processes import ROOT

from .documents import BLOCK, DOCUMENTS, name_of

TYPED = re.compile(r"(?:^(?:\.venv/bin/)?fanwire|--rm cli|-- fanwire) (.+?)\s*(?:#.*)?$")
NAMED = re.compile(r"`(?:\.venv/bin/)?fanwire ([^`\n]+)`")
PLACEHOLDER = re.compile(r"[A-Z]+|…")
FANWIRE = get_command(app)
CODE = [path for folder in ("tasks", "workers", "deploy", "docs") for path in sorted((ROOT / folder).rglob("*.py"))]


def parse(words: list[str]) -> None:
    """Parse a command line as `fanwire` would, without running it; a wrong one raises a usage error."""
    command: Any = FANWIRE
    context = None
    name: str | None = "fanwire"
    while isinstance(command, TyperGroup):
        if not words:  # a group by itself prints its help
            return
        if words[0].startswith("-"):  # never parsed: `--install-completion` would be carried out
            if words[0] not in {"--help", *(option for parameter in command.params for option in parameter.opts)}:
                raise LookupError(words[0])
            return
        context = command.make_context(name, words, parent=context)
        words = [*context._protected_args, *context.args]
        name, command, words = command.resolve_command(context, words)
    if command is not None:
        command.make_context(name, words, parent=context)


def typed() -> Iterator[tuple[str, str]]:
    """(document, command line) of every line in a code block that somebody may copy."""
    for document in DOCUMENTS:
        for language, body in BLOCK.findall(document.read_text("utf-8")):
            for line in body.splitlines() if language != "text" else ():
                if found := TYPED.search(line):
                    yield name_of(document), found[1]


def named() -> Iterator[tuple[str, str]]:
    """(file, command) of every command between backticks in documents and code."""
    for path in [*DOCUMENTS, *CODE]:
        text = path.read_text("utf-8")
        for found in NAMED.finditer(BLOCK.sub("", text) if path.suffix == ".md" else text):
            yield name_of(path), found[1]


def problem(command: str) -> str | None:
    """What `fanwire` says of a command line that it cannot read."""
    try:
        parse(shlex.split(command))
    except Exception as error:
        if type(error).__name__ == "Exit":
            return None
        return f"{type(error).__name__}: {getattr(error, 'message', error)}"
    return None


@pytest.mark.parametrize(("document", "command"), sorted(set(typed())))
def test_every_command_line_can_be_typed(document: str, command: str) -> None:
    assert problem(command) is None


@pytest.mark.parametrize(("file", "command"), sorted(set(named())))
def test_every_command_that_is_named_is_one_that_there_is(file: str, command: str) -> None:
    """Arguments may be left out here, or be words in capitals: it is the command that is spoken of."""
    words = command.split()
    said = [
        word
        for before, word in zip(["", *words], words, strict=False)
        if before.startswith("--") or not PLACEHOLDER.fullmatch(word)
    ]
    found = problem(" ".join(said))
    assert found is None or found.startswith("MissingParameter"), found


@pytest.mark.parametrize(
    "command",
    [
        "explode",
        "--loudly",
        "outlets explode",
        "submit release.md --loudly",
        "worker kitchen",
        "kill",
        "engines wake a b",
    ],
)
def test_a_wrong_command_line_is_found(command: str) -> None:
    assert problem(command) is not None


def test_commands_are_found_where_they_stand() -> None:
    found = {document for document, _ in typed()}
    assert {"README.md", "deploy/README.md", "docs/operations.md", "docs/translation.md"} <= found
    assert len(set(typed())) > 30
    assert Path(ROOT / "tasks/runtime/settings.py").relative_to(ROOT).as_posix() in {file for file, _ in named()}
