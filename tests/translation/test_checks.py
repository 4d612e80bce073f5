"""Each check notices the fault it is there for, in all directions of 15 languages, and lets the sound text pass.

The sentences are few and our own; `tests/bench/run.py checks` measures the same on thousands of human translations.
"""

from __future__ import annotations

from typing import Any

import pytest

from tasks.translation import checks
from tasks.translation.checks import problems_with
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Close, Opaque, Open, shown

from .parallel import LANGUAGES, PAIRS, SENTENCES, unit
from .spoil import FAULTS
from .test_hostile import grows

EN_DE = LanguagePair.of("en", "de")


@pytest.fixture(autouse=True, scope="module")
def any_words() -> None:
    """All checks are on."""


NEAR = {("id", "ms"), ("ms", "id")}
"""One language to these checks."""
OFTEN = {
    name: fault for name, fault in FAULTS.items() if name not in ("cut to 60 %", "half left in the source language")
}


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_sound_translation_passes(source: Any, target: Any) -> None:
    found = {
        name: problems_with(unit(name, source), unit(name, target), LanguagePair.of(source, target))
        for name in SENTENCES
    }
    assert not {name: problems for name, problems in found.items() if problems}


@pytest.mark.parametrize("fault", OFTEN)
@pytest.mark.parametrize("target", LANGUAGES)
def test_each_fault_is_noticed_from_every_language(fault: Any, target: Any) -> None:
    for source in LANGUAGES:
        if source == target or (source, target) in NEAR or ("th" in (source, target) and fault.startswith("cut")):
            continue  # Thai has no full stops to miss
        for name in SENTENCES:
            before, after = unit(name, source), unit(name, target)
            spoilt = FAULTS[fault].spoil(before, after, source, target)
            if spoilt is None or spoilt == after:
                continue
            problems = {problem.check for problem in problems_with(before, spoilt, LanguagePair.of(source, target))}
            assert problems, (source, name, shown(spoilt))
            if not fault.startswith(("babble", "left")):  # a figure that is missing may be noticed instead
                assert problems & FAULTS[fault].checks, (source, name, problems, shown(spoilt))


def test_a_fault_names_the_words_that_are_left_of_the_source() -> None:
    left = ("Die Firma said on Monday that the plant opened in Hamburg.",)
    found = problems_with(("The company said on Monday that the plant opened in Hamburg.",), left, EN_DE)
    assert found
    assert all(words in left[0] for problem in found for words in problem.words)
    assert {"said", "on", "that"} <= {word for problem in found for words in problem.words for word in words.split()}


@pytest.mark.parametrize(
    ("target", "check", "words"),
    [
        ("el fabricante basadoenHamburgo abre la planta", "glued", "basadoenHamburgo"),
        ("la planta de de Porto abre hoy", "doubled", "de de"),
        ("la planta &amp; la oficina abren hoy", "markup", "&amp;"),
    ],
)
def test_checks_of_form_and_wording_name_the_words(target: str, check: str, words: str) -> None:
    found = problems_with(("the plant in the town opens today",), (target,), LanguagePair.of("en", "es"))
    assert [problem.words for problem in found if problem.check == check] == [(words,)]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_place_in_the_sentences(fault: Any) -> None:
    found = [
        name
        for name in SENTENCES
        for target in LANGUAGES
        if FAULTS[fault].spoil(unit(name, "en"), unit(name, target), "en", target) not in (None, unit(name, target))
    ]
    assert len(found) >= 9


@pytest.mark.parametrize(("fault", "least"), [("cut to 60 %", 0.94), ("half left in the source language", 0.97)])
def test_what_cannot_always_be_noticed_mostly_is(fault: str, least: float) -> None:
    """A language that says it shorter looks the same as a text of which the end is missing."""
    noticed = []
    for source, target in PAIRS:
        for name in SENTENCES if (source, target) not in NEAR else ():
            spoilt = FAULTS[fault].spoil(unit(name, source), unit(name, target), source, target)
            if spoilt:
                noticed.append(bool(problems_with(unit(name, source), spoilt, LanguagePair.of(source, target))))
    assert sum(noticed) > least * len(noticed)


@pytest.mark.parametrize("target", LANGUAGES)
def test_another_script_is_noticed(target: Any) -> None:
    scripts = {"ko": 1, "ja": 2, "zh-Hans": 2, "zh-Hant": 2, "ar": 3, "th": 4, "ru": 5}
    for other in LANGUAGES:
        if scripts.get(other) == scripts.get(target):
            continue
        for name in SENTENCES:
            source = next(tag for tag in ("en", "de", "ko") if tag not in (other, target))
            problems = {
                found.check
                for found in problems_with(unit(name, source), unit(name, other), LanguagePair.of(source, target))
            }
            assert problems & {"script", "residue"}, (other, name)


