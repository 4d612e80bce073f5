"""What no finished text has is noticed in it, and what looks like it and is sound passes."""

from __future__ import annotations

import pytest

from tasks.translation.checks import problems_with
from tasks.translation.language_pair import LanguagePair


@pytest.fixture(autouse=True, scope="module")
def any_words() -> None:
    """All checks are on."""


EN = "The company opened its new plant in the harbour, and everybody came."
GOOD = {
    "es": "La empresa inauguró su nueva planta en el puerto, y todo el mundo acudió.",
    "fr": "L’entreprise a inauguré sa nouvelle usine dans le port, et tout le monde est venu.",
    "de": "Das Unternehmen hat sein neues Werk im Hafen eröffnet, und alle sind gekommen.",
    "ja": "同社は港に新しい工場を開設し、みんながやって来ました。",
    "ar": "افتتحت الشركة مصنعها الجديد في الميناء، وحضر الجميع.",
    "ru": "Компания открыла новый завод в порту, и все пришли на праздник.",
    "pt": "A empresa inaugurou a sua nova fábrica no porto, e toda a gente veio.",
}


def found(before: str, after: str, target: str, source: str = "en") -> dict[str, str]:
    """The problems by their check."""
    return {
        problem.check: str(problem) for problem in problems_with((before,), (after,), LanguagePair.of(source, target))
    }


@pytest.mark.parametrize("target", GOOD)
def test_sound_text_passes(target: str) -> None:
    assert found(EN, GOOD[target], target) == {}


