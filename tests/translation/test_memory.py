"""What was translated before is known again, and fits; what does not fit is never used."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.model.readers import read_release
from tasks.model.release import Release
from tasks.translation.drafts import Resources
from tasks.translation.engines.apertium import Apertium
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import entries, forms, packing, unit_records
from tasks.translation.memory.entries import APPROVED, Entry
from tasks.translation.pieces import Close, Opaque, Open, joined, shown
from tasks.translation.translate import draft

from . import press_release
from .bad_engines import foreign
from .samples import DOCUMENT, Stub, needs_apertium
from .test_hostile import grows


def entry(unit: Any, result: Any, maker: str = "stub 1") -> Any:
    found = entries.entry(unit, result, LanguagePair.of("en", "es"), maker)
    assert found is not None
    return found


def keys(unit: Any) -> Any:
    return forms.keys(unit, LanguagePair.of("en", "es"))


def remembered(unit: Any, result: Any, later: Any, maker: str = "stub 1") -> Any:
    """The result as it is for a later unit, if that is known by it."""
    kept = entry(unit, result, maker)
    return packing.unpack(kept.target, later) if kept.key in keys(later) else None


def amount(said: Any, written: str, id: int = 1) -> Any:
    return Opaque(id, written, kind="amount", said=said)


ACME = Opaque(1, "Acme", kind="name")


# --- the normal form


def test_last_years_sentence_is_known_again() -> None:
    kept = entry(("Sales rose in Q3 2024.",), ("Las ventas subieron en el T3 de 2024.",))
    later = ("Sales rose in Q3 2025.",)
    assert (kept.source, kept.key in keys(later)) == ("Sales rose in Q3 {year}.", True)
    assert packing.unpack(kept.target, later) == ("Las ventas subieron en el T3 de 2025.",)
    assert entries.entry(("In 2024.",), ("2024年。",), LanguagePair.of("en", "ja"), "x").source == "In {year}."


def test_two_years_keep_their_places_and_a_year_twice_is_only_itself() -> None:
    unit, result = ("From 2023 to 2024.",), ("Hasta 2024 desde 2023.",)
    assert remembered(unit, result, ("From 2030 to 2031.",)) == ("Hasta 2031 desde 2030.",)
    assert remembered(unit, result, ("From 2030 to 2030.",)) is None
    assert remembered(("In 2024 and 2024.",), ("En 2024.",), ("In 2025 and 2025.",)) is None


def test_a_year_that_the_translation_writes_in_another_way_is_kept_as_it_is() -> None:
    """Thai counts from another beginning."""
    kept = entries.entry(("In 2024.",), ("ในปี 2567",), LanguagePair.of("en", "th"), "x")
    assert kept.source == "In 2024."
    assert kept.key not in forms.keys(("In 2025.",), LanguagePair.of("en", "th"))


def test_a_year_that_was_hidden_from_the_engine_is_a_year_all_the_same() -> None:
    hidden = Opaque(1, "2024", kind="number")
    assert remembered(("In 2024.",), ("En ", hidden, "."), ("In 2025.",)) == ("En 2025.",)


def test_a_result_with_figures_of_its_own_is_good_for_that_sentence_only() -> None:
    assert remembered(("The 2024 season.",), ("La temporada 2024/25.",), ("The 2030 season.",)) is None
    unit, result = ("In Q3 of 2024.",), ("En el T3 de 2024.",)
    assert remembered(unit, result, ("In Q3 of 2025.",)) == ("En el T3 de 2025.",)
    five = amount("€5", "5 €")
    unit, result = ("It cost ", five, "."), ("Costó ", five, " (unos 5,80 dólares).")
    assert shown(remembered(unit, result, unit)) == "Costó 5 € (unos 5,80 dólares)."
    assert remembered(unit, result, ("It cost ", amount("€7", "7 €"), ".")) is None
    unit, result = ("1,234 people paid ", five, "."), ("1.234 personas pagaron ", five, ".")
    assert remembered(unit, result, ("1,234 people paid ", amount("€7", "7 €"), ".")) is not None


def test_of_two_pieces_that_look_alike_nobody_knows_which_is_which() -> None:
    unit = ("Sales were ", amount("€5", "5 €", 1), " and profit ", amount("€5", "5 €", 2), ".")
    result = ("El beneficio fue de ", unit[1], " y las ventas de ", unit[3], ".")
    assert shown(remembered(unit, result, unit)) == "El beneficio fue de 5 € y las ventas de 5 €."
    later = ("Sales were ", amount("€9", "9 €", 1), " and profit ", amount("€2", "2 €", 2), ".")
    assert remembered(unit, result, later) is None


def test_a_year_in_a_name_is_part_of_the_name() -> None:
    unit = ("In 2025 they met at ", Opaque(1, "Expo 2025", kind="name"), ".")
    result = ("En 2025 se vieron en ", Opaque(1, "Expo 2025", kind="name"), ".")
    assert shown(remembered(unit, result, ("In 2026 they met at ", unit[1], "."))) == (
        "En 2026 se vieron en Expo 2025."
    )


def test_amounts_dates_and_addresses_share_an_entry_and_names_do_not() -> None:
    unit = ("Sales of ", ACME, " rose to ", amount("€5", "5 €", 2), ".")
    result = (amount("€5", "5 €", 2), " vendió ", ACME, ".")
    later = ("Sales of ", ACME, " rose to ", amount("€7", "7 €", 9), ".")
    other = ("Sales of ", replace(ACME, shown="Norvik"), " rose to ", amount("€7", "7 €", 9), ".")
    assert remembered(unit, result, later) == (amount("€7", "7 €", 9), " vendió ", ACME, ".")
    assert remembered(unit, result, other) is None


def test_words_that_look_like_a_type_are_only_words() -> None:
    typed = ("See ", Opaque(1, "https://a.example", kind="url"), ".")
    assert keys(typed)[0] != keys(typed)[1]
    for text in ("See {url}.", "See {{url}.", "See <1>.", "See {<}1>."):
        assert not {*keys((text,))} & {*keys(typed), *keys(("See ", Open(1), ".", Close(1)))}
        assert not {*keys(("See ", Opaque(1, text[4:-1], kind="name"), "."))} & {*keys(typed)}


def test_quotation_marks_and_spaces_make_no_difference() -> None:
    assert keys(("“It’s  big,” he\u00a0said.",)) == keys(('"It\'s big," he said.',))


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (("en", "de"), ("en-US", "de-DE"), True),
        (("en-GB", "de"), ("en", "de"), True),
        (("en", "pt"), ("en", "pt-PT"), False),
        (("en", "zh-Hant"), ("en", "zh-TW"), True),
        (("en", "zh-Hant"), ("en", "zh-Hans"), False),
        (("en", "de"), ("en", "de-AT"), False),
        (("en", "uz"), ("en", "uz-Arab"), False),
        (("uz-Arab", "en"), ("uz", "en"), False),
    ],
)
def test_tags_that_say_the_same_share_entries(first: tuple[str, str], second: tuple[str, str], same: bool) -> None:
    assert (
        forms.keys(("The sea.",), LanguagePair.of(*first)) == forms.keys(("The sea.",), LanguagePair.of(*second))
    ) is same


# --- elements


def test_elements_are_renumbered_when_the_paragraph_gains_a_link() -> None:
    unit, result = ("See ", Open(1), "here", Close(1), "."), ("Véase ", Open(1), "aquí", Close(1), ".")
    later = ("See ", Open(4), "here", Close(4), ".")
    assert remembered(unit, result, later) == ("Véase ", Open(4), "aquí", Close(4), ".")


def test_elements_that_changed_places_go_where_they_belong() -> None:
    unit = (Open(1), "One", Close(1), " and ", Open(2), "two", Close(2), ".")
    result = (Open(2), "Dos", Close(2), " y ", Open(1), "uno", Close(1), ".")
    later = (Open(7), "One", Close(7), " and ", Open(5), "two", Close(5), ".")
    assert remembered(unit, result, later) == (Open(5), "Dos", Close(5), " y ", Open(7), "uno", Close(7), ".")


def test_a_result_that_lost_an_element_is_not_kept() -> None:
    assert (
        entries.entry(("See ", Open(1), "here", Close(1)), ("Véase aquí",), LanguagePair.of("en", "es"), APPROVED)
        is None
    )
    assert (
        entries.entry(("See ", Opaque(1, "", kind="image")), ("Véase",), LanguagePair.of("en", "es"), APPROVED) is None
    )


# --- names


def test_a_name_that_stands_twice_is_two_pieces() -> None:
    twice = (ACME, " and ", replace(ACME, id=2), " rose.")
    result = ("Subieron ", ACME, " y ", replace(ACME, id=2), ".")
    found = remembered(twice, result, twice)
    assert Counter(p for p in found if isinstance(p, Opaque)) == Counter((ACME, replace(ACME, id=2)))
    assert shown(found) == "Subieron Acme y Acme."


@pytest.mark.parametrize("before", [True, False])
def test_a_name_masked_in_one_version_only_makes_no_difference(before: bool) -> None:
    masked, plain = ("Shares of ", ACME, " rose."), ("Shares of Acme rose.",)
    result = ("Subió ", ACME, ".") if before else ("Subió Acme.",)
    first, second = (masked, plain) if before else (plain, masked)
    assert remembered(first, result, second) == (("Subió Acme.",) if before else ("Subió ", ACME, "."))


def test_a_name_inside_a_longer_word_is_no_name() -> None:
    ford = Opaque(1, "ford", kind="name")
    assert remembered((ford, " in Bradford"), (ford, " Bradford"), (ford, " in Bradford")) == (ford, " Bradford")
    korean = entries.entry((ACME, " rose"), (ACME, "는 올랐다"), LanguagePair.of("en", "ko"), "x")
    assert packing.unpack(korean.target, (ACME, " rose")) == (ACME, "는 올랐다")


# --- what does without a piece


def test_an_approved_translation_without_the_amount_is_good_for_that_sentence_only() -> None:
    """The words of a person stand for this amount; for another one they would be wrong."""
    unit, result = ("It cost ", amount("€5", "5 €"), "."), ("Costó cinco euros.",)
    kept = entry(unit, result, APPROVED)
    assert kept.source == "It cost €5."
    assert packing.unpack(kept.target, unit) == result
    assert kept.key not in keys(("It cost ", amount("€7", "7 €"), "."))


def test_no_entry_makes_an_amount_vanish() -> None:
    unit = ("It cost ", amount("€7", "7 €"), ".")
    assert packing.unpack('["Costó mucho."]', unit) is None
    assert packing.unpack('["Costó ",["piece",0],"."]', unit) == ("Costó ", unit[1], ".")


def test_the_room_asks_an_engine_where_an_approved_entry_would_lose_the_amount(
    make_release: Callable[..., Release],
) -> None:
    class Kept:
        def recall(self, keys: Any, maker: Any) -> Any:
            return dict.fromkeys(keys, '["Costó mucho."]') if maker == APPROVED else {}

    engine = Stub(lambda text: text.replace("The plant cost", "La planta costó"))
    release = make_release(headline="—", subheadline=None, body_html="<p>The plant cost $50 million.</p>")
    found = draft(release, "es", Resources([engine], Kept()))
    assert found.translation.body_html == "<p>La planta costó 50 millones de dólares.</p>"
    assert len(engine.asked) == 1


# --- any text, and anything that may stand in a ledger


WORDS = st.text(st.sampled_from("abz {}<>1/“\"'’,.{url}</1>\u00a0"), min_size=1, max_size=12)
NAMES = st.sampled_from(["Acme", "Acme Robotics", "Norvik", "ÉCO", "三菱", "{url}", "<1>"])
TYPED = st.sampled_from(["url", "email", "date", "amount", "image", "code"])


@st.composite
def units(draw: Any) -> Any:
    """A unit and a translation: its parts in another order, with other words."""
    groups, later_groups, results = [], [], []
    years = iter(draw(st.lists(st.integers(1900, 2089), unique=True, min_size=8, max_size=8)))
    kinds = st.sampled_from(["words", "name", "typed", "year", "element"])
    for id, what in enumerate(draw(st.lists(kinds, min_size=1, max_size=8)), 1):
        if what == "words":
            inner = later = (draw(WORDS),)
            other = (draw(WORDS),)
        elif what == "name":
            inner = later = other = (Opaque(id, draw(NAMES), kind="name"),)
        elif what == "typed":
            kind = draw(TYPED)
            inner = other = (Opaque(id, "" if kind == "image" else f"§{id}", kind=kind),)
            later = (Opaque(id + 50, "" if kind == "image" else f"§§{id}", kind=kind),)
        elif what == "year":
            year = next(years)
            inner = other = (f" {year} ",)
            later = (f" {3989 - year} ",)
        else:
            words = draw(WORDS)
            inner = (Open(id), words, Close(id))
            later = (Open(id + 50), words, Close(id + 50))
            other = (Open(id), draw(WORDS), Close(id))
        groups.append(inner)
        later_groups.append(later)
        results.append(other)
    order = draw(st.permutations(range(len(groups))))
    unit = joined(p for group in groups for p in group)
    later = joined(p for group in later_groups for p in group)
    result = joined(p for index in order for p in results[index])
    return unit, result, later


def plain(text: Any) -> Any:
    """What a reader sees, and where elements are."""
    return [piece.shown if isinstance(piece, Opaque) else piece for piece in text]


@settings(max_examples=300)
@given(units())
def test_what_is_kept_comes_back_the_same(three: Any) -> None:
    unit, result, _ = three
    kept = entry(unit, result)
    assert kept.key in keys(unit)
    found: Any = packing.unpack(kept.target, unit)
    assert joined(plain(found)) == joined(plain(result))
    assert Counter(p for p in found if isinstance(p, Opaque)) == Counter(p for p in unit if isinstance(p, Opaque))
    again = entries.entry(unit, found, LanguagePair.of("en", "es"), "stub 1")
    assert joined(plain(packing.unpack(again.target, unit))) == joined(plain(found))


@settings(max_examples=300)
@given(units())
def test_what_is_kept_fits_the_same_sentence_with_other_figures(three: Any) -> None:
    unit, result, later = three
    kept = entry(unit, result)
    if kept.key in keys(later):
        found = packing.unpack(kept.target, later)
        assert Counter(p for p in found if not isinstance(p, str) and getattr(p, "kind", "") != "name") == Counter(
            p for p in later if not isinstance(p, str) and getattr(p, "kind", "") != "name"
        )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=8,
)
PART = st.tuples(
    st.sampled_from(["open", "close", "solid", "piece", "year", "term", "literal", "x"]), st.integers(-2, 3)
)


@settings(max_examples=400)
@given(JSON.map(json.dumps) | st.lists(PART | st.text(max_size=3), max_size=8).map(json.dumps) | st.text(max_size=9))
@example("[" * 100_000)
@example('[["piece",true]]')
@example('[["piece",-1]]')
@example('[["open",0],["open",0],"x",["close",0],["close",0],["piece",0]]')
@example('[["close",0],"x",["open",0],["piece",0]]')
def test_a_damaged_entry_is_no_entry(packed: Any) -> None:
    unit = ("See ", Open(1), "it", Close(1), " in 2024 for ", amount("€5", "5 €", 2), ".")
    found = packing.unpack(packed, unit)
    if found is not None:
        assert [p for p in found if not isinstance(p, str | Opaque)] == [Open(1), Close(1)]
        assert unit[5] in found or packed.startswith('[["literal", 0]')


def test_texts_that_no_ledger_can_hold_are_not_kept() -> None:
    assert entries.entry(("half",), ("\ud800",), LanguagePair.of("en", "es"), "x") is None
    kept = entry(("nul \0",), ("nulo \0",))
    assert "\0" not in kept.source + kept.target


def test_work_grows_with_the_text_and_no_faster() -> None:
    def pieces(n: Any) -> None:
        unit = joined(p for id in range(1, n + 1) for p in (Open(id), "a ", Close(id), Opaque(id, "x.de", kind="url")))
        assert packing.unpack(entry(unit, unit).target, unit) == unit

    def names(n: Any) -> None:
        unit = joined(p for id in range(1, n + 1) for p in (" and ", Opaque(id, "Acme", kind="name")))
        assert packing.unpack(entry(unit, unit).target, unit) == unit

    def years(n: Any) -> None:
        unit = ("In 2024 and 2025. " * n,)
        assert packing.unpack(entry(unit, unit).target, unit) == unit

    gc.disable()  # what others in this process have left must not be counted
    try:
        for work, n in ((pieces, 500), (names, 500), (years, 1000)):
            assert grows(work, n) < 10
    finally:
        gc.enable()


def test_an_entry_is_what_the_ledger_keeps() -> None:
    assert entry(("The sea.",), ("El mar.",)) == Entry(keys(("The sea.",))[0], "stub 1", "The sea.", '["El mar."]')


@needs_apertium
@pytest.mark.parametrize("language", ["es", "pt", "fr"])
@pytest.mark.parametrize("document", [DOCUMENT, press_release.DOCUMENT], ids=["short", "press release"])
def test_a_whole_release_comes_back_byte_for_byte(document: Any, language: str) -> None:
    """From memory, and for a correction from what the version before said; an engine is not even asked."""

    class Kept(dict[Any, Any]):
        def recall(self, keys: Any, maker: Any) -> Any:
            return {key: self[key] for key in keys if key in self} if maker != APPROVED else {}

    release = read_release(document)
    first = draft(release, language, Resources([Apertium()]))
    learned = first.learned()
    assert len({entry.key for entry in learned}) > 10
    silent: Any = Silent()
    from_memory = draft(release, language, Resources([silent], Kept({entry.key: entry.target for entry in learned})))
    assert from_memory.translation.body_html == first.translation.body_html
    earlier = unit_records.earlier(unit_records.from_json(unit_records.to_json(first)))
    corrected = draft(release, language, Resources([silent], earlier=earlier))
    assert corrected.translation.model_dump() == first.translation.model_dump()


class Silent(Apertium):
    """Knows the pairs, and may not be asked."""

    def translate(self, units: Any, source: str, target: str) -> Any:
        raise AssertionError(units)


def test_what_was_translated_beside_other_sentences_stays_in_its_release(make_release: Callable[..., Release]) -> None:
    """A sentence of a hostile release must not colour another one that the next release has as well."""
    alone, together = Stub(foreign), Stub(foreign)
    together.capabilities = replace(together.capabilities, read_together=True)
    drafts = [draft(make_release(), "es", Resources([engine])) for engine in (alone, together)]
    assert all(found.translation for found in drafts)
    assert drafts[0].learned()
    assert not drafts[1].learned()
    assert all(part.packed for part in unit_records.from_json(unit_records.to_json(drafts[1])) if part.engine)


def test_what_a_newer_worker_keeps_of_a_unit_can_be_read(make_release: Callable[..., Release]) -> None:
    kept = json.loads(unit_records.to_json(draft(make_release(), "es", Resources([Stub(foreign)]))))
    newer = json.dumps([{**one, "of_tomorrow": [1]} for one in kept])
    assert unit_records.from_json(newer) == unit_records.from_json(json.dumps(kept))
