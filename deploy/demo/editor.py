"""Plays the editor of the demo: gets the drafts of a release as XLIFF files, writes what is new, and sends them back.

Everything goes through the commands that an editor types: `fanwire translations export` and `import`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from lxml import etree

HERE = Path(__file__).resolve().parent
NAMESPACE = "urn:oasis:names:tc:xliff:document:2.0"
NAME = "Ines Duarte"
"""Who edits; no such person exists."""


def texts() -> dict[str, dict[str, str]]:
    """What the editor writes: {language: {name of a sentence: its translation, as XLIFF}}."""
    found: dict[str, dict[str, str]] = yaml.safe_load((HERE / "editor.yaml").read_text("utf-8"))
    return found


def edited(data: bytes, written: dict[str, str]) -> bytes:
    """An XLIFF file in which the sentences with these names have new targets, signed as final."""
    root = etree.fromstring(data)
    for unit in root.iter(f"{{{NAMESPACE}}}unit"):
        text = written.get(unit.get("name", ""))
        if text is not None:
            _write(unit.find(f"{{{NAMESPACE}}}segment"), text)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _write(segment: Any, text: str) -> None:
    for old in segment.findall(f"{{{NAMESPACE}}}target"):
        segment.remove(old)
    segment.append(etree.fromstring(f'<target xmlns="{NAMESPACE}">{text}</target>'))
    segment.set("state", "final")


def edit(fanwire: str, uri: str, folder: Path, drafts: Collection[str]) -> Iterator[str]:
    """Edit the drafts in these languages at once, as far as the editor knows them; what was done, line by line. Raises
    CalledProcessError with what a command said."""
    written = [(language, text) for language, text in texts().items() if language in drafts]
    with ThreadPoolExecutor() as languages:
        yield from languages.map(lambda one: _edit(fanwire, uri, one[0], one[1], folder), written)


def _edit(fanwire: str, uri: str, language: str, written: dict[str, str], folder: Path) -> str:
    file = folder / f"{language}.xlf"
    _run(fanwire, "export", uri, language, "--output", str(file))
    file.write_bytes(edited(file.read_bytes(), written))
    said = _run(fanwire, "import", uri, language, str(file), "--by", NAME)
    return f"{language}: {said.splitlines()[0]}"


def _run(fanwire: str, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603, our own command
        [fanwire, "translations", *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout
