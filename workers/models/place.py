"""Which folder models go into: that of the `ct2` engine in the translation file, else the default one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from tasks.runtime.private_files import ensure_private_folder
from tasks.runtime.settings import settings
from tasks.translation.configuration import (
    MODELS,
    EngineDocument,
    TranslationDocument,
    models_folder,
    read_configuration,
)
from workers.models import ModelRefused


@dataclass(frozen=True)
class Place:
    """A folder of models, and the engine that has it."""

    engine: str
    document: EngineDocument
    """The entry of the engine in the translation file, or what it would be."""
    folder: Path
    named: bool
    """Whether the engine translates with what is in the folder: the translation file names it, or there is no file."""


def place(engine: str | None = None) -> Place:
    """Where models go; `engine` names one of several of type `ct2`. Raises ModelRefused and DocumentRefused."""
    file = settings().translation_file
    configuration = read_configuration(file)
    there = {name: entry for name, entry in configuration.engines.items() if (entry.type or name) == MODELS}
    if engine is not None and engine not in there:
        known = f"there are {', '.join(there)}" if there else "there is none in the translation file"
        raise ModelRefused(f"there is no engine {engine!r} of type {MODELS}; {known}")
    if len(there) > 1 and engine is None:
        raise ModelRefused(f"there are several engines of type {MODELS}; --engine names one of {', '.join(there)}")
    if there:
        name = engine or next(iter(there))
        folder = there[name].folder
        if folder is None:
            raise ModelRefused(f"engines.{name}.folder in {file} is required: the folder that models go into")
        return Place(name, there[name], folder, named=True)
    folder = models_folder()
    by_default = "engines" not in configuration.model_fields_set
    return Place(MODELS, EngineDocument(folder=folder), folder, named=by_default)


def make_folder(found: Place) -> None:
    """Make the folder of a place, if it is the default one, which lies under the home."""
    if found.folder == models_folder():
        ensure_private_folder(found.folder.parent)


def lines_to_add(found: Place) -> list[str]:
    """What the translation file must say, so that models in a place are used."""
    return ["engines:", f"  {found.engine}: {_entry(found)}    # beside the engines that are there"]


def add(found: Place) -> None:
    """Add the engine of a place to the translation file, as the last of its engines; nothing else in it changes.

    Raises ModelRefused where that is not simple; then nothing has changed.
    """
    file = settings().translation_file
    assert file is not None
    before = file.read_text("utf-8-sig")
    after = _with_entry(before.splitlines(keepends=True), f"{found.engine}: {_entry(found)}")
    if after is None or not _adds_only(before, after, found):
        entry = f"{found.engine}: {_entry(found)}"
        raise ModelRefused(f"{file} has no line for each engine under `engines:`; add this to it by hand: {entry}")
    draft = file.with_name(f".{file.name}.draft")
    draft.write_text(after, "utf-8")
    draft.chmod(file.stat().st_mode & 0o777)
    draft.replace(file)


def _entry(found: Place) -> str:
    return f"{{folder: {yaml.safe_dump(str(found.folder), default_style=None).splitlines()[0]}}}"


def _with_entry(lines: list[str], entry: str) -> str | None:
    """The text with one more line at the end of the block of engines; None if there is no such block."""
    start = next((n for n, line in enumerate(lines) if line.split("#")[0].rstrip() == "engines:"), None)
    if start is None:
        return None
    indent, last = "", start
    for number, line in enumerate(lines[start + 1 :], start + 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line.startswith(" "):
            break
        indent = indent or line[: len(line) - len(line.lstrip(" "))]
        last = number
    if not indent:
        return None
    if not lines[last].endswith("\n"):
        lines[last] += "\n"
    return "".join([*lines[: last + 1], f"{indent}{entry}\n", *lines[last + 1 :]])


def _adds_only(before: str, after: str, found: Place) -> bool:
    """Whether the new text says what the old one said, and the engine."""
    try:
        old, new = yaml.safe_load(before), yaml.safe_load(after)
        TranslationDocument.model_validate(new)
        added = new["engines"].pop(found.engine)
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError):
        return False
    return bool(old == new and added == {"folder": str(found.folder)})
