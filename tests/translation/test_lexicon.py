"""What sentences of the memory teach of words, for engines that do not say where theirs went."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from tasks.model.release import Release
from tasks.translation.alignment import lexicon, plain_sentences
from tasks.translation.alignment.lexicon import Lexicon
from tasks.translation.alignment.projection import projected
from tasks.translation.drafts import Resources
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Close, Open, Text
from tasks.translation.translate import draft

from .samples import Stub
from .toy.language import PARTICLE, marked, pairs, with_elements

TOY = LanguagePair.of("en", "eo")


@pytest.fixture(scope="module")
def learnt() -> Lexicon:
    found = lexicon.learnt(pair.texts for pair in islice(pairs(5), 300))
    assert found is not None
    return found


def without_particle(text: Text) -> str:
    """Of a particle that stands for no word nobody can learn whose it is."""
    said = "".join(
        piece if isinstance(piece, str) else f"<{piece.id}>" if isinstance(piece, Open) else f"</{piece.id}>"
        for piece in text
        if isinstance(piece, str | Open | Close)
    )
    return said.replace(f" {PARTICLE}", "")


def test_elements_follow_their_words(learnt: Lexicon) -> None:
    dice = random.Random(3)
    right = wrong = 0
    for pair in islice(pairs(77), 200):
        elements = with_elements(pair, dice)
        pair.links = [() if word == PARTICLE else links for word, links in zip(pair.toy, pair.links, strict=True)]
        source, wanted = marked(pair, elements)
        whole, made = plain_sentences.shown(source), pair.texts[1]
        result = projected(whole, plain_sentences.shown((made,)), learnt.links(whole.text, made))
        right += result is not None and without_particle(result) == without_particle(wanted)
        wrong += result is not None and without_particle(result) != without_particle(wanted)
    assert right >= 180
    assert wrong <= 2


def test_a_word_that_was_seen_too_seldom_is_not_guessed_and_a_figure_is_itself(learnt: Lexicon) -> None:
    found = {
        ("the old zeppelin sold 87 boats."[slice(*link.source)], "navi veta zepelo 87 vendis."[slice(*link.target)])
        for link in learnt.links("the old zeppelin sold 87 boats.", "navi veta zepelo 87 vendis.")
    }
    assert found == {("old", "veta"), ("87", "87"), ("sold", "vendis")}


def test_few_sentences_teach_nothing() -> None:
    assert lexicon.learnt(pair.texts for pair in islice(pairs(5), lexicon.LEAST - 1)) is None
    assert lexicon.learnt([("word " * 100, "palabra " * 100)] * 200) is None


TRANSLATED = {"the new tower closed a mill.": "turova nova mulin ko fermis."}


@pytest.mark.parametrize("inline", ["plain", "placeholder"])
def test_an_engine_that_says_nothing_of_its_words_gets_whole_sentences(
    make_release: Callable[..., Release], learnt: Lexicon, inline: Any
) -> None:
    asked: list[LanguagePair] = []

    def known(pair: LanguagePair) -> Any:
        asked.append(pair)
        return learnt.links

    engine = Stub(lambda text: TRANSLATED.get(text, "xyz"), inline=inline, pair=("en", "eo"))
    body = '<p>the <a href="https://x.example/">new tower</a> closed a mill.</p>'
    release = make_release(headline="the new tower closed a mill.", subheadline=None, body_html=body, contacts=[])
    found = draft(release, "eo", Resources([engine], lexicon=known)).units
    made = {unit.text for unit in found if len(unit.text) > 1}
    assert [(one[0], one[2]) for one in made] == [(Open(1), Close(1))]
    assert next(iter(made))[1] == "turova nova"
    assert len(asked) == 1
    assert all(len(unit) == 1 for unit in engine.asked)


def test_where_no_element_is_nobody_asks_for_a_lexicon(make_release: Callable[..., Release]) -> None:
    def never(_: LanguagePair) -> Any:
        raise AssertionError

    release = make_release(headline="the new tower", subheadline=None, body_html="<p>a mill.</p>", contacts=[])
    for inline in ("native", "placeholder", "plain"):
        draft(release, "eo", Resources([Stub(inline=inline, pair=("en", "eo"))], lexicon=never))
