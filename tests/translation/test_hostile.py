"""Bodies that somebody wrote to hold a worker: bounds, the deadline, work that grows no faster than the text."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from inspect import isfunction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from tasks.model.languages import LanguageTag
from tasks.model.markup import clean_html
from tasks.model.release import Release
from tasks.runtime.settings import Settings
from tasks.translation import checks, typography
from tasks.translation.bounds import MAX_CHARACTERS, MAX_INLINES, SECONDS, Deadline
from tasks.translation.drafts import Resources
from tasks.translation.engines.apertium import Apertium
from tasks.translation.engines.opencc import OpenCC
from tasks.translation.errors import TranslationHeld
from tasks.translation.fallbacks import translate_texts
from tasks.translation.figures.amounts import amounts_written
from tasks.translation.figures.dates import stretches_in
from tasks.translation.figures.labels import labels_in
from tasks.translation.figures.quantities import counted
from tasks.translation.figures.recogniser import exact_in
from tasks.translation.figures.times_of_day import times_written
from tasks.translation.holes import holes
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Close, Open, joined, shown
from tasks.translation.protection import masking, proper_names
from tasks.translation.protection.capitals import Capitals
from tasks.translation.protection.name_words import name_words
from tasks.translation.protection.placeholders import beginning_for
from tasks.translation.segmentation.sentences import split
from tasks.translation.translate import draft, engine_job, translate
from tests.support.stepped_time import SteppedTime

from .samples import Stub, needs_apertium
from .test_bad_engines import changed

CHINESE: dict[str, Any] = {"language": "zh-Hans", "headline": "公司开业", "subheadline": None, "translations": {}}


def grows(work: Any, n: Any) -> Any:
    """How many times longer four times as much takes: 4 if it is linear, 16 if it is quadratic; the best of three."""

    def seconds(size: Any) -> Any:
        _forget_texts()
        begun = time.process_time()
        work(size)
        return time.process_time() - begun

    work(n)  # compiles patterns
    longer, shorter = [seconds(4 * n)], [seconds(n)]
    if longer[0] < 5 * max(shorter[0], 2e-3):  # whatever runs beside it, 16 never looks like this
        return longer[0] / max(shorter[0], 2e-3)
    return min(longer + [seconds(4 * n) for _ in range(2)]) / max(min(shorter + [seconds(n) for _ in range(2)]), 2e-3)


def _forget_texts() -> None:
    """What was kept of texts that were read before would make the second reading short, however long they are."""
    rooms = [module for name, module in sys.modules.items() if name.startswith("tasks.translation")]
    for found in {found for room in rooms for found in vars(room).values() if isfunction(found)}:
        if hasattr(found, "forget"):
            found.forget()


def inlines(n: Any) -> None:
    unit = joined(piece for id in range(1, n + 1) for piece in (Open(id), "业", Close(id), "厂"))
    pair = LanguagePair.of("zh-Hans", "zh-Hant", script_only=True)
    job = engine_job(OpenCC(), ("zh-Hans", "zh-Hant"), pair, Deadline())
    assert translate_texts(job, [unit]).outcomes[0].problem is None


def masked(text: str) -> Any:
    return lambda n: list(masking._ALWAYS.finditer(text * n + "!"))


def spoken(text: str) -> Any:
    return lambda n: [list(pattern.finditer(text * n)) for pattern in proper_names._introductions("en")]


def capitalised(text: str) -> Any:
    return lambda n: list(Capitals.of(f"a {text * n} a.", name_words("en")).names([]))


def set_as(language: str, text: str) -> Any:
    return lambda n: typography.mended((text * n,), (text * n,), LanguagePair.of("en", language))


WORK = {
    "inline elements": (inlines, 200),
    "quotation marks": (set_as("es", "“業”"), 1000),
    "closed quotations": (set_as("es", "”a?"), 1000),
    "no-break spaces": (set_as("fr", "\u00a0"), 2000),
    "one word": (masked("a"), 4000),
    "at signs": (masked("a@"), 4000),
    "domains": (masked("com."), 4000),
    "addresses": (masked("http://."), 4000),
    "capitals": (spoken("A"), 2000),
    "capitals and apostrophes": (spoken("A’"), 2000),
    "particles": (spoken("Aa de "), 2000),
    "spaces": (lambda n: list(holes(f"<p>a{' ' * n}b .{' ' * n}(</p>", LanguageTag("en"))), 2000),
    "articles": (lambda n: list(holes(f"<p>{'the of ' * n}</p>", LanguageTag("en"))), 1000),
    "rows of capitals": (capitalised("Xa "), 500),
    "rows of initials": (capitalised("A. "), 500),
    "rows of particles": (capitalised("Xa de "), 500),
    "codes": (masked("A-1-"), 2000),
    "codes of letters": (masked("A-A-"), 2000),
    "paths": (masked("/a"), 4000),
    "words with underscores": (masked("a_"), 4000),
    "points": (lambda n: list(labels_in("1." * n + "a", "en")), 4000),
    "versions": (lambda n: list(labels_in("version " + "1.1.1 to " * n, "en")), 1000),
    "days": (lambda n: list(stretches_in("May 1 to 2 " * n, "en")), 1000),
    "times": (lambda n: list(times_written("9.30 to " * n + "10 a.m. CET ", "en", "de")), 1000),
    "ranges": (lambda n: list(amounts_written("€5 to 7 million-" * n, "en", "ja")), 200),
    "single marks": (set_as("de", "‘a’ "), 1000),
    "apostrophes": (set_as("de", "‘a’a’ "), 1000),
    "abbreviations": (lambda n: split(("e.g. No. 5 a.m. " * n,), LanguageTag("en")), 500),
    "digits and apostrophes": (lambda n: list(exact_in("1’" * n, "en")), 2000),
    "digits": (lambda n: list(masking.number_rule(LanguagePair.of("en", "es")).pattern.finditer("1" * n + "a")), 4000),
    "numbers": (lambda n: counted("1 a " * n, "en"), 500),
    "words left": (
        lambda n: checks.problem_with(
            (text := " ".join(f"a{letters(i)}" for i in range(n)),), (text,), LanguagePair.of("en", "es")
        ),
        500,
    ),
}


def letters(number: Any) -> Any:
    return "".join(chr(97 + number // 26**place % 26) for place in range(3))


@pytest.mark.parametrize("name", WORK)
def test_work_grows_with_the_text_and_no_faster(name: Any) -> None:
    work, n = WORK[name]
    assert grows(work, n) < 10  # by ratio, and loosely: other work may run beside it


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<b>业</b>厂" * (MAX_INLINES + 1), r"paragraph 2: it has 501 inline elements, more than 500$"),
        ("业" * (MAX_CHARACTERS + 1), r"paragraph 2: it has 20,001 characters, more than 20,000$"),
    ],
)
def test_what_nobody_writes_is_held(make_release: Callable[..., Release], body: str, reason: str) -> None:
    with pytest.raises(TranslationHeld, match=r"^zh-Hans→zh-Hant: " + reason) as held:
        translate(make_release(**CHINESE, body_html=f"<p>开业</p><p>{body}</p>"), "zh-Hant")
    assert not held.value.again


def test_a_long_text_in_reasonable_blocks_is_made(make_release: Callable[..., Release]) -> None:
    body = ("<p>" + "业" * 9_000 + "</p>") * 5 + "<p>" + "<b>业</b>厂" * MAX_INLINES + "</p>"
    assert "<b>業</b>廠" in translate(make_release(**CHINESE, body_html=body), "zh-Hant").body_html


def test_terms_that_do_not_stand_in_the_text_cost_nothing_and_too_many_that_do_are_held(
    make_release: Callable[..., Release],
) -> None:
    terms = [f"{letters(number)}{letters(number // 7)}" for number in range(4_000)]
    release = make_release(**CHINESE, body_html="<p>开业</p>", protect=terms)
    assert translate(release, "zh-Hant").body_html == "<p>開業</p>"
    release = make_release(**CHINESE, body_html="".join(f"<p>业 {term}</p>" for term in terms), protect=terms)
    with pytest.raises(TranslationHeld, match=r"^zh-Hans→zh-Hant: it has too many protected terms and names"):
        translate(release, "zh-Hant")


def test_a_translation_stops_when_its_time_is_over(make_release: Callable[..., Release]) -> None:
    assert Settings.model_fields["build_lease"].default > SECONDS
    clock = SteppedTime()

    def slow(text: str) -> Any:
        clock.now += 1.0
        return changed(text)

    engine = Stub(slow)
    release = make_release(body_html="<p>The plant was opened by the minister today.</p>" * 400)
    held = draft(release, "es", Resources([engine, Stub(slow)], time_source=clock))
    assert held.translation is None
    assert held.reason == "stub en→es: took longer than 120 s"
    assert held.again  # what is done by then is remembered
    assert len(engine.asked) < 150


PICTURE = "media:img-4ef827c90d68"
UNSEEN = ["\u200b", "\u00ad", "\ufeff", "\ue000", "\u200b\u2060 \u00ad"]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_a_stretch_that_nobody_sees_is_left_as_it_is(make_release: Callable[..., Release], unseen: Any) -> None:
    link = f'<a href="https://a.example/">{unseen}</a>'
    image = f'<img src="https://a.example/i.png" alt="{unseen}">'
    body = f"<p>{unseen}</p><p>开业{link}</p><p>{link}</p><p>{image}</p><p>{unseen}<b>开业</b></p>"
    made = translate(make_release(**CHINESE | {"headline": unseen + "x" + unseen}, body_html=body), "zh-Hant")
    beside_words = " " if " " in unseen else ""
    expected = body.replace(f"<p>{unseen}<b>", f"<p>{beside_words}<b>").replace("开业", "開業")
    expected = re.sub("<p>(<img.*?>)</p>", r"<figure>\1</figure>", expected).replace("https://a.example/i.png", PICTURE)
    assert made.body_html == clean_html(expected)
    assert made.headline == "x"


def test_a_headline_that_nobody_sees_stays(make_release: Callable[..., Release]) -> None:
    made = translate(make_release(**CHINESE | {"headline": "\u200b"}, body_html="<p>开业</p>"), "zh-Hant")
    assert (made.headline, made.body_html) == ("\u200b", "<p>開業</p>")


def test_a_text_with_every_placeholder_in_it_has_one_left() -> None:
    text = "XQZ QXJ ZXQ JQX WXQ QQXXZZ QQQQQ"
    assert beginning_for(text) not in text
    assert len(beginning_for(text)) == 5


def test_a_scale_word_that_only_looks_like_one_is_none() -> None:
    assert len(counted("5 m\u0131llion", "en").values) == 1
    assert list(exact_in("€5 m\u0131llion", "en")) == []


@needs_apertium
@pytest.mark.parametrize("text", ["^", "^$", "^@", "b ^$@ ½", "^ $ @ said ^^", "x^2", "sea^", "_^_", "2^ $"])
def test_a_sign_on_which_apertium_hangs_never_reaches_it(text: str) -> None:
    assert shown(Apertium().translate([(text,)], "en", "es")[0]).count("^") == text.count("^")


BITS = st.sampled_from(
    ["公司", "开业", "“", "”", "「", '"', "'", "€3.2", "$5M", "1.2.3", "1’000", "12٫5", "２", "²", "5%", "on",
     "A. Inc.", "2026年1月5日", "a@b.example", "https://x.example/?a=1&b", "www.", "~", "\u200b", "\xad", "\ufeff",
     "\u202e", "\ue001", "\ue003", "XQZAB", "QQXXZZ", "[[t:a:1]]x[[/]]", "\\", "^$@", "{}", "\x0b", "\x1c", "&nbsp;",
     "\u2028", "&#0;", "&#xD800;", "&lt;b&gt;", "。", "?", "!", "¿", "said", "5\u00a0m\u0131llion",
     "The plant opened."]
)  # fmt: skip
TAGS = st.sampled_from(
    ["p", "li", "ul", "ol", "dl", "dd", "table", "tr", "td", "th", "caption", "blockquote", "pre", "h2", "figure", "b",
     "em", "q", "s", "sup", "code"]
)  # fmt: skip
LINKS = BITS.map(
    lambda text: f'<a href="https://x.example/?q=%22&amp;w" title="{text.replace(chr(34), "")}">{text}</a>'
)
MARKED = st.sampled_from(
    ['<img src="https://x.example/i" alt="公 司">', "<br>", "<hr>", "<b></b>", '<i lang="fr">le</i>',
     '<span translate="no">x</span>', '<a href="mailto:a@b.example"></a>', "<b> </b>", "<!--x-->"]
)  # fmt: skip
NODES = st.recursive(
    BITS | LINKS | MARKED,
    lambda inner: st.tuples(TAGS, st.lists(inner, max_size=5)).map(
        lambda pair: f"<{pair[0]}>{' '.join(pair[1])}</{pair[0]}>"
    ),
    max_leaves=25,
)


def addresses(body: Any) -> Any:
    root = lxml_html.fragment_fromstring(body, create_parent="div")
    return Counter(node.get("href") or node.get("src") for node in root.iter("a", "img"))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=NODES, script=st.booleans())
def test_any_body_is_translated_with_every_link_or_held(
    make_release: Callable[..., Release], body: Any, script: Any
) -> None:
    engines = [OpenCC()] if script else [Stub(lambda text: re.sub("[a-z]", "e", text))]
    given = CHINESE if script else {"subheadline": None}
    release = make_release(**given, body_html=f"<p>业</p>{body}", protect=["公司", "~", '"'])
    try:
        made = translate(release, "zh-Hant" if script else "es", engines=engines)
    except TranslationHeld:
        assert not script  # that can be changed in any text
        return
    assert addresses(made.body_html) == addresses(release.html)
