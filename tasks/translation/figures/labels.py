"""Numbers that count nothing: `version 7.0`, `Article 5.3`, `§ 7.2`. They are the same in every language.

`7.0 to 7.4.2` would be two numbers to a language that writes 7,0. What a label is, the word before it says, or another
version beside it, or that it has two points and no language would write a number so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from tasks.language_data import data_of
from tasks.translation.figures import numerals

_MORE = r"(?:(?=\.\d)\.\d++)"
_DOTTED = rf"[vV]?\d++{_MORE}++(?:[-–]?(?:alpha|beta|rc|RC|a|b|p)\.?\d*)?"
_END = r"(?![^\W]|[.,]\d)"
_VERSION = re.compile(rf"(?<![\w.,])[vV]?\d++{_MORE}{{2,}}+{_END}|(?<![\w.,])[vV]\d++{_MORE}*+{_END}")
_WORDS = r"to|and|or|through|until|till|bis|und|oder|à|et|ou|a|y|o|e|hasta|até|ou"
_NEXT = rf"(?:\s?[-–—,/&]\s?|,?\s(?:{_WORDS})\s)"
_AFTER = re.compile(rf"{_NEXT}({_DOTTED}){_END}")
_BEFORE = re.compile(rf"(?<![\w.,])({_DOTTED}){_NEXT}\Z")
_DATE = re.compile(r"\d{1,2}\.\d{1,2}\.(?:\d{2}|\d{4})|\d{4}\.\d{1,2}\.\d{1,2}")
_SIGN = r"[§¶]{1,2}"
_PRODUCTS = (
    "TLS|SSL|HTTP|USB|Bluetooth|Wi-Fi|PCIe|HDMI|Python|Java|Android|iOS|macOS|Windows|Linux|Ubuntu|Kubernetes"
    "|PostgreSQL"
)
"""Names before versions in any language."""
_CAMEL = r"[A-Za-z]*[a-z][A-Z][A-Za-z]+"
"""`SeaLoom 3.1`: a product that names itself so."""
_COUNTED = re.compile(r"\s?[%％$€£¥]|[\s-](?:percent|per cent|million|billion|trillion|thousand)")


def labels_in(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Where each number of `text` stands that is a name and no quantity, in order."""
    found = {match.span() for match in _VERSION.finditer(text) if not _is_number(match[0], language)}
    todo = sorted(found)
    while todo:  # `7.0 to 7.4.2`: what stands beside a version is one
        start, end = todo.pop()
        beside = (_AFTER.match(text, end), _BEFORE.search(text, max(0, start - 40), start))
        new = {match.span(1) for match in beside if match and _is_label(match[1], text, match.end(1))} - found
        found |= new
        todo += new
    for match in _labelled(language).finditer(text):
        for number in re.finditer(_DOTTED, match["numbers"]):
            span = match.start("numbers") + number.start(), match.start("numbers") + number.end()
            if _is_label(number[0], text, span[1]):
                found.add(span)
    yield from sorted(found)


def _is_number(literal: str, language: str) -> bool:
    """Whether a language would write a number or a date so: `1.234.567`, `05.03.2026`."""
    return numerals.parse(literal, language) is not None or _DATE.fullmatch(literal) is not None


def _is_label(literal: str, text: str, end: int) -> bool:
    """Whether a number beside a label is one too: it is no date, and what it counts does not stand behind it."""
    return _DATE.fullmatch(literal) is None and _COUNTED.match(text, end) is None


@cache
def _labelled(language: str) -> re.Pattern[str]:
    """A word for a label with the numbers behind it."""
    words = "|".join([*data_of(language).numbers.labels, _PRODUCTS, _CAMEL])
    numbers = rf"(?P<numbers>{_DOTTED}(?:{_NEXT}{_DOTTED})*){_END}"
    return re.compile(rf"(?:(?<![\w-])(?:{words})\s|{_SIGN}\s?){numbers}")
