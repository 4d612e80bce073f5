"""A source and what its translation says when it is translated back: what turned the meaning round is found."""

from __future__ import annotations

import pytest

from tasks.language_data import known_languages
from tasks.translation.meaning import comparison
from tasks.translation.meaning.faults import BEST, POINTS, THRESHOLD, Fault, score
from tasks.translation.pieces import Opaque, Text

A, B = Opaque(1, "Aldermere", kind="name"), Opaque(2, "Tessaro Foods", kind="name")


def found(source: str | Text, back: str | Text, language: str = "en", target: str = "") -> list[str]:
    before, after = (text if isinstance(text, tuple) else (text,) for text in (source, back))
    return [fault.category.partition("/")[2] for fault in comparison.faults(before, after, (target,), language)]


TURNED = [
    ("en", "The company does not plan a merger.", "The company foresees a fusion."),
    ("en", "The company plans a merger.", "The company doesn’t foresee a fusion."),
    ("en", "Revenue rose in the second quarter.", "The income fell in the second quarter."),
    ("en", "Sales rose while costs fell.", "The sales went down whereas the costs fell."),
    ("en", "More than three million homes lost power.", "Less than three million homes lost the energy."),
    ("en", "The bridge opens on Monday morning.", "The bridge opens the Sunday by the morning."),
    ("en", "We are proud of our engineers.", "They are proud of their engineers."),
    (
        "de",
        "Das Unternehmen plant keine Kürzung der Dividende.",
        "Das Unternehmen plant eine Reduzierung der Dividende.",
    ),
    ("de", "Der Umsatz ist im Quartal gestiegen.", "Der Umsatz ist im Quartal gesunken."),
    ("de", "Die Brücke wird am Dienstag geöffnet.", "Die Brücke wird am Mittwoch geöffnet."),
    ("fr", "L’entreprise n’envisage pas de fusion.", "La société prévoit une fusion."),
    ("fr", "Le chiffre d’affaires a augmenté au second semestre.", "Le revenu a baissé au second semestre."),
    ("fr", "Le pont ouvre lundi matin.", "Le pont ouvre dimanche matin."),
    ("es", "La empresa no prevé una fusión.", "La compañía planea una fusión."),
    ("es", "Los ingresos subieron en el segundo semestre.", "Los ingresos cayeron en el segundo semestre."),
    ("es", "El puente abre el lunes por la mañana.", "El puente abre el domingo por la mañana."),
    ("es", "Estamos orgullosos de nuestros ingenieros.", "Están orgullosos de nuestros ingenieros."),
    ("pt", "Temos orgulho dos nossos engenheiros.", "Eles têm orgulho dos nossos engenheiros."),
    ("pt", "A empresa não pretende fazer uma fusão.", "A companhia planeja uma fusão."),
    ("pt", "A receita subiu no segundo semestre.", "A receita caiu no segundo semestre."),
    ("pt", "A ponte abre na terça-feira de manhã.", "A ponte abre na quarta-feira de manhã."),
]
SAME = [
    ("en", "The company does not plan to cut its dividend.", "The company foresees no reduction of the dividend."),
    ("en", "Nobody was injured in the fire.", "Anybody resulted injured in the fire."),
    ("en", "The cause is unknown.", "The cause is not known."),
    ("en", "Energy prices have fallen since spring.", "The prices of the energy have gone down from spring."),
    ("en", "The wireless network is on.", "The network without thread is actuated."),
    ("en", "Sales rose while costs fell.", "The costs diminished and the sales augmented."),
    ("en", "The bridge opens on Monday.", "The Monday it opens the bridge."),
    ("en", "Our company hires engineers.", "Our society contracts engineers for his projects."),
    ("de", "Niemand wurde verletzt.", "Es wurde niemand verwundet."),
    ("de", "Die Preise sind gefallen.", "Die Preise haben sich verringert."),
    ("fr", "Le pont est fermé à partir de mercredi.", "Le pont sera fermé dès les mercredis."),
    ("pt", "Ele falou na sexta-feira.", "Tem dito sextas-feiras."),
    ("fr", "Nul ne connaît la cause, encore inconnue.", "La cause n’est pas connue."),
    ("fr", "Personne n’a été blessé.", "Il n’y a aucun blessé."),
    ("es", "Nadie resultó herido.", "No hubo heridos."),
    ("pt", "Ninguém ficou ferido.", "Não houve feridos."),
]


@pytest.mark.parametrize(("language", "source", "back"), TURNED)
def test_what_turns_the_meaning_round_is_a_mistranslation(language: str, source: str, back: str) -> None:
    assert found(source, back, language) == ["mistranslation"]


@pytest.mark.parametrize(("language", "source", "back"), SAME)
def test_bad_reading_and_other_words_are_no_fault(language: str, source: str, back: str) -> None:
    assert found(source, back, language) == []


def test_a_weekday_that_is_lost_or_added() -> None:
    assert found("The bridge opens on Monday.", "The bridge opens.") == ["omission"]
    assert found("The bridge opens.", "The bridge opens the Monday.") == ["addition"]


def test_a_clause_left_out_or_put_in_and_another_text() -> None:
    whole = "The museum opens its doors with an exhibition about the history of printing in Europe."
    part = "The museum opens his doors."
    assert found(whole, part) == ["omission"]
    assert found(part, whole) == ["addition"]
    assert found(whole, "A famous orchestra will play symphonies tonight.") == ["mistranslation"]


def test_a_word_that_the_engine_did_not_know_counts_where_the_translation_has_it() -> None:
    source, back = "The ministry presented solar agricultural installations.", "Ha xxx yyy zzz."
    assert found(source, back) == ["mistranslation"]
    assert found(source, back, target="El ministerio presentó instalaciones agrícolas solares.") == []


def test_names_that_changed_places_but_not_those_of_a_clause_that_moved() -> None:
    source: Text = (A, " acquired ", B, " last year.")
    assert found(source, (B, " bought ", A, " the last year.")) == ["mistranslation"]
    assert found(source, (A, " bought ", B, " the last year.")) == []
    source = ("According to analysts at ", A, ", the shares of ", B, " are expensive.")
    assert found(source, ("The shares of ", B, " are expensive according to analysts of ", A, ".")) == []
    assert found(source, ("According to analysts.",)) == []  # the engine lost both: nothing is known of them


def test_a_fault_says_what_it_is_about() -> None:
    [fault] = comparison.faults(("Revenue rose.",), ("The income fell.",), ("Los ingresos cayeron.",), "en")
    assert str(fault) == "critical accuracy/mistranslation: “rose” came back as “fell” (“rose”)"


def test_languages_that_say_what_denies_can_be_compared() -> None:
    assert {tag for tag in known_languages() if comparison.can_compare(tag)} >= {"en", "de", "fr", "es", "pt"}
    assert comparison.can_compare("pt-PT")
    assert not comparison.can_compare("ko")
    assert comparison.readable("ko") == "there are no words of denial for ko (`meaning` in its language file)"


def test_the_score_is_that_of_mqm_for_one_sentence() -> None:
    faults = {severity: Fault("style", severity, "it") for severity in POINTS}
    assert score([]) == BEST == 100
    assert [score([faults[severity]]) for severity in ("minor", "major", "critical")] == [96, 80, 0]
    assert score([faults["critical"], faults["major"]]) == 0
    assert score([faults["minor"]] * 2) >= THRESHOLD > score([faults["minor"]] * 3)
    assert score([faults["major"]]) < THRESHOLD
