"""Finds every figure in a text: a number with its scale word and what it counts. Dates are found by `dates.py`.

Both uses of figures read them here, from one list of numbers, one table of scales and one of currencies:

- `exact_in` finds the amounts that may be written anew for the target language without an engine (amounts.py), and
  `ranges_in` those of them that are two ends of one range, which share a currency or a scale word;
- `figures_in` finds all that a text counts, to compare it with its translation (quantities.py).

What may stand beside a number differs between the two, and has to. What is written anew must be certain: the language's
own decimal marks, a currency of which the ISO 4217 code is known, a scale word set apart from the number. A comparison
must miss nothing: signs and words of all languages, since an engine may have left them as they were; a currency by its
family only; marks the other way round; `12億` and `5M users`. A wider `exact_in` would take numbers from engines that
translate them well; a narrower `figures_in` would let a wrong number pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import pairwise

from tasks.language_data import LanguageData, data_of, every_language
from tasks.translation.figures import currencies, dates, number_words, numerals
from tasks.translation.figures.numerals import Value
from tasks.translation.function_words import function_words

_PERCENT_SIGNS = "[%％٪﹪]"
_MYRIAD = 10_000
_PERCENT = re.compile(rf"\s?{_PERCENT_SIGNS}")
_LETTER = re.compile(r"[KMB](?![^\W_])")
"""`5M users`: right behind the digits and in a capital, in every language."""
_PART = re.compile(rf"\s?({numerals.LITERAL})")
_LIST = re.compile(r"\d{1,2}(?:,\d{1,2}){2,}")
_CLOCK = re.compile(r"([01]?\d|2[0-4])\.([0-5]\d)")
_FULL_HOUR = re.compile(r"(?<!\d)(?:[01]?\d|2[0-4])\s?[:h]\s?\Z")
"""Before minutes of which there are none: `10:00` is `10 Uhr`, and the nought no number."""
_HOUR_BEFORE = 5
_SIGNS = re.compile(r"[€$£¥￥₩₹฿₫A-Zp]")
_CODES = "|".join(re.escape(sign) for sign in sorted(currencies.CODES, key=len, reverse=True))
_SIGN_BEFORE = re.compile(rf"(?<![\w.,])(?<![A-Z]/)(?P<sign>{_CODES})\s?\Z")
_SIGN_REACH = 1 + max(map(len, currencies.CODES))
"""Characters before a number in which its sign begins."""
_INSIDE = re.compile(r"(?<=[\w.,])")
"""Where a number would begin inside a word or a longer number."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number with what belongs to it: `€1,200 million` is 1200, 6 and EUR."""

    number: Value
    """Without its scale word."""
    start: int
    end: int
    """Where it stands with all that belongs to it; a sign before it belongs to one that `exact_in` found."""
    digits: int = -1
    """Where its first digit stands, of one that `exact_in` found."""
    scale: int = 0
    """Power of ten of the scale word; 0: there is none."""
    currency: str | None = None
    """ISO 4217, or `$` where the text says no more; only `exact_in` tells."""
    unit: str | None = None
    """The family of the currency, or `%`; only `figures_in` tells."""

    @property
    def value(self) -> Value:
        """The number times its scale; the digits themselves where they are no number."""
        if not isinstance(self.number, Decimal):
            return self.number
        return self.number.scaleb(self.scale).normalize()


@dataclass(frozen=True, kw_only=True)
class Range:
    """Two amounts that share what only one of them says: `£85–95 million`, `$5 to 7 million`, `€5–7m`."""

    first: Figure
    last: Figure
    """Both with the scale and the currency that they share."""
    scale_said: bool
    """The first says its scale itself."""
    dash: bool
    """No word stands between them."""


