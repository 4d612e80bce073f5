"""An engine that makes no mistake: whatever is wrong in the text that leaves is our own fault.

It gets what every engine gets, and answers as a good translator would, with the protected pieces where they belong: `{1}`
is the first. What a reader sees then is to be what an editor would sign.
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

N = "\u00a0"
SENTENCES: list[tuple[str, dict[str, tuple[str, str]]]] = [
    (
        "The company expects sales of £85–95 million this year, up from CHF 218 million.",
        {
            "es": ("La empresa prevé este año unas ventas de {1}, frente a {2}.", "La empresa prevé este año unas ventas de 85–95 millones de libras esterlinas, frente a 218 millones de francos suizos."),
            "fr": ("L'entreprise prévoit cette année un chiffre d'affaires de {1}, contre {2}.", "L’entreprise prévoit cette année un chiffre d’affaires de 85–95 millions de livres sterling, contre 218 millions de francs suisses."),
            "de": ("Das Unternehmen erwartet in diesem Jahr einen Umsatz von {1} nach {2}.", "Das Unternehmen erwartet in diesem Jahr einen Umsatz von 85–95 Millionen britische Pfund nach 218 Millionen Schweizer Franken."),
            "pt": ("A empresa prevê para este ano vendas de {1}, contra {2}.", "A empresa prevê para este ano vendas de 85–95 milhões de libras esterlinas, contra 218 milhões de francos suíços."),
            "ja": ("同社は今年の売上高を{1}と見込んでいる(前年は{2})。", "同社は今年の売上高を8500万～9500万英ポンドと見込んでいる(前年は2億1800万スイスフラン)。"),
        },
    ),
    (
        "The plant is to serve $5 to 7 million worth of orders and 1.2 million inhabitants of the region.",
        {
            "es": ("La planta atenderá pedidos por valor de {1} a {2} y a {3} habitantes de la región.", "La planta atenderá pedidos por valor de 5 a 7 millones de dólares y a 1,2 millones de habitantes de la región."),
            "fr": ("L'usine traitera des commandes de {1} à {2} et servira {3} habitants de la région.", "L’usine traitera des commandes de 5 à 7 millions de dollars et servira 1,2 million d’habitants de la région."),
            "de": ("Das Werk soll Aufträge im Wert von {1} bis {2} erfüllen und {3} Einwohner der Region versorgen.", "Das Werk soll Aufträge im Wert von 5 bis 7 Millionen Dollar erfüllen und 1,2 Millionen Einwohner der Region versorgen."),
            "pt": ("A fábrica atenderá pedidos de {1} a {2} e {3} habitantes da região.", "A fábrica atenderá pedidos de 5 a 7 milhões de dólares e 1,2 milhão de habitantes da região."),
            "ja": ("この工場は{1}から{2}の受注に対応し、地域の住民{3}人に供給する。", "この工場は500万から700万ドルの受注に対応し、地域の住民120万人に供給する。"),
        },
    ),
    (
        "The fair runs on 19–21 May 2026 and has been open to all of the visitors since 1 January.",
        {
            "es": ("La feria se celebra {1} y está abierta a todos los visitantes desde {2}.", "La feria se celebra del 19 al 21 de mayo de 2026 y está abierta a todos los visitantes desde el 1 de enero."),
            "fr": ("Le salon se tient {1} et est ouvert à tous les visiteurs depuis {2}.", "Le salon se tient du 19 au 21 mai 2026 et est ouvert à tous les visiteurs depuis le 1er janvier."),
            "de": ("Die Messe findet {1} statt und steht allen Besuchern seit {2} offen.", "Die Messe findet vom 19. bis 21. Mai 2026 statt und steht allen Besuchern seit dem 1. Januar offen."),
            "pt": ("A feira acontece {1} e está aberta a todos os visitantes desde {2}.", "A feira acontece de 19 a 21 de maio de 2026 e está aberta a todos os visitantes desde 1º de janeiro."),
            "ja": ("見本市は{1}に開催され、{2}から全ての来場者に開放されている。", "見本市は2026年5月19日～21日に開催され、1月1日から全ての来場者に開放されている。"),
        },
    ),
    (
        "Offers are taken between 28 June and 3 July, and the conference call begins at 9.30 a.m. CET on Friday.",
        {
            "es": ("Se aceptan ofertas {1} y la conferencia empieza el viernes a las {2}.", "Se aceptan ofertas entre el 28 de junio y el 3 de julio y la conferencia empieza el viernes a las 9:30 CET."),
            "fr": ("Les offres sont reçues {1} et la conférence commence vendredi à {2}.", f"Les offres sont reçues entre le 28 juin et le 3 juillet et la conférence commence vendredi à 9{N}h{N}30 CET."),
            "de": ("Angebote werden {1} angenommen; die Telefonkonferenz beginnt am Freitag um {2}.", "Angebote werden zwischen dem 28. Juni und dem 3. Juli angenommen; die Telefonkonferenz beginnt am Freitag um 9:30 Uhr CET."),
            "pt": ("As ofertas são aceitas {1} e a teleconferência começa na sexta-feira às {2}.", "As ofertas são aceitas entre 28 de junho e 3 de julho e a teleconferência começa na sexta-feira às 9h30 CET."),
            "ja": ("申し込みは{1}から{2}まで受け付け、電話会議は金曜日の{3}に始まる。", "申し込みは6月28日から7月3日まで受け付け、電話会議は金曜日の9:30 CETに始まる。"),
        },
    ),
    (
        "On March 5, 2026, the company opened the first of its plants in the country.",
        {
            "es": ("{1}, la empresa abrió la primera de sus plantas en el país.", "El 5 de marzo de 2026, la empresa abrió la primera de sus plantas en el país."),
            "fr": ("{1}, l'entreprise a ouvert la première de ses usines dans le pays.", "Le 5 mars 2026, l’entreprise a ouvert la première de ses usines dans le pays."),
            "de": ("Am 5. März 2026 eröffnete das Unternehmen das erste seiner Werke im Land.", "Am 5. März 2026 eröffnete das Unternehmen das erste seiner Werke im Land."),
            "pt": ("{1}, a empresa abriu a primeira de suas fábricas no país.", "Em 5 de março de 2026, a empresa abriu a primeira de suas fábricas no país."),
            "ja": ("2026年3月5日、同社は国内で最初の工場を開設した。", "2026年3月5日、同社は国内で最初の工場を開設した。"),
        },
    ),
    (
        "The update from 7.0 to 7.4.2 closes CVE-2026-1234 in CALM-2 under Article 5.3 of the contract.",
        {
            "es": ("La actualización de {1} a {2} corrige {3} en {4} conforme al artículo {5} del contrato.", "La actualización de 7.0 a 7.4.2 corrige CVE-2026-1234 en CALM-2 conforme al artículo 5.3 del contrato."),
            "fr": ("La mise à jour de {1} à {2} corrige {3} dans {4} au titre de l'article {5} du contrat.", "La mise à jour de 7.0 à 7.4.2 corrige CVE-2026-1234 dans CALM-2 au titre de l’article 5.3 du contrat."),
            "de": ("Die Aktualisierung von {1} auf {2} schließt {3} in {4} nach Artikel {5} des Vertrags.", "Die Aktualisierung von 7.0 auf 7.4.2 schließt CVE-2026-1234 in CALM-2 nach Artikel 5.3 des Vertrags."),
            "pt": ("A atualização de {1} para {2} corrige {3} em {4} nos termos do artigo {5} do contrato.", "A atualização de 7.0 para 7.4.2 corrige CVE-2026-1234 em CALM-2 nos termos do artigo 5.3 do contrato."),
            "ja": ("{1}から{2}への更新は、契約の第{5}条に基づき{4}の{3}を修正する。", "7.0から7.4.2への更新は、契約の第5.3条に基づきCALM-2のCVE-2026-1234を修正する。"),
        },
    ),
    (
        "“We say ‘yes’ to all of this,” the company said in a letter to its customers.",
        {
            "es": ("“Decimos ‘sí’ a todo esto”, dijo la empresa en una carta a sus clientes.", "“Decimos ‘sí’ a todo esto”, dijo la empresa en una carta a sus clientes."),
            "fr": ("« Nous disons “oui” à tout cela », a déclaré l'entreprise dans une lettre à ses clients.", f"«{N}Nous disons “oui” à tout cela{N}», a déclaré l’entreprise dans une lettre à ses clients."),
            "de": ("„Wir sagen ‚Ja‘ zu all dem“, schrieb das Unternehmen in einem Brief an seine Kunden.", "„Wir sagen ‚Ja‘ zu all dem“, schrieb das Unternehmen in einem Brief an seine Kunden."),
            "pt": ("“Dizemos ‘sim’ a tudo isso”, disse a empresa em uma carta aos seus clientes.", "“Dizemos ‘sim’ a tudo isso”, disse a empresa em uma carta aos seus clientes."),
            "ja": ("「このすべてに『イエス』と言う」と同社は顧客への書簡で述べた。", "「このすべてに『イエス』と言う」と同社は顧客への書簡で述べた。"),
        },
    ),
    (
        "results: profit of the group rises in FY26/27, and the service is staffed around the clock",
        {
            "es": ("resultados: el beneficio del grupo aumenta en el ejercicio 2026/27 y el servicio está atendido las 24 horas", "resultados: el beneficio del grupo aumenta en el ejercicio 2026/27 y el servicio está atendido las 24 horas"),
            "fr": ("résultats : le bénéfice du groupe augmente sur l'exercice 2026/27 et le service est assuré 24 heures sur 24", f"résultats{N}: le bénéfice du groupe augmente sur l’exercice 2026/27 et le service est assuré 24 heures sur 24"),
            "de": ("Ergebnis: Gewinn der Gruppe steigt im Geschäftsjahr 2026/27, und der Dienst ist rund um die Uhr besetzt", "Ergebnis: Gewinn der Gruppe steigt im Geschäftsjahr 2026/27, und der Dienst ist rund um die Uhr besetzt"),
            "pt": ("resultados: o lucro do grupo sobe no exercício 2026/27 e o serviço funciona 24 horas por dia", "resultados: o lucro do grupo sobe no exercício 2026/27 e o serviço funciona 24 horas por dia"),
            "ja": ("業績：グループの利益は2026/27年度に増加し、サービスは24時間体制で提供される", "業績：グループの利益は2026/27年度に増加し、サービスは24時間体制で提供される"),
        },
    ),
]  # fmt: skip


def answer(template: str) -> Callable[[Text], Text]:
    def whole(unit: Text) -> Text:
        opaque = [piece for piece in unit if isinstance(piece, Opaque)]
        parts = re.split(r"\{(\d)\}", template)
        assert sorted(map(int, parts[1::2])) == list(range(1, len(opaque) + 1)), unit
        return joined(opaque[int(part) - 1] if index % 2 else part for index, part in enumerate(parts))

    return whole


@pytest.mark.parametrize("target", ["es", "fr", "de", "pt", "ja"])
@pytest.mark.parametrize(("sentence", "answers"), SENTENCES, ids=lambda value: str(value)[:30])
def test_nothing_of_a_good_translation_is_spoilt(
    make_release: Callable[..., Release], sentence: str, answers: dict[str, tuple[str, str]], target: str
) -> None:
    made, wanted = answers[target]
    engine = Stub(whole=answer(made), pair=("en", target))
    release = make_release(headline=sentence, subheadline=None, contacts=[], body_html=f"<p>{sentence}</p>")
    body = translate(release, target, engines=[engine]).body_html
    assert "".join(lxml_html.fragment_fromstring(body, create_parent="div").itertext()) == wanted
