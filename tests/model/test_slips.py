"""Slips that everybody makes in a first release: what is said of them names what to write instead."""

from __future__ import annotations

import re

import pytest
import typer

from tasks.model.documents import DocumentRefused, load_yaml
from tasks.model.readers import read_release, read_with_warnings
from tasks.runtime import moments
from tasks.runtime.errors import Problem
from workers.cli.screen import moment

HEAD = "---\nuri: urn:newsml:acme.example:1\nlanguage: en\n"


def problem_of(front_matter: str) -> Problem:
    with pytest.raises(DocumentRefused) as caught:
        read_release(f"{HEAD}{front_matter}\n---\nAcme said.")
    [problem] = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("line", "quoted"),
    [
        ("headline: Acme: opens: plant", 'headline: "Acme: opens: plant"'),
        ('headline: "Acme" opens: plant', 'headline: "\\"Acme\\" opens: plant"'),
        ("headline: @acme opens a plant", 'headline: "@acme opens a plant"'),
        ("headline: 'Acme's plant opens'", 'headline: "Acme\'s plant opens"'),
        ("headline: % of plants", 'headline: "% of plants"'),
    ],
)
def test_text_that_needs_quotes_is_shown_with_them(line: str, quoted: str) -> None:
    problem = problem_of(line)
    assert problem.field == "(document)"
    assert "front matter: is not YAML: line 4" in problem.problem
    assert problem.problem.endswith(f"; put the text in quotes: {quoted}")
    assert read_release(f"{HEAD}{quoted}\n---\nAcme said.").headline


def test_a_colon_is_named_in_words() -> None:
    assert "in this context" not in problem_of("headline: Acme: opens").problem
    with pytest.raises(ValueError, match="text in which ':' and a space stand must be in quotes"):
        load_yaml("name: Acme: opens")


@pytest.mark.parametrize("front_matter", ["uri: [", "headline: H\n\ttopics: x", "countries: [DE, AT"])
def test_no_quotes_are_advised_where_they_do_not_help(front_matter: str) -> None:
    assert "quotes" not in problem_of(front_matter).problem


def test_norway_and_norwegian_are_text() -> None:
    """YAML 1.1 takes an unquoted `NO` for false, and `on` for true."""
    assert load_yaml("{country: NO, languages: [no, nb], yes: on, a: true, b: False}") == {
        "country": "NO", "languages": ["no", "nb"], "yes": "on", "a": True, "b": False,
    }  # fmt: skip
    release = read_release(f"{HEAD}headline: H\ncountries: [NO]\ncircuits: [on]\n---\nAcme said.")
    assert (release.countries, release.circuits) == (["NO"], ["on"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-11-29 07:10 EST", "'EST', which is no offset: write it as in 2026-11-29 07:10-05:00"),
        ("2026-11-29T07:10:00 America/New_York", "'America/New_York', which is no offset: write it as in"),
        ("2026-11-29T07:10 UTC", "'UTC', which is no offset: write it as in 2026-11-29T07:10Z"),
        ("2026-11-29T07:10gmt", "'gmt', which is no offset: write it as in 2026-11-29T07:10Z"),
    ],
)
def test_a_moment_that_is_none_says_how_one_is_written(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        moments.read(text)


@pytest.mark.parametrize("text", ["tomorrow 7am", "yesterday"])
def test_an_option_that_takes_a_moment_shows_one(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"zone, such as 2026-12-01T07:00:00-05:00$"):
        moment(text)


def test_brackets_without_an_address_are_published_with_a_warning() -> None:
    text = (
        f"{HEAD}headline: H\n---\nAcme opens [its new plant], he said [sic], [1] and `[code]`.\n\n"
        "\\[meant\\] [a link](https://a.example/) [x][]\n\n[x]: https://b.example/\n\n- [ ] open\n"
    )
    read = read_with_warnings(text)
    assert "[its new plant]" in read.release.html
    assert [(warning.field, warning.problem) for warning in read.warnings] == [
        (
            "body_markdown",
            "line 6: '[its new plant]' is published with its brackets; if it is meant as a link, write "
            "[its new plant](https://…)",
        )
    ]
    document = {"uri": "urn:x:1", "language": "en", "headline": "H", "body_html": "<p>x [y z]</p>"}
    document["translations"] = {"de": {"headline": "H", "body_markdown": "Das\n[neue Werk]"}}
    [warning] = read_with_warnings(document).warnings
    assert warning.field == "translations.de.body_markdown"
    assert warning.problem.startswith("line 2 of the body: '[neue Werk]'")


def test_an_example_shows_what_is_wanted_and_nothing_else() -> None:
    with pytest.raises(DocumentRefused) as caught:
        read_release(f"{HEAD}headline: H\ndateline: Berlin\nissuer: Acme\n---\n==Really==")
    told = {problem.field: problem for problem in caught.value.problems}
    assert told["dateline"].example == '{"place": "Berlin", "date": "2026-11-22"}'
    assert told["issuer"].example == '{"name": "Acme Robotics AG"}'
    assert "write <mark>" in told["body_markdown"].problem
    assert told["body_markdown"].example is None
    [unknown] = [problem_of("headline: H\nissuer: {name: Acme, seat: Porto}")]
    assert unknown.example is None
