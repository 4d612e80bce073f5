"""Finds files that documents, docstrings and comments name but that do not exist; part of `make check`.

It reads the text of Markdown files, the docstrings and comments of Python files, and the comments of configuration,
scripts and the Makefile. A name with a slash must be a path from the root, from the naming file's folder, or the end of
a path (`checks/elements.py`). A Python file without a slash must be the name of some file. A document with a heading
(`CONTRIBUTING, "Renewing the pins"`) must have that heading.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SKIPPED = {"build", "var", "translation"}
"""Folders of the root that are not part of the repository."""
READ = {".md", ".py", ".yml", ".yaml", ".sh", ".conf", ".toml", ".txt", ".example", "Makefile", "Dockerfile"}
"""Endings and names of the files that are looked at."""
_FILE = re.compile(r"(?<![\w/.:@{}-])(?:[\w.-]+/)*[\w.-]+\.(?:py|md|conf|toml|sh|mako)\b(?![\w/-])")
_FOLDER = re.compile(r"(?<![\w/.:@-])(?:tasks|workers|tests|deploy|docs)(?:/[\w-]+)*/(?![\w*{…])")
_HEADING = re.compile(r'\b([A-Z]{4,}|[\w/]+\.md),\s+"([^"]+)"')
_WORKPLACE = re.compile(r"\bDESIGN\b|\b(?:spec|reference|seed)/\w")
"""Documents that those who built Fanwire had, and that are not in the repository."""
_CONFLICT = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)
_CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def files_of(root: Path) -> Iterator[Path]:
    """Every file of the repository, hidden folders left out."""
    for path in sorted(root.iterdir()):
        if path.is_file():
            yield path
        elif path.name not in SKIPPED and not path.name.startswith((".", "__pycache__")):
            yield from (inner for inner in sorted(path.rglob("*")) if inner.is_file())


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of what a file says to people: a document without its examples, docstrings and comments of code."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        yield 1, _CODE_BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text)
    elif path.suffix == ".py":
        yield from _prose_of_python(text)
    else:
        yield from ((line, words.partition("#")[2]) for line, words in enumerate(text.splitlines(), 1) if "#" in words)


def _prose_of_python(text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def faults(root: Path) -> Iterator[str]:
    """One line for each name that leads nowhere."""
    files = list(files_of(root))
    parted = [file.relative_to(root).parts for file in files]
    ends = {"/".join(parts[n:]) for parts in parted for n in range(len(parts))}
    for path in files:
        for line, text in prose(path) if path.suffix in READ or path.name in READ else ():
            for at, fault in _faults(path, text, root, ends):
                yield f"{path.relative_to(root)}:{line + text.count(chr(10), 0, at)}: {fault}"


def _faults(path: Path, text: str, root: Path, ends: set[str]) -> Iterator[tuple[int, str]]:
    for found in _FILE.finditer(text):
        name = found[0]
        if ("/" in name or name.endswith(".py")) and not ((path.parent / name).exists() or name.lstrip("./") in ends):
            yield found.start(), f"there is no file {name}"
    for found in _FOLDER.finditer(text):
        if not (root / found[0]).is_dir():
            yield found.start(), f"there is no folder {found[0]}"
    for found in _HEADING.finditer(text):
        document = root / (found[1] if found[1].endswith(".md") else f"{found[1]}.md")
        heading = " ".join(found[2].split())
        if document.exists() and f"# {heading}\n" not in document.read_text("utf-8"):
            yield found.start(), f"{document.name} has no heading {heading!r}"
    for found in _WORKPLACE.finditer(text):
        yield found.start(), f"{found[0]!r} is not in the repository"
    for found in _CONFLICT.finditer(text):
        yield found.start(), "a merge was left unfinished"


def main() -> int:
    """Print what leads nowhere; the exit status."""
    found = list(faults(ROOT))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