@pytest.mark.parametrize(
    ("text", "target", "reason"),
    [
        ("公司發佈了新的軟體，並將於明年擴大業務範圍。", "zh-Hans", "it is in Traditional characters"),
        ("公司发布了新的软件，并将于明年扩大业务范围。", "zh-Hant", "it is in Simplified characters"),
        ("新しいソフトウェアを発表しました。", "zh-Hans", "it is in Kana letters"),
        ("公司发布了新的软件，并将于明年扩大业务范围。", "ja", "it has no Kana"),
        ("この会社は这们软件を発表しました。", "ja", "it is in Chinese characters"),
    ],
)
def test_han_scripts_are_told_apart(text: str, target: str, reason: str) -> None:
    source = "The company has presented new software and will grow next year."
    assert any(reason in str(problem) for problem in problems_with((source,), (text,), LanguagePair.of("en", target)))


@pytest.mark.parametrize(
    ("before", "after", "source", "target"),
    [
        ("In Q3 2026 sales rose.", "Im dritten Quartal 2026 stieg der Umsatz.", "en", "de"),
        ("It opens at 3 p.m. today.", "Es öffnet heute um 15 Uhr.", "en", "de"),
        ("It opens at 10:30 today.", "Es öffnet heute um 10.30 Uhr.", "en", "de"),
        ("They work 24/7 for us.", "Sie arbeiten rund um die Uhr für uns.", "en", "de"),
        ("A million people came.", "Es kamen 1 Million Menschen.", "en", "de"),
        ("Some 10,000 people came.", "Vinieron unas 10 000 personas.", "en", "es"),
        ("It sold 5M units this year.", "Este año vendió 5M de unidades.", "en", "es"),
        ("It cost $5M to build.", "La construction a coûté 5 M$.", "en", "fr"),
        ("Revenue was 3.2 trillion won.", "매출은 3조 2,000억 원이었다.", "en", "ko"),
        ("Sales of ¥12.34 billion", "売上高123億4,000万円", "en", "ja"),
        ("More than 200,000 people came.", "有20多万人到场。", "en", "zh-Hans"),
        ("It is 5 kilometres long.", "它有5千米长。", "en", "zh-Hans"),
        ("It costs 3.2 billion euros.", "تبلغ تكلفته 3,2 مليار يورو.", "en", "ar"),
        ("On March 5, 2026 it opened.", "افتتح في ٥ آذار ٢٠٢٦.", "en", "ar"),
        ("It opened on 5 March 2026.", "2026. 3. 5. 문을 열었다.", "en", "ko"),
        ("It opened on 03/05/2026.", "Es wurde am 05.03.2026 eröffnet.", "en", "de"),
        ("In March 2026 it was opened.", "В марте 2026 года он был открыт.", "en", "ru"),
        ("The 21st century began here.", "C’est ici que le XXIe siècle a commencé.", "en", "fr"),
        ("The fair is on May 5–7, 2026.", "Die Messe ist vom 5. bis 7. Mai 2026.", "en", "de"),
        ("NATO, SAP and IBM met ACME.", "NATO, SAP und IBM trafen ACME.", "en", "de"),
        ("We may march in May.", "Wir dürfen im Mai marschieren.", "en", "de"),
        ("GNOME", "GNOME", "en", "ja"), ("Software", "Software", "en", "de"),
        ("Hotel Lisboa", "Hotel Lisboa", "en", "fr"),
    ],
)  # fmt: skip
def test_what_languages_say_otherwise_is_no_fault(before: str, after: str, source: str, target: str) -> None:
    assert problems_with((before,), (after,), LanguagePair.of(source, target)) == []


