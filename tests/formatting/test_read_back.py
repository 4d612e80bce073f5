"""Every format, read back by a strict parser of its own: the same headline, paragraphs, links, names and media."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tasks.formatting import FORMATS, Wire
from tasks.formatting.article import make_article
from tasks.model.readers import read_release
from tasks.model.release import Release, Translation, supplied
from tests.support.processes import ROOT
from tests.support.read_back import READERS, check

from .conftest import BODY
from .test_media_in_formats import BODY as PICTURE_FIRST
from .test_media_in_formats import MEDIA, PUBLISHED
from .test_text_format import HOSTILE, HOSTILE_LINKS, WORDS

MORE = int(os.environ.get("FANWIRE_EXAMPLES", "0"))
"""Generated releases, for a long run."""
SEED = ROOT.parent / "shared" / "seed" / "release-de.txt"
Read = Callable[..., None]
SIGNS = (
    "\u0000& < > \" ' ]]> <!-- --> &amp; &#0; \\ `x` *y* _z_ [a](b) {{ b }} {c} 9 % 👩🏽‍🚀🇵🇹"
    " שלום עולם \u200fعربي\u200e ½ ﬁ"
)


@pytest.fixture
def read(wire: Wire, received: datetime, schema_errors: Mapping[str, Callable[[bytes], list[str]]]) -> Read:
    """`read(formats, release, translation)`: what schema and reader have against a rendition fails the test."""

    def all_of(formats: Iterable[str], release: Release, translation: Translation | None, **options: Any) -> None:
        assert translation is not None
        article = make_article(release, translation, wire, received, received, **options)
        for format in formats:
            rendition = FORMATS.get(format).make(article)
            assert format not in schema_errors or schema_errors[format](rendition) == []
            check(format, article, rendition)

    return all_of


def test_every_format_has_a_reader() -> None:
    assert set(READERS) == set(FORMATS.all())


@pytest.mark.parametrize("language", ["en", "ar", "de", "th", "ja", "zh-Hans"])
@pytest.mark.parametrize("format", FORMATS.all())
def test_the_demos_release(format: str, language: str, demo: Release, read: Read) -> None:
    read([format], demo, supplied(demo, language))


@pytest.mark.skipif(not SEED.exists(), reason=f"the seed release is not at {SEED}")
@pytest.mark.parametrize("format", FORMATS.all())
def test_the_seed(format: str, read: Read) -> None:
    headline, *blocks = SEED.read_text("utf-8").strip().split("\n\n")
    release = read_release(
        {"uri": "urn:x:seed", "language": "de", "headline": headline, "body_markdown": "\n\n".join(blocks)}
    )
    read([format], release, supplied(release, "de"))


CASES: dict[str, dict[str, Any]] = {
    "letters that would be UTF-8": {"headline": "H È²p", "body_html": "<p>È²</p>"},
    "in zh-Hant": {"language": "zh-Hant", "headline": "北風造渡輪", "body_html": "<p>十二艘<b>渡輪</b>。</p>" * 9},
    "a correction": {"version": 3, "correction_note": "The year was wrong."},
    "a kill": {"version": 2, "status": "canceled", "correction_note": "Sent in error."},
    "with pictures and a table": {"body_html": PICTURE_FIRST + BODY, "media": MEDIA},
    "full of signs": {
        "headline": SIGNS, "subheadline": SIGNS, "rights": SIGNS, "version": 2, "correction_note": SIGNS,
        "body_html": f"<p>{SIGNS.replace('&', '&amp;').replace('<', '&lt;')}</p><p>😀 <em>שלום</em> (a)</p>",
        "dateline": {"place": SIGNS, "date": "2026-11-01"}, "issuer": {"name": SIGNS},
        "contacts": [{"name": SIGNS, "role": SIGNS, "phone": SIGNS}],
        "media": [{"id": "a", "type": "picture", "url": "https://a.example/?a=1&b='x'", "caption": SIGNS, "alt": SIGNS,
                   "credit": SIGNS, "rights": SIGNS}],
    },
    "in Hebrew letters": {"language": "ar", "headline": "עברית 12 (Northwind)", "body_html": "<p>Northwind עברית</p>"},
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("format", FORMATS.all())
def test_special_cases(format: str, case: str, make_release: Callable[..., Release], read: Read) -> None:
    release = make_release(**CASES[case])
    read([format], release, supplied(release, release.language), published=PUBLISHED)


TEXTS = st.one_of(
    WORDS,
    st.text(st.characters(exclude_categories=["C"]), max_size=20),
    st.sampled_from(
        [SIGNS, "ภาษาไทยไม่เว้นวรรค" * 6, "船を造る。" * 12, "عبّارات ", "\u00a0", "“‘”", "--- ", "1. ", "| ", "\u2028"]
    ),
)
LINES = TEXTS.map(lambda text: f"H {text}")
TAGS = ["p", "h2", "blockquote", "figure", "b", "em", "q", "sup", "sub", "s", "code"]


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def linked(number: int) -> str:
    return f'<a href="https://l{number}.example/?a=1&amp;b={number}#c">w{number}w</a>'


def shown(number: int) -> str:
    picture = f'<img src="https://p{number}.example/{number}.jpg" alt="a{number}">'
    return f"<figure>{picture}<figcaption>c{number}</figcaption></figure>"


LEAVES = st.one_of(
    TEXTS.map(escaped),
    TEXTS.map(lambda text: f"<pre>{escaped(text)}</pre>"),
    HOSTILE,
    HOSTILE_LINKS,
    st.integers(0, 99).map(linked),
    st.integers(0, 99).map(shown),
)


def around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Elements with others inside: lists and tables have their items and cells, everything else may hold anything."""
    some = st.lists(inner, max_size=3)
    return st.one_of(
        st.tuples(st.sampled_from(TAGS), some).map(lambda pair: f"<{pair[0]}>{' '.join(pair[1])}</{pair[0]}>"),
        st.tuples(st.sampled_from(["ul", "ol"]), some).map(
            lambda pair: f"<{pair[0]}>{''.join(f'<li>{item}</li>' for item in pair[1])}</{pair[0]}>"
        ),
        some.map(lambda items: f"<dl>{''.join(f'<dt>t</dt><dd>{item}</dd>' for item in items)}</dl>"),
        st.tuples(some, some).map(
            lambda rows: (
                "<table><caption>c</caption>"
                + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
                + "</table>"
            )
        ),
    )


