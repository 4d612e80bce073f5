"""Texts compared word by word: the edit rate, and the words that differ."""

from __future__ import annotations

import random

import pytest

from tasks.translation import edits
from tasks.translation.edits import Stretch, compared, tokens


@pytest.mark.parametrize(
    ("draft", "approved", "count", "words"),
    [
        ("The plant is open.", "The plant is open.", 0, 5),
        ("The plant is open.", "The new plant is open.", 1, 6),
        ("The new plant is open.", "The plant is open.", 1, 5),
        ("The plant is open.", "The plant was open.", 1, 5),
        ("The plant is open.", "the plant is open", 2, 4),
        ("a b c d", "c d a b", 4, 4),  # a moved phrase is left out and put in
        ("Sales rose 1,5 %.", "Sales rose 1.5 %.", 1, 5),
        ("工厂已经开业。", "新工厂已经开业。", 1, 8),
        ("โรงงานเปิดแล้ว", "โรงงานเปิดแล้ว", 0, len(tokens("โรงงานเปิดแล้ว"))),
        ("", "Two words", 2, 2), ("Two words", "", 2, 0), ("", "", 0, 0),
    ],
)  # fmt: skip
def test_edits_are_words_put_in_left_out_or_replaced(draft: str, approved: str, count: int, words: int) -> None:
    assert (edits.edits(tokens(draft), tokens(approved)), len(tokens(approved))) == (count, words)


def test_edits_are_the_distance_of_the_textbook() -> None:
    dice = random.Random(7)
    for _ in range(300):
        one, other = (["abc"[dice.randrange(3)] for _ in range(dice.randrange(8))] for _ in range(2))
        table = [[at + row if not at or not row else 0 for at in range(len(other) + 1)] for row in range(len(one) + 1)]
        for row, word in enumerate(one, 1):
            for at, instead in enumerate(other, 1):
                table[row][at] = min(
                    table[row - 1][at] + 1, table[row][at - 1] + 1, table[row - 1][at - 1] + (word != instead)
                )
        assert edits.edits(one, other) == table[-1][-1]


def test_what_differs_stands_beside_what_both_have() -> None:
    assert compared("The company said.", "The old firm said.") == [
        Stretch("The "), Stretch("company ", 0), Stretch("old firm ", 1), Stretch("said."),
    ]  # fmt: skip
    assert compared("", "New.") == [Stretch("New.", 1)]
    assert compared("Same.", "Same.") == [Stretch("Same.")]


@pytest.mark.parametrize(("one", "other"), [("a b  c", "a c d"), ("工厂 x", "x"), ("«a» b!", "«a» c?")])
def test_nothing_of_either_text_is_lost_between_its_words(one: str, other: str) -> None:
    found = compared(one, other)
    for number, text in enumerate((one, other)):
        said = "".join(stretch.words for stretch in found if stretch.only in (None, number))
        assert said.split() == text.split()


def test_a_text_beyond_all_measure_is_compared_as_far_as_it_may_be() -> None:
    assert len(tokens("a " * 10_000)) == edits.MOST_TOKENS
