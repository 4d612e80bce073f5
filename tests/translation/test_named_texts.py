"""A name begins and ends where the name does: what is masked in releases of many kinds, span by span.

`.venv/bin/python -m tests.translation.test_named_texts` prints precision, recall and every difference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tasks.model.readers import read_release
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Opaque
from tasks.translation.protection import masking
from tasks.translation.protection.name_words import name_words
from tasks.translation.protection.proper_names import names_in

from .named_texts import HELD_OUT, LAST, TEXTS, UNSEEN, NamedText

MARKS = re.compile(r"\[\[(.+?)\]\]|<<(.+?)>>")

Span = tuple[int, int]


@dataclass
class Score:
    """Spans of one text: as they should be, and as they are."""

    right: int = 0
    lost: list[str] = field(default_factory=list)
    """Names that an engine gets, or gets in part."""
    over: list[str] = field(default_factory=list)
    """What is masked and is text, or is more or less than the name."""


def read(line: str) -> tuple[str, list[Span], list[Span]]:
    """A line without its marks; where names are, and what may be one."""
    plain, last = "", 0
    names: list[Span] = []
    free: list[Span] = []
    for found in MARKS.finditer(line):
        plain += line[last : found.start()]
        words, last = found[1] or found[2], found.end()
        (names if found[1] else free).append((len(plain), len(plain) + len(words)))
        plain += words
    return plain + line[last:], names, free


def masked(line: str, rules: list[masking.AnyRule]) -> list[Span]:
    """Where names are masked in a line."""
    at, spans = 0, []
    for piece in masking.mask((line,), rules):
        words = piece if isinstance(piece, str) else (piece.said or piece.shown) if isinstance(piece, Opaque) else ""
        if isinstance(piece, Opaque) and piece.kind == "name":
            spans.append((at, at + len(words)))
        at += len(words)
    assert at == len(line)
    return spans


def score(text: NamedText) -> Score:
    """How the names of one text are masked."""
    lines = [read(line) for line in text.lines.splitlines()]
    release = read_release(
        {
            "uri": "urn:x:1", "language": text.language, "headline": lines[0][0], "body_markdown": "Words.",
            "protect": list(text.protect), "contacts": [{"name": name} for name in text.contacts],
        }
        | ({"issuer": {"name": text.issuer}} if text.issuer else {})
    )  # fmt: skip
    whole = "\n".join(plain for plain, _, _ in lines)
    target = "en" if text.language != "en" else "de"
    rules = masking.rules_for(LanguagePair.of(text.language, target), release, whole, within=whole)
    result = Score()
    for plain, names, free in lines:
        found = masked(plain, rules)
        result.right += len(set(names) & set(found))
        result.lost += [plain[slice(*span)] for span in names if span not in found]
        result.over += [
            plain[slice(*span)]
            for span in found
            if span not in names and not any(start <= span[0] and span[1] <= end for start, end in free)
        ]
    return result


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.kind)
def test_no_title_genitive_or_topic_is_masked(text: NamedText) -> None:
    assert score(text).over == []


@pytest.mark.parametrize(
    ("texts", "right", "precision", "recall"),
    [(TEXTS, 140, 0.98, 0.98), (HELD_OUT, 44, 0.95, 0.93), (UNSEEN, 39, 0.95, 0.90), (LAST, 25, 0.95, 0.95)],
    ids=["first", "second", "third", "last"],
)
def test_precision_and_recall(texts: Sequence[NamedText], right: int, precision: float, recall: float) -> None:
    if texts in (UNSEEN, LAST) and not name_words("en").is_word("word"):
        pytest.skip("the English dictionary is not on this machine: lists of words alone are not enough for these")
    scores = [score(text) for text in texts]
    found = sum(one.right for one in scores)
    lost, over = [name for one in scores for name in one.lost], [name for one in scores for name in one.over]
    assert found >= right
    assert found / (found + len(over)) >= precision, over
    assert found / (found + len(lost)) >= recall, lost


@pytest.mark.parametrize(
    ("issuer", "text", "found", "not_found"),
    [
        ("Harbour Light Energy Ltd", "Harbour Light grows.", {"Harbour Light"}, set()),
        ("Harbour Light Energy Ltd", "A light in the harbour.", set(), {"Light", "Harbour", "Harbour Light"}),
        ("National Power Ltd", "National Parks are closed, the National said.", set(), {"National"}),
        ("Orlen Wind plc", "Orlen Wind plc (“OWP”) and OWP agree.", {"OWP"}, set()),
        ("Orlen Wind plc", "Net Asset Value (NAV) fell at Orlen Wind.", set(), {"NAV", "Net Asset Value"}),
        (None, "Ms. Okafor and Dr. Lena O’Brien came; O’Brien’s team left.", {"Okafor", "O’Brien"}, {"O"}),
        (None, "Kim Novak, our chief executive, left. “Yes,” Novak said.", {"Kim Novak", "Novak"}, set()),
        (None, "It needs 40 kWh of mRNA, wrote Vera Lind, professor.", {"Vera Lind"}, {"kWh", "mRNA"}),
    ],
)
def test_short_forms(issuer: str | None, text: str, found: set[str], not_found: set[str]) -> None:
    fields: dict[str, Any] = {"uri": "urn:x:1", "language": "en", "headline": "News", "body_markdown": text}
    release = read_release(fields | ({"issuer": {"name": issuer}} if issuer else {}))
    names = set(names_in(release, text, "en"))
    assert found <= names
    assert not names & not_found


def report() -> None:
    """Print the figures, and what is wrong."""
    for texts in (TEXTS, HELD_OUT, UNSEEN, LAST):
        _report(texts)


def _report(texts: Sequence[NamedText]) -> None:
    scores = {text.kind: score(text) for text in texts}
    for kind, one in scores.items():
        print(f"{kind:12} {one.right:3} right; lost: {one.lost}; over: {one.over}")
    right, lost, over = (
        sum(n) for n in zip(*((one.right, len(one.lost), len(one.over)) for one in scores.values()), strict=True)
    )
    print(f"{right + lost} names: precision {right / (right + over):.3f}, recall {right / (right + lost):.3f}")


if __name__ == "__main__":
    report()
