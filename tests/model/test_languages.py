"""Language tags: one spelling, what CLDR knows, and which tag serves which language."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from babel.localedata import locale_identifiers
from pydantic import BaseModel, ValidationError

from tasks.model.languages import LanguageTag, base_language

SPELLINGS = {
    "de": "de", "DE": "de", "en_us": "en-US", "PT_br": "pt-BR", "pt-PT": "pt-PT", "es-419": "es-419", "de-DE": "de-DE",
    "zh": "zh", "zh-hans": "zh-Hans", "ZH-HANT": "zh-Hant", "zh-TW": "zh-Hant-TW", "zh-HK": "zh-Hant-HK",
    "zh-CN": "zh-Hans-CN", "zh-SG": "zh-Hans-SG", "de-Latn": "de", "id-Latn": "id", "ms-Arab": "ms-Arab",
    "sr": "sr", "sr-Latn": "sr-Latn", "sr-Cyrl-RS": "sr-Cyrl-RS", "nb": "nb", "no": "no", "ca-valencia": "ca",
    "de-1996": "de", "ru-Latn": "ru-Latn", "az-AZ": "az-Latn-AZ", "iw": "he", "in": "id", "mo": "ro", "deu": "de",
}  # fmt: skip


@pytest.mark.parametrize(("written", "tag"), SPELLINGS.items())
def test_every_way_to_write_a_tag_gives_the_one_spelling(written: str, tag: str) -> None:
    assert LanguageTag(written) == tag
    assert LanguageTag(tag) == tag


@pytest.mark.parametrize(
    "text",
    ["", "x", "klingonisch", "xx", "und", "mul", "root", "en-XX", "fr-x-mtfrom-en", "en-u-ca-buddhist", "*", "de en"],
)
def test_what_is_no_language_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a language tag that CLDR knows; write for example 'de'") as refused:
        LanguageTag(text)
    assert repr(text) in str(refused.value)


def test_every_locale_of_cldr_keeps_its_language_script_and_territory() -> None:
    for identifier in locale_identifiers():
        parts = identifier.split("_")
        tag = LanguageTag("-".join(parts))
        assert tag.base == parts[0]
        assert tag.script in parts or not any(len(part) == 4 and part.isalpha() and part.istitle() for part in parts)
        assert tag == LanguageTag(str(tag)) == LanguageTag(tag)


def test_a_tag_is_the_string_of_its_spelling_wherever_it_travels() -> None:
    tag = LanguageTag("pt-br")
    assert isinstance(tag, str)
    assert dict[str, int]({tag: 1})["pt-BR"] == {"pt-BR": 1}[tag] == 1
    assert json.dumps([tag]) == '["pt-BR"]'
    assert type(str(tag)) is str
    for copied in (pickle.loads(pickle.dumps(tag)), copy.deepcopy(tag), LanguageTag(tag)):
        assert type(copied) is LanguageTag
        assert (copied, copied.base, copied.territory, copied.script) == ("pt-BR", "pt", "BR", "Latn")


class Page(BaseModel):
    """A document with tags in a field, in a list and as keys."""

    language: LanguageTag
    others: list[LanguageTag] = []
    titles: dict[LanguageTag, str] = {}


def test_documents_read_plain_strings_into_tags_and_write_plain_strings() -> None:
    page = Page.model_validate({"language": "PT_br", "others": ["zh-TW"], "titles": {"DE": "Titel"}})
    assert type(page.language) is type(page.others[0]) is type(next(iter(page.titles))) is LanguageTag
    written = '{"language":"pt-BR","others":["zh-Hant-TW"],"titles":{"de":"Titel"}}'
    assert page.model_dump_json() == json.dumps(page.model_dump(), separators=(",", ":")) == written
    assert Page.model_validate_json(written) == page
    with pytest.raises(ValidationError, match="CLDR"):
        Page.model_validate({"language": "klingonisch"})
    with pytest.raises(ValidationError, match="at most 35 characters"):
        Page.model_validate({"language": "de-" + "x" * 40})
    schema = Page.model_json_schema()["properties"]["language"]
    assert schema == {"examples": ["de"], "maxLength": 35, "minLength": 2, "title": "Language", "type": "string"}


@pytest.mark.parametrize(
    ("tag", "script"),
    [
        ("de", "Latn"), ("ja", "Jpan"), ("ko", "Kore"), ("ru", "Cyrl"), ("ru-Latn", "Latn"), ("ar", "Arab"),
        ("zh", "Hans"),
        ("zh-Hant", "Hant"), ("zh-TW", "Hant"), ("pa-PK", "Arab"), ("sr", "Cyrl"), ("uz", "Latn"), ("ms-Arab", "Arab"),
    ],
)  # fmt: skip
def test_the_script_is_known_whether_the_tag_says_it_or_not(tag: str, script: str) -> None:
    assert LanguageTag(tag).script == script


@pytest.mark.parametrize(
    ("tag", "broader"),
    [
        ("de", ["de", "de-Latn"]),
        ("pt-BR", ["pt-BR", "pt-Latn", "pt"]),
        ("zh-TW", ["zh-Hant-TW", "zh-TW", "zh-Hant"]),
        ("zh-Hans", ["zh-Hans", "zh"]),
        ("zh", ["zh", "zh-Hans"]),
        ("ru-Latn", ["ru-Latn"]),
        ("sr-Cyrl-RS", ["sr-Cyrl-RS", "sr-RS", "sr-Cyrl", "sr"]),
        ("sr-Latn-RS", ["sr-Latn-RS", "sr-Latn"]),
    ],
)
def test_broader_tags_say_less_and_never_mean_another_script(tag: str, broader: list[str]) -> None:
    assert list(LanguageTag(tag).broader) == broader


@pytest.mark.parametrize(
    ("wanted", "text", "serves"),
    [
        ("en", "en-US", True), ("en-US", "en", True), ("en", "en-GB", True), ("en-GB", "en-US", True),
        ("pt", "pt-BR", True), ("pt-PT", "pt-BR", True), ("es", "es-419", True), ("es-419", "es", True),
        ("zh-Hant", "zh-TW", True), ("zh-TW", "zh-HK", True), ("zh-Hans", "zh-TW", False), ("zh", "zh-TW", False),
        ("zh", "zh-CN", True), ("zh-Hans", "zh", True), ("sr", "sr-Latn", False), ("sr-Latn-RS", "sr-Latn", True),
        ("id", "ms", False), ("pt", "es", False),
    ],
)  # fmt: skip
def test_a_variant_serves_its_language_and_the_other_way_round_in_the_same_script(
    wanted: str, text: str, serves: bool
) -> None:
    assert LanguageTag(text).serves(LanguageTag(wanted)) is serves
    assert (LanguageTag(wanted).nearest([text]) == text) is serves


@pytest.mark.parametrize(
    ("wanted", "among", "nearest"),
    [
        ("pt-PT", ["pt", "pt-BR", "pt-PT"], "pt-PT"),
        ("pt-PT", ["pt-BR", "pt"], "pt"),
        ("pt", ["pt-PT", "pt-BR"], "pt-BR"),
        ("en", ["en-GB", "en-US"], "en-US"),
        ("en-AU", ["en", "en-GB"], "en-GB"),
        ("es-MX", ["es", "es-419"], "es-419"),
        ("es", ["es-419", "es-MX"], "es-419"),
        ("zh-HK", ["zh-Hans", "zh-Hant"], "zh-Hant"),
        ("zh-Hant", ["zh", "zh-Hans"], None),
        ("de", ["nonsense", "*", "en"], None),
        ("de", [], None),
    ],
)
def test_of_several_the_nearest_is_taken_by_cldr(wanted: str, among: list[str], nearest: str | None) -> None:
    assert LanguageTag(wanted).nearest(among) == nearest


@pytest.mark.parametrize(
    ("tag", "shortest"),
    [
        ("de-DE", "de"), ("en-US", "en"), ("en-GB", "en-GB"), ("pt-BR", "pt"), ("pt-PT", "pt-PT"), ("zh", "zh-Hans"),
        ("zh-TW", "zh-Hant"), ("zh-HK", "zh-Hant-HK"), ("zh-Hans-CN", "zh-Hans"), ("sr-Cyrl-RS", "sr"),
        ("sr-Latn-RS", "sr-Latn"),
        ("es-419", "es-419"),
    ],
)  # fmt: skip
def test_the_shortest_tag_means_the_same(tag: str, shortest: str) -> None:
    assert LanguageTag(tag).shortest == shortest


@pytest.mark.parametrize(
    ("tag", "found"),
    [("pt-PT", "pt"), ("es-419", "es"), ("zh-TW", "zh-Hant"), ("zh", "zh-Hans"), ("sr-Latn-RS", "sr-Latn")],
)
def test_a_tag_without_its_territory_keeps_its_script(tag: str, found: str) -> None:
    assert LanguageTag(tag).without_territory == found


def test_the_same_language_may_be_written_in_two_scripts_and_countries() -> None:
    assert LanguageTag("zh-Hans").same_language(LanguageTag("zh-HK"))
    assert not LanguageTag("id").same_language(LanguageTag("ms"))


def test_cldr_says_direction_and_name() -> None:
    assert [LanguageTag(tag).direction for tag in ("ar", "he", "de")] == ["rtl", "rtl", "ltr"]
    assert LanguageTag("de").english_name == "German"


@pytest.mark.parametrize(
    ("text", "base"),
    [("FR-x-mtfrom-en", "fr"), ("pt_BR", "pt"), (" DE ", "de"), ("", ""), ("*", ""), ("x-klingon", ""), ("12", "")],
)
def test_the_language_in_a_tag_that_anybody_wrote_is_read_without_a_check(text: str, base: str) -> None:
    assert base_language(text) == base
