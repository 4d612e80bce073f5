"""What an editor has to look at in a draft is marked, with the reason in words, and the text stays the text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tasks.translation import doubts
from tasks.translation.checks import Problem
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Close, Opaque, Open, Text, joined

NAME = Opaque(2, "Norvik Tidal", kind="name")


def marked(
    target: Text, source: Text, into: str, faults: Sequence[Problem] = (), of: str = "en"
) -> list[tuple[str, str]]:
    found = doubts.stretches(target, source, LanguagePair.of(of, into), faults)
    assert joined(piece for piece, _ in found) == target
    return [(doubt.kind, piece.shown if isinstance(piece, Opaque) else str(piece)) for piece, doubt in found if doubt]


@pytest.mark.parametrize(
    ("target", "words", "wanted"),
    [
        ("la planta de de Porto", ("de de",), ["de de"]),
        ("la planta de\u00a0de Porto", ("de de",), ["de\u00a0de"]),
        ("La Stationary planta", ("stationary",), ["Stationary"]),
        ("de, desde, de", ("de",), ["de", "de"]),
        ("工厂的的开业", ("的的",), ["的的"]),
        ("ça va !", ("!",), ["!"]),
        ("nothing of it", ("absent", "", " "), []),
        ("(a+b)", ("a+b",), ["a+b"]),
    ],
)
def test_words_at_fault_are_found_where_they_stand(target: str, words: tuple[str, ...], wanted: list[str]) -> None:
    found = marked((target,), ("source",), "fr", [Problem("doubled", "it is doubled", words)])
    assert [said for kind, said in found if kind == "fault"] == wanted


def test_a_fault_across_an_element_marks_every_part_of_it() -> None:
    target: Text = ("la planta ", Open(1), "de", Close(1), " de ", NAME)
    found = marked(target, ("x",), "es", [Problem("doubled", "it is doubled", ("de de", "Norvik"))])
    assert found == [("fault", "de"), ("fault", " de"), ("fault", "Norvik Tidal")]


@pytest.mark.parametrize(
    ("into", "target", "wanted"),
    [
        ("es", "Creció 14 % a 3,2 millones en 2026.", ["14 %", "3,2 millones", "2026"]),
        ("fr", "en hausse de 6 400 emplois", ["6"]),
        ("de", "Am 5. März kamen 120 Gäste.", ["5", "März", "120"]),
        ("ja", "売上高は200万円だった。", ["200万円"]),
        ("ar", "ارتفعت بنسبة 12 بالمئة", ["12"]),
        ("es", "No hay cifras aquí.", []),
    ],
)
def test_figures_among_the_words_are_to_be_compared(into: str, target: str, wanted: list[str]) -> None:
    found = [said for kind, said in marked((target,), ("x",), into) if kind == "figure"]
    assert [word for word in wanted if not any(said.startswith(word) for said in found)] == []
    assert len(found) == len(wanted)


@pytest.mark.parametrize(
    ("into", "source", "target", "wanted"),
    [
        ("es", "The plant in Kuala Lumpur is open.", "La planta en Kuala Lumpur está abierta.", ["Kuala Lumpur"]),
        ("es", "It is open. He said so.", "Está abierta. Dijo que sí.", []),
        ("es", "“It is open,” he said.", "“Está abierta”, dijo.", []),
        ("es", "The Chair of the board", "La Silla del consejo", ["Silla"]),
        ("de", "The plant is open.", "Das Werk hat einen neuen Hafen.", []),  # all nouns have capitals
        ("de", "The plant of Northgate is open.", "Das Werk von Northgate ist offen.", ["Northgate"]),
        ("es", "Plans And Other Things", "Planes Y Otras Cosas Nuevas", []),  # a title
        ("ja", "The Northgate plant", "新しいNorthgateの工場", ["Northgate"]),
        ("ru", "The plant in Porto", "Завод в городе Порту открыт", ["Порту"]),
    ],
)
def test_words_that_may_be_names_are_to_be_compared(into: str, source: str, target: str, wanted: list[str]) -> None:
    assert [said for kind, said in marked((target,), (source,), into) if kind == "name"] == wanted


def test_what_rules_protect_needs_no_second_look_and_a_change_of_script_neither() -> None:
    assert marked(("de ", NAME, " en ", Opaque(3, "5 millones", kind="amount")), ("x",), "es") == []
    assert marked(("公司有 350 名員工",), ("公司有 350 名员工",), "zh-Hant", of="zh-Hans") == []


def test_a_fault_comes_before_a_figure() -> None:
    problem = Problem("quantity", "number 15 was added", ("15",))
    assert marked(("son 15 plantas",), ("x",), "es", [problem]) == [("fault", "15")]


def test_a_check_that_names_very_many_words_marks_only_so_many() -> None:
    problem = Problem("x", "y", tuple(f"w{number:04}" for number in range(1000)))
    text = " ".join(problem.words)
    found = [said for kind, said in marked((text,), ("x",), "es", [problem]) if kind == "fault"]
    assert len(found) == doubts.MOST_WORDS


def test_a_word_that_the_reason_does_not_name_has_it_all_the_same() -> None:
    problem = Problem("spelling", "'celda' is Spanish, not French", ("celda", "litio"))
    found = doubts.stretches(("une celda de litio",), ("x",), LanguagePair.of("en", "fr"), [problem])
    assert [(piece, doubt.why) for piece, doubt in found if doubt] == [
        ("celda", problem.text),
        ("litio", f"the same here: {problem.text}"),
    ]
