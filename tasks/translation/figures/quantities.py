"""What is counted in a text: every number with its scale word, and the currencies and percentages among them.

Values are compared, not digits: `€3.2 billion` once became `3.2 billions` in French, a thousand times more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from tasks.language_data import LanguageData, data_of, every_language
from tasks.translation.figures import currencies, dates, number_words, numerals
from tasks.translation.figures.numerals import Value

_PERCENT_SIGNS = "[%％٪﹪]"
_LETTER = re.compile(r"[KMB](?![^\W_])")
"""`5M users`: right behind the digits and in a capital, in every language."""
_LIST = re.compile(r"\d{1,2}(?:,\d{1,2}){2,}")
_CLOCK = re.compile(r"([01]?\d|2[0-4])\.([0-5]\d)")
_BUDDHIST = 543
"""Years that Thai texts are ahead."""


@dataclass(kw_only=True)
class Counted:
    """The numbers of one text."""

    values: list[Value] = field(default_factory=list)
    """In the order of the text, days and years of dates included, numbered months not."""
    kinds: list[str] = field(default_factory=list)
    """What each of them counts: a currency, `%` or nothing."""
    units: set[str] = field(default_factory=set)
    """Currencies and `%`."""
    words: set[int] = field(default_factory=set)
    """What number words may stand for."""
    powers: set[int] = field(default_factory=set)
    """Powers of ten of all its scale words, those without a number too: `a million`."""
    months: list[dates.Month] = field(default_factory=list)
    idiom: bool = False
    afternoon: bool = False


def counted(text: str, language: str, known: Mapping[str, Value] | None = None) -> Counted:
    """Reads a text; `known` are numbers of the text it was made from (`numerals.literals`)."""
    months = dates.months_in(text, language)
    found = Counted(
        months=months, words=number_words.words_for(text, language), afternoon=_afternoon().search(text) is not None
    )
    scales = re.finditer(numerals.scale_pattern(language), text, re.IGNORECASE)
    found.powers = {numerals.power_of(match[0], language) for match in scales}
    found.idiom = _always().search(text) is not None
    hidden = [month.whole or (month.start, month.end) for month in months if month.numbered]
    position = 0
    for match in numerals.found(text, language):
        if match.start() < position or any(start <= match.start() < end for start, end in hidden):
            continue
        if hour := _time(match, text):
            found.values += hour
            found.kinds += ["", ""]
            continue
        if _LIST.fullmatch(match[0]):
            found.values += map(Decimal, match[0].split(","))
            found.kinds += [""] * (match[0].count(",") + 1)
            continue
        value, end = _scaled(match, text, language, known or {})
        unit, position = _unit(text, match.start(), end)
        found.values.append(value)
        found.kinds.append(unit or "")
        found.units |= {unit} if unit else set()
    for month in months:
        if month.whole:
            found.values += [Decimal(month.day or 0).normalize(), Decimal(month.year or 0).normalize()]
            found.kinds += ["", ""]
    for number, word, match in number_words.scaled(text, language, numerals.scale_pattern(language)):
        unit, _ = _unit(text, match.start(), match.end())
        found.values.append(Decimal(number * 10 ** numerals.power_of(word, language)).normalize())
        found.kinds.append(unit or "")
        found.units |= {unit} if unit else set()
    return found


def _time(match: re.Match[str], text: str) -> list[Value]:
    """Hour and minute of `10.30 Uhr`, which are not ten and three tenths."""
    clock = _CLOCK.fullmatch(match[0])
    before = text[max(0, match.start() - 8) : match.start()]
    if clock and (_after_hour().match(text, match.end()) or _before_hour().search(before)):
        return [Decimal(clock[1]).normalize(), Decimal(clock[2]).normalize()]
    return []


def _scaled(match: re.Match[str], text: str, language: str, known: Mapping[str, Value]) -> tuple[Value, int]:
    """The value with its scale word, and where that ends; `3조 2,000억` is one number."""
    value = known.get(match[0], numerals.value_of(match[0], language))
    end = match.end()
    if not isinstance(value, Decimal):
        return value, end
    scale, power, end = _scale(text, end, language)
    if scale is None:
        return value, end
    total = value.scaleb(power)
    while data_of(language).numbers.in_ten_thousands and power > 4:
        more = re.compile(rf"\s?({numerals.LITERAL})").match(text, end)
        part = numerals.value_of(more[1], language) if more else None
        if more is None or not isinstance(part, Decimal):
            break
        scale, smaller, behind = _scale(text, more.end(), language)
        if scale is None or smaller >= power:
            break
        total, power, end = total + part.scaleb(smaller), smaller, behind
    return total.normalize(), end


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


def _any(of: Callable[[LanguageData], list[str]]) -> str:
    """Any of the expressions in all languages: an engine may have left a number as it was."""
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
    percent = _any(lambda data: data.numbers.percent)
    touching = _any(lambda data: data.numbers.percent if data.vocabulary.unspaced else [])
    kinds = (f"(?P<k{index}>(?:{words})(?![A-Za-zà-ÿа-я]))" for index, words in enumerate(_currencies().values()))
    return re.compile(
        r"[\s\u00a0\u202f-]?(?:de\s|d’|d'|of\s|tỷ\s|di\s)?(?:"
        rf"(?P<percent>{_PERCENT_SIGNS}|(?:{percent})(?![^\W\d_])|{touching})|{'|'.join(kinds)})"
    )


@cache
def _percent_before() -> re.Pattern[str]:
    return re.compile(rf"(?:{_any(lambda data: data.numbers.percent_before)})\s?$")


@cache
def _always() -> re.Pattern[str]:
    """Finds what says `always`, which every language says otherwise."""
    return re.compile(rf"(?<!\d)(?:24\s?[/x×]\s?7(?!\d)|{_any(lambda data: data.numbers.always)})")


@cache
def _afternoon() -> re.Pattern[str]:
    return re.compile(_any(lambda data: data.dates.afternoon), re.IGNORECASE)


@cache
def _after_hour() -> re.Pattern[str]:
    return re.compile(rf"\s?(?:h\b|{_any(lambda data: data.dates.after_hour)})")


@cache
def _before_hour() -> re.Pattern[str]:
    return re.compile(rf"(?:{_any(lambda data: data.dates.before_hour)})\s$")


_SIGNS = re.compile(r"[€$£¥￥₩₹฿₫A-Zp]")


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


def differing(before: Counted, after: Counted) -> tuple[Counter[Value], Counter[Value]]:
    """Numbers that are missing and numbers that were added, those in words on the other side allowed."""
    missing = Counter(before.values) - Counter(after.values)
    added = Counter(after.values) - Counter(before.values)
    for value in list(missing.elements()):
        if _excused(value, before, after, added):
            missing[value] -= 1
    for value in list(added.elements()):
        if _excused(value, after, before, Counter()):
            added[value] -= 1
    return +missing, +added


def _excused(value: Value, here: Counted, there: Counted, others: Counter[Value]) -> bool:
    """Whether a number that only stands `here` is said otherwise `there`; takes what says it from `others`."""
    if not isinstance(value, Decimal):
        return False
    if value in there.words or (here.idiom and value in (24, 7)):
        return True
    for shift in (12 if (here.afternoon or there.afternoon) and value < 12 else 0, _BUDDHIST, -_BUDDHIST):
        likely = shift and (shift == 12 or value > 1500)
        if likely and others[value + shift]:
            others[value + shift] -= 1
            return True
    # `a million`, without a number or with an article
    return value >= 1000 and value.adjusted() in there.powers and value == Decimal(10) ** value.adjusted()
