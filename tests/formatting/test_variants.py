"""A text in one variant of a language for outlets that asked for another: it says what it is, as the item they know."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from lxml import etree
from lxml import html as lxml_html

from tasks.formatting import FORMATS, Wire, make_rendition
from tasks.model.release import Release, supplied

TEXT = {"headline": "Northwind constrói balsas", "body_html": "<p>A Northwind disse.</p>"}
Made = Callable[[str], dict[str, str]]


@pytest.fixture
def made(make_release: Callable[..., Release], wire: Wire, received: datetime) -> Made:
    """`made("en")`: every format of what an outlet gets that asked for English, of a release in American English."""
    release = make_release(language="en-US", translations={"pt-BR": TEXT})

    def make(language: str) -> dict[str, str]:
        text = supplied(release, language)
        assert text is not None
        return {name: make_rendition(release, text, name, wire, received).body.decode() for name in FORMATS.all()}

    return make


def test_the_item_is_the_one_that_outlets_ask_for_and_names_the_language_of_its_words(made: Made) -> None:
    item = json.loads(made("en")["ninjs"])
    assert (item["uri"].rpartition(":")[2], item["language"]) == ("en", "en-US")
    news = etree.fromstring(made("en")["newsmlg2"].encode())
    assert news.get("guid").endswith(":en")
    assert news.get("{http://www.w3.org/XML/1998/namespace}lang") == "en-US"
    assert [found.get("tag") for found in news.iterfind("{*}contentMeta/{*}language")] == ["en-US"]
    page = lxml_html.document_fromstring(made("en")["html"])
    assert page.get("lang") == "en-US"
    assert {element.get("lang") for element in page.iter() if element.get("lang")} == {"en-US"}


def test_it_is_no_translation(made: Made) -> None:
    found = made("en")
    assert {one["rel"] for one in json.loads(found["ninjs"])["associations"]} == {"alternateLanguage", "media"}
    assert "translationOfWork" not in found["html"] + found["newsmlg2"]
    assert "fanwire:translation" in found["html"]
    assert 'content="source"' in found["html"]


def test_a_supplied_translation_names_the_release_as_its_source(made: Made) -> None:
    item = json.loads(made("pt-PT")["ninjs"])
    assert (item["uri"].rpartition(":")[2], item["language"]) == ("pt-PT", "pt-BR")
    assert [one["language"] for one in item["associations"] if one["rel"] == "translatedFrom"] == ["en-US"]
    assert 'content="supplied"' in made("pt-PT")["html"]
    assert "distribui comunicados" in made("pt-PT")["text"]


def test_all_formats_are_valid(made: Made, validate: Callable[[str, bytes], Any]) -> None:
    for language in ("en", "en-US", "pt"):
        for name in ("ninjs", "newsmlg2"):
            validate(name, made(language)[name].encode())
