"""Sentences of the memory that are nearly the same as a unit: their scores, and that none is missed."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from tasks.translation.memory import forms, near_matches
from tasks.translation.memory.near_matches import LEAST, MOST, nearest, score_of
from tasks.translation.pieces import Close, Opaque, Open, Text


@dataclass(frozen=True)
class Row:
    source: str


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("The plant is open.", "The plant is open.", 100, 100),
        ("The plant is open.", "The plant  is open.", 99, 99),  # words are the same, the form is not
        ("The plant in Porto is open.", "The plant in Lagos is open.", 80, 85),
        ("The plant is open.", "the plant is open.", 90, 99),  # case
        ("The <1>plant</1> is open.", "The plant is open.", 85, 99),  # an element
        ("The plant has 350 workers.", "The plant has 280 workers.", 90, 99),  # a number
        ("Sales rose by {amount} in {year}.", "Sales fell by {amount} in {year}.", 80, 85),
        ("Sales rose by {amount}.", "Sales rose by {date}.", 70, 80),
        ("The plant is open.", "Our shares trade in Zurich.", 0, 40),
        ("公司周一表示新工厂已经启用。", "公司周二表示新工厂已经启用。", 90, 95),
        ("", "", 100, 100), ("Open.", "", 0, 0),
    ],
)  # fmt: skip
def test_the_score_is_the_share_of_the_words_that_stay(one: str, other: str, least: int, most: int) -> None:
    assert least <= score_of(one, other) <= most
    assert score_of(one, other) == score_of(other, one)


def test_the_best_come_first_and_not_too_many() -> None:
    unit: Text = ("The new plant in Porto is open since ", Opaque(1, "on 5 May", kind="date"), ".")
    rows = [
        Row(f"The {word} plant in Porto is open since {{date}}.") for word in ("old", "new", "first", "second", "last")
    ]
    [found] = nearest([unit], [*rows, Row("Something else is said here.")])
    assert [near.score for near in found] == sorted((near.score for near in found), reverse=True)
    assert (found[0].score, found[0].entry) == (100, rows[1])
    assert len(found) == MOST


def test_elements_and_figures_are_compared_as_the_memory_knows_them() -> None:
    unit: Text = (Open(7), "Sales", Close(7), " rose by ", Opaque(1, "5 millones", kind="amount"), " in 2026.")
    [found] = nearest(
        [unit], [Row("<1>Sales</1> rose by {amount} in {year}."), Row("Sales fell by {amount} in {year}.")]
    )
    assert [near.score == 100 for near in found] == [True, False]


VOCABULARY = [f"{a}{b}" for a in "bcdfgklmnprst" for b in ("a", "ero", "ing", "ow")]


@pytest.mark.parametrize("letters", [" ", ""])
def test_no_match_is_missed_that_comparing_everything_would_find(letters: str) -> None:
    dice = random.Random(3)
    words = VOCABULARY if letters else [chr(0x4E00 + number) for number in range(60)]
    rows = [Row(letters.join(dice.choices(words, k=dice.randint(2, 14))) + ".") for _ in range(150)]
    units: list[Text] = []
    for _ in range(40):
        said = list(dice.choice(rows).source[:-1].split(letters) if letters else dice.choice(rows).source[:-1])
        for _ in range(dice.randint(0, 4)):
            at = dice.randrange(len(said))
            said[at : at + dice.randint(0, 1)] = dice.choices(words, k=dice.randint(0, 2))
            said = said or ["a"]
        units.append((letters.join(said) + ".",))
    for unit, found in zip(units, nearest(units, rows), strict=True):
        scores = sorted({row.source: score_of(forms.normal(unit), row.source) for row in rows}.values(), reverse=True)
        assert [near.score for near in found] == [score for score in scores if score >= LEAST][:MOST]
    assert sum(map(len, nearest(units, rows))) > 25


def test_what_is_too_long_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_matches, "LONGEST", 20)
    assert nearest([("The plant is open since Monday.",)], [Row("The plant is open since Monday.")]) == [[]]
    assert nearest([("The plant is open.",)], [Row("The plant is open, " * 3)]) == [[]]
