"""The words that CONTRIBUTING gave up stay given up."""

from __future__ import annotations

import re

import pytest

from tests.support.processes import ROOT

GIVEN_UP = ("making", "makings", "courier", "parcel", "heed", "purse", "ticket", "ladder", "rung", "roster")
"""Of its table those that have no other meaning here: in identifiers, docstrings, messages and documents."""
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for place in ("tasks", "workers", "docs", "ARCHITECTURE.md", "README.md")
    for path in ([ROOT / place] if place.endswith(".md") else sorted((ROOT / place).rglob("*")))
    if path.suffix in (".py", ".md", ".html")
}
LOWER = {name: text.lower() for name, text in TEXTS.items()}
"""In which a word is found a hundred times faster than by a pattern; the pattern decides."""


@pytest.mark.parametrize("word", GIVEN_UP)
def test_a_word_that_was_given_up_is_in_the_table_and_nowhere_else(word: str) -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("\n## Words\n")[2].partition("\n## ")[0]
    given_up = " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))
    assert re.search(rf"\b{word}\b", given_up, re.IGNORECASE)
    pattern = re.compile(
        rf"(?<![A-Za-z]){word}s?(?![a-z])|{word.title()}s?(?![a-z])"
    )  # also in snake_case and CamelCase
    found = [name for name, text in TEXTS.items() if word in LOWER[name] and pattern.search(text)]
    assert not found
