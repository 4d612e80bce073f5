"""Countries: the two-letter codes of ISO 3166-1, as CLDR has them, and Kosovo's XK, which everybody uses."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from babel import Locale
from pydantic import AfterValidator, Field

_NO_COUNTRIES = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])
"""Codes that CLDR has beside those of countries: of islands, of unions, for tests."""
_OFTEN_MEANT = {"UK": "GB", "EL": "GR", "EN": "GB", "SU": "RU", "YU": "RS", "TP": "TL", "ZR": "CD", "BU": "MM"}
_OTHER_NAMES = {"great britain": "GB", "england": "GB", "usa": "US", "turkey": "TR", "south korea": "KR", "uae": "AE"}


@cache
def _names() -> dict[str, str]:
    """The English name of each country by its code."""
    territories = Locale("en").territories
    codes = {str(code) for code in territories} - _NO_COUNTRIES
    return {code: territories[code] for code in codes if len(code) == 2 and code.isalpha()}


@cache
def country(value: str) -> str:
    """The code of a country in capitals; raises ValueError that says what was probably meant."""
    code = value.upper()
    if code in _names():
        return code
    meant = _OFTEN_MEANT.get(code) or _by_name().get(value.casefold())
    hint = f"; {_names()[meant]} is {meant}" if meant else ""
    raise ValueError(f"is not an ISO 3166-1 country code of two letters{hint}")


def country_name(code: str) -> str:
    """The English name of a country; its code if that is not known."""
    return _names().get(code, code)


@cache
def _by_name() -> dict[str, str]:
    return {name.casefold(): code for code, name in _names().items()} | _OTHER_NAMES


Country = Annotated[str, AfterValidator(country), Field(examples=["DE"])]
