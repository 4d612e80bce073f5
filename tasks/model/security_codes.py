"""Codes of securities and companies that carry check digits: ISIN (ISO 6166) and LEI (ISO 17442)."""

from __future__ import annotations

import re

_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
_LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}")


def isin(value: str) -> str:
    """The ISIN in capitals without spaces; raises ValueError for a text that is none, or that has a slip in it."""
    code = _bare(value)
    if not _ISIN.fullmatch(code):
        raise ValueError("is no ISIN: two letters of the country, nine letters or digits, and a check digit")
    if _luhn(_in_digits(code)) % 10:
        raise ValueError("has a wrong check digit: a digit or letter is mistyped, or two are exchanged")
    return code


def lei(value: str) -> str:
    """The LEI in capitals without spaces; raises ValueError for a text that is none, or that has a slip in it."""
    code = _bare(value)
    if not _LEI.fullmatch(code):
        raise ValueError("is no LEI: eighteen letters or digits, and two check digits")
    if int(_in_digits(code)) % 97 != 1:
        raise ValueError("has wrong check digits: a digit or letter is mistyped, or two are exchanged")
    return code


def _bare(value: str) -> str:
    """The code as registers have it; people write it in groups."""
    return re.sub(r"[ \u00a0-]", "", value).upper()


def _in_digits(code: str) -> str:
    """The code with its letters as numbers from 10 (A) to 35 (Z)."""
    return "".join(str(int(character, 36)) for character in code)


def _luhn(digits: str) -> int:
    """The sum of the digits, every second one from the right doubled."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled)
