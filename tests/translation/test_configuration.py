"""The translation file: what it may say, and what is said of one that is wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tasks.model.documents import DocumentRefused
from tasks.translation.configuration import (
    DEFAULT,
    EngineDocument,
    models_folder,
    read_configuration,
    read_or_last,
    required,
)


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Writes the file; its path."""

    def write(text: str) -> Any:
        (tmp_path / "translation.yaml").write_text(text, "utf-8")
        return tmp_path / "translation.yaml"

    return write


def problems(path: Any) -> Any:
    with pytest.raises(DocumentRefused) as caught:
        read_configuration(path)
    return {problem.field: problem.problem for problem in caught.value.problems}


def test_without_a_file_opencc_and_apertium_translate_everything() -> None:
    assert read_configuration(None) is DEFAULT
    assert DEFAULT.order("de") == ["opencc", "apertium"]
    assert DEFAULT.for_language("de").publish == "unreviewed"


@pytest.mark.parametrize("text", [None, "", "languages: {fr: {publish: approved}}"])
def test_models_in_the_default_folder_join_before_the_rules(write: Any, text: str | None) -> None:
    path = None if text is None else write(text)
    assert list(read_configuration(path).engines) == ["opencc", "apertium"]
    folder = models_folder()
    (folder / ".fetch").mkdir(parents=True)
    assert list(read_configuration(path).engines) == ["opencc", "apertium"]
    (folder / "translate-en_es-1_0").mkdir()
    found = read_configuration(path)
    assert found.order("es") == ["opencc", "ct2", "apertium"]
    assert found.engines["ct2"].folder == folder
    assert list(read_configuration(write("engines: {opencc: {}}")).engines) == ["opencc"]


def test_an_empty_file_is_as_none(write: Any) -> None:
    assert read_configuration(write("")) == DEFAULT


def test_the_entry_of_a_language_is_the_nearest_one(write: Any) -> None:
    found = read_configuration(
        write(
            "engines: {deepl: {key: env:K}, apertium: {}}\n"
            "languages:\n"
            "  '*': {engines: [apertium]}\n"
            "  pt: {engines: [deepl, apertium], publish: approved}\n"
            "  pt-PT: {engines: []}\n"
            "  no: {engines: [deepl], cost_cap: 0.5}\n"
        )
    )
    assert found.order("pt-BR") == ["deepl", "apertium"]
    assert found.for_language("pt-BR").publish == "approved"
    assert found.order("pt-PT") == []
    assert found.order("fr") == ["apertium"]
    assert found.for_language("no").cost_cap == 0.5  # no truth value of YAML


def test_options_may_be_numbers(write: Any) -> None:
    found = read_configuration(write("engines: {openai: {model: x, options: {temperature: 0.2, on: yes}}}"))
    assert found.engines["openai"].options == {"temperature": "0.2", "on": "yes"}


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        ("engines: [", "(file)", "is not YAML: line "),
        ("- a", "(document)", "object with fields"),
        ("engines: {deepl: {url: deepl.example}}", "engines.deepl.url", "web address"),
        ("engines: {deepl: {adress: x}}", "engines.deepl.adress", "known fields are"),
        ("engines: {deepl: {timeout: 0}}", "engines.deepl.timeout", "more than 0"),
        ("engines: {deepl: {per_minute: {requests: many}}}", "engines.deepl.per_minute.requests", "whole number"),
        ("engines: {deepl: {budget: {cost: 3}}}", "engines.deepl.price", "budget.cost counts in it"),
        ("engines: {deepl: {options: {Region: x}}}", "engines.deepl.options.Region.[key]", "lower-case"),
        ("engines: {deepl: {grade: good}}", "engines.deepl.grade", "must be publish or draft, or say it by source and"),
        ("engines: {deepl: {grade: {en: publish}}}", "engines.deepl.grade", "such as {en: {es: publish}}"),
        (
            "engines: {deepl: {grade: {en: {es: fine}}}}",
            "engines.deepl.grade.en.es",
            "'publish' or 'draft'",
        ),
        ("engines: {deepl: {grade: {en: {tlhx: draft}}}}", "engines.deepl.grade.en.tlhx.[key]", "CLDR"),
        ("languages: {de: {engines: [deepl]}}", "languages.de.engines", "there are opencc, apertium"),
        ("languages: {de: {publish: soon}}", "languages.de.publish", "'unreviewed' or 'approved'"),
        ("languages: {tlhx: {}}", "languages.tlhx.[key]", "CLDR"),
        (
            "languages: {de: {reader: judge}}",
            "languages.de.reader",
            "there is no engine 'judge' under engines; there are",
        ),
        ("languages: {de: {reader: {engine: opencc, threshold: 101}}}", "languages.de.reader.threshold", "100"),
        (
            "languages: {es: {engines: [apertium], reader: apertium}}",
            "languages.es.reader",
            "'apertium' also translates into it, and cannot read its own text: take it out of engines, or name another",
        ),
        (
            "engines: {a: {type: openai, model: m}, b: {type: openai, model: m, timeout: 5}}\n"
            "languages: {es: {engines: [a], reader: b}}",
            "languages.es.reader",
            "'b' is the same as 'a', which translates into it: name another engine or model",
        ),
    ],
)
def test_what_is_wrong_is_named(write: Any, text: str, field: str, says: str) -> None:
    assert says in problems(write(text))[field]


