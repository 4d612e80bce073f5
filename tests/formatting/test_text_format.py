"""The text format: its shape, and that nothing of a body gets lost on the way to plain text."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.formatting import FORMATS, Wire, house_text, make_rendition
from tasks.formatting.plain import _tidy, paragraphs
from tasks.language_data import known_languages
from tasks.model.markup import clean_html
from tasks.model.release import Release, Translation, supplied
from tasks.runtime.plugins import NotRegistered


@pytest.fixture
def text(wire: Wire) -> Any:
    def make(release: Any, translation: Any, format: str = "text-unwrapped") -> str:
        rendition = make_rendition(release, translation, format, wire)
        assert rendition.content_type == "text/plain; charset=utf-8"
        return rendition.body.decode()

    return make


PAGE = '<a href="https://a.example/p">page</a>'


def plain(body: str, language: str = "en") -> list[str]:
    return paragraphs(clean_html(body), house_text(language))


def test_shape(make_release: Callable[..., Release], text: Any) -> None:
    release = make_release()
    blocks = text(release, supplied(release, "en")).removesuffix("\n").split("\n\n")
    assert blocks[:3] == [
        "Northwind to build ferries in Porto",
        "Twelve ships by 2030",
        "Porto, November 1, 2026 (Fanwire) — Northwind said on Tuesday (https://northwind.example/news?id=1&lang=en) "
        "that its yard in Porto will build 12 ferries.",
    ]
    assert blocks[3:9] == [
        "Figures",
        "• Output rises to 10⁶ m²\n• More at the yard (https://northwind.example/yard)\n  • and the docks",
        "Plan",
        "Year | Ferries\n2027 | 4 (https://northwind.example/2027)",
        "“The river made us.”",
        "— Ana Reis",
    ]
    assert blocks[-6] == "Media contact\nAna Reis · Press · ana@northwind.example · +351 22 123 456\nDesk"
    assert blocks[-5].startswith("This release was provided by a third party")
    assert blocks[-4] == "© 2026 Northwind SA"
    assert blocks[-3] == "Industries: Earnings; Economy, business and finance"
    assert blocks[-2].startswith("Fanwire distributes press releases")
    assert blocks[-1].split("\n") == [
        "Item: urn:newsml:northwind.example:20261122:ferries:en",
        "Version: 1 · publish · usable",
        "Urgency: 4",
        "Language: en",
        "Translation: source",
        "Issuer: Northwind SA · XLIS:NWD · NYSE:NW.A · ISIN PTNWD0AM0006 · LEI 5299NORTHWIND00SA096",
        "Topics: medtop:20000178 · medtop:04000000 · medtop:20099999",
    ]


def test_the_record_says_what_a_desk_files_it_by(
    make_release: Callable[..., Release], translate: Any, text: Any
) -> None:
    french = {"headline": "Des ferries", "body_html": "<p>Oui.</p>"}
    release = make_release(version=2, embargo_until="2026-11-30T10:30:00+01:00", translations={"fr": french})
    german = translate(release, "de", source="en", status="checked")
    *_, last = text(release, german, "text").removesuffix("\n").split("\n\n")
    assert last.split("\n") == [
        "Item: urn:newsml:northwind.example:20261122:ferries:de",
        "Version: 2 · correct · usable",
        "Embargo: 2026-11-30T10:30:00+01:00",
        "Urgency: 4",
        "Language: de",
        'Translation: machine;engine="apertium";model="model',
        '  1";status="unreviewed";from="en"',
        "Translated from: urn:newsml:northwind.example:20261122:ferries:en",
        "Also in: urn:newsml:northwind.example:20261122:ferries:en ·",
        "  urn:newsml:northwind.example:20261122:ferries:fr",
        "Issuer: Northwind SA · XLIS:NWD · NYSE:NW.A · ISIN PTNWD0AM0006 · LEI",
        "  5299NORTHWIND00SA096",
        "Topics: medtop:20000178 · medtop:04000000 · medtop:20099999",
    ]


def test_the_former_name_makes_the_same_bytes(make_release: Callable[..., Release], text: Any) -> None:
    release = make_release()
    assert text(release, supplied(release, "en"), "text72") == text(release, supplied(release, "en"), "text")


@pytest.mark.parametrize("language", known_languages())
def test_is_whole_in_every_language(
    language: str, make_release: Callable[..., Release], translate: Any, text: Any, links: tuple[str, ...]
) -> None:
    release = make_release()
    made = text(release, translate(release, language))
    assert all(link in made for link in links)
    assert made.count("https://fanwire.example/") == 1
    assert made.endswith("\n")
    assert not made.endswith("\n\n")
    assert "\n\n\n" not in made
    assert not re.search(r"[{}<>]", made)


@pytest.mark.parametrize(
    ("language", "body", "shown"),
    [
        ("en", f"May 1 ({PAGE})", "May 1 (page [https://a.example/p])"),
        ("fr", f"Le 1er mai ({PAGE}, {PAGE}) et {PAGE}",
         "Le 1er mai (page [https://a.example/p], page [https://a.example/p]) et page (https://a.example/p)"),
        ("ja", f"5月1日（{PAGE}）", "5月1日（page［https://a.example/p］）"),
        ("ko", f"5월 1일({PAGE})", "5월 1일(page[https://a.example/p])"),
        ("de", f"1) Der {PAGE} (mit Bild)", "1) Der page (https://a.example/p) (mit Bild)"),
    ],
)  # fmt: skip
def test_addresses_inside_parentheses_have_square_brackets(language: str, body: str, shown: str) -> None:
    assert plain(f"<p>{body}</p>", language) == [shown]


@pytest.mark.parametrize("language", known_languages())
def test_kill_and_correction_come_first(
    language: str, make_release: Callable[..., Release], translate: Any, text: Any
) -> None:
    house = house_text(language)
    killed = make_release(status="canceled", version=2, correction_note="Sent in error.")
    lines = text(killed, translate(killed, language, body_html="")).split("\n\n")
    assert lines[0] == house.texts.kill.format(wire="Fanwire")
    assert lines[1] == "Sent in error."
    assert killed.headline in lines[2]
    assert f"Item: {killed.uri}:{language}\nVersion: 2 · kill · canceled\n" in lines[-1]
    corrected = make_release(version=2)
    assert text(corrected, translate(corrected, language)).startswith(house.texts.correction.format(version="2"))


def test_a_first_version_is_no_correction(make_release: Callable[..., Release], text: Any) -> None:
    release = make_release(correction_note="for the desk only")
    made = text(release, supplied(release, "en"))
    assert made.startswith(release.headline)
    assert "for the desk only" not in made


def test_arabic_lines_that_begin_in_latin_are_marked(
    make_release: Callable[..., Release], translate: Any, text: Any
) -> None:
    release = make_release()
    made = text(release, translate(release, "ar", headline="Northwind تبني عبّارات", body_html="<p>عبّارات</p>"))
    lines = made.split("\n")
    assert lines[0].startswith("\u200fNorthwind")
    assert "\u200e+351" in made
    assert "© 2026 Northwind SA" in lines


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ("<p>a<br>b</p>", ["a\nb"]),
        ("<p>a\u00a0b  c\n d</p>", ["a\u00a0b c d"]),
        ('<p><a href="https://a.example/">https://a.example</a></p>', ["https://a.example/"]),
        ('<p>x<a href="https://a.example/"> y </a>z</p>', ["x y (https://a.example/) z"]),
        ('<p><a href="https://a.example/"><img src="https://b.example/" alt="B"></a></p>',
         ["B (https://b.example/) (https://a.example/)"]),
        ('<ul><a href="https://a.example/">loose</a><li>in</li></ul>', ["  loose (https://a.example/)\n• in"]),
        ('<ol start="9"><li>i</li><li><p>j</p><p>k</p></li></ol>', ["9. i\n10. j\n    k"]),
        ("<p>CO<sub>2</sub>, 1<sup>st</sup>, x<sup>2</sup>, <s>5</s></p>", ["CO₂, 1st, x², ~~5~~"]),
        ("<blockquote>“Own marks”</blockquote>", ["“Own marks”"]),
        ("<blockquote><p>One</p><p>two</p></blockquote>", ["“One", "two”"]),
        ("<pre>a  b\n c</pre><hr><p>d</p>", ["a  b\n c", "* * *", "d"]),
        ("<dl><dt>T</dt><dd>D</dd></dl>", ["T\n  D"]),
        ("<table><tr><td>a<table><tr><td>b</td></tr></table></td><td></td></tr></table>", ["a b | "]),
        ("loose<p>p</p>end", ["loose", "p", "end"]),
    ],
)  # fmt: skip
def test_elements(body: str, blocks: list[str]) -> None:
    assert plain(body) == blocks


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "„ja“"),
        ("fr", "«\u00a0ja\u00a0»"),
        ("ja", "「ja」"),
        ("zh-Hant", "「ja」"),
        ("zh-Hans", "“ja”"),
        ("ru", "«ja»"),
    ],
)
def test_quotes_are_those_of_the_language(language: str, said: str) -> None:
    assert plain("<p><q>ja</q></p><blockquote>ja</blockquote>", language) == [said, said]


@pytest.mark.parametrize("language", known_languages())
def test_a_quotation_inside_a_quotation_has_marks_of_its_own(language: str) -> None:
    quotes = house_text(language).data.quotes
    (said,) = plain("<p><q>a <b><q>b <q>c</q></q></b></q></p>", language)
    inner = f"{quotes.inner_open}b {quotes.open}c{quotes.close}{quotes.inner_close}"
    assert said == f"{quotes.open}a {inner}{quotes.close}"


def test_a_house_without_inner_marks_uses_its_outer_ones() -> None:
    house = house_text("de")
    quotes = house.data.quotes.model_copy(update={"inner_open": None, "inner_close": None})
    plainer = replace(house, data=house.data.model_copy(update={"quotes": quotes}))
    assert paragraphs("<p><q>a <q>b</q></q></p>", plainer) == ["„a „b““"]


def test_links_have_the_brackets_of_the_language() -> None:
    assert plain('<p><a href="https://a.example/">文</a></p>', "ja") == ["文（https://a.example/）"]


def test_a_body_too_deep_is_refused_and_not_cut() -> None:
    with pytest.raises(ValueError, match="nested deeper"):
        plain("<blockquote>" * 150 + "x" + "</blockquote>" * 150)


WORDS = st.integers(0, 10**6).map(lambda number: f"w{number}w")
TAGS = [
    "p",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "blockquote",
    "table",
    "caption",
    "tr",
    "td",
    "th",
    "h2",
    "pre",
    "figure",
]
TAGS += ["figcaption", "b", "em", "q", "sup", "sub", "cite", "code"]
NODES = st.recursive(
    WORDS | WORDS.map(lambda word: f'<a href="https://{word}.example/">{word}</a>'),
    lambda inner: st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=4)).map(
        lambda pair: f"<{pair[0]}>{' '.join(pair[1])}</{pair[0]}>"
    ),
    max_leaves=20,
)


@settings(max_examples=150)
@given(NODES)
def test_no_word_and_no_link_is_ever_lost(body: Any) -> None:
    text = "\n".join(plain(body))
    for part in re.findall(r"w\d+w|https://w\d+w\.example/", body):
        assert part in text


HOSTILE = st.sampled_from(
    ["\u200b", "\xad", "\ue001", "&#0;", "&#xD800;", "\x0b", "\u2028", "&nbsp;", "“", "—", "{}", "<br>",
     "&lt;b&gt;", "<hr>", "<b> </b>", "<!--x-->",
     '<ol start="99999999999"><li>x</li></ol>', '<img src="https://i.example/" alt="&#8203;">']
)  # fmt: skip
HOSTILE_LINKS = st.tuples(st.integers(0, 10**6), HOSTILE | WORDS).map(
    lambda pair: f'<a href="https://w{pair[0]}w.example/">{pair[1]}</a>'
)


def test_spaces_between_elements_take_time_in_proportion() -> None:
    def seconds(size: Any) -> Any:
        begun = time.process_time()
        assert _tidy(" " * size + "\n \n x") == "x"
        assert _tidy("x" + " " * size + "y") == "x y"
        return time.process_time() - begun

    assert min(seconds(40_000) for _ in range(3)) / max(min(seconds(10_000) for _ in range(3)), 2e-3) < 10


@pytest.mark.parametrize("format", FORMATS.all())
def test_the_same_input_gives_the_same_bytes(
    format: Any, make_release: Callable[..., Release], translate: Any, wire: Wire, received: datetime
) -> None:
    release, again = make_release(version=2), make_release(version=2)
    one = make_rendition(release, translate(release, "ko"), format, wire, received)
    two = make_rendition(again, translate(again, "ko"), format, wire, received)
    assert one == two
    assert one.sha256 == two.sha256
    assert len(one.sha256) == 64


def test_an_unknown_format_is_named(make_release: Callable[..., Release], wire: Wire) -> None:
    release = make_release()
    with pytest.raises(NotRegistered, match=f"there is no format 'fax'; there are {', '.join(FORMATS.all())}"):
        make_rendition(
            release, Translation(language="en", headline="H", body_html="<p>x</p>", engine="source"), "fax", wire
        )
