"""Language files: what ships is complete, what is left out has a default, and what is wrong is named."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from tasks import language_data
from tasks.formatting import HouseTextMissing, house_text
from tasks.language_data import LANGUAGES, LanguageData, data_of, files_for, known_languages
from tasks.language_data.sections import Section
from tasks.runtime.field_docs import describe
from tasks.translation.function_words import function_words
from tests.support import packages

Install = Callable[[str, dict[str, str]], None]
SECTIONS = [name for name in LanguageData.model_fields if name != "language"]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package with language files and entry points for them; the files are forgotten afterwards."""
    site = tmp_path / "site-packages"
    monkeypatch.syspath_prepend(str(site))

    def install(package: str, files: dict[str, str]) -> None:
        data = {f"{package}/{tag}.yaml": text for tag, text in files.items()}
        points = {"fanwire.languages": dict.fromkeys(files, package)}
        packages.install(site, package, {f"{package}/__init__.py": "", **data}, points)
        installed.append(package)
        forget()

    installed: list[str] = []
    yield install
    monkeypatch.undo()
    for package in installed:
        sys.modules.pop(package, None)
    forget()


def forget() -> None:
    language_data.forget()
    house_text.cache_clear()
    function_words.cache_clear()


def test_everything_that_ships_can_be_loaded() -> None:
    assert LANGUAGES.left_out() == {}
    assert known_languages()[0] == "en"
    assert len(known_languages()) == 15


@pytest.mark.parametrize("tag", known_languages())
def test_a_file_is_named_after_its_language(tag: str) -> None:
    data = data_of(tag)
    assert (data.language, data.house is not None) == (tag, True)
    assert [file.language for file in files_for(tag)] == [tag]


def test_indonesian_and_malay_count_as_one_language_by_their_small_words() -> None:
    assert data_of("id").vocabulary.function_words == data_of("ms").vocabulary.function_words


def test_a_language_without_a_file_has_the_defaults() -> None:
    data = data_of("is")
    assert {name: getattr(data, name) for name in SECTIONS} == {
        name: LanguageData.model_fields[name].default for name in SECTIONS
    }
    assert data.quotes.around("a", inner=False) == "“a”"


@pytest.mark.parametrize(
    ("tag", "file"), [("pt-BR", "pt"), ("de-AT", "de"), ("zh", "zh-Hans"), ("zh-TW", "zh-Hant"), ("zh-HK", "zh-Hant")]
)
def test_a_tag_that_says_more_has_the_data_of_its_language(tag: str, file: str) -> None:
    assert data_of(tag).typography == data_of(file).typography
    assert house_text(tag).language == file


def test_a_tag_never_has_the_data_of_another_script() -> None:
    assert files_for("ru-Latn") == files_for("ms-Arab") == []


def test_a_file_of_the_region_goes_first_and_the_language_fills_in_what_it_leaves_out(install: Install) -> None:
    install("bresil", {"pt-PT": "language: pt-PT\nquotes: {open: «, close: »}\n"})
    portugal = data_of("pt-PT")
    assert portugal.quotes.open == "«"
    assert portugal.quotes.inner_open is None
    assert portugal.numbers == data_of("pt").numbers
    assert house_text("pt-PT").language == "pt"
    assert data_of("pt-BR").quotes == data_of("pt").quotes


def test_where_there_is_no_file_of_a_language_that_of_its_nearest_variant_counts(install: Install) -> None:
    italian = "quotes: {open: «, close: »}\n"
    install("svizzera", {"it-CH": f"language: it-CH\n{italian}", "it-SM": "language: it-SM\n"})
    assert [file.language for file in files_for("it")] == ["it-CH"]
    assert [file.language for file in files_for("it-SM")] == ["it-SM"]
    assert data_of("it-IT").quotes.open == "«"
    assert files_for("pt-PT") == files_for("pt")


def test_a_package_replaces_a_file_that_ships(install: Install) -> None:
    install("deutsch", {"de": "language: de\nquotes: {open: », close: «}\n"})
    assert data_of("de").quotes.around("a", inner=True) == "»a«"
    with pytest.raises(HouseTextMissing, match="no house text for 'de': add "):
        house_text("de")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("language: it\ncolour: red\n", "colour: is not a known field; known fields are abbreviations, comparison, "),
        ("language: it\ntypography: {marks: '.,'}\n", "typography.marks: "),
        ("language: it\ntypography: {marks_after: 'z-a'}\n", "typography: is not a regular expression: "),
        ("language: it\nnumbers: {words: {0: zero}}\n", "numbers.words.0.[key]: must be 1 or more"),
        ("language: it\nnumbers: {scales: {mila: '3'}}\n", "numbers.scales.mila: must be a whole number, not text"),
        ("language: it\ndates: {months: {'a[': 3}}\n", "dates.months.a[.[key]: is not a regular expression: "),
        ("language: it\nnumbers: {percent: ['(x)']}\n", "numbers.percent.0: has 1 groups '(…)' where 0 are right"),
        ("language: it\nhouse: {contact: Contatti}\n", "house.dateline: is required"),
        ("language: fr\n", "language: says 'fr'; the file is for 'it'"),
        ("language: it\nlanguage: it\n", "(file): is not YAML: line 2, column 1: 'language' stands there twice"),
        ("- it\n", "(document): must be an object with fields, not a list"),
    ],
)
def test_a_file_with_a_fault_is_left_out_with_field_and_fault_and_harms_no_other(
    install: Install, text: str, says: str
) -> None:
    install("italiano", {"it": text})
    assert list(LANGUAGES.left_out()) == ["it"]
    assert LANGUAGES.left_out()["it"].startswith("language 'it' of entry point italiano: ")
    assert says in LANGUAGES.left_out()["it"]
    assert data_of("it").house is None
    assert data_of("de").house is not None
    with pytest.raises(HouseTextMissing, match=re.escape("no house text for 'it': language 'it' of entry point")):
        house_text("it")


def test_a_package_without_the_file_is_left_out(install: Install, tmp_path: Path) -> None:
    install("vuoto", {"it": "language: it\n"})
    (tmp_path / "site-packages" / "vuoto" / "it.yaml").unlink()
    assert "cannot be loaded: " in LANGUAGES.left_out()["it"]


def fields_of(model: type[BaseModel]) -> Iterator[tuple[str, str | None]]:
    for name, field in model.model_fields.items():
        yield f"{model.__name__}.{name}", field.description


def test_every_field_of_a_language_file_is_explained() -> None:
    describe(Section)
    unexplained = {
        name
        for section in Section.__subclasses__()
        for name, description in fields_of(section)
        if not description and section.__name__ not in ("LanguageData", "DatelinePatterns", "House", "Quotes")
    }
    assert unexplained == {"Dates.day_before_month"}  # explained with the next one
