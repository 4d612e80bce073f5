"""Ranges of amounts and of days: what both ends share is said once, and nothing of it is lost."""

# ruff: noqa: E501 - a table is easier to compare with a row on one line
from __future__ import annotations

import pytest

from tasks.translation.figures import amounts

N = "\u00a0"


def written(text: str, source: str, target: str) -> str:
    """The text with its amounts and dates as `target` writes them, in braces."""
    for find in (amounts.dates_written, amounts.amounts_written):
        for start, end, shown in reversed(list(find(text, source, target))):
            text = f"{text[:start]}{{{shown}}}{text[end:]}"
    return text.replace(N, " ").replace("\u202f", " ").replace("\u2009", " ")


@pytest.mark.parametrize(
    ("text", "target", "shown"),
    [
        ("worth £85–95 million", "es", "worth {85–95 millones de libras esterlinas}"),
        ("worth £85–95 million", "fr", "worth {85–95 millions de livres sterling}"),
        ("worth £85–95 million", "pt", "worth {85–95 milhões de libras esterlinas}"),
        ("worth £85–95 million", "de", "worth {85–95 Millionen britische Pfund}"),
        ("worth £85–95 million", "ja", "worth {8500万～9500万英ポンド}"),
        ("worth £85–95 million", "zh-Hans", "worth {8500万至9500万英镑}"),
        ("worth £85–95 million", "ko", "worth {8500만~9500만 영국 파운드}"),
        ("$5 to 7 million", "es", "{5} to {7 millones de dólares}"),
        ("$5 to 7 million", "ja", "{500万} to {700万ドル}"),
        ("$5 to 7 million", "en", "{$5} to {$7 million}"),
        ("€5–7m", "es", "{5–7 millones de euros}"), ("€5–7m", "fr", "{5–7 millions d’euros}"),
        ("€5–7m", "ja", "{500万～700万ユーロ}"), ("$5m–$7m", "es", "{5–7 millones de dólares}"),
        ("$5–7", "fr", "{5–7 $}"), ("€10 to €20", "es", "{10 €} to {20 €}"),
        ("between €3.2 and €4.5 billion", "ja", "between {32億} and {45億ユーロ}"),
        ("between €3.2 and €4.5 billion", "es", "between {3200} and {4500 millones de euros}"),
        ("€3–4bn", "es", "{3000–4000 millones de euros}"),
        ("between €3.2 and €4.5 billion", "fr", "between {3,2} and {4,5 milliards d’euros}"),
        ("5 to 7 million people", "ja", "{500万} to {700万} people"),
        ("5 to 7 million people", "es", "{5} to {7 millones de} people"),
        ("$5 million to $7 million", "es", "{5 millones de dólares} to {7 millones de dólares}"),
        ("$5 million and 3 million users", "de", "{5 Millionen Dollar} and {3 Millionen} users"),
        ("from 100,000 to 3 million", "ja", "from 100,000 to {300万}"),
        ("€500 to €3 million", "es", "{500 €} to {3 millones de euros}"),
        ("in 2025 and 3 million", "ja", "in 2025 and {300万}"),
        ("between $10 and $20", "es", "between {10 $} and {20 $}"), ("EUR/USD 1.08", "es", "EUR/USD 1.08"),
        ("$5m/€4m", "es", "{5 millones de dólares}/{4 millones de euros}"),
        ("€5 and 7 people", "es", "{5 €} and 7 people"), ("€5 to 7%", "es", "{5 €} to 7%"),
    ],
)  # fmt: skip
def test_a_range_keeps_its_currency_and_its_scale(text: str, target: str, shown: str) -> None:
    assert written(text, "en", target) == shown


@pytest.mark.parametrize(
    ("source", "text", "target", "shown"),
    [
        ("de", "1 Mio. Kunden und 3 Mio., 2 Mrd. für 5 Mio. Das", "en", "{1 million} Kunden und {3 million}, {2 billion} für {5 million}. Das"),
        ("fr", "10 à 15 000 euros", "en", "10 à {€15,000}"), ("fr", "de 5 à 90 euros", "en", "de {€5} à {€90}"),
        ("de", "2,3 Mrd. US-$ mehr", "en", "{$2.3 billion} mehr"),
        ("de", "rund 3 Mio.", "en", "rund {3 million}."), ("ru", "5 тыс. человек", "en", "{5 thousand} человек"),
        ("es", "412,6 millones de euros", "pt", "{412,6 milhões de euros}"),
        ("es", "412,6 millones de euros", "fr", "{412,6 millions d’euros}"),
        ("fr", "412,6 millions d’euros", "es", "{412,6 millones de euros}"),
        ("fr", "412,6 millions d’euros", "pt", "{412,6 milhões de euros}"),
        ("pt", "412,6 milhões de euros", "es", "{412,6 millones de euros}"),
        ("pt", "412,6 milhões de euros", "en", "{€412.6 million}"),
        ("es", "5 millones de personas", "pt", "{5 milhões de} personas"),
        ("es", "5 millones de personas", "en", "{5 million} personas"),
        ("es", "5 millones de los clientes", "pt", "{5 milhões} de los clientes"),
        ("fr", "5 millions d’habitants", "es", "{5 millones} d’habitants"),
        ("de", "5 Mio. Euro", "es", "{5 millones de euros}"),
        ("de", "5 bis 7 Millionen Euro", "es", "{5} bis {7 millones de euros}"),
        ("es", "entre 5 y 7 millones de euros", "ja", "entre {500万} y {700万ユーロ}"),
        ("en", "5 million annually", "es", "{5 millones} annually"),
    ],
)  # fmt: skip
def test_no_word_for_of_is_doubled(source: str, text: str, target: str, shown: str) -> None:
    assert written(text, source, target) == shown


