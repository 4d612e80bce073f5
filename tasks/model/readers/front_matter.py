"""Reads the fields of a release from Markdown or HTML with YAML front matter."""

from __future__ import annotations

import json
import re
from typing import Any

from tasks.model.documents import Unreadable, load_yaml

FENCE = "---"
"""The line before and after the front matter."""
LARGEST = 512 * 1024
"""Characters of front matter: enough for a release in twenty languages."""

_FIELD = re.compile(r" *(?P<field>[a-z_]{1,40}):[ \t]+(?P<text>[^\s\[{].{0,500})")
"""A line of front matter with a text, and not with a list or an object, which quotes would spoil."""


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
    except Unreadable as error:
        raise ValueError(f"front matter: {error}{_in_quotes(front_matter, error.line)}") from None


def _in_quotes(front_matter: str, line: int | None) -> str:
    """A line that cannot be read as it would be in quotes, if that helps."""
    lines = front_matter.split("\n")
    written = _FIELD.fullmatch(lines[line - 1]) if line and line <= len(lines) else None
    if written is None or _is_read(written[0]):
        return ""
    text = written["text"].strip()
    bare = text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
    quoted = f"{written['field']}: {json.dumps(bare, ensure_ascii=False)}"
    return f"; put the text in quotes: {quoted}" if _is_read(quoted) else ""


def _is_read(line: str) -> bool:
    try:
        load_yaml(line, aliases=False)
    except Unreadable:
        return False
    return True
