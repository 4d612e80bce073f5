"""Where many sentences look wrong, none of them goes out before a person has read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tasks.model.readers import read_release
from tasks.model.release import Release
from tasks.review.listing import ReviewedUnit
from tasks.translation import doubtful_texts
from tasks.translation.drafts import Draft, Resources
from tasks.translation.engines import Capabilities
from tasks.translation.grades import PUBLISH
from tasks.translation.memory import unit_records
from tasks.translation.pieces import Text, shown
from tasks.translation.translate import draft

from .samples import Stub

SENTENCES = {
    "The harbour has been rebuilt.": "El puerto ha sido reconstruido.",
    "The ships leave in the morning.": "Los barcos salen por la mañana.",
    "The sailors are paid every week.": "A los marineros se les paga cada semana.",
    "The children learn to swim.": "Los niños aprenden a nadar.",
    "The market opens before sunrise.": "El mercado abre antes del amanecer.",
    "The fishermen repair their nets.": "Los pescadores reparan sus redes.",
    "The lighthouse was painted white.": "El faro se pintó de blanco.",
    "The old bridge will stay open.": "El viejo puente seguirá abierto.",
    "The storm lasted for two days.": "La tormenta duró dos días.",
    "The museum shows old maps.": "El museo muestra mapas antiguos.",
}


@pytest.fixture(autouse=True, scope="module")
def any_words() -> None:
    """All checks are on."""


class Good(Stub):
    """Says each sentence as a person would, but for those that it is told to say otherwise."""

    def __init__(self, name: str, otherwise: Mapping[str, str]) -> None:
        self.said = SENTENCES | dict(otherwise)
        super().__init__(whole=self._say)
        self.name, self.capabilities = name, Capabilities(inline="native", grade=PUBLISH)

    def _say(self, unit: Text) -> Text:
        return (self.said.get(shown(unit), ""),)


FIRST, SECOND, *REST = SENTENCES
ONE = {FIRST: "El la puerto ha sido reconstruido."}
TWO = ONE | {SECOND: "Los barcos salen salen por la mañana."}


def release() -> Release:
    body = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
    return read_release({"uri": "urn:x", "language": "en", "headline": FIRST, "body_html": body})


def made(*engines: Any, **fields: Any) -> Draft:
    return draft(release(), "es", Resources(engines, **fields))


def doubtful(found: Draft) -> int:
    return sum(result.doubtful for result in found.units)


@pytest.mark.parametrize(
    ("wrong", "of", "draft_as_a_whole"),
    [(0, 5, False), (1, 5, False), (2, 5, True), (2, 20, True), (2, 21, False), (5, 52, False), (6, 52, True)],
)  # fmt: skip
def test_a_tenth_of_the_sentences_and_two_at_least(wrong: int, of: int, draft_as_a_whole: bool) -> None:
    problems = [{"spelling", "order"}] * wrong + [set()] * (of - wrong)
    assert doubtful_texts.is_draft_as_a_whole(problems) == draft_as_a_whole


def test_a_lost_link_says_nothing_of_the_language() -> None:
    assert not doubtful_texts.is_draft_as_a_whole([{"inline"}, {"quantity"}, {"quotes"}, {"length"}])


def test_every_check_of_language_is_a_check() -> None:
    from tasks.translation.checks import CHECKS

    assert set(CHECKS) > doubtful_texts.OF_LANGUAGE


def test_one_sentence_that_looks_wrong_is_open_and_the_others_may_go() -> None:
    found = made(Good("first", {next(reversed(SENTENCES)): "El la museo."}))
    assert found.translation is None
    assert doubtful(found) == 0
    assert "and 1 more" not in str(found.reason)


def test_where_many_look_wrong_the_others_are_doubtful_and_the_reason_counts() -> None:
    found = made(Good("first", TWO))
    assert found.translation is None
    assert str(found.reason).startswith(
        "first en→es: 3 of 11 sentences look wrong, the first in headline: 'El la' do not"
    )
    assert str(found.reason).endswith("; an editor must look")
    assert doubtful(found) == len(SENTENCES) - 2
    assert found.learned() == [], "the memory learns nothing of it"


def test_the_next_engine_gets_all_of_it() -> None:
    found = made(Good("first", TWO), Good("second", {}))
    assert found.translation is not None
    assert (found.translation.engine, found.waits_for, doubtful(found)) == ("second", None, 0)


def test_what_the_next_engine_cannot_do_either_waits_for_a_person() -> None:
    third, fourth = REST[:2]
    found = made(Good("first", TWO), Good("second", {third: "El la.", fourth: "Los los niños."}))
    assert found.translation is not None, "each of the two helps the other out"
    assert str(found.waits_for).startswith("first en→es: 3 of 11 sentences look wrong")
    assert str(found.waits_for).endswith("; an editor must look")


def test_an_editor_who_mends_what_looks_wrong_has_to_look_at_the_rest_too() -> None:
    """A later try, with the sentences of the first one and what a person wrote."""
    first = made(Good("first", TWO))
    earlier = unit_records.earlier(unit_records.from_json(unit_records.to_json(first)))
    assert sum(unit.doubtful for unit in earlier.values()) == len(SENTENCES) - 2
    again = made(Good("first", {}), earlier=earlier)
    assert again.translation is not None
    assert again.waits_for == "first: 8 sentences stood among too many that look wrong; an editor must look"


def test_a_draft_that_a_person_reads_anyway_has_all_its_sentences_and_says_what_looks_wrong() -> None:
    rules = Good("rules", TWO)
    rules.capabilities = Capabilities(inline="native")
    found = made(rules)
    assert found.translation is not None
    assert "<p>El la puerto ha sido reconstruido.</p>" in found.translation.body_html
    assert [result.problem is not None for result in found.units[:4]] == [True, True, True, False]
    assert str(found.waits_for).startswith(
        "a draft by rules waits for an editor: rules en→es: 3 of 11 sentences look wrong, the first in headline: "
    )
    assert len(found.learned()) == len(SENTENCES) - 2, "those that look right"
    first, *_, last = [ReviewedUnit("1", record) for record in unit_records.from_json(unit_records.to_json(found))]
    assert (first.open, first.problem) == (False, "'El la' do not stand together"), "who reads it is told"
    assert last.problem is None


def test_a_draft_that_is_tried_again_says_the_same_share() -> None:
    rules = Good("rules", TWO | {REST[0]: REST[0]})
    rules.capabilities = Capabilities(inline="native")
    first = made(rules)
    earlier = unit_records.earlier(unit_records.from_json(unit_records.to_json(first)))
    again = made(rules, earlier=earlier)
    assert str(first.reason).startswith("rules en→es: 4 of 11 sentences look wrong")
    assert again.reason == first.reason


def test_a_draft_in_another_language_is_none() -> None:
    rules = Good("rules", {FIRST: FIRST})
    rules.capabilities = Capabilities(inline="native")
    assert made(rules).translation is None
