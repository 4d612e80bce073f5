"""What an outlet may say of a delivery, and what counts after it has said several things."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.model.documents import DocumentRefused
from tasks.model.publication import LONGEST_REASON, Fate, Said, fold, read_publication

A, B = "https://a.example/1", "https://a.example/2"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ([], "must be an object"),
        ({}, "status: is required"),
        ({"status": "printed"}, "status: must be 'accepted', 'published' or 'rejected'"),
        ({"status": "published", "url": "ftp://a.example/"}, "begins with http"),
        ({"status": "published", "url": "javascript:alert(1)"}, "begins with http"),
        ({"status": "published", "url": "https:///x"}, "begins with http"),
        ({"status": "published", "url": "http://[x/"}, "begins with http"),
        ({"status": "published", "url": "https://me:pw@a.example/"}, "must not hold a user"),
        ({"status": "published", "url": 'https://a.example/"onclick='}, "percent-encode"),
        ({"status": "published", "url": "https://a.example/\u202egpj"}, "U+202E"),
        ({"status": "published", "url": "https://a.example/" + "x" * 2000}, "2000"),
        ({"status": "published", "url": 7}, "url: "),
        ({"status": "rejected", "reason": ["x"]}, "reason: "),
        ({"status": "published", "at": "yesterday"}, "at: "),
        ({"status": "published", "at": "2026-11-23T09:05:00"}, "at: "),
    ],
)
def test_what_nobody_can_use_is_refused(said: Any, problem: str) -> None:
    with pytest.raises(DocumentRefused) as caught:
        read_publication(said)
    assert problem in str(caught.value)


def test_what_does_no_good_is_left_out() -> None:
    found = read_publication(
        {"status": "rejected", "reason": "no\n\x1b[2J \u202e fit " + "x" * 999, "id": "7", "url": None}
    )
    assert found.reason is not None
    assert found.reason.startswith("no [2J fit xxx")
    assert len(found.reason) == LONGEST_REASON


def fate(what: str, at: float, url: str | None = None) -> Fate:
    return Fate(status=Said(what), url=url, reason=None, at=at)


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ([], None),
        ([("accepted", 1)], ("accepted", None)),
        ([("accepted", 1), ("published", 2, A)], ("published", A)),
        ([("published", 2, A), ("accepted", 3)], ("published", A)),
        ([("published", 2, A), ("published", 3, B)], ("published", B)),
        ([("published", 2, A), ("published", 1, B)], ("published", A)),
        ([("published", 1, A), ("rejected", 2)], ("taken down", A)),
        ([("published", 1, A), ("rejected", 2), ("rejected", 3)], ("taken down", A)),
        ([("published", 1, A), ("rejected", 2), ("published", 3, B)], ("published", B)),
        ([("published", 1, A), ("rejected", 2), ("accepted", 3)], ("accepted", None)),
        ([("rejected", 1), ("accepted", 2)], ("accepted", None)),
        ([("rejected", 2), ("accepted", 1)], ("rejected", None)),
        ([("accepted", 1), ("rejected", 2)], ("rejected", None)),
    ],
)
def test_what_counts_after_several(said: list[Any], counts: tuple[str, str | None] | None) -> None:
    found = fold(fate(*one) for one in said)
    assert (found and (found.words, found.url)) == counts


def test_the_same_again_changes_nothing() -> None:
    first = fate("published", 1, A)
    assert fold([first, fate("published", 5, A)]) is first
