"""The currencies that texts name by a sign or a code: one table, for writing amounts and for comparing them.

Amounts are written by their ISO 4217 code; they are compared by the *family* of the currency only. Whose dollar it is
cannot be compared: where one text has `$`, the other has to choose. Words for currencies are in the language files.
"""

from __future__ import annotations

import re

DOLLAR = "$"
"""Stands for the code of a dollar of no country: whose it is, the release does not say."""
_SIGNS: dict[str, dict[str, tuple[str, ...]]] = {
    "euro": {"EUR": ("€",)},
    "dollar": {
        "USD": ("US$", "US-$"), "AUD": ("A$", "AU$"), "CAD": ("C$", "CA$"), "HKD": ("HK$",),
        "SGD": ("S$",), "NZD": ("NZ$",), "TWD": ("NT$",), DOLLAR: (),
    },
    "pound": {"GBP": ("£",)}, "yen": {"JPY": ("¥",)}, "won": {"KRW": ("₩",)}, "yuan": {"CNY": ("RMB",)},
    "dirham": {"AED": ()}, "riyal": {"SAR": ()}, "rupee": {"INR": ("₹",)}, "rupiah": {"IDR": ("Rp",)},
    "ringgit": {"MYR": ("RM",)}, "baht": {"THB": ("฿",)}, "dong": {"VND": ("₫",)}, "real": {"BRL": ("R$",)},
    "franc": {"CHF": ()},
}  # fmt: skip
"""Family to the codes in it, each with its signs."""
YEN_OR_YUAN = "¥"
"""The family of a sign that may be either."""

CODES = {sign: code for codes in _SIGNS.values() for code, signs in codes.items() for sign in (code, *signs)}
"""Each sign and each code, to the code."""


def sign_patterns() -> dict[str, str]:
    """Family to a regular expression for its signs and codes, as texts in any language have them."""
    found: dict[str, str] = {}
    for family, codes in _SIGNS.items():
        signs = [sign for code, some in codes.items() for sign in (code, *some) if sign != YEN_OR_YUAN]
        found[family] = "|".join(re.escape(sign) for sign in sorted(signs, key=len, reverse=True))
        if family == "yuan":  # it is tried after `CN¥`, or this would be any `¥`
            found[family] = f"CN¥|{found[family]}"
            found[YEN_OR_YUAN] = "[¥￥]"
    country = r"(?:US|U\.S\.\s?|AU?|CA?|HK|S|NZ|NT)?"  # also `U.S. $5`, and `5 $US` of French texts
    found["dollar"] = rf"{country}\$(?:US)?|" + "|".join(code for code in _SIGNS["dollar"] if code != DOLLAR)
    return found