NODES = st.recursive(LEAVES, around, max_leaves=16)
RELEASES = st.fixed_dictionaries(
    {
        "language": st.sampled_from(["en", "ar", "ja", "th", "zh-Hant", "fr", "ko"]),
        "version": st.integers(1, 3),
        "status": st.sampled_from(["usable", "usable", "usable", "canceled"]),
        "headline": LINES,
        "body_html": st.lists(NODES, min_size=1, max_size=4).map(lambda nodes: f"<p>x</p>{''.join(nodes)}"),
    },
    optional={
        "subheadline": LINES,
        "rights": LINES,
        "correction_note": LINES,
        "dateline": st.fixed_dictionaries({"place": LINES, "date": st.just("2026-11-01")}),
        "issuer": st.fixed_dictionaries({"name": LINES}, optional={"tickers": st.just(["XLIS:NWD"])}),
        "contacts": st.lists(
            st.fixed_dictionaries({"name": LINES}, optional={"role": LINES, "phone": LINES}), max_size=2
        ),
        "media": st.just(MEDIA),
        "topics": st.just(["medtop:20000178", "20099999"]),
        "embargo_until": st.just("2026-12-01T07:00:00+01:00"),
    },
)


@pytest.mark.timeout(0 if MORE else 900)
@settings(
    max_examples=MORE or 100,
    derandomize=not MORE,
    deadline=None,
    phases=[Phase.generate],  # what fails is not made smaller, which takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(fields=RELEASES)
def test_any_release(fields: dict[str, Any], read: Read) -> None:
    release = read_release({"uri": "urn:x:generated", **fields})
    read(READERS, release, supplied(release, release.language), published=PUBLISHED)