def test_a_key_that_is_no_reference_is_not_repeated(write: Any) -> None:
    path = write("engines: {deepl: {key: 0a1b2c3d}}")
    with pytest.raises(DocumentRefused, match="must name where the secret is") as caught:
        read_configuration(path)
    assert "0a1b2c3d" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert problems(tmp_path / "translation.yaml") == {"(file)": "cannot be read: No such file or directory"}


def test_a_changed_file_is_read_anew_and_an_unchanged_one_is_not(write: Any) -> None:
    path = write("engines: {apertium: {}}")
    first = read_configuration(path)
    assert read_configuration(path) is first
    write("engines: {opencc: {}, apertium: {}}")
    assert list(read_configuration(path).engines) == ["opencc", "apertium"]
    write("engines: [")
    assert "(file)" in problems(path)
    path.write_text("engines: {apertium: {}}")
    os.utime(path, ns=(0, 0))
    assert list(read_configuration(path).engines) == ["apertium"]


def test_who_must_know_is_told_what_stood_there_last(write: Any) -> None:
    path = write("engines: [")
    with pytest.raises(DocumentRefused):
        read_or_last(path)
    write("languages: {de: {publish: approved}}")
    assert read_or_last(path).for_language("de").publish == "approved"
    write("engines: [ ")
    assert read_or_last(path).for_language("de").publish == "approved"
    write("languages: {de: {publish: unreviewed}}")
    assert read_or_last(path).for_language("de").publish == "unreviewed"


def test_what_an_engine_needs_is_named_with_an_example() -> None:
    with pytest.raises(DocumentRefused) as caught:
        required("mine", EngineDocument(), "key", "url", "options.region")
    assert [(problem.field, problem.problem) for problem in caught.value.problems] == [
        ("engines.mine.key", "is required"),
        ("engines.mine.url", "is required"),
        ("engines.mine.options.region", "is required"),
    ]
    assert caught.value.problems[0].example == "env:TRANSLATION_KEY"


def test_no_engine_has_the_name_of_what_people_made(write: Any) -> None:
    assert list(problems(write("engines: {approved: {type: apertium}, memory: {type: apertium}}"))) == [
        "engines.approved",
        "engines.memory",
    ]


def test_a_language_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """The second entry would take the place of the first, and what must be approved would go out unread."""
    file = tmp_path / "translation.yaml"
    file.write_text("languages:\n  es: {publish: approved}\n  es: {engines: [apertium]}\n")
    with pytest.raises(DocumentRefused, match="line 3, column 3: 'es' stands there twice"):
        read_configuration(file)


@pytest.mark.parametrize(
    ("language", "engine"), [("zh-TW", "a"), ("zh-Hant", "a"), ("zh-HK", "b"), ("zh-Hans", "c"), ("ko", "d")]
)
def test_the_entry_of_the_nearest_broader_tag_counts(write: Any, language: str, engine: str) -> None:
    """`publish: approved` of `zh-Hant` must hold for Taiwan too."""
    found = read_configuration(
        write(
            "engines: {a: {type: opencc}, b: {type: opencc}, c: {type: opencc}, d: {type: opencc}}\n"
            "languages:\n  zh-Hant: {engines: [a]}\n  zh-Hant-HK: {engines: [b]}\n"
            "  zh: {engines: [c]}\n  '*': {engines: [d]}\n"
        )
    )
    assert found.order(language) == [engine]


def test_checked_is_read_as_the_word_of_earlier_versions(write: Any) -> None:
    assert read_configuration(write("languages: {de: {publish: checked}}")).for_language("de").publish == "unreviewed"


def test_a_second_reader_does_not_translate_into_its_language_where_no_engines_are_named(write: Any) -> None:
    found = read_configuration(write("languages: {es: {reader: apertium}, fr: {reader: {engine: apertium}}}"))
    assert (found.order("es"), found.order("pt")) == (["opencc"], ["opencc", "apertium"])
    readers = [found.for_language(tag).reader for tag in ("es-MX", "fr", "pt")]
    assert [reader and (reader.engine, reader.threshold) for reader in readers] == [
        ("apertium", 90), ("apertium", 90), None,
    ]  # fmt: skip


def test_two_models_of_one_vendor_may_read_each_other(write: Any) -> None:
    engines = "engines: {a: {type: openai, model: m}, b: {type: openai, model: n}}"
    found = read_configuration(write(f"{engines}\nlanguages: {{es: {{engines: [a], reader: b}}}}"))
    assert found.order("es") == ["a"]
