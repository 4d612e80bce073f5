"""Reads files of outlets: YAML, JSON or CSV. It says of each row whether it is good."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.model.documents import DocumentRefused, load_yaml, unreadable
from tasks.model.outlet import Offered, Outlet, read_outlet
from tasks.runtime.errors import Problem
from tasks.runtime.spreadsheets import table


@dataclass(frozen=True)
class OutletFile:
    """The good outlets of a file, and for each bad row where it is and why it is refused."""

    outlets: list[Outlet] = field(default_factory=list)
    refused: list[tuple[str, DocumentRefused]] = field(default_factory=list)


def read_outlets(path: Path, offered: Offered, form: str | None = None) -> OutletFile:
    """Read a file; its name ends in `.yaml`, `.json`, `.csv` or `.tsv` unless `form` says which it is.

    Raises DocumentRefused when the file as a whole cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DocumentRefused(str(path), [Problem("(file)", unreadable(error))]) from None
    form = form or path.suffix.removeprefix(".").lower()
    return parse_outlets(data, "csv" if form == "tsv" else form, str(path), offered)


def parse_outlets(data: bytes, form: str, name: str, offered: Offered) -> OutletFile:
    """Read `data` as `csv`, `json` or (anything else) YAML; `name` is what a refusal calls it.

    CSV has a header line of field names (`limits.in_flight`, `auth.secret` for inner fields), and commas, semicolons or
    tabs between its cells; lists are separated by spaces or semicolons. Raises DocumentRefused when the whole cannot be
    read.
    """
    result = OutletFile()
    seen: dict[str, str] = {}
    for where, row in _rows(data, form, name):
        try:
            outlet = read_outlet(row, offered)
            if outlet.id in seen:
                raise DocumentRefused(
                    f"outlet {outlet.id}", [Problem("id", f"{outlet.id!r} stands already in {seen[outlet.id]}")]
                )
        except DocumentRefused as refusal:
            result.refused.append((where, refusal))
        else:
            seen[outlet.id] = where
            result.outlets.append(outlet)
    return result


def _rows(data: bytes, form: str, name: str) -> list[tuple[str, Any]]:
    try:
        text = data.decode("utf-8-sig")
        if form == "csv":
            rows, before = table(io.StringIO(text, newline=""))
            return [(f"line {before + rows.line_num}", _unflatten(row)) for row in rows if any(row.values())]
        found = json.loads(text) if form == "json" else load_yaml(text)
    except (ValueError, RecursionError, csv.Error) as error:
        how = "; save it in the spreadsheet as CSV UTF-8" if form == "csv" and isinstance(error, UnicodeError) else ""
        raise DocumentRefused(name, [Problem("(file)", unreadable(error) + how)]) from None
    if isinstance(found, dict):
        found = found.get("outlets", [found] if "id" in found else None)
    if not isinstance(found, list):
        problem = "must hold a list of outlets, or an object with a list 'outlets'"
        raise DocumentRefused(name, [Problem("(file)", problem)])
    return [(f"entry {number}", row) for number, row in enumerate(found, 1)]


_LISTS = ("languages", "topics", "circuits")


def _unflatten(row: dict[str, Any]) -> dict[str, Any]:
    """A CSV row as a document: without empty cells, with lists split, and `limits.in_flight` inside `limits`."""
    document: dict[str, Any] = {}
    for column, cell in row.items():
        if cell not in (None, ""):
            outer, _, inner = column.partition(".")
            value = re.findall(r"[^;\s]+", cell) if outer in _LISTS else cell
            if inner:
                document.setdefault(outer, {})[inner] = value
            else:
                document[outer] = value
    return document
