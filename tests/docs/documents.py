"""The documents of the repository and their code blocks, as tests read them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.processes import ROOT

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "deploy/*.md")
    for path in ROOT.glob(pattern)
)  # fmt: skip
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    """`docs/outlets.md`."""
    return path.relative_to(ROOT).as_posix()


def blocks(document: str, language: str, heading: str = "") -> list[str]:
    """The code blocks of a document in a language, those after `heading` if one is named."""
    text = (ROOT / document).read_text("utf-8")
    if heading:
        assert f"\n{heading}\n" in text, f"{document} has no {heading!r}"
        text = text.partition(f"\n{heading}\n")[2]
    return [body for named, body in BLOCK.findall(text) if named == language]


def block(document: str, language: str, heading: str = "") -> str:
    """The first of them."""
    return blocks(document, language, heading)[0]
