"""Planning: who gets a release and in which languages, and what has to be built for it."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, func, select, update

from tasks import ledger, planning
from tasks.ledger import counts, outlet_profiles, outlets, releases, rendition_rows, translation_rows
from tasks.ledger.artifacts import RenditionKey, TranslationKey
from tasks.ledger.schema import deliveries as rows
from tasks.ledger.schema import outlet_profile_terms
from tasks.ledger.schema import outlet_profiles as profile_rows
from tasks.ledger.schema import outlets as outlet_rows
from tasks.ledger.schema import releases as release_rows
from tasks.model.states import Hold
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, states
from tests.support.samples import URI, outlet, release

pytestmark = pytest.mark.usefixtures("book")
GERMAN = {"de": {"headline": "Werk eröffnet", "subheadline": "In Porto", "body_html": "<p>Text</p>"}}
EMBARGO = "2027-01-15T09:00:00Z"
KILL: dict[str, Any] = {"version": 2, "status": "canceled", "body_html": None}


def planned(policy: planning.Policy = planning.no_approval, **fields: Any) -> tuple[int, planning.Plan | None]:
    """A release in the ledger and its plan."""
    with ledger.write() as connection:
        number = releases.take(connection, release(**fields), NOW).release_id
    return number, planning.plan(number, NOW, policy)


def deliver(number: int, *languages: str) -> None:
    """Bring what outlets get in these languages to them."""
    for language in languages:
        render(number, language)
    finish(*map(result, claim()))


def wanted(number: int) -> set[tuple[str, str]]:
    """Outlet and language of every delivery of a release."""
    with ledger.read() as connection:
        found = connection.execute(select(rows.c.outlet_id, rows.c.language).where(rows.c.release_id == number))
        return {(row.outlet_id, row.language) for row in found}


# --- who gets it


@pytest.mark.parametrize(
    ("said", "taken", "languages"),
    [
        ({}, {}, ["en"]),
        ({}, {"languages": ["de", "en"]}, ["de", "en"]),
        ({}, {"country": "DE"}, []),
        ({"countries": ["DE", "PT"]}, {}, ["en"]),
        ({"countries": []}, {"country": "DE"}, ["en"]),
        ({}, {"circuits": ["other"]}, []),
        ({}, {"circuits": ["other", "iberia"]}, ["en"]),
        ({}, {"circuits": []}, []),
        ({"circuits": []}, {"circuits": []}, ["en"]),
        ({"circuits": []}, {"circuits": ["other"]}, ["en"]),
        ({}, {"topics": ["15000000"]}, []),
        ({}, {"topics": ["15000000", "04000000"]}, ["en"]),
        ({}, {"machine_translation": "refuse", "languages": ["en", "ko", "de"]}, ["en", "de"]),
        ({}, {"machine_translation": "approved", "languages": ["en", "ko", "de"]}, ["en", "ko", "de"]),
    ],
)
def test_matching(said: dict[str, Any], taken: dict[str, Any], languages: list[str]) -> None:
    asked = release(**{"countries": ["PT"], "circuits": ["iberia"], "translations": GERMAN} | said)
    assert list(planning.matches(asked, outlet(**{"circuits": ["iberia"]} | taken))) == languages


BRITISH = {"en-GB": {"headline": "A plant, in British", "body_html": "<p>Text</p>"}}
BRAZILIAN = {"pt-BR": {"headline": "Fábrica", "body_html": "<p>Texto</p>"}}


@pytest.mark.parametrize(
    ("said", "taken", "languages"),
    [
        ({"language": "en-US"}, {"languages": ["en"]}, ["en"]),
        ({"language": "en"}, {"languages": ["en-GB"]}, ["en-GB"]),
        ({"language": "en-US"}, {"languages": ["en"], "machine_translation": "refuse"}, ["en"]),
        ({"language": "zh-TW"}, {"languages": ["zh-Hant"], "machine_translation": "refuse"}, ["zh-Hant"]),
        ({"language": "zh-TW"}, {"languages": ["zh-Hans"], "machine_translation": "refuse"}, []),
        ({"translations": BRAZILIAN}, {"languages": ["pt"], "machine_translation": "refuse"}, ["pt"]),
        # the same text once
        ({"language": "en-US"}, {"languages": ["en", "en-US"]}, ["en-US"]),
        ({"language": "en-US"}, {"languages": ["en-GB", "en-AU", "de"]}, ["en-GB", "de"]),
        ({"language": "en-US", "translations": BRITISH}, {"languages": ["en", "en-GB"]}, ["en", "en-GB"]),
        ({"language": "en-US", "translations": BRITISH}, {"languages": ["en-GB", "en-AU", "en"]}, ["en-GB", "en"]),
        ({"language": "de"}, {"languages": ["en", "en-US", "zh-Hans", "zh-Hant"]}, ["en", "zh-Hans", "zh-Hant"]),
        ({"language": "de"}, {"languages": ["pt-PT", "pt-BR"]}, ["pt-PT"]),
        # one variant only
        ({"language": "en-US"}, {"languages": ["en-GB"], "variants": "exact"}, []),
        ({"language": "en-US"}, {"languages": ["en"], "variants": "exact"}, ["en"]),  # CLDR: the same
        ({"language": "en-US"}, {"languages": ["en", "en-US"], "variants": "exact"}, ["en-US"]),
        ({"language": "en-US"}, {"languages": ["en-GB", "en-US"], "variants": "exact"}, ["en-US"]),
        ({"language": "en-US", "translations": BRITISH}, {"languages": ["en-GB"], "variants": "exact"}, ["en-GB"]),
        ({"language": "de"}, {"languages": ["en", "en-US", "en-GB"], "variants": "exact"}, ["en", "en-GB"]),
        ({"translations": BRAZILIAN}, {"languages": ["pt-PT", "pt"], "variants": "exact"}, ["pt"]),
    ],
)
def test_variants_of_a_language_match_and_the_same_text_comes_once(
    said: dict[str, Any], taken: dict[str, Any], languages: list[str]
) -> None:
    assert list(planning.matches(release(**said), outlet(**taken))) == languages


def test_a_text_for_another_variant_is_at_hand_and_needs_no_engine() -> None:
    receivers(outlet("a", languages=["en"]), outlet("b", languages=["en-US"]), outlet("c", languages=["pt"]))
    number, plan = planned(language="en-US", translations=BRAZILIAN)
    assert plan == planning.Plan(f"{URI} v1", 5, 3, [], ["en", "en-US", "pt"])
    with ledger.read() as connection:
        found = [translation_rows.finished(connection, TranslationKey(number, tag)) for tag in ("en", "en-US", "pt")]
    assert [(text.language, text.written_in, text.engine) for text in found if text] == [
        ("en", "en-US", "source"), ("en-US", "en-US", "source"), ("pt", "pt-BR", "supplied"),
    ]  # fmt: skip


def test_the_audience_says_why_a_variant_is_not_among_an_outlets_languages() -> None:
    receivers(outlet("both", languages=["en", "en-US"]), outlet("british", languages=["en-GB", "de"], variants="exact"))
    number, _ = planned(language="en-US")
    assert audience(number) == {
        "both": (["en-US"], {"en": "gets the same text in en-US"}),
        "british": (["de"], {"en-GB": "takes no other variant of en-GB"}),
    }
    assert wanted(number) == {("both", "en-US"), ("british", "de")}


def test_a_correction_goes_on_in_the_language_in_which_the_outlet_has_the_release() -> None:
    """Whatever variant its producer writes in by now: another language would be another item to the outlet."""
    receivers(outlet("a", languages=["en", "en-US"]))
    first, _ = planned(language="en")
    assert wanted(first) == {("a", "en")}
    deliver(first, "en")
    second, _ = planned(version=2, language="en-US")
    assert wanted(second) == {("a", "en")}
    deliver(second, "en")
    kill, _ = planned(**KILL | {"version": 3}, language="en-US")
    assert wanted(kill) == {("a", "en")}


def test_an_outlet_that_has_two_variants_gets_a_correction_of_both() -> None:
    receivers(outlet("a", languages=["en", "en-GB"]))
    first, _ = planned(language="en-US", translations=BRITISH)
    deliver(first, "en", "en-GB")
    second, _ = planned(version=2, language="en-US")
    assert wanted(second) == {("a", "en"), ("a", "en-GB")}


def test_a_correction_reaches_one_that_takes_one_variant_only_and_has_an_older_version() -> None:
    receivers(outlet("a", languages=["en-GB"], variants="exact"))
    first, _ = planned(language="en-US", translations=BRITISH)
    deliver(first, "en-GB")
    second, plan = planned(version=2, language="en-US")
    assert wanted(second) == {("a", "en-GB")}
    assert plan is not None
    assert plan.to_translate == []


def audience(number: int) -> dict[str, tuple[list[str], dict[str, str]]]:
    with ledger.read() as connection:
        return {one.outlet.id: (one.languages, one.refused) for one in planning.audience(connection, number)}


def test_the_audience_is_whom_planning_chooses_and_says_why_of_the_others() -> None:
    receivers(
        outlet("all", languages=["en", "ko"]),
        outlet("human", languages=["en", "ko"], machine_translation="refuse"),
        outlet("abroad", languages=["en", "ko"], country="DE"),
    )
    number, plan = planned(countries=["PT"])
    assert audience(number) == {
        "all": (["en", "ko"], {}),
        "human": (["en"], {"ko": "takes no machine translation"}),
        "abroad": ([], {"en": "is not in its countries", "ko": "is not in its countries"}),
    }
    assert plan is not None
    assert plan.deliveries == 3
    assert wanted(number) == {("all", "en"), ("all", "ko"), ("human", "en")}


def test_a_correction_also_reaches_who_has_an_older_version_in_the_languages_of_it() -> None:
    receivers(outlet("has", languages=["en", "de"], country="DE"), outlet("matches", languages=["en"]))
    first, _ = planned(countries=["DE"], translations=GERMAN)
    deliver(first, "en")
    second, _ = planned(version=2, countries=["PT"])
    assert audience(second) == {
        "has": (["en"], {"de": "is not in its countries"}),
        "matches": (["en"], {}),
    }
    assert wanted(second) == {("has", "en"), ("matches", "en")}


def test_an_outlet_that_has_it_and_matches_gets_one_correction_in_each_language() -> None:
    receivers(outlet("a", languages=["en", "de"]))
    first, _ = planned(translations=GERMAN)
    deliver(first, "en", "de")
    second, plan = planned(version=2, translations=GERMAN)
    assert plan is not None
    assert plan.deliveries == 2
    assert audience(second) == {"a": (["en", "de"], {})}


def test_a_kill_goes_to_those_who_may_have_it_and_to_nobody_else() -> None:
    receivers(outlet("has", languages=["en", "de"]), outlet("never", languages=["de"]))
    first, _ = planned(translations=GERMAN)
    deliver(first, "en")
    second, plan = planned(**KILL)
    assert audience(second) == {
        "has": (["en"], {"de": "never got it"}),
        "never": ([], {"de": "never got it"}),
    }
    assert wanted(second) == {("has", "en")}
    assert plan is not None
    assert (plan.deliveries, plan.to_translate) == (1, [])


@pytest.mark.parametrize(
    ("second", "ended"), [({"version": 2}, "superseded"), (KILL, "canceled")], ids=["correction", "kill"]
)
def test_what_is_not_out_of_older_versions_ends(second: dict[str, Any], ended: str) -> None:
    receivers(outlet("a"))
    number, _ = planned()
    planned(**second)
    assert states(number) == {ended: 1}


def test_a_third_version_replaces_the_second() -> None:
    receivers(outlet("a"))
    numbers = [planned(version=version)[0] for version in (1, 2, 3)]
    assert [states(number) for number in numbers] == [{"superseded": 1}, {"superseded": 1}, {"held": 1}]


def test_a_version_that_arrives_after_its_own_correction_goes_to_nobody() -> None:
    receivers(outlet("a"))
    with ledger.write() as connection:  # both are taken before the first is planned
        number, second = (
            releases.take(connection, release(version=version, urgency=3), NOW).release_id for version in (1, 2)
        )
    planning.plan(second, NOW)
    assert planning.plan(number, NOW) == planning.Plan(f"{URI} v1", 3, 0, [], [])
    assert states(number) == {}


# --- the index, and chunks

LANGUAGES = ["en", "en-GB", "en-US", "de", "pt", "pt-BR", "zh-Hans", "zh-Hant", "ko"]
TOPICS = ["04000000", "13000000", "15000000"]
COUNTRIES = ["PT", "DE", "US"]
CIRCUITS = ["iberia", "dach"]
some_outlets = st.lists(
    st.fixed_dictionaries(
        {
            "languages": st.lists(st.sampled_from(LANGUAGES), min_size=1, max_size=3),
            "country": st.sampled_from(COUNTRIES),
            "topics": st.lists(st.sampled_from(TOPICS), max_size=2),
            "circuits": st.lists(st.sampled_from(CIRCUITS), max_size=2),
            "variants": st.sampled_from(["any", "exact"]),
            "machine_translation": st.sampled_from(["accept", "approved", "refuse"]),
        }
    ),
    min_size=1,
    max_size=8,
)
some_release = st.fixed_dictionaries(
    {
        "language": st.sampled_from(LANGUAGES),
        "topics": st.lists(st.sampled_from(TOPICS), max_size=2),
        "circuits": st.lists(st.sampled_from(CIRCUITS), max_size=2),
        "countries": st.lists(st.sampled_from(COUNTRIES), max_size=2),
        "translations": st.sampled_from([{}, BRAZILIAN, BRITISH]),
    }
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.lists(some_outlets, min_size=1, max_size=2), said=some_release)
def test_the_index_leaves_out_nobody_whom_the_rule_would_match(
    book: Engine, fields: list[list[dict[str, Any]]], said: dict[str, Any]
) -> None:
    asked = release(**said | {"translations": {k: v for k, v in said["translations"].items() if k != said["language"]}})
    with ledger.write() as connection:
        connection.execute(delete(rows))
        connection.execute(delete(outlet_rows))
    for documents in fields:  # the second time some of them change
        receivers(*(outlet(f"o{number}", **one) for number, one in enumerate(documents)))
    with ledger.read() as connection:
        everyone = outlets.everyone(connection)
        agreeing = dict(outlet_profiles.agreeing(connection, asked))
    by_rule = {one.id: languages for one in everyone if (languages := planning.matches(asked, one))}
    open_to_all = asked.model_copy(update={"circuits": [], "countries": []})
    forms = {id: planning.matches(open_to_all, replace(form, topics=())) for id, form in agreeing.items()}
    assert {id: languages for id, languages in forms.items() if languages} == by_rule
    number, _ = planned(**said | {"translations": dict(asked.translations)}, uri=f"urn:x:{uuid.uuid4()}")
    assert wanted(number) == {(id, language) for id, languages in by_rule.items() for language in languages}


def test_outlets_written_by_older_workers_get_their_profiles() -> None:
    receivers(outlet("a"), outlet("b", country="DE"))
    older = {"updated_at": NOW + 1, "document": outlet("b", country="PT").to_json(without_status=True)}
    with ledger.write() as connection:
        connection.execute(update(outlet_rows).where(outlet_rows.c.id == "b").values(older))
        new = older | {"id": "c", "status": "active", "document": outlet("c").to_json(without_status=True)}
        connection.execute(outlet_rows.insert().values(new))
        connection.execute(outlet_rows.insert().values(new | {"id": "broken", "document": "{}"}))
    number, _ = planned(countries=["PT"])
    assert wanted(number) == {("a", "en"), ("b", "en"), ("c", "en")}
    with ledger.write() as connection:
        assert outlet_profiles.adopt(connection) == 0


def test_profiles_that_no_outlet_has_are_removed_in_portions() -> None:
    receivers(*(outlet(f"o{n}", circuits=[f"c{n}"]) for n in range(5)))
    receivers(*(outlet(f"o{n}", circuits=["one"]) for n in (0, 2, 4)))  # what they had is unused now
    looked, last = 0, 0
    while last is not None:
        with ledger.write() as connection:
            last = outlet_profiles.remove_unused(connection, last, 2)
        looked += 1
    with ledger.read() as connection:
        left = connection.execute(select(outlet_profile_terms.c.value).where(outlet_profile_terms.c.kind == "circuit"))
        assert sorted(left.scalars()) == ["c1", "c3", "one"]
        assert connection.execute(select(func.count()).select_from(profile_rows)).scalar() == 3
    assert looked == 4
    number, _ = planned(circuits=["one", "c3"])
    assert {id for id, _ in wanted(number)} == {"o0", "o2", "o3", "o4"}


def test_a_plan_that_broke_off_is_resumed_and_doubles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "FIRST_CHUNK", 2)
    monkeypatch.setattr(planning, "CHUNK", 2)
    receivers(*(outlet(f"o{n}", languages=["en", "ko"]) for n in range(5)))
    with ledger.write() as connection:
        number = releases.take(connection, release(), NOW).release_id

    def broken(_plan: planning.Plan, _due: bool) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        planning.plan(number, NOW, written=broken)
    first = {id for id, _ in wanted(number)}  # any two
    assert len(first) == 2
    assert wanted(number) == {(id, language) for id in first for language in ("en", "ko")}
    with ledger.read() as connection:
        assert not releases.is_planned(connection, number)
    receivers(outlet(first.pop(), languages=["en-US", "ko"]))
    again = []
    planning.plan(number, NOW, written=lambda _plan, due: again.append(due))
    assert again == [False, False, False]  # the first two, whom it leaves as they are, and two chunks
    assert wanted(number) == {(f"o{n}", language) for n in range(5) for language in ("en", "ko")}


def test_rows_begin_as_due_where_all_is_there() -> None:
    receivers(outlet("a", languages=["en", "ko"]), outlet("b"))
    with ledger.write() as connection:
        number = releases.take(connection, release(), NOW).release_id
    told = []
    asked = []

    def prepare(release_id: int, language: str, formats: Collection[str]) -> None:
        asked.append((language, set(formats)))
        render(release_id, language)

    planning.plan(number, NOW, prepare=prepare, written=lambda _plan, due: told.append(due))
    assert asked == [("en", {"ninjs"})]
    assert told == [True, True]
    assert states(number) == {"due": 2, "held": 1}


def test_a_correction_that_comes_between_two_chunks_ends_the_older_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "FIRST_CHUNK", 1)
    receivers(outlet("a"), outlet("b"))
    with ledger.write() as connection:
        number = releases.take(connection, release(), NOW).release_id
    later: list[int] = []

    def correct(_plan: planning.Plan, _due: bool) -> None:
        if not later:
            later.append(planned(version=2)[0])

    planning.plan(number, NOW, written=correct)
    assert (states(number), states(later[0])) == ({"superseded": 1}, {"held": 2})
    with ledger.read() as connection:
        assert releases.is_planned(connection, number)


# --- what is written


def test_a_release_is_planned_once() -> None:
    receivers(outlet("a"))
    number, _ = planned()
    assert planning.plan(number, NOW) is None
    assert states(number) == {"held": 1}


def test_the_plan_says_what_has_to_be_translated_and_what_can_be_formatted_at_once() -> None:
    receivers(outlet("a", languages=["ko", "en", "de"]), outlet("b", languages=["ko", "es"]))
    _, plan = planned(translations=GERMAN, urgency=2)
    assert plan == planning.Plan(f"{URI} v1", 2, 5, ["es", "ko"], ["de", "en"])


def test_what_the_producer_wrote_is_there_and_the_rest_is_to_be_built_once_for_all_outlets() -> None:
    receivers(*(outlet(f"o{n}", languages=["ko", "de"], format=("ninjs", "text")[n % 2]) for n in range(4)))
    number, _ = planned(translations=GERMAN)
    soon, later = NOW + planning.HINT_AGAIN - 0.1, NOW + planning.HINT_AGAIN
    with ledger.write() as connection:
        german = translation_rows.finished(connection, TranslationKey(number, "de"))
        assert german is not None
        assert german.headline == "Werk eröffnet"
        late = {"now": soon, "again_at": later}
        assert [*translation_rows.late(connection, **late), *rendition_rows.late(connection, **late)] == []
        late = {"now": later, "again_at": later + 1}
        assert translation_rows.late(connection, **late) == [TranslationKey(number, "ko")]
        assert set(rendition_rows.late(connection, **late)) == {
            RenditionKey(number, "de", "ninjs"),
            RenditionKey(number, "de", "text"),
        }


@pytest.mark.parametrize(
    ("status", "embargo", "waits_for"),
    [
        ("active", None, Hold.TRANSLATION),
        ("active", EMBARGO, Hold.EMBARGO),
        ("paused", None, Hold.PAUSED),
        ("paused", EMBARGO, Hold.PAUSED),
        ("disabled", None, Hold.DISABLED),
    ],
)
def test_what_a_delivery_waits_for_at_first(status: Any, embargo: str | None, waits_for: Hold) -> None:
    receivers(outlet("a", languages=["ko"]))
    with ledger.write() as connection:
        outlets.set_status(connection, ["a"], status, "test", NOW)
    number, _ = planned(embargo_until=embargo)
    with ledger.read() as connection:
        [hold] = counts.holds(connection, number)
    assert hold["kind"] == waits_for.value


def test_without_a_moment_given_the_clock_of_the_ledger_counts() -> None:
    with ledger.write() as connection:
        number = releases.take(connection, release(), NOW).release_id
        before = ledger.now(connection)
    planning.plan(number)
    with ledger.read() as connection:
        at = connection.execute(select(release_rows.c.planned_at).where(release_rows.c.id == number)).scalar_one()
        assert before <= at <= ledger.now(connection)


# --- who must approve it


@pytest.mark.parametrize(
    ("takes", "language", "publishes", "approval"),
    [
        ("accept", "ko", "checked", False),
        ("accept", "ko", "approved", True),
        ("approved", "ko", "checked", True),
        ("approved", "ko", "approved", True),
        ("accept", "de", "approved", False),  # the producer wrote it
        ("approved", "de", "approved", False),
        ("approved", "en", "approved", False),
        ("approved", "en-GB", "approved", False),
        ("approved", "de-AT", "approved", False),
    ],
)
def test_who_must_approve_what(takes: str, language: str, publishes: str, approval: bool) -> None:
    receivers(outlet("a", languages=[language], machine_translation=takes))
    number, _ = planned(lambda _language: publishes == "approved", translations=GERMAN)
    assert needs_approval(number) is approval


def needs_approval(number: int) -> bool:
    with ledger.read() as connection:
        [needed] = connection.execute(select(rows.c.approval).where(rows.c.release_id == number)).scalars()
    return bool(needed)


def test_without_a_policy_nobody_has_to_approve_anything() -> None:
    receivers(outlet("a", languages=["ko"]))
    number, _ = planned()
    assert not needs_approval(number)


def test_a_correction_by_machine_of_what_the_producer_wrote_is_approved_where_machines_are_refused() -> None:
    receivers(outlet("a", languages=["de"], machine_translation="refuse"))
    first, _ = planned(translations=GERMAN)
    deliver(first, "de")
    second, plan = planned(version=2)
    assert plan is not None
    assert plan.to_translate == ["de"]
    assert needs_approval(second)


def test_a_kill_waits_for_no_engine_and_no_approval_and_carries_the_headline_that_is_known() -> None:
    receivers(outlet("a", languages=["de"], machine_translation="approved"))
    first, _ = planned(translations=GERMAN)
    deliver(first, "de")
    second, plan = planned(lambda _language: True, **KILL)
    assert plan is not None
    assert (plan.to_translate, plan.to_format) == ([], ["de"])
    assert not needs_approval(second)
    with ledger.read() as connection:
        text = translation_rows.finished(connection, TranslationKey(second, "de"))
    assert text is not None
    assert (text.headline, text.subheadline, text.body_html) == ("Werk eröffnet", None, "")


def test_a_kill_goes_as_the_producer_wrote_it_where_he_wrote_it() -> None:
    receivers(outlet("a"))
    first, _ = planned()
    deliver(first, "en")
    second, _ = planned(**KILL, headline="Withdrawn: a plant in Porto")
    with ledger.read() as connection:
        text = translation_rows.finished(connection, TranslationKey(second, "en"))
    assert text is not None
    assert text.headline == "Withdrawn: a plant in Porto"
