"""The retention file: what it refuses, and for how many days what is kept of a release."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.model.documents import DocumentRefused
from tasks.model.retention_policy import RetentionPolicy, Stage, read_retention_policy
from tests.docs.documents import block

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


def read(folder: Path, text: str) -> RetentionPolicy:
    (folder / "retention.yaml").write_text(text)
    return read_retention_policy(folder / "retention.yaml")


def test_the_first_customer_that_fits_a_release_counts(tmp_path: Path) -> None:
    policy = read(tmp_path, block("docs/operations.md", "yaml", "## Retention"))
    assert policy.for_release("acme", lambda: "Acme Robotics").deliveries == 400
    other = policy.for_release("agency", lambda: "ACME  Robotics")
    assert (other.renditions, other.deliveries, other.releases) == (14, 150, 400)
    assert policy.for_release(None, lambda: None) == policy.days
    assert [policy.fewest(stage) for stage in (Stage.NO_FEEDS, Stage.NO_BYTES, Stage.ARCHIVED)] == [14, 14, 150]


def test_the_manual_says_the_defaults() -> None:
    days = RetentionPolicy().days
    manual = MANUAL.read_text().partition("## Retention\n")[2]
    for name in type(days).model_fields:
        line = next(line for line in manual.splitlines() if line.startswith("| `") and f"`{name}`" in line)
        assert line.split("|")[2].strip() == str(getattr(days, name)), line


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("days: {deliveries: 20}", "deliveries: 20 must not be fewer days than attempts: 120"),
        ("days: {answers: 80, attempts: 80, deliveries: 80}", "fewer days than corrections: 90, or a kill"),
        ("customers: [{producer: acme, days: {deliveries: 20}}]", "customers.0: deliveries: 20 must not be fewer"),
        ("customers: [{days: {deliveries: 200}}]", "must name a producer, an issuer, or both"),
        ("days: {renditions: 0}", "days.renditions"),
        ("days: {sentences: 3}", "days.sentences: is not a known field"),
        ("days: [1", "is not YAML"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        read(tmp_path, text)
    assert problem in str(refused.value)


def test_without_a_file_the_defaults_hold_and_a_missing_one_is_said(tmp_path: Path) -> None:
    assert read_retention_policy(None) == read(tmp_path, "") == RetentionPolicy()
    with pytest.raises(DocumentRefused, match="cannot be read"):
        read_retention_policy(tmp_path / "nothing.yaml")
