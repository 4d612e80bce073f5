"""Engines that spoil a text must be stopped, and the reason must say where and what."""

from __future__ import annotations

import re

import pytest

from tasks.translation import TranslationHeld, translate
from tasks.translation.errors import Fatal, QuotaUsedUp, Retryable, Unsupported
from tasks.translation.pieces import Close, Opaque, Open

from .samples import Stub

WORDS = str.maketrans("aeiou", "eioua")


def changed(text):
    """Other words of the same length: a foreign language as far as the checks can see."""
    return text.translate(WORDS)


def without(kind):
    return lambda unit: tuple(changed(p) if isinstance(p, str) else p for p in unit if not isinstance(p, kind))


def emptied(unit):
    """Keeps the elements and drops what is in them, as the German release that began all this."""
    result, depth = [], 0
    for piece in unit:
        depth -= isinstance(piece, Close)
        if depth == 0 or not isinstance(piece, str | Opaque):
            result.append(changed(piece) if isinstance(piece, str) else piece)
        depth += isinstance(piece, Open)
    return tuple(result)


def doubled(unit):
    return tuple(
        changed(p) if isinstance(p, str) else p for piece in unit for p in [piece] * (1 + isinstance(piece, Opaque))
    )


def swapped(text):
    numbers = re.findall(r"\d+", text)
    return re.sub(r"\d+", lambda _: numbers.pop(), changed(text)) if len(set(numbers)) > 1 else changed(text)


BAD = {
    "echo": Stub(),
    "uppercase": Stub(str.upper),
    "foreign capitals": Stub(lambda text: changed(text).upper()),
    "empty": Stub(lambda _: ""),
    "spaces": Stub(lambda _: "   "),
    "truncate": Stub(whole=lambda unit: tuple(changed(p) if isinstance(p, str) else p for p in unit[: len(unit) // 2])),
    "half": Stub(lambda text: changed(text)[: len(text) // 2]),
    "babble": Stub(lambda text: changed(text) * 4),
    "drop opaque": Stub(whole=without(Opaque)),
    "double opaque": Stub(whole=doubled),
    "other numbers": Stub(
        lambda text: re.sub(r"\d", lambda found: str(9 - int(found[0])), changed(text)), inline="none"
    ),
    "no marks": Stub(changed, inline="none"),
    "leak": Stub(lambda text: changed(text) + " XQZABs"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_engine_is_stopped(make_release, name):
    with pytest.raises(TranslationHeld, match=r"^stub en→es: (headline|subheadline|paragraph|heading|list item)"):
        translate(make_release(), "es", engines=[BAD[name]])


@pytest.mark.parametrize("kind", [Open | Close, Open, Close])
def test_lost_marks_are_mended_by_the_next_rung(make_release, kind):
    """An engine that drops the marks of inline elements still gives a whole text: every anchor is translated alone."""
    release = make_release()
    made = translate(release, "es", engines=[Stub(whole=without(kind))])
    assert re.findall(r'href="[^"]*"', made.body_html) == re.findall(r'href="[^"]*"', release.html)
    assert not re.search(r"<a [^>]*></a>", made.body_html)


def test_emptied_anchors_are_mended_by_the_next_rung(make_release):
    made = translate(make_release(), "es", engines=[Stub(whole=emptied)])
    assert ">e bog stip fur <b>uar castumirs</b></a>" in made.body_html


def test_numbers_that_change_places_are_taken_away_from_the_engine(make_release):
    release = make_release(
        headline="A new plant",
        subheadline=None,
        body_html="<p>They sold 12 boats and 40 nets last week, they said.</p>",
    )
    made = translate(release, "es", engines=[Stub(swapped)])
    assert made.body_html.index("12") < made.body_html.index("40")


def test_the_reason_names_unit_check_and_missing_element(make_release):
    def loses_the_amount(unit):
        return tuple(
            changed(p) if isinstance(p, str) else p for p in unit if not (isinstance(p, Opaque) and "euros" in p.shown)
        )

    with pytest.raises(TranslationHeld) as held:
        translate(make_release(), "es", engines=[Stub(whole=loses_the_amount)])
    assert held.value.reason == (
        "stub en→es: paragraph 1, sentence 2: protected '3,2 mil millones de euros' is missing"
    )


@pytest.mark.parametrize(
    ("error", "again"), [(Retryable, True), (QuotaUsedUp, True), (Unsupported, False), (Fatal, False)]
)
def test_an_engine_that_gives_no_answer_holds_the_translation(make_release, error, again):
    def fail(_):
        raise error("it is gone")

    with pytest.raises(TranslationHeld, match="stub en→es: it is gone") as held:
        translate(make_release(), "es", engines=[Stub(fail)])
    assert held.value.again is again