def exact_in(text: str, language: str) -> Iterator[Figure]:
    """Every amount of a text with a currency, a scale word or both, written just as `language` writes it."""
    position = 0
    for match in numerals.found(text, language):
        if match.start() < position:
            continue
        sign = _SIGN_BEFORE.search(text, max(position, match.start() - _SIGN_REACH), match.start())
        if not sign and _INSIDE.match(text, match.start()):
            continue
        behind = (_behind_signed if sign else _behind_exact)(language).match(text, match.end())
        if behind is None:
            continue
        position = behind.end()
        parts = behind.groupdict()
        if (
            parts.get("alone")
            and parts["alone"].lower() in _abbreviated(language)
            and text[position : position + 1] == "."
        ):
            position += not ends_sentence(text, position + 1, language)
        number, scale = numerals.parse(match[0], language), _power(parts, language)
        if number is None or scale is None:
            continue
        named = (sign["sign"] if sign else parts["currency"]) or ""
        currency = currencies.CODES.get(named) or data_of(language).currencies.names.get(named)
        start = sign.start() if sign else match.start()
        yield Figure(number=number, start=start, end=position, digits=match.start(), scale=scale, currency=currency)


@cache
def _abbreviated(language: str) -> frozenset[str]:
    """The scale words that are written with a full stop: `Mio.`."""
    known = data_of(language).abbreviations
    return frozenset(word.lower() for word in (*known.never_last, *known.seldom_last, *known.before_numbers))


_BEHIND = re.compile(r"[”\"’»]*\s*([^\W\d_]+|\S)?")


def ends_sentence(text: str, end: int, language: str) -> bool:
    """Whether the full stop of an abbreviation, behind which `end` is, ends the sentence too: nothing follows, or a
    quotation begins, or a word that has its capital from there."""
    behind = _BEHIND.match(text, end)
    following = behind[1] if behind else None
    if not following or following in _QUOTES_OPEN:
        return True
    return following[0].isupper() and following.lower() in function_words(language)


_QUOTES_OPEN = ("“", "„", "«", "‘", "‚", '"')


def ranges_in(text: str, language: str, amounts: Sequence[Figure]) -> Iterator[Range]:
    """The ranges of a text, of which `amounts` are those that `exact_in` found in it, in order."""
    by_digits = {amount.digits: amount for amount in amounts}
    taken = -1
    for match, following in pairwise(numerals.found(text, language)):
        first, last = by_digits.get(match.start()), by_digits.get(following.start())
        start, end = (first.start, first.end) if first else match.span()
        if start < taken or (first is None and last is None):
            continue
        between = between_two(language).fullmatch(text, end, last.start if last else following.start())
        if between is None:
            continue
        sure = between["dash"] or between["to"] or before_both(language).search(text[max(0, start - 16) : start])
        first = first or _bare(text, match, language)
        last = last or _bare(text, following, language, signed=True)
        if first and last and (found := _range(first, last, bool(sure), bool(between["dash"]))):
            taken = last.end
            yield found


def shares(text: str, amount: Figure, language: str, known: Collection[int]) -> bool:
    """Whether an amount says what is counted for a number before it, too (`2 or 3 million`), or is only half of one
    (`200 lakh`). `known`: where the digits of amounts stand, which need nothing of another one."""
    if _INDIAN.match(text, amount.end):
        return True
    before = _listed(language).search(text, max(0, amount.start - _LISTED_REACH), amount.start)
    alone = before if before and before.start("number") not in known else None
    number = numerals.parse(alone["number"], language) if alone else None
    return number is not None and isinstance(amount.number, Decimal) and number < amount.number


_INDIAN = re.compile(r"\s?(?:lakh|crore)s?\b", re.IGNORECASE)
_LISTED_REACH = 24


@cache
def _listed(language: str) -> re.Pattern[str]:
    """A bare number and what stands between it and the next of a list."""
    between = data_of(language).numbers.between
    words = "|".join([*between.get("and", ()), *between.get("or", ())]) or r"(?!)"
    return re.compile(rf"(?<![\w.,:/-])(?P<number>{numerals.LITERAL})(?:,?\s(?:{words})\s|,\s|\s?/\s?)\Z")


