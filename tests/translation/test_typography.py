"""A translated sentence as its language sets it: quotation marks inside others, capitals, articles before dates."""

# ruff: noqa: E501 - a table is easier to compare with a row on one line
from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.language_data import data_of, known_languages
from tasks.translation import typography
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Opaque, Piece, Text, shown

SAID = "“We say ‘yes’ now”, she said."


def typeset(text: str | Text, made_from: str | Text, source: str, target: str) -> str:
    before, after = ((one,) if isinstance(one, str) else one for one in (made_from, text))
    return shown(typography.typeset(after, before, LanguagePair.of(source, target)))


@pytest.mark.parametrize("target", [tag for tag in known_languages() if tag != "en"])
@pytest.mark.parametrize(
    "engine",
    [SAID, "\"We say 'yes' now\", she said.", "„We say ‚yes‘ now“, she said.", "« We say “yes” now », she said."],
)
def test_a_quotation_in_a_quotation_has_the_marks_of_the_language(target: str, engine: str) -> None:
    quotes = data_of(target).quotes
    outer = quotes.around(f"We say {quotes.around('yes', inner=True)} now", inner=False)
    result = typeset(engine, SAID, "en", target).replace("、", ", ").replace("，", ", ").replace("。", ".")
    inside = outer[: -len(quotes.close)] + f",{quotes.close} she said."
    assert result in (f"{outer}, she said.", inside)


@pytest.mark.parametrize(
    "given", ["« non »", "«non»", "«  non  »", "“ non ”", "«\u00a0non\u00a0»", "«\u202fnon\u202f»"]
)
def test_the_spaces_inside_quotation_marks_are_those_of_french_and_only_there(given: str) -> None:
    assert typeset(given, "“no”", "en", "fr") == "«\u00a0non\u00a0»"
    for target in known_languages():
        if target not in ("en", "fr"):
            quotes = data_of(target).quotes
            assert typeset(given, "“no”", "en", target) == f"{quotes.open}non{quotes.close}"


@pytest.mark.parametrize(
    ("text", "made_from", "target", "wanted"),
    [
        ("Er sagte ‚nein‘ zu uns.“", "He said ‘no’ to us.”", "de", "Er sagte ‚nein‘ zu uns.“"),
        ("Er sagte ‘nein’ zu uns.”", "He said ‘no’ to us.”", "de", "Er sagte ‚nein‘ zu uns.“"),
        ("Es ist ‘klug’.", "It is ‘smart’.", "de", "Es ist „klug“."),
        ("die ’26er und Rock ’n’ Roll", "the ’26 and rock ’n’ roll", "de", "die ’26er und Rock ’n’ Roll"),
        ("“Der Tag ‘der workers’ Union’”", "“The day ‘of the workers’ union’”", "de", "„Der Tag ‚der workers’ Union‘“"),
        ("Rock 'n' Roll 'heute'", "rock 'n' roll 'today'", "de", "Rock 'n' Roll „heute“"),
        ('Das "Beste": 5"-Rohre', 'The "best": 5" pipes', "de", 'Das „Beste“: 5"-Rohre'),
        ('Das "Jahr 2025" endet', 'The "year 2025" ends', "de", "Das „Jahr 2025“ endet"),
        ("Das »Beste« ist »hier«.", "The “best” is “here”.", "de", "Das „Beste“ ist „hier“."),
        ("« oui », « non »", "“yes”, “no”", "fr", "«\u00a0oui\u00a0», «\u00a0non\u00a0»"),
        ("«a»,«b» y «c»", "“a”,“b” and “c”", "es", "“a”,“b” y “c”"),
        (
            "Die Entwickler von .NET sind da .",
            "The .NET developers are here.",
            "de",
            "Die Entwickler von .NET sind da.",
        ),
        ("l'« État » d'ici", "the “state” of here", "fr", "l’«\u00a0État\u00a0» d’ici"),
    ],
)
def test_quotation_marks_across_sentences_and_apostrophes(text: str, made_from: str, target: str, wanted: str) -> None:
    assert typeset(text, made_from, "en", target) == wanted


@pytest.mark.parametrize(
    ("text", "made_from", "source", "target", "wanted"),
    [
        ("Gewinn steigt", "profit rises", "en", "de", "Gewinn steigt"),
        ("Der Gewinn steigt", "the profit rises", "en", "de", "der Gewinn steigt"),
        ("German shares", "deutsche Aktien", "de", "en", "German shares"),
        ("The share", "die Aktie", "de", "en", "the share"), ("Los ingresos", "revenue", "en", "es", "los ingresos"),
        ("Hay 25 empleos nuevos", "25 new jobs come", "en", "es", "Hay 25 empleos nuevos"),
        ("12 personas acudieron", "Twelve people came", "en", "es", "12 personas acudieron"),
        ("Los puestos 1 y 2", "1st and 2nd place", "en", "es", "Los puestos 1 y 2"),
    ],
)  # fmt: skip
def test_a_noun_keeps_its_capital(text: str, made_from: str, source: str, target: str, wanted: str) -> None:
    assert typeset(text, made_from, source, target) == wanted


