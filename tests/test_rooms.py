"""What must hold of the house as a whole, beside the layers that import-linter keeps."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

TASKS = Path(__file__).resolve().parents[1] / "tasks"
KNOWN = {"errors", "markdown"}
"""tasks/runtime/errors.py and tasks/translation/errors.py; tasks/model/markdown.py, which reads Markdown, and the
format of this name, whose file has to be called so."""


def test_no_two_modules_share_a_name() -> None:
    """A name that is found with grep or in a traceback leads to one file."""
    places: dict[str, list[str]] = defaultdict(list)
    for file in TASKS.rglob("*.py"):
        name = file.parent.name if file.name == "__init__.py" else file.stem
        places[name].append(str(file.relative_to(TASKS.parent)))
    shared = {name: sorted(found) for name, found in places.items() if len(found) > 1}
    assert set(shared) <= KNOWN, shared
