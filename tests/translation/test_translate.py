"""The room from outside: a whole release through the real engines, and what is held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from lxml import html as lxml_html

from tasks.model.markup import clean_html, text_of
from tasks.model.release import Release
from tasks.translation.errors import TranslationHeld
from tasks.translation.translate import translate

from .samples import BODY, Stub, needs_apertium


def tree(body: Any) -> Any:
    return lxml_html.fragment_fromstring(body, create_parent="div")


def links(body: Any) -> Any:
    return [(node.get("href"), text_of(node)) for node in tree(body).iter("a")]


def skeleton(body: Any) -> Any:
    """The blocks without the inline elements, whose order a translation may change."""
    inline = {"a", "b", "em", "strong", "img"}
    return [node.tag for node in tree(body).iter() if node.tag not in inline]


@needs_apertium
@pytest.mark.parametrize("language", ["es", "pt", "fr", "pt-PT"])
def test_a_release_keeps_every_link_name_and_figure(make_release: Callable[..., Release], language: str) -> None:
    release = make_release()
    made = translate(release, language)
    text = text_of(tree(made.body_html))

    before, after = links(release.html), links(made.body_html)
    assert len(before) == 12
    assert Counter(href for href, _ in before) == Counter(href for href, _ in after)
    assert all(anchor for _, anchor in after)
    assert [n.get("src") for n in tree(made.body_html).iter("img")] == ["media:img-a3479cc0307b"]
    assert 'href="https://norvik.example/%C3%BC?x=1&amp;y=2"' in made.body_html
    assert skeleton(release.html) == skeleton(made.body_html)
    for kept in (
        "Norvik Tidal ASA",
        "OSE:NVT",
        "Ingrid Solheim",
        "SeaLoom 3",
        "+47 22 00 11 22",
        "press@norvik.example",
    ):
        assert text.count(kept) == text_of(tree(release.html)).count(kept), kept
    assert dict(after)["https://norvik.example/people/solheim"] == "Ingrid Solheim"
    assert "XQZ" not in text
    assert "  " not in text
    assert made.body_html == clean_html(made.body_html)
    assert made.headline.startswith("Norvik Tidal ")
    assert made.headline != release.headline
    assert (made.language, made.engine, made.machine) == (language, "apertium", True)


@needs_apertium
@pytest.mark.parametrize(
    ("language", "figures"),
    [
        ("es", ["3200 millones de euros", "1234,5", "12,5\u00a0%", "1234,50\u00a0$", "5 de marzo de 2026"]),
        ("fr", ["3,2 milliards d’euros", "1\u202f234,5", "12,5\u00a0%", "1\u202f234,50\u00a0$", "5 mars 2026"]),
        ("pt", ["3,2 bilhões de euros", "1.234,5", "12,5%", "$\u00a01.234,50", "5 de março de 2026", "1,2 milhão"]),
        ("pt-PT", ["3,2 mil milhões de euros", "5 de março de 2026", "50 milhões de dólares"]),
    ],
)  # fmt: skip
def test_figures_are_written_as_the_language_writes_them(
    make_release: Callable[..., Release], language: str, figures: list[str]
) -> None:
    body = "".join(tree(translate(make_release(), language).body_html).itertext())
    for figure in figures:
        assert figure in body


@needs_apertium
def test_quotation_marks_and_inverted_marks(make_release: Callable[..., Release]) -> None:
    release = make_release()
    assert "¿Qué" in translate(release, "es").body_html
    french = translate(release, "fr").body_html
    assert "“" not in french
    assert '"' not in text_of(tree(french))
    assert french.count("«\u00a0".replace("\u00a0", "&nbsp;")) == 4


@needs_apertium
def test_titles_and_alternative_texts_are_translated_too(make_release: Callable[..., Release]) -> None:
    root = tree(translate(make_release(), "es").body_html)
    assert next(root.iter("img")).get("alt") == "La planta en mar"
    titles = [node.get("title") for node in root.iter("a") if node.get("title")]
    assert len(titles) == 1
    assert titles != ["All about the plant"]


@needs_apertium
def test_provenance_names_every_package(make_release: Callable[..., Release]) -> None:
    release = make_release()
    assert translate(release, "es").model.startswith("apertium-eng-spa")
    assert "apertium-fr-es" in str(translate(release, "fr").model)
    indonesian = {
        "headline": "Perusahaan itu membuka pabrik",
        "body_html": "<p>Perusahaan itu membuka pabrik baru.</p>",
    }
    assert translate(make_release(translations={"id": indonesian}), "ms").source == "id"


@needs_apertium
def test_malay_is_made_from_a_supplied_indonesian_text(make_release: Callable[..., Release]) -> None:
    indonesian = {
        "headline": "Norvik Tidal membuka pembangkit listrik terapung",
        "body_html": '<p>Perusahaan itu mengumumkan <a href="https://norvik.example/r">laporan keuangan</a> pada hari '
        "Jumat. Harga saham naik 12,5 persen menjadi Rp3,2 miliar.</p>",
    }
    release = make_release(translations={"id": indonesian})
    made = translate(release, "ms")
    assert links(made.body_html) == [("https://norvik.example/r", "laporan kewangan")]
    assert "12.5 peratus" in made.body_html
    assert "3.2 bilion" in made.body_html


def test_traditional_chinese_is_made_from_a_supplied_simplified_text(make_release: Callable[..., Release]) -> None:
    simplified = {
        "headline": "公司发布新软件",
        "body_html": '<p>该公司的<a href="https://norvik.example/s?a=1&amp;b=2">服务器</a>运行“软件”，'
        "收入为 12.5 亿美元。</p>",
    }
    made = translate(make_release(translations={"zh-Hans": simplified}), "zh-Hant")
    assert made.headline == "公司釋出新軟體"
    assert made.body_html == (
        '<p>該公司的<a href="https://norvik.example/s?a=1&amp;b=2">伺服器</a>執行「軟體」，收入為 12.5 億美元。</p>'
    )
    assert (made.engine, made.machine) == ("opencc", True)


def test_what_the_producer_wrote_is_given_as_it_is(make_release: Callable[..., Release]) -> None:
    supplied = {"headline": "Überschrift", "body_html": "<p>Ein Satz.</p>", "dateline_place": "Lissabon"}
    release = make_release(translations={"de": supplied})
    assert translate(release, "en").engine == "source"
    made = translate(release, "de")
    assert (made.engine, made.machine, made.headline) == ("supplied", False, "Überschrift")
    assert made.dateline_place == "Lissabon"


@pytest.mark.parametrize("language", ["ko", "ja", "ar", "th", "de", "ru"])
def test_a_language_without_an_engine_is_held(make_release: Callable[..., Release], language: str) -> None:
    release = make_release()
    with pytest.raises(TranslationHeld, match=f"no engine for en→{language}; supply a translation") as held:
        translate(release, language)
    assert not held.value.again


def test_a_machine_without_engines_holds_everything_but_what_was_supplied(make_release: Callable[..., Release]) -> None:
    release = make_release()
    with pytest.raises(TranslationHeld, match="no engine for en→es"):
        translate(release, "es", engines=[])


@needs_apertium
def test_a_text_that_is_not_in_its_declared_language_is_held(make_release: Callable[..., Release]) -> None:
    body = (
        "<p>Heute wurde das neue Werk feierlich eröffnet, sagte der Sprecher, und damit werden viele Stellen neu.</p>"
    )
    with pytest.raises(TranslationHeld, match=r"paragraph 1.*left in the source language"):
        translate(make_release(headline="Neues Werk", subheadline=None, body_html=body), "es")


@needs_apertium
def test_a_long_release_keeps_every_link(make_release: Callable[..., Release]) -> None:
    release = make_release(body_html=BODY * 5)
    assert len(text_of(tree(release.html)).split()) > 600
    made = translate(release, "es")
    assert sorted(address for address, _ in links(made.body_html)) == sorted(
        address for address, _ in links(release.html)
    )


def test_the_second_engine_is_asked_when_the_first_fails(make_release: Callable[..., Release]) -> None:
    release = make_release(subheadline=None, headline="A new plant", body_html="<p>The new plant was opened today.</p>")
    words = {"A new plant": "Una planta nueva", "The new plant was opened today.": "La planta nueva se abrió hoy."}
    good, bad = Stub(lambda text: words.get(text, text)), Stub(lambda _: "")
    assert translate(release, "es", engines=[bad, good]).body_html == "<p>La planta nueva se abrió hoy.</p>"
    assert bad.asked
