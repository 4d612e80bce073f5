"""Months and days in a text, so that a date can be written in another language and compared across languages.

`days_in` finds the days that may be written anew (amounts.py): a month by its name with a day beside it, just as the
language writes it. `months_in` finds every month to be compared (quantities.py), named or numbered: `March 5` and
`3月5日`. Both have their names from CLDR, and from the language files what these look like inside a sentence
(`5 de marzo`, `ngày 5 tháng 3`, `в марте`). `days_in` knows only the names that CLDR has inside a date, without further
endings: what it took for a date by mistake would be written anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tasks.language_data import Dates, data_of, every_language
from tasks.model.languages import LanguageTag, locale_of


@dataclass(frozen=True, kw_only=True)
class Month:
    """One mention of a month in a text."""

    number: int
    """1 to 12."""
    start: int
    end: int
    """Where it stands: of a numbered month only the number and its sign."""
    day: int | None = None
    dated: bool = False
    """A day or a year stands beside it; without one `may` and `set` are only words."""
    numbered: bool = False
    """It is written in digits, which count no thing."""
    whole: tuple[int, int] | None = None
    """Where a date in digits only begins and ends, such as `05.03.2026`."""
    year: int | None = None
    """Of a date in digits only."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day of a month by its name, which may be written anew."""

    start: int
    end: int
    day: int
    month: int
    """1 to 12; the month may have no such day."""
    year: int | None
    on: bool
    """The English `on` stands before it and belongs to it."""


Form = Literal["", "on", "from", "between", "and", "both", "or"]


@dataclass(frozen=True, kw_only=True)
class Days:
    """Two days and what they are together: `19–21 May`, `from May 19 to 21, 2026`, `on 19 and 20 May`."""

    first: Day
    last: Day
    start: int
    end: int
    form: Form
    """A stretch with nothing, `on`, `from` or `between` before it; a pair with nothing or `on` (`both`); one of two."""


_HAN_MONTHS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_DAY = r"(?<!\d)\d{1,2}(?:st|nd|rd|th|er|º|°)?"
_FULL_STOP = r"\b(?:(?<![^\W\d_]{5})\.(?=,?\s[a-z0-9(])|(?!\.[^\W\d_]))"
"""That of an abbreviated month, not that of a sentence which ends with one."""
_BEGINNING = re.compile(r"\b(?:[Ss]tarting|[Bb]eginning|[Ee]ffective|[Cc]ommencing)\s\Z")
"""Before an `on` that only says from when."""
_HAN_MONTH = re.compile(r"(?<![一二三四五六七八九十个個])(十[一二]?|[一二三四五六七八九])月")
_DIGITS = re.compile(r"(?<![\d./-])(\d{4})(?:[-/]|\.\s?)(\d{1,2})(?:[-/]|\.\s?)(\d{1,2})(?!\d)|"
                     r"(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\5(\d{4})(?!\d)")  # fmt: skip


@cache
def _day_before() -> re.Pattern[str]:
    endings, words = _any(lambda dates: dates.day_endings), _any(lambda dates: dates.before_month)
    return re.compile(rf"(?<!\d)(?<!\d[.,:])(\d{{1,2}})(?:{endings})?[\s\u00a0]?(?:{words}){{0,2}}$")


@cache
def _day_after() -> re.Pattern[str]:
    endings, years = _any(lambda dates: dates.day_endings), _year_signs()
    return re.compile(rf"\.?[\s\u00a0]?(?:the\s)?(\d{{1,2}})(?:\s?(?:{endings}))?(?![\d.,:]*\d|\s?(?:%|{years}))")


@cache
def _year_after() -> re.Pattern[str]:
    words = _any(lambda dates: dates.before_year)
    return re.compile(rf"\.?,?[\s\u00a0]*(?:{words}|/)?(?:19|20|2[45]|١٩|٢٠)\d\d(?!\d)")


@cache
def _year_before() -> re.Pattern[str]:
    return re.compile(rf"\d{{4}}\s?(?:{_year_signs()})\s?$")


def _year_signs() -> str:
    return _any(lambda dates: [dates.year_sign] if dates.year_sign else [])


def _any(of: Callable[[Dates], list[str]]) -> str:
    """Any of the expressions in all languages: an engine may have left a date as it was."""
    found = dict.fromkeys(expression for data in every_language() for expression in of(data.dates))
    return "|".join(sorted(found, key=len, reverse=True)) or r"(?!)"


def days_in(text: str, language: str) -> Iterator[Day]:
    """Every day of a text with its month, and its year if there is one: `on January 5, 2026`, `5 de enero`."""
    for match in _day_pattern(language).finditer(text):
        year = match["y1"] or match["y2"]
        begins = match["on"] and not _BEGINNING.search(text, max(0, match.start() - 16), match.start())
        yield Day(
            start=match.start(),
            end=match.end(),
            day=int(re.sub(r"\D", "", match["d1"] or match["d2"])),
            month=_exact_names(language)[(match["m1"] or match["m2"]).rstrip(".")],
            year=int(year) if year else None,
            on=bool(begins),
        )


