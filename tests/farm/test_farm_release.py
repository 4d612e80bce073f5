"""The demo's release: every translation says what the original says, with every link, figure and protected term."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import demo_release
import editor
import pytest

from tasks.model.languages import LanguageTag
from tasks.model.readers import read_release
from tasks.model.release import Release
from tasks.translation.bounds import Deadline
from tasks.translation.drafts import PERSON, Draft, Resources
from tasks.translation.exchange import tmx
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory.entries import APPROVED
from tasks.translation.pieces import Open
from tasks.translation.routing import Start
from tasks.translation.translate import draft_from
from tests.support.markup import parsed

SUPPLIED = ["ar", "de", "id", "ja", "ko", "ru", "th", "vi", "zh-Hans"]
COMMA_DECIMAL = {"de", "ru", "vi", "id"}
SCALES = {
    "en": {"billion": 1e9, "million": 1e6},
    "de": {"Milliarden": 1e9, "Millionen": 1e6},
    "ru": {"млрд": 1e9, "млн": 1e6},
    "vi": {"tỷ": 1e9, "triệu": 1e6},
    "id": {"miliar": 1e9, "juta": 1e6},
    "ar": {"مليار": 1e9, "مليون": 1e6},
    "th": {"ล้าน": 1e6},
    "ko": {"억": 1e8, "만": 1e4},
    "ja": {"億": 1e8, "万": 1e4},
    "zh-Hans": {"亿": 1e8, "万": 1e4},
}
QUOTES = {"de": "„“", "ru": "«»", "ar": "«»", "ja": "「」"}


@pytest.fixture(scope="module")
def release() -> Release:
    return read_release(json.dumps(demo_release.release(), default=str))


def text_of(body: str) -> str:
    return str(parsed(body).text_content())


def links_of(body: str) -> Counter[str]:
    return Counter(parsed(body).xpath("//a/@href"))


def figures_of(text: str, language: str) -> Counter[float]:
    """Every figure by its value: `3,2 Milliarden`, `3.2 billion` and `32億` are the same one, and so are `10:00`,
    `10.00` and `10 Uhr`."""
    text = re.sub(r"(?<!\d)(\d\d)[.:]00(?!\d)", r"\1", text)
    scales = SCALES[language]
    words = "|".join(sorted(scales, key=len, reverse=True))
    thousands, decimal = (".", ",") if language in COMMA_DECIMAL else (",", ".")
    number = rf"\d+(?:{re.escape(thousands)}\d{{3}}(?!\d))*(?:{re.escape(decimal)}\d+)?"
    figures: Counter[float] = Counter()
    for match in re.finditer(rf"{number}(?:\s?(?:{words})(?:\s?{number}(?:{words}))?)?", text):
        value = 0.0
        for digits, scale in re.findall(rf"({number})\s?({words})?", match[0]):
            value += float(digits.replace(thousands, "").replace(decimal, ".")) * scales.get(scale, 1)
        figures[round(value, 4)] += 1
    return figures


def whole(release: Release, language: str) -> str:
    text = release.text_in(language)
    return f"{text.headline}\n{text.subheadline}\n{text_of(text.html)}"


def test_the_release_has_what_a_release_has(release: Release) -> None:
    text = text_of(release.html)
    assert len(text.split()) >= 450
    assert len(links_of(release.html)) >= 10
    assert text.count("“") == text.count("”") >= 8
    assert "<li>" in release.html
    assert "€3.2 billion" in text
    assert "12.5 percent" in text
    assert len(release.topics) == 4
    assert len(release.contacts) == 2
    assert release.issuer.tickers
    assert set(release.translations) == set(SUPPLIED)


def test_figures_are_read_alike() -> None:
    expected = Counter({3.2e9: 1, 780e6: 1, 12.5: 1, 6400: 1})
    assert figures_of("€3.2 billion, €780 million, 12.5 percent, 6,400 jobs", "en") == expected
    assert figures_of("3,2 Milliarden, 780 Millionen Euro, 12,5 Prozent, 6.400", "de") == expected
    assert figures_of("32억 유로, 7억 8000만 유로, 12.5퍼센트, 6400", "ko") == expected
    assert figures_of("32億ユーロ、7億8,000万ユーロ、12.5パーセント、6,400人", "ja") == expected
    assert figures_of("10:00", "en") == figures_of("10.00 น.", "th") == figures_of("午前10時", "ja") == Counter({10: 1})
    assert figures_of("3,200 ล้านยูโร 780 ล้านยูโร ร้อยละ 12.5 6,400", "th") == expected


@pytest.mark.parametrize("language", SUPPLIED)
class TestTranslation:
    def test_keeps_every_link(self, release: Release, language: str) -> None:
        assert links_of(release.text_in(language).html) == links_of(release.html)

    def test_links_have_text(self, release: Release, language: str) -> None:
        root = parsed(release.text_in(language).html)
        assert all(link.text_content().strip() for link in root.iter("a"))

    def test_keeps_every_figure(self, release: Release, language: str) -> None:
        ours, theirs = figures_of(whole(release, language), language), figures_of(whole(release, "en"), "en")
        assert theirs - ours == Counter()
        # What is more are words of the original: "nine months", "third", and months that are numbers here
        assert all(value in range(1, 13) for value in ours - theirs)

    def test_keeps_protected_terms(self, release: Release, language: str) -> None:
        for term in release.protect:
            assert (term in whole(release, language)) == (term in whole(release, "en")), term
        for ticker in ("XETRA: NVS", "SIX: NVSN"):
            assert ticker in whole(release, language)

    def test_has_the_same_shape(self, release: Release, language: str) -> None:
        def shape(body: str) -> list[str]:
            return re.findall(r"<(p|h2|ul|li|strong)\b", body)

        assert shape(release.text_in(language).html) == shape(release.html)

    def test_has_its_own_quotation_marks(self, release: Release, language: str) -> None:
        text = whole(release, language)
        opening, closing = tuple(QUOTES.get(language, "“”"))
        assert text.count(opening) == text.count(closing) >= 5
        assert '"' not in text
        assert not (set("„“”«»「」") - {opening, closing}) & set(text)

    def test_is_in_the_file_of_its_language(self, language: str) -> None:
        path = Path(demo_release.HERE) / f"release.{language}.md"
        front = demo_release.read(path)
        assert LanguageTag(front["language"]) == language
        assert {"headline", "subheadline", "dateline_place"} <= set(front)


class People:
    """The memory after `fanwire memory import deploy/demo/memory.tmx`."""

    def __init__(self) -> None:
        found = tmx.read_memory(Path(demo_release.HERE) / "memory.tmx")
        assert not found.refused
        self._targets = {row.entry.key: row.entry.target for row in found.rows}

    def recall(self, keys: Collection[str], maker: str) -> dict[str, str]:
        return {key: self._targets[key] for key in keys if key in self._targets and maker == APPROVED}


@pytest.fixture(scope="module")
def people() -> People:
    return People()


def known(release: Release, source: str, target: str, people: People) -> Draft:
    """What people have translated of a release, without any engine."""
    return draft_from(Start(LanguagePair.of(source, target)), release, Resources((), memory=people), Deadline())


@pytest.mark.parametrize(("source", "target"), [("en", "es"), ("en", "fr"), ("en", "pt"), ("id", "ms")])
def test_people_have_translated_every_sentence(release: Release, people: People, source: str, target: str) -> None:
    found = known(release, source, target, people).translation
    assert found is not None
    assert (found.status, found.engine) == ("approved", "memory")
    assert links_of(found.body_html) == links_of(release.html)
    assert [term for term in release.protect if (term in found.body_html) != (term in release.html)] == []


def test_people_have_written_what_taiwan_says_otherwise(release: Release, people: People) -> None:
    pair = LanguagePair.of("zh-Hans", "zh-Hant", script_only=True)
    units = draft_from(Start(pair), release, Resources((), memory=people), Deadline()).units
    assert sum(unit.translator == PERSON for unit in units) == 22


@pytest.mark.parametrize("language", ["es", "fr", "pt"])
def test_the_editor_writes_what_nobody_has_translated(people: People, language: str) -> None:
    second = read_release((Path(demo_release.HERE) / "follow-up.md").read_bytes())
    new = {unit.unit.name: unit.unit.text for unit in known(second, "en", language, people).units if unit.open}
    written = editor.texts()[language]
    assert list(new) == list(written)
    for name, text in written.items():
        assert text.count("<pc id=") == sum(isinstance(piece, Open) for piece in new[name])


def test_corrections_kills_and_gaps() -> None:
    document = demo_release.release(version=2, note="Figure mended", kill=True, without=("de",), uri="urn:x:y")
    release = read_release(json.dumps(document, default=str))
    assert (release.version, release.status, release.uri) == (2, "canceled", "urn:x:y")
    assert release.correction_note == "Figure mended"
    assert "de" not in release.translations
