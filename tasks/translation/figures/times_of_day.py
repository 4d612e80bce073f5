"""Times of day: `9.30 Uhr` is no decimal, and `WEST` behind an hour is no direction.

A time that is understood as a whole is written as the target language writes it, its zone as it stands; so are both
of a range (`9 to 11 a.m. CET`). Of one that is not, only the zone is kept from the engine, which has to find the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from functools import cache

from babel.dates import format_time

from tasks.language_data import data_of
from tasks.model.languages import locale_of
from tasks.translation.figures import recogniser
from tasks.translation.function_words import function_words

_ZONE = (
    r"(?:(?:UTC|GMT)(?:\s?[+\-−–]\s?\d{1,2}(?::?[0-5]\d)?)?|WES?T|CES?T|EES?T|MSK|BST|IST|MES?Z|HNEC|HAEC|A[EWC][SD]T"
    r"|[ECMPA][SD]T|[ECMP]T|AK[SD]T|HST|JST|KST|HKT|SGT|PHT|WIB|WITA|WIT|ICT|NZ[SD]T|BRT|ART|CLT|SAST|GST|PKT|EAT|WAT)"
)
"""Zones by their letters, in any language."""
_HALF = r"(?P<half>[apAP])(?:\.\s?[mM]\.|\s?[mM](?![^\W_])\.?)"
_BEHIND = rf"(?:(?P<gap>\s?)(?P<zone>\(?(?<![^\W_]){_ZONE}(?![\w+])\)?))"
_HOUR = r"(?:(?<![\w.,:/$€£¥+-])|(?<=[\d.mM]-)(?<!-\d-))(?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?"
_FIRST = re.compile(rf"{_HOUR}(?P<between>\s?\D{{1,10}})\Z")
"""The first time of a range, of which only the second says more."""
_ANOTHER = re.compile(r"\d\s?[-–—/]?\s?\Z|\d\s\w{1,5}\s\Z")
"""Before a time that may belong to the number there in a way that is not understood."""
_REACH = 24
_ZONE_BEHIND = re.compile(
    rf"(?:(?<=[:.h]\d\d)|(?<=\d)(?=\s\(?[A-Z]{{3}})|(?<=[ap]\.m\.)|(?<=[ap]m)|(?<=[AP]M)|(?<=a\.\sm\.)|(?<=p\.\sm\.)|(?<=Uhr)|(?<=\dh)|(?<=noon)|(?<=midnight)|(?<=[Tt]ime)"
    rf"|(?<=\shoras)|(?<=\sh))\s\(?({_ZONE})(?![\w+-])"
)


@dataclass(frozen=True)
class _Time:
    """A time of day in a text."""

    start: int
    end: int
    hour: int
    minute: int
    as_it_stands: str | None = None
    """Its words where nobody knows which half of the day it is."""
    afternoon: bool | None = None
    """What `a.m.` or `p.m.` says; None: neither stands there."""


def times_written(text: str, source: str, target: str) -> Iterator[tuple[int, int, str]]:
    """Where each time of day of `text` that is understood stands, and what stands there in `target`."""
    for match in _pattern(source).finditer(text):
        last = _read(match, text, source)
        if last is None:
            continue
        first, dash = _first_of_range(text, last, source)
        if first is None and _ANOTHER.search(text, max(0, last.start - _REACH), last.start):
            continue
        zone = f" {match['zone']}" if match["zone"] else ""
        ends = _write(last, target)
        if first is None:
            yield last.start, last.end, ends + zone
            continue
        begins = _write(first, target)
        word = _WORD_BEHIND.search(ends)
        begins = begins.removesuffix(word[0]) if word else begins
        if dash:
            yield first.start, last.end, f"{begins}{data_of(target).numbers.range}{ends}{zone}"
        else:
            yield first.start, first.end, begins
            yield last.start, last.end, ends + zone


_WORD_BEHIND = re.compile(r"[\s\u00a0\u202f]*[^\W\d_]+\Z")
"""The `Uhr` of `9 Uhr`, which a range has once."""


def _read(match: re.Match[str], text: str, language: str) -> _Time | None:
    """The time that `_pattern` found; None if it is none for certain."""
    found = match.groupdict()
    half, zone, word = found["half"], found["zone"], found.get("word")
    hour, minute = int(found["hour"]), int(found["minute"] or re.sub(r"\D", "", word or "") or 0)
    end = match.end()
    if half:
        if not 1 <= hour <= 12:
            return None
        afternoon = half.lower() == "p"
        if "." not in half and "am" in function_words(language):
            return None  # `Platz 2 am Ende`
        ended = not zone and text[end - 1] == "." and recogniser.ends_sentence(text, end, language)
        return _Time(match.start(), end - ended, hour % 12 + 12 * afternoon, minute, afternoon=afternoon)
    if word and not zone and not _certain(language).search(text, max(0, match.start() - _REACH), match.start()):
        return None  # `a charge lasts 2h30`
    if word or (zone and found["minute"] and hour > 12):
        return _Time(match.start(), end, hour, minute)
    if zone and found["minute"]:
        return _Time(match.start(), end, hour, minute, as_it_stands=text[match.start() : match.start("gap")])
    return None


def _first_of_range(text: str, last: _Time, language: str) -> tuple[_Time | None, bool]:
    """The time before `last` that is the first of a range with it, and whether only a dash stands between them."""
    from_here = max(0, last.start - _REACH)
    found = _FIRST.search(text, from_here, last.start)
    between = recogniser.between_two(language).fullmatch(found["between"]) if found else None
    if found is None or between is None:
        return None, False
    sure = between["dash"] or between["to"] or recogniser.before_both(language).search(text[from_here : found.start()])
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if not sure or (last.afternoon is not None and not 1 <= hour <= 12):
        return None, False
    as_it_stands = text[found.start() : found.start("between")] if last.as_it_stands else None
    if last.afternoon is not None:  # `11 to 1 p.m.` begins in the morning
        before = (hour % 12, minute) < (last.hour % 12, last.minute)
        hour = hour % 12 + 12 * (last.afternoon if before else not last.afternoon)
    first = _Time(found.start(), found.start("between"), hour, minute, as_it_stands=as_it_stands)
    return first, bool(between["dash"])


def zones_in(text: str) -> Iterator[tuple[int, int]]:
    """Where the zone of a time stands that is not written anew."""
    for match in _ZONE_BEHIND.finditer(text):
        yield match.span(1)


@cache
def _pattern(language: str) -> re.Pattern[str]:
    word = data_of(language).dates.hour_word
    said = rf"|\s?(?P<word>{word})" if word else ""
    return re.compile(rf"{_HOUR}(?![\d:]|[.,]\d)(?:\s?{_HALF}{said})?{_BEHIND}?")


@cache
def _certain(language: str) -> re.Pattern[str]:
    """What stands before an hour that is a time of day, where its words may also say how long something lasts."""
    before = data_of(language).dates.before_certain_hour
    return re.compile(rf"(?:{'|'.join(before)})\s\Z" if before else r"\Z")


def _write(moment: _Time, language: str) -> str:
    """The time as the language writes it, by its own pattern or CLDR's."""
    if moment.as_it_stands:
        return moment.as_it_stands
    house = data_of(language).dates
    pattern = (house.full_hour if not moment.minute else None) or house.time or "short"
    return str(format_time(time(moment.hour, moment.minute), pattern, locale=locale_of(language)))
