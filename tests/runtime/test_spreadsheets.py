"""CSV as spreadsheets write it, and what they run of it."""

from __future__ import annotations

import csv
import io

import pytest

from tasks.runtime.spreadsheets import plain_cell, safe_cell, table

RUN = ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM(1)", "﹦1", "﹣1", "⁼1"]


@pytest.mark.parametrize("text", [*RUN, *(f"'{text}" for text in RUN), *(f"''{text}" for text in RUN)])
def test_what_begins_like_a_formula_is_neutralised_and_comes_back(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert plain_cell(safe_cell(text)) == text


@pytest.mark.parametrize("text", ["", "Acme", "a=b", "'quoted'", "1 - 2", "「引用」", "’n beetje", " =1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert (safe_cell(text), plain_cell(text)) == (text, text)


@pytest.mark.parametrize(
    ("text", "first_line"),
    [
        ('id,name\r\na,"x;y\tz"\r\n', 2),
        ('id;name\r\na;"x;y\tz"\r\n', 2),
        ('id\tname\r\na\t"x;y\tz"\r\n', 2),
        ('sep=;\r\nid;name\r\na;"x;y\tz"\r\n', 3),
        ('"sep=|"\nid|name\na|"x;y\tz"\n', 3),
    ],
)
def test_the_header_says_what_separates_cells(text: str, first_line: int) -> None:
    rows, before = table(io.StringIO(text, newline=""))
    assert [(before + rows.line_num, row) for row in rows] == [(first_line, {"id": "a", "name": "x;y\tz"})]


@pytest.mark.parametrize("sign", ['"', "\0", "\r", "a", "  ", ""])
def test_nonsense_about_the_separator_is_a_header_like_any_other(sign: str) -> None:
    rows, before = table(io.StringIO(f"sep={sign}\nid,name\n", newline=""))
    assert before == 0
    assert rows.fieldnames


def test_an_empty_file_has_no_rows() -> None:
    rows, _ = table(io.StringIO(""))
    assert (list(rows), rows.fieldnames) == ([], None)


def test_a_broken_table_is_an_error_of_csv() -> None:
    with pytest.raises(csv.Error):
        list(table(io.StringIO('id,name\na,"b'), strict=True)[0])
