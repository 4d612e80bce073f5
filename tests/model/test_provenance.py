"""Provenance: one line of visible ASCII, read back as RFC 9651 has it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.provenance import provenance
from tasks.model.release import Release, Translation, supplied

STRING = r'"(?P<plain>(?:[ !#-\[\]-~]|\\["\\])*)"'
DISPLAY = r'%"(?P<display>(?:[ !#$&-~]|%[0-9a-f]{2})*)"'
PARAMETER = re.compile(rf";(?P<name>[a-z]+)=(?:{STRING}|{DISPLAY})")


def translation(engine: str, **fields: Any) -> Translation:
    return Translation(language="de", headline="H", body_html="<p>x</p>", engine=engine, **fields)


def read(line: str) -> tuple[str, dict[str, str]]:
    """Token and parameters, by the grammar of RFC 9651 for the types that are used here."""
    token, rest = re.fullmatch(r"([a-z]+)(.*)", line).groups()
    parameters = {}
    while rest:
        found = PARAMETER.match(rest)
        assert found, rest
        plain, display = found["plain"], found["display"]
        text = re.sub(r"\\(.)", r"\1", plain) if display is None else unquote_to_bytes(display).decode()
        parameters[found["name"]] = text
        rest = rest[found.end() :]
    return token, parameters


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (translation("source"), "source"),
        (translation("supplied"), "supplied"),
        (translation("memory", source="en", status="approved"), 'memory;status="approved";from="en"'),
        (
            translation("apertium", model="apertium-eng-spa 0.8.1", source="en", status="checked"),
            'machine;engine="apertium";model="apertium-eng-spa 0.8.1";status="unreviewed";from="en"',
        ),
        (translation("apertium+deepl"), 'machine;engine="apertium+deepl"'),
        (translation("llm", model='a "b" \\c'), 'machine;engine="llm";model="a \\"b\\" \\\\c"'),
        (translation("llm", model="größer 100%\r\nX: y"),
         'machine;engine="llm";model=%"gr%c3%b6%c3%9fer 100%25%0d%0aX: y"'),
    ],
)  # fmt: skip
def test_line(made: Translation, line: str) -> None:
    assert provenance(made) == line


@given(st.text())
def test_any_model_comes_back_and_breaks_no_header(model: str) -> None:
    made = translation("llm", model=model, source="en")
    line = provenance(made)
    assert line.isascii()
    assert line.isprintable()
    said = {"model": made.model} if made.model else {}
    assert read(line) == ("machine", {"engine": "llm", "from": "en"} | said)


def test_a_translation_of_before_has_no_status_and_no_source() -> None:
    stored = '{"language": "es", "headline": "H", "body_html": "<p>x</p>", "engine": "apertium", "model": "m"}'
    made = Translation.model_validate_json(stored)
    assert (made.machine, made.source, made.status) == (True, None, None)
    assert provenance(made) == 'machine;engine="apertium";model="m"'


@pytest.mark.parametrize(
    ("engine", "machine"),
    [("source", False), ("supplied", False), ("memory", False), ("apertium", True), ("memory+apertium", True)],
)
def test_what_a_machine_wrote(engine: str, machine: bool) -> None:
    assert translation(engine).machine is machine


def test_what_the_producer_wrote_has_neither_status_nor_source() -> None:
    text = {"headline": "H", "body_html": "<p>x</p>"}
    release = Release.model_validate({"uri": "urn:x:1", "language": "en", "translations": {"de": text}, **text})
    for language in ("en", "de"):
        made = supplied(release, language)
        assert made is not None
        assert (made.source, made.status) == (None, None)
