"""Amounts and dates that no engine gets to see: found in the source language, written for the target with CLDR.

`€3.2 billion` is `3200 millones de euros` in Spanish and `3,2 milliards d’euros` in French,
whatever an engine thinks. What stands in a text `recogniser.py` and `dates.py` find, in their exact use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from babel.dates import format_date, format_skeleton
from babel.numbers import get_currency_name, get_currency_symbol

from tasks.language_data import data_of
from tasks.model.languages import locale_of
from tasks.translation.figures import dates, numerals, recogniser
from tasks.translation.figures.dates import Day, Days
from tasks.translation.figures.recogniser import Figure, Range
from tasks.translation.function_words import function_words

_VOWELS = "aeiouéhAEIOUÉH"
_MANY = 100
"""So many are counted in the form that follows a scale word: `مليار دولار`, `миллиард долларов`."""
_LEAP_YEAR = 2024
"""Stands for the year of a day without one."""


def amounts_written(text: str, source: str, target: str) -> Iterator[tuple[int, int, str]]:
    """Where each amount of `text` stands, and what stands there in `target`.

    A range without a word in it is one piece; of one with a word, which the engine has to translate, each end is one.
    """
    amounts = list(recogniser.exact_in(text, source))
    ranges = list(recogniser.ranges_in(text, source, amounts))
    places = [place for found in ranges for place in _range_places(found, text, source, target)]
    known = {amount.digits for amount in amounts}
    in_ranges = {end.digits for found in ranges for end in (found.first, found.last)}
    for amount in amounts:
        if amount.digits not in in_ranges and not recogniser.shares(text, amount, source, known):
            end, noun = _noun_behind(text, amount, source)
            places.append((amount.start, end, write(amount, target, noun_follows=noun)))
    yield from sorted(places)


def _range_places(found: Range, text: str, source: str, target: str) -> list[tuple[int, int, str]]:
    first, last = found.first, found.last
    end, noun = _noun_behind(text, last, source)
    begins, ends = _write_range(found, target, noun_follows=noun)
    if found.dash:
        return [(first.start, end, f"{begins}{data_of(target).numbers.range}{ends}")]
    return [(first.start, first.end, begins), (last.start, end, ends)]


def _noun_behind(text: str, amount: Figure, language: str) -> tuple[int, bool]:
    """Where the amount ends, with the `de` that its language has before a noun, and whether a noun comes next: `1.2
    million` needs its `de` then."""
    if amount.scale < 6 or amount.currency:
        return amount.end, False
    house = data_of(language)
    of = {house.currencies.after_scale.strip(), (house.currencies.after_scale_before_vowel or "").strip()} - {""}
    word = _word_behind(*sorted(of)).match(text, amount.end)
    if word is None or word["word"] in function_words(language) or word["word"] in _no_nouns(language):
        return amount.end, False
    if of and (word["of"] or "’")[-1] in "’'":
        return amount.end, False
    return (word.end("of") if of else amount.end), True


@cache
def _word_behind(*of: str) -> re.Pattern[str]:
    words = "|".join(f"{word[:-1]}[’']" if word.endswith("’") else rf"{word}(?=\s)" for word in of) or r"(?!)"
    return re.compile(rf"(?:\s(?P<of>{words}))?(?:\s+|(?<=[’']))(?P<word>[^\W\d_]+)")


@cache
def _no_nouns(language: str) -> frozenset[str]:
    return frozenset(data_of(language).numbers.counts_nothing.split())


def dates_written(text: str, source: str, target: str) -> Iterator[tuple[int, int, str]]:
    """Where each day, and each stretch or pair of days, of `text` that can be written in `target` stands, and what
    stands there then."""
    places: list[tuple[int, int, str]] = []
    taken: list[tuple[int, int]] = []
    for days in dates.stretches_in(text, source):
        if dates.in_list(text, days.start, days.end, source):
            taken.append((days.start, days.end))
            continue
        if written := write_days(days, target):
            places.append((days.start, days.end, written))
        if written or days.form == "or":  # the engine has to see both: `el 19 o el 20 de mayo`
            taken.append((days.start, days.end))
    for day in dates.days_in(text, source):
        if any(day.start < last and first < day.end for first, last in taken):
            continue
        if dates.in_list(text, day.start, day.end, source):
            continue
        if written := write_date(day, target):
            places.append((day.start, day.end, written))
    yield from sorted(places)


class _Written(NamedTuple):
    """An amount as a language writes it, in its parts."""

    sign: str
    """The currency before the number."""
    number: str
    scale: str
    currency: str
    """The currency behind it, with what stands between."""


def write(amount: Figure, language: str, *, noun_follows: bool = False) -> str:
    """The amount in the words and signs of `language`."""
    return "".join(_written(amount, language, noun_follows=noun_follows))


def _written(amount: Figure, language: str, *, noun_follows: bool = False) -> _Written:
    currencies = data_of(language).currencies
    number, word = _scaled(amount, language)
    of = currencies.after_scale if amount.scale >= 6 or not currencies.after_scale else " "
    if not amount.currency:
        return _Written("", number, word, of.rstrip() if noun_follows else "")
    name = _name(amount.currency, language) if currencies.named else None
    if name and (word or (data_of(language).numbers.in_ten_thousands and amount.currency)):
        of = of if word or not number[-1].isdigit() else ""
        before_vowel = currencies.after_scale_before_vowel
        between = before_vowel if before_vowel and amount.scale >= 6 and name[0] in _VOWELS else of
        return _Written("", number, word, f"{between}{name}")
    symbol = "$" if amount.currency == "$" else get_currency_symbol(amount.currency, locale=locale_of(language))
    sign = locale_of(language).currency_formats["standard"].pattern.split(";")[0]
    gap = "\u00a0" if "\u00a0" in sign or (len(symbol) > 2 and symbol.isalpha()) else ""
    if sign.endswith("¤"):
        return _Written("", number, word, f"{gap}{symbol}")
    return _Written(f"{symbol}{gap}", number, word, "")


def _write_range(found: Range, language: str, *, noun_follows: bool) -> tuple[str, str]:
    """The two ends: words that both share stand once, behind the last. A scale word inside the number, as 億 is,
    stands at both, and so does a sign, unless only a dash stands between."""
    first, last = _written(found.first, language), _written(found.last, language, noun_follows=noun_follows)
    twice = found.scale_said and not found.dash
    alone = first._replace(scale=first.scale if twice else "", currency="")
    second = last._replace(sign="") if found.dash else last
    return "".join(alone), "".join(second)


def _number(amount: Figure) -> Decimal:
    """The number as it was written, with all its decimals."""
    if not isinstance(amount.number, Decimal):
        raise TypeError(f"{amount.number!r} is no number that can be written")
    return amount.number


def _scaled(amount: Figure, language: str) -> tuple[str, str]:
    """Number and scale word: `3200` and ` millones`."""
    number = _number(amount)
    if not amount.scale:
        return numerals.write(number, language), ""
    locale = locale_of(language)
    formats = locale.compact_decimal_formats
    styles = formats.get("long") or formats["short"]
    largest = max(int(bound) for style in styles.values() for bound in style)
    scale = data_of(language).numbers.counted_in.get(amount.scale, amount.scale)
    bound = str(min(10**scale, largest))  # most languages have no word for 京, which is 10¹⁶
    form = locale.plural_form(_plain(number.scaleb(amount.scale - scale)))
    chosen = next(style for style in (form, "other", *styles) if style in styles and bound in styles[style])
    written = str(getattr(styles[chosen][bound], "pattern", styles[chosen][bound])).replace("'", "")
    if not written.strip("0 "):  # Japanese and Chinese have no word for a thousand
        return numerals.write(_plain(number.scaleb(amount.scale)), language), ""
    if data_of(language).numbers.in_ten_thousands:
        return _in_ten_thousands(number.scaleb(amount.scale), language), ""
    power = len(bound) - written.count("0")
    return numerals.write(_plain(number.scaleb(amount.scale - power)), language), written.replace("0", "")


def _in_ten_thousands(value: Decimal, language: str) -> str:
    """A number by 10⁴, 10⁸ and 10¹², as Korean, Japanese and Chinese count: `2億1800万`, `2억 1800만`."""
    formats = locale_of(language).compact_decimal_formats["short"]["other"]
    parts: list[str] = []
    for power in (12, 8, 4):
        count, value = divmod(value, Decimal(10) ** power)
        if count:  # of more than 9999兆 the rest has no word of its own
            word = str(getattr(formats[str(10**power)], "pattern", formats[str(10**power)])).replace("'", "")
            parts.append(f"{int(count)}{word.replace('0', '').strip()}")
    if value or not parts:
        parts.append(numerals.write(_plain(value.normalize()), language, like=str(value)))
    return data_of(language).numbers.between_ten_thousands.join(parts)


def _plain(number: Decimal) -> Decimal:
    """The number without an exponent: 32 for 3.2E+1."""
    return number if int(number.as_tuple().exponent) <= 0 else number.quantize(Decimal(1))


def _name(currency: str, language: str) -> str | None:
    """What a currency is called behind a number; None for a dollar of which nobody knows the country, if the language
    has no name for that."""
    house = data_of(language).currencies
    if currency == "$" or currency in house.written:
        return house.dollar if currency == "$" else house.written[currency]
    name = str(get_currency_name(currency, count=_MANY, locale=locale_of(language)))
    if data_of(language).typography.wide_marks:
        return name.replace(" ", "")
    small = not house.names_keep_capitals or (house.adjective and re.match(house.adjective, name))
    return name[0].lower() + name[1:] if small and not name[:2].isupper() else name


def write_date(day: Day, target: str) -> str | None:
    """The day as `target` writes it; None if there is no such day, or the engine must find the word for its `on`."""
    house = data_of(target).dates
    if day.on and not house.before_date:
        return None  # the engine needs to see the date to find the word
    moment = _moment(day)
    if moment is None:
        return None
    return ((house.before_date or "") if day.on else "") + _date(moment, target, year=day.year is not None)


def write_days(days: Days, target: str) -> str | None:
    """A stretch or a pair of days as `target` writes it; None if there is no such day, or `target` has no such way."""
    first, last = _moment(days.first), _moment(days.last)
    if first is None or last is None or (first >= last and days.first.year == days.last.year):
        return None
    house = data_of(target).dates
    template = {"from": house.from_to, "on": house.from_to, "between": house.between, "both": house.on_both}
    form = template.get(days.form) or (house.both if days.form.startswith("both") or days.form == "and" else None)
    if form:
        return form.format(**dict(zip(("first", "last"), _two_days(days, first, last, target), strict=True)))
    return _interval(days, first, last, target) if days.form in ("", "from", "on") else None


def _moment(day: Day) -> date | None:
    try:
        return date(_LEAP_YEAR if day.year is None else day.year, day.month, day.day)
    except ValueError:
        return None


def _date(moment: date, target: str, *, year: bool) -> str:
    locale = locale_of(target)
    long = format_date(moment, "long", locale=locale)
    written = str(long if year else format_skeleton("MMMMd", moment, locale=locale))
    first_day = data_of(target).dates.first_day
    return re.sub(r"^1 ", f"{first_day} ", written) if first_day else written


def _two_days(days: Days, first: date, last: date, target: str) -> tuple[str, str]:
    """Two days of which the month, and the year, stands once where both have it."""
    year = days.last.year is not None
    begins = _date(first, target, year=days.first.year is not None and days.first.year != days.last.year)
    ends = _date(last, target, year=year)
    if (first.year, first.month) != (last.year, last.month):
        return begins, ends
    if begins[0].isdigit():  # the day comes first: `19 al 21 de mayo`
        day = re.match(r"\d+\w*\.?", begins)
        return (day[0] if day else begins), ends
    month = re.match(r"[^\W\d_]+\s", ends)
    return begins, ends[month.end() :] if month else ends  # `May 19 to 21`


def _interval(days: Days, first: date, last: date, target: str) -> str:
    """A stretch of days without words, by CLDR; the months with their whole names."""
    locale = locale_of(target)
    year = days.last.year is not None
    differs = "y" if year and first.year != last.year else "M" if first.month != last.month else "d"
    known = locale.interval_formats
    formats = next(known[name] for name in (("yMMMMd", "yMMMd") if year else ("MMMMd", "MMMd")) if name in known)
    parts = [re.sub(r"(?<![ML])[ML]{3}(?![ML])", "MMMM", part) for part in formats[differs]]
    written = [str(format_date(day, part, locale=locale)) for day, part in zip((first, last), parts, strict=True)]
    first_day = data_of(target).dates.first_day
    if first_day and days.first.day == 1:
        written[0] = re.sub(r"^1(?!\d)", first_day, written[0])
    return "".join(written)