def test_a_noun_behind_a_name_keeps_its_capital() -> None:
    name = Opaque(1, "Norvik", kind="name")
    assert typeset((name, "-Aktien steigen"), (name, " shares rise"), "en", "de") == "Norvik-Aktien steigen"


def dated(text: str) -> Text:
    """The text with what stands in braces as dates."""
    parts: list[Piece] = list(text.replace("}", "{").split("{"))
    return tuple(
        Opaque(index, str(part), kind="date") if index % 2 else part for index, part in enumerate(parts) if part
    )


@pytest.mark.parametrize(
    ("target", "text", "wanted"),
    [
        ("es", "Desde {1 de enero}", "Desde el 1 de enero"), ("es", "a partir de {5 de mayo}", "a partir del 5 de mayo"),
        ("es", "entre {28 de junio} y {3 de julio}", "entre el 28 de junio y el 3 de julio"),
        ("es", "hasta el {5 de mayo}", "hasta el 5 de mayo"), ("es", "desde {el 5 de mayo}", "desde el 5 de mayo"),
        ("es", "Lima, {5 de mayo}", "Lima, 5 de mayo"), ("es", "{5 de mayo} y {6 de mayo}", "5 de mayo y 6 de mayo"),
        ("fr", "depuis {1er janvier}", "depuis le 1er janvier"), ("fr", "jusqu’à {5 mai}", "jusqu’au 5 mai"),
        ("fr", "entre {28 juin} et {3 juillet}", "entre le 28 juin et le 3 juillet"),
        ("fr", "entre le {28 juin} et le {3 juillet}", "entre le 28 juin et le 3 juillet"),
        ("fr", "à partir de {5 mai}", "à partir du 5 mai"),
        ("de", "seit {1. Januar}", "seit dem 1. Januar"), ("de", "bis {5. Mai}", "bis zum 5. Mai"),
        ("de", "zwischen {28. Juni} und {3. Juli}", "zwischen dem 28. Juni und dem 3. Juli"),
        ("pt", "desde {1º de janeiro}", "desde 1º de janeiro"),
    ],
)  # fmt: skip
def test_a_date_behind_a_preposition_has_its_article(target: str, text: str, wanted: str) -> None:
    assert typeset(dated(text), "X", "en", target) == wanted[0].upper() + wanted[1:]


@pytest.mark.parametrize(
    ("target", "text", "wanted"),
    [
        ("es", "{1,2 millones de} de clientes", "1,2 millones de clientes"),
        ("es", "{1,2 millones de} clientes", "1,2 millones de clientes"),
        ("pt", "{412,6 milhões de} de pessoas", "412,6 milhões de pessoas"),
        ("fr", "{1,2 million de} habitants", "1,2 million d’habitants"),
        ("fr", "{1,2 million de} d’habitants", "1,2 million d’habitants"),
        ("fr", "{1,2 million de} utilisateurs", "1,2 million d’utilisateurs"),
        ("fr", "{1,2 million de} hauts fonctionnaires", "1,2 million de hauts fonctionnaires"),
        ("fr", "{1,2 million de} clients", "1,2 million de clients"),
    ],
)
def test_one_word_for_of_stands_between_a_million_and_a_noun(target: str, text: str, wanted: str) -> None:
    made = tuple(replace(one, kind="amount") if isinstance(one, Opaque) else one for one in dated(text))
    result = typography.typeset(made, ("X",), LanguagePair.of("en", target))
    assert shown(typography.finished(result, ("X",), target)) == wanted


@pytest.mark.parametrize(
    ("said", "text", "wanted"),
    [
        ("On May 5", "{el 5 de mayo}, la planta abrió", "El 5 de mayo, la planta abrió"),
        ("On May 5", "La planta abrió {el 5 de mayo}", "La planta abrió el 5 de mayo"),
        ("On May 5", "“{el 5 de mayo} abrimos”", "“El 5 de mayo abrimos”"),
        ("on May 5", "{el 5 de mayo}: apertura", "el 5 de mayo: apertura"),
    ],
)
def test_a_date_that_begins_a_sentence_has_a_capital(said: str, text: str, wanted: str) -> None:
    source = (Opaque(1, "el 5 de mayo", kind="date", said=said), ", the plant opened")
    assert shown(typography.finished(dated(text), source, "es")) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("¿Costará 1.200 euros?", "¿Costará 1.200 euros?"), ("Costará 1.200 euros?", "¿Costará 1.200 euros?"),
        ("¿A las 9:30 h?", "¿A las 9:30 h?"), ("¿Por qué: porque sí?", "¿Por qué: porque sí?"),
        ("¿Está en norvik.example?", "¿Está en norvik.example?"), ("Qué: es? Sí! No!", "Qué: ¿es? ¡Sí! ¡No!"),
        ("¿Qué es? Cómo?", "¿Qué es? ¿Cómo?"), ("¡3 veces más!", "¡3 veces más!"),
    ],
)  # fmt: skip
def test_a_question_is_opened_once(text: str, wanted: str) -> None:
    assert typeset(text, "Will it?", "en", "es") == wanted
