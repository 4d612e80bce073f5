"""Takes harmful characters out of the texts of a release, and says so: pasted text brings them, and nobody sees them.

What names something (the uri, addresses, codes) is left as it is, and refused: taken out, it would name something else.
"""

from __future__ import annotations

import html
import re
from typing import Any

from tasks.runtime.errors import Problem
from tasks.runtime.foreign_text import harmful, named, without_harmful

TEXTS = frozenset({
    "headline", "subheadline", "body_html", "body_markdown", "place", "dateline_place", "name", "role", "phone",
    "correction_note", "rights", "protect", "caption", "alt", "credit",
})  # fmt: skip
"""Fields of a release, and of its translations, dateline, issuer, contacts and media, that hold words for people."""
_BODIES = frozenset({"body_html", "body_markdown"})
_REFERENCE = re.compile(r"&#(?:[xX]0*([0-9a-fA-F]{1,6})|0*([0-9]{1,7}))(?![0-9a-fA-F]);?")


def taken_out(document: Any) -> tuple[Any, list[Problem]]:
    """A release document without harmful characters in its texts, and a warning for each field that had some."""
    warnings: list[Problem] = []
    return _cleaned(document, (), warnings), warnings


def _cleaned(value: Any, path: tuple[str, ...], warnings: list[Problem]) -> Any:
    if isinstance(value, dict):
        return {key: _cleaned(inner, (*path, str(key)), warnings) for key, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner, (*path, str(number)), warnings) for number, inner in enumerate(value)]
    field = next((step for step in reversed(path) if not step.isdigit()), "")
    if not isinstance(value, str) or field not in TEXTS:
        return value
    text = _REFERENCE.sub(_decoded, value) if field in _BODIES else value
    found = harmful(text)
    if not found:
        return value
    warnings.append(Problem(".".join(path), f"held {named(found)}, which was taken out"))
    return without_harmful(text)


def _decoded(reference: re.Match[str]) -> str:
    """The harmful character that HTML writes as a number; every other reference stays as it is."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    if 0x80 <= code < 0xA0:  # of Windows: browsers read `&#146;` as an apostrophe
        return html.unescape(f"&#{code};")
    return chr(code) if code <= 0x10FFFF and harmful(chr(code)) else reference[0]