_FAR_APART = 100


def _range(first: Figure, last: Figure, sure: bool, dash: bool) -> Range | None:
    """Two amounts as a range; None if they share nothing, or each says all of its own."""
    if not isinstance(first.number, Decimal) or not isinstance(last.number, Decimal) or first.number > last.number:
        return None
    if first.currency and last.currency and first.currency != last.currency:
        return None
    if not first.currency and not last.scale and last.number >= _FAR_APART * first.number:
        return None  # `10 à 15 000 euros` may be ten thousand
    if not sure and not (first.currency and last.currency):
        return None  # `$5 million and 3 million users`
    if first.scale and first.scale != last.scale:
        return None
    if not last.scale and not (first.currency or last.currency):
        return None
    if first.currency and last.currency and first.scale == last.scale and not dash:
        return None
    currency = first.currency or last.currency
    return Range(
        first=replace(first, scale=last.scale, currency=currency),
        last=replace(last, currency=currency),
        scale_said=bool(first.scale),
        dash=dash,
    )


def _bare(text: str, match: re.Match[str], language: str, *, signed: bool = False) -> Figure | None:
    """A number that is no amount by itself: the first of `5 to 7 million`, the second (`signed`) of `€5–7m`."""
    number, end, scale = numerals.parse(match[0], language), match.end(), 0
    if number is None or (not signed and _INSIDE.match(text, match.start())):
        return None
    if signed and (behind := _behind_signed(language).match(text, end)):
        end, scale = behind.end(), _power({"alone": None, **behind.groupdict()}, language) or 0
    if signed and (text[end : end + 1].isalnum() or _PERCENT.match(text, end)):
        return None
    return Figure(number=number, start=match.start(), end=end, digits=match.start(), scale=scale)


@cache
def between_two(language: str) -> re.Pattern[str]:
    """What stands between the two ends of a range."""
    numbers = data_of(language).numbers
    to = "|".join(numbers.between.get("to", ())) or r"(?!)"
    both = "|".join([*numbers.between.get("and", ()), *numbers.between.get("or", ())]) or r"(?!)"
    return re.compile(rf"\s?(?:(?P<dash>[-–—~～〜至])|(?P<to>{to})|(?:{both}))\s?")


@cache
def before_both(language: str) -> re.Pattern[str]:
    """What stands before two ends with an `and` between them."""
    words = "|".join(data_of(language).numbers.between.get("before", ())) or r"(?!)"
    return re.compile(rf"\b(?:{words})\s\Z", re.IGNORECASE)


def _power(behind: Mapping[str, str | None], language: str) -> int | None:
    """The power of ten of what stands behind a number; 0: no scale word, None: one that is none after all."""
    if word := behind["scale"] or behind.get("alone"):
        return numerals.power_of(word, language) or None
    letter = behind.get("letter")
    return numerals.SCALE_LETTERS[letter.lower()] if letter else 0


@cache
def _behind_signed(language: str) -> re.Pattern[str]:
    """What may follow a number with a sign before it: a scale word, a letter for one, or nothing."""
    scale = numerals.scale_pattern(language)
    return re.compile(rf"(?:[\s-]?(?P<scale>(?i:{scale}))|(?P<letter>(?i:mn|bn|tn|[kmbt]))(?!\w))?")


@cache
def _behind_exact(language: str) -> re.Pattern[str]:
    """What must follow a number with no sign before it: a scale word, a currency, or both."""
    scale = numerals.scale_pattern(language)
    house = data_of(language).currencies
    words = sorted(house.names, key=len, reverse=True)
    names = "|".join(rf"{re.escape(word)}(?!\w)" for word in words) or r"(?!)"
    of = {house.after_scale.strip(), (house.after_scale_before_vowel or "").strip().replace("’", "[’']")} - {""}
    of_one = "|".join(rf"{word}\s?" for word in sorted(of))
    return re.compile(
        rf"(?:[\s-](?P<scale>(?i:{scale}))(?:\.(?=\s))?(?:\s(?:{of_one}))?)?\s?(?P<currency>{_CODES}|{names})(?!\w)"
        rf"|[\s-](?P<alone>(?i:{scale}))"
    )


