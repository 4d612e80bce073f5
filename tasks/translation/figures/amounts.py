"""Amounts and dates that no engine gets to see: read in the source language, written for the target with CLDR.

`€3.2 billion` is `3,2 mil millones de euros` in Spanish and `3,2 milliards d’euros` in French,
whatever an engine thinks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from babel.dates import format_date, format_skeleton
from babel.numbers import get_currency_name, get_currency_symbol

from tasks.language_data import data_of
from tasks.model.languages import LanguageTag, locale_of
from tasks.translation.figures import currencies, numerals

_VOWELS = "aeiouyéhAEIOUYÉH"
_FOLLOWS = re.compile(
    r"\s+(?!(?:and|or|of|in|by|to|from|at|on|as|for|with|per|up|down|more|compared|during|since|a|the)\b)[^\W\d_]"
)
"""A noun comes next, so `1.2 million` needs its `de` (a short list of words that are none)."""
_TO = re.compile(r"\s?(?:[-–—]|to|and|or)\s?")
"""Between the two ends of a range."""


@dataclass(frozen=True)
class Amount:
    """A number with what belongs to it: `€1,200 million` is (1200, 6, EUR)."""

    number: Decimal
    scale: int = 0
    """Power of ten of the scale word; 0: there was none."""
    currency: str | None = None
    """ISO 4217, or `$` where the text says no more."""


@cache
def pattern(language: str) -> re.Pattern[str]:
    """Finds an amount with a currency, a scale word, or both."""
    symbols = "|".join(re.escape(symbol) for symbol in sorted(currencies.CODES, key=len, reverse=True))
    words = sorted(data_of(language).currencies.names, key=len, reverse=True)
    names = "|".join(rf"{re.escape(word)}(?!\w)" for word in words) or r"(?!)"
    number, scale, letters = numerals.LITERAL, numerals.scale_pattern(language), "mn|bn|tn|[kmbt]"
    return re.compile(
        rf"(?<![\w.,])(?:(?P<before>{symbols})\s?(?P<n1>{number})(?:[\s-]?(?P<s1>(?i:{scale}))|(?P<l1>(?i:{letters}))(?!\w))?"
        rf"|{numerals.NOT_INSIDE}(?:(?P<n2>{number})(?:[\s-](?P<s2>(?i:{scale})))?\s?(?P<after>{symbols}|{names})(?!\w)"
        rf"|(?P<n3>{number})[\s-](?P<s3>(?i:{scale}))))"
    )


def read(match: re.Match[str], language: str) -> Amount | None:
    """The amount that `pattern` found; None if its number is not one in this language."""
    number = numerals.parse(match["n1"] or match["n2"] or match["n3"], language)
    if number is None:
        return None
    word = match["s1"] or match["s2"] or match["s3"]
    scale = numerals.power_of(word, language) if word else numerals.SCALE_LETTERS.get((match["l1"] or "").lower(), 0)
    if (word or match["l1"]) and not scale:
        return None
    after = match["after"] or ""
    names = data_of(language).currencies.names
    return Amount(number, scale, currencies.CODES.get(match["before"] or after) or names.get(after))


def write(amount: Amount, language: str, *, noun_follows: bool = False) -> str:
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


def spoils(match: re.Match[str], text: str, language: str) -> bool:
    """Whether this is the first half of a range whose scale stands at the end: `€3.2 to €4.5 billion`."""
    rest = _TO.match(text, match.end())
    second = pattern(language).match(text, rest.end()) if rest else None
    first = read(match, language)
    other = read(second, language) if second else None
    return bool(first and other and not first.scale and other.scale)


def noun_follows(match: re.Match[str], text: str) -> bool:
    """Whether the amount counts something named right after it."""
    return _FOLLOWS.match(text, match.end()) is not None


def _scaled(amount: Amount, language: str) -> tuple[str, str]:
    """Number and scale word: `3,2` and ` mil millones`."""
    if not amount.scale:
        return numerals.write(amount.number, language), ""
    locale = locale_of(language)
    formats = locale.compact_decimal_formats
    styles = formats.get("long") or formats["short"]
    bound = str(10**amount.scale)
    form = locale.plural_form(amount.number)
    chosen = next(style for style in (form, "other", *styles) if style in styles and bound in styles[style])
    written = str(getattr(styles[chosen][bound], "pattern", styles[chosen][bound])).replace("'", "")
    if not written.strip("0 "):  # Japanese and Chinese have no word for a thousand
        return numerals.write(_plain(amount.number.scaleb(amount.scale)), language), ""
    power = len(bound) - written.count("0")  # Korean, Japanese and Chinese count in 10⁴ and 10⁸
    number = numerals.write(_plain(amount.number.scaleb(amount.scale - power)), language)
    return number, written.replace("0", "")


def _plain(number: Decimal) -> Decimal:
    """The number without an exponent: 32 for 3.2E+1."""
    return number if int(number.as_tuple().exponent) <= 0 else number.quantize(Decimal(1))


def _name(currency: str, language: str) -> str:
    name = str(get_currency_name(currency, count=5, locale=locale_of(language)))
    return name if data_of(language).currencies.names_keep_capitals else name[0].lower() + name[1:]


@cache
def _months(language: str) -> dict[str, int]:
    months = locale_of(language).months["format"]
    names = {str(name): number for number, name in months["wide"].items()}
    names |= {str(name).rstrip("."): number for number, name in months["abbreviated"].items()}
    return names | {name: number for name, number in data_of(language).dates.months.items() if name.isalpha()}


@cache
def date_pattern(language: str) -> re.Pattern[str]:
    """Finds a day with its month, and its year if there is one: `on January 5, 2026`, `5 de enero`."""
    months = "|".join(re.escape(name) for name in sorted(_months(language), key=len, reverse=True))
    month, day = rf"(?:{months})\b\.?", r"\d{1,2}(?:st|nd|rd|th|er)?(?![\d,.]?\d)"
    on = r"(?:(?P<on>[Oo]n)\s)?" if LanguageTag(language).base == "en" else r"(?P<on>(?!))?"
    return re.compile(
        rf"(?<![\w.]){on}(?:(?P<m1>{month})\s(?P<d1>{day})(?:,?\s(?P<y1>\d{{4}})(?!\d))?"
        rf"|(?P<d2>{day})\s(?:de\s)?(?P<m2>{month})(?:,?\s(?:de\s|del\s)?(?P<y2>\d{{4}})(?!\d))?)"
    )


def write_date(match: re.Match[str], source: str, target: str) -> str | None:
    """The date that `date_pattern` found, as `target` writes it; None if there is no such day."""
    month = _months(source)[(match["m1"] or match["m2"]).rstrip(".")]
    day = int(re.sub(r"\D", "", match["d1"] or match["d2"]))
    year = match["y1"] or match["y2"]
    dates = data_of(target).dates
    if match["on"] and not dates.before_date:
        return None  # the engine must find the word for `on`, and it needs to see the date for that
    try:
        moment = date(int(year or 2024), month, day)
    except ValueError:
        return None
    locale = locale_of(target)
    long = format_date(moment, "long", locale=locale)
    written = str(long if year else format_skeleton("MMMMd", moment, locale=locale))
    written = re.sub(r"^1 ", f"{dates.first_day} ", written) if dates.first_day else written
    return ((dates.before_date or "") if match["on"] else "") + written
