"""Amounts and dates that no engine gets to see: found in the source language, written for the target with CLDR.

`€3.2 billion` is `3,2 mil millones de euros` in Spanish and `3,2 milliards d’euros` in French,
whatever an engine thinks. What stands in a text `recogniser.py` and `dates.py` find, in their exact use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from babel.dates import format_date, format_skeleton
from babel.numbers import get_currency_name, get_currency_symbol

from tasks.language_data import data_of
from tasks.model.languages import locale_of
from tasks.translation.figures import dates, numerals, recogniser
from tasks.translation.figures.dates import Day
from tasks.translation.figures.recogniser import Figure

_VOWELS = "aeiouyéhAEIOUYÉH"
_FOLLOWS = re.compile(
    r"\s+(?!(?:and|or|of|in|by|to|from|at|on|as|for|with|per|up|down|more|compared|during|since|a|the)\b)[^\W\d_]"
)
"""A noun comes next, so `1.2 million` needs its `de` (a short list of words that are none)."""
_TO = re.compile(r"\s?(?:[-–—]|to|and|or)\s?")
"""Between the two ends of a range."""
_LEAP_YEAR = 2024
"""Stands for the year of a day without one."""


def amounts_written(text: str, source: str, target: str) -> Iterator[tuple[int, int, str]]:
    """Where each amount of `text` stands, and what stands there in `target`."""
    found = list(recogniser.exact_in(text, source))
    for amount, following in zip(found, [*found[1:], None], strict=False):
        if _half_a_range(amount, following, text):  # `€3.2 to €4.5 billion`: the unit stands once, at the end
            written = numerals.write(_number(amount), target)
        else:
            written = write(amount, target, noun_follows=_FOLLOWS.match(text, amount.end) is not None)
        yield amount.start, amount.end, written


def dates_written(text: str, source: str, target: str) -> Iterator[tuple[int, int, str]]:
    """Where each day of `text` that can be written in `target` stands, and what stands there then."""
    for day in dates.days_in(text, source):
        if written := write_date(day, target):
            yield day.start, day.end, written


def write(amount: Figure, language: str, *, noun_follows: bool = False) -> str:
    """The amount in the words and signs of `language`."""
    currencies = data_of(language).currencies
    number, word = _scaled(amount, language)
    of = currencies.after_scale if amount.scale >= 6 else " "
    if not amount.currency:
        return f"{number}{word}" + (of.rstrip() if noun_follows else "")
    if word and currencies.dollar:
        name = currencies.dollar if amount.currency == "$" else _name(amount.currency, language)
        before_vowel = currencies.after_scale_before_vowel
        if before_vowel and amount.scale >= 6 and name[0] in _VOWELS:
            return f"{number}{word}{before_vowel}{name}"
        return f"{number}{word}{of}{name}"
    symbol = "$" if amount.currency == "$" else get_currency_symbol(amount.currency, locale=locale_of(language))
    sign = locale_of(language).currency_formats["standard"].pattern.split(";")[0]
    gap = "\u00a0" if "\u00a0" in sign or (len(symbol) > 2 and symbol.isalpha()) else ""
    return f"{number}{word}{gap}{symbol}" if sign.endswith("¤") else f"{symbol}{gap}{number}{word}"


def _half_a_range(amount: Figure, following: Figure | None, text: str) -> bool:
    """Whether this is the first half of a range whose scale stands at the end: `€3.2 to €4.5 billion`."""
    between = _TO.match(text, amount.end)
    if following is None or between is None or between.end() != following.start:
        return False
    return not amount.scale and following.scale > 0


def _number(amount: Figure) -> Decimal:
    """The number as it was written, with all its decimals."""
    if not isinstance(amount.number, Decimal):
        raise TypeError(f"{amount.number!r} is no number that can be written")
    return amount.number


def _scaled(amount: Figure, language: str) -> tuple[str, str]:
    """Number and scale word: `3,2` and ` mil millones`."""
    number = _number(amount)
    if not amount.scale:
        return numerals.write(number, language), ""
    locale = locale_of(language)
    formats = locale.compact_decimal_formats
    styles = formats.get("long") or formats["short"]
    largest = max(int(bound) for style in styles.values() for bound in style)
    bound = str(min(10**amount.scale, largest))  # most languages have no word for 京, which is 10¹⁶
    form = locale.plural_form(number)
    chosen = next(style for style in (form, "other", *styles) if style in styles and bound in styles[style])
    written = str(getattr(styles[chosen][bound], "pattern", styles[chosen][bound])).replace("'", "")
    if not written.strip("0 "):  # Japanese and Chinese have no word for a thousand
        return numerals.write(_plain(number.scaleb(amount.scale)), language), ""
    power = len(bound) - written.count("0")  # Korean, Japanese and Chinese count in 10⁴ and 10⁸
    return numerals.write(_plain(number.scaleb(amount.scale - power)), language), written.replace("0", "")


def _plain(number: Decimal) -> Decimal:
    """The number without an exponent: 32 for 3.2E+1."""
    return number if int(number.as_tuple().exponent) <= 0 else number.quantize(Decimal(1))


def _name(currency: str, language: str) -> str:
    name = str(get_currency_name(currency, count=5, locale=locale_of(language)))
    return name if data_of(language).currencies.names_keep_capitals else name[0].lower() + name[1:]


def write_date(day: Day, target: str) -> str | None:
    """The day as `target` writes it; None if there is no such day, or the engine must find the word for its `on`."""
    house = data_of(target).dates
    if day.on and not house.before_date:
        return None  # the engine needs to see the date to find the word
    try:
        moment = date(_LEAP_YEAR if day.year is None else day.year, day.month, day.day)
    except ValueError:
        return None
    locale = locale_of(target)
    long = format_date(moment, "long", locale=locale)
    written = str(long if day.year is not None else format_skeleton("MMMMd", moment, locale=locale))
    written = re.sub(r"^1 ", f"{house.first_day} ", written) if house.first_day else written
    return ((house.before_date or "") if day.on else "") + written
