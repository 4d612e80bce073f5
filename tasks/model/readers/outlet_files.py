"""Reads files of outlets: YAML, JSON or CSV. It says of each row whether it is good."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.model.documents import MOST_TOLD, DocumentRefused, fields_of, load_yaml, unreadable
from tasks.model.outlet import Offered, Outlet, read_outlet
from tasks.model.readers.named_fields import unknown
from tasks.runtime.errors import Problem
from tasks.runtime.spreadsheets import EXTRA, table

READ = {"yaml", "yml", "json", "csv", "tsv"}
"""Ends of the names of files that are read as what they say."""
_SIGNS = {",": "','", ";": "';'", "\t": "tabs", "|": "'|'"}


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
    try:
        return parse_outlets(data, "csv" if form == "tsv" else form, str(path), offered)
    except DocumentRefused as refusal:
        if form in READ:
            raise
        ending = f"its name ends in {path.suffix!r}" if path.suffix else "its name has no ending"
        hint = (
            f"{ending}, so it is read as YAML: name it .csv or .tsv if it is a table, .json if it is JSON, .yaml "
            "otherwise, or say --format"
        )
        raise DocumentRefused(str(path), [*refusal.problems, Problem("(file)", hint)]) from None


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
            if isinstance(row, DocumentRefused):
                raise row
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
            return _table_rows(text, name)
        found = json.loads(text) if form == "json" else load_yaml(text)
    except DocumentRefused:
        raise
    except (ValueError, RecursionError, csv.Error) as error:
        how = "; save it in the spreadsheet as CSV UTF-8" if form == "csv" and isinstance(error, UnicodeError) else ""
        raise DocumentRefused(name, [Problem("(file)", unreadable(error) + how)]) from None
    if isinstance(found, dict):
        found = found.get("outlets", [found] if "id" in found else None)
    if not isinstance(found, list):
        problem = "must hold a list of outlets, or an object with a list 'outlets'"
        raise DocumentRefused(name, [Problem("(file)", problem)])
    return [(f"entry {number}", row) for number, row in enumerate(found, 1)]


def _table_rows(text: str, name: str) -> list[tuple[str, Any]]:
    """Where each row of a table is, and its document, or why it is refused. What is wrong with the header line is
    raised: it would be wrong with each row."""
    reader, before = table(io.StringIO(text, newline=""))
    found = list(reader.fieldnames or ())
    rows = [(f"line {before + reader.line_num}", row) for row in reader if any(map(_filled, row.values()))]
    if problems := _table_problems(found, [row for _, row in rows], reader.reader.dialect.delimiter):
        raise DocumentRefused(name, problems)
    return [(where, _too_long(found, row) or _unflatten(row)) for where, row in rows]


def _filled(cell: Any) -> bool:
    """Whether something stands in a cell, or in one of a list of them."""
    return any(cell) if isinstance(cell, list) else bool(cell)


def _table_problems(found: Sequence[str], rows: Sequence[dict[str, Any]], sign: str) -> list[Problem]:
    """What is wrong with a table as a whole."""
    if not any(found):
        return [Problem("(file)", "is empty: it must hold a header line and a line for each outlet")]
    if not rows:
        return [Problem("(file)", "has a header line and no outlets")]
    if other := _other_sign(found, rows[0], sign):
        what = f"separates the header line with {_SIGNS[sign]} and the rows with {_SIGNS[other]}: use one of them"
        return [Problem("(file)", what)]
    needed = columns()[1]
    strange = [column for column in found if not is_column(column) and any(_filled(row[column]) for row in rows)]
    problems = [Problem(column or "(column without a name)", unknown_column(column)) for column in strange[:MOST_TOLD]]
    return problems + [
        Problem(column, "is missing: every outlet needs this column") for column in needed if column not in found
    ]


def _other_sign(found: Sequence[str], first: dict[str, Any], sign: str) -> str | None:
    """What separates the cells of the first row, if that is not what separates those of the header line."""
    only = first[found[0]]
    if len(found) == 1 or not only or any(first[column] is not None for column in found[1:]):
        return None
    return next((other for other in _SIGNS if other != sign and only.count(other) >= len(columns()[1]) - 1), None)


OPEN = ("headers", "transport")
"""Fields whose inner names are not known here, so that a column may be `headers.` and any name."""


def columns() -> tuple[list[str], list[str]]:
    """The columns that there are but the open ones, and those that each table needs."""
    inner = {name: fields_of(field) for name, field in Outlet.model_fields.items() if name not in OPEN}
    known = [f"{name}.{one}" if one else name for name, ones in inner.items() for one in ones or [""]]
    return sorted(known), [name for name, field in Outlet.model_fields.items() if field.is_required()]


def is_column(column: str) -> bool:
    """Whether a column of a table, or the field of an edit, is one that an outlet has."""
    return column in columns()[0] or column.partition(".")[0] in OPEN


def unknown_column(column: str, what: str = "column") -> str:
    """Why no outlet has this column, and which may be meant; `what` it is called."""
    return unknown(column, columns()[0], "an outlet", what, ", headers.NAME and transport.NAME")


def _too_long(found: Sequence[str], row: dict[str, Any]) -> DocumentRefused | None:
    """Why a row is refused that has more cells than the header line; None if it has not."""
    extra = row.pop(EXTRA, [])
    if not any(extra):
        return None
    what = (
        f"has {len(found) + len(extra)} cells, and the header line {len(found)}: put a cell in quotes that has the "
        "separator in it"
    )
    return DocumentRefused(f"outlet {row.get('id') or '?'}", [Problem("(row)", what)])


LISTS = ("languages", "topics", "circuits")


def _unflatten(row: dict[str, Any]) -> dict[str, Any]:
    """A CSV row as a document: without empty cells, with lists split, and `limits.in_flight` inside `limits`."""
    document: dict[str, Any] = {}
    for column, cell in row.items():
        if cell not in (None, ""):
            outer, _, inner = column.partition(".")
            value = re.findall(r"[^;\s]+", cell) if outer in LISTS else cell
            if inner:
                document.setdefault(outer, {})[inner] = value
            else:
                document[outer] = value
    return document
