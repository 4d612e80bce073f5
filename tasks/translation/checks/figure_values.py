"""Numbers, amounts and dates: the same values, counted in the same units, in the same months."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from tasks.model.languages import locale_of
from tasks.translation.checks import natural_order
from tasks.translation.checks.problem import Found, Problem, difference, said
from tasks.translation.figures import numerals
from tasks.translation.figures.dates import Month
from tasks.translation.figures.numerals import Value
from tasks.translation.figures.quantities import Counted, counted, differing
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Opaque, Text, words_of

_LIKE = {"¥": frozenset(("yen", "yuan"))}
"""Signs that may be several currencies."""
_MONTHS = [str(name) for name in locale_of("en").months["format"]["wide"].values()]


def figures(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems with figures: quantities, their units, dates, and the order of what can be mistaken for one another."""
    before, after = _read(unit, source=True), _read(result, source=False)
    wanted = counted(before, pair.source)
    found = counted(after, pair.target, numerals.literals(before, pair.source))
    yield from _quantity(wanted, found)
    yield from _date(wanted.months, found.months)
    if before == words_of(unit):  # protected numbers cannot be mistaken for one another
        yield from _order(wanted, found, pair)


def _read(text: Text, *, source: bool) -> str:
    """The words with numbers that were protected one by one: the scale word beside them went through the engine."""
    parts = []
    for piece in text:
        if isinstance(piece, Opaque):
            number = piece.kind == "number"
            parts.append(((piece.said if source else None) or piece.shown) if number else " ")
        elif isinstance(piece, str):
            parts.append(piece)
    return "".join(parts).strip()


def _quantity(wanted: Counted, found: Counted) -> Found:
    missing, added = differing(wanted, found)
    if missing or added:
        yield Problem("quantity", f"number {difference(missing, added)}")
        return
    lost, new = _unlike(wanted.units, found.units), _unlike(found.units, wanted.units)
    if wanted.values and (lost or new):
        yield Problem("quantity", f"unit {difference(Counter(lost), Counter(new))}")


def _unlike(units: set[str], others: set[str]) -> list[str]:
    """The units that are not among the others, however written."""
    return sorted(
        unit
        for unit in units
        if unit not in others
        and not (_LIKE.get(unit, frozenset()) & others)
        and not any(unit in _LIKE.get(other, ()) for other in others)
    )


def _date(wanted: list[Month], found: list[Month]) -> Found:
    """Months beside a day or a year are in both, and a day of one month is not found in another."""
    before, after = ({month.number for month in months} for months in (wanted, found))
    missing = {month.number for month in wanted if month.dated} - after
    added = {month.number for month in found if month.dated} - before
    if missing or added:
        named = [Counter(_MONTHS[number - 1] for number in sorted(numbers)) for numbers in (missing, added)]
        yield Problem("date", f"month {difference(*named)}")
        return
    days = {(month.day, month.number) for month in wanted if month.day}
    for day, number in sorted({(month.day or 0, month.number) for month in found if month.day} - days):
        others = [month for of, month in days if of == day]
        if others and (day, others[0]) not in {(month.day, month.number) for month in found}:
            yield Problem("date", f"{_MONTHS[others[0] - 1]} {day} became {_MONTHS[number - 1]} {day}")
            return


def _order(wanted: Counted, found: Counted, pair: LanguagePair) -> Found:
    """Numbers that count the same kind of thing in another order: right perhaps, but nobody can tell."""
    if (wanted.values, wanted.kinds) == (found.values, found.kinds):
        return
    for kind in set(wanted.kinds):
        before, after = _of_kind(wanted, kind), _of_kind(found, kind)
        if before != after and Counter(before) == Counter(after):
            if natural_order.may_differ(wanted, found, before, pair):
                continue
            yield Problem("order", f"the numbers changed places: {', '.join(map(said, after[:8]))}")
            return
    units, others = (dict(zip(some.values, some.kinds, strict=True)) for some in (wanted, found))
    lost = [value for value, kind in units.items() if kind and not others.get(value, kind)]
    given = [value for value, kind in others.items() if kind and not units.get(value, kind)]
    if lost and given and units[lost[0]] == others[given[0]]:  # both: one alone is how `10 to 20 %` is said
        yield Problem("order", f"the numbers changed places: {said(lost[0])}, {said(given[0])}")


def _of_kind(numbers: Counted, kind: str) -> list[Value]:
    """Values of one kind; days and years of dates stand where the language puts them, and count nothing."""
    pairs = zip(numbers.values, numbers.kinds, strict=True)
    return [value for value, of in pairs if of == kind and not (numbers.months and _in_date(value))]


def _in_date(value: Value) -> bool:
    return isinstance(value, Decimal) and value == value.to_integral() and (value <= 31 or 1800 <= value <= 2700)
