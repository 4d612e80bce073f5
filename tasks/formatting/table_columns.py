"""Sets the rows of a table in aligned columns, for text in a font whose characters all have the same width."""

from __future__ import annotations

import re

from tasks.formatting.columns import width, wrapped

GAP = "  "
"""What stands between two columns."""
RIGHT_TO_LEFT_MARK = "\u200f"
_FIGURE = re.compile(r"[^\w\s]{0,2}\s?\(?[-+−–]?(\w{1,3}\s)?[^\w\s]?\d[\d.,'’\s]*\)?\s?(%|‰|\w{1,3}|[^\w\s])?")
"""A cell that is a figure, perhaps with a currency or unit: columns of those end together."""

Row = list[str]


def aligned(rows: list[Row], head: bool, columns: int, *, right_to_left: bool = False) -> list[str]:
    """The table as blocks of lines of at most `columns` columns, most often one block.

    `head`: whether the first row names the columns. A cell that is too long for its column goes on in the next line. A
    table that has more columns than fit becomes a block for each row, with a line for each cell.
    """
    count = max(map(len, rows))
    rows = [row + [""] * (count - len(row)) for row in rows]
    widths = _widths(rows, columns - len(GAP) * (count - 1))
    if widths is None:
        return _records(rows, head)
    figures = [_all_figures([row[number] for row in rows[head:]]) for number in range(count)]
    gap = GAP + RIGHT_TO_LEFT_MARK if right_to_left else GAP
    lines = [line for row in rows for line in _lines(row, widths, figures, gap)]
    if head:
        height = len(_lines(rows[0], widths, figures, gap))
        lines.insert(height, GAP.join("-" * wide for wide in widths))
    return ["\n".join(lines)]


def _widths(rows: list[Row], room: int) -> list[int] | None:
    """How wide each column is; the widest ones are made narrower until all fit. None if they cannot be."""
    cells = list(zip(*rows, strict=True))
    widths = [min(room, max(map(width, column))) for column in cells]
    least = [max(width(line) for cell in column for line in wrapped(cell, 1).split("\n")) for column in cells]
    while sum(widths) > room:
        spare = [wide if wide > narrow else 0 for wide, narrow in zip(widths, least, strict=True)]
        if not any(spare):
            return None
        widths[spare.index(max(spare))] -= 1
    return widths


def _all_figures(cells: list[str]) -> bool:
    said = [cell for cell in cells if any(map(str.isalnum, cell))]
    return bool(said) and all(_FIGURE.fullmatch(cell) for cell in said)


def _lines(row: Row, widths: list[int], figures: list[bool], gap: str) -> list[str]:
    cells = [wrapped(cell, wide).split("\n") if cell else [] for cell, wide in zip(row, widths, strict=True)]
    lines = []
    for number in range(max(map(len, cells))):
        parts = []
        for cell, wide, figure in zip(cells, widths, figures, strict=True):
            text = cell[number] if number < len(cell) else ""
            space = " " * (wide - width(text))
            parts.append(space + text if figure else text + space)
        lines.append(gap.join(parts).rstrip(" " + RIGHT_TO_LEFT_MARK))
    return lines


def _records(rows: list[Row], head: bool) -> list[str]:
    if not head or len(rows) == 1:
        return ["\n".join(" | ".join(row) for row in rows)]
    return [
        "\n".join(f"{name}: {cell}" if name else cell for name, cell in zip(rows[0], row, strict=True) if cell)
        for row in rows[1:]
    ]
