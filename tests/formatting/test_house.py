"""The house texts: complete, in their own language and its typography, and refused clearly when they are not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from tasks.building.wire import configured_wire
from tasks.formatting import FORMATS, Figures, HouseTextMissing, Wire, house_text, make_rendition
from tasks.formatting.house import HouseText
from tasks.language_data import House, known_languages
from tasks.language_data.sections import TOP_TOPICS
from tasks.model.documents import DocumentRefused, read
from tasks.model.release import Release, supplied
from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.settings import settings

SCRIPTS = {
    "ko": "HANGUL",
    "ja": "CJK|HIRAGANA|KATAKANA",
    "ar": "ARABIC",
    "zh-Hans": "CJK",
    "zh-Hant": "CJK",
    "th": "THAI",
    "ru": "CYRILLIC",
}
REACH = {
    "about": "{wire} reaches {outlets} and {editors} in {countries}.", "outlets": {"other": "{number} outlets"},
    "editors": {"other": "{number} journalists"}, "countries": {"other": "{number} countries"},
}  # fmt: skip
LANGUAGES = {"en", "ko", "ja", "ar", "zh-Hans", "zh-Hant", "vi", "th", "id", "ms", "de", "ru", "fr", "es", "pt"}
FIGURES = ("outlets", "editors", "countries")
PROSE = ("disclaimer", "industries", "contact", "machine_translation", "correction", "kill", "about")


def prose(house: HouseText) -> list[str]:
    """All sentences and names, without their placeholders."""
    texts = [getattr(house.texts, key) for key in PROSE] + list(house.texts.topics.values())
    texts += [house.texts.reach.about, *(form for forms in nouns(house) for form in forms.values())]
    return [re.sub(r"\{\w+\}", "0", text) for text in texts]


def nouns(house: HouseText) -> list[dict[Any, str]]:
    """The forms of the nouns that are counted."""
    return [getattr(house.texts.reach, name) for name in FIGURES]


@pytest.fixture(params=known_languages())
def house(request: Any) -> HouseText:
    return house_text(request.param)


def test_the_languages_of_the_wire_have_house_texts() -> None:
    assert set(known_languages()) == LANGUAGES
    assert all(house_text(language).language == language for language in known_languages())


def test_names_the_same_topics_as_english(house: Any) -> None:
    assert list(house.texts.topics) == list(house_text("en").texts.topics)
    assert set(TOP_TOPICS) <= set(house.texts.topics)
    assert len(house.texts.topics) == 55
    assert len(set(house.texts.topics.values())) == len(house.texts.topics)


def test_is_written_in_its_own_script(house: Any) -> None:
    letters = [character for text in prose(house) for character in text if character.isalpha()]
    script = re.compile(SCRIPTS.get(house.language, "LATIN"))
    own = sum(bool(script.match(unicodedata.name(letter, ""))) for letter in letters)
    # IT in Russian, URL-like words: a few foreign letters are right
    assert own / len(letters) > 0.98


def test_is_not_english_left_over(house: Any) -> None:
    if house.language == "en":
        return
    english = house_text("en")
    assert not [key for key in PROSE if getattr(house.texts, key) == getattr(english.texts, key)]
    same = {name for code, name in house.texts.topics.items() if name == english.texts.topics[code]}
    assert same <= {"Software", "Religion", "Agriculture"}


def test_typography(house: Any) -> None:
    text = "\n".join(prose(house))
    assert not re.search("[\"'`]", text)
    assert "..." not in text
    assert "  " not in text
    assert unicodedata.is_normalized("NFC", text)
    assert not re.search(r"\s--?\s", text)


@pytest.mark.parametrize("language", ["ja", "zh-Hans", "zh-Hant"])
def test_chinese_and_japanese_use_full_width_punctuation(language: str) -> None:
    house = house_text(language)
    for key in (*PROSE, "link"):
        text = re.sub(r"\{\w+\}", "", getattr(house.texts, key))
        assert not re.search(r"[,;:!?().]", text), key


def test_arabic_uses_arabic_punctuation() -> None:
    text = "\n".join(prose(house_text("ar")))
    assert not re.search("[,;?]", text)
    assert "،" in text
    assert "؛" in text


def test_french_spaces_before_double_punctuation() -> None:
    text = "\n".join(prose(house_text("fr")))
    assert not re.search("[^\u00a0]:", text)
    assert not re.search("[^\u202f][;!?»]", text)
    assert "'" not in text


def test_chinese_files_keep_to_their_script() -> None:
    opencc = pytest.importorskip("opencc")
    for language, wrong_way in (("zh-Hans", "t2s"), ("zh-Hant", "s2t")):
        text = "\n".join(prose(house_text(language)))
        assert opencc.OpenCC(wrong_way).convert(text) == text, language


@pytest.mark.parametrize(
    ("language", "marks", "inner"),
    [
        ("en", "“|”", "‘|’"), ("ko", "“|”", "‘|’"), ("ja", "「|」", "『|』"), ("ar", "”|“", "’|‘"),
        ("zh-Hans", "“|”", "‘|’"), ("zh-Hant", "「|」", "『|』"), ("vi", "“|”", "‘|’"), ("th", "“|”", "‘|’"),
        ("id", "“|”", "‘|’"), ("ms", "“|”", "‘|’"), ("de", "„|“", "‚|‘"), ("ru", "«|»", "„|“"),
        ("fr", "«\u00a0|\u00a0»", "“|”"), ("es", "“|”", "‘|’"), ("pt", "“|”", "‘|’"),
    ],
)  # fmt: skip
def test_quotation_marks(language: str, marks: str, inner: str) -> None:
    quotes = house_text(language).data.quotes
    assert f"{quotes.open}|{quotes.close}" == marks
    assert f"{quotes.inner_open}|{quotes.inner_close}" == inner


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Porto, November 1, 2026 (Wire) — "),
        ("de", "Porto, 1. November 2026 (Wire) – "),
        ("fr", "Porto, le 1er novembre 2026 (Wire) – "),
        ("es", "Porto, 1 de noviembre de 2026 (Wire) — "),
        ("pt", "Porto, 1º de novembro de 2026 (Wire) – "),
        ("ru", "Porto, 1 ноября 2026\u202fг. (Wire) — "),
        ("vi", "Porto, ngày 1 tháng 11 năm 2026 (Wire) – "),
        ("ja", "【Porto、2026年11月1日（Wire）】"),
        ("ko", "Porto, 2026년 11월 1일 (Wire) — "),
        ("zh-Hans", "Porto，2026年11月1日（Wire）——"),
        ("zh-Hant", "（Wire Porto 2026年11月1日電）"),
        ("ar", "Porto، 1 نوفمبر 2026 (Wire) – "),
        ("th", "Porto 1 พฤศจิกายน ค.ศ. 2026 (Wire) – "),
        ("id", "Porto, 1 November 2026 (Wire) – "),
        ("ms", "Porto, 1 November 2026 (Wire) – "),
    ],
)
def test_dateline(language: str, line: str) -> None:
    assert house_text(language).dateline_for("Porto", date(2026, 11, 1), "Wire").replace("\u00a0", "\u202f") == line


def test_dateline_says_no_more_than_is_known(house: Any) -> None:
    for place in ("Porto", None):
        for day in (date(2026, 11, 21), None):
            line = house.dateline_for(place, day, "Wire")
            assert "Wire" in line
            assert ("Porto" in line, "21" in line) == (place is not None, day is not None)
            assert "None" not in line


@pytest.mark.parametrize(
    ("language", "figures"),
    [("en", "6,500 86,000"), ("de", "6.500 86.000"), ("fr", "6\u202f500 86\u202f000"), ("es", "6500 86.000")],
)
def test_figures_are_grouped_as_the_language_does(language: str, figures: str) -> None:
    about = about_with(language, 6_500, 86_000, 90)
    assert all(figure in about for figure in figures.split(" "))


def about_with(language: str, *figures: int) -> str:
    wire = Wire(name="Nordbote", url="https://n.example/", figures=Figures(*figures))
    return house_text(language).about_wire(wire)


def test_a_wire_that_has_set_no_figures_says_none(house: Any) -> None:
    about = house.about_wire(Wire(name="Nordbote", url="https://n.example/"))
    assert "Nordbote" in about
    assert not re.search(r"[\d{}]", about)
    assert len(re.split(r"[.。]", about.rstrip(".。"))) == 1, "one sentence: nothing of languages that it may not have"


def test_figures_and_names_are_the_wires_own(house: Any) -> None:
    about = about_with(house.language, 777, 888, 99)
    assert all(word in about for word in ("Nordbote", "777", "888", "99"))
    assert not re.search(r"6.?500|86.?000|\b90\b|[{}]", about)


def test_every_number_has_its_form(house: Any) -> None:
    plural = house.language.locale.plural_form
    needed = {plural(number) for number in range(1, 200)} | {"other"}
    for name, forms in zip(FIGURES, nouns(house), strict=True):
        millions = set() if name == "countries" else {plural(1_000_000)}
        assert set(forms) == needed | millions, name


@pytest.mark.parametrize(
    ("language", "figures", "about"),
    [
        ("en", (1, 1, 1), "Nordbote distributes press releases to 1 media outlet and 1 journalist in 1 country."),
        ("en", (6_500, 86_000, 90),
         "Nordbote distributes press releases to 6,500 media outlets and 86,000 journalists in 90 countries."),
        ("de", (1, 1, 1), "Nordbote verbreitet Pressemitteilungen an 1 Medium und 1 Journalisten in 1 Land."),
        ("de", (40, 300, 3), "Nordbote verbreitet Pressemitteilungen an 40 Medien und 300 Journalisten in 3 Ländern."),
        ("ru", (6_500, 21, 1), "Nordbote распространяет пресс-релизы среди 6500 СМИ и 21 журналиста в 1 стране."),
        ("ru", (21, 86_002, 22),
         "Nordbote распространяет пресс-релизы среди 21 СМИ и 86\u00a0002 журналистов в 22 странах."),
        ("ar", (1, 2, 2), "توزّع Nordbote البيانات الصحفية على وسيلة إعلامية واحدة وصحفيين اثنين في بلدين."),
        ("ar", (6_500, 86_011, 9),
         "توزّع Nordbote البيانات الصحفية على 6,500 وسيلة إعلامية و86,011 صحفيًا في 9 بلدان."),
        ("fr", (1_000_000, 1, 2),
         "Nordbote diffuse des communiqués de presse auprès de "
         "1\u202f000\u202f000 de médias et de 1 journaliste dans 2 pays."),
        ("es", (6_500, 1_000_000, 1),
         "Nordbote distribuye comunicados de prensa a "
         "6500 medios de comunicación y 1.000.000 de periodistas de 1 país."),
    ],
)  # fmt: skip
def test_words_stand_as_their_number_wants(language: str, figures: tuple[int, int, int], about: str) -> None:
    assert about_with(language, *figures) == about


def test_no_format_says_figures_that_the_wire_did_not_set(
    make_release: Callable[..., Release], received: datetime
) -> None:
    wire, release = Wire(name="Nordbote", url="https://n.example/"), make_release()
    for language in ("en", "de"):
        translation = supplied(release, release.language).model_copy(update={"language": language})
        for name in FORMATS.all():
            body = make_rendition(release, translation, name, wire, received).body.decode()
            assert not re.search(r"6[.,]?500|86[.,]?000|\b90 (countries|Länder)", body), name


def test_figures_are_set_all_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured_wire().figures is None
    for name, value in (("NAME", "Nordbote"), ("OUTLETS", "40"), ("EDITORS", "300"), ("COUNTRIES", "3")):
        monkeypatch.setenv(f"FANWIRE_WIRE_{name}", value)
    settings.cache_clear()
    assert configured_wire() == Wire(name="Nordbote", url="https://fanwire.example/", figures=Figures(40, 300, 3))
    monkeypatch.delenv("FANWIRE_WIRE_EDITORS")
    settings.cache_clear()
    with pytest.raises(
        ConfigurationRefused,
        match=r"FANWIRE_WIRE_EDITORS and FANWIRE_WIRE_COUNTRIES must be set all or none",
    ):
        settings()


@pytest.mark.parametrize(
    ("tag", "file"),
    [("pt-BR", "pt"), ("de-AT", "de"), ("en-GB", "en"), ("zh", "zh-Hans"), ("zh-CN", "zh-Hans"), ("zh-TW", "zh-Hant"),
     ("zh-HK", "zh-Hant"), ("zh-Hant-HK", "zh-Hant")],
)  # fmt: skip
def test_fallback(tag: str, file: str) -> None:
    assert house_text(tag).language == file


@pytest.mark.parametrize(("tag", "file"), [("nl", "nl.yaml"), ("nl-BE", "nl.yaml"), ("ru-Latn", "ru-Latn.yaml")])
def test_a_language_without_house_texts_is_named(tag: str, file: str) -> None:
    says = f"no house text for {tag!r}: add tasks/language_data/{file} with a section 'house'"
    with pytest.raises(HouseTextMissing, match=re.escape(says)):
        house_text(tag)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"disclaimer": "No {wire}."}, "disclaimer: lacks {url}"),
        ({"kill": "{wire} {who}"}, "kill: has the unknown placeholder {who}"),
        ({"about": "{wire"}, "about: has a brace out of place"),
        ({"about": "{wire} reaches {outlets}."}, "about: has the unknown placeholder {outlets}"),
        ({"reach": REACH | {"outlets": {"one": "{number} outlet"}}}, "reach.outlets: lacks the form 'other'"),
        ({"reach": REACH | {"outlets": {"other": "outlets"}}}, "reach.outlets: lacks {number} in the form 'other'"),
        ({"reach": REACH | {"outlets": {"other": "{number}", "lot": "{number}"}}}, "reach.outlets.lot"),
        ({"contact": " "}, "contact: is empty"),
        ({"contact": None}, "contact: "),
        ({"colour": "red"}, "colour: is not a known field"),
        ({"topics": {"04000000": "Economy"}}, "lacks 01000000"),
        ({"disclaimer": "{wire.__class__} {url}"}, "unknown placeholder {wire.__class__}"),
    ],
)
def test_a_faulty_file_is_refused_with_the_key_and_the_fault(change: dict[str, Any], problem: str) -> None:
    data = house_text("en").texts.model_dump()
    with pytest.raises(DocumentRefused, match=re.escape(problem)):
        read(House, {**data, **change}, "house text")
