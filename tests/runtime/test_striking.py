"""Secrets are struck from what others say, however they write them. tests/delivery/test_struck_secrets.py has more."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.runtime.striking import LEAST_BEGINNING, strike, strike_text

SECRETS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0*"), min_size=6, max_size=40)
WAYS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "url": lambda text: quote(text, safe=""),
    "json": lambda text: json.dumps(text)[1:-1],
    "json, as it is": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
}


@pytest.mark.parametrize(
    ("said", "secrets", "left"),
    [
        ("no geheim here", ("geheim",), "no *** here"),
        ("no geheim here", (), "no geheim here"),
        ("", ("geheim",), ""),
        ("no geheim here", ("", "geheim"), "no *** here"),
        ("geheimgeheim and Geheim", ("geheim",), "****** and ***"),
        ("geheimnis", ("geheim", "heimnis"), "***"),
        ("100% sure, a\\b &c;", ("geheim",), "100% sure, a\\b &c;"),
        ("grüße: 中文", ("grüße",), "***: 中文"),
        ("gr%C3%BC%C3%9Fe", ("grüße",), "***"),
        ("\\u4e2d\\u6587, \\ud83d\\ude00", ("中文", "😀"), "***, ***"),
        ("&#x4e2d;&#25991;", ("中文",), "***"),
        ("a=my+pass+word", ("my pass word",), "a=***"),
        ("***", ("*",), "*********"),
        ("the end of it: gehe", ("geheim",), "the end of it: ***"),
        ("the end of it: geh", ("geheim",), "the end of it: geh"),
        ("the end of it: gehe%6", ("geheim",), "the end of it: ***"),
        ("the end of it: ge%68e\\u00", ("geheim",), "the end of it: ***"),
        ("gehe is not its end", ("geheim",), "gehe is not its end"),
        ("&#9999999; %zz \\u12", ("geheim",), "&#9999999; %zz \\u12"),
    ],
)
def test_strike(said: str, secrets: tuple[str, ...], left: str) -> None:
    assert strike_text(said, secrets) == left


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:"])
@pytest.mark.parametrize("after", ["", "x", "xy"])
def test_in_the_base64_of_something_longer(before: str, after: str) -> None:
    encoded = base64.b64encode(f"{before}geheim-0123{after}".encode()).decode()
    left = strike_text(f"no {encoded} here", ("geheim-0123",))
    assert left.startswith("no ")
    assert left.endswith(" here")
    assert "***" in left
    assert len(left) < len("no *** here") + len(before) + len(after) + 6


def test_bytes_that_are_no_text() -> None:
    assert strike(b"\xff\xfe geheim \x80", ("geheim",)) == b"\xff\xfe *** \x80"
    assert strike(b"\x80\x81 \xff", ("\udcff",)) == b"\x80\x81 ***"


@given(SECRETS, st.text(), st.text(), st.sampled_from(list(WAYS)), st.sampled_from(list(WAYS)))
def test_whatever_is_sent_and_however_it_is_said(secret: str, before: str, after: str, inner: str, outer: str) -> None:
    """`outer` on top of `inner`, but base64 of something escaped, which we do not send."""
    said = WAYS[inner](secret) if outer == "base64" and inner != "raw" else WAYS[outer](WAYS[inner](secret))
    left = strike_text(f"{before} {said} {after}", (secret,))
    for text in (left, unquote(left), re.sub(r"\\(.)", r"\1", left)):
        assert said not in text
        assert secret not in text


@given(SECRETS, st.sampled_from(list(WAYS)), st.data())
def test_a_secret_that_was_cut(secret: str, way: str, data: st.DataObject) -> None:
    said = WAYS[way](secret)
    kept = said[: data.draw(st.integers(0, len(said)))]
    left = strike_text(f"no {kept}", (secret,))
    if way == "raw" and len(kept.encode()) >= LEAST_BEGINNING:
        assert left == "no ***"
    assert len(left) <= len("no ***") + 6 * LEAST_BEGINNING


@given(st.binary(), st.lists(st.text(min_size=1), max_size=3))
def test_it_takes_anything(said: bytes, secrets: list[str]) -> None:
    strike(said, tuple(secrets))
