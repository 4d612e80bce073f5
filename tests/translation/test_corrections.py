"""What a correction costs and what it leaves alone, with a real ledger: memory, house texts and the glossary."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine as Database
from sqlalchemy import select, update

from tasks import ledger, pipeline, planning
from tasks.building.translations import build_translation
from tasks.formatting import house_text
from tasks.ledger import glossary_terms, memory_entries, outlets, releases, translation_rows
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.schema import memory as memory_table
from tasks.model.release import Translation
from tasks.operations import sweep
from tasks.runtime.settings import settings
from tasks.translation.engine_support import registry
from tasks.translation.engines.apertium import Apertium
from tasks.translation.errors import Retryable
from tasks.translation.exchange import aligned_texts
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory.entries import APPROVED
from tasks.translation.pieces import shown
from tests.support.samples import outlet, release

from .samples import needs_apertium
from .test_bad_engines import changed

FIRST = "Acme opened a new factory near the river today."
SECOND = 'The <a href="https://acme.example/plan">plan of the company</a> was approved by the city in 2024.'
THIRD = "More than 300 people will work there from May 5, 2026."
FOURTH = "The old factory was closed by the company."
BODY = f"<p>{FIRST} {SECOND}</p><p>{THIRD}</p><p>{FOURTH}</p>"
LANGUAGES = ("es", "pt", "fr")

pytestmark = pytest.mark.usefixtures("book")


class Counting:
    """An engine that notes what it is asked, of a model that can be upgraded, and that can break down."""

    name = "apertium"
    capabilities = Apertium.capabilities

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.version = 1
        self.dies_after: int | None = None
        self._real = Apertium()

    def pairs(self) -> Any:
        return {("en", language): 1 for language in LANGUAGES}

    def model(self, source: str, target: str) -> str:
        return f"model {self.version}"

    def translate(self, units: Any, source: str, target: str) -> Any:
        if self.dies_after is not None and len(self.asked) + len(units) > self.dies_after:
            raise Retryable("it died")
        self.asked += map(shown, units)
        return self.results(units, source, target)

    def results(self, units: Any, source: str, target: str) -> Any:
        return self._real.translate(units, source, target)

    def count(self) -> int:
        """How many units it was asked for since the last time."""
        count = len(self.asked)
        self.asked.clear()
        return count


class Babbling(Counting):
    """The same without Apertium: other words of the same length, others after an upgrade."""

    def results(self, units: Any, source: str, target: str) -> Any:
        def said(piece: Any) -> Any:
            return (changed if self.version == 1 else lambda text: changed(changed(text)))(piece)

        return [tuple(said(p) if isinstance(p, str) else p for p in unit) for unit in units]


Usage = Callable[[type[Counting]], Counting]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Usage:
    """Makes an engine the only one there is."""

    def one(kind: type[Counting]) -> Counting:
        engine = kind()
        monkeypatch.setattr(
            registry, "load_registry", lambda _=None: registry.ConfiguredEngines({"apertium": engine}, {})
        )
        return engine

    return one


def make(version: int = 1, body: str = BODY, languages: tuple[str, ...] = ("es",), **fields: Any) -> dict[str, Any]:
    """A version of a release, and what each language became."""
    wanted = release(version=version, body_html=body, headline=fields.pop("headline", "Acme opens a factory"), **fields)
    with ledger.write() as connection:
        outlets.put(connection, [outlet("all", languages=["en", *languages])], time.time())
        number = releases.take(connection, wanted, ledger.now(connection)).release_id
    planning.plan(number, time.time())
    found = {}
    for language in languages:
        held = build_translation(number, language).held
        with ledger.read() as connection:
            found[language] = held.get(language) or translation_rows.finished(
                connection, TranslationKey(number, language)
            )
    return found


def blocks(made: Translation) -> list[str]:
    return made.body_html.removesuffix("</p>").removeprefix("<p>").split("</p><p>")


KINDS = [
    pytest.param(Babbling, ("es",), id="babble"),
    pytest.param(Counting, LANGUAGES, id="apertium", marks=needs_apertium),
]


@pytest.mark.parametrize(("kind", "languages"), KINDS)
def test_a_correction_of_one_sentence_asks_for_one_unit_in_each_language(
    use: Usage, kind: type[Counting], languages: tuple[str, ...]
) -> None:
    engine = use(kind)
    first = make(languages=languages)
    assert engine.count() >= 5 * len(languages)
    second = make(2, BODY.replace("The old factory was closed", "The old factory was sold"), languages)
    assert len(engine.asked) == len(languages)
    assert set(engine.asked) == {"The old factory was sold by the company."}
    for language in languages:
        assert second[language].headline == first[language].headline
        assert blocks(second[language])[:2] == blocks(first[language])[:2]
        assert blocks(second[language])[2] != blocks(first[language])[2]


@pytest.mark.parametrize(("kind", "languages"), KINDS)
def test_a_link_more_and_a_paragraph_elsewhere_change_nothing_else(
    use: Usage, kind: type[Counting], languages: tuple[str, ...]
) -> None:
    engine = use(kind)
    first = make(languages=languages)
    engine.count()
    link = '<a href="https://acme.example/new">'
    linked = FIRST.replace("a new factory", f"{link}a new factory</a>")
    second = make(2, f"<p>{FOURTH}</p><p>{linked} {SECOND}</p><p>{THIRD}</p>", languages)
    assert {asked for asked in engine.asked if len(asked) > 15} == {FIRST}
    for language in languages:
        old, new = blocks(first[language]), blocks(second[language])
        assert new[2] == old[1]
        assert new[0] == old[2]
        plan = '<a href="https://acme.example/plan">'
        assert new[1][new[1].index(plan) :] == old[0][old[0].index(plan) :]
        assert link in new[1]


@pytest.mark.parametrize(("kind", "languages"), KINDS)
def test_after_an_upgrade_a_correction_stays_as_it_is_and_a_new_release_is_asked_anew(
    use: Usage, kind: type[Counting], languages: tuple[str, ...]
) -> None:
    engine = use(kind)
    first = make(languages=languages)
    everything = engine.count()
    engine.version = 2
    second = make(2, BODY.replace("was closed", "was sold"), languages)
    assert engine.count() == len(languages)
    for language in languages:
        assert blocks(second[language])[:2] == blocks(first[language])[:2]
        assert second[language].model == "model 1; model 2"
    other = make(body=BODY.replace("was closed", "was sold"), languages=languages, uri="urn:x:other")
    assert engine.count() == everything - len(languages)  # the one sentence it has made already
    assert {made.model for made in other.values()} == {"model 2"}


def test_another_release_with_the_same_sentences_costs_nothing(use: Usage) -> None:
    engine = use(Babbling)
    first = make()["es"]
    engine.count()
    later = BODY.replace("2024", "2025").replace("May 5, 2026", "June 7, 2027")
    second = make(body=later, uri="urn:x:other")["es"]
    assert engine.count() == 0
    same = first.body_html.replace("2024", "2025").replace("5 de mayo de 2026", "7 de junio de 2027")
    assert second.body_html == same


@pytest.mark.parametrize("dies_after", [1, 3])
def test_an_interrupted_translation_asks_only_for_the_rest(
    use: Usage, monkeypatch: pytest.MonkeyPatch, dies_after: int
) -> None:
    engine = use(Babbling)
    monkeypatch.setattr(Babbling, "capabilities", Apertium.capabilities.__class__(inline="native", units=1))
    engine.dies_after = dies_after
    held = make()["es"]
    assert "it died" in held
    done = list(engine.asked)
    assert len(done) == dies_after
    engine.dies_after = None
    engine.count()
    with ledger.write() as connection:
        number = releases.find(connection, release().uri).id
        connection.execute(update(ledger.schema.engines).values(rest_until=0))
    assert build_translation(number, "es").held == {}
    assert not set(done) & set(engine.asked)
    assert len(engine.asked) == 5 - dies_after


# --- house texts, glossary, imports


def test_a_house_text_in_a_release_is_in_the_words_of_the_house(use: Usage) -> None:
    engine = use(Babbling)
    made = make(body=f"<p>{FOURTH}</p><h2>Media contact</h2><p>Sports</p>", languages=("es", "de"))
    heading = house_text("es").texts.contact
    assert made["es"].body_html.endswith(f"<h2>{heading}</h2><p>Deporte</p>")
    assert "Media contact" not in engine.asked
    assert made["de"].startswith("no engine for en→de")
    alone = make(headline="Sports", body="<p>Sports</p>", languages=("de",), uri="urn:x:sport")["de"]
    assert (alone.headline, alone.status) == ("Sport", "approved")


def test_an_approved_entry_wins_over_the_house(use: Usage) -> None:
    use(Babbling)
    entry = aligned_texts.entry("Sports", "Leibesübungen", LanguagePair.of("en", "de"))
    assert entry is not None
    with ledger.write() as connection:
        row = {"source_language": "en", "target_language": "de", "origin": "a.csv"}
        memory_entries.keep(connection, [vars(entry) | row], now=1.0)
    assert make(headline="Sports", body="<p>Sports</p>", languages=("de",))["de"].headline == "Leibesübungen"


def test_what_people_approved_in_another_variant_serves_and_the_nearest_goes_first(use: Usage) -> None:
    engine = use(Babbling)
    words = {"de-AT": "Wir verkaufen Semmeln", "de-CH": "Wir verkaufen Weggli", "de": "Wir verkaufen Brötchen"}

    def headline(language: str, *approved: str) -> str:
        with ledger.write() as connection:
            for tag in approved:
                entry = aligned_texts.entry("We sell bread rolls", words[tag], LanguagePair.of("en", tag))
                assert entry is not None
                row = {"source_language": "en", "target_language": tag, "origin": "a.csv"}
                memory_entries.keep(connection, [vars(entry) | row], now=1.0)
        uri = f"urn:x:{language}:{len(approved)}"
        body = "<p>We sell bread rolls</p>"
        made = make(languages=(language,), uri=uri, headline="We sell bread rolls", body=body)
        return str(made[language].headline)

    assert headline("de", "de-AT") == words["de-AT"]
    assert headline("de-AT", "de-AT", "de-CH") == words["de-AT"]
    assert headline("de", "de-AT", "de-CH", "de") == words["de"]
    assert headline("de-AT") == words["de-AT"]
    assert engine.count() == 0


def test_what_an_engine_made_for_one_variant_is_not_taken_for_another(use: Usage) -> None:
    engine = use(Babbling)
    make(languages=("es",))
    asked = engine.count()
    assert asked > 0
    make(languages=("es-419",), uri="urn:x:other")
    assert engine.count() == asked


def test_the_glossary_of_the_ledger_is_used(use: Usage) -> None:
    engine = use(Babbling)
    row = {"source_language": "en", "source": "factory", "match_case": False, "forbidden": False, "part": None}
    with ledger.write() as connection:
        glossary_terms.put(connection, [row | {"target_language": "es", "target": "fábrica"}])
        glossary_terms.put(connection, [row | {"target_language": "es", "target": "planta"}])
        glossary_terms.put(connection, [row | {"target_language": "de", "target": "Werk"}])
        assert [found.target for found in glossary_terms.listed(connection, sources=["en"], targets=["es"])] == [
            "planta"
        ]
    made = make()["es"]
    assert made.body_html.count("planta") == 2
    engine.count()
    with ledger.write() as connection:
        glossary_terms.put(connection, [row | {"target_language": "es", "target": "nave"}])
    again = make(uri="urn:x:other")["es"]
    assert again.body_html == made.body_html.replace("planta", "nave")
    assert engine.count() == 0


# --- forgetting


def test_what_engines_made_is_forgotten_after_its_days_in_small_portions(
    book: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = 24 * sweep.HOUR
    present = 1000 * day
    monkeypatch.setattr(sweep, "FORGOTTEN", 2)
    monkeypatch.setattr(sweep._Forgetting, "due", 0.0)

    def keep(key: str, maker: str, days: float) -> None:
        row = {"key": key, "maker": maker, "source": "", "target": "[]", "source_language": "en", "origin": "x"}
        with ledger.write() as connection:
            memory_entries.keep(connection, [row | {"target_language": "de"}], now=present - days * day)

    def left() -> set[tuple[str, str]]:
        with ledger.read() as connection:
            return {tuple(row) for row in connection.execute(select(memory_table.c.key, memory_table.c.maker))}

    for key in "abc":
        keep(key, "stub 1", settings().memory_days + 1)
    keep("a", APPROVED, 10_000)
    keep("d", "stub 1", settings().memory_days - 1)
    pipeline.sweep_ledger(present)
    assert len(left()) == 3
    pipeline.sweep_ledger(present)
    assert left() == {("a", APPROVED), ("d", "stub 1")}
    keep("e", "stub 1", settings().memory_days + 1)
    pipeline.sweep_ledger(present + 60)
    assert ("e", "stub 1") in left()
    pipeline.sweep_ledger(present + sweep.HOUR)
    assert ("e", "stub 1") not in left()
