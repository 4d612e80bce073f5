"""How people write names in a translation: inflected, in compounds, in other letters; and what is a lost name.

A name stands in `{…}` in the source, where an engine gets an opaque piece; the translation is as a person typed it.
"""

from __future__ import annotations

import re

import pytest

from tasks.translation import checks
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Opaque, Piece, Text, joined

RIGHT = [
    ("de", "{Northgate}’s revenue rose sharply.", "Der Umsatz Northgates ist stark gestiegen."),
    ("de", "{Northgate} shares rose sharply.", "Die Northgate-Aktie ist stark gestiegen."),
    ("de", "{Carl Zeiss}’s revenue rose.", "Der Umsatz von Carl Zeiss’ Werken stieg."),
    ("de", "{Harbour Light} employees were thanked.", "Den Harbour-Light-Beschäftigten wurde gedankt."),
    ("de", "{Maria Lund}’s book is out.", "Maria Lunds Buch ist erschienen."),
    ("fr", "{Northgate} said {Northgate} would grow.", "Northgate a déclaré qu’elle allait croître."),
    ("es", "It said that {Harbour Light} grows.", "Harbour Light dijo que Harbour Light crece."),
    ("ru", "{Northgate} opened a plant in Poland.", "«Нортгейт» открыл завод в Польше."),
    ("ru", "The plant of {Nordvelt} in Poland is open.", "Завод «Нордвельта» в Польше открыт."),
    ("ru", "{Ingrid Sommerfeld} said it was good news.", "Это хорошая новость, сказала Ингрид Зоммерфельд."),
    ("ru", "He thanked {Maria Lopez} for her work.", "Он поблагодарил Марию Лопес за работу."),
    ("ru", "{Vladimir Putin} met farmers on Monday.", "Владимир Путин встретился в понедельник с фермерами."),
    ("ru", "The shares of {Siemens} fell on Monday.", "Акции Siemens’а в понедельник упали."),
    (
        "ja",
        "{Ingrid Sommerfeld} said it was good news.",
        "イングリッド・ゾンマーフェルト氏は喜びを表した。",
    ),
    ("ja", "{Nordvelt} opened a plant in Poland.", "ノルトフェルトはポーランドで工場を開設した。"),
    ("ja", "{Marcus Oyelaran} left the company.", "マーカス・オイェララン氏は会社を去った。"),
    ("ko", "{Ingrid Sommerfeld} said it was good news.", "잉그리드 좀머펠트는 좋은 소식이라고 말했다."),
    ("ko", "{Tesla} opened a plant in Poland.", "테슬라는 폴란드에 공장을 열었다."),
    ("ar", "{Ingrid Sommerfeld} said it was good news.", "قالت إنغريد سومرفيلد إنه خبر جيد."),
    ("ar", "{Siemens} opened a plant in Poland.", "افتتحت شركة سيمنز مصنعا في بولندا."),
    ("ar", "{Mohammed Al-Rashidi} left the company.", "غادر محمد الراشدي الشركة."),
    ("th", "{Tesla} opened a plant in Poland.", "Tesla เปิดโรงงานในโปแลนด์"),
    ("zh-Hans", "{Tesla} opened a plant in Poland.", "Tesla在波兰开设了一家工厂。"),
    ("id", "{Northgate}’s revenue rose sharply.", "Pendapatan Northgate naik tajam."),
    ("fr", "The mRNA vaccine was approved in May.", "Le vaccin à ARNm a été approuvé en mai."),
    ("de", "The owners of RoboLift sold it.", "Die Besitzer des RoboLifts haben ihn verkauft."),
    ("de", "The SeaLoom turbines turn faster now.", "Die SeaLoom-Turbinen drehen sich jetzt schneller."),
]
WRONG = [
    ("es", "{Harbour Light} grows every year.", "Luz de puerto crece cada año."),
    ("de", "{Northgate} shares rose sharply.", "Die Nordtor-Aktie ist stark gestiegen."),
    ("de", "{Maria Lund}’s book is out.", "Maria Bergs Buch ist erschienen."),
    ("de", "{Northgate} said {Nordvelt} would grow.", "Northgate sagte, Northgate werde wachsen."),
    ("fr", "{Nordvelt} opened a plant in Poland.", "L’entreprise a ouvert une usine en Pologne."),
    ("ru", "{Northgate} opened a plant in Poland.", "Компания открыла завод в Польше."),
    ("ru", "{Ingrid Sommerfeld} said it was good news.", "Это хорошая новость, сказала Мария Лопес."),
    ("ja", "{Nordvelt} opened a plant in Poland.", "同社はポーランドで工場を開設した。"),
    ("ja", "{Ingrid Sommerfeld} said it was good news.", "マリア・ロペス氏は「良い知らせだ」と述べた。"),
    ("ko", "{Tesla} opened a plant in Poland.", "이 회사는 폴란드에 공장을 열었다."),
    ("ar", "{Siemens} opened a plant in Poland.", "افتتحت الشركة مصنعا في بولندا."),
    ("ar", "{Ingrid Sommerfeld} said it was good news.", "قالت ماريا لوبيز إنه خبر جيد."),
    ("zh-Hans", "{Tesla} opened a plant in Poland.", "公司在波兰开设了一家工厂。"),
    ("de", "The SeaLoom turbines turn faster now.", "Die Seewebstuhl-Turbinen drehen sich jetzt schneller."),
    ("es", "The owners of RoboLift sold it.", "Los dueños de RoboAscensor lo vendieron."),
]  # fmt: skip


def texts(source: str, target: str) -> tuple[Text, Text]:
    """The source with its names opaque; the target with those that a person typed as they are, as an import has it."""
    names = list(dict.fromkeys(re.findall(r"\{(.+?)\}", source)))
    pieces = {name: Opaque(number, name, kind="name") for number, name in enumerate(names, 1)}

    def opaque(text: str, pattern: str) -> Text:
        found: list[Piece] = []
        for at, part in enumerate(re.split(pattern, text)):
            found.append(pieces[part] if at % 2 else part)
        return joined(found)

    whole = "|".join(map(re.escape, names)) or "(?!)"
    return opaque(source, r"\{(.+?)\}"), opaque(target, rf"(?<![\w-])({whole})(?![\w-])")


def problems(language: str, source: str, target: str, *, by_person: bool) -> set[str]:
    unit, result = texts(source, target)
    found = checks.problems_with(unit, result, LanguagePair.of("en", language), by_person=by_person)
    return {problem.check for problem in found}


@pytest.mark.parametrize(("language", "source", "target"), RIGHT)
def test_what_people_make_of_names_passes(language: str, source: str, target: str) -> None:
    assert problems(language, source, target, by_person=True) == set()


@pytest.mark.parametrize(("language", "source", "target"), WRONG)
def test_a_lost_name_does_not(language: str, source: str, target: str) -> None:
    assert problems(language, source, target, by_person=True) & {"opaque", "name"}


@pytest.mark.parametrize(("language", "source", "target"), [*RIGHT[:22], *WRONG])
def test_an_engine_must_keep_what_it_was_given(language: str, source: str, target: str) -> None:
    unit, result = texts(source, target)
    kept = [piece for piece in unit if isinstance(piece, Opaque)]
    there = [piece for piece in result if isinstance(piece, Opaque)]
    found = problems(language, source, target, by_person=False)
    assert bool(found & {"opaque", "name"}) is (sorted(map(str, kept)) != sorted(map(str, there)) or not kept)
