"""Lines of 72 columns: what stands in them is what stood there before, broken where a reader expects it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.formatting import Wire, house_text, make_rendition
from tasks.formatting.columns import width, wrapped
from tasks.formatting.plain import paragraphs
from tasks.formatting.table_columns import aligned
from tasks.model.release import Release, supplied


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("one two three", 8, ["one two", "three"]),
        ("one two three", 13, ["one two three"]),
        ("at https://a.example/very/long x", 10, ["at", "https://a.example/very/long", "x"]),
        ("• one two three", 8, ["• one", "  two", "  three"]),
        ("  10. one two", 9, ["  10. one", "      two"]),
        ("one\ntwo three", 5, ["one", "two", "three"]),
        ("10\u00a0km more", 6, ["10\u00a0km", "more"]),
        ("船を十二隻造る", 6, ["船を十", "二隻造", "る"]),
        ("「船」と、「港」。", 8, ["「船」", "と、", "「港」。"]),
        ("港町（https://a.example/）で", 10, ["港町", "（https://a.example/）", "で"]),
        ("배를 열두 척 짓는다", 9, ["배를 열두", "척 짓는다"]),
        ("عبّارات جديدة من بورتو", 10, ["عبّارات", "جديدة من", "بورتو"]),
        ("กขค งจฉ", 3, ["กขค", "งจฉ"]),
        ("ที่โปรตุเกสและน้ำ", 7, ["ที่โปรตุ", "เกส", "และน้ำ"]),
        ("ที่นี่น้ำ ๒๕๖๙ฯ", 2, ["ที่นี่", "น้ำ", "๒๕๖๙ฯ"]),
        ("ดู(https://a.example/ก)นี่", 6, ["ดู", "(https://a.example/", "ก)นี่"]),
        ("ໂຮງງານໃໝ່", 4, ["ໂຮງ", "ງານ", "ໃໝ່"]),
        ("ស្រុកខ្មែរ", 3, ["ស្រុក", "ខ្មែ", "រ"]),
        ("👩🏽ok 船", 4, ["👩🏽", "ok", "船"]),
        ("👩‍🚀 ok", 4, ["👩‍🚀", "ok"]),
        ("船👩‍🚀船", 5, ["船", "👩‍🚀", "船"]),
        ("", 4, [""]),
        ("  10. ", 3, ["  10."]),
    ],
)
def test_lines(text: str, columns: int, lines: list[str]) -> None:
    assert wrapped(text, columns).split("\n") == lines


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("船x", 3), ("é", 1), ("e\u0301", 1), ("ｱ", 1), ("\u200f", 0)]
)
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns


@settings(max_examples=100)
@given(st.text("ab 船」「、。ก\u0301\u00a0", max_size=60), st.integers(2, 20))
def test_nothing_but_spaces_changes(text: str, columns: int) -> None:
    lines = wrapped(text, columns)
    assert lines.replace("\n", "").replace(" ", "") == text.replace(" ", "")
    for line in lines.split("\n"):
        assert width(line) <= columns or not any(one == " " for one in line.strip(" ")), (
            "a line is longer only if it cannot be broken at a space"
        )


@pytest.mark.parametrize("language", ["ar", "ja", "de"])
def test_the_format_is_the_text_in_lines(
    language: str, make_release: Callable[..., Release], translate: Any, wire: Wire, links: tuple[str, ...]
) -> None:
    release = make_release()
    body = (
        "<p>"
        + {"ar": "عبّارات جديدة ", "ja": "船を造る。", "de": "Zwölf Fähren "}[language] * 30
        + "</p>"
        + release.html
    )
    text = translate(release, language, body_html=body)
    whole, broken = (make_rendition(release, text, name, wire).body.decode() for name in ("text-unwrapped", "text"))
    assert "".join(filter(str.isalnum, broken)) == "".join(filter(str.isalnum, whole))
    assert all(width(line) <= 72 or "http" in line for line in broken.split("\n"))
    assert max(width(line) for line in broken.split("\n")) > 60
    assert all(link in broken for link in links)
    if language == "ar":
        text_alone = broken.rpartition("\n\n")[0]
        assert not [
            line for line in text_alone.split("\n") if line[:1].isascii() and line[:1].isalpha() and "SA" not in line
        ]


def test_a_text_that_fits_stays_as_it_is(make_release: Callable[..., Release], wire: Wire) -> None:
    release = make_release(body_html="<p>Short.</p>", subheadline=None, dateline=None)
    text = supplied(release, "en")
    assert text is not None
    made = make_rendition(release, text, "text", wire).body.decode()
    assert made.startswith(f"{release.headline}\n\n(Fanwire) — Short.\n\n")


@pytest.mark.parametrize(
    ("rows", "head", "columns", "lines"),
    [
        ([["Year", "Ships"], ["2027", "4"]], True, 20, ["Year  Ships", "----  -----", "2027      4"]),
        ([["Porto", "12 %"], ["Faro", "€ 3.5 m"]], False, 20, ["Porto     12 %", "Faro   € 3.5 m"]),
        ([["港", "船"], ["ポルト", "4隻"]], True, 20, ["港       船", "------  ---", "ポルト  4隻"]),
        ([["Yard", "Says"], ["Porto", "build all ships here"]], True, 18,
         ["Yard   Says", "-----  -----------", "Porto  build all", "       ships here"]),
        ([["Name", "Home"], ["Northwind", "Lisboa"]], True, 9, ["Name: Northwind", "Home: Lisboa"]),
        ([["Northwind", "Lisboa"]], False, 9, ["Northwind | Lisboa"]),
        ([["a"], ["b", "c", ""]], False, 9, ["a", "b  c"]),
    ],
)  # fmt: skip
def test_tables(rows: list[list[str]], head: bool, columns: int, lines: list[str]) -> None:
    assert "\n".join(aligned(rows, head, columns)).split("\n") == lines


def test_a_table_of_a_text_from_right_to_left_begins_at_the_right() -> None:
    assert aligned([["A", "B"]], False, 9, right_to_left=True) == ["A  \u200fB"]
    table = "<table><tr><th colspan='2'>عام</th><th>عبّارة</th></tr><tr><td>A</td><td>B</td><td>12</td></tr></table>"
    (block,) = paragraphs(table, house_text("ar"), 72)
    assert [line.split() for line in block.split("\n")] == [
        ["عام", "\u200f", "\u200fعبّارة"], ["---", "-", "-----"], ["A", "\u200fB", "\u200f", "12"],
    ]  # fmt: skip


def test_a_table_of_many_words_takes_time_in_proportion() -> None:
    rows = [["x " * 30_000, "y " * 30_000]]
    assert all(width(line) <= 72 for line in aligned(rows, False, 72)[0].split("\n"))