def figures_in(
    text: str, language: str, months: Sequence[dates.Month], known: Mapping[str, Value] | None = None
) -> Iterator[Figure]:
    """Every number of a text: those in digits, days and years of `months` in digits, then those in words.

    `months` are those of `dates.months_in`; `known` are numbers of the text this one was made from
    (`numerals.literals`): an engine may have left them as they were.
    """
    hidden = [month.whole or (month.start, month.end) for month in months if month.numbered]
    position = 0
    for match in numerals.found(text, language):
        if match.start() < position or any(start <= match.start() < end for start, end in hidden):
            continue
        if match[0] == "00" and _FULL_HOUR.search(text, max(0, match.start() - _HOUR_BEFORE), match.start()):
            continue
        if several := _several(match, text):
            yield from several
            continue
        figure = _counting(match, text, language, known or {})
        position = figure.end
        yield figure
    for month in months:
        if month.whole:
            start, end = month.whole
            yield Figure(number=Decimal(month.day or 0), start=start, end=end)
            yield Figure(number=Decimal(month.year or 0), start=start, end=end)
    for number, word, match in number_words.scaled(text, language, numerals.scale_pattern(language)):
        unit, end = _unit(text, match.start(), match.end())
        power = numerals.power_of(word, language)
        yield Figure(number=Decimal(number), start=match.start(), end=end, scale=power, unit=unit)


def _several(match: re.Match[str], text: str) -> list[Figure]:
    """The parts of what only looks like one number: `1,2,3`, and the hour and minute of `10.30 Uhr`."""
    parts: Sequence[str] = ()
    clock = _CLOCK.fullmatch(match[0])
    before = text[max(0, match.start() - 8) : match.start()]
    if clock and (_after_hour().match(text, match.end()) or _before_hour().search(before)):
        parts = [part for part in clock.groups() if part != "00"]
    elif _LIST.fullmatch(match[0]):
        parts = match[0].split(",")
    return [Figure(number=Decimal(part), start=match.start(), end=match.end()) for part in parts]


def _counting(match: re.Match[str], text: str, language: str, known: Mapping[str, Value]) -> Figure:
    """A number with its scale word and unit; `3조 2,000억` is one number."""
    number = known.get(match[0], numerals.value_of(match[0], language))
    scale, end = 0, match.end()
    if isinstance(number, Decimal):
        found, scale, end = _scale(text, end, language)
        if found and data_of(language).numbers.in_ten_thousands:
            more, end = _smaller_parts(text, end, scale, language)
            number += more.scaleb(-scale)
    unit, end = _unit(text, match.start(), end)
    return Figure(number=number, start=match.start(), end=end, scale=scale, unit=unit)


def _smaller_parts(text: str, end: int, power: int, language: str) -> tuple[Decimal, int]:
    """What follows a scale word with smaller ones, the `2,000억` of `3조 2,000억`, and where it ends."""
    total = Decimal(0)
    while power >= 4:
        more = _PART.match(text, end)
        part = numerals.value_of(more[1], language) if more else None
        if more is None or not isinstance(part, Decimal):
            break
        scale, smaller, behind = _scale(text, more.end(), language)
        if scale is None and text[end].isdigit() and part < _MYRIAD:  # the 5000 of `1234万5000`
            scale, smaller, behind = "", 0, more.end()
        if scale is None or smaller >= power:
            break
        total, power, end = total + part.scaleb(smaller), smaller, behind
    return total, end


