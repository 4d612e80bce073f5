"""What the manual promises of the checks holds on the sentences that were judged by reading, also on those held out.

`tests/bench/run.py judged` prints the figures, and `injected` those of the faults put into good text.
"""

from __future__ import annotations

from collections import defaultdict

import pytest

from tasks.translation.dictionaries import missing_packages
from tasks.translation.doubtful_texts import is_draft_as_a_whole
from tests.bench import injected, judged
from tests.bench.judged import Judged

pytestmark = pytest.mark.skipif(
    any(missing_packages(language) for language in ("en", "es", "fr", "pt", "de")),
    reason="dictionaries are missing; `make` installs them as root, and `fanwire doctor` names them",
)


@pytest.fixture(autouse=True, scope="module")
def any_words() -> None:
    """All checks are on."""


@pytest.fixture(scope="module")
def found() -> dict[Judged, set[str]]:
    """The checks that stop each human unit, and each unit of the part that is held out."""
    chosen = (unit for unit in judged.units() if unit.by == "person" or unit.part == "held")
    return {unit: unit.problems() for unit in chosen}


def test_the_set_is_as_large_as_it_should_be_and_a_third_is_held_out() -> None:
    for language in ("es", "fr", "pt"):
        units = [unit for unit in judged.units() if unit.language == language]
        assert len(units) >= 400
        assert 0.28 < sum(unit.part == "held" for unit in units) / len(units) < 0.4
        assert {unit.by for unit in units} == {"person", "apertium"}


@pytest.mark.parametrize("part", judged.PARTS)
def test_human_sentences_pass(found: dict[Judged, set[str]], part: str) -> None:
    human = [unit for unit in found if unit.by == "person" and unit.part == part]
    stopped = [(unit.text, found[unit]) for unit in human if found[unit]]
    assert len(stopped) <= 0.01 * len(human), stopped


def test_machine_versions_are_drafts_as_a_whole_and_human_ones_are_not(found: dict[Judged, set[str]]) -> None:
    documents: defaultdict[tuple[str, ...], list[Judged]] = defaultdict(list)
    for unit in found:
        documents[unit.document].append(unit)
    drafts = {name: is_draft_as_a_whole([found[unit] for unit in some]) for name, some in documents.items()}
    by_people = [draft for (*_, by), draft in drafts.items() if by == "person"]
    bad = [drafts[name] for name, some in documents.items() if any(unit.fault for unit in some)]
    assert not any(by_people)
    assert sum(bad) >= 0.9 * len(bad)


NOT_EVERYWHERE = ("a word of a third language", "a misspelt word", "a word doubled", "articles that clash", "babble")
"""Kinds of form and language that are not stopped in all five languages: in scripts without dictionaries, mostly."""


def test_faults_of_form_and_language_are_stopped() -> None:
    """Here in two of the five languages that `make bench` shows."""
    kinds = [name for name, kind in injected.KINDS.items() if kind.group != "meaning" and name not in NOT_EVERYWHERE]
    assert (len(injected.KINDS), len(kinds)) == (45, 34)
    counts = {(name, target): injected.stopped(name, target) for name in kinds for target in ("es", "ja")}
    assert not {what: count for what, count in counts.items() if count[0] < count[1] or not count[1]}
