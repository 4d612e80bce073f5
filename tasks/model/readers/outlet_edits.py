"""Changes of an outlet document as people type them: `field=value`, inner fields with a dot, as the columns of CSV."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from tasks.model.readers.named_fields import changes
from tasks.model.readers.outlet_files import LISTS, is_column, unknown_column

_COMMANDS = "`fanwire outlets pause`, `disable`, `resume` and `verify`"
_KEPT = {
    "id": "cannot be changed: import the outlet under another id, and remove this one",
    "status": f"is not edited: {_COMMANDS} change it",
}


def edited(document: dict[str, Any], typed: Sequence[str]) -> dict[str, Any]:
    """A copy of an outlet document with each of the changes made that somebody typed, of which no value is checked yet.

    `limits.in_flight=2` sets an inner field, `topics=` takes a field out, and lists are separated by spaces or
    semicolons. Raises DocumentRefused, which names each change that is none.
    """
    after, what = deepcopy(document), f"outlet {document.get('id', '?')}"
    for field, value in changes(typed, what, _why_not, "format=html or limits.in_flight=2"):
        _set(after, field, value)
    return after


def _why_not(field: str) -> str | None:
    if field in _KEPT:
        return _KEPT[field]
    return None if is_column(field) else unknown_column(field, "field")


def _set(document: dict[str, Any], field: str, value: str) -> None:
    """Set or take out one field; an outer one that is empty then goes too."""
    outer, _, inner = field.partition(".")
    if inner:
        within = document.setdefault(outer, {})
        within.pop(inner, None)
        if value:
            within[inner] = value
        if not within:
            del document[outer]
    elif value:
        document[outer] = re.findall(r"[^;\s]+", value) if outer in LISTS else value
    else:
        document.pop(outer, None)