def _scale(text: str, end: int, language: str) -> tuple[str | None, int, int]:
    word = _after(language).match(text, end)
    if word and word["word"]:
        return word["word"], numerals.power_of(word["word"], language), word.end()
    if word and word["letter"]:
        return word["letter"], numerals.SCALE_LETTERS[word["letter"].lower()], word.end("letter")
    if letter := _LETTER.match(text, end):
        return letter[0], numerals.SCALE_LETTERS[letter[0].lower()], letter.end()
    return None, 0, end


@cache
def _after(language: str) -> re.Pattern[str]:
    """What may follow a number: a scale word, or a letter for one before a currency."""
    letters = "|".join(letter for letter in numerals.SCALE_LETTERS if letter != "t")  # `5 t $` are tons
    gap = "" if data_of(language).numbers.scale_follows_at_once else r"[\s\u00a0\u202f-]?"
    return re.compile(
        rf"(?:{gap}[多余餘]?(?P<word>{numerals.scale_pattern(language)})(?:\.(?=\s?[\w€$£¥]))?"
        rf"|[\s\u00a0\u202f]?(?P<letter>{letters})(?=\s?[€$£¥₩]|\s?(?:USD|EUR|GBP)))",
        re.IGNORECASE,
    )


def any_of(of: Callable[[LanguageData], list[str]]) -> str:
    """A regular expression for all that `of` picks from the data of any language: an engine may have left a number as
    it was."""
    return "|".join(dict.fromkeys(expression for data in every_language() for expression in of(data))) or r"(?!)"


@cache
def _currencies() -> dict[str, str]:
    """What each family of currencies is called in all languages, signs first."""
    families = currencies.sign_patterns()
    for data in every_language():
        for family, words in data.currencies.families.items():
            known = families.get(family)
            families[family] = words if known is None else f"{known}|{words}"
    return families


@cache
def _currency_before() -> re.Pattern[str]:
    kinds = (f"(?P<k{index}>(?<![A-Za-z]){words})" for index, words in enumerate(_currencies().values()))
    return re.compile(f"(?:{'|'.join(kinds)})" + r"[\s\u00a0\u202f]?$")


@cache
def _unit_behind() -> re.Pattern[str]:
    percent = any_of(lambda data: data.numbers.percent)
    touching = any_of(lambda data: data.numbers.percent if data.vocabulary.unspaced else [])
    kinds = (f"(?P<k{index}>(?:{words})(?![A-Za-zà-ÿа-я]))" for index, words in enumerate(_currencies().values()))
    return re.compile(
        r"[\s\u00a0\u202f-]?(?:de\s|d’|d'|of\s|tỷ\s|di\s)?(?:"
        rf"(?P<percent>{_PERCENT_SIGNS}|(?:{percent})(?![^\W\d_])|{touching})|{'|'.join(kinds)})"
    )


@cache
def _percent_before() -> re.Pattern[str]:
    return re.compile(rf"(?:{any_of(lambda data: data.numbers.percent_before)})\s?$")


@cache
def _after_hour() -> re.Pattern[str]:
    return re.compile(rf"\s?(?:h\b|{any_of(lambda data: data.dates.after_hour)})")


@cache
def _before_hour() -> re.Pattern[str]:
    return re.compile(rf"(?:{any_of(lambda data: data.dates.before_hour)})\s$")


def _unit(text: str, start: int, end: int) -> tuple[str | None, int]:
    """The currency beside a number, or `%`."""
    names = list(_currencies())
    behind = _unit_behind().match(text, end)
    if behind:
        return "%" if behind["percent"] else names[int(str(behind.lastgroup)[1:])], behind.end()
    before = text[max(0, start - 12) : start]
    if _percent_before().search(before):
        return "%", end
    ahead = _currency_before().search(before) if before[-2:].strip() and _SIGNS.search(before[-5:]) else None
    return (names[int(str(ahead.lastgroup)[1:])] if ahead else None), end