@pytest.mark.parametrize(
    ("before", "after", "source", "target", "check", "reason"),
    [
        ("It cost €3.2 billion.", "Cela a coûté 3,2 billions d’euros.", "en", "fr", "quantity",
         "number 3,200,000,000 is missing, 3,200,000,000,000 was added"),
        ("It cost €5.", "Costó 5 dólares.", "en", "es", "quantity", "unit 'euro' is missing, 'dollar' was added"),
        ("It rose 5%.", "Subió 5.", "en", "es", "quantity", "unit '%' is missing"),
        ("Three million people came.", "Trois milliards de personnes sont venues.", "en", "fr", "quantity",
         "number 3,000,000 is missing, 3,000,000,000 was added"),
        ("On March 5 it opened.", "Se abrió el 5 de mayo.", "en", "es", "date",
         "month 'March' is missing, 'May' was added"),
        ("From March 5 to May 7.", "Del 5 de mayo al 7 de marzo.", "en", "es", "date", "March 5 became May 5"),
        ("It sold 120 boats and 450 nets.", "Vendió 450 barcos y 120 redes.", "en", "es", "order",
         "the numbers changed places: 450, 120"),
        ("RoboLift is here.", "RoboElevador está aquí.", "en", "es", "name", "name 'RoboLift' is missing"),
        ("See www.a.example/x now.", "Véase www.a.example/y.", "en", "es", "url",
         "address 'www.a.example/x' is missing, 'www.a.example/y' was added"),
        ("The board of the company met today and agreed on the plan.",
         "Le conseil a décidé que the board of the company est là.", "en", "fr", "residue",
         "a part was left in the source language"),
        ("The plant was opened.", "La planta se abrió y la.", "en", "es", "truncated", None),
        ("What is said on the coast?", "costa? la en dice se Qué", "en", "es", "truncated",
         "the sentence ends in the middle"),
        ("The plant that we built was opened for the.", "La central que construimos se nos abrió para el", "en", "es",
         "truncated", "it ends in the middle of a sentence"),
    ],
)  # fmt: skip
def test_a_reason_names_what_is_wrong(
    before: str, after: str, source: str, target: str, check: str, reason: str | None
) -> None:
    found = [
        str(problem)
        for problem in problems_with((before,), (after,), LanguagePair.of(source, target))
        if problem.check == check
    ]
    assert (not found) if reason is None else any(reason in problem for problem in found)


def test_a_scale_word_beside_a_protected_number_is_checked() -> None:
    number = Opaque(1, "3,2", kind="number", said="3.2")
    before = ("It supplies ", number, " billion homes.")
    assert (
        checks.problem_with(before, ("Abastece ", number, " mil millones de hogares."), LanguagePair.of("en", "es"))
        is None
    )
    problem = checks.problem_with(before, ("Abastece ", number, " millones de hogares."), LanguagePair.of("en", "es"))
    assert problem == "number 3,200,000,000 is missing, 3,200,000 was added"


def test_an_element_around_a_sign_keeps_it() -> None:
    before = ("Press ", Open(1), "+", Close(1), " to add one.")
    after = ("Pulse ", Open(1), "+", Close(1), " para añadir uno.")
    assert checks.problem_with(before, after, LanguagePair.of("en", "es")) is None
    assert "lost its text '+'" in str(
        checks.problem_with(before, (*after[:2], *after[3:]), LanguagePair.of("en", "es"))
    )


def test_every_problem_has_the_name_of_a_check() -> None:
    for name, fault in FAULTS.items():
        for sentence in SENTENCES:
            spoilt = fault.spoil(unit(sentence, "en"), unit(sentence, "de"), "en", "de")
            if spoilt is not None:
                found = problems_with(unit(sentence, "en"), spoilt, LanguagePair.of("en", "de"))
                assert {problem.check for problem in found} <= set(checks.CHECKS), name


def test_a_language_of_which_nothing_is_known_is_only_compared() -> None:
    before, after = ("The plant was opened on Monday.",), ("Fabrika pazartesi günü açıldı.",)
    assert problems_with(before, after, LanguagePair.of("en", "tr")) == []
    assert checks.problem_with(before, before, LanguagePair.of("en", "tr")) is not None


@pytest.mark.parametrize(
    "text", ["1 a ", "a1", "5. März ", "€5 ", "三百万", "the the ", "a.b-c/d ", "١٬", "XVI ", "é", "-", "./", "_a"]
)
@pytest.mark.parametrize("target", ["es", "ja", "ru", "th"])
def test_the_checks_grow_with_the_text_and_no_faster(text: str, target: str) -> None:
    assert grows(lambda n: problems_with((text * n,), (text * n + "x",), LanguagePair.of("de", target)), 400) < 10


def test_protected_figures_that_change_places_are_noticed() -> None:
    unit = ("Sales rose to ", Opaque(1, "7 M", kind="amount"), " from ", Opaque(2, "5 M", kind="amount"), ".")
    swapped = ("Las ventas subieron a ", unit[3], " desde ", unit[1], ".")
    assert "changed places" in str(checks.problem_with(unit, swapped, LanguagePair.of("en", "es")))
    japanese = ("売上高は", unit[3], "から", unit[1], "に増えました。")
    assert checks.problem_with(unit, japanese, LanguagePair.of("en", "ja")) is None  # it says first from where
    sums = ("It paid ", unit[1], " in May and ", unit[3], " in June.")
    other = ("5月に", unit[3], "、6月に", unit[1], "を支払いました。")
    assert "changed places" in str(checks.problem_with(sums, other, LanguagePair.of("en", "ja")))
