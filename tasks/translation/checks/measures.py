"""Days of the week and units of measurement, by the names that CLDR has for them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

from tasks.language_data import data_of
from tasks.model.languages import locale_of
from tasks.translation import scripts
from tasks.translation.checks.problem import Found, Problem
from tasks.translation.kept_readings import kept
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Opaque, Text

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NAMES = re.compile(r"\b(?:black|good|cyber|super|sunday)\W(?:friday|monday|tuesday|sunday|times)\b", re.IGNORECASE)
"""No days but names."""


def weekday(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where a day of the week became another one, or was lost."""
    before, after = _read(unit), _read(result)
    wanted, found = _days(before, pair.source), _days(after, pair.target)
    if not wanted and not found:
        return
    lost = sorted(wanted - found - _days_loosely(after, pair.target))
    new = sorted(found - wanted - _days_loosely(before, pair.source))
    kept = [day for day in lost if re.search(_DAYS[day], after)]  # in a name
    if lost and not kept:
        more = f", {_DAYS[new[0]]} was added" if new else ""
        yield Problem("date", f"{_DAYS[lost[0]]} is missing{more}")


def _read(text: Text) -> str:
    """The words with what was protected: dates are, with their day of the week."""
    parts = (
        piece if isinstance(piece, str) else f" {piece.shown} " if isinstance(piece, Opaque) else "" for piece in text
    )
    return unicodedata.normalize("NFC", "".join(parts))


@kept
def _days(text: str, language: str) -> set[int]:
    text = _NAMES.sub(" ", text)
    return {number for number, pattern in _patterns(language).items() if pattern.search(text)}


@kept
def _days_loosely(text: str, language: str) -> set[int]:
    loose = data_of(language).dates.weekdays_loosely.items()
    return {number - 1 for pattern, number in loose if re.search(pattern, text)}


@cache
def _patterns(language: str) -> Mapping[int, re.Pattern[str]]:
    """What finds each day, Monday being 0."""
    locale, own = locale_of(language), data_of(language)
    spaced = not scripts.UNSPACED.intersection(scripts.scripts_of(language)) and "Hang" not in scripts.scripts_of(
        language
    )
    found = {}
    for number in range(7):
        names = {str(locale.days[width]["wide"][number]) for width in ("format", "stand-alone")}
        more = [pattern for pattern, day in own.dates.weekdays.items() if day == number + 1]
        either = "|".join([*map(re.escape, sorted(names)), *more])
        capitals = any(name[0].isupper() for name in names) and language.startswith(("id", "ms", "vi"))
        found[number] = re.compile(
            rf"(?<!\w)(?:{either})s?(?!\w)" if spaced else either, 0 if capitals else re.IGNORECASE
        )
    return found


_UNITS = (
    "length-kilometer", "length-meter", "length-centimeter", "length-millimeter", "length-mile", "length-foot",
    "length-inch", "length-yard", "length-nautical-mile", "mass-kilogram", "mass-gram", "mass-milligram", "mass-tonne",
    "mass-pound", "mass-ounce", "energy-kilowatt-hour", "power-watt", "power-kilowatt", "power-megawatt",
    "power-gigawatt", "area-square-kilometer", "area-square-meter", "area-hectare", "area-acre", "area-square-mile",
    "area-square-foot", "volume-liter", "volume-milliliter", "volume-cubic-meter", "volume-gallon", "volume-barrel",
    "speed-kilometer-per-hour", "speed-mile-per-hour", "temperature-celsius", "temperature-fahrenheit",
    "duration-second", "duration-minute", "duration-hour", "duration-day", "duration-week", "duration-month",
    "duration-year", "digital-megabyte", "digital-gigabyte", "digital-terabyte",
)  # fmt: skip
_OF_DATES = ("duration-day", "duration-month", "duration-year")
"""What stands behind the numbers of a date where months have numbers."""
_MORE = {"power-gigawatt-hour": ("GWh",), "power-megawatt-hour": ("MWh",), "power-terawatt-hour": ("TWh",)}


def is_unit(word: str) -> bool:
    """Whether a word in small letters is the name or sign of a unit of measurement in English."""
    return word in _unit_names("en")


def measure(unit: Text, result: Text, pair: LanguagePair) -> Found:
    """Problems where the unit behind a number became another one of its kind: miles for kilometres."""
    before, after = _read(unit), _read(result)
    wanted = _measures(before, pair.source)
    if not wanted:
        return
    found = _measures(after, pair.target)
    for name in sorted(wanted - found):
        kind = name.partition("-")[0]
        others = sorted(other for other in found - wanted if other.startswith(f"{kind}-"))
        if others and not any(other.startswith(f"{kind}-") for other in wanted & found):
            said = [each.partition("-")[2].replace("-", " ") for each in (name, others[0])]
            yield Problem("quantity", f"unit {said[0]!r} became {said[1]!r}")
            return


@kept
def _measures(text: str, language: str) -> set[str]:
    units = _unit_names(language)
    return {units[match[1].casefold()] for match in _after_number(language).finditer(text)}


@cache
def _after_number(language: str) -> re.Pattern[str]:
    names = "|".join(map(re.escape, sorted(_unit_names(language), key=len, reverse=True)))
    end = r"(?![^\W\d_])" if not scripts.UNSPACED.intersection(scripts.scripts_of(language)) else ""
    return re.compile(rf"\d[\s\u00a0\u202f-]?({names}){end}", re.IGNORECASE)


@cache
def _unit_names(language: str) -> Mapping[str, str]:
    """Names and signs of units, in small letters, to CLDR's names. A sign of several units is none's."""
    patterns: Mapping[str, Any] = locale_of(language)._data["unit_patterns"]
    numbered = data_of(language).dates.numbered_month is not None
    found: dict[str, set[str]] = {sign.casefold(): {name} for name, signs in _MORE.items() for sign in signs}
    for text, name in data_of(language).numbers.units.items():
        found.setdefault(text.casefold(), set()).add(name)
    counted = [name for name in _UNITS if not (numbered and name in _OF_DATES)]
    for name in counted:
        for width in ("long", "short"):
            for pattern in (patterns.get(name, {}).get(width) or {}).values():
                text = re.sub(r"\{0\}|[\u200e\u200f\u061c]", "", str(pattern)).strip().casefold()
                if len(text) > 1 or (text and not text.isascii()):
                    found.setdefault(text, set()).add(name)
    return {text: next(iter(names)) for text, names in found.items() if len(names) == 1}
