"""A translator that makes no mistake gets the names of a release and all words around them: titles, topics, genitives.

It answers by what it was sent, protected pieces as `{1}`, `{2}` …; a sentence that it was sent in another form is one that
we have spoilt, and the test says so.
"""

# ruff: noqa: E501 - a sentence is easier to compare on one line
from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from lxml import html as lxml_html

from tasks.model.release import Release
from tasks.translation.pieces import Opaque, Text, joined
from tasks.translation.translate import translate

from .samples import Stub

SENTENCES: list[tuple[str, str, dict[str, tuple[str, str]]]] = [
    (
        "Harbour Light has named Adaeze Okafor Chief Operating Officer with immediate effect.",
        "{1} has named {2} Chief Operating Officer with immediate effect.",
        {
            "es": ("{1} ha nombrado a {2} directora de operaciones con efecto inmediato.", "Harbour Light ha nombrado a Adaeze Okafor directora de operaciones con efecto inmediato."),
            "de": ("{1} hat {2} mit sofortiger Wirkung zur Chefin des operativen Geschäfts ernannt.", "Harbour Light hat Adaeze Okafor mit sofortiger Wirkung zur Chefin des operativen Geschäfts ernannt."),
            "ja": ("{1}は{2}氏を最高執行責任者に即日付で任命した。", "Harbour LightはAdaeze Okafor氏を最高執行責任者に即日付で任命した。"),
        },
    ),
    (
        "Harbour Light’s Head of Oncology Samuel Reyes thanked Ms. Okafor for her work at the Annual Headache Meeting.",
        "{1}’s Head of Oncology {2} thanked Ms. {3} for her work at the Annual Headache Meeting.",
        {
            "es": ("El jefe de oncología de {1}, {2}, agradeció a la Sra. {3} su trabajo en el congreso anual de cefaleas.", "El jefe de oncología de Harbour Light, Samuel Reyes, agradeció a la Sra. Okafor su trabajo en el congreso anual de cefaleas."),
            "de": ("{2}, Leiter der Onkologie bei {1}, dankte Frau {3} für ihre Arbeit auf dem jährlichen Kopfschmerzkongress.", "Samuel Reyes, Leiter der Onkologie bei Harbour Light, dankte Frau Okafor für ihre Arbeit auf dem jährlichen Kopfschmerzkongress."),
            "ja": ("{1}の腫瘍学部門責任者{2}氏は、年次頭痛学会での{3}氏の働きに感謝した。", "Harbour Lightの腫瘍学部門責任者Samuel Reyes氏は、年次頭痛学会でのOkafor氏の働きに感謝した。"),
        },
    ),
    (
        "Adjusted EBIT¹ and Free Cash Flow rose, said President and Chief Financial Officer Maria da Costa.",
        "Adjusted EBIT¹ and Free Cash Flow rose, said President and Chief Financial Officer {1}.",
        {
            "es": ("El EBIT ajustado¹ y el flujo de caja libre aumentaron, afirmó la presidenta y directora financiera, {1}.", "El EBIT ajustado¹ y el flujo de caja libre aumentaron, afirmó la presidenta y directora financiera, Maria da Costa."),
            "de": ("Das bereinigte EBIT¹ und der freie Mittelzufluss stiegen, sagte {1}, Präsidentin und Finanzchefin.", "Das bereinigte EBIT¹ und der freie Mittelzufluss stiegen, sagte Maria da Costa, Präsidentin und Finanzchefin."),
            "ja": ("調整後EBIT¹とフリーキャッシュフローが増加したと、社長兼最高財務責任者の{1}氏は述べた。", "調整後EBIT¹とフリーキャッシュフローが増加したと、社長兼最高財務責任者のMaria da Costa氏は述べた。"),
        },
    ),
]  # fmt: skip


def answering(sent: str, template: str) -> Callable[[Text], Text]:
    def whole(unit: Text) -> Text:
        opaque = [piece for piece in unit if isinstance(piece, Opaque)]
        numbers = iter(range(1, len(opaque) + 1))
        assert "".join(piece if isinstance(piece, str) else f"{{{next(numbers)}}}" for piece in unit) == sent
        parts = re.split(r"\{(\d)\}", template)
        return joined(opaque[int(part) - 1] if index % 2 else part for index, part in enumerate(parts))

    return whole


@pytest.mark.parametrize("target", ["es", "de", "ja"])
@pytest.mark.parametrize(("sentence", "sent", "answers"), SENTENCES, ids=lambda value: str(value)[:20])
def test_a_good_translator_gets_every_word(
    make_release: Callable[..., Release], sentence: str, sent: str, answers: dict[str, tuple[str, str]], target: str
) -> None:
    made, wanted = answers[target]
    release = make_release(
        issuer={"name": "Harbour Light Energy Ltd"}, contacts=[{"name": "Adaeze Okafor"}], headline=sentence,
        subheadline=None, body_html=f"<p>{sentence}</p>",
    )  # fmt: skip
    body = translate(release, target, engines=[Stub(whole=answering(sent, made), pair=("en", target))]).body_html
    assert "".join(lxml_html.fragment_fromstring(body, create_parent="div").itertext()) == wanted
