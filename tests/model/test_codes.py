"""The codes of attempts, and their table in the manual."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.model.codes import Code, http_code


def test_the_manual_has_every_code_and_no_other() -> None:
    manual = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()
    section = manual.partition("### Codes")[2].partition("\n## ")[0]
    assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")] == [*Code]


@pytest.mark.parametrize(
    ("status", "code"), [(200, "http_200"), (301, "redirect"), (404, "http_404"), (503, "http_503")]
)
def test_the_code_of_an_http_answer(status: int, code: str) -> None:
    assert http_code(status) == code
