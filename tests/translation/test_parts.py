"""The parts of the room one by one: numbers, amounts, typography, masks, sentences, blocks, checks."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tasks.model.languages import LanguageTag
from tasks.model.markup import clean_html
from tasks.model.release import Release
from tasks.translation import checks, routing, typography
from tasks.translation.figures import amounts, dates, numerals
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Close, Opaque, Open, shown
from tasks.translation.protection import masking
from tasks.translation.protection.proper_names import names_in
from tasks.translation.segmentation import runs, sentences

from .samples import Stub


@pytest.mark.parametrize(
    ("literal", "language", "value"),
    [
        ("1,234.5", "en", "1234.5"), ("1.234,5", "es", "1234.5"), ("1\u202f234,5", "fr", "1234.5"),
        ("12,5", "id", "12.5"),
        ("12.5", "ms", "12.5"), ("2026", "fr", "2026"), ("1.234.567", "de", "1234567"), ("1.2.3", "en", None),
        ("12,34", "en", None),
    ],
)  # fmt: skip
def test_a_number_is_read_as_its_language_writes_it(literal: str, language: str, value: str | None) -> None:
    assert numerals.parse(literal, language) == (Decimal(value) if value else None)


@pytest.mark.parametrize(
    ("text", "source", "target", "written"),
    [
        ("€3.2 billion", "en", "fr", "3,2 milliards d’euros"),
        ("€3.2 billion", "en", "pt-PT", "3,2 mil milhões de euros"),
        ("$5M", "en", "es", "5 millones de dólares"), ("$10.50", "en", "fr", "10,50\u00a0$"),
        ("US$1,200 million", "en", "es", "1200 millones de dólares estadounidenses"),
        ("3.2 billion euros", "en", "de", "3,2 Milliarden Euro"), ("Rp3,2 miliar", "id", "ms", "IDR\u00a03.2 bilion"),
        ("€1 billion", "en", "es", "1000 millones de euros"), ("€12 bn", "en", "es", "12.000 millones de euros"),
        ("1.3 billion people", "en", "es", "1300 millones de"), ("€1.2 trillion", "en", "es", "1,2 billones de euros"),
        ("1.2 million customers", "en", "es", "1,2 millones de"), ("1.2 million in May", "en", "es", "1,2 millones"),
        ("£1 billion", "en", "ja", "10億英ポンド"),
        ("$5 million", "en", "zh-Hans", "$500万"), ("€10", "en", "ko", "10유로"), ("¥5 billion", "en", "ko", "50억 엔"),
        ("$5 million", "en", "ru", "5 миллионов долларов"), ("€3.2 billion", "en", "ru", "3,2 миллиарда евро"),
        ("$5 million", "en", "ar", "5 ملايين دولار"), ("£3 billion", "en", "ar", "3 مليار جنيه إسترليني"),
        ("€3.2 billion", "en", "th", "3,200 ล้านยูโร"), ("€3.2 billion", "en", "vi", "3,2 tỷ euro"),
        ("AED 3 billion", "en", "ja", "30億UAEディルハム"), ("CNY 20 million", "en", "fr", "20 millions de yuans"),
        ("CNY 20 million", "en", "zh-Hans", "2000万元人民币"), ("€1.5 thousand", "en", "th", "1.5 พันยูโร"),
        ("5 000 €", "fr", "en", "€5,000"), ("1 234 567 euros", "fr", "en", "€1,234,567"),
        ("€ 1 234,50", "fr", "en", "€1,234.50"), ("12 500 millones", "es", "en", "12,500 million"),
        ("3.2 京", "ja", "es", "32.000 billones"), ("3.2 京", "ja", "en", "32,000 trillion"),
    ],
)  # fmt: skip
def test_an_amount_is_written_as_the_target_does(text: str, source: str, target: str, written: str) -> None:
    [(start, _, found)] = amounts.amounts_written(text, source, target)
    assert (start, found) == (0, written)


def test_half_a_range_does_not_get_the_currency_alone(make_release: Callable[..., Release]) -> None:
    rules = masking.rules_for(LanguagePair.of("en", "es"), make_release())
    text = masking.mask(("between €3.2 and €4.5 billion",), rules)
    assert shown(text) == "between 3200 and 4500 millones de euros"


@pytest.mark.parametrize(
    ("text", "source", "target", "written"),
    [
        ("on January 5, 2026", "en", "es", "el 5 de enero de 2026"), ("Sept. 3", "en", "fr", "3 septembre"),
        ("1 May 2026", "en", "fr", "1er mai 2026"), ("5 de enero de 2026", "es", "en", "January 5, 2026"),
        ("February 30", "en", "es", None), ("on March 2", "en", "ms", None),
    ],
)  # fmt: skip
def test_a_date_is_written_as_the_target_does(text: str, source: str, target: str, written: str | None) -> None:
    [day] = dates.days_in(text, source)
    assert amounts.write_date(day, target) == written


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("See https://a.example/b?c=d.", "https://a.example/b?c=d"), ("Write to press@a.example.", "press@a.example"),
        ("Call +49 30 1234-567 now", "+49 30 1234-567"), ("(NYSE: F) rose", "NYSE: F"), ("Follow @acme now", "@acme"),
        ("at acme.com today", "acme.com"), ("ISIN DE0007164600.", "DE0007164600"), ("version 2.10.1 is", "2.10.1"),
    ],
)  # fmt: skip
def test_what_no_engine_may_touch(make_release: Callable[..., Release], text: str, hidden: str) -> None:
    rules = masking.rules_for(LanguagePair.of("en", "es"), make_release(), text)
    assert [piece.shown for piece in masking.mask((text,), rules) if isinstance(piece, Opaque)] == [hidden]


def test_names_of_issuer_contacts_and_speakers(make_release: Callable[..., Release]) -> None:
    text = "Acme appointed Mary King as CEO. "
    text += "“We won,” said Maria Lindqvist. Tom O’Neill, chief scientist, agreed. Lindqvist left."
    names = names_in(make_release(), text, "en")
    assert {"Norvik Tidal ASA", "Norvik Tidal", "Ingrid Solheim", "Solheim"} <= set(names)
    assert {"Mary King", "Maria Lindqvist", "Lindqvist", "Tom O’Neill", "O’Neill"} <= set(names)


@pytest.mark.parametrize(
    ("text", "source", "target", "mended"),
    [
        ('He said: "Yes,"  and left', "en", "fr", "He said\u00a0: «\u00a0Yes\u00a0», and left"),
        ("“ Yes ,” he said", "en", "de", "„Yes“, he said"),
        ("“One ”two” three”".replace("”two", "“two"), "en", "es", "“One ‘two’ three”"),
        ("„Ja“, sagte er", "de", "es", "“Ja”, sagte er"),
        ("Qué es luego? Sí.", "en", "es", "¿Qué es luego? Sí."),
        ("Es un “día” sumo! (O qué?)", "en", "es", "¡Es un “día” sumo! (¿O qué?)"),
        ("Vraiment?!", "en", "fr", "Vraiment\u202f?!"),
        ("12.5% at 10:30", "en", "pt", "12.5% at 10:30"),
        ("Up 12 % here", "en", "es", "Up 12\u00a0% here"),
        ("“新”软件", "zh-Hans", "zh-Hant", "「新」软件"),
        ('工場は"新しい", と言った.', "en", "ja", "工場は「新しい」、と言った。"),
        ("工場を開いた! なぜ?", "en", "ja", "工場を開いた！なぜ？"),
        ("売上は1,234.5円, 利益は3.2%.", "en", "ja", "売上は1,234.5円、利益は3.2%。"),
        ("工厂位于 Porto.", "en", "zh-Hans", "工厂位于 Porto。"),
        ("لماذا الآن? نعم, اليوم; غدا.", "en", "ar", "لماذا الآن؟ نعم، اليوم؛ غدا."),
        ("โรงงานเปิดแล้ว.", "en", "th", "โรงงานเปิดแล้ว"),
        ("เปิดเวลา 10.30 น.", "en", "th", "เปิดเวลา 10.30 น."),
        ("공장이 열렸다. 왜?", "en", "ko", "공장이 열렸다. 왜?"),
        ("The plant is open。Really？", "ja", "en", "The plant is open. Really?"),
    ],
)  # fmt: skip
def test_typography(text: Any, source: str, target: str, mended: str) -> None:
    assert shown(typography.mended((text,), (text,), LanguagePair.of(source, target))) == mended


@pytest.mark.parametrize(
    ("made_from", "target", "text", "mended"),
    [
        ("It is open.", "es", "Está abierta", "Está abierta."), ("Is it open?", "es", "Está abierta", "¿Está abierta?"),
        ("It is open.", "ja", "開いている", "開いている。"), ("It is open!", "zh-Hans", "开了", "开了！"),
        ("Is it open?", "ar", "هل هي مفتوحة", "هل هي مفتوحة؟"), ("It is open.", "th", "เปิดแล้ว", "เปิดแล้ว"),
        ("“It is open.”", "de", "„Es ist offen“", "„Es ist offen.“"),
        ("It is “open”.", "de", "Es ist „offen“", "Es ist „offen“."),
        ("It is open", "es", "Está abierta", "Está abierta"), ("It is open.", "es", "Está abierta:", "Está abierta:"),
        ("It is open…", "es", "Está abierta", "Está abierta"),
    ],
)  # fmt: skip
def test_a_missing_end_is_added(made_from: str, target: str, text: str, mended: str) -> None:
    assert shown(typography.mended((text,), (made_from,), LanguagePair.of("en", target))) == mended


def test_the_end_is_added_inside_the_element_in_which_it_stood() -> None:
    unit = (Open(1), "Read all.", Close(1))
    assert typography.mended((Open(1), "Lea todo", Close(1)), unit, LanguagePair.of("en", "es")) == (
        Open(1),
        "Lea todo.",
        Close(1),
    )
    unit = (Open(1), "Read all", Close(1), ".")
    assert typography.mended((Open(1), "Lea todo", Close(1)), unit, LanguagePair.of("en", "es")) == (
        Open(1),
        "Lea todo",
        Close(1),
        ".",
    )


def test_spaces_and_capitals_around_names_and_elements() -> None:
    name = Opaque(1, "Acme")
    made_from = (name, " said so.")
    assert typography.mended((name, " Dijo eso."), made_from, LanguagePair.of("en", "es")) == (name, " dijo eso.")
    assert typography.mended(("dijo ", name, "."), made_from, LanguagePair.of("en", "es")) == ("Dijo ", name, ".")
    doubled = ("A ", Open(1), " b", Close(1), " c")
    assert (
        "".join(p for p in typography.mended(doubled, doubled, LanguagePair.of("en", "es")) if isinstance(p, str))
        == "A b c"
    )


def test_sentences_are_not_cut_inside_an_element_or_a_name() -> None:
    text = ("Made by ", Opaque(9, "Acme Inc."), " today. See ", Open(1), "here. And there", Close(1), " too. End.")
    assert [shown(part) for part in sentences.split(text, LanguageTag("en"))] == [
        "Made by Acme Inc. today.", "See here. And there too.", "End.",
    ]  # fmt: skip
    assert sum(sentences.split(text, LanguageTag("en")), ()) != ()


BODIES = [
    '<p>A <a href="https://a.example/?x=\'&amp;y=%22" title="&quot;U&quot;">b <em>c</em></a> &lt;d&gt; e</p><hr>',
    '<ul><li>one<ul><li>two <code>x &lt; y</code></li></ul></li></ul><p lang="fr">Déjà vu</p>',
    '<p>a<br>b</p><pre>x  y\n z</pre><figure><img src="https://a.example/ü.png" alt="z"><figcaption>f</figcaption>'
    "</figure>",
    '<p><a href="https://a.example/">all of it</a></p><p>x <i translate="no">as is</i> <b></b> y</p>',
    '<dl><dt>t</dt><dd>d</dd></dl><blockquote><p>q</p></blockquote><p>img <img src="https://a.example/i.png"> end</p>',
]


@pytest.mark.parametrize("body", BODIES)
def test_blocks_are_written_as_they_were_read(body: Any) -> None:
    body = clean_html(body)
    root = runs.read(body, LanguageTag("en"))
    assert runs.write(root, {run.number: run.text for run in runs.runs_of(root)}, "en") == body


def test_what_is_not_to_be_translated_is_in_no_run() -> None:
    root = runs.read(
        '<p>x <code>code</code> <i translate="no">no</i> <i lang="fr">non</i> y</p><pre>p</pre>', LanguageTag("en")
    )
    words = " ".join(piece for run in runs.runs_of(root) for piece in run.text if isinstance(piece, str))
    assert words.split() == ["x", "y"]


UNIT = (
    "The plant cost 3.2 billion for ",
    Open(1),
    "our customers",
    Close(1),
    " in ",
    Opaque(2, "Porto"),
    " last year.",
)
GOOD = ("La planta costó 3,2 mil millones a ", Open(1), "los clientes", Close(1), " en ", Opaque(2, "Porto"), " antes.")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda g: g, None),
        (lambda _: (), "it came back empty"),
        (lambda g: (*g[:1], *g[2:]), "inline element 1 is missing"),
        (lambda g: (*g[:2], *g[3:]), "inline element 1 lost its text 'our customers'"),
        (lambda g: (*g[:3], *g[4:]), "inline element 1 is never closed"),
        (lambda g: (g[0], g[3], g[2], g[1], *g[4:]), "inline element 1 is closed where it is not open"),
        (lambda g: (*g, Opaque(2, "Porto")), "protected 'Porto' was added"),
        (lambda g: (*g, " XQZABs"), "'XQZABs' of the engine's own was left in it"),
        (lambda g: (*g[:5], "Puerto", *g[6:]), "protected 'Porto' is missing"),
        (lambda g: ("La planta costó 3,2 millones a ", *g[1:]), "number 3,200,000,000 is missing, 3,200,000 was added"),
        (lambda g: (g[0].replace("3,2 mil millones", "mucho"), *g[1:]), "number 3,200,000,000 is missing"),
        (lambda _: ("The plant cost 3,2 mil millones for ", *UNIT[1:]), "it was left in the source language"),
        (lambda g: (*g[:-1], " el año anterior"), None),
        (lambda g: ("A 3,2 mil millones ", *g[1:6]), "the end of the sentence is missing"),
        (lambda g: tuple(p.upper() if isinstance(p, str) else p for p in g), "it came back in capitals"),
        (lambda g: (*g[:-1], " bla" * 40 + "."), "it repeats itself"),
        (lambda g: (*g[:-1], f" antes de {'ncopqrst' * 12} que nadie lo creyera."), "its length is"),
    ],
)
def test_each_check_names_its_fault(change: Any, problem: str | None) -> None:
    found = checks.problem_with(UNIT, change(GOOD), LanguagePair.of("en", "es"))
    assert found == problem if problem is None else problem in str(found)


def test_the_body_as_a_whole() -> None:
    before = '<p>One two three four five six <a href="https://a.example/">seven</a> eight nine ten eleven twelve.</p>'
    assert checks.problem_in_body(before, before) == "the body is the same as the source"
    assert "addresses changed" in str(checks.problem_in_body(before, before.replace("a.example", "b.example")))
    assert "lost its text" in str(checks.problem_in_body(before, before.replace(">seven<", "><")))
    assert checks.problem_in_body(before, before.replace("One two", "Uno dos")) is None


def test_the_router_goes_by_the_order_of_the_engines_from_any_text(make_release: Callable[..., Release]) -> None:
    spanish = {"headline": "Una planta", "body_html": "<p>Una planta.</p>"}
    release = make_release(translations={"es": spanish})
    far, near = Stub(pair=("en", "pt")), Stub(pair=("es", "pt"))
    far.pairs = lambda: {("en", "pt"): 2}
    assert [way.source for way in routing.routes(release, "pt-BR", [far, near])] == ["en", "es"]
    assert [way.source for way in routing.routes(release, "pt-BR", [near, far])] == ["es", "en"]


def test_the_router_takes_the_fewest_steps_that_an_engine_offers(make_release: Callable[..., Release]) -> None:
    release = make_release(translations={"es": {"headline": "Una planta", "body_html": "<p>Una planta.</p>"}})
    engine = Stub()
    engine.pairs = lambda: {("en", "pt"): 2, ("es", "pt"): 1}
    assert [way.source for way in routing.routes(release, "pt", [engine])] == ["es", "en"]
    assert routing.routes(release, "de", [engine]) == []
    assert routing.routes(make_release(language="en-GB"), "pt", [engine])[0].pair == ("en", "pt")
