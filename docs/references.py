"""Writes the generated manuals; `--check` fails if they are stale.

docs/configuration.md comes from the settings, docs/cli.md from the commands, docs/formats.md from the formats. All are
committed, so that they can be read in the repository; `make docs` writes them, `make check` compares them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from tasks.runtime.field_docs import describe
from tasks.runtime.settings import EXAMPLES, PREFIX, Settings
from workers.cli.commands import application

HERE = Path(__file__).resolve().parent

CONFIGURATION = """\
# Configuration

<!-- Generated from tasks/runtime/settings.py by `make docs`. Change the settings there. -->

Fanwire reads its settings from environment variables, once, when a process starts. A wrong value ends the process with
one line that names the variable. `fanwire doctor` says what is unsafe, and names variables that look like a setting but
are none. Give every process the same values, above all `FANWIRE_VISIBILITY_TIMEOUT`, `FANWIRE_DEADLINE` and
`FANWIRE_LEASE`. Times are seconds unless the name says otherwise.

Translation engines have a file of their own: [translation.md](translation.md#engines). A few variables are read only by
Docker Compose; [deploy/.env.example](../deploy/.env.example) explains them.

"""
CLI = """\
# Command line

<!-- Generated from workers/cli/ by `make docs`. Change the commands there. -->

`fanwire` stands in `.venv/bin/` of a checkout after any `make` command. [operations.md](operations.md) shows the
commands by task. Exit status: 0 done, 1 refused or failed, 2 wrong usage. With `--json` a failure is JSON too:
`{"status": "refused", "problems": [{"field", "problem", "example"}]}`.

"""


def configuration() -> str:
    """The reference of settings, as Markdown. Raises ValueError for a setting without a docstring."""
    rows = ["| variable | value | default | meaning |", "|---|---|---|---|"]
    describe(Settings)
    for name, schema in Settings.model_json_schema()["properties"].items():
        if "description" not in schema:
            raise ValueError(f"tasks/runtime/settings.py: {name} has no docstring")
        variable = PREFIX + name.upper()
        example = f" Example: `{EXAMPLES[variable]}`." if variable in EXAMPLES else ""
        default = schema.get("default")
        cells = (
            f"`{variable}`",
            _value(schema),
            "none" if default in (None, []) else f"`{default}`",
            " ".join(schema["description"].split()) + example,
        )
        rows.append(_row(*cells))
    return CONFIGURATION + "\n".join(rows) + "\n"


def _value(schema: dict[str, Any]) -> str:
    """What a setting takes: `number above 0`, `one of …`, `path`."""
    if options := [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]:
        schema = schema | options[0]
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    if "format" in schema:
        return {"password": "text, kept secret", "zoneinfo": "time zone"}.get(schema["format"], str(schema["format"]))
    low = {"exclusiveMinimum": "above", "minimum": "from", "maximum": "to"}
    limits = [f"{word} {schema[key]}" for key, word in low.items() if key in schema]
    kind = {"array": "list", "string": "text"}.get(schema["type"], schema["type"])
    return " ".join([kind, *limits])


def commands() -> str:
    """The reference of commands, as Markdown. Raises ValueError for a command or an option without help."""
    group = get_command(application())
    assert isinstance(group, TyperGroup)
    context = group.make_context("fanwire", [], resilient_parsing=True)
    own = [f"## Options of fanwire itself\n\n{table}\n"] if (table := _parameters(group, context)) else []
    return CLI + "\n".join([*own, *_members(group, context, level=2)])


def _members(group: TyperGroup, context: Any, level: int) -> Iterator[str]:
    for name, command in group.commands.items():
        if not command.hidden:
            yield from _command(command, type(context)(command, info_name=name, parent=context), level)


def _command(command: Any, context: Any, level: int) -> Iterator[str]:
    if not command.help:
        raise ValueError(f"workers/cli: {context.command_path} has no help")
    yield f"{'#' * level} {context.command_path}\n\n{_prose(command.help)}\n"
    if isinstance(command, TyperGroup):
        yield from _members(command, context, level + 1)
        return
    assert isinstance(command, TyperCommand)
    yield f"```text\n{command.get_usage(context).removeprefix('Usage: ')}\n```\n"
    if table := _parameters(command, context):
        yield table + "\n"


def _parameters(command: Any, context: Any) -> str:
    """A table of arguments and options; empty if there are none. Raises ValueError for one without help."""
    for parameter in command.params:
        if not parameter.help:
            raise ValueError(f"workers/cli: {context.command_path} has no help for {parameter.name}")
    records = [record for parameter in command.params if (record := parameter.get_help_record(context))]
    rows = [_row(f"`{_typed(name)}`", " ".join(text.split())) for name, text in records]
    return "\n".join(["| argument or option | |", "|---|---|", *rows]) if rows else ""


def _typed(name: str) -> str:
    """`--state <list[path]>` as people read it."""
    return re.sub(r"<list\[(.*)\]>$", r"<\1> …", name.replace(" range>", ">")).replace("<Path>", "<path>")


def _prose(text: str) -> str:
    """Help as it stands in code, its lines joined to paragraphs."""
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def main() -> int:
    """Write the files, or with --check only compare them; the exit status."""
    stale = []
    samples = run_path(str(Path(__file__).with_name("format_samples.py")))["samples"]
    for name, text in (("configuration.md", configuration()), ("cli.md", commands()), ("formats.md", samples())):
        file = HERE / name
        if not file.exists() or file.read_text("utf-8") != text:
            stale.append(file)
            if "--check" not in sys.argv:
                file.write_text(text, "utf-8")
    for file in stale:
        print(f"{file.relative_to(HERE.parent)} {'is stale: run `make docs`' if '--check' in sys.argv else 'written'}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