@pytest.mark.parametrize("target", ["es", "fr", "de", "ja", "ar"])
@pytest.mark.parametrize(
    ("put", "check", "reason"),
    [
        ("&quot;", "markup", "'&quot;' stands in it as text"),
        ("&#8217;", "markup", "'&#8217;' stands in it as text"),
        ("<b>", "markup", "'<b>' stands in it as text"),
        ("</g1>", "markup", "'</g1>' stands in it as text"),
        ("**", "markup", "'**' stands in it as text"),
        (r"\u00e9", "markup", r"'\\u00e9' stands in it as text"),
        ("\u202e", "characters", "RIGHT-TO-LEFT OVERRIDE"),
        ("\ufffd", "characters", "letters that were lost"),
        ("\x93", "characters", "U+0093"),
        ("\ue012", "characters", "U+E012"),
        (" Ã©tÃ© ", "characters", "'é' in a wrong encoding"),
        (" â€œ ", "characters", "in a wrong encoding"),
        (" Р·Р°РІРѕРґ ", "characters", "'завод' in a wrong encoding"),
        (" pоrt ", "characters", "cyrillic small letter o, which only looks right"),
    ],
)  # fmt: skip
def test_what_belongs_to_no_text_is_noticed(target: str, put: str, check: str, reason: str) -> None:
    good = GOOD[target]
    middle = good.find(" ", len(good) // 2) if " " in good else len(good) // 2
    assert reason in found(EN, good[:middle] + put + good[middle:], target).get(check, "")


@pytest.mark.parametrize(
    ("before", "after", "target", "reason"),
    [
        ("It sold 45 boats this year.", "Este año vendió ٤٥ barcos.", "es", "digits of another script"),
        ("It sold 45 boats this year.", "Este año vendió ４５ barcos.", "es", "digits of another script"),
        ("It sold 45 boats this year.", "باعت ۴۵ قاربا هذا العام.", "ar", "digits of another script"),
        ("It sold 45 boats this year.", "باعت ٤٥ قاربا هذا العام.", "ar", None),
        ("It sold 45 boats this year.", "今年は４５隻を売りました。", "ja", None),
        ("It sold 45 boats this year.", "ปีนี้ขายเรือได้ ๔๕ ลำ", "th", None),
        ("The plant is new.", "ｺｳｼﾞｮｳは新しいです。", "ja", "are no whole characters"),
        ("The plant is new.", "工場は新しい⼈のものです。", "ja", "are no whole characters"),
        ("The company is new.", "الشرکة جديدة والمصنع كبير.", "ar", "letters of Persian or Urdu"),
        ("The β-blocker of 5 μm works.", "El betabloqueante β de 5 μm funciona.", "es", None),
        ("The IT firm from Moscow.", "ИТ-компания (IT) из Москвы.", "ru", None),
        ("São Paulo grows.", "SÃO PAULO É A MAIOR.", "pt", None),
    ],
)
def test_characters_of_a_language(before: str, after: str, target: str, reason: str | None) -> None:
    said = found(before, after, target).get("characters")
    assert (said is None) if reason is None else reason in str(said)


@pytest.mark.parametrize(
    ("before", "after", "target", "reason"),
    [
        ("“We are proud of it,” she said.", "Estamos orgullosos de ello, dijo ella.", "es", "are lost"),
        ("“We are proud of it,” she said.", "“Estamos orgullosos de ello, dijo ella.", "es", "has no partner"),
        ("“We are proud of it,” she said.", "»Estamos orgullosos de ello«, dijo ella.", "es", "are turned"),
        ("“We are proud of it,” she said.", "” Estamos orgullosos de ello “, dijo.", "es", "are turned"),
        ("“We are proud of it,” she said.", "« Nous en sommes fiers », dit-elle.", "fr", None),
        ("“We are proud of it,” she said.", "»Wir sind stolz darauf«, sagte sie.", "de", None),
        ("“We are proud of it,” she said.", "„Wir sind stolz darauf“, sagte sie.", "de", None),
        ("“We are proud of it,” she said.", "『誇りに思います』と語りました。", "ja", None),
        ("“We are proud of it,” she said.", "」誇りに思います「と語りました。", "ja", "are turned"),
        ("“We are proud of it.", "«Estamos orgullosos de ello.", "es", None),
        ("“We are proud of it.", "Estamos orgullosos de ello.", "es", "are lost"),
        ("The 27\" screen is new.", "La pantalla de 27 pulgadas es nueva.", "es", None),
        ("The “Green” label is new.", "La etiqueta Verde es nueva.", "es", None),
        ("The label is new.", "「緑」のラベルは新しいです。", "ja", None),
    ],
)  # fmt: skip
def test_quotation_marks(before: str, after: str, target: str, reason: str | None) -> None:
    said = found(before, after, target).get("quotes")
    assert (said is None) if reason is None else reason in str(said)


@pytest.mark.parametrize(
    ("before", "target"),
    [
        ("Here is the translation: ", "es"), ("Sure! Here is your translation: ", "fr"), ("Translation: ", "ja"),
        ("Aquí tiene la traducción: ", "es"), ("Traducción al español: ", "es"), ("Voici la traduction : ", "fr"),
        ("Hier ist die Übersetzung: ", "de"), ("以下は翻訳です：", "ja"), ("إليك الترجمة: ", "ar"),
        ("Вот перевод: ", "ru"), ("Aqui está a tradução: ", "pt"), ("Claro, aquí tienes: ", "es"),
        ("Bien sûr, la voici : ", "fr"), ("Gerne, bitte sehr: ", "de"), ("Claro, aqui está: ", "pt"),
    ],
)  # fmt: skip
def test_what_a_model_says_before_its_translation_is_noticed(before: str, target: str) -> None:
    assert "no part of the translation" in found(EN, before + GOOD[target], target).get("chatter", "")


@pytest.mark.parametrize(
    ("after", "target"),
    [
        (" (Note: I kept the name in English.)", "es"), (" Nota del traductor: se omite el nombre.", "es"),
        (" Remarque : le nom reste en anglais.", "fr"), (" Anmerkung: Der Name bleibt englisch.", "de"),
        ("（注：社名は英語のままです。）", "ja"), (" ملاحظة: بقي الاسم كما هو.", "ar"),
        (" Let me know if you need more.", "pt"),
    ],
)  # fmt: skip
def test_what_a_model_says_after_its_translation_is_noticed(after: str, target: str) -> None:
    assert "no part of the translation" in found(EN, GOOD[target] + after, target).get("chatter", "")


def test_a_source_that_speaks_of_translations_may() -> None:
    assert "chatter" not in found("Note: prices are in euros.", "Nota: los precios están en euros.", "es")
    assert "chatter" not in found("The translation: a history of words.", "La traducción: una historia.", "es")


@pytest.mark.parametrize(
    ("before", "after", "target", "reason"),
    [
        ("The firm from Hamburg is here.", "La firma basadaenHamburgo está aquí.", "es", "'basadaenHamburgo'"),
        ("It is over. It began.", "Se acabó.Empezó de nuevo.", "es", "run together"),
        ("See www.a.example now.", "Véase www.a.example ahora.", "es", None),
        ("The iPhone and eBay.", "El iPhone y eBay.", "es", None),
        ("It needs 5 kWh.", "Necesita 5 kWh.", "es", None),
        ("McDonald and YouTube came.", "Vinieron McDonald y YouTube.", "es", None),
    ],
)
def test_words_that_run_together(before: str, after: str, target: str, reason: str | None) -> None:
    said = found(before, after, target).get("glued")
    assert (said is None) if reason is None else reason in str(said)


@pytest.mark.parametrize(
    ("before", "after", "source", "target", "reason"),
    [
        ("It opens on Monday.", "Abre el martes.", "en", "es", "Monday is missing, Tuesday was added"),
        ("It opens on Monday.", "Il ouvre mardi.", "en", "fr", "Monday is missing, Tuesday was added"),
        ("It opens on Monday.", "Es öffnet am Dienstag.", "en", "de", "Monday is missing, Tuesday was added"),
        ("It opens on Monday.", "火曜日に開きます。", "en", "ja", "Monday is missing, Tuesday was added"),
        ("It opens on Monday.", "يفتتح يوم الثلاثاء.", "en", "ar", "Monday is missing, Tuesday was added"),
        ("It opens on Monday.", "Откроется во вторник.", "en", "ru", "Monday is missing, Tuesday was added"),
        ("It opens on Monday.", "Abre pronto.", "en", "es", "Monday is missing"),
        ("It opens on Monday.", "Abre na segunda.", "en", "pt", None),
        ("It opens on Monday.", "Откроется в понедельник.", "en", "ru", None),
        ("It opens on Monday.", "周一开放。", "en", "zh-Hans", None),
        ("It opens on Monday.", "Mở cửa vào thứ hai.", "en", "vi", None),
        ("It opens on Monday.", "يفتتح يوم الإثنين.", "en", "ar", None),
        ("It is the second fair.", "É a segunda feira.", "en", "pt", None),
        ("Offers of Black Friday.", "Ofertas de Black Friday.", "en", "es", None),
    ],
)
def test_days_of_the_week(before: str, after: str, source: str, target: str, reason: str | None) -> None:
    said = found(before, after, target, source).get("date")
    assert (said is None) if reason is None else reason in str(said)


@pytest.mark.parametrize(
    ("before", "after", "target", "reason"),
    [
        ("It is 15 kilometres long.", "Tiene 15 millas de largo.", "es", "unit 'kilometer' became 'mile'"),
        ("It is 15 km long.", "Elle mesure 15 milles de long.", "fr", "unit 'kilometer' became 'mile'"),
        ("It takes 18 months to build.", "Der Bau dauert 18 Jahre.", "de", "unit 'month' became 'year'"),
        ("It makes 15 MW of power.", "15キロワットの電力を生みます。", "ja", "unit 'megawatt' became 'kilowatt'"),
        ("It weighs 15 tonnes.", "يزن 15 كيلوغرام.", "ar", "unit 'tonne' became 'kilogram'"),
        ("It weighs 15 tonnes.", "Pesa 15 toneladas.", "es", None),
        ("It makes 15 MW of power.", "Genera 15 megavatios.", "es", None),
        ("It is 15 km long.", "長さは15キロです。", "ja", None),
        ("It took 24 hours.", "Duró un día entero, 24 horas.", "es", None),
    ],
)
def test_units_of_measurement(before: str, after: str, target: str, reason: str | None) -> None:
    said = found(before, after, target).get("quantity")
    assert (said is None) if reason is None else reason in str(said)


@pytest.mark.parametrize(
    ("after", "check"),
    [
        ("▁La planta abre hoy.", "characters"), ("La Ġplanta abre hoy.", "characters"),
        ("La planta abre hoy..", "markup"),
        ("La planta,, abre hoy.", "markup"), ("La planta abre hoy. #planta", "markup"),
        ("¿La planta abre hoy?", "question"),
        ("La planta abre hoy...", None), ("La planta n.º 1 (EE. UU.), hoy.", None),
    ],
)  # fmt: skip
def test_what_an_engine_adds_to_a_plain_statement_is_noticed(after: str, check: str | None) -> None:
    problems = set(found("The plant opens today.", after, "es")) & {"characters", "markup", "question"}
    assert problems == ({check} if check else set())
