"""Where words are missing in a text that a producer sent: said in receipts and in `fanwire status`, never refused."""

from __future__ import annotations

import json
from typing import Any

import demo_release
import pytest

from tasks.formatting import house_text
from tasks.language_data import known_languages
from tasks.model.languages import LanguageTag
from tasks.model.readers import read_release
from tasks.translation.holes import holes, missing_words
from tasks.translation.reading import warnings

from . import named_texts, parallel, press_release, samples
from .test_named_texts import read
from .test_seed import SEED, needs_seed


def found(*paragraphs: str, language: str = "en", names: tuple[str, ...] = ()) -> list[str]:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return list(holes(body, LanguageTag(language), names))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "We follow reports about the  in the north, the company said."),
        ("en", "The plan was drawn up by the of the city and approved in May."),
        ("en", "The report, written by , was read by everybody in town."),
        ("en", "He sold the house to the. Then he left."),
        ("en", "The new chair () will take office in spring."),
        ("en", "It belongs to the <a href='https://x.example/'></a> and always has."),
        ("de", "Das Werk liegt über die hinausragen, die dort gebaut wurde."),
        ("de", "Sie traten für und seine Freunde ein."),
        ("de", "Es war ein Beweis für die ausbleibende, um die es geht."),
        ("es", "La empresa habló del y de su futuro."),
        ("fr", "La société parle des et de leur avenir."),
        ("pt", "A empresa falou do e do seu futuro."),
        ("ru", "Компания рассказала о и его будущем."),
        ("ja", "同社は、（）の新工場を開いた。"),
    ],
)
def test_words_that_are_missing(language: str, text: str) -> None:
    if language == "ja":
        text = text.replace("（）", "()")
    assert found(text, language=language)


def test_a_paragraph_that_begins_in_the_middle() -> None:
    [said] = found("The plant is open.", "said on Friday that it had confirmed the report of the week before.")
    assert said.startswith("paragraph 2 begins in the middle of a sentence: 'said on Friday that it")


@pytest.mark.parametrize(
    "paragraphs",
    [
        ("The plant makes:", "cells for cars and batteries for homes and for hospitals."),
        ("It is open.", "von der Leyen said that it was good to see the plant open."),
        ("It is open.", "adidas said on Monday that it was going to open a plant."),
        ("It is open.", "iRobotics said on Monday that it would open a plant in May."),
        ("It is open.", "https://x.example/ has the pictures and all of the charts."),
        ("It is open.", "tel. 030 1234"),
        ("He said. . . nothing, of which he is proud, and what it is made of.",),
        ("Use <code>print</code>, or call it ( see below ). It costs .5 percent of a .NET licence.",),
        ("It is what it was and is.  Two spaces after a full stop harm nobody.",),
        ("La fin\u00a0: « oui\u00a0»\u00a0!",),
    ],
)
def test_whole_texts_are_left_alone(paragraphs: tuple[str, ...]) -> None:
    assert found(*paragraphs, names=("adidas AG",)) == []


def test_no_whole_release_is_warned_of() -> None:
    demo: dict[str, Any] = json.loads(json.dumps(demo_release.release(), default=str))
    for document in (demo, press_release.DOCUMENT, samples.DOCUMENT):
        assert missing_words(read_release(document)) == []
    for text in (*named_texts.TEXTS, *named_texts.HELD_OUT):
        assert found(*(read(line)[0] for line in text.lines.splitlines()), language=text.language) == []


@pytest.mark.parametrize("language", known_languages())
def test_no_sentence_of_people_is_warned_of(language: str) -> None:
    house = house_text(language).texts
    said = [house.disclaimer, house.correction, house.kill, house.about]
    said += ["".join(map(str, words)) for words in _sentences(language)]
    assert found(*said, language=language) == []


def _sentences(language: str) -> list[str]:
    marks = str.maketrans("", "", "{}")
    return [
        texts[language].translate(marks).replace("<1>", "").replace("</1>", "")
        for texts in parallel.SENTENCES.values()
        if language in texts
    ]


def test_holes_are_among_the_warnings_of_a_receipt() -> None:
    broken = "<p>The city is glad.</p><p>said on Friday that the house had been sold to the .</p>"
    release = read_release({"uri": "urn:x:1", "language": "en", "headline": "News", "body_html": broken})
    said = [str(warning) for warning in warnings(release)]
    assert said == [
        "body: paragraph 2 begins in the middle of a sentence: 'said on Friday that the house had been sold to the .'; "
        "are words missing?",
        "body: paragraph 2 seems to lack words: '…the house had been sold to the .'",
    ]


@needs_seed
def test_the_holes_of_the_seed_are_found() -> None:
    paragraphs = SEED.read_text(encoding="utf-8").split("\n\n")
    said = "\n".join(found(*paragraphs, language="de"))
    for hole in ("Berichte über die überwachen", "Beweis für und seine", "'sagte am Freitag, es habe"):
        assert hole in said
