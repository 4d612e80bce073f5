"""What is read out of a text to be compared: numbers with what they count, months, and numbers in words."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from tasks.translation.figures import dates, number_words, numerals, quantities, recogniser
from tasks.translation.figures.dates import Month
from tasks.translation.figures.quantities import counted, differing

BILLION, MILLION = 10**9, 10**6


@pytest.mark.parametrize(
    ("language", "text", "values"),
    [
        ("en", "€3.2 billion and 12 million users", {"3200000000": "euro", "12000000": ""}),
        ("es", "3,2 mil millones de euros", {"3200000000": "euro"}),
        ("fr", "3,2 milliards d’euros", {"3200000000": "euro"}),
        ("fr", "3,2 billions d’euros", {"3200000000000": "euro"}),
        ("de", "1,2 Mrd. €", {"1200000000": "euro"}),
        ("de", "drei Millionen Euro", {"3000000": "euro"}),
        ("en", "three million euros", {"3000000": "euro"}),
        ("ru", "3,5 млрд", {"3500000000": ""}),
        ("ru", "1 234 567", {"1234567": ""}),
        ("ar", "١٢٫٥ مليون", {"12500000": ""}),
        ("ms", "12.5 juta ringgit", {"12500000": "ringgit"}),
        ("id", "Rp3,2 miliar", {"3200000000": "rupiah"}),
        ("vi", "3,2 tỷ đồng", {"3200000000": "dong"}),
        ("th", "200 ล้านบาท", {"200000000": "baht"}),
        ("ja", "12億円", {"1200000000": "yen"}),
        ("ja", "20万人", {"200000": ""}),
        ("ja", "2億5,000万", {"250000000": ""}),
        ("ko", "3조 2,000억 원", {"3200000000000": "won"}),
        ("ko", "1.5만 명", {"15000": ""}),
        ("zh-Hans", "三百万", {"3000000": ""}),
        ("pt", "R$ 5 mi", {"5000000": "real"}),
        ("en", "£1bn", {"1000000000": "pound"}),
        ("en", "$5M for 7M users", {"5000000": "dollar", "7000000": ""}),
        ("en", "US$10.50", {"10.5": "dollar"}),
        ("fr", "10,50 €", {"10.5": "euro"}),
        ("de", "5 % mehr als 2025", {"5": "%", "2025": ""}),
        ("en", "up 12.5 percent", {"12.5": "%"}),
        ("de", "um 10.30 Uhr", {"10": "", "30": ""}),
        ("en", "1,2,3 and 4", {"1": "", "2": "", "3": "", "4": ""}),
        ("en", "on March 5, 2026 it rose 3%", {"5": "", "2026": "", "3": "%"}),
        ("de", "am 05.03.2026", {"5": "", "2026": ""}),
        ("en", "no number here", {}),
    ],
)
def test_every_number_has_its_value_and_what_it_counts(language: str, text: str, values: dict[str, str]) -> None:
    found = counted(text, language)
    assert dict(zip(found.values, found.kinds, strict=True)) == {Decimal(n).normalize(): u for n, u in values.items()}
    assert found.units == {unit for unit in values.values() if unit}


def test_digits_that_are_no_number_stay_as_they_are() -> None:
    assert counted("version 1.2.3", "en").values == ["1.2.3"]


def test_a_number_that_an_engine_left_as_it_was_keeps_its_value() -> None:
    """`1.234` is a thousand and more in Spanish, but here it came from an English text."""
    assert counted("1.234", "es").values == [Decimal(1234)]
    assert counted("1.234", "es", numerals.literals("1.234", "en")).values == [Decimal("1.234")]


@pytest.mark.parametrize(
    ("language", "text", "exact"),
    [
        ("en", "$5M for 7M users", ["$5M"]),
        ("en", "version 1.2.3 million, then 3 million", ["3 million"]),
        ("en", "x5 million, €5bn and US$ 7-million", ["€5bn", "US$ 7-million"]),
        ("en", "5 €, €7 and 12,34 billion", ["5 €", "€7"]),
        ("es", "€5 million y 5 millones de euros", ["€5", "5 millones de euros"]),
        ("fr", "en 2025 300 millions", ["300 millions"]),
        ("ja", "12億円、5 億", ["5 億"]),
    ],
)
def test_only_what_the_language_writes_so_is_written_anew_but_all_is_compared(
    language: str, text: str, exact: list[str]
) -> None:
    months = dates.months_in(text, language)
    compared = [(figure.start, figure.end) for figure in recogniser.figures_in(text, language, months)]
    found = list(recogniser.exact_in(text, language))
    assert [text[figure.start : figure.end] for figure in found] == exact
    assert all(any(figure.start < end and start < figure.end for start, end in compared) for figure in found)
    assert len(compared) == len(list(numerals.found(text, language)))


@pytest.mark.parametrize(
    ("language", "text", "powers"),
    [("en", "a million and 3 billion", {6, 9}), ("fr", "un milliard", {9}), ("ja", "数億", {8}), ("en", "10", set())],
)
def test_scale_words_count_without_a_number_too(language: str, text: str, powers: set[int]) -> None:
    assert counted(text, language).powers == powers


@pytest.mark.parametrize(("text", "always"), [("open 24/7", True), ("24x7", True), ("124/7", False), ("24/70", False)])
def test_always_is_an_idiom(text: str, always: bool) -> None:
    assert counted(text, "en").sign_of_always is always


@pytest.mark.parametrize(
    ("text", "language", "afternoon"), [("at 7 p.m.", "en", True), ("at 7 a.m.", "en", False), ("오후 7시", "ko", True)]
)
def test_hours_of_the_afternoon_are_noticed(text: str, language: str, afternoon: bool) -> None:
    assert counted(text, language).afternoon is afternoon


@pytest.mark.parametrize(
    ("one", "other", "missing", "added"),
    [
        (("en", "€3.2 billion"), ("fr", "3,2 milliards d’euros"), [], []),
        (("en", "€3.2 billion"), ("fr", "3,2 billions d’euros"), ["3200000000"], ["3200000000000"]),
        (("en", "3 plants"), ("es", "tres plantas"), [], []),
        (("en", "three plants"), ("es", "3 plantas"), [], []),
        (("en", "3 plants"), ("es", "cuatro plantas"), ["3"], []),
        (("en", "at 7 p.m."), ("de", "um 19 Uhr"), [], []),
        (("en", "at 7 a.m."), ("de", "um 19 Uhr"), ["7"], ["19"]),
        (("en", "in 2026"), ("th", "ในปี 2569"), [], []),
        (("en", "2026 and 2026"), ("th", "2569"), ["2026"], []),
        (("en", "1 million users"), ("de", "eine Million Nutzer"), [], []),
        (("en", "2 million users"), ("de", "eine Million Nutzer"), ["2000000"], []),
        (("en", "open 24/7"), ("de", "immer offen"), [], []),
        (("en", "5 and 5"), ("de", "5"), ["5"], []),
        (("en", "version 1.2.3"), ("de", "Version 1.2"), ["1.2.3"], ["1.2"]),
    ],
)
def test_what_differs_between_two_texts(
    one: tuple[str, str], other: tuple[str, str], missing: list[str], added: list[str]
) -> None:
    before, after = counted(one[1], one[0]), counted(other[1], other[0])

    def as_values(numbers: list[str]) -> Counter[numerals.Value]:
        return Counter(numerals.value_of(number, "en") if number.count(".") < 2 else number for number in numbers)

    assert differing(before, after) == (as_values(missing), as_values(added))


@pytest.mark.parametrize(
    ("language", "text", "month", "day", "dated"),
    [
        ("en", "on March 5", 3, 5, True),
        ("en", "5 March 2026", 3, 5, True),
        ("en", "in May 2026", 5, None, True),
        ("en", "Sept. 3", 9, 3, True),
        ("en", "March", 3, None, False),
        ("de", "am 5. März 2026", 3, 5, True),
        ("fr", "le 1er mai 2026", 5, 1, True),
        ("es", "el 5 de marzo", 3, 5, True),
        ("pt", "5 de março de 2026", 3, 5, True),
        ("ru", "5 марта 2026 года", 3, 5, True),
        ("ru", "в марте", 3, None, False),
        ("ar", "5 مارس 2026", 3, 5, True),
        ("id", "5 Maret 2026", 3, 5, True),
        ("ms", "5 Mac 2026", 3, 5, True),
        ("th", "5 มีนาคม 2569", 3, 5, True),
        ("zh-Hans", "三月五日", 3, None, False),
    ],
)
def test_a_named_month(language: str, text: str, month: int, day: int | None, dated: bool) -> None:
    [found] = dates.months_in(text, language)
    assert (found.number, found.day, found.dated, found.numbered, found.year) == (month, day, dated, False, None)


@pytest.mark.parametrize(
    ("language", "text", "shown"),
    [
        ("ja", "3月5日に", "3月"),
        ("zh-Hans", "2026年3月5日", "3月"),
        ("ko", "3월 5일", "3월"),
        ("vi", "ngày 5 tháng 3 năm 2026", "tháng 3"),
    ],
)
def test_a_month_by_its_number(language: str, text: str, shown: str) -> None:
    [found] = dates.months_in(text, language)
    assert (found.number, found.day, found.dated, found.numbered) == (3, 5, True, True)
    assert text[found.start : found.end] == shown


@pytest.mark.parametrize(
    ("language", "text", "digits"),
    [
        ("de", "am 05.03.2026 um", "03"),
        ("en", "on 03/05/2026 at", "03"),
        ("fr", "le 05/03/2026", "03"),
        ("en", "on 2026-03-05", "03"),
        ("de", "2026-03-05", "03"),
        ("en", "05/03/2026", None),
    ],
)
def test_which_number_of_a_date_is_the_month_the_language_says(language: str, text: str, digits: str | None) -> None:
    [found] = dates.months_in(text, language)
    wanted = (5, 3) if digits is None else (3, 5)
    assert (found.number, found.day, found.year, found.numbered) == (*wanted, 2026, True)
    assert found.whole is not None
    assert text[slice(*found.whole)].strip("0123456789") in ("/03/", ".03.", "-03-", "/05/")
    assert digits is None or text[found.start : found.end] == digits


def test_a_day_beyond_twelve_is_no_month() -> None:
    [found] = dates.months_in("13/05/2026", "en")
    assert found == Month(number=5, start=3, end=5, day=13, dated=True, numbered=True, whole=(0, 10), year=2026)


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "you may go"), ("en", "40/50/2026"), ("zh-Hant", "3個月"), ("en", "Marching on"), ("en", "192.168.0.1")],
)
def test_what_is_no_month(language: str, text: str) -> None:
    assert dates.months_in(text, language) == []


def test_months_come_in_the_order_of_the_text() -> None:
    found = dates.months_in("from January to 05/03/2026 and March", "fr") + dates.months_in("May 1 to March 3", "en")
    assert [month.number for month in found] == [3, 5, 3]


@pytest.mark.parametrize(
    ("language", "text", "numbers"),
    [
        ("en", "three plants in the third quarter", {3}),
        ("en", "twelve", {12}),
        ("en", "thirteen, someone, tent", set()),
        ("en", "chapter IV, part XIX", {4, 19}),
        ("en", "MIX", set()),
        ("fr", "le XXIe siècle", {21}),
        ("de", "Drei Werke", {3}),
        ("es", "tres plantas", {3}),
        ("pt", "três", {3}),
        ("ru", "три завода", {3}),
        ("ar", "ثلاثة", {3}),
        ("id", "tiga", {3}),
        ("ms", "tiga", {3}),
        ("vi", "ba", {3}),
        ("th", "สาม", {3}),
        ("ko", "세 곳", {3}),
        ("zh-Hans", "二十", {20}),
        ("zh-Hans", "一万二千", {12000}),
        ("zh-Hans", "两亿", {200_000_000}),
        ("zh-Hant", "兩億三千萬", {230_000_000}),
        ("zh-Hans", "一万亿", {10**12}),
        ("zh-Hans", "万", set()),
        ("zh-Hans", "百万", {10**6}),
        ("ja", "三百", {300}),
        ("ja", "二〇二六年", {2026, 2, 0, 6}),
    ],
)
def test_numbers_in_words(language: str, text: str, numbers: set[int]) -> None:
    assert number_words.words_for(text, language) == numbers


@pytest.mark.parametrize(
    ("language", "text", "number", "power"),
    [
        ("en", "three million", 3, 6),
        ("en", "Twelve billion", 12, 9),
        ("de", "drei Millionen", 3, 6),
        ("es", "tres millones", 3, 6),
        ("fr", "trois milliards", 3, 9),
        ("ru", "три миллиона", 3, 6),
        ("ar", "ثلاثة ملايين", 3, 6),
        ("id", "tiga juta", 3, 6),
        ("th", "สามล้าน", 3, 6),
        ("ja", "三億", 3, 8),
        ("zh-Hans", "三亿", 3, 8),
    ],
)
def test_a_number_word_before_a_scale_word(language: str, text: str, number: int, power: int) -> None:
    [(value, word, match)] = number_words.scaled(f"({text})", language, numerals.scale_pattern(language))
    assert (value, numerals.power_of(word, language), match.span()) == (number, power, (1, 1 + len(text)))


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "two million"), ("en", "one million"), ("en", "thirteen million"), ("zh-Hans", "数三亿"), ("id", "sejuta")],
)
def test_what_may_be_an_article_or_no_number_is_left_alone(language: str, text: str) -> None:
    assert list(number_words.scaled(text, language, numerals.scale_pattern(language))) == []


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ru", "id", "th", "ja"])
def test_what_no_number_stands_in_counts_nothing(language: str) -> None:
    found = quantities.counted("", language)
    assert (found.values, found.units, found.words, found.powers, found.months) == ([], set(), set(), set(), [])
