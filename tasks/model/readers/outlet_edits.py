"""Changes of an outlet document as people type them: `field=value`, inner fields with a dot, as the columns of CSV."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from tasks.model.documents import DocumentRefused
from tasks.model.readers.outlet_files import LISTS, columns, is_column, unknown
from tasks.runtime.errors import Problem

_COMMANDS = "`fanwire outlets pause`, `disable`, `resume` and `verify`"
_KEPT = {
    "id": "cannot be changed: import the outlet under another id, and remove this one",
    "status": f"is not edited: {_COMMANDS} change it",
}


def edited(document: dict[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """A copy of an outlet document with each of `changes` made, of which no value is checked yet.

    `limits.in_flight=2` sets an inner field, `topics=` takes a field out, and lists are separated by spaces or
    semicolons. Raises DocumentRefused, which names each change that is none.
    """
    after, problems = deepcopy(document), []
    for change in changes:
        field, sign, value = change.partition("=")
        if why := _KEPT.get(field) or _not_a_change(field, sign):
            problems.append(Problem(field or "(change)", why))
        else:
            _set(after, field, value.strip())
    if problems:
        raise DocumentRefused(f"outlet {document.get('id', '?')}", problems)
    return after


def _not_a_change(field: str, sign: str) -> str | None:
    if not sign:
        return "is no change: write FIELD=VALUE, such as format=html or limits.in_flight=2"
    return None if is_column(field) else unknown(field, columns()[0], "field")


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
