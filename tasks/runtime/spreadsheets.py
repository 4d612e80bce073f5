"""CSV as spreadsheets write it, and what they run of it."""

from __future__ import annotations

import csv
import re
import unicodedata
from typing import IO

_SIGNS = ",;\t"
"""What separates cells; a spreadsheet of a country whose numbers have a decimal comma writes semicolons."""
_SAID = re.compile(r'"?sep=([,;\t|])"?\s*')
"""A first line in which a spreadsheet says it."""


EXTRA = "(extra cells)"
"""The column of cells for which the header line has no name."""


def table(file: IO[str], *, strict: bool = False, restval: str | None = None) -> tuple[csv.DictReader[str], int]:
    """The rows of a table with a header line, and how many lines stand before that.

    Commas, semicolons or tabs separate the cells: the header line says which. `restval`: what a missing cell holds. The
    file must be one that can go back to its beginning.
    """
    first = file.readline()
    said = _SAID.fullmatch(first)
    if said is None:
        file.seek(0)
    sign = said[1] if said else max(_SIGNS, key=lambda sign: len(next(csv.reader([first], delimiter=sign), [])))
    return csv.DictReader(file, delimiter=sign, strict=strict, restkey=EXTRA, restval=restval), int(said is not None)


def safe_cell(text: str) -> str:
    """A text as a cell that no spreadsheet runs: one that begins like a formula gets an apostrophe before it."""
    return f"'{text}" if _would_run(text) else text


def plain_cell(text: str) -> str:
    """The text that `safe_cell` has made a cell of."""
    return text[1:] if text.startswith("'") and _would_run(text) else text


def _would_run(text: str) -> bool:
    """Whether it begins like a formula, behind any apostrophes. Full-width signs count as the plain ones: some
    spreadsheets take them so."""
    first = text.lstrip("'")[:1]
    return unicodedata.normalize("NFKC", first)[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") if first else False
