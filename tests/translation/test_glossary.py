"""Words that every engine must keep, and words that no translation may have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tasks.model.release import Release
from tasks.translation.drafts import Resources
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import entries, forms, packing
from tasks.translation.memory.entries import APPROVED
from tasks.translation.pieces import Opaque, shown
from tasks.translation.protection import glossary, masking
from tasks.translation.protection.glossary import Term
from tasks.translation.translate import draft

from .samples import Stub
from .test_bad_engines import changed
from .test_hostile import grows

PLANT = Term("en", "es", "plant", "central")


def masked(
    text: str, *terms: Any, release: Any = None, source: str = "en", target: str = "es", script_only: bool = False
) -> Any:
    pair = LanguagePair.of(source, target, script_only=script_only).with_terms(terms)
    rules = masking.rules_for(pair, release, text, within=text)
    return masking.mask((text,), rules)


def found(text: str, *terms: Any, **more: Any) -> Any:
    return [(p.said or p.shown, p.shown) for p in masked(text, *terms, **more) if isinstance(p, Opaque)]


# --- what is found


def test_a_term_is_an_opaque_piece_with_the_targets_words() -> None:
    piece = masked("They opened a plant.", PLANT)[1]
    assert (piece.kind, piece.said, piece.shown) == ("term", "plant", "central")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("A power plant and a plant.", [("power plant", "central eléctrica"), ("plant", "central")]),
        ("Plants, planting, implant", []),
        ("Plant sales rose. Plant sales fell.", [("Plant", "Central"), ("Plant", "Central")]),
        ("The Plant is open.", [("Plant", "central")]),
        ("https://a.example Plant", [("https://a.example", "https://a.example"), ("Plant", "central")]),
        ("The PLANT is open.", [("PLANT", "central")]),
        ("See https://plant.example/plant now", [("https://plant.example/plant", "https://plant.example/plant")]),
        ("Volt and volt", [("Volt", "Volt")]),
    ],
)
def test_the_longest_whole_words_are_taken_in_the_case_that_is_asked_for(text: str, terms: list[Any]) -> None:
    power = Term("en", "es", "power plant", "central eléctrica")
    assert found(text, PLANT, power, Term("en", "es", "Volt", "Volt", match_case=True)) == terms


def test_names_of_the_release_win(make_release: Callable[..., Release]) -> None:
    release = make_release(protect=["Plant Tycoon"])
    assert found("Plant Tycoon is a plant.", PLANT, release=release) == [
        ("Plant Tycoon", "Plant Tycoon"), ("plant", "central"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "text", "term"),
    [
        ("ja", "新しいAI技術の工場", "工場"),
        ("ja", "新しいAI技術の工場", "AI"),
        ("ko", "새 공장은", "공장"),
        ("th", "โรงงานใหม่", "โรงงาน"),
        ("zh-Hans", "新工厂开业", "工厂"),
    ],
)
def test_scripts_without_spaces_have_words_too(source: str, text: str, term: str) -> None:
    assert found(text, Term(source, "es", term, "X"), source=source) == [(term, "X")]


def test_an_engine_that_only_changes_the_script_keeps_terms_too() -> None:
    term = Term("zh-Hans", "zh-Hant", "工厂", "廠房")
    assert found("新工厂开业", term, source="zh-Hans", target="zh-Hant", script_only=True) == [("工厂", "廠房")]


def test_the_more_particular_tag_wins() -> None:
    terms = [
        Term("en", "pt", "plant", "usina"), Term("en", "pt-PT", "plant", "central"), Term("en", "de", "plant", "Werk"),
    ]  # fmt: skip
    assert [t.target for t in glossary.applicable(terms, "en", "pt-PT")] == ["central"]
    assert [t.target for t in glossary.applicable(terms, "en-GB", "pt-BR")] == ["usina"]
    assert [t.target for t in glossary.applicable(terms, "en", "pt-AO")] == ["usina"]
    assert glossary.applicable(terms, "fr", "pt") == []


@pytest.mark.parametrize("region", ["es", "es-MX", "es-419"])
def test_a_term_of_a_language_holds_in_all_its_countries_and_regions(region: str) -> None:
    assert glossary.applicable([PLANT], "en-150", region) == [PLANT]


def test_a_large_glossary_and_a_long_text_cost_no_more_than_both_together() -> None:
    terms = [Term("en", "es", f"a{number} b", "x") for number in range(500)]
    assert grows(lambda n: masked("a1 b plant " * n, *terms, PLANT), 500) < 10


# --- what comes of it


@pytest.fixture
def short(make_release: Callable[..., Release]) -> Any:
    return make_release(
        headline="Power for all", subheadline=None, body_html="<p>The new plant was opened by the minister.</p>"
    )


class Kept(dict[Any, Any]):
    """A memory that keeps what drafts have learned."""

    def recall(self, keys: Any, maker: Any) -> Any:
        return {key: self[key, maker] for key in keys if (key, maker) in self}

    def learn(self, made: Any, *more: Any) -> None:
        for entry in [*made.learned(), *more]:
            self[entry.key, entry.maker] = entry.target


def test_every_engine_keeps_the_term(short: Any) -> None:
    engine = Stub(changed)
    made = draft(short, "es", Resources([engine], terms=[PLANT]))
    assert "central" in made.translation.body_html
    assert any(isinstance(piece, Opaque) and piece.shown == "central" for unit in engine.asked for piece in unit)


def test_an_engine_that_loses_the_term_is_refused(short: Any) -> None:
    engine = Stub(whole=lambda unit: tuple(changed(p) for p in unit if isinstance(p, str)))
    made = draft(short, "es", Resources([engine], terms=[PLANT]))
    assert "'central' is missing" in str(made.reason)


def test_a_changed_glossary_leaves_no_stale_memory(short: Any) -> None:
    kept, engine = Kept(), Stub(changed)

    def body(*terms: Any) -> Any:
        made = draft(short, "es", Resources([engine], kept, terms=terms))
        kept.learn(made)
        return made.translation.body_html

    def asked() -> Any:
        count = len(engine.asked)
        engine.asked.clear()
        return count

    with_term = body(PLANT)
    assert asked() == 2
    other = Term("en", "es", "plant", "fábrica")
    assert body(other) == with_term.replace("central", "fábrica")
    assert asked() == 0  # the sentence around it is the same
    assert "central" not in body()
    assert asked() == 1  # without the term it is another sentence
    assert body(PLANT) == with_term
    assert asked() == 1  # the engine's own word was remembered, and is not the glossary's


def test_what_a_person_approved_follows_a_changed_term_and_outlives_it() -> None:
    unit, result = masked("The plant is open.", PLANT), ("La ", masked("plant", PLANT)[0], " abrió.")
    result = tuple(piece if isinstance(piece, str) else unit[1] for piece in result)
    kept = entries.entry(unit, result, LanguagePair.of("en", "es"), APPROVED)
    other = masked("The plant is open.", Term("en", "es", "plant", "fábrica"))
    assert shown(packing.unpack(kept.target, other) or ()) == "La fábrica abrió."
    without = masked("The plant is open.")
    assert kept.key in forms.keys(without, LanguagePair.of("en", "es"))
    assert shown(packing.unpack(kept.target, without) or ()) == "La central abrió."
    by_engine = entries.entry(unit, result, LanguagePair.of("en", "es"), "stub 1")
    assert packing.unpack(by_engine.target, without) is None


@pytest.mark.parametrize("approved", [False, True])
def test_a_unit_with_a_forbidden_word_is_refused_and_the_word_is_named(
    make_release: Callable[..., Release], approved: bool
) -> None:
    release = make_release(headline="A new plant", subheadline=None, body_html="<p>Very good.</p>")
    words = {"A new plant": "Una planta nueva", "Very good.": "Muy bueno."}
    engine, kept = Stub(lambda text: words.get(text, text)), Kept()
    if approved:
        kept.learn(draft(release, "es", Resources([])), entries.entry(
            ("A new plant",), ("Una planta nueva",), LanguagePair.of("en", "es"), APPROVED
        ))  # fmt: skip
    forbidden = Term("en", "es", "plant", "planta", forbidden=True)
    made = draft(release, "es", Resources([engine], kept, terms=[forbidden]))
    assert made.translation is None
    assert "stub en→es: headline: the glossary forbids 'planta' (for 'plant')" in str(made.reason)
    assert draft(release, "es", Resources([engine], kept)).translation.headline == "Una planta nueva"


def test_only_whole_words_are_forbidden_and_not_in_names() -> None:
    forbidden = [Term("en", "es", "plant", "planta", forbidden=True)]
    assert glossary.problem(("Las plantas",), forbidden) is None
    assert glossary.problem((Opaque(1, "Planta SA", kind="name"),), forbidden) is None
    assert glossary.problem(("La PLANTA",), forbidden) == "the glossary forbids 'planta' (for 'plant')"
    assert glossary.problem((Opaque(1, "planta", kind="term"),), forbidden) is not None
    exact = [Term("en", "de", "Handy", "Handy", match_case=True, forbidden=True)]
    assert glossary.problem(("Das Handy",), exact) == "the glossary forbids 'Handy'"
    assert glossary.problem(("Das ist handy",), exact) is None
