"""What is counted in a text, and how that differs between two: values, currencies, percentages and months.

Values are compared, not digits: `€3.2 billion` once became `3.2 billions` in French, a thousand times more.
What stands in a text `recogniser.py` finds, in its lenient use.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from tasks.translation.figures import dates, number_words, numerals
from tasks.translation.figures.numerals import Value
from tasks.translation.figures.recogniser import any_of, figures_in

_BUDDHIST = 543
"""Years that Thai texts are ahead."""


@dataclass(kw_only=True)
class Counted:
    """The numbers, units, months and scale words of one text."""

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
    """The numbers, units, months and scale words found in `text`, for comparing source with translation. `known`:
    numbers of the text it was made from (`numerals.literals`)."""
    months = dates.months_in(text, language)
    figures = list(figures_in(text, language, months, known))
    scales = re.finditer(numerals.scale_pattern(language), text, re.IGNORECASE)
    return Counted(
        values=[figure.value for figure in figures],
        kinds=[figure.unit or "" for figure in figures],
        units={figure.unit for figure in figures if figure.unit},
        words=number_words.words_for(text, language),
        powers={numerals.power_of(match[0], language) for match in scales},
        months=months,
        idiom=_always().search(text) is not None,
        afternoon=_afternoon().search(text) is not None,
    )


@cache
def _always() -> re.Pattern[str]:
    """Finds what says `always`, which every language says otherwise."""
    return re.compile(rf"(?<!\d)(?:24\s?[/x×]\s?7(?!\d)|{any_of(lambda data: data.numbers.always)})")


@cache
def _afternoon() -> re.Pattern[str]:
    return re.compile(any_of(lambda data: data.dates.afternoon), re.IGNORECASE)


def differing(before: Counted, after: Counted) -> tuple[Counter[Value], Counter[Value]]:
    """The numbers that are missing in a translation and those that were added, those in words on the other side
    allowed."""
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
