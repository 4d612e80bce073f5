"""What may be published, kept and shown of a text that strangers wrote."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.runtime.foreign_text import (
    harmful,
    named,
    printable,
    printable_json,
    printable_lines,
    storable,
    without_harmful,
)  # fmt: skip

HARMFUL = ["\0", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066", "\ud800", "\ufdd0", "\uffff", "\u0378", "\U0010ffff"]
NEEDED = [
    "می\u200cروم",
    "👩\u200d🔬",
    "\u200fعربي\u200e (3)",
    "e\u0301",
    "\U0001f9ff",
    "\U0001fae9",
    "\U00031350",
    "a\tb\nc",
]


@pytest.mark.parametrize("character", HARMFUL)
def test_what_is_harmful_is_found_taken_out_and_never_shown(character: str) -> None:
    text = f"a{character}b"
    assert harmful(text) == [character]
    assert without_harmful(text) == "ab"
    assert printable(text) == printable_lines(text) == "a\ufffdb"
    assert named([character]).startswith(f"U+{ord(character):04X} (")


@pytest.mark.parametrize("text", NEEDED)
def test_what_people_write_stays(text: str) -> None:
    assert harmful(text) == []
    assert without_harmful(text) == text
    assert printable_lines(text) == text


@pytest.mark.parametrize("between", ["\v", "\f", "\x85", "\x1f"])
def test_words_stay_apart(between: str) -> None:
    assert without_harmful(f"one{between}two") == "one two"


def test_a_line_is_one_line() -> None:
    assert printable("one\ntwo\r\tthree\u2028four") == "one\ufffdtwo\ufffd\ufffdthree\ufffdfour"


def test_what_is_harmful_has_a_name() -> None:
    assert named(["\u202e"]) == "U+202E (right-to-left override)"
    assert named(list("\0\x01\x02\x03\x04")).endswith("U+0002 (a control character) and 2 others")


@given(st.text(st.characters()))
def test_json_says_the_same_and_can_be_shown(text: str) -> None:
    document = json.dumps({"a": text}, ensure_ascii=False)
    shown = printable_json(document)
    assert json.loads(shown) == json.loads(document)
    assert harmful(shown) == []


@given(st.text(st.characters()))
def test_whatever_it_is_it_can_be_stored_and_shown(text: str) -> None:
    assert "\0" not in storable(text)
    storable(text).encode()
    without_harmful(text).encode()
    assert not {unicodedata.category(c) for c in printable(text)} & {"Cc", "Cs"}