def stretches_in(text: str, language: str) -> Iterator[Days]:
    """Every two days of a text that are written as one, each with its month and its year."""
    months = _exact_names(language)
    for match in _days_pattern(language).finditer(text):
        found = {name: words for name, words in match.groupdict().items() if words}
        form = _form_of(found)
        if form is None:
            continue
        month = found.get("m2b") or found.get("m2a") or found.get("m1a", "")
        year = found.get("y2b") or found.get("y2a")
        days = (
            (found.get("d1a") or found["d1b"], found.get("m1a") or found.get("m1b") or month, _year_of(found) or year),
            (found.get("d2a") or found["d2b"], month, year),
        )
        first, last = (
            Day(
                start=match.start(),
                end=match.end(),
                day=int(re.sub(r"\D", "", day)),
                month=months[its_month.rstrip(".")],
                year=int(its_year) if its_year else None,
                on=False,
            )
            for day, its_month, its_year in days
        )
        yield Days(first=first, last=last, start=match.start(), end=match.end(), form=form)


def in_list(text: str, start: int, end: int, language: str) -> bool:
    """Whether days stand before or behind these that have their month from them: `4, 5 and 6 March`, `5/6 March`. Only
    who sees them all can write them in the order of another language."""
    before, behind = _list_around(language)
    if text[start].isdigit():
        return before.search(text, max(0, start - _LIST_REACH), start) is not None
    return behind.match(text, end) is not None


_LIST_REACH = 24


