"""Numbers as each language writes them: reading `1.234,5` and `3200 millones`, writing them, comparing two texts.

Digits survive a bad translation that still changes their value: `€3.2 billion` once became `3.2 billions` in French,
a thousand times more. So values are compared, scale words included. Separators and scale words come from CLDR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache, lru_cache

from babel.numbers import format_decimal, get_decimal_symbol, get_group_symbol

from tasks.language_data import data_of
from tasks.model.languages import locale_of

_MARKS = r"[.,’'\u00a0\u202f٫٬]"
LITERAL = rf"\d++(?:(?={_MARKS}\d){_MARKS}\d++)*+"
"""A number in digits, whoever wrote it; all of it or nothing, or a long row of digits would be tried digit by digit."""
_LITERAL = re.compile(LITERAL)
NOT_INSIDE = rf"(?<!\d)(?<!\d{_MARKS})"
"""Before LITERAL, where a number is looked for that something must follow: only from its beginning."""
_LONGEST = 30
"""Characters of a number that counts anything; arithmetic on longer ones would round."""

_SWAPPED = str.maketrans(".,", ",.")
SCALE_LETTERS = {"mds": 9, "mn": 6, "md": 9, "bn": 9, "tn": 12, "mi": 6, "bi": 9, "k": 3, "m": 6, "b": 9, "t": 12}
"""Powers of ten of scales that are written as letters, taken only next to a currency: `$5M`, `45,6 M$`."""
Value = Decimal | str
"""A number's value; the digits themselves where they are no number, such as `1.2.3`."""


@cache
def scales(language: str) -> dict[str, int]:
    """Scale words of a language and their powers of ten, lower case: `{"million": 6, …}`."""
    formats = locale_of(language).compact_decimal_formats
    styles = formats.get("long") or formats.get("short") or {}
    found: dict[str, int] = {}
    for patterns in styles.values():
        for bound, pattern in patterns.items():
            written = getattr(pattern, "pattern", pattern)
            zeros = str(written).count("0")
            word = str(written).replace("0", "").replace("'", "").strip().lower()
            if zeros and word:
                found[word] = len(str(bound)) - zeros
    return found | data_of(language).numbers.scales


@cache
def scale_pattern(language: str) -> str:
    """A regular expression for any scale word, longest first, not inside a longer word."""
    words = sorted(scales(language), key=len, reverse=True)
    data = data_of(language)
    other = {word: f"(?!{after})" for word, after in data.numbers.scales_not_before.items()}
    after = "" if data.vocabulary.unspaced else r"(?![^\W\d_])"
    letters = [re.escape(word) + other.get(word, after) for word in words]
    return "|".join(letters) or r"(?!)"


def power_of(word: str, language: str) -> int:
    """The power of ten of a scale word; 0 for one that `scale_pattern` took for it, such as `bıllion`."""
    return scales(language).get(word.lower(), 0)


def parse(literal: str, language: str) -> Decimal | None:
    """The value of a number as `language` writes it; None if it does not write numbers so."""
    return None if len(literal) > _LONGEST else _parsed(literal, language)


@lru_cache(maxsize=4096)  # the checks of a text read the same numbers again and again
def _parsed(literal: str, language: str) -> Decimal | None:
    locale = locale_of(language)
    point, group = get_decimal_symbol(locale), get_group_symbol(locale)
    plain = re.sub(r"[\u00a0\u202f]", " ", literal).replace("٫", point).replace("٬", group)
    whole, _, fraction = plain.partition(point)
    mark = " " if group.isspace() else group
    groups = re.split(rf"[{re.escape(mark)} ]", whole)
    grouped = 1 <= len(groups[0]) <= 3 and all(len(part) == 3 for part in groups[1:])
    if (len(groups) > 1 and not grouped) or not all(part.isdigit() for part in [*groups, fraction or "0"]):
        return None
    return Decimal("".join(groups) + ("." + fraction if fraction else ""))


def write(value: Decimal, language: str, *, like: str = "") -> str:
    """The number in the digits of `language`, with as many decimals as `value` has.

    `like` is how it was written before: without a separator in there, none is put in (years, postcodes).
    """
    decimals = max(0, -int(value.as_tuple().exponent))
    if like.isdigit():
        return like
    whole = "#,##0" if data_of(language).numbers.groups(value) else "0"
    pattern = whole + ("." + "0" * decimals if decimals else "")
    return str(format_decimal(value, format=pattern, locale=locale_of(language)))


def value_of(literal: str, language: str) -> Value:
    """What a number is worth, or its digits if it is none.

    Where point and comma make no sense as the language has them they are read the other way round: `3,2 مليار`.
    """
    value = parse(literal, language)
    if value is None and len(literal) <= _LONGEST:
        value = parse(literal.translate(_SWAPPED), language)
    return literal if value is None else value.normalize()


@cache
def _pattern(language: str) -> re.Pattern[str]:
    spaced = rf"{NOT_INSIDE}\d{{1,3}}(?:(?= \d\d\d) \d{{3}})++(?:,\d++)?(?![\d.])|"
    return re.compile((spaced if data_of(language).numbers.grouped_by_spaces else "") + LITERAL)


def found(text: str, language: str) -> Iterator[re.Match[str]]:
    """Every number of a text in digits, with the plain spaces that some languages put into long ones."""
    return _pattern(language).finditer(text)


def literals(text: str, language: str) -> dict[str, Value]:
    """The numbers of a text, digits to value without scale words: what `counted` takes as `known`."""
    return {literal: value_of(literal, language) for literal in _LITERAL.findall(text)}


def rewritten(text: str, source: str, target: str, known: Mapping[str, Value]) -> str:
    """`text` with the numbers that an engine left in the source's style written as the target's: 1,234.5 to 1.234,5."""

    def as_target(match: re.Match[str]) -> str:
        value = known.get(match[0])
        if not isinstance(value, Decimal) or match[0].isdigit():
            return match[0]
        exact = parse(match[0], source)  # `value` is normalised: 10.50 must keep its nought
        return match[0] if exact is None else write(exact, target, like=match[0])

    return _LITERAL.sub(as_target, text)
