"""Elements follow their words: whole sentences through an engine that knows nothing of elements, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tasks.translation.alignment import plain_sentences
from tasks.translation.alignment.links import Aligned, Link, composed
from tasks.translation.alignment.projection import MOST_ELEMENTS, Sentence, needs_no_links, projected
from tasks.translation.bounds import Deadline
from tasks.translation.engines import Capabilities, Pair
from tasks.translation.fallbacks import Outcome, translate_texts
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined
from tasks.translation.translate import engine_job

ES = LanguagePair.of("en", "es")
OPAQUE = {
    "N": Opaque(21, "Acme Robotics", kind="name"),
    "M": Opaque(22, "Acme", kind="name"),
    "U": Opaque(23, "https://acme.example/", kind="url"),
    "A": Opaque(24, "3,2 mil millones de euros", kind="amount", said="€3.2 billion"),
    "D": Opaque(25, "el 5 de marzo de 2026", kind="date", said="on March 5, 2026"),
    "T": Opaque(26, "central mareomotriz", kind="term", said="tidal plant"),
    "P": Opaque(27, "", kind="image", html="<img>"),
}


def read(marked: str) -> Text:
    """`the <1>plans</1> of {N}` as a text."""
    pieces: list[Piece] = []
    for part in re.split(r"(<[^>]*>|\{\w\})", marked):
        if found := re.fullmatch(r"<(/?)(\d)>", part):
            pieces.append(Close(int(found[2])) if found[1] else Open(int(found[2])))
        elif part[:1] == "{":
            pieces.append(OPAQUE[part[1]])
        else:
            pieces.append(part)
    return joined(pieces)


def written(text: Text) -> str:
    """The reverse of `read`."""
    letters = {piece: f"{{{letter}}}" for letter, piece in OPAQUE.items()}
    return "".join(
        piece if isinstance(piece, str) else f"<{piece.id}>" if isinstance(piece, Open)
        else f"</{piece.id}>" if isinstance(piece, Close) else letters.get(piece, piece.shown)
        for piece in text
    )  # fmt: skip


def links_between(source: str, target: str, numbers: str) -> tuple[Link, ...]:
    """`0-1 1-0*0.5`: links of the words of two sentences, counted from 0, with weights."""
    ones, others = ([found.span() for found in re.finditer(r"\S+", text)] for text in (source, target))
    found = re.findall(r"(\d+)-(\d+)(?:\*([\d.]+))?", numbers)
    return tuple(
        Link(ones[int(one)], others[int(other)], float(weight or 1))
        for one, other, weight in found
        if int(one) < len(ones) and int(other) < len(others)
    )


def project(marked: str, target: str, numbers: str) -> str | None:
    one, other = plain_sentences.shown(read(marked)), plain_sentences.shown(read(target))
    result = projected(one, other, links_between(one.text, other.text, numbers))
    return None if result is None else written(result)


@pytest.mark.parametrize(
    ("marked", "target", "numbers", "wanted"),
    [
        ("See <1>plans</1> here.", "Vea planes aquí.", "0-0 1-1 2-2", "Vea <1>planes</1> aquí."),
        # reordering; several words; the last word, its full stop outside as before
        ("the <1>red</1> <2>house</2>", "la casa roja", "0-0 1-2 2-1", "la <2>casa</2> <1>roja</1>"),
        ("the <1>red house</1> fell", "cayó la casa roja", "0-1 1-3 2-2 3-0", "cayó la <1>casa roja</1>"),
        ("He read <1>the report</1>.", "Leyó el informe.", "0-0 1-0 2-1 3-2", "Leyó <1>el informe</1>."),
        ("<1>He read the report.</1>", "Leyó el informe.", "", "<1>Leyó el informe.</1>"),
        ("<1>He read the report</1>.", "Leyó el informe.", "", "<1>Leyó el informe</1>."),
        # one word becomes two, two become one, and a small word comes between
        ("a <1>turnkey</1> plant", "una planta llave en mano", "0-0 1-2 1-4 2-1", "una planta <1>llave en mano</1>"),
        ("<1>power plant</1> opens", "Kraftwerk öffnet", "0-0 1-0 2-1", "<1>Kraftwerk</1> öffnet"),
        # nested, adjacent, and both around the same words
        ("a <1>big <2>step</2></1> on", "un paso grande más", "0-0 1-2 2-1 3-3", "un <1><2>paso</2> grande</1> más"),
        ("<1>one</1><2>two</2> go", "uno dos van", "0-0 0-1 1-2", None),  # no space: which is whose, nobody can tell
        ("<1>one</1>, <2>two</2> go", "dos, uno van", "0-1 1-0 2-2", "<2>dos</2>, <1>uno</1> van"),
        ("<1><2>one</2></1> goes", "uno va", "0-0 1-1", "<1><2>uno</2></1> va"),
        ("the <1>red bridge</1>", "ponteva ruja", "0-0*0.55 2-0*0.45 1-1", "<1>ponteva ruja</1>"),
        # weights: the pieces of a word count together, and the stronger side wins
        ("<1>one</1> goes", "va uno", "0-0*0.3 1-0*0.6 0-1*0.9 1-1*0.1", "va <1>uno</1>"),
        # marks go with the element that had them
        ("She said <1>“No!”</1> twice", "Dijo «¡No!» dos veces", "1-0 2-1 3-2 3-3", "Dijo <1>«¡No!»</1> dos veces"),
        ("(<1>see</1>) it", "(véalo) ya", "0-0 1-1", "(<1>véalo</1>) ya"),
        # what is opaque goes where it is, whatever the links say
        ("<1>{N}</1> grows", "Crece {N}", "", "Crece <1>{N}</1>"),
        ("<1>plan of {N}</1> grows", "Crece el plan de {N}", "0-2 1-3 4-0", "Crece el <1>plan de {N}</1>"),
        ("<1>plan</1> of {N}", "{N} plan", "0-2 0-0", "{N} <1>plan</1>"),
        # doubtful: no words, strangers, another's words, an overlap, a figure that was not in it
        ("See <1>plans</1> here.", "Vea esto.", "0-0 2-1", None),
        ("<1>a b</1> c d e f", "A C D E B F", "0-0 1-4 2-1 3-2 4-3 5-5", None),
        ("<1>a</1> b <2>c</2>", "A C A", "0-0 0-2 2-1", None),
        ("<1>half</1> of 40", "40 mitad", "0-0 1-1", None),
        ("<1>Harb</1>our opens", "Puerto abre", "0-0 1-1", None),
        ("a <1>big plan</1> of {N}", "plan {N} grande", "1-3 2-0", None),
        ("<1>plan</1> now", "plan ya", "0-0*0.3 0-1*0.4 1-1", None),
        ("<1></1>See it", "Véalo", "0-0 1-0", None),
        # a faraway word that is wrongly its own is left behind, if the others stand together
        ("<1>a b c</1> d e f g", "A B C D E F G", "0-0 1-1 2-2 2-6 3-3 4-4 5-5", "<1>A B C</1> D E F G"),
    ],
)  # fmt: skip
def test_an_element_goes_around_the_words_that_stand_for_its_own(
    marked: str, target: str, numbers: str, wanted: str | None
) -> None:
    assert project(marked, target, numbers) == wanted


def test_in_a_script_without_spaces_the_pieces_of_the_engine_are_the_words() -> None:
    source, target = plain_sentences.shown(read("the <1>red</1> house")), plain_sentences.shown(read("その赤い家"))
    links = (Link((0, 3), (0, 2)), Link((4, 7), (2, 4)), Link((8, 13), (4, 5)))
    assert written(projected(source, target, links) or ()) == "その<1>赤い</1>家"


def test_pieces_of_one_word_go_together() -> None:
    source, target = plain_sentences.shown(read("the <1>red</1> house")), plain_sentences.shown(read("das rothaus da"))
    links = (Link((0, 3), (0, 3)), Link((4, 7), (4, 7)), Link((8, 13), (7, 11), 0.9))
    assert written(projected(source, target, links) or ()) == "das <1>rothaus</1> da"


def test_links_meet_in_the_language_between() -> None:
    first = (Link((0, 3), (0, 4)), Link((4, 7), (5, 9), 0.5))
    second = (Link((0, 4), (6, 9), 0.8), Link((5, 9), (0, 5)), Link((2, 7), (0, 5), 0.1))
    found = {(link.source, link.target): round(link.weight, 3) for link in composed(first, second)}
    assert found == {((0, 3), (6, 9)): 0.8, ((4, 7), (0, 5)): 1.033, ((0, 3), (0, 5)): 0.067}


@pytest.mark.parametrize(
    ("marked", "enough"),
    [("<1>{N}</1> grows", True), ("<1>We grow.</1>", True), ("We <1>grow</1>", False), ("<1>of {N}</1> it", False)],
)
def test_where_opaque_pieces_say_all_no_links_are_needed(marked: str, enough: bool) -> None:
    assert needs_no_links(plain_sentences.shown(read(marked))) is enough


def test_what_is_beyond_measure_is_not_looked_at() -> None:
    many = "".join(f"<{number}>a</{number}> " for number in range(1, 10))
    source = plain_sentences.shown(read(many))
    link = tuple(Link((at, at + 1), (at, at + 1)) for at in range(0, 18, 2))
    assert projected(source, plain_sentences.shown(("a " * 9,)), link) is not None
    more = Sentence(source.text, (), source.elements * 4)
    assert len(more.elements) > MOST_ELEMENTS
    assert projected(more, plain_sentences.shown(("a " * 9,)), link) is None
    pieces = tuple(Opaque(number, f"N{number}", kind="name") for number in range(plain_sentences.MOST_PIECES + 1))
    assert plain_sentences.written(pieces, ES) is None
    assert plain_sentences.written(pieces[1:], ES) is not None


# --- what is opaque


@pytest.mark.parametrize(
    ("marked", "sent"),
    [
        ("{N} paid {A} {D}.", "Acme Robotics paid €3.2 billion on March 5, 2026."),
        ("The {T} of {M}", "The tidal plant of Acme"),
        ("See {U} and {P}", "See XQZAA and XQZAB"),
        ("XQZ {U}", "XQZ QXJAA"),
        ("one\ntwo", "one two"),
    ],
)
def test_an_engine_gets_names_and_figures_and_a_word_for_what_it_must_not_read(marked: str, sent: str) -> None:
    assert plain_sentences.written(read(marked), ES).text == sent


def test_names_are_hidden_where_engines_write_them_anew() -> None:
    assert plain_sentences.written(read("{N} {A}"), LanguagePair.of("en", "ja")).text == "XQZAA €3.2 billion"


@pytest.mark.parametrize(
    ("marked", "translated", "wanted"),
    [
        ("{N} grows", "Crece Acme Robotics", "Crece {N}"),
        ("{N} and {M}", "Acme y Acme Robotics", "{M} y {N}"),  # the longer name first
        ("{M} grows", "Crecen Acmes", None),
        ("{M} grows", "Crece", None),
        ("{M} grows", "Acme crece, Acme", None),
        ("{M}, {M}", "Acme, Acme", "{M}, {M}"),
        ("See {U}.", "Vea xqzaa.", "Vea {U}."),
        ("See {U}.", "Vea XQZA.", None),
        ("See {U}{P}.", "Vea XQZAAXQZAB.", "Vea {U}{P}."),
        # a figure in the target's form, in the source's, or in another of the same value
        ("It cost {A}.", "Costó 3,2 mil millones de euros.", "Costó {A}."),
        ("It cost {A}.", "Costó €3.2 billion.", "Costó {A}."),
        ("It cost {A}.", "Costó 3200 millones de euros.", "Costó {A}."),
        ("It cost {A}.", "Costó 3,2 millones de euros.", None),
        ("It cost {A}.", "Costó 3,2 mil millones de dólares.", None),
        ("Open {D}.", "Abre el 5 de marzo de 2026.", "Abre {D}."),
        ("Open {D}.", "Abre el 6 de marzo de 2026.", None),
        ("Open {D}.", "Abre del 5 de marzo de 2026.", None),  # `del` is not `el`
        ("A {T} opens", "Abre una central mareomotriz", "Abre una {T}"),
        ("A {T} opens", "Abre una planta", None),
    ],
)
def test_what_is_opaque_is_found_again(marked: str, translated: str, wanted: str | None) -> None:
    unit = read(marked)
    found = plain_sentences.found_again(unit, translated, ES)
    whole = found and projected(plain_sentences.shown(()), found, ())
    assert (whole and written(whole)) == wanted


# --- through the fallbacks


class Fake:
    """An engine that knows whole sentences word by word, and says so: `planta:plant` of `source[0] …`."""

    name = "fake"

    def __init__(self, says: Callable[[str], str], inline: Any = "aligned", numbers: str = "") -> None:
        self.capabilities = Capabilities(inline=inline)
        self.asked: list[str] = []
        self._says, self._numbers = says, numbers

    def pairs(self) -> dict[Pair, int]:
        return {("en", "es"): 1}

    def model(self, source: str, target: str) -> str:
        return "fake 1"

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        said = ["".join(piece if isinstance(piece, str) else "{}" for piece in unit) for unit in units]
        self.asked += said
        answers = map(self._says, said)
        return [
            joined(part for parts in zip(answer.split("{}"), [*_opaque(unit), ""], strict=False) for part in parts)
            for answer, unit in zip(answers, units, strict=True)
        ]

    def translate_aligned(self, texts: Sequence[str], source: str, target: str) -> list[Aligned]:
        self.asked += [f"aligned {text}" for text in texts]
        answers = list(map(self._says, texts))
        return [
            Aligned(answer, links_between(text, answer, self._numbers) if answer else ())
            for text, answer in zip(texts, answers, strict=True)
        ]


def _opaque(unit: Text) -> list[Piece]:
    return [piece for piece in unit if isinstance(piece, Opaque)]


def outcome(engine: Any, marked: str, **more: Any) -> Outcome | None:
    job = engine_job(engine, ("en", "es"), ES, Deadline(), **more)
    return translate_texts(job, [read(marked)]).outcomes[0]


SENTENCE = "The <1>new plant</1> serves 1,234.5 towns near {N}."
KNOWN = {
    "The new plant serves 1,234.5 towns near Acme Robotics.": "La planta nueva abastece 1,234.5 pueblos cerca de Acme "
    "Robotics.",
    "The {} serves {} towns near {}.": "La {} abastece {} pueblos cerca de {}.",
    "new plant": "nueva planta",
}
NUMBERS = "0-0 1-2 2-1 3-3 4-4 5-5 6-6 6-7 7-8 8-9"
WHOLE = "La <1>planta nueva</1> abastece 1234,5 pueblos cerca de {N}."


def test_a_sentence_goes_whole_and_its_figures_are_typeset() -> None:
    engine = Fake(lambda text: KNOWN[text], numbers=NUMBERS)
    assert written(outcome(engine, SENTENCE).text) == WHOLE
    assert engine.asked == ["aligned The new plant serves 1,234.5 towns near Acme Robotics."]


@pytest.mark.parametrize(
    ("changed", "to"),
    [
        ("1,234.5", "1,243.5"),  # a changed figure
        ("1,234.5 ", ""),
        ("Acme Robotics", "Robótica de Acme"),  # a changed name
        ("planta nueva", "1,234.5"),  # nothing for the element, and a figure too many
        ("La planta nueva abastece", "The new plant serves"),  # not translated
        ("cerca de Acme Robotics.", "cerca de Acme Robotics, que es de Acme Robotics."),
        ("pueblos cerca de Acme Robotics.", ""),
    ],
)
def test_what_a_whole_sentence_loses_is_asked_for_in_pieces(changed: str, to: str) -> None:
    spoilt = {text: said.replace(changed, to) if "{}" not in text else said for text, said in KNOWN.items()}
    engine = Fake(lambda text: spoilt[text] or "x", numbers=NUMBERS if len(to) == len(changed) else "0-0")
    found = outcome(engine, SENTENCE)
    assert found.problem is None
    assert "<1>" in written(found.text)
    assert len(engine.asked) > 1


def test_links_that_lead_elsewhere_are_not_followed() -> None:
    for numbers in ("", "0-0", "1-4 2-4", "1-0 2-9"):
        found = outcome(Fake(lambda text: KNOWN[text], numbers=numbers), SENTENCE)
        assert written(found.text) == "La <1>nueva planta</1> abastece 1234,5 pueblos cerca de {N}."


@pytest.mark.parametrize(
    ("marked", "numbers", "unanswered"),
    [
        ("The <1>wooden plant</1> opened", "1-1 2-0", False),
        ("The <1>wooden plant</1> opened", "2-0", True),
        ("<1>The wooden plant of a town</1> opened", "1-1 2-0 5-2", False),  # function words and short ones may be left
        ("<1>Plant of {N}</1> opened", "0-0", False),
        ("The <1>plant</1> opened", "", True),
        ("The plant <1>opened</1>", "2-0", False),
    ],
)
def test_a_word_of_an_element_for_which_nothing_stands_makes_it_doubtful(
    marked: str, numbers: str, unanswered: bool
) -> None:
    source = plain_sentences.shown(read(marked))
    links = links_between(source.text, "uno dos tres", numbers)
    assert plain_sentences.unanswered(source, links, ES) is unanswered


def test_a_memory_that_does_not_know_enough_of_the_words_is_not_followed() -> None:
    for inline in ("aligned", "plain"):
        engine = Fake(lambda text: KNOWN[text], inline=inline)
        found = outcome(engine, SENTENCE, align=lambda source, target: links_between(source, target, "1-1 3-2"))
        assert written(found.text) == "La <1>nueva planta</1> abastece 1234,5 pueblos cerca de {N}."


def test_an_engine_that_takes_plain_text_gets_whole_sentences_where_links_are_known_or_not_needed() -> None:
    unknown = Fake(lambda text: KNOWN[text], inline="plain")
    assert written(outcome(unknown, SENTENCE).text).startswith("La <1>nueva planta</1>")
    assert unknown.asked[0] == "The {} serves {} towns near {}."
    known = Fake(lambda text: KNOWN[text], inline="plain")
    found = outcome(known, SENTENCE, align=lambda source, target: links_between(source, target, NUMBERS))
    assert written(found.text) == WHOLE
    assert len(known.asked) == 1
    bare = Fake({"See Acme Robotics here.": "Vea Acme Robotics aquí."}.__getitem__, inline="plain")
    assert written(outcome(bare, "See <1>{N}</1> here.").text) == "Vea <1>{N}</1> aquí."


def test_an_engine_that_aligns_and_has_no_links_gets_those_that_the_memory_teaches() -> None:
    engine = Fake(lambda text: KNOWN[text])
    found = outcome(engine, SENTENCE, align=lambda source, target: links_between(source, target, NUMBERS))
    assert written(found.text) == WHOLE
    assert len(engine.asked) == 1


def test_an_engine_that_keeps_placeholders_is_asked_as_before() -> None:
    engine = Fake(lambda text: KNOWN[text], inline="placeholder")
    assert written(outcome(engine, SENTENCE).text).startswith("La <1>nueva planta</1>")
    assert "aligned" not in " ".join(engine.asked)


def test_links_without_any_weight_lead_nowhere() -> None:
    assert composed([Link((0, 3), (0, 3), 0.0)], [Link((0, 3), (0, 3))]) == ()