@cache
def _list_around(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What stands before the last days of a list, and behind the first."""
    data = data_of(language)
    joints = (*data.numbers.between.get("and", ()), *data.numbers.between.get("or", ()), *data.dates.to)
    word = rf"(?:{'|'.join(joints) or '(?!)'})"
    before = rf"(?<![\w.,:/-]){_DAY}\.?(?:,\s|\s?/\s?|,?\s{word}\s(?:(?:le|el|o|den|dem|the)\s)?)\Z"
    behind = rf"(?:,\s{_DAY},?\s{word}\s|(?:,\s{_DAY})+,?\s{word}\s|\s?/\s?){_DAY}(?![\w%])"
    return re.compile(before), re.compile(behind)


def _year_of(found: dict[str, str]) -> str | None:
    """The year of the first of two days, where it has its own."""
    return found.get("y1a") or found.get("y1b")


def _form_of(found: dict[str, str]) -> Form | None:
    """What two days are together, by the words before and between them; None if those do not fit, as in `from 19 and
    21 May`."""
    if "or1" in found or "or2" in found:
        return "or"
    pair = "and1" in found or "and2" in found
    if "from" in found:
        return None if pair else "from"
    if "between" in found:
        return "between" if pair or "dash1" in found or "dash2" in found else None
    if "on" in found:
        return "both" if pair else "on"
    return "and" if pair else ""


@cache
def _days_pattern(language: str) -> re.Pattern[str]:
    months = "|".join(re.escape(name) for name in sorted(_exact_names(language), key=len, reverse=True))
    if not months:
        return re.compile(r"(?!)")
    month, day, plain = rf"(?:{months}){_FULL_STOP}", _DAY, r"(?![\d,.]?\d)"
    house = data_of(language)
    words = {"from": house.dates.from_to, "between": house.dates.between, "on": house.dates.on_both}
    before, joints = [], {"to": list(house.dates.to), "and": list(house.numbers.between.get("and", ()))}
    for name, template in words.items():
        if template:
            head, middle = re.split(r"\{first\}|\{last\}", template)[:2]
            before.append(rf"(?P<{name}>(?i:{re.escape(head.strip())}))\s")
            joints["to" if name == "from" else "and"].append(re.escape(middle.strip()))
    ahead = rf"(?:{'|'.join(before)})?" if before else ""
    either = "|".join(house.numbers.between.get("or", ())) or r"(?!)"

    def joint(way: str) -> str:
        to, both = ("|".join(dict.fromkeys(joints[kind])) or r"(?!)" for kind in ("to", "and"))
        return rf"(?:(?P<dash{way}>\s?[-–—]\s?)|\s(?:(?P<and{way}>{both})|(?P<or{way}>{either})|{to})\s)"

    year = r"(?:,?\s(?:de\s|del\s)?(?P<y{}>\d{{4}})(?!\d))?"
    return re.compile(
        rf"(?<![\w.]){ahead}(?:"
        rf"(?P<m1a>{month})\s(?P<d1a>{day}){plain}{year.format('1a')}{joint('1')}(?:(?P<m2a>{month})\s)?"
        rf"(?P<d2a>{day}){plain}(?!\s(?:de\s)?(?:{months})){year.format('2a')}"
        rf"|(?P<d1b>{day}){plain}(?:\s(?:de\s)?(?P<m1b>{month}){year.format('1b')})?{joint('2')}"
        rf"(?P<d2b>{day})\s(?:de\s)?(?P<m2b>{month}){year.format('2b')})"
    )


@cache
def _day_pattern(language: str) -> re.Pattern[str]:
    months = "|".join(re.escape(name) for name in sorted(_exact_names(language), key=len, reverse=True))
    month, day = rf"(?:{months}){_FULL_STOP}", rf"{_DAY}(?![\d,.]?\d)"
    on = r"(?:(?P<on>[Oo]n)\s)?" if LanguageTag(language).base == "en" else r"(?P<on>(?!))?"
    return re.compile(
        rf"(?<![\w.]){on}(?:(?P<m1>{month})\s(?P<d1>{day})(?:,?\s(?P<y1>\d{{4}})(?!\d))?"
        rf"|(?P<d2>{day})\s(?:de\s)?(?P<m2>{month})(?:,?\s(?:de\s|del\s)?(?P<y2>\d{{4}})(?!\d))?)"
    )


def months_in(text: str, language: str) -> list[Month]:
    """Every month of `text`, in order."""
    found = _in_digits(text, language)
    data = data_of(language)
    numbered = data.dates.numbered_month
    taken = {place for month in found for place in range(month.start, month.end)}
    for match in _named(language).finditer(text):
        if match.start() not in taken:
            found.append(_placed(text, match.start(), match.end(), _number_of(match[0], language), data.dates))
    if numbered:
        for match in re.finditer(numbered, text):
            if match.start() not in taken:
                found.append(_placed(text, match.start(), match.end(), int(match[1]), data.dates, numbered=True))
    if data.numbers.han_numerals:
        for match in _HAN_MONTH.finditer(text):
            found.append(_placed(text, match.start(), match.end(), _HAN_MONTHS.index(match[1]) + 1, data.dates))
    return sorted(found, key=lambda month: month.start)


def _placed(text: str, start: int, end: int, number: int, dates: Dates, *, numbered: bool = False) -> Month:
    """A month with the day and the year that stand beside it."""
    before, after = text[max(0, start - 24) : start], text[end : end + 24]
    ahead = _day_before().search(before) if dates.day_before_month else None
    behind = _day_after().match(after) if dates.day_after_month and not ahead else None
    day = ahead or behind
    value = int(day[1]) if day and 1 <= int(day[1]) <= 31 else None
    year = _year_after().match(after) or (_year_before().search(before) if dates.year_before_month else None)
    dated = value is not None or year is not None
    return Month(number=number, start=start, end=end, day=value, dated=dated, numbered=numbered)


def _in_digits(text: str, language: str) -> list[Month]:
    """Dates in digits only; which of two numbers is the month, the language says."""
    found = []
    pattern = str(locale_of(language).date_formats["short"].pattern).lower()
    month_first = pattern.find("m") < pattern.find("d")
    for match in _DIGITS.finditer(text):
        year = int(match[1] or match[7])
        if match[1]:
            first, second, place = int(match[2]), int(match[3]), 2
        else:
            first, second = int(match[4]), int(match[6])
            place = 4 if month_first else 6
            first, second = (first, second) if month_first else (second, first)
        if first > 12 and second <= 12:
            first, second, place = second, first, {2: 3, 4: 6, 6: 4}[place]
        if 1 <= first <= 12 and 1 <= second <= 31:
            start, end = match.span(place)
            found.append(
                Month(
                    number=first,
                    start=start,
                    end=end,
                    day=second,
                    dated=True,
                    numbered=True,
                    whole=match.span(),
                    year=year,
                )
            )
    return found


def _from_cldr(language: str, *contexts: str) -> Iterator[tuple[str, int]]:
    """The names of the months and their abbreviations, as CLDR has them: inside a date, or standing alone."""
    for context in contexts:
        for width in ("wide", "abbreviated"):
            for number, name in locale_of(language).months[context][width].items():
                yield str(name), int(number)


@cache
def _exact_names(language: str) -> dict[str, int]:
    """The names of months as they stand inside a date, without the full stop of an abbreviation."""
    names = {name.rstrip("."): number for name, number in _from_cldr(language, "format")}
    return names | {name: number for name, number in data_of(language).dates.months.items() if name.isalpha()}


@cache
def _names(language: str) -> dict[str, int]:
    """Regular expressions for the names of months, in all cases of the language."""
    dates = data_of(language).dates
    names: dict[str, int] = {}
    for name, number in _from_cldr(language, "format", "stand-alone"):
        if not re.search(r"[\d一-十]", name):
            names[re.escape(name if dates.keeps_full_stop else name.rstrip("."))] = number
    if ending := dates.month_ending:
        names = {(name[:-1] + ending if len(name) > 4 else name): number for name, number in names.items()}
    return names | dates.months


@cache
def _named(language: str) -> re.Pattern[str]:
    names = sorted(_names(language), key=len, reverse=True)
    if not names:
        return re.compile(r"(?!)")
    data = data_of(language)
    if data.vocabulary.unspaced:
        return re.compile("|".join(names))
    start = "" if data.dates.letter_before else r"(?<![^\W_])"
    capitals = re.IGNORECASE if data.dates.any_case else 0
    return re.compile(rf"{start}(?:{'|'.join(names)})(?![^\W_])", capitals)


@cache
def _number_of(name: str, language: str) -> int:
    for pattern, number in sorted(_names(language).items(), key=lambda item: -len(item[0])):
        if re.fullmatch(pattern, name, re.IGNORECASE):
            return number
    return 0
