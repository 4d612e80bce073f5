"""Editing single units of a translation: how they are typed, what a save keeps, and two editors at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import ledger, review
from tasks.ledger import audit
from tasks.model.acts import Act, Actor, Role
from tasks.model.documents import DocumentRefused
from tasks.review import in_place
from tasks.review.in_place import Editable
from tasks.translation.exchange import xliff
from tasks.translation.pieces import Close, Opaque, Open, Text
from tests.support.review_files import CHINESE
from tests.support.reviewing import make, planned, translation_file
from tests.support.samples import outlet

NAME, URL = Opaque(2, "Acme", kind="name"), Opaque(3, "acme.example", kind="url")
SOURCE: Text = ("Buy ", Open(1), "it {now} <1> ", NAME, Close(1), " at ", URL)


def units(number: int, language: str) -> dict[str, Editable]:
    """The units of a translation as an editor gets them."""
    with ledger.read() as connection:
        found = review.look(connection, number, language)
    pair = in_place.pair_of(found)
    with ledger.read() as connection:
        return {one.unit.id: one for one in in_place.editable(connection, found, pair)}


@pytest.fixture
def drafted(book: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    translation_file(tmp_path, monkeypatch, "engines: {opencc: {grade: draft}}")
    number = planned(outlet("a", languages=["zh-Hant"]), **CHINESE)
    make(number, "zh-Hant")
    return number


def test_a_text_comes_back_as_it_was_typed_whatever_stands_in_it() -> None:
    typed = in_place.as_typed(SOURCE, SOURCE)
    assert typed == "Buy <1>it {{now} {<}1> {2:Acme}</1> at {3:acme.example}"
    assert xliff.fitted(in_place.read_typed(typed, SOURCE), SOURCE) == (SOURCE, [])


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("{2:Acme} ", (NAME,)),
        ("{2}", (NAME,)),
        ("{2: Acme\r\n}", (NAME,)),
        ("{2:Acme AG}", ("Acme AG",)),
        ("a\r\n b {{2}", ("a b {2}",)),
        ("a < b {x} {<}1>", ("a < b {x} <1>",)),
    ],
)
def test_a_piece_that_was_left_alone_comes_back_and_other_words_are_words(typed: str, text: Text) -> None:
    assert xliff.fitted(in_place.read_typed(typed, SOURCE), SOURCE) == (text, [])


def test_a_number_that_the_source_has_not_is_no_word() -> None:
    assert xliff.fitted(in_place.read_typed("<7>a</7> {8}", SOURCE), SOURCE)[1] == ["7", "7", "8"]


def test_a_save_is_approved_recorded_and_shown_before_a_worker_has_built_it(drafted: int) -> None:
    before = units(drafted, "zh-Hant")["headline"]
    with audit.acting_as(Actor(Role.OPERATOR, "ann")):
        taken = in_place.save(drafted, "zh-Hant", "headline", "公司釋出新的軟體", before.stamp, by="ann")
    assert (taken.accepted, taken.remade) == (["headline"], True)
    saved = units(drafted, "zh-Hant")["headline"]
    assert (saved.typed, saved.done, before.done) == ("公司釋出新的軟體", True, False)
    make(drafted, "zh-Hant")
    built = units(drafted, "zh-Hant")["headline"]
    assert (built.typed, built.saved, built.unit.kind, built.stamp) == (saved.typed, None, "person", saved.stamp)
    with ledger.read() as connection:
        [entry] = audit.latest(connection, audit.Wanted(act=Act.IMPORT_TRANSLATION.value), 9)
    assert (entry["actor"], entry["new"]["units"]) == ("ann", {"headline": "公司釋出新的軟體"})


def test_a_link_that_is_lost_is_refused_and_nothing_is_kept(drafted: int) -> None:
    before = units(drafted, "zh-Hant")["paragraph-1.sentence-1"]
    assert before.typed == "該公司的<1>伺服器</1>執行新的軟體。"
    with pytest.raises(DocumentRefused, match=r"link to https://acme\.example/s\?a=1&b=2 is missing"):
        in_place.save(drafted, "zh-Hant", before.unit.id, "該公司的伺服器執行新軟體。", before.stamp, by="ann")
    assert units(drafted, "zh-Hant")["paragraph-1.sentence-1"].stamp == before.stamp


def test_of_two_editors_the_second_is_told_what_the_first_has_written(drafted: int) -> None:
    both = units(drafted, "zh-Hant")["headline"].stamp
    in_place.save(drafted, "zh-Hant", "headline", "公司釋出新的軟體", both, by="ann")
    for _ in range(2):  # before and after a worker has built it anew
        with pytest.raises(DocumentRefused, match=r"somebody else has changed it .* it says now “公司釋出新的軟體”"):
            in_place.save(drafted, "zh-Hant", "headline", "公司釋出全新軟體", both, by="bob")
        make(drafted, "zh-Hant")
    assert units(drafted, "zh-Hant")["headline"].typed == "公司釋出新的軟體"


@pytest.mark.parametrize(("unit", "typed"), [("headline", " \r\n"), ("nothing", "x")])
def test_what_says_nothing_or_is_of_no_unit_is_refused(drafted: int, unit: str, typed: str) -> None:
    with pytest.raises(DocumentRefused, match=r"is empty|no unit"):
        in_place.save(drafted, "zh-Hant", unit, typed, units(drafted, "zh-Hant")["headline"].stamp, by="ann")
