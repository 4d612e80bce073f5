"""Units as markup and back: what was written is read again, and marks that cannot be trusted are left out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tasks.translation.engine_support import tags
from tasks.translation.pieces import Close, Opaque, Open, Piece, joined

ACME, SEALOOM = Opaque(7, "Acme & Co"), Opaque(9, "SeaLoom 3")
UNIT = (ACME, " opens ", Open(4), "a ", Open(5), "big", Close(5), " plant", Close(4), " for ", SEALOOM, ".")


def unit_of(parts: Any) -> Any:
    """A unit with every mark at most once and well nested, from any list of numbers and strings."""
    pieces: list[Piece] = []
    opened: list[int] = []
    for number, part in enumerate(parts):
        if isinstance(part, str):
            pieces.append(part)
        elif part == 0:
            pieces.append(Opaque(number, f"N{number}", kind="name"))
        elif part == 1:
            opened.append(number)
            pieces.append(Open(number))
        elif opened:
            pieces.append(Close(opened.pop()))
    return joined([*pieces, *(Close(number) for number in reversed(opened))])


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=12)


@given(st.lists(WORDS | st.integers(0, 2), max_size=12), st.booleans())
def test_what_was_written_is_read(parts: Any, fill: Any) -> None:
    unit = unit_of(parts)
    assert tags.read(tags.write(unit, fill=fill), unit) == unit


@given(st.text(max_size=40))
def test_it_is_well_formed_whatever_the_words_are(text: str) -> None:
    etree.fromstring(f"<root>{tags.write((Open(1), text.encode('utf-8', 'replace').decode(), Close(1)))}</root>")


def test_ids_begin_at_one_and_no_address_is_in_it() -> None:
    assert tags.write(UNIT, fill=True, attributes=' translate="no"') == (
        '<x id="1" translate="no">Acme &amp; Co</x> opens <a id="1">a <a id="2">big</a> plant</a> for '
        '<x id="2" translate="no">SeaLoom 3</x>.'
    )


def test_tags_may_go_with_their_words() -> None:
    markup = """<x id="2"/> et <a id="1">une</a>&#39;&quot; <X ID='1' />"""
    unit = (ACME, Open(3), "a", Close(3), SEALOOM)
    assert tags.read(markup, unit) == (SEALOOM, " et ", Open(3), "une", Close(3), "'\" ", ACME)


@pytest.mark.parametrize(
    ("markup", "left"),
    [
        ("<b>Olé</b>.", ("Olé.",)),
        ('<div style="direction:rtl">Olé.</div>', ("Olé.",)),
        ('<a id="7">Olé</a>.', ("Olé.",)),
        ("Olé</a>.", ("Olé.",)),
        ('<x id="7">Olé</x>.', ("Olé.",)),
        ('<x id="1">Olé.', ("Olé.",)),
    ],
)
def test_tags_that_were_never_sent_are_no_words(markup: str, left: tuple[str]) -> None:
    assert tags.read(markup, ("Hello.",)) == left


def test_a_tag_in_the_words_is_a_word() -> None:
    unit = ("Write <b> & </b>.",)
    assert tags.read("Écrivez &lt;b&gt; &amp; &lt;/b&gt;.", unit) == ("Écrivez <b> & </b>.",)
    assert tags.read("Écrivez <b> & </b>.", unit) == ("Écrivez <b> & </b>.",)


@pytest.mark.parametrize("content", ["Acme and the others", "Acmé & Co", "<a id='1'>Acme</a>"])
def test_an_opaque_tag_that_swallowed_or_changed_words_is_not_believed(content: str) -> None:
    result = tags.read(f'<x id="1">{content}</x> abre.', (ACME, " opens."))
    assert not any(isinstance(piece, Opaque) for piece in result)


def test_the_sign_for_an_element_may_come_back_as_another() -> None:
    sign = Opaque(1_000_001, "…")
    assert tags.read('<x id="1">...</x> abre.', (sign, " opens.")) == (sign, " abre.")
    assert sign not in tags.read('<x id="1">la</x> abre.', (sign, " opens."))


def test_duplicates_stay_for_the_checks_to_count() -> None:
    unit = (Open(1), "a", Close(1), ACME)
    assert tags.read('<a id="1">b</a> <a id="1">c</a> <x id="1"/><x id="1"/>', unit).count(ACME) == 2


class TestTornElements:
    """deepl-python #72: the last syllables of a link stand behind it."""

    UNIT = ("The ", Open(1), "Saudi Arabia", Close(1), " deal.")

    @pytest.mark.parametrize(
        "markup", ['El <a id="1">Arabia Sau</a>dí.', 'El ara<a id="1">bia Saudí</a>.', 'В <a id="1">Арав</a>ии']
    )
    def test_one_that_ends_within_a_word_is_left_out(self, markup: str) -> None:
        assert Open(1) not in tags.read(markup, self.UNIT)

    @pytest.mark.parametrize(
        "markup",
        ["그 <a id='1'>사우디</a>는", "与<a id='1'>沙特</a>的", "و<a id='1'>السعودية</a>", "l’<a id='1'>Arabie</a>-S"],
    )
    def test_scripts_that_join_words_may(self, markup: str) -> None:
        assert Open(1) in tags.read(markup, self.UNIT)

    def test_one_that_did_so_in_the_source_may_again(self) -> None:
        unit = ("The ", Open(1), "turbine", Close(1), "s turn.")
        assert Open(1) in tags.read('Las <a id="1">turbina</a>s giran.', unit)


class TestHeapedPieces:
    """deepl-python #93: all ignored tags stand at the start of the sentence."""

    UNIT = ("Page ", ACME, " updated on ", SEALOOM, " by us.")

    def test_those_that_were_swept_together_are_left_out(self) -> None:
        assert tags.read('<x id="1"/><x id="2"/> Página actualizada por nosotros.', self.UNIT) == (
            " Página actualizada por nosotros.",
        )

    @pytest.mark.parametrize(
        "markup",
        [
            '<x id="1"/> actualizada <x id="2"/> Página.',
            '<x id="2"/><x id="1"/> Página.',
            'Página <x id="1"/><x id="2"/>.',
        ],
    )
    def test_other_orders_are_the_languages_own(self, markup: str) -> None:
        assert {ACME, SEALOOM} <= {*tags.read(markup, self.UNIT)}

    def test_neighbours_may_stay_neighbours(self) -> None:
        unit = (ACME, " (", SEALOOM, ") opens.")
        assert tags.read('<x id="1"/> (<x id="2"/>) abre.', unit) == (ACME, " (", SEALOOM, ") abre.")
