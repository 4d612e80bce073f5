"""Times of day: `9.30 Uhr` is no decimal, and `WEST` behind an hour is no direction.

A time that is understood as a whole is written as the target language writes it, its zone as it stands. Of one that is
not, as of a range (`9 to 11 a.m. CET`), only the zone is kept from the engine, which has to find the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time
from functools import cache

from babel.dates import format_time

from tasks.language_data import data_of
from tasks.model.languages import locale_of
from tasks.translation.function_words import function_words

_ZONE = (
    r"(?:(?:UTC|GMT)(?:\s?[+\-−–]\s?\d{1,2}(?::?[0-5]\d)?)?|WES?T|CES?T|EES?T|MSK|BST|IST|MES?Z|HNEC|HAEC|A[EWC][SD]T"
    r"|[ECMPA][SD]T|[ECMP]T|AK[SD]T|HST|JST|KST|HKT|SGT|PHT|WIB|WITA|WIT|ICT|NZ[SD]T|BRT|ART|CLT|SAST|GST|PKT|EAT|WAT)"
)
"""Zones by their letters, in any language."""
_HALF = r"(?P<half>[apAP])(?:\.\s?[mM]\.|\s?[mM](?![^\W_])\.?)"
_BEHIND = rf"(?:(?P<gap>\s?)(?P<zone>\(?(?<![^\W_]){_ZONE}(?![\w+])\)?))"
_RANGE = re.compile(r"\d\s?(?:[-–—/]|to|and|or|until|till|bis|und|oder|à|et|ou|al?|y|o|e|às?)\s?\Z")
"""Before the second time of a range whose half of the day stands once."""
_ZONE_BEHIND = re.compile(
    rf"(?:(?<=[:.h]\d\d)|(?<=\d)(?=\s\(?[A-Z]{{3}})|(?<=[ap]\.m\.)|(?<=[ap]m)|(?<=[AP]M)|(?<=a\.\sm\.)|(?<=p\.\sm\.)|(?<=Uhr)|(?<=\dh)|(?<=noon)|(?<=midnight)|(?<=[Tt]ime)"
    rf"|(?<=\shoras)|(?<=\sh))\s\(?({_ZONE})(?![\w+-])"
)


def times_written(text: str, source: str, target: str) -> Iterator[tuple[int, int, str]]:
    """Where each time of day of `text` that is understood stands, and what stands there in `target`."""
    for match in _pattern(source).finditer(text):
        if _RANGE.search(text, max(0, match.start() - 10), match.start()):
            continue
        found = match.groupdict()
        half, zone, word = found["half"], found["zone"], found.get("word")
        hour, minute = int(found["hour"]), int(found["minute"] or re.sub(r"\D", "", word or "") or 0)
        if half and not 1 <= hour <= 12:
            continue
        end = match.end()
        if half and not zone and text[end - 1] == "." and _sentence_ends(text, end, source):
            end -= 1
        if half:
            hour = hour % 12 + (12 if half.lower() == "p" else 0)
        if half or word or (zone and found["minute"] and hour > 12):
            written = _write(time(hour, minute), target)
        elif zone and found["minute"]:
            written = text[match.start() : match.start("gap")]
        else:
            continue
        yield match.start(), end, f"{written} {zone}" if zone else written


def zones_in(text: str) -> Iterator[tuple[int, int]]:
    """Where the zone of a time stands that is not written anew."""
    for match in _ZONE_BEHIND.finditer(text):
        yield match.span(1)


@cache
def _pattern(language: str) -> re.Pattern[str]:
    word = data_of(language).dates.hour_word
    hour = r"(?<![\w.,:/$€£¥+-])(?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?(?![\d:]|[.,]\d)"
    said = rf"|\s?(?P<word>{word})" if word else ""
    return re.compile(rf"{hour}(?:\s?{_HALF}{said})?{_BEHIND}?")


def _sentence_ends(text: str, end: int, language: str) -> bool:
    """Whether the full stop of `a.m.` is the end of the sentence too."""
    behind = re.compile(r"[\s”\"’»)]*([^\W\d_]*)").match(text, end)
    word = behind[1] if behind else ""
    return not word or (word[0].isupper() and word.lower() in function_words(language))


def _write(moment: time, language: str) -> str:
    """The time as the language writes it, by its own pattern or CLDR's."""
    house = data_of(language).dates
    pattern = (house.full_hour if not moment.minute else None) or house.time or "short"
    return str(format_time(moment, pattern, locale=locale_of(language)))
