"""Where languages differ in which of two figures they name first, so that another order is no fault.

`rose to 7 % from 5 %` begins with the 5 in some, and `3 of its 12 plants` with the 12. Whether it is still the same
figure that is compared with, or the whole of which the other is a part, the words beside it say in both languages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from tasks.language_data import data_of
from tasks.translation.figures.numerals import Value
from tasks.translation.figures.quantities import Counted
from tasks.translation.language_pair import LanguagePair

_REACH = 24
_SIGNS = r"[^\w\s]{0,3}\Z"


def may_differ(before: Counted, after: Counted, values: Sequence[Value], pair: LanguagePair) -> bool:
    """Whether `values`, all the figures of one kind in both texts, may stand in another order in the target language:
    what has a part there that shows has the same part in the source."""
    house = data_of(pair.target).comparison
    for part, allowed in (("origin", house.compares_backwards), ("whole", house.whole_first)):
        if allowed and (wanted := _with_part(part, before, pair.source) & set(values)):
            return wanted == _with_part(part, after, pair.target) & set(values)
    return False


def _with_part(part: str, counted: Counted, language: str) -> set[Value]:
    """The figures beside which words stand that say that they are compared with, or that they are the whole."""
    ahead, behind = _words(part, language)
    found: set[Value] = set()
    for value, (start, end) in zip(counted.values, counted.places, strict=True):
        before = counted.text[max(0, start - _REACH) : start]
        if ahead.search(before) or behind.match(counted.text, end):
            found.add(value)
    return found


@cache
def _words(part: str, language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The words of `part` before and behind a figure."""
    house = data_of(language).comparison
    ahead, behind = {
        "origin": (house.origin_before, house.origin_behind),
        "whole": (house.whole_before, house.whole_behind),
    }[part]
    gap = "" if data_of(language).vocabulary.unspaced else r"\s(?:[^\W\d_]+\s)?"
    start = "" if data_of(language).vocabulary.unspaced else r"\b"
    return (
        re.compile(rf"{start}(?:{'|'.join(ahead) or '(?!)'}){gap}{_SIGNS}", re.IGNORECASE),
        re.compile(rf"[^\d、。，,.]{{0,8}}?(?:{'|'.join(behind) or '(?!)'})"),
    )
