"""What is counted in a text, and how that differs between two: values, currencies, percentages and months.

Values are compared, not digits: `€3.2 billion` once became `3.2 billions` in French, a thousand times more.
What stands in a text `recogniser.py` finds, in its lenient use.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from itertools import pairwise

from tasks.translation.figures import dates, number_words, numerals
from tasks.translation.figures.numerals import Value
from tasks.translation.figures.recogniser import Figure, any_of, between_two, figures_in
from tasks.translation.kept_readings import kept

_BUDDHIST = 543
"""Years that Thai texts are ahead."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The numbers, units and months of one text. It is kept: nobody may change what is in it.

    What only excuses a number that another text lacks is looked for when one is lacking, which is seldom.
    """

    text: str
    language: str
    values: list[Value]
    """In the order of the text, days and years of dates included, numbered months not."""
    places: list[tuple[int, int]]
    """Where each of them begins and ends in `text`."""
    kinds: list[str]
    """What each of them counts: a currency, `%` or nothing."""
    units: set[str]
    """Currencies and `%`."""
    months: list[dates.Month]
    shared: dict[Decimal, Decimal]
    """The first number of each range of which the scale word stands at the end, to its value with it."""

    @cached_property
    def words(self) -> set[int]:
        """What number words may stand for."""
        return number_words.words_for(self.text, self.language)

    @cached_property
    def powers(self) -> set[int]:
        """Powers of ten of all its scale words, those without a number too: `a million`."""
        scales = re.finditer(numerals.scale_pattern(self.language), self.text, re.IGNORECASE)
        return {numerals.power_of(match[0], self.language) for match in scales}

    @cached_property
    def short_years(self) -> set[int]:
        """Years and decades in two digits: the 26 of `FY26/27`, the 90 of `años 90`."""
        return {int(year) for match in _short_year().finditer(self.text) for year in match.groups() if year}

    @cached_property
    def one_in(self) -> set[int]:
        """The 7 of `1 in 7`."""
        return {int(match[1]) for match in _one_in().finditer(self.text)}

    @cached_property
    def halves(self) -> bool:
        """Whether it says `half of` or `half a`."""
        return _half().search(self.text) is not None

    @cached_property
    def sign_of_always(self) -> bool:
        """Whether it says `24/7`."""
        return _ALWAYS.search(self.text) is not None

    @cached_property
    def always(self) -> bool:
        """Whether it says so with numbers or without."""
        return _always().search(self.text) is not None

    @cached_property
    def afternoon(self) -> bool:
        """Whether it says `p.m.`, in any language."""
        return _afternoon().search(self.text) is not None


def counted(text: str, language: str, known: Mapping[str, Value] | None = None) -> Counted:
    """The numbers, units, months and scale words found in `text`, for comparing source with translation. `known`:
    numbers of the text it was made from (`numerals.literals`)."""
    otherwise = {
        (literal, value)
        for literal, value in (known or {}).items()
        if literal in text and value != numerals.value_of(literal, language)
    }
    return _counted(text, language, frozenset(otherwise))


@kept
def _counted(text: str, language: str, otherwise: frozenset[tuple[str, Value]]) -> Counted:
    """The same; `otherwise`: those numbers of the other text that the language would read otherwise."""
    months = dates.months_in(text, language)
    figures = list(figures_in(text, language, months, dict(otherwise)))
    kinds, shared = _over_ranges(figures, text, language)
    return Counted(
        text=text,
        language=language,
        values=[figure.value for figure in figures],
        places=[(figure.start, figure.end) for figure in figures],
        kinds=kinds,
        units={figure.unit for figure in figures if figure.unit},
        months=months,
        shared=shared,
    )


def _over_ranges(figures: list[Figure], text: str, language: str) -> tuple[list[str], dict[Decimal, Decimal]]:
    """What each figure counts, and the scaled value of each that shares the scale word of the next: `5 to 7 million`
    are two of the same kind, and so are `4 bis 6 %`."""
    kinds = [figure.unit or "" for figure in figures]
    shared: dict[Decimal, Decimal] = {}
    for index, (first, last) in enumerate(pairwise(figures)):
        joined = first.end <= last.start and between_two(language).fullmatch(text, first.end, last.start)
        if not joined or not isinstance(first.number, Decimal) or not isinstance(last.number, Decimal):
            continue
        kinds[index] = kinds[index] or kinds[index + 1]
        if not first.scale and last.scale and first.number <= last.number:
            shared[first.number.normalize()] = first.number.scaleb(last.scale).normalize()
    return kinds, shared


_ALWAYS = re.compile(r"(?<!\d)24\s?[/x×]\s?7(?!\d)")


@cache
def _always() -> re.Pattern[str]:
    """Finds what says `always`, which every language says otherwise."""
    said = any_of(lambda data: [*data.numbers.always, *data.numbers.always_in_words])
    return re.compile(rf"{_ALWAYS.pattern}|{said}", re.IGNORECASE)


@cache
def _half() -> re.Pattern[str]:
    return re.compile(any_of(lambda data: data.numbers.half), re.IGNORECASE)


@cache
def _one_in() -> re.Pattern[str]:
    return re.compile(rf"(?<![\d.,])1\s(?:{any_of(lambda data: data.numbers.one_in)})\s(\d{{1,4}})(?![\d.,]\d)")


@cache
def _short_year() -> re.Pattern[str]:
    said = any_of(lambda data: data.dates.short_year)
    return re.compile(
        r"(?<![^\W\d_])(?:FY|CY|GJ|[1-4]Q|[12]H)\s?(\d\d)(?:\s?[/–-]\s?(\d\d))?(?!\d)"
        r"|(?<!\d)(?:19|20)\d\d\s?[/–-]\s?(\d\d)(?!\d)|(?<![\w])[’'‘](\d\d)(?!\d)" + f"|{said}"
    )


@cache
def _afternoon() -> re.Pattern[str]:
    return re.compile(any_of(lambda data: data.dates.afternoon), re.IGNORECASE)


def differing(before: Counted, after: Counted) -> tuple[Counter[Value], Counter[Value]]:
    """The numbers that are missing in a translation and those that were added, those in words on the other side
    allowed."""
    if before.values == after.values:
        return Counter(), Counter()
    missing = Counter(before.values) - Counter(after.values)
    added = Counter(after.values) - Counter(before.values)
    for value in list(missing.elements()):
        if _excused(value, before, after, added):
            missing[value] -= 1
    for value in list((+added).elements()):
        if _excused(value, after, before, Counter()):
            added[value] -= 1
    return +missing, +added


def _excused(value: Value, here: Counted, there: Counted, others: Counter[Value]) -> bool:
    """Whether a number that only stands `here` is said otherwise `there`; takes what says it from `others`."""
    if not isinstance(value, Decimal):
        return False
    if value in there.words or (value in (24, 7) and (here.sign_of_always or (here.always and there.always))):
        return True
    for other in _said_as(value, here, there):
        if others[other]:
            others[other] -= 1
            return True
    if value == 1 and here.one_in & (there.words | {int(one) for one in there.values if _is_whole(one)}):
        return True
    if there.halves and (value == 50 or _is_half_of(value, there.powers)):
        return True
    # `two million`, and `a million` without a number or with an article
    factors = {1, *there.words}
    return value >= 1000 and any(value == Decimal(one).scaleb(power) for one in factors for power in there.powers - {0})


def _said_as(value: Decimal, here: Counted, there: Counted) -> Iterator[Decimal]:
    """Other numbers that may stand there for one: of a clock, of another calendar, of a range, of a year."""
    if (here.afternoon or there.afternoon) and value < 12:
        yield value + 12
    if value > 1500:
        yield value + _BUDDHIST
        yield value - _BUDDHIST
    if value in here.shared:
        yield here.shared[value]
    yield from (short for short, whole in there.shared.items() if whole == value)
    if value in here.short_years:
        yield from (value + century for century in (1900, 2000))
    if 1900 <= value < 2100 and value % 100 in there.short_years:
        yield value % 100


def _is_whole(value: Value) -> bool:
    return isinstance(value, Decimal) and value == value.to_integral() and value < 10**6


def _is_half_of(value: Decimal, powers: set[int]) -> bool:
    return any(value * 2 == Decimal(10) ** power for power in powers if power)
