"""What a receipt warns of in the texts of a release: another language, translations that say something else."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import demo_release
import pytest

from tasks.formatting import Figures, Wire, house_text
from tasks.language_data import known_languages
from tasks.model.languages import LanguageTag
from tasks.model.markup import prose_of
from tasks.model.readers import read_release
from tasks.model.release import Release
from tasks.translation import holes
from tasks.translation.reading import other_language, warnings

WIRE = Wire(name="Fanwire", url="https://fanwire.example/", figures=Figures(6500, 86000, 90))


@cache
def prose(language: str) -> str:
    """Some hundred words in a language: what the wire itself says, and the names of topics."""
    house = house_text(language)
    texts = house.texts
    said = [texts.disclaimer, texts.correction, texts.kill, texts.machine_translation, house.about_wire(WIRE)]
    return " ".join([*said, *texts.topics.values()])


@cache
def demo() -> dict[str, Any]:
    return json.loads(json.dumps(demo_release.release(), default=str))


def release(**fields: Any) -> Release:
    return read_release(demo() | fields)


@cache
def english() -> str:
    """The body of the demo's release as its producer wrote it."""
    return release().html


@cache
def supplied(language: str) -> str:
    """The body of the demo's release in a language into which its producer translated it."""
    return release().translations[LanguageTag(language)].html


def said(found: Release) -> list[str]:
    return [str(warning) for warning in warnings(found)]


def test_the_demo_and_its_nine_translations_give_no_warning() -> None:
    assert said(release()) == []


@pytest.mark.parametrize("language", known_languages())
def test_no_language_is_taken_for_another(language: str) -> None:
    assert other_language(prose(language), LanguageTag(language)) is None


@pytest.mark.parametrize("declared", known_languages())
def test_english_is_in_no_other_language(declared: str) -> None:
    found = other_language(prose_of(english()), LanguageTag(declared))
    assert (found is None) is (declared == "en")


@pytest.mark.parametrize(
    ("language", "declared", "why"),
    [
        ("de", "en", "its words are German"),
        ("de", "nl", "its words are German"),
        ("es", "fr", "its words are Spanish"),
        ("ru", "de", "most of it is in Cyrillic letters"),
        ("zh-Hans", "zh-Hant", "its characters are Simplified"),
        ("zh-Hant", "zh-Hans", "its characters are Traditional"),
        ("ja", "zh-Hans", "most of it is in Kana letters"),
        ("zh-Hans", "ja", "it has hardly any Kana"),
        ("vi", "fr", "hardly a word of it is known to be French"),
        ("ms", "id", None),
        ("de", "el", "most of it is in Latin letters"),
        ("de", "am", None),
    ],
)
def test_another_language_is_noticed_where_it_is_sure(language: str, declared: str, why: str | None) -> None:
    text = prose_of(supplied(language)) if language in ("de", "ru") else prose(language)
    assert other_language(text, LanguageTag(declared)) == why


@pytest.mark.parametrize("text", ["Acme eröffnet ein Werk.", "ACME 2030 " * 40, "https://a.example/der/die/das " * 60])
def test_what_is_short_or_no_text_says_nothing(text: str) -> None:
    assert other_language(text, LanguageTag("en")) is None


def test_a_body_in_another_language_is_a_warning() -> None:
    german = supplied("de")
    assert said(release(body_html=german, body_markdown=None, translations={}))[0] == (
        "body: is declared to be in English (en), but its words are German"
    )
    [first, *_] = said(release(translations={"fr": {"headline": "H", "body_html": german}}))
    assert first == "translations.fr.body: is declared to be in French (fr), but its words are German"


SOURCE = (
    '<p>RoboLift sold 4,000 robots in <a href="https://acme.example/2027">2027</a>, 12 percent more.</p>'
    "<p>The yard in Porto opens on 3 May 2028.</p>"
)
GOOD = (
    '<p>RoboLift verkaufte <a href="https://acme.example/2027">2027</a> 4.000 Roboter, 12 Prozent mehr.</p>'
    "<p>Das Werk in Porto wird am 3. Mai 2028 eröffnet.</p>"
)


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        (("", ""), None),
        (("4.000", "400"), "translations.de: paragraph 1: number 4,000 is missing, 400 was added"),
        (("RoboLift", "Roboheber"), "translations.de: paragraph 1: name 'RoboLift' is missing"),
        (
            ("https://acme.example/2027", "https://acme.example/2028"),
            "the addresses changed: https://acme.example/2027",
        ),
        (("3. Mai", "3. Juni"), "translations.de: paragraph 2:"),
        (("<p>Das Werk in Porto wird am 3. Mai 2028 eröffnet.</p>", ""), "it has other parts than the release"),
        (
            ("Das Werk in Porto wird am 3. Mai 2028 eröffnet", "The yard in Porto opens on 3 May 2028"),
            "it was left in the",
        ),
        (("Porto", "Hafen"), "translations.de: paragraph 2: the protected 'Porto' is missing"),
    ],
)
def test_a_translation_that_says_something_else_is_a_warning(change: tuple[str, str], warning: str | None) -> None:
    german = {"headline": "Ein Werk in Porto", "body_html": GOOD.replace(*change) if change[0] else GOOD}
    document = {
        "uri": "urn:x:1", "language": "en", "headline": "A yard in Porto", "body_html": SOURCE, "protect": ["Porto"],
        "translations": {"de": german},
    }  # fmt: skip
    found = said(read_release(document))
    if warning is None:
        assert found == []
    else:
        assert any(warning in one for one in found), found


def test_many_warnings_are_few_words() -> None:
    body = "".join(f"<p>We sold {number} robots in the year before that one.</p>" for number in range(100, 150))
    german = "".join(f"<p>Wir haben in dem Jahr davor {number} Roboter verkauft.</p>" for number in range(200, 250))
    document = {
        "uri": "urn:x:1", "language": "en", "headline": "H", "body_html": body,
        "translations": {"de": {"headline": "H", "body_html": german}},
    }  # fmt: skip
    found = said(read_release(document))
    assert len(found) == holes.MOST + 1
    assert found[-1].endswith("warnings more")
