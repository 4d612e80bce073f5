"""A whole press release by a real engine: every link stands, every name, figure and quotation is right."""

from __future__ import annotations

import re

import pytest

from tasks.model.readers import read_release
from tasks.model.release import Translation
from tasks.translation.translate import translate
from tests.support.markup import parsed

from .press_release import BODY, DOCUMENT, FIGURES, NAMES
from .samples import needs_apertium

QUANTITIES = {
    "es": ["1800 millones de euros", "32,5 millones", "5 de marzo de 2026", "38 %", "620 millones de dólares",
           "75 millones de euros", "2400", "1250", "3,5"],
    "pt": ["1,8 bilhão de euros", "32,5 milhões", "5 de março de 2026", "38%", "620 milhões de dólares",
           "75 milhões de euros", "2.400", "1.250", "3,5"],
    "fr": ["1,8 milliard d’euros", "32,5 millions", "5 mars 2026", "38 %", "620 millions de dollars",
           "75 millions d’euros", "2 400", "1 250", "3,5"],
}  # fmt: skip
PLAIN = ("45", "2027", "14", "180", "60", "25", "112", "17", "48", "90")
QUOTES = {"es": "“”", "pt": "“”", "fr": "«»"}


@pytest.fixture(scope="module", params=["es", "pt", "fr"])
def made(request: pytest.FixtureRequest) -> Translation:
    return translate(read_release(DOCUMENT), request.param)


def links(body: str) -> list[tuple[str, str]]:
    return [(str(node.get("href")), node.text_content().strip()) for node in parsed(body).iter("a")]


def words(made: Translation) -> str:
    text = str(parsed(made.body_html).text_content())
    return re.sub(r"[\u00a0\u202f]", " ", text)


def test_the_sample_is_what_it_says() -> None:
    assert len(links(BODY)) == len({address for address, _ in links(BODY)}) == 30
    assert (len(NAMES), len(FIGURES)) == (10, 20)
    assert all(figure in BODY for figure in FIGURES)
    assert BODY.count("“") == BODY.count("”") == 6
    assert all(name in BODY for name in NAMES)


@needs_apertium
def test_all_links_stand_around_a_text(made: Translation) -> None:
    assert sorted(address for address, _ in links(made.body_html)) == sorted(address for address, _ in links(BODY))
    assert all(text for _, text in links(made.body_html))


@needs_apertium
def test_all_names_are_unchanged(made: Translation) -> None:
    assert [name for name in NAMES if words(made).count(name) != parsed(BODY).text_content().count(name)] == []


@needs_apertium
def test_all_figures_are_worth_the_same(made: Translation) -> None:
    text = words(made)
    assert [q for q in QUANTITIES[made.language] if not any(form in text for form in q.split("|"))] == []
    assert [figure for figure in PLAIN if not re.search(rf"(?<![\d.,]){figure}(?![\d.,]\d|\d)", text)] == []
    assert re.search(r"4[.,]20", text)


@needs_apertium
def test_quotation_marks_are_those_of_the_language(made: Translation) -> None:
    opening, closing = tuple(QUOTES[made.language])
    text = words(made)
    assert text.count(opening) == text.count(closing) == 6
    assert not set(text) & (set('“”«»„"') - {opening, closing})