@pytest.mark.parametrize(
    ("text", "target", "shown"),
    [
        ("CHF 218 million", "ja", "2億1800万スイスフラン"), ("CHF 218 million", "zh-Hans", "2亿1800万瑞士法郎"),
        ("CHF 218 million", "zh-Hant", "2億1800萬瑞士法郎"), ("CHF 218 million", "ko", "2억 1800만 스위스 프랑"),
        ("12.345 million", "ja", "1234万5000"), ("1.5 thousand", "ja", "1,500"), ("€3.2 billion", "ja", "32億ユーロ"),
        ("1.2345678 billion", "zh-Hans", "12亿3456万7800"), ("€1.2 trillion", "ja", "1兆2000億ユーロ"),
        ("20,000 trillion", "ja", "20000兆"),
    ],
)  # fmt: skip
def test_large_numbers_are_grouped_by_ten_thousands(text: str, target: str, shown: str) -> None:
    assert written(text, "en", target) == f"{{{shown}}}"


DAYS = [
    ("on May 19–21", "{del 19 al 21 de mayo}", "{du 19 au 21 mai}", "{de 19 a 21 de maio}", "{vom 19. bis 21. Mai}"),
    ("from 19 to 21 May", "{del 19 al 21 de mayo}", "{du 19 au 21 mai}", "{de 19 a 21 de maio}", "{vom 19. bis 21. Mai}"),
    ("19–21 May", "{19–21 de mayo}", "{19–21 mai}", "{19 – 21 de maio}", "{19.–21. Mai}"),
    ("May 1–3, 2026", "{1–3 de mayo de 2026}", "{1er–3 mai 2026}", "{1º – 3 de maio de 2026}", "{1.–3. Mai 2026}"),
    (
        "between 28 June and 3 July", "{entre el 28 de junio y el 3 de julio}", "{entre le 28 juin et le 3 juillet}",
        "{entre 28 de junho e 3 de julho}", "{zwischen dem 28. Juni und dem 3. Juli}",
    ),
    (
        "from December 28, 2025 to January 3, 2026", "{del 28 de diciembre de 2025 al 3 de enero de 2026}",
        "{du 28 décembre 2025 au 3 janvier 2026}", "{de 28 de dezembro de 2025 a 3 de janeiro de 2026}",
        "{vom 28. Dezember 2025 bis 3. Januar 2026}",
    ),
    (
        "on May 19 and 20", "{el 19 y el 20 de mayo}", "{les 19 et 20 mai}", "{em 19 e 20 de maio}",
        "{am 19. und 20. Mai}",
    ),
    ("starting on May 5", "starting {5 de mayo}", "starting {5 mai}", "starting {5 de maio}", "starting {5. Mai}"),
    (
        "on May 19-21 and June 3", "{del 19 al 21 de mayo} and {3 de junio}", "{du 19 au 21 mai} and {3 juin}",
        "{de 19 a 21 de maio} and {3 de junho}", "{vom 19. bis 21. Mai} and {3. Juni}",
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", DAYS, ids=lambda row: row[0])
def test_days_that_belong_together_are_written_together(row: tuple[str, ...]) -> None:
    assert tuple(written(row[0], "en", target) for target in ("es", "fr", "pt", "de")) == row[1:]


@pytest.mark.parametrize(
    ("source", "text", "target", "shown"),
    [
        ("en", "on May 19–21", "ja", "{5月19日～21日}"), ("en", "May 19–June 2", "zh-Hans", "{5月19日至6月2日}"),
        ("es", "del 19 al 21 de mayo de 2026", "en", "{from May 19 to 21, 2026}"),
        ("fr", "du 1er au 3 mai", "es", "{del 1 al 3 de mayo}"),
        ("pt", "de 19 a 21 de maio", "fr", "{du 19 au 21 mai}"),
        ("en", "since 1 January. The call", "es", "since {1 de enero}. The call"),
        ("en", "on 5 Sept. The call", "es", "{el 5 de septiembre}. The call"),
        ("en", "on 5 Sept. at noon", "es", "{el 5 de septiembre} at noon"),
        ("en", "Sept. 5, Oct. 6", "es", "{5 de septiembre}, {6 de octubre}"),
        ("en", "from May 21 to 19", "ja", "from {5月21日} to 19"),
        ("en", "between May 30 and February 30", "es", "between {30 de mayo} and February 30"),
        ("en", "on May 19 or 20", "es", "on May 19 or 20"),
        ("en", "June 28 and 300 people", "es", "{28 de junio} and 300 people"),
    ],
)  # fmt: skip
def test_days_of_other_languages_and_what_is_no_stretch(source: str, text: str, target: str, shown: str) -> None:
    assert written(text, source, target) == shown


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("en", "2 or 3 million people"), ("en", "1, 2 and 3 million euros"), ("de", "2 oder 3 Millionen Euro"), ("en", "₹200 lakh"),
        ("en", "on 5/6 March"), ("en", "on 4, 5 and 6 March"), ("en", "on March 4, 5 and 6"), ("es", "los días 4, 5 y 6 de marzo"),
        ("fr", "le 1er et le 2 mars"),
    ],
)  # fmt: skip
def test_a_list_of_which_only_the_last_says_all_is_left_to_the_engine(source: str, text: str) -> None:
    assert written(text, source, "ja") == text
