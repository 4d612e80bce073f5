"""Reads the fields of a release from Markdown or HTML with YAML front matter."""

from __future__ import annotations

import re
from typing import Any

from tasks.model.documents import load_yaml

FENCE = "---"
"""The line before and after the front matter."""
LARGEST = 512 * 1024
"""Characters of front matter: enough for a release in twenty languages."""


def fields_of(text: str) -> dict[str, Any]:
    """The fields of a text that begins with the line `---`; raises ValueError that says what is wrong.

    What follows the front matter is the field `body_html` if it begins with `<`, else `body_markdown`.
    """
    parts = _parts(text)
    if len(parts) != 3:
        raise ValueError("front matter has no closing line '---'")
    fields = _fields_in("\n" + parts[1])  # so that lines in problems are those of the document
    if not isinstance(fields, dict):
        raise ValueError("front matter must be 'field: value' lines")
    body = parts[2].strip()
    if body:
        fields["body_html" if body.startswith("<") else "body_markdown"] = body
    return fields


def first_line_of_body(text: str) -> int:
    """The number of the line on which the body begins, after the front matter; lines are counted from 1."""
    body = _parts(text)[-1].lstrip()
    return text.count("\n") - body.count("\n") + 1


def _parts(text: str) -> list[str]:
    """What stands before, within and after the front matter."""
    return re.split(r"^---[ \t]*$\n?", text.replace("\r\n", "\n"), maxsplit=2, flags=re.MULTILINE)


def _fields_in(front_matter: str) -> Any:
    try:
        return load_yaml(front_matter, largest=LARGEST, aliases=False) or {}
    except ValueError as error:
        raise ValueError(f"front matter: {error}") from None
